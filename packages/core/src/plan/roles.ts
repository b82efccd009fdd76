import type { GroupRole, GroupState, ObservedPod, ObservedWorkload } from "../model/index.ts";
import { isOfThisLife, isPresent, type ObservedGroup } from "./observed-group.ts";
import { unstartedRestart } from "./role-restarts.ts";

/** Where one role of a running incarnation stands. */
export type RoleProgress = {
  readonly role: GroupRole;
  /** Its workload of this incarnation; null when there is none (yet). */
  readonly workload: ObservedWorkload | null;
  /** Its pods of this incarnation within the wanted count, not terminating. */
  readonly pods: readonly ObservedPod[];
  readonly ready: number;
  readonly isReady: boolean;
  /** When the last pod will have been Ready for minReadySeconds, while that is all it waits for. */
  readonly readyAtMs: number | null;
};

export function roleProgress(
  group: GroupState,
  roles: readonly GroupRole[],
  observed: ObservedGroup,
  nowMs: number,
): readonly RoleProgress[] {
  return roles.map((role) => progressOf(group, role, observed, nowMs));
}

/**
 * A role is Ready when its workload is observed at the wanted generation and incarnation and all wanted replicas are
 * Ready for minReadySeconds. A role with 0 replicas is Ready.
 */
function progressOf(group: GroupState, role: GroupRole, observed: ObservedGroup, nowMs: number): RoleProgress {
  const workload =
    observed.workloads.find(
      (candidate) =>
        candidate.role === role.role && candidate.kind === role.kind && isOfThisLife(candidate, group, observed),
    ) ?? null;
  const pods = observed.pods.filter(
    (pod) =>
      pod.role === role.role &&
      isPresent(pod, group) &&
      pod.deletionAtMs === null &&
      (pod.ordinal === null || pod.ordinal < role.replicas),
  );
  const readyPods = pods.filter((pod) => pod.isReady);
  const ready = Math.min(readyPods.length, role.replicas);
  const isSettled =
    workload !== null &&
    workload.deletionAtMs === null &&
    workload.observedGeneration >= workload.generation &&
    workload.replicas === role.replicas;
  const areAllReady = role.replicas === 0 || (isSettled && ready >= role.replicas);
  const lastReadyMs = Math.max(0, ...readyPods.map((pod) => pod.readySinceMs ?? 0));
  const readyAtMs = lastReadyMs + role.minReadySeconds * 1000;
  const isHeld = areAllReady && role.replicas > 0 && role.minReadySeconds > 0 && readyAtMs > nowMs;
  return { role, workload, pods, ready, isReady: areAllReady && !isHeld, readyAtMs: isHeld ? readyAtMs : null };
}

/** An incarnation after the first makes its workloads with 0 replicas, see startup. */
export function isReserved(group: GroupState): boolean {
  return group.incarnation > 1;
}

/** Roles whose names the incarnation must hold before it starts anything, and does not hold yet. */
export function unreservedRoles(group: GroupState, progress: readonly RoleProgress[]): readonly string[] {
  if (!isReserved(group)) return [];
  return progress
    .filter(({ role, workload }) => {
      const isHeld = workload !== null && workload.deletionAtMs === null;
      const isStarted = group.startedRoles.includes(role.role) || unstartedRestart(group, role.role) !== null;
      return !isHeld && !isStarted;
    })
    .map(({ role }) => role.role);
}

/** The roles that `role` waits for. Empty for one that was started already: later unreadiness holds nothing back. */
export function waitsFor(
  group: GroupState,
  role: GroupRole,
  progress: readonly RoleProgress[],
  startupPolicy: "Ordered" | "Parallel",
): readonly string[] {
  if (startupPolicy === "Parallel" || group.startedRoles.includes(role.role)) return [];
  return role.dependencies.filter((name) => progress.some((other) => other.role.role === name && !other.isReady));
}
