import {
  API_VERSION,
  type Cause,
  type GroupRole,
  type GroupState,
  groupRoles,
  type ObservedPod,
  type SetState,
} from "../model/index.ts";
import { endWorkloads, type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { isOfThisLife, isOnLostNode, isPresent, isTornDown, type ObservedGroup } from "./observed-group.ts";

/**
 * Tears an incarnation down. Workloads go by the UID that was observed and in the foreground, so that a workload that is
 * no longer there has no pods left either, however late the pods' own watch is.
 *
 * A group that is going for good (scale-in, deletion) or whose RoleBasedGroup was deleted stops in reverse dependency
 * order: a role's workload is deleted when all roles that depend on it are gone. Another one that starts again is taken
 * down at once, as is a `Parallel` one.
 */
export function planTeardown(
  context: PlanContext,
  group: GroupState,
  observed: ObservedGroup,
  notes: PlanNotes,
): "gone" | "going" {
  const cluster = context.live(observed.cluster);
  if (cluster === null) return "going";
  const isOwnerGoing = (observed.owner?.deletionAtMs ?? null) !== null;
  const isForGood = group.teardown?.next === "remove" || isOwnerGoing;
  const isOrdered = context.set.spec.startupPolicy === "Ordered" && isForGood;
  const roles = groupRoles(context.set, group.revision);
  const ending = observed.workloads.filter(
    ({ role }) => !isOrdered || dependentsLeft(role, roles, observed).length === 0,
  );
  endWorkloads(group.index, observed, ending, notes);
  return isTornDown(observed, cluster) ? "gone" : "going";

  function dependentsLeft(role: string, all: readonly GroupRole[], seen: ObservedGroup): readonly string[] {
    return all
      .filter((other) => other.dependencies.includes(role))
      .map((other) => other.role)
      .filter(
        (name) =>
          seen.workloads.some((workload) => workload.role === name) ||
          seen.pods.some((pod) => pod.role === name && cluster !== null && !isOnLostNode(pod, cluster)),
      );
  }
}

/** Deletes the RoleBasedGroup, which takes Services and ConfigMaps along. True when nothing of the group is left. */
export function planRemoval(group: GroupState, observed: ObservedGroup, notes: PlanNotes): boolean {
  const { owner } = observed;
  if (owner !== null) {
    if (owner.deletionAtMs === null)
      notes.actions.push({
        kind: "delete",
        group: group.index,
        ref: refTo(observed.cluster, API_VERSION, owner),
        propagation: "Background",
      });
    return false;
  }
  return observed.configMaps.length === 0 && observed.services.length === 0;
}

/**
 * Deletes what belongs to another life of the group than the present one, at any time and by UID: leftovers of late
 * writes, of a cluster that was away, of a control plane that crashed in between.
 */
export function planStrays(group: GroupState, observed: ObservedGroup, notes: PlanNotes): void {
  const isRunning = group.stage === "running";
  const strays = observed.workloads.filter((workload) => !isRunning || !isOfThisLife(workload, group, observed));
  endWorkloads(group.index, observed, strays, notes);
  const isTakenAlong = (pod: ObservedPod): boolean =>
    observed.workloads.some(
      ({ role, incarnation, roleRestart }) =>
        role === pod.role && incarnation === pod.incarnation && roleRestart === pod.roleRestart,
    );
  for (const pod of observed.pods) {
    if (pod.deletionAtMs !== null || (isRunning && isPresent(pod, group)) || isTakenAlong(pod)) continue;
    notes.actions.push({
      kind: "delete",
      group: group.index,
      ref: refTo(observed.cluster, "v1", { ...pod, kind: "Pod" }),
      propagation: "Background",
    });
  }
}

/** Everything that carries this set's labels in a place where it should not be: nothing of it is kept. */
export function planForeignHome(index: number, observed: ObservedGroup, notes: PlanNotes): void {
  const { owner, cluster } = observed;
  endWorkloads(index, observed, observed.workloads, notes);
  if (owner !== null && owner.deletionAtMs === null && observed.workloads.length === 0 && observed.pods.length === 0)
    notes.actions.push({
      kind: "delete",
      group: index,
      ref: refTo(cluster, API_VERSION, owner),
      propagation: "Background",
    });
}

export function removalCause(set: SetState, index: number, nowMs: number): Cause {
  return set.isDeleting
    ? { kind: "delete", message: "The set is being deleted", atMs: nowMs }
    : { kind: "scale-in", message: `Scaled in to ${set.spec.replicas}; group ${index} is above it`, atMs: nowMs };
}
