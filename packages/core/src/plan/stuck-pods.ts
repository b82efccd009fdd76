import type { GroupState, ObservedCluster, ObservedNode, ObservedPod, StuckPod } from "../model/index.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { nodeNamed, type ObservedGroup, shortPodName } from "./observed-group.ts";
import { duration } from "./words.ts";

/** Set by the cluster on a node whose kubelet has gone silent; a node that says itself that it is not Ready still ends pods. */
const UNREACHABLE = "node.kubernetes.io/unreachable";

/** Ages at which the sentence about a stuck pod changes: often enough to be of use, and few writes however long it hangs. */
const AGES_MS = [1, 2, 5, 10, 30, 60, 120, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * 60_000);

/**
 * Pods that hang in termination on a node that is not Ready: nobody confirms their end. Each is kept with the moment when
 * it was first seen so, by our own clock. With `recovery.forceDeleteAfterSeconds` one whose node has been silent for that
 * long is deleted by force, by UID. A node that answers again starts the count anew, and on a Ready node nothing is forced.
 */
export function planStuckPods(
  context: PlanContext,
  group: GroupState,
  homes: readonly ObservedGroup[],
  notes: PlanNotes,
): GroupState {
  for (const { deletionAtMs } of homes.flatMap(({ pods }) => pods))
    if (deletionAtMs !== null) notes.wakeAtMs.push(...nextAge(deletionAtMs, context.nowMs));
  const stuckPods = homes.flatMap((home) => {
    const cluster = context.live(home.cluster);
    return cluster === null ? [] : home.pods.flatMap((pod) => stuckPod(context, group, { cluster, pod }, notes) ?? []);
  });
  const isSame =
    stuckPods.length === group.stuckPods.length && stuckPods.every((stuck, i) => stuck === group.stuckPods[i]);
  return isSame ? group : { ...group, stuckPods };
}

function stuckPod(
  context: PlanContext,
  group: GroupState,
  { cluster, pod }: { readonly cluster: ObservedCluster; readonly pod: ObservedPod },
  notes: PlanNotes,
): StuckPod | null {
  const { nowMs, set } = context;
  const node = silentNodeOf(pod, cluster);
  if (pod.deletionAtMs === null || node === null) return null;
  const known = group.stuckPods.find(({ uid }) => uid === pod.uid);
  const isDead = node.taints.some(({ key }) => key === UNREACHABLE);
  const deadSinceMs = isDead ? (known?.deadSinceMs ?? nowMs) : null;
  const stuck =
    known?.deadSinceMs === deadSinceMs
      ? known
      : { uid: pod.uid, sinceMs: known?.sinceMs ?? nowMs, deadSinceMs, isForced: known?.isForced ?? false };
  notes.wakeAtMs.push(...nextAge(stuck.sinceMs, nowMs));
  const dueMs = forceDueMs(stuck, set.spec.recovery.forceDeleteAfterSeconds);
  if (dueMs === null) return stuck;
  if (dueMs > nowMs) {
    notes.wakeAtMs.push(dueMs);
    return stuck;
  }
  notes.actions.push({
    kind: "delete",
    group: group.index,
    ref: refTo(cluster.name, "v1", { ...pod, kind: "Pod" }),
    propagation: "Background",
    isForced: true,
  });
  if (stuck.isForced) return stuck;
  notes.timeline.push({
    kind: "pod.deleted",
    group: group.index,
    incarnation: group.incarnation,
    cause: `${shortPodName(pod)} hangs in termination on ${node.name}, which is silent for ${duration(nowMs - (deadSinceMs ?? nowMs))}`,
    decision: `Force-delete pod ${pod.name} (recovery.forceDeleteAfterSeconds)`,
    actions: ["delete the pod with grace period 0"],
  });
  return { ...stuck, isForced: true };
}

/** When the sentence about it changes next: at most one moment. */
const nextAge = (sinceMs: number, nowMs: number): readonly number[] =>
  AGES_MS.map((age) => sinceMs + age)
    .filter((atMs) => atMs > nowMs)
    .slice(0, 1);

function silentNodeOf(pod: ObservedPod, cluster: ObservedCluster): ObservedNode | null {
  const node = pod.nodeName === null ? undefined : nodeNamed(cluster, pod.nodeName);
  return node === undefined || node.isReady ? null : node;
}

function forceDueMs({ deadSinceMs }: StuckPod, afterSeconds: number | null): number | null {
  return deadSinceMs === null || afterSeconds === null ? null : deadSinceMs + afterSeconds * 1000;
}

/** When the first stuck pod is deleted by force; null when none is going to be. */
export function nextForceMs({ set, nowMs }: Pick<PlanContext, "set" | "nowMs">, group: GroupState): number | null {
  const times = group.stuckPods.flatMap((stuck) => forceDueMs(stuck, set.spec.recovery.forceDeleteAfterSeconds) ?? []);
  const next = Math.min(...times);
  return times.length === 0 || next <= nowMs ? null : next;
}

/** What hangs, where, for how long and what ends it; null when nothing hangs. */
export function stuckMessage(context: PlanContext, group: GroupState): string | null {
  const cluster = group.placement === null ? null : context.live(group.placement.cluster);
  if (cluster === null) return null;
  const { pods } = context.observed(cluster.name, group.index);
  const [stuck] = group.stuckPods;
  if (stuck === undefined) return overdueMessage(pods, context.nowMs);
  const pod = pods.find(({ uid }) => uid === stuck.uid);
  if (pod === undefined) return null;
  const age = ageOf(stuck.sinceMs, context.nowMs);
  const since = age === null ? "" : ` for more than ${duration(age)}`;
  const { forceDeleteAfterSeconds: seconds } = context.set.spec.recovery;
  const end =
    seconds !== null && stuck.deadSinceMs !== null
      ? `It is force-deleted when the node has been silent for ${duration(seconds * 1000)}.`
      : "Force-delete it if that machine is off.";
  return `${shortPodName(pod)} hangs in termination on ${pod.nodeName}${since}${andMore(group.stuckPods.length)}; the node is not Ready. ${end}`;
}

/** Pods whose time to end has long passed although their node is there: somebody holds them. */
function overdueMessage(pods: readonly ObservedPod[], nowMs: number): string | null {
  const overdue = pods.filter(({ deletionAtMs }) => deletionAtMs !== null && ageOf(deletionAtMs, nowMs) !== null);
  const [first] = overdue;
  if (first === undefined) return null;
  const age = ageOf(first.deletionAtMs ?? nowMs, nowMs);
  return `${shortPodName(first)}${andMore(overdue.length)} should have been gone for more than ${duration(age ?? 0)}: a finalizer or its node holds it.`;
}

const ageOf = (sinceMs: number, nowMs: number): number | null =>
  AGES_MS.findLast((ms) => sinceMs + ms <= nowMs) ?? null;

const andMore = (count: number): string => (count === 1 ? "" : `, and ${count - 1} more`);
