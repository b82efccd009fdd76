import { type GroupState, groupRoles, instanceName, type LeavingCopy, type SetState } from "../model/index.ts";
import { workersOf } from "../project/addresses.ts";
import { roleDemands } from "./demand.ts";
import type { PodDemand, Reservation } from "./types.ts";
import { claimNames } from "./volumes.ts";

/** What all pods of a group ask for at one revision and the present counts, in the order of roles and ordinals. */
export function groupDemands(
  set: Pick<SetState, "spec" | "revisions">,
  revision: number,
  external?: GroupState["external"],
): readonly PodDemand[] {
  return groupRoles(set, revision, external).flatMap(roleDemands);
}

/** As {@link groupDemands}, with the claims that the pods of this group mount. */
export function claimingDemands(
  set: Pick<SetState, "name" | "spec" | "revisions">,
  revision: number,
  group: number,
  external?: GroupState["external"],
): readonly PodDemand[] {
  const roles = new Map(groupRoles(set, revision).map(({ role, content }) => [role, content]));
  return groupDemands(set, revision, external).map((demand) => {
    const content = roles.get(demand.role);
    if (content === undefined) return demand;
    const { role, ordinal, worker = null } = demand;
    const instance = instanceName(set.name, group, role, ordinal);
    const hasOwn = worker !== null && worker > 0 && (content.leaderWorker?.workerTemplate ?? null) !== null;
    const workload = hasOwn ? workersOf(instance) : instance;
    const claims = claimNames(content, worker === null ? instance : `${workload}-${worker}`, worker);
    return claims.length === 0 ? demand : { ...demand, claims };
  });
}

/**
 * The room that is promised to the groups of a set. A group that will start again where it is keeps its room; one that
 * is going for good only still occupies its domain.
 */
export function reservationsOf(
  set: Pick<SetState, "namespace" | "name" | "spec" | "revisions" | "groups">,
): readonly Reservation[] {
  const own = set.groups.flatMap((group) => reservationOf(set, group) ?? []);
  const copies = set.groups.flatMap((group) => group.leaving);
  return [...own, ...copies.flatMap((one) => leavingReservation(set, one) ?? [])];
}

/** Of a copy on a cluster that the group leaves: all of it while that may be the one that stays. */
export function leavingReservation(
  set: Pick<SetState, "namespace" | "name" | "spec" | "revisions">,
  { copy, stage }: LeavingCopy,
): Reservation | null {
  const reservation = reservationOf(set, copy);
  return reservation === null || stage !== "removal" ? reservation : { ...reservation, isGoing: true, demands: [] };
}

export function reservationOf(
  set: Pick<SetState, "namespace" | "name" | "spec" | "revisions">,
  group: GroupState,
): Reservation | null {
  if (group.placement === null) return null;
  const isGoing = group.teardown?.next === "remove";
  return {
    namespace: set.namespace,
    set: set.name,
    group: group.index,
    cluster: group.placement.cluster,
    domain: group.placement.domain,
    prefers: group.placement.prefers ?? null,
    avoid: group.placement.avoid,
    exclusive: group.placement.exclusive ?? "None",
    ...(isGoing ? { isGoing } : {}),
    demands: isGoing ? [] : claimingDemands(set, group.revision, group.index, group.external),
  };
}
