import type {
  Cause,
  GroupRole,
  GroupState,
  ObservedCluster,
  ObservedContainer,
  ObservedPod,
  ObservedWorkload,
  ReadyPod,
} from "../model/index.ts";
import type { SetSpec } from "../spec/schema.ts";
import { mayBeScaledIn } from "./external.ts";
import {
  isOfThisLife,
  isOnLostNode,
  isPresent,
  nodeNamed,
  type ObservedGroup,
  ordinalOf,
  shortPodName,
} from "./observed-group.ts";
import {
  areSettled,
  isWithinTold,
  type PlaceInRole,
  partOf,
  placeOf,
  type RoleWorkloads,
  roleWorkloads,
  wantedPods,
} from "./role-workloads.ts";
import { plural } from "./words.ts";

/**
 * Failures are judged against each pod as it was when it was last Ready: by its UID and its container IDs, never by
 * restart counts or names. So one that happened while nobody looked is seen, none is seen twice, and what happens to a
 * pod before it was first Ready is its start's own business.
 */
export type Judgement = {
  /** Why the incarnation, or a part of it, has failed; null while nothing has. Several failures at once are one cause. */
  readonly cause: Cause | null;
  /** The roles that failed; empty when it is the whole group, whose owner is gone. */
  readonly failedRoles: readonly string[];
  /** A workload is gone, and its owner is not known to be. */
  readonly isWorkloadGone: boolean;
  /** The pods to judge against next time. The same array when nothing changed. */
  readonly readyPods: readonly ReadyPod[];
  /** Roles whose pods are not taken on for judging yet. The same array when nothing changed. */
  readonly unsettledRoles: readonly string[];
};

export function judgeIncarnation(
  group: GroupState,
  roles: readonly GroupRole[],
  observed: ObservedGroup,
  cluster: ObservedCluster,
  policy: SetSpec["recovery"]["policy"],
  nowMs: number,
): Judgement {
  const rolesByName = new Map(roles.map((role) => [role.role, role]));
  const podsByUid = new Map(observed.pods.map((pod) => [pod.uid, pod]));
  const kept: ReadyPod[] = [];
  const lost: ReadyPod[] = [];
  const causes: Cause[] = [];
  const mayTake = new Set(group.asked.flatMap((asked) => asked.mayTake));
  const workloads = new Map(roles.map((role) => [role.role, roleWorkloads(group, role, observed)]));
  const seen: Seen = { group, observed, workloads: ({ role }) => workloads.get(role) ?? NO_WORKLOADS };

  for (const known of group.readyPods) {
    const role = rolesByName.get(known.role);
    if (role === undefined || isScaledIn(known, role, seen)) continue;
    const pod = podsByUid.get(known.uid);
    if (mayTake.has(known.uid) && (pod === undefined || pod.deletionAtMs !== null)) continue;
    const cause = failureOf(known, pod, cluster, nowMs);
    const isGone = pod === undefined || pod.deletionAtMs !== null;
    if (cause === null) kept.push(known);
    else if (isGone && role.isExternal && mayBeScaledIn(known, nowMs))
      kept.push(known.missingSinceMs === undefined ? { ...known, missingSinceMs: nowMs } : known);
    else if (isLeftAlone(role, policy)) lost.push(known);
    else causes.push(cause);
  }
  const unsettledRoles = roles.filter((role) => isUnsettled(role, seen)).map(({ role }) => role);
  const keptUids = new Set(kept.map((pod) => pod.uid));
  for (const pod of observed.pods) {
    if (keptUids.has(pod.uid) || !isAdmissible(pod, rolesByName, seen)) continue;
    if (pod.role !== null && unsettledRoles.includes(pod.role)) continue;
    // Nodes are watched apart from pods: one that was never seen can not be missed.
    if (isOnLostNode(pod, cluster)) continue;
    kept.push(readyPodOf(pod));
  }
  const lostOwner = deletedOwner(group, observed, nowMs);
  const deletions = roles
    .filter((role) => !isLeftAlone(role, policy) && isShownBy(cluster, role))
    .flatMap((role) => deletedWorkload(role, seen, nowMs) ?? []);
  const failedRoles = new Set([...deletions, ...causes].flatMap(({ role }) => role ?? []));
  return {
    cause: lostOwner ?? deletions[0] ?? merged(causes),
    isWorkloadGone: lostOwner === null && deletions.length > 0,
    failedRoles: lostOwner === null ? [...failedRoles].sort() : [],
    readyPods: unlessSame(group.readyPods, [...kept, ...stillMissed(lost, kept, rolesByName)]),
    unsettledRoles: unlessSame(group.unsettledRoles, unsettledRoles),
  };
}

/** A running group, and the workloads of each of its roles. */
type Seen = {
  readonly group: GroupState;
  readonly observed: ObservedGroup;
  readonly workloads: (role: GroupRole) => RoleWorkloads;
};
const NO_WORKLOADS: RoleWorkloads = { parts: [], surplus: [] };

/** Its failures are its workload's business: by the policy, or by the role's own word. */
function isLeftAlone(role: GroupRole, policy: SetSpec["recovery"]["policy"]): boolean {
  return policy === "None" || role.onPodFailure === "Ignore";
}

/** A pod that its workload is to replace is missed until as many as are wanted are Ready again: so the group shows it. */
function stillMissed(
  lost: readonly ReadyPod[],
  kept: readonly ReadyPod[],
  roles: ReadonlyMap<string, GroupRole>,
): readonly ReadyPod[] {
  if (lost.length === 0) return lost;
  const names = new Set(kept.map((pod) => pod.name));
  const room = new Map([...roles.values()].map((role) => [role.role, wantedPods(role)]));
  for (const { role } of kept) room.set(role, (room.get(role) ?? 0) - 1);
  return lost.filter(({ name, role }) => {
    const left = room.get(role) ?? 0;
    if (names.has(name) || left <= 0) return false;
    room.set(role, left - 1);
    return true;
  });
}

function unlessSame<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return before.length === after.length && after.every((item, i) => item === before[i]) ? before : after;
}

/**
 * A scale-in is no failure: neither ours, nor one that the workload has been told by somebody else or by a late write of
 * ours. A StatefulSet takes its highest ordinals. Which pods a Deployment takes is not known beforehand, so all of the
 * role are forgotten until it has settled again.
 */
function isScaledIn(known: ReadyPod, role: GroupRole, { group, observed, workloads }: Seen): boolean {
  if (role.kind === "Deployment") {
    const told = workloadOf(role, group, observed)?.replicas ?? role.replicas;
    return group.readyPods.filter((pod) => pod.role === role.role).length > Math.min(role.replicas, told);
  }
  const place = { ordinal: known.instance ?? ordinalOf(known.name) ?? 0, worker: known.worker ?? 0 };
  return !isWanted(place, role, workloads(role));
}

/** Within the wanted count, and within what its workload was told. */
function isWanted(place: PlaceInRole, role: GroupRole, workloads: RoleWorkloads): boolean {
  if (place.ordinal >= role.replicas) return false;
  const part = partOf(workloads, place);
  return part === undefined || isWithinTold(part, place);
}

/**
 * From the moment a scale-in is decided until exactly the wanted pods are there. Scaled out again in between, a role may
 * still lose the pods that it was to lose.
 */
function isUnsettled(role: GroupRole, seen: Seen): boolean {
  const { group, observed } = seen;
  // Its workload replaces its pods one by one.
  if (group.roleUpdate?.underWay?.role === role.role) return true;
  const workloads = seen.workloads(role);
  const isTooMany = workloads.parts.some(({ wanted, workload }) => (workload?.replicas ?? 0) > wanted.replicas);
  if (isTooMany || workloads.surplus.length > 0) return true;
  if (group.readyPods.some((pod) => pod.role === role.role && isScaledIn(pod, role, seen))) return true;
  if (!group.unsettledRoles.includes(role.role)) return false;
  const present = observed.pods.filter((pod) => pod.role === role.role && isPresent(pod, group));
  return !(areSettled(workloads) && present.length === wantedPods(role));
}

function workloadOf(role: GroupRole, group: GroupState, observed: ObservedGroup): ObservedWorkload | undefined {
  return observed.workloads.find(
    (candidate) => candidate.role === role.role && isOfThisLife(candidate, group, observed),
  );
}

/** A pod may be judged from now on when it is Ready and nothing that is already under way will take it away. */
function isAdmissible(
  pod: ObservedPod,
  roles: ReadonlyMap<string, GroupRole>,
  { group, workloads: workloadsOf }: Seen,
): boolean {
  const role = pod.role === null ? undefined : roles.get(pod.role);
  if (role === undefined || !isPresent(pod, group) || !pod.isReady || pod.deletionAtMs !== null) return false;
  const workloads = workloadsOf(role);
  const workload = partOf(workloads, placeOf(pod))?.workload ?? null;
  if (workload === null || workload.deletionAtMs !== null) return false;
  return role.kind === "Deployment" || isWanted(placeOf(pod), role, workloads);
}

function readyPodOf(pod: ObservedPod): ReadyPod {
  const containers = Object.fromEntries(
    pod.containers
      .filter(isJudged)
      .flatMap(({ name, containerId }) => (containerId === null ? [] : [[name, containerId] as const])),
  );
  const place = pod.worker === null ? {} : { instance: pod.ordinal ?? 0, worker: pod.worker };
  return { uid: pod.uid, name: pod.name, role: pod.role ?? "", ...place, node: pod.nodeName, containers };
}

/** Plain init containers run to their end before a pod is Ready; only what keeps running can fail after it. */
function isJudged(container: ObservedContainer): boolean {
  return container.kind !== "init";
}

function failureOf(
  known: ReadyPod,
  pod: ObservedPod | undefined,
  cluster: ObservedCluster,
  nowMs: number,
): Cause | null {
  const name = shortPodName(known);
  const about = { kind: "failure", atMs: nowMs, pod: known.name, role: known.role } as const;
  const node = known.node === null ? {} : { node: known.node };
  if (pod === undefined || pod.deletionAtMs !== null) {
    // Its workload deletes a pod that failed within milliseconds; a reason is only there when something else ended it.
    const last = pod ?? cluster.lastPod?.(known.uid);
    if (last?.phase === "Failed" && last.reason !== null)
      return { ...about, ...node, message: `${name}: ${[last.reason, last.message].filter(Boolean).join(": ")}` };
    return { ...about, ...node, message: `${name} was deleted${nodeTrouble(known.node, cluster)}` };
  }
  if (isOnLostNode(pod, cluster))
    return { ...about, ...node, message: `${name}: its node ${known.node ?? "unknown"} is gone` };
  if (pod.phase === "Failed") {
    const words = [pod.reason ?? "the pod failed", pod.message].filter((word) => word !== null);
    return { ...about, ...node, message: `${name}: ${words.join(": ")}` };
  }
  for (const container of pod.containers.filter(isJudged)) {
    const life = known.containers[container.name];
    if (life === undefined) continue;
    const exit = exitOf(container, life);
    if (exit === null) continue;
    const words = exit.code === null ? "restarted" : `exited ${exit.code}`;
    const reason = exit.reason === null || exit.reason === "Error" ? "" : ` (${exit.reason})`;
    return {
      ...about,
      ...node,
      container: container.name,
      ...(exit.code === null ? {} : { exitCode: exit.code }),
      message: `${name}: ${container.name} ${words}${reason}`,
    };
  }
  return null;
}

/** How the life of a container that was Ready has ended; null while it goes on. */
function exitOf(
  container: ObservedContainer,
  life: string,
): { readonly code: number | null; readonly reason: string | null } | null {
  if (container.containerId === life && container.state === "terminated" && (container.exitCode ?? 0) !== 0)
    return { code: container.exitCode, reason: container.reason };
  const last = container.lastTermination;
  if (last !== null && last.containerId === life) return { code: last.exitCode, reason: last.reason };
  if (container.containerId === null || container.containerId === life) return null;
  return last === null ? { code: null, reason: null } : { code: last.exitCode, reason: last.reason };
}

function nodeTrouble(name: string | null, cluster: ObservedCluster): string {
  if (name === null) return "";
  const node = nodeNamed(cluster, name);
  if (node === undefined) return `; its node ${name} is gone`;
  if (!node.isReady) return `; its node ${name} is not ready`;
  return node.isUnschedulable ? `; its node ${name} is cordoned` : "";
}

/** The owner that was there and is no longer, without us asking, takes everything with it. */
function deletedOwner(group: GroupState, { owner }: ObservedGroup, nowMs: number): Cause | null {
  // Roles are started only after the owner was seen.
  const isThere = owner !== null && owner.deletionAtMs === null;
  if (isThere || (group.startedRoles.length === 0 && group.roleRestarts.length === 0)) return null;
  return { kind: "failure", atMs: nowMs, message: "The RoleBasedGroup was deleted" };
}

/** A cluster that has just started may not serve every API yet: what it does not show is not gone. Pods tell. */
function isShownBy({ hasLeaderWorkerSets }: ObservedCluster, { kind }: GroupRole): boolean {
  return kind !== "LeaderWorkerSet" || hasLeaderWorkerSets;
}

/** A workload that was there and is no longer, without us asking, takes its pods with it. */
function deletedWorkload(role: GroupRole, seen: Seen, nowMs: number): Cause | null {
  const lost = lostWorkload(role, seen);
  if (lost === null) return null;
  const message = `The ${role.kind} of ${lost} was deleted`;
  return { kind: "failure", atMs: nowMs, role: role.role, message };
}

/** What a workload of the role that is gone, or is going, ran: `decode`, or `decode-1` where there is one per instance. */
function lostWorkload(role: GroupRole, { group, workloads: workloadsOf }: Seen): string | null {
  const workloads = workloadsOf(role);
  const taken = new Set(group.asked.flatMap(({ mayTake }) => mayTake));
  for (const known of group.readyPods) {
    if (known.role !== role.role || (role.isPerInstance && taken.has(known.uid))) continue;
    const part = partOf(workloads, { ordinal: known.instance ?? 0, worker: known.worker ?? 0 });
    const isThere = part === undefined || (part.workload !== null && part.workload.deletionAtMs === null);
    if (!isThere) return part.wanted.instance === null ? role.role : `${role.role}-${part.wanted.instance}`;
  }
  return null;
}

function merged(causes: readonly Cause[]): Cause | null {
  const [first, ...others] = [...causes].sort(bySpecificity);
  if (first === undefined) return null;
  return others.length === 0
    ? first
    : { ...first, message: `${first.message}, and ${plural(others.length, "more pod")}` };
}

/** An exit code says more than a vanished pod; then by name and words, so that equal inputs give equal ones. */
function bySpecificity(a: Cause, b: Cause): number {
  const rank = (cause: Cause): number => (cause.exitCode !== undefined ? 0 : cause.container !== undefined ? 1 : 2);
  const key = ({ pod = "", message }: Cause): string => `${pod} ${message}`;
  return rank(a) - rank(b) || (key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1);
}
