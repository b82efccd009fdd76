import type { GroupState, ReadyPod, RoleCount, SetState } from "../model/index.ts";
import { isOfThisLife, type ObservedGroup } from "./observed-group.ts";

/**
 * Roles whose count belongs to an outside autoscaler (`scaling.external`): it is read from the workload, never written
 * while the role runs, and kept with the group, so that discovery, capacity and the next incarnation follow it.
 */

/** Milliseconds. Pods and workloads are told by two watches: the count may be heard after the end of the pod it took. */
export const EXTERNAL_SCALE_IN_MS = 3_000;

/** The group with the counts that its workloads have now. The same group when nothing changed. */
export function withExternalCounts(
  set: Pick<SetState, "spec">,
  group: GroupState,
  observed: ObservedGroup,
): GroupState {
  const known = group.external ?? [];
  const counts = set.spec.groupTemplate.roles
    .filter((role) => role.scaling.external)
    .flatMap(({ role }): readonly RoleCount[] => {
      const before = known.find((count) => count.role === role);
      const replicas = countOf(role, group, observed);
      if (replicas === null) return before === undefined ? [] : [before];
      return [before?.replicas === replicas ? before : { role, replicas }];
    });
  const isSame = counts.length === known.length && counts.every((count, i) => count === known[i]);
  return isSame ? group : { ...group, external: counts };
}

/** Null while the number is ours: before a role runs it stands at 0, and a start that was sent may not have landed. */
function countOf(role: string, group: GroupState, observed: ObservedGroup): number | null {
  const workload = observed.workloads.find(
    (candidate) => candidate.role === role && isOfThisLife(candidate, group, observed),
  );
  // An instance of its own StatefulSet is not what a role is scaled by.
  if (workload === undefined || workload.deletionAtMs !== null || workload.instance !== null) return null;
  if (workload.replicas > 0) return workload.replicas;
  const isSeen = group.asked.some((asked) => asked.role === role && asked.isSeen);
  return group.startedRoles.includes(role) && isSeen ? 0 : null;
}

/** A pod that is gone from such a role: it may have been taken by a scale-in that is not heard of yet. */
export function mayBeScaledIn(known: ReadyPod, nowMs: number): boolean {
  return nowMs < (known.missingSinceMs ?? nowMs) + EXTERNAL_SCALE_IN_MS;
}
