import type { Domain, ObservedNode, ResourceAmounts } from "../model/index.ts";
import { nodeRefusal } from "./node-fit.ts";
import type { PodDemand } from "./types.ts";

/** What is free on one node, after all pods there and all promises. */
export type NodeRoom = {
  readonly node: ObservedNode;
  readonly free: ResourceAmounts;
  readonly hostPorts: ReadonlySet<number>;
};

export type Packing = {
  /** For each demand, in the order given, the node that takes it; null where none has room. */
  readonly nodes: readonly (string | null)[];
  /** The nodes after it, in the order given. */
  readonly rooms: readonly NodeRoom[];
};

/**
 * Packs pods onto nodes: the most demanding pods first, each onto the node that has least left of what it mostly asks
 * for. First-fit-decreasing is exact for GPU counts that divide each other (1, 2, 4, 8); with odd mixes it may refuse
 * what a search would fit, never the other way round.
 */
export function pack(demands: readonly PodDemand[], rooms: readonly NodeRoom[]): Packing {
  const after = [...rooms];
  const nodes = demands.map((): string | null => null);
  const main = mainResource(demands);
  const order = demands
    .map((demand, position) => ({ demand, position, size: demand.requests[main] ?? 0 }))
    .sort(
      (a, b) =>
        b.size - a.size ||
        cpu(b.demand) - cpu(a.demand) ||
        memory(b.demand) - memory(a.demand) ||
        a.position - b.position,
    );
  for (const { demand, position } of order) {
    let best: number | null = null;
    for (const [index, room] of after.entries()) {
      if (!hasRoom(room, demand)) continue;
      const left = room.free[main] ?? 0;
      if (best === null || left < (after[best]?.free[main] ?? 0)) best = index;
    }
    const chosen = best === null ? undefined : after[best];
    if (best === null || chosen === undefined) continue;
    after[best] = take(chosen, demand);
    nodes[position] = chosen.node.name;
  }
  return { nodes, rooms: after };
}

/**
 * As {@link pack}, for pods that prefer a domain: what fits there goes there, the rest anywhere. Where that leaves pods
 * out, it is packed as if nothing were preferred, and the better of the two counts.
 */
export function packPreferring(
  demands: readonly PodDemand[],
  rooms: readonly NodeRoom[],
  prefers: Domain | null,
): Packing {
  if (prefers === null) return pack(demands, rooms);
  const isInside = ({ node }: NodeRoom): boolean => node.labels[prefers.key] === prefers.value;
  const first = pack(demands, rooms.filter(isInside));
  const after = new Map(first.rooms.map((room) => [room.node.name, room]));
  const rest = demands.filter((_, position) => first.nodes[position] === null);
  const second = pack(
    rest,
    rooms.map((room) => after.get(room.node.name) ?? room),
  );
  const left = [...second.nodes];
  const nodes = first.nodes.map((node) => node ?? left.shift() ?? null);
  if (!nodes.includes(null)) return { nodes, rooms: second.rooms };
  const anywhere = pack(demands, rooms);
  return unfitting(anywhere.nodes) < unfitting(nodes) ? anywhere : { nodes, rooms: second.rooms };
}

const unfitting = (nodes: Packing["nodes"]): number => nodes.filter((node) => node === null).length;

/** The resource that decides: an extended one that the pods ask for, else cpu, else memory, else the count of pods. */
export function mainResource(demands: readonly PodDemand[]): string {
  const asked = new Set(
    demands.flatMap((demand) => Object.keys(demand.requests).filter((key) => (demand.requests[key] ?? 0) > 0)),
  );
  const extended = [...asked].filter((resource) => resource.includes("/")).sort();
  const [first] = extended;
  if (first !== undefined) return first;
  return ["cpu", "memory"].find((resource) => asked.has(resource)) ?? "pods";
}

export function hasRoom(room: NodeRoom, demand: PodDemand): boolean {
  if (nodeRefusal(room.node, demand) !== null) return false;
  if (demand.hostPorts.some((port) => room.hostPorts.has(port))) return false;
  return Object.entries(demand.requests).every(
    ([resource, amount]) => amount === 0 || (room.free[resource] ?? 0) >= amount,
  );
}

export function take(room: NodeRoom, demand: Pick<PodDemand, "requests" | "hostPorts">): NodeRoom {
  const free: Record<string, number> = { ...room.free };
  for (const [resource, amount] of Object.entries(demand.requests)) free[resource] = (free[resource] ?? 0) - amount;
  const hostPorts = demand.hostPorts.length === 0 ? room.hostPorts : new Set([...room.hostPorts, ...demand.hostPorts]);
  return { ...room, free, hostPorts };
}

const cpu = (demand: PodDemand): number => demand.requests["cpu"] ?? 0;
const memory = (demand: PodDemand): number => demand.requests["memory"] ?? 0;
