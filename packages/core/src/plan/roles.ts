import type { GroupRole, GroupState, ObservedPod, ObservedWorkload } from "../model/index.ts";
import { isPresent, isReserved, type ObservedGroup } from "./observed-group.ts";
import { unstartedRestart } from "./role-restarts.ts";
import { areAllCounted, isRolledOut } from "./role-rolling.ts";
import { areHeld, areSettled, type RoleWorkloads, roleWorkloads } from "./role-workloads.ts";

/** Where one role of a running incarnation stands. */
export type RoleProgress = {
  readonly role: GroupRole;
  readonly workloads: RoleWorkloads;
  /**
   * Its workload of this incarnation; null when there is none (yet). Where there are several, the one that is most in the
   * way: null while one is still to come, else one that is leaving or that has trouble.
   */
  readonly workload: ObservedWorkload | null;
  /** Its pods of this incarnation within the wanted count, not terminating. */
  readonly pods: readonly ObservedPod[];
  /** Instances all of whose pods are Ready. */
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
  const workloads = roleWorkloads(group, role, observed);
  const pods = observed.pods.filter(
    (pod) =>
      pod.role === role.role &&
      isPresent(pod, group) &&
      pod.deletionAtMs === null &&
      (pod.ordinal === null || pod.ordinal < role.replicas) &&
      (pod.worker === null || pod.worker < role.size),
  );
  const readyPods = pods.filter((pod) => pod.isReady);
  const ready = Math.min(readyInstances(role, readyPods), role.replicas);
  const areAllReady =
    isRolledOut(group, role, { workloads, pods }) &&
    (role.replicas === 0 || (areSettled(workloads) && ready >= role.replicas));
  const lastReadyMs = Math.max(0, ...readyPods.map((pod) => readySinceMs(group, pod, readyPods, nowMs)));
  const readyAtMs = lastReadyMs + role.minReadySeconds * 1000;
  const isHeld = areAllReady && role.replicas > 0 && role.minReadySeconds > 0 && readyAtMs > nowMs;
  const workload = standingForAll(workloads);
  return {
    role,
    workloads,
    workload,
    pods,
    ready,
    isReady: areAllReady && !isHeld,
    readyAtMs: isHeld ? readyAtMs : null,
  };
}

/** By the cluster's clock; where that is ahead of ours, since we saw the last of it. A group that is Ready stays so. */
function readySinceMs(group: GroupState, pod: ObservedPod, ofRole: readonly ObservedPod[], nowMs: number): number {
  if (pod.readySinceMs === null || pod.readySinceMs <= nowMs) return pod.readySinceMs ?? 0;
  // While its role is updated no pod is taken on for judging, but new ones are counted, and that is progress.
  if (group.roleUpdate?.underWay?.role === pod.role)
    return areAllCounted(group.roleUpdate.underWay, ofRole) ? group.progressAtMs : nowMs;
  if (!group.readyPods.some(({ uid }) => uid === pod.uid)) return nowMs;
  return group.readySinceMs === null ? group.progressAtMs : 0;
}

/** A multi-node instance is Ready when its leader and all its workers are. */
function readyInstances({ size }: GroupRole, readyPods: readonly ObservedPod[]): number {
  if (size === 1) return readyPods.length;
  const counts = new Map<number, number>();
  for (const { ordinal } of readyPods) counts.set(ordinal ?? 0, (counts.get(ordinal ?? 0) ?? 0) + 1);
  return [...counts.values()].filter((count) => count >= size).length;
}

function standingForAll({ parts }: RoleWorkloads): ObservedWorkload | null {
  const present = parts.flatMap(({ workload }) => workload ?? []);
  if (present.length < parts.length) return null;
  const inTheWay =
    present.find(({ deletionAtMs }) => deletionAtMs !== null) ??
    present.find(({ failureMessage }) => failureMessage !== null);
  return inTheWay ?? present[0] ?? null;
}

/** Roles whose names the incarnation must hold before it starts anything, and does not hold yet. */
export function unreservedRoles(group: GroupState, progress: readonly RoleProgress[]): readonly string[] {
  if (!isReserved(group)) return [];
  return progress
    .filter(({ role, workloads }) => {
      const isHeld = areHeld(workloads);
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
