import { compareNames, type Domain, type ObservedNode, type SetState } from "../model/index.ts";
import { type ClusterAccount, isInAny, type Ledger } from "./ledger.ts";
import { nodeRefusal } from "./node-fit.ts";
import { mainResource, type NodeRoom, pack } from "./packing.ts";
import { groupDemands } from "./reservations.ts";
import type { PlacementDecision, PodDemand, Refusal, Reservation } from "./types.ts";
import { amountText, domainNoun, podRanges, resourceNoun, total } from "./words.ts";

export type PlacementRequest = {
  readonly set: Pick<SetState, "namespace" | "name" | "spec" | "revisions">;
  readonly group: number;
  readonly revision: number;
  /** Only this one is considered: does the group still fit where it is? */
  readonly only?: { readonly cluster: string; readonly domain: Domain | null };
  /** This one is not considered: the group is to leave it. */
  readonly except?: { readonly cluster: string; readonly domain: Domain | null };
};

type Candidate = {
  readonly account: ClusterAccount;
  readonly domain: Domain | null;
  /** Domains whose nodes are left out, because somebody has them alone. */
  readonly avoid: readonly Domain[];
  readonly rooms: readonly NodeRoom[];
};
type Fit = { readonly candidate: Candidate; readonly freeBefore: number; readonly freeAfter: number };

/**
 * Decides where one whole group goes, or says for every domain why not there.
 *
 * Guarantees: a domain is chosen only if all pods of the group find room on its nodes at once. `Pack` takes the fullest
 * domain that fits, `Spread` the emptiest, ties break by name, so equal books give equal decisions. Nothing is reserved:
 * the caller does that when it takes the decision.
 */
export function placeGroup(request: PlacementRequest, ledger: Ledger): PlacementDecision {
  const { set } = request;
  const demands = groupDemands(set, request.revision);
  const main = mainResource(demands);
  const refusals: Refusal[] = [];
  const fits: Fit[] = [];
  const considered: NodeRoom[] = [];
  for (const name of [...set.spec.placement.clusters.names].sort(compareNames)) {
    if (request.only !== undefined && request.only.cluster !== name) continue;
    const account = ledger.account(name);
    if (account === null) {
      refusals.push(clusterRefusal(name, "not-live", `${name} does not answer; nothing is placed there.`));
      continue;
    }
    const candidates = candidatesIn(account, request);
    if (candidates.length === 0) refusals.push(noDomain(name, request));
    for (const candidate of candidates) {
      considered.push(...candidate.rooms);
      const refusal = exclusionOf(candidate, request) ?? shortageOf(candidate, demands);
      if (refusal !== null) {
        refusals.push(refusal);
        continue;
      }
      const usable = candidate.rooms.filter(({ node }) => unusable(node, demands) === null);
      const freeBefore = freeOf(usable, main);
      fits.push({ candidate, freeBefore, freeAfter: freeBefore - demandOf(demands, main) });
    }
  }
  const sign = set.spec.placement.strategy === "Pack" ? 1 : -1;
  const [best] = [...fits].sort(
    (a, b) =>
      sign * (a.freeBefore - b.freeBefore) ||
      compareNames(a.candidate.account.cluster.name, b.candidate.account.cluster.name) ||
      compareNames(a.candidate.domain?.value ?? "", b.candidate.domain?.value ?? ""),
  );
  if (best === undefined) {
    const message = tooLargePod(demands, considered) ?? summary(request, demands, refusals);
    return { placed: false, message, refusals };
  }
  const { candidate } = best;
  return {
    placed: true,
    cluster: candidate.account.cluster.name,
    domain: candidate.domain,
    avoid: candidate.avoid,
    why: whyHere(request, best, fits.length, main),
    refusals,
  };
}

function candidatesIn(account: ClusterAccount, request: PlacementRequest): readonly Candidate[] {
  const { set, only, except } = request;
  const { topology } = set.spec.placement;
  const rooms = [...account.rooms.values()];
  const avoid = topology === undefined ? domainsHeldAlone(account, request) : [];
  const all: readonly Candidate[] =
    topology === undefined
      ? [{ account, domain: null, avoid, rooms: rooms.filter(({ node }) => !isInAny(node, avoid)) }]
      : roomsByDomain(rooms, topology.key).map(([value, inside]) => ({
          account,
          domain: { key: topology.key, value },
          avoid,
          rooms: inside,
        }));
  const name = account.cluster.name;
  return all.filter(
    ({ domain }) =>
      (only === undefined || isSameDomain(only.domain, domain)) &&
      !(except !== undefined && except.cluster === name && isSameDomain(except.domain, domain)),
  );
}

/** What other groups share with nothing (exclusive: All), in a stable order. */
function domainsHeldAlone({ reservations }: ClusterAccount, { set, group }: PlacementRequest): readonly Domain[] {
  const held = new Map<string, Domain>();
  for (const other of reservations) {
    const isSelf = other.namespace === set.namespace && other.set === set.name && other.group === group;
    if (isSelf || other.exclusive !== "All" || other.domain === null) continue;
    held.set(`${other.domain.key}=${other.domain.value}`, other.domain);
  }
  return [...held].sort(([a], [b]) => compareNames(a, b)).map(([, domain]) => domain);
}

function roomsByDomain(rooms: readonly NodeRoom[], key: string): readonly (readonly [string, readonly NodeRoom[]])[] {
  const domains = new Map<string, NodeRoom[]>();
  for (const room of rooms) {
    const value = room.node.labels[key];
    if (value === undefined) continue;
    const inside = domains.get(value);
    if (inside === undefined) domains.set(value, [room]);
    else inside.push(room);
  }
  return [...domains].sort(([a], [b]) => compareNames(a, b));
}

function isSameDomain(a: Domain | null, b: Domain | null): boolean {
  return a?.key === b?.key && a?.value === b?.value;
}

/** Whether somebody's wish to be alone keeps the group out. */
function exclusionOf({ account, domain, rooms }: Candidate, request: PlacementRequest): Refusal | null {
  if (domain === null) return null;
  const { set } = request;
  const exclusive = set.spec.placement.topology?.exclusive ?? "None";
  const refuse = (message: string): Refusal => ({
    ...clusterRefusal(account.cluster.name, "exclusive", message),
    domain: domain.value,
  });
  const isOwn = (other: { readonly namespace: string; readonly set: string | null }): boolean =>
    other.namespace === set.namespace && other.set === set.name;
  const isOwnGroup = (other: Reservation): boolean => isOwn(other) && other.group === request.group;
  const noun = domainNoun(domain.key);
  for (const other of account.reservations) {
    if (isOwnGroup(other)) continue;
    if (!isHeldIn(other, domain, rooms)) continue;
    const who = isOwn(other) ? `group ${other.group}` : `${other.namespace}/${other.set}-${other.group}`;
    if (other.exclusive === "All")
      return refuse(`Holds ${who}, which shares its ${noun} with nothing (exclusive: All).`);
    if (exclusive === "None") continue;
    if (isOwn(other)) return refuse(`Holds ${who}; this set asks for one group per ${noun} (exclusive: ${exclusive}).`);
    if (exclusive === "All") return refuse(`Holds ${who}; this set asks for the ${noun} alone (exclusive: All).`);
    if (exclusive === "Set" || other.exclusive === "Set")
      if (other.exclusive !== "None")
        return refuse(`Holds ${who}; exclusive sets do not share a ${noun} (exclusive: Set).`);
  }
  if (exclusive !== "All") return null;
  for (const other of account.unbound)
    if (!isOwnGroup(other) && !other.avoid.some((avoided) => isSameDomain(avoided, domain)))
      return refuse(
        `Pods of ${other.namespace}/${other.set}-${other.group} have no node yet and may come here; this set asks for the ${noun} alone (exclusive: All).`,
      );
  for (const { node } of rooms)
    for (const pod of account.cluster.podsOnNode(node.name)) {
      if (pod.isDaemonSetPod || (isOwn(pod) && pod.groupIndex === request.group)) continue;
      return refuse(
        `Holds the pod ${pod.namespace}/${pod.name}; this set asks for the ${noun} alone (exclusive: All).`,
      );
    }
  return null;
}

/** Promises under another topology key may overlap: their domain's nodes are what counts. */
function isHeldIn(other: Reservation, domain: Domain, rooms: readonly NodeRoom[]): boolean {
  const held = other.domain;
  if (held === null) return false;
  if (held.key === domain.key) return held.value === domain.value;
  return rooms.some(({ node }) => node.labels[held.key] === held.value);
}

function shortageOf({ account, domain, rooms }: Candidate, demands: readonly PodDemand[]): Refusal | null {
  const { nodes } = pack(demands, rooms);
  const left = demands.filter((_, position) => nodes[position] === null);
  if (left.length === 0) return null;
  const usable = rooms.filter(({ node }) => unusable(node, demands) === null);
  const scarce = scarcest(demands, usable) ?? mainResource(left);
  const free = freeOf(usable, scarce);
  const short = demandOf(demands, scarce) - free;
  const excluded = rooms.flatMap(({ node }) => {
    const reason = unusable(node, demands);
    return reason === null ? [] : [`${node.name} ${reason}`];
  });
  const reasons =
    excluded.length === 0 ? "" : ` (${excluded.slice(0, 3).join(", ")}${excluded.length > 3 ? ", …" : ""})`;
  const all = total(
    usable.map(({ node }) => node.allocatable),
    scarce,
  );
  const amounts = `${amountText(scarce, free)} of ${amountText(scarce, all)} ${resourceNoun(scarce)} free`;
  return {
    cluster: account.cluster.name,
    domain: domain?.value ?? null,
    kind: "insufficient",
    message: `${usable.length} of ${rooms.length} nodes usable${reasons}, ${amounts}. No room for ${podRanges(left)}.`,
    fits: demands.map(({ role, ordinal }, position) => ({ role, ordinal, fits: nodes[position] !== null })),
    resource: scarce,
    free,
    short: short > 0 ? short : null,
  };
}

/** A node is of use when at least one of the pods may run on it. */
function unusable(node: ObservedNode, demands: readonly PodDemand[]): string | null {
  let reason: string | null = null;
  for (const demand of demands) {
    const refusal = nodeRefusal(node, demand);
    if (refusal === null) return null;
    reason ??= refusal;
  }
  return reason;
}

/** The resource that is short by the largest factor over the usable nodes; null when each would do in sum. */
function scarcest(demands: readonly PodDemand[], usable: readonly NodeRoom[]): string | null {
  const resources = [...new Set(demands.flatMap((demand) => Object.keys(demand.requests)))].sort();
  let worst: { readonly resource: string; readonly factor: number } | null = null;
  for (const resource of resources) {
    const factor = demandOf(demands, resource) / Math.max(freeOf(usable, resource), 1e-9);
    if (factor > 1 && (worst === null || factor > worst.factor || (factor === worst.factor && resource.includes("/"))))
      worst = { resource, factor };
  }
  return worst?.resource ?? null;
}

/** A pod that no node could hold even when empty: waiting for room would be in vain. */
function tooLargePod(demands: readonly PodDemand[], rooms: readonly NodeRoom[]): string | null {
  if (rooms.length === 0) return null;
  for (const demand of demands)
    for (const [resource, wanted] of Object.entries(demand.requests)) {
      const largest = Math.max(...rooms.map(({ node }) => node.allocatable[resource] ?? 0));
      if (wanted > largest) {
        const asked = `${amountText(resource, wanted)} ${resourceNoun(resource)}`;
        return `No node can hold ${demand.role}-${demand.ordinal}: it asks for ${asked}, and the largest node has ${amountText(resource, largest)}.`;
      }
    }
  return null;
}

function summary(request: PlacementRequest, demands: readonly PodDemand[], refusals: readonly Refusal[]): string {
  const { topology } = request.set.spec.placement;
  const noun = topology === undefined ? "cluster" : domainNoun(topology.key);
  const short = refusals.filter((refusal) => refusal.kind === "insufficient");
  const [closest] = [...short].sort((a, b) => unfit(a) - unfit(b) || (a.short ?? 0) - (b.short ?? 0));
  if (closest === undefined) {
    const exclusive = refusals.filter((refusal) => refusal.kind === "exclusive");
    const [first] = exclusive.length > 0 ? exclusive : refusals;
    if (first === undefined) return "No cluster is named for this set.";
    return exclusive.length === 0
      ? first.message
      : `No ${noun} is free for this group. ${first.domain ?? first.cluster}: ${first.message}`;
  }
  const clusters = new Set(refusals.map((refusal) => refusal.cluster));
  const place =
    closest.domain === null
      ? closest.cluster
      : clusters.size > 1
        ? `${closest.cluster}/${closest.domain}`
        : closest.domain;
  const resource = closest.resource ?? mainResource(demands);
  if (closest.short === null) {
    const left = closest.fits.filter((pod) => !pod.fits);
    return `No ${noun} has room for the whole group. Closest: ${place}, no room for ${podRanges(left)}.`;
  }
  const wanted = `${amountText(resource, demandOf(demands, resource))} free ${resourceNoun(resource)}`;
  const has = `${amountText(resource, closest.free ?? 0)} free, short of ${amountText(resource, closest.short)}`;
  return `No ${noun} has ${wanted}. Closest: ${place}, ${has}.`;
}

const unfit = (refusal: Refusal): number => refusal.fits.filter((pod) => !pod.fits).length;

function whyHere({ set, only }: PlacementRequest, fit: Fit, count: number, main: string): string {
  const { topology, strategy } = set.spec.placement;
  const amounts = `${amountText(main, fit.freeBefore)} ${resourceNoun(main)} free, ${amountText(main, fit.freeAfter)} left after it`;
  if (only !== undefined) return `It still fits: ${amounts}.`;
  if (topology === undefined) return `The cluster has room: ${amounts}.`;
  const noun = domainNoun(topology.key);
  if (count === 1) return `The only ${noun} with room for the whole group: ${amounts}.`;
  return `The ${strategy === "Pack" ? "fullest" : "emptiest"} of ${count} ${noun}s that fit: ${amounts}.`;
}

function noDomain(cluster: string, { set, only, except }: PlacementRequest): Refusal {
  const key = set.spec.placement.topology?.key;
  const message =
    only !== undefined
      ? `${only.domain?.value ?? cluster} is no longer there.`
      : except !== undefined
        ? "There is no other place."
        : `No node of ${cluster} has the label ${key ?? ""}.`;
  return clusterRefusal(cluster, "no-domain", message);
}

function clusterRefusal(cluster: string, kind: Refusal["kind"], message: string): Refusal {
  return { cluster, domain: null, kind, message, fits: [], resource: null, free: null, short: null };
}

function freeOf(rooms: readonly NodeRoom[], resource: string): number {
  return total(
    rooms.map((room) => room.free),
    resource,
  );
}

function demandOf(demands: readonly PodDemand[], resource: string): number {
  return total(
    demands.map((demand) => demand.requests),
    resource,
  );
}
