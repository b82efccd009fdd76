import {
  compareNames,
  type Domain,
  type GroupPlacement,
  type ObservedNode,
  outOfReach,
  type PlaceWish,
  type SetState,
} from "../model/index.ts";
import { domainsHeldAlone, exclusionOf, type GroupIdentity, isSameDomain } from "./exclusion.ts";
import { hasSelector, hostsOf } from "./hosts.ts";
import { type ClusterAccount, isInAny, type Ledger } from "./ledger.ts";
import { missingAt } from "./missing.ts";
import { nodeRefusal } from "./node-fit.ts";
import { hasRoom, mainResource, type NodeRoom, pack, take } from "./packing.ts";
import { claimingDemands } from "./reservations.ts";
import type { MissingObjects, PlacementDecision, PodDemand, Refusal } from "./types.ts";
import { volumesApart, volumesHere, withVolumes } from "./volumes.ts";
import { amountText, domainNoun, podRanges, resourceNoun, total } from "./words.ts";

export type PlacementRequest = {
  readonly set: Pick<SetState, "namespace" | "name" | "spec" | "revisions"> & Partial<Pick<SetState, "groups">>;
  readonly group: number;
  readonly revision: number;
  /** What its pods name and is known not to exist. */
  readonly missing?: MissingObjects | undefined;
  /** Only this one is considered: does the group still fit where it is? */
  readonly only?: Place;
  /** This one is not considered: the group is to leave it. */
  readonly except?: Place;
  /** Clusters on which a copy of it is, or may be, that it is leaving: nothing of it starts there. */
  readonly leaving?: readonly string[];
  /** Where a person wants it: nowhere else. */
  readonly wish?: PlaceWish | undefined;
  /** Where it was; among places without room (whenFull: CreatePods) this one comes first. */
  readonly present?: Place | null;
  /** Only where it has room, whatever `whenFull` says. */
  readonly isRoomNeeded?: boolean;
};

type Place = { readonly cluster: string; readonly domain: Domain | null };
type Candidate = {
  readonly account: ClusterAccount;
  readonly domain: Domain | null;
  readonly rooms: readonly NodeRoom[];
};
type Fit = {
  readonly candidate: Candidate;
  readonly freeBefore: number;
  readonly freeAfter: number;
  /** Other groups of the set on the cluster. */
  readonly groupsBeside: number;
};
type Wish = PlacementRequest & {
  readonly demands: readonly PodDemand[];
  readonly main: string;
  /** With the volumes that their claims have in that cluster. */
  readonly demandsAt: (account: ClusterAccount) => readonly PodDemand[];
};

/**
 * Decides where one whole group goes, or says for every domain why not there.
 *
 * In order: one domain that holds all of it (without a topology the cluster is the domain) → with mode Preferred, spread
 * over a cluster → with whenFull CreatePods, where it may be without room.
 *
 * Guarantees: in the first two, all pods of the group find room at once. `Pack` takes the cluster with the most groups of
 * the set, and there the fullest domain that fits; `Spread` the cluster with the fewest, and there the emptiest; ties break by name, so equal books give equal decisions. Nothing is reserved: the caller does
 * that when it takes the decision.
 */
export function placeGroup(request: PlacementRequest, ledger: Ledger): PlacementDecision {
  const { set } = request;
  const { topology, strategy, whenFull } = set.spec.placement;
  const { external } = set.groups?.find(({ index }) => index === request.group) ?? {};
  const demands = claimingDemands(set, request.revision, request.group, external);
  const wish: Wish = {
    ...request,
    demands,
    main: mainResource(demands),
    demandsAt: ({ cluster }) => withVolumes(demands, cluster, set.namespace),
  };
  const refusals: Refusal[] = [];
  const accounts = openAccounts(wish, ledger, refusals);
  const [best, ...others] = ranked(fitsIn(accounts, wish, refusals), strategy);
  if (best !== undefined)
    return { ...placed(wish, best.candidate, whyHere(wish, [best, ...others]), refusals), others: others.map(placeOf) };

  if (topology?.mode === "Preferred") {
    const [widest] = ranked(spreadsIn(accounts, wish, refusals), strategy);
    if (widest !== undefined)
      return placed(wish, widest.candidate, whySpread(wish, widest.candidate, refusals), refusals);
  }
  if (whenFull === "CreatePods" && request.isRoomNeeded !== true && request.only === undefined) {
    const beyond = beyondRoom(accounts, wish);
    if (beyond !== null) return { ...placed(wish, beyond.candidate, beyond.why, refusals), isBeyondRoom: true };
  }
  const considered = accounts.flatMap(({ rooms }) => [...rooms.values()]);
  const message = tooLargePod(demands, considered) ?? volumesElsewhere(accounts, wish) ?? summary(wish, refusals);
  return { placed: false, message, refusals };
}

/** What is stored of a decision. */
export function placementOf(decision: Extract<PlacementDecision, { placed: true }>): GroupPlacement {
  const { cluster, domain, prefers, exclusive, avoid, why } = decision;
  return {
    cluster,
    domain,
    ...(prefers === null ? {} : { prefers }),
    ...(exclusive === "None" ? {} : { exclusive }),
    avoid,
    why,
  };
}

function placed(
  wish: Wish,
  { account, domain }: Candidate,
  why: string,
  refusals: readonly Refusal[],
): Extract<PlacementDecision, { placed: true }> {
  const { topology } = wish.set.spec.placement;
  const cluster = account.cluster.name;
  const isPinned = topology !== undefined && topology.mode === "Required";
  return {
    placed: true,
    cluster,
    domain,
    prefers: topology?.mode === "Preferred" ? (domain ?? closestDomain(topology.key, cluster, refusals)) : null,
    avoid: isPinned ? [] : domainsHeldAlone(account.reservations, selfOf(wish)),
    exclusive: isPinned ? topology.exclusive : "None",
    isBeyondRoom: false,
    why: why + volumesHere(wish.demandsAt(account)),
    others: [],
    refusals,
  };
}

const placeOf = ({ candidate: { account, domain } }: Fit): Place => ({ cluster: account.cluster.name, domain });

/** The clusters that may be asked for room; those that may not are refused. */
function openAccounts(wish: Wish, ledger: Ledger, refusals: Refusal[]): readonly ClusterAccount[] {
  const { set, only, revision, missing } = wish;
  const hosts = hostsOf(set, ledger.clusters);
  const isConcerned = (name: string): boolean =>
    (only === undefined || only.cluster === name) && (wish.wish?.cluster ?? name) === name;
  const refuse = (name: string, kind: Refusal["kind"], why: string): readonly ClusterAccount[] => {
    refusals.push(clusterRefusal(name, kind, why));
    return [];
  };
  const asked = only?.cluster ?? wish.wish?.cluster ?? null;
  if (asked !== null && !hosts.names.includes(asked) && !hosts.otherKind.includes(asked))
    refuse(asked, "not-chosen", `${asked} is not among the clusters of this set.`);
  for (const name of hosts.otherKind.filter(isConcerned)) refuse(name, "other-kind", otherKindOf(name, hosts, ledger));
  return hosts.names.filter(isConcerned).flatMap((name) => {
    const cluster = ledger.clusters.get(name);
    if (cluster === undefined) return refuse(name, "not-live", `There is no cluster ${name}.`);
    if (wish.leaving?.includes(name) === true)
      return refuse(name, "leaving", `A copy that the group is leaving is still on ${name}.`);
    const account = ledger.account(name);
    if (account === null) return refuse(name, "not-live", `${outOfReach(name, cluster)}; nothing is placed there.`);
    const lacking = missingAt(set, revision, name, missing);
    return lacking === null ? [account] : refuse(name, "missing-reference", lacking);
  });
}

function otherKindOf(name: string, { names }: ReturnType<typeof hostsOf>, ledger: Ledger): string {
  const kind = ledger.clusters.get(name)?.isSimulated === true ? "simulated" : "real";
  const others = names.length > 0 ? "its other clusters are not" : "others that it chooses are not";
  return `${name} is ${kind}, and ${others}: a set names one kind or the other.`;
}

/** The domains that hold the whole group. */
function fitsIn(accounts: readonly ClusterAccount[], wish: Wish, refusals: Refusal[]): readonly Fit[] {
  const isSpread = wish.set.spec.placement.topology?.mode === "Preferred";
  return accounts.flatMap((account) => {
    const candidates = candidatesIn(account, wish);
    // A cluster without the label has no domain to prefer, and that is no reason not to go there.
    if (candidates.length === 0 && !isSpread) refusals.push(noDomain(account.cluster.name, wish));
    return candidates.flatMap((candidate) => {
      const refusal = exclusiveRefusal(candidate, wish) ?? shortageOf(candidate, wish);
      if (refusal === null) return [fitOf(candidate, wish)];
      refusals.push(refusal);
      return [];
    });
  });
}

/** The clusters that hold the whole group when it need not stay in one domain. */
function spreadsIn(accounts: readonly ClusterAccount[], wish: Wish, refusals: Refusal[]): readonly Fit[] {
  return accounts.flatMap((account) => {
    const candidate = { account, domain: null, rooms: roomsOutside(account, wish) };
    if (!isConsidered(candidate, wish)) return [];
    const refusal = shortageOf(candidate, wish);
    if (refusal === null) return [fitOf(candidate, wish)];
    refusals.push(refusal);
    return [];
  });
}

/**
 * Where its pods are created although they have no room: the emptiest domain that could hold the group when nothing else
 * is there; where none could, by the strategy, for a cluster autoscaler may add to it.
 */
function beyondRoom(
  accounts: readonly ClusterAccount[],
  wish: Wish,
): { readonly candidate: Candidate; readonly why: string } | null {
  const { topology, strategy } = wish.set.spec.placement;
  const isPinned = topology?.mode === "Required";
  const candidates = accounts.flatMap((account) =>
    (isPinned
      ? candidatesIn(account, wish).filter((candidate) => exclusiveRefusal(candidate, wish) === null)
      : [{ account, domain: null, rooms: roomsOutside(account, wish) }]
    ).map((candidate) => ({
      fit: fitOf(candidate, wish),
      couldHold: !pack(wish.demandsAt(account), emptied(candidate)).nodes.includes(null),
      isPresent: wish.present?.cluster === account.cluster.name && isSameDomain(wish.present.domain, candidate.domain),
    })),
  );
  const able = candidates.filter(({ couldHold }) => couldHold);
  const stays = (able.length > 0 ? able : candidates).filter(({ isPresent }) => isPresent);
  const choice = stays.length > 0 ? stays : able.length > 0 ? able : candidates;
  const [best] = ranked(
    choice.map(({ fit }) => fit),
    able.length > 0 ? "Spread" : strategy,
  );
  if (best === undefined) return null;
  const noun = isPinned ? domainNoun(topology.key) : "cluster";
  const which =
    able.length === 0
      ? `No ${noun} of today could hold it even when empty.`
      : isPinned && able.length > 1
        ? `It goes to the emptiest of ${able.length} ${noun}s that could hold it.`
        : `The ${noun} could hold it when empty.`;
  const why = `No room for the whole group now: its pods are created and left to the scheduler (whenFull: CreatePods). ${which}`;
  return { candidate: best.candidate, why };
}

/** The nodes with nothing on them but what is on every node. */
function emptied({ account, rooms }: Candidate): readonly NodeRoom[] {
  return rooms.map(({ node }) =>
    account.cluster
      .podsOnNode(node.name)
      .filter((pod) => pod.isDaemonSetPod)
      .reduce((room, pod) => take(room, pod), {
        node,
        free: node.allocatable,
        hostPorts: new Set<number>(),
      } as NodeRoom),
  );
}

function fitOf(candidate: Candidate, wish: Wish): Fit {
  const { main } = wish;
  const demands = wish.demandsAt(candidate.account);
  const usable = candidate.rooms.filter(({ node }) => unusable(node, demands) === null);
  const freeBefore = freeOf(usable, main);
  const freeAfter = freeBefore - demandOf(demands, main);
  return { candidate, freeBefore, freeAfter, groupsBeside: groupsBeside(candidate.account, wish) };
}

/** Other groups of the set on a cluster, those that are going left out. */
function groupsBeside({ reservations }: ClusterAccount, { set, group }: Wish): number {
  return reservations.filter(
    (other) =>
      other.namespace === set.namespace && other.set === set.name && other.group !== group && other.isGoing !== true,
  ).length;
}

function ranked(fits: readonly Fit[], strategy: "Pack" | "Spread"): readonly Fit[] {
  const sign = strategy === "Pack" ? 1 : -1;
  return [...fits].sort(
    (a, b) =>
      sign * (b.groupsBeside - a.groupsBeside) ||
      sign * (a.freeBefore - b.freeBefore) ||
      compareNames(a.candidate.account.cluster.name, b.candidate.account.cluster.name) ||
      compareNames(a.candidate.domain?.value ?? "", b.candidate.domain?.value ?? ""),
  );
}

function candidatesIn(account: ClusterAccount, wish: Wish): readonly Candidate[] {
  const { topology } = wish.set.spec.placement;
  const all: readonly Candidate[] =
    topology === undefined
      ? [{ account, domain: null, rooms: roomsOutside(account, wish) }]
      : roomsByDomain([...account.rooms.values()], topology.key).map(([value, rooms]) => ({
          account,
          domain: { key: topology.key, value },
          rooms,
        }));
  return all.filter((candidate) => isConsidered(candidate, wish));
}

function isConsidered({ account, domain }: Candidate, { only, except, wish }: Wish): boolean {
  const isAt = (place: Place): boolean => place.cluster === account.cluster.name && isSameDomain(place.domain, domain);
  if (wish !== undefined && wish.domain !== null && wish.domain !== domain?.value) return false;
  return (only === undefined || isAt(only)) && (except === undefined || !isAt(except));
}

/** All nodes but those of domains that others hold alone. */
function roomsOutside(account: ClusterAccount, wish: Wish): readonly NodeRoom[] {
  const avoid = domainsHeldAlone(account.reservations, selfOf(wish));
  return [...account.rooms.values()].filter(({ node }) => !isInAny(node, avoid));
}

const selfOf = ({ set, group }: PlacementRequest): GroupIdentity => ({
  namespace: set.namespace,
  set: set.name,
  group,
});

/** The domain in which most of the group's pods would find room; of equal ones the first by name. */
function closestDomain(key: string, cluster: string, refusals: readonly Refusal[]): Domain | null {
  const held = refusals.filter((refusal) => refusal.cluster === cluster && refusal.domain !== null);
  const [closest] = held
    .filter((refusal) => refusal.fits.some((pod) => pod.fits))
    .sort((a, b) => unfit(a) - unfit(b) || compareNames(a.domain ?? "", b.domain ?? ""));
  return closest === undefined || closest.domain === null ? null : { key, value: closest.domain };
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

/** Whether somebody's wish to be alone keeps the group out. */
function exclusiveRefusal({ account, domain, rooms }: Candidate, wish: Wish): Refusal | null {
  if (domain === null) return null;
  const exclusive = wish.set.spec.placement.topology?.exclusive ?? "None";
  const message = exclusionOf({ account, domain, rooms }, selfOf(wish), exclusive);
  return message === null
    ? null
    : { ...clusterRefusal(account.cluster.name, "exclusive", message), domain: domain.value };
}

/** Volumes that are bound outside of every domain that could take the group, in one sentence. */
function volumesElsewhere(accounts: readonly ClusterAccount[], wish: Wish): string | null {
  const { topology } = wish.set.spec.placement;
  const isPinned = topology?.mode === "Required";
  const places = accounts.flatMap((account) => {
    const demands = wish.demandsAt(account);
    const candidates = isPinned ? candidatesIn(account, wish) : [{ rooms: roomsOutside(account, wish) }];
    return candidates.map(({ rooms }) => ({ rooms, demands }));
  });
  return volumesApart(places, isPinned ? topology.key : undefined);
}

function shortageOf({ account, domain, rooms }: Candidate, { demandsAt }: Wish): Refusal | null {
  const demands = demandsAt(account);
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
    message: `${usable.length} of ${rooms.length} nodes usable${reasons}, ${amounts}. No room for ${podRanges(left)}${portsTaken(left, usable)}.`,
    fits: demands.map(({ role, ordinal, worker }, position) => ({
      role,
      ordinal,
      ...(worker === undefined ? {} : { worker }),
      fits: nodes[position] !== null,
    })),
    resource: scarce,
    free,
    short: short > 0 ? short : null,
  };
}

/** `: host port 8000 is taken`, where that alone keeps the first of these pods off every node that has the rest. */
function portsTaken([first]: readonly PodDemand[], usable: readonly NodeRoom[]): string {
  if (first === undefined) return "";
  const roomy = usable.filter((room) => hasRoom(room, { ...first, hostPorts: [] }));
  const port = first.hostPorts.find((wanted) => roomy.every((room) => room.hostPorts.has(wanted)));
  return roomy.length === 0 || port === undefined ? "" : `: host port ${port} is taken`;
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
        return `No node can hold ${podRanges([demand])}: it asks for ${asked}, and the largest node has ${amountText(resource, largest)}.`;
      }
    }
  return null;
}

function summary({ set, demands, main }: Wish, refusals: readonly Refusal[]): string {
  const { topology } = set.spec.placement;
  // With mode Preferred it is the whole cluster that has no room.
  const isWhole = topology === undefined || topology.mode === "Preferred";
  const noun = isWhole ? "cluster" : domainNoun(topology.key);
  const short = refusals.filter((refusal) => refusal.kind === "insufficient" && isWhole === (refusal.domain === null));
  const [closest] = [...short].sort((a, b) => unfit(a) - unfit(b) || (a.short ?? 0) - (b.short ?? 0));
  if (closest === undefined) {
    const exclusive = refusals.filter((refusal) => refusal.kind === "exclusive");
    const [first] = exclusive.length > 0 ? exclusive : refusals;
    if (first === undefined)
      return hasSelector(set.spec.placement.clusters)
        ? "No registered cluster has the labels that this set asks for."
        : "No cluster is named for this set.";
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
  const resource = closest.resource ?? main;
  if (closest.short === null) {
    const left = closest.fits.filter((pod) => !pod.fits);
    return `No ${noun} has room for the whole group. Closest: ${place}, no room for ${podRanges(left)}.`;
  }
  const wanted = `${amountText(resource, demandOf(demands, resource))} free ${resourceNoun(resource)}`;
  const has = `${amountText(resource, closest.free ?? 0)} free, short of ${amountText(resource, closest.short)}`;
  return `No ${noun} has ${wanted}. Closest: ${place}, ${has}.`;
}

const unfit = (refusal: Refusal): number => refusal.fits.filter((pod) => !pod.fits).length;

function whyHere({ set, only, main, wish }: Wish, fits: readonly [Fit, ...Fit[]]): string {
  const [fit] = fits;
  const count = fits.length;
  const { topology, strategy } = set.spec.placement;
  const amounts = `${amountText(main, fit.freeBefore)} ${resourceNoun(main)} free, ${amountText(main, fit.freeAfter)} left after it`;
  if (only !== undefined) return `It still fits: ${amounts}.`;
  if (wish !== undefined && (wish.cluster ?? wish.domain) !== null) return `Asked for: ${amounts}.`;
  const beside = besideText(fit, fits, strategy);
  const which = `The ${strategy === "Pack" ? "fullest" : "emptiest"}`;
  if (topology === undefined) {
    const tied = count === 1 ? "The cluster has room" : `${which} of ${count} clusters with room`;
    return `${beside ?? tied}: ${amounts}.`;
  }
  const noun = domainNoun(topology.key);
  const soft = topology.mode === "Preferred" ? " Its pods prefer it and need not stay in it." : "";
  if (count === 1) return `The only ${noun} with room for the whole group: ${amounts}.${soft}`;
  if (beside === null) return `${which} of ${count} ${noun}s that fit: ${amounts}.${soft}`;
  const here = fits.filter(({ candidate }) => candidate.account === fit.candidate.account).length;
  return `${beside}. ${here === 1 ? `The only ${noun} that fits there` : `${which} of ${here} ${noun}s that fit there`}: ${amounts}.${soft}`;
}

/** Why this cluster, where several have room and the groups of the set decide. */
function besideText(fit: Fit, fits: readonly Fit[], strategy: "Pack" | "Spread"): string | null {
  if (fits.every(({ groupsBeside: count }) => count === fit.groupsBeside)) return null;
  const clusters = new Set(fits.map(({ candidate }) => candidate.account.cluster.name)).size;
  const most = strategy === "Pack" ? "most" : "fewest";
  return `Of ${clusters} clusters with room the one with the ${most} groups of this set (${fit.groupsBeside})`;
}

function whySpread({ set, demands }: Wish, { account }: Candidate, refusals: readonly Refusal[]): string {
  const { topology } = set.spec.placement;
  if (topology === undefined) return "";
  const cluster = account.cluster.name;
  const noun = domainNoun(topology.key);
  const domain = closestDomain(topology.key, cluster, refusals);
  const closest = refusals.find((refusal) => refusal.cluster === cluster && refusal.domain === domain?.value);
  const fitting = closest === undefined ? 0 : demands.length - unfit(closest);
  const preferred =
    domain === null ? "" : ` Its pods prefer ${domain.value}, which has room for ${fitting} of ${demands.length}.`;
  return `No ${noun} has room for the whole group, so it spreads over ${cluster}.${preferred}`;
}

function noDomain(cluster: string, { set, only, except }: Wish): Refusal {
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
