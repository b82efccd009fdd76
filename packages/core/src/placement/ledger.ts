import { compareNames, type Domain, type ObservedCluster, type ObservedNode } from "../model/index.ts";
import { type NodeRoom, packPreferring, take } from "./packing.ts";
import type { PodDemand, Reservation } from "./types.ts";
import { withVolumes } from "./volumes.ts";

type GroupKey = { readonly namespace: string; readonly set: string; readonly group: number };

/** Rooms and promises of one cluster. */
export type ClusterAccount = {
  readonly cluster: ObservedCluster;
  readonly rooms: ReadonlyMap<string, NodeRoom>;
  readonly reservations: readonly Reservation[];
  /** Those that no domain is required of, with pods that have room and no node yet: they may come anywhere. */
  readonly unbound: readonly Reservation[];
};

/**
 * The books of one planning: what is free on every node, after all pods that are there and all room that is promised but
 * not yet taken. A promise's pods that are bound already count once, as pods.
 */
export type Ledger = {
  /** All that are registered, whatever their health. */
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  account(cluster: string): ClusterAccount | null;
  /** Promises the room, and takes it from what is free. */
  reserve(reservation: Reservation): void;
  /** Gives back what was promised and not yet taken by a pod. */
  release(key: GroupKey): void;
  /** Demands of a promise on a cluster that find no room where they were promised it. */
  unmet(cluster: string, key: GroupKey): readonly PodDemand[];
};

type Book = {
  readonly cluster: ObservedCluster;
  readonly rooms: Map<string, NodeRoom>;
  readonly entries: Map<string, Entry>;
  readonly boundPods: ReadonlyMap<string, number>;
};
type Entry = {
  readonly reservation: Reservation;
  readonly taken: readonly { readonly node: string; readonly demand: PodDemand }[];
  readonly unmet: readonly PodDemand[];
};

/** Accounts are opened when they are first asked for: a plan that places nothing reads no nodes. */
export function openLedger(
  clusters: ReadonlyMap<string, ObservedCluster>,
  reservations: () => readonly Reservation[],
): Ledger {
  const books = new Map<string, Book>();
  const book = (name: string): Book | null => {
    const open = books.get(name);
    if (open !== undefined) return open;
    const cluster = clusters.get(name);
    if (cluster === undefined || cluster.health !== "live") return null;
    const made = openBook(cluster);
    books.set(name, made);
    // Promises within a domain first: the others can take what is left anywhere.
    const here = reservations().filter((reservation) => reservation.cluster === name);
    const order = [...here].sort(
      (a, b) => Number(isLoose(a)) - Number(isLoose(b)) || (keyText(a) < keyText(b) ? -1 : 1),
    );
    for (const reservation of order) enter(made, reservation);
    return made;
  };
  return {
    clusters,
    account(name) {
      const open = book(name);
      if (open === null) return null;
      return {
        cluster: open.cluster,
        rooms: open.rooms,
        reservations: [...open.entries.values()].map((entry) => entry.reservation),
        unbound: [...open.entries.values()]
          .filter(({ reservation, taken }) => isLoose(reservation) && taken.length > 0)
          .map((entry) => entry.reservation),
      };
    },
    reserve(reservation) {
      const open = book(reservation.cluster);
      if (open !== null) enter(open, reservation);
    },
    release(key) {
      for (const name of clusters.keys()) {
        const open = book(name);
        if (open !== null) leave(open, keyText(key));
      }
    },
    unmet: (cluster, key) => book(cluster)?.entries.get(keyText(key))?.unmet ?? [],
  };
}

function openBook(cluster: ObservedCluster): Book {
  const rooms = new Map<string, NodeRoom>();
  const boundPods = new Map<string, number>();
  // Packing breaks ties by this order: how a cache happens to list its nodes must not decide.
  for (const node of [...cluster.nodes].sort((a, b) => compareNames(a.name, b.name))) {
    let room: NodeRoom = { node, free: node.allocatable, hostPorts: new Set() };
    for (const pod of cluster.podsOnNode(node.name)) {
      room = take(room, pod);
      if (pod.set === null || pod.groupIndex === null) continue;
      const group = keyText({ namespace: pod.namespace, set: pod.set, group: pod.groupIndex });
      const key = roleKey(group, pod.role ?? "", pod.worker);
      boundPods.set(key, (boundPods.get(key) ?? 0) + 1);
    }
    rooms.set(node.name, room);
  }
  return { cluster, rooms, entries: new Map(), boundPods };
}

function enter(book: Book, reservation: Reservation): void {
  const key = keyText(reservation);
  leave(book, key);
  const rooms = [...book.rooms.values()].filter(({ node }) => isInDomain(node, reservation));
  const demands = withVolumes(unbound(book, key, reservation.demands), book.cluster, reservation.namespace);
  const { nodes, rooms: after } = packPreferring(demands, rooms, reservation.prefers);
  const taken = demands.flatMap((demand, position) => {
    const node = nodes[position] ?? null;
    return node === null ? [] : [{ node, demand }];
  });
  for (const room of after) book.rooms.set(room.node.name, room);
  book.entries.set(key, { reservation, taken, unmet: demands.filter((_, position) => nodes[position] === null) });
}

function leave(book: Book, key: string): void {
  const entry = book.entries.get(key);
  if (entry === undefined) return;
  book.entries.delete(key);
  for (const { node, demand } of entry.taken) {
    const room = book.rooms.get(node);
    if (room !== undefined) book.rooms.set(node, giveBack(room, demand));
  }
}

function giveBack(room: NodeRoom, demand: PodDemand): NodeRoom {
  const negative = Object.fromEntries(Object.entries(demand.requests).map(([resource, amount]) => [resource, -amount]));
  const ports = new Set([...room.hostPorts].filter((port) => !demand.hostPorts.includes(port)));
  return { ...take(room, { requests: negative, hostPorts: [] }), hostPorts: ports };
}

/** Pods of one role, or its leaders and its workers, ask for the same, so only their number matters. */
function unbound(book: Book, key: string, demands: readonly PodDemand[]): readonly PodDemand[] {
  const bound = new Map<string, number>();
  return demands.filter((demand) => {
    const alike = roleKey(key, demand.role, demand.worker ?? null);
    const seen = bound.get(alike) ?? 0;
    bound.set(alike, seen + 1);
    return seen >= (book.boundPods.get(alike) ?? 0);
  });
}

function isInDomain(node: ObservedNode, reservation: Reservation): boolean {
  const { domain, avoid } = reservation;
  return domain === null || isLoose(reservation) ? !isInAny(node, avoid) : node.labels[domain.key] === domain.value;
}

/** Its pods may run outside a domain. */
export function isLoose({ domain, prefers }: Pick<Reservation, "domain" | "prefers">): boolean {
  return domain === null || prefers !== null;
}

export function isInAny(node: ObservedNode, domains: readonly Domain[]): boolean {
  return domains.some(({ key, value }) => node.labels[key] === value);
}

const keyText = ({ namespace, set, group }: GroupKey): string =>
  `${namespace}/${set}/${String(group).padStart(6, "0")}`;
const roleKey = (group: string, role: string, worker: number | null): string =>
  `${group}/${role}${worker === null ? "" : worker === 0 ? "/leader" : "/worker"}`;
