import { compareNames, type Domain, type ObservedPod } from "../model/index.ts";
import { type ClusterAccount, isLoose } from "./ledger.ts";
import type { NodeRoom } from "./packing.ts";
import type { Exclusive, Reservation } from "./types.ts";
import { domainNoun } from "./words.ts";

export type GroupIdentity = { readonly namespace: string; readonly set: string; readonly group: number };

/** One domain of one cluster. */
export type DomainRooms = {
  readonly account: ClusterAccount;
  readonly domain: Domain;
  readonly rooms: readonly NodeRoom[];
};

/**
 * Whether somebody's wish to be alone keeps a group out of a domain: one sentence, or null.
 *
 * What others were placed with counts for them, what the set asks for now counts for the group. A group holds its domain
 * from the moment it is placed until nothing of it is left; pods that run or may still come somewhere without a claim to
 * it count too. Pods of DaemonSets are on every node and disturb nobody.
 */
export function exclusionOf(at: DomainRooms, self: GroupIdentity, exclusive: Exclusive): string | null {
  const { account, domain, rooms } = at;
  const noun = domainNoun(domain.key);
  const wanted = `this set asks for ${exclusive === "All" ? `the ${noun} alone` : `one group per ${noun}`} (exclusive: ${exclusive}).`;
  for (const other of account.reservations) {
    if (isSameGroup(other, self) || !isHeldIn(other, at)) continue;
    const isOwn = isOwnSet(other, self);
    const who = nameOf(other, self);
    if (other.exclusive === "All") return `Holds ${who}, which shares its ${noun} with nothing (exclusive: All).`;
    if (exclusive === "None") continue;
    if (isOwn || exclusive === "All") return `Holds ${who}; ${wanted}`;
    if ((exclusive === "Set" || other.exclusive === "Set") && other.exclusive !== "None")
      return `Holds ${who}; exclusive sets do not share a ${noun} (exclusive: Set).`;
  }
  if (exclusive === "None") return null;
  const isUnwelcome = (other: { readonly namespace: string; readonly set: string | null }): boolean =>
    exclusive === "All" || isOwnSet(other, self);
  for (const other of account.unbound)
    if (
      !isSameGroup(other, self) &&
      isUnwelcome(other) &&
      !other.avoid.some((avoided) => isSameDomain(avoided, domain))
    )
      return `Pods of ${nameOf(other, self)} have no node yet and may come here; ${wanted}`;
  const [first] = rooms
    .flatMap(({ node }) => account.cluster.podsOnNode(node.name))
    .filter((pod) => !isOfGroup(pod, self) && isUnwelcome(pod) && !pod.isDaemonSetPod)
    .map((pod) => `${pod.namespace}/${pod.name}`)
    // A cache lists pods in any order; the words must not depend on it.
    .sort(compareNames);
  return first === undefined ? null : `Holds the pod ${first}; ${wanted}`;
}

/** What other groups share with nothing (exclusive: All), in a stable order. */
export function domainsHeldAlone(reservations: readonly Reservation[], self: GroupIdentity): readonly Domain[] {
  const held = new Map<string, Domain>();
  for (const other of reservations)
    if (!isSameGroup(other, self) && other.exclusive === "All" && other.domain !== null)
      held.set(`${other.domain.key}=${other.domain.value}`, other.domain);
  return [...held].sort(([a], [b]) => compareNames(a, b)).map(([, domain]) => domain);
}

/**
 * Groups without a required domain that were placed before a domain was held alone: their pods are not kept out of it,
 * so those that are made anew may come there until their next incarnation.
 */
export function mayStillCome(
  reservations: readonly Reservation[],
  cluster: string,
  domain: Domain,
): readonly Reservation[] {
  return reservations.filter(
    (other) =>
      other.cluster === cluster &&
      isLoose(other) &&
      other.demands.length > 0 &&
      !other.avoid.some((avoided) => isSameDomain(avoided, domain)),
  );
}

export function isSameDomain(a: Domain | null, b: Domain | null): boolean {
  return a?.key === b?.key && a?.value === b?.value;
}

/** Promises under another topology key may overlap: their domain's nodes are what counts. */
function isHeldIn({ domain: held }: Reservation, { domain, rooms }: DomainRooms): boolean {
  if (held === null) return false;
  if (held.key === domain.key) return held.value === domain.value;
  return rooms.some(({ node }) => node.labels[held.key] === held.value);
}

const isOwnSet = (other: { readonly namespace: string; readonly set: string | null }, self: GroupIdentity): boolean =>
  other.namespace === self.namespace && other.set === self.set;

const isSameGroup = (other: Reservation, self: GroupIdentity): boolean =>
  isOwnSet(other, self) && other.group === self.group;

const isOfGroup = (pod: ObservedPod, self: GroupIdentity): boolean =>
  isOwnSet(pod, self) && pod.groupIndex === self.group;

const nameOf = (other: Reservation, self: GroupIdentity): string =>
  isOwnSet(other, self) ? `group ${other.group}` : `${other.namespace}/${other.set}-${other.group}`;
