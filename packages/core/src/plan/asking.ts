import type { AskedReplicas, GroupRole, GroupState, ObservedPod, ObservedWorkload } from "../model/index.ts";
import { endWorkloads, type PlanContext, type PlanNotes, refToWorkload } from "./context.ts";
import { isPresent, type ObservedGroup } from "./observed-group.ts";
import { restore, withoutFights } from "./restore.ts";
import type { RoleWorkloads } from "./role-workloads.ts";
import { plural } from "./words.ts";

/** Milliseconds. Watches that are silent for longer are noticed, and their cluster is not planned on. */
const LATEST_EVENT_MS = 300_000;

/**
 * Brings a workload to the wanted number of pods, and takes down what was asked of it.
 *
 * A number that was asked for is sent until the workload shows it. After that, another number is a change by somebody
 * else, which is undone and told. Asking for another number is progress: the deadline begins anew.
 */
export function askFor(
  context: PlanContext,
  group: GroupState,
  {
    role,
    workload,
    wanted,
  }: { readonly role: GroupRole; readonly workload: ObservedWorkload; readonly wanted: number },
  { observed, isDiscoveryCurrent }: { readonly observed: ObservedGroup; readonly isDiscoveryCurrent: boolean },
  notes: PlanNotes,
): GroupState {
  const { nowMs } = context;
  const key = askedKey(role, workload);
  const asked = group.asked.find(isOf(key));
  const isThere = workload.replicas === wanted;
  if (asked?.replicas === wanted && isThere) {
    const after = stillPossible(asked, observed, nowMs);
    const settled = withoutFights(group, `${workload.kind}/${workload.name}`);
    return asked.isSeen && after === asked ? settled : remember(settled, { ...after, isSeen: true });
  }
  if (workload.deletionAtMs !== null) return group;
  if (isThere)
    return remember(group, {
      ...NOTHING_TAKEN,
      ...asked,
      ...key,
      replicas: wanted,
      atMs: nowMs,
      isSeen: true,
    });
  if (wanted < workload.replicas && !isDiscoveryCurrent) return group;

  const isForeign = asked?.replicas === wanted && asked.isSeen;
  const name = `${workload.kind} ${workload.name}`;
  const message = `${name} was scaled to ${plural(workload.replicas, "replica")}; ${wanted} ${wanted === 1 ? "is" : "are"} wanted${workload.scaledBy === null ? "" : ` (by ${workload.scaledBy})`}`;
  const { scaledBy } = workload;
  const over = { field: "spec.replicas", manager: scaledBy, seen: String(workload.replicas) };
  const change = { object: `${workload.kind}/${workload.name}`, message, over };
  const { group: restored, isUndone } = isForeign ? restore(context, group, change, notes) : { group, isUndone: true };
  if (!isUndone) return restored;
  const { cluster } = observed;
  notes.actions.push({ kind: "scale", group: group.index, ref: refToWorkload(cluster, workload), replicas: wanted });
  if (asked?.replicas === wanted && !isForeign) return group;
  const isTaken = (pod: ObservedPod): boolean =>
    role.kind === "Deployment" || (role.isPerInstance ? pod.ownerUid === workload.uid : (pod.ordinal ?? 0) >= wanted);
  const fewer = (workload.replicas - wanted) * (role.isPerInstance ? 1 : role.size);
  const taken = withTaken(fewer, asked ?? NOTHING_TAKEN, { role, isTaken, observed, group });
  return {
    ...remember(restored, { ...key, replicas: wanted, atMs: nowMs, isSeen: false, ...taken }),
    progressAtMs: nowMs,
    stalledReason: null,
  };
}

/**
 * Deletes the StatefulSets of instances above the wanted count, and takes down that their pods go with them: so their end
 * is no failure, also when as many are wanted again before it.
 */
export function takeAway(
  context: PlanContext,
  before: GroupState,
  { role, workloads }: { readonly role: GroupRole; readonly workloads: RoleWorkloads },
  observed: ObservedGroup,
  notes: PlanNotes,
): GroupState {
  let group = before;
  for (const workload of workloads.surplus) {
    const key = askedKey(role, workload);
    const asked = group.asked.find(isOf(key));
    if (workload.deletionAtMs !== null) continue;
    endWorkloads(group.index, observed, [workload], notes);
    if (asked?.replicas === 0) continue;
    const isTaken = (pod: ObservedPod): boolean => pod.ownerUid === workload.uid;
    const taken = withTaken(workload.replicas, asked ?? NOTHING_TAKEN, { role, isTaken, observed, group });
    group = remember(group, { ...key, replicas: 0, atMs: context.nowMs, isSeen: false, ...taken });
  }
  return forgotten(group, role, workloads, observed, context.nowMs);
}

/** What was asked of StatefulSets that are gone, and may take nothing any more, is of no more interest. */
function forgotten(
  group: GroupState,
  { role, isPerInstance }: GroupRole,
  { parts, surplus }: RoleWorkloads,
  observed: ObservedGroup,
  nowMs: number,
): GroupState {
  if (!isPerInstance) return group;
  const names = new Set([...parts.map(({ wanted }) => wanted.name), ...surplus.map(({ name }) => name)]);
  const kept = group.asked.filter(
    (one) =>
      one.role !== role || names.has(one.workload ?? "") || stillPossible(one, observed, nowMs).mayTake.length > 0,
  );
  return kept.length === group.asked.length ? group : { ...group, asked: kept };
}

type AskedKey = Pick<AskedReplicas, "role" | "workload">;

function askedKey({ role, isPerInstance }: GroupRole, { name }: ObservedWorkload): AskedKey {
  return isPerInstance ? { role, workload: name } : { role };
}

const isOf =
  ({ role, workload }: AskedKey) =>
  (asked: AskedReplicas): boolean =>
    asked.role === role && asked.workload === workload;

function remember(group: GroupState, asked: AskedReplicas): GroupState {
  const isSame = isOf(asked);
  return { ...group, asked: [...group.asked.filter((one) => !isSame(one)), asked] };
}

type Taken = Pick<AskedReplicas, "mayTake" | "takes">;
const NOTHING_TAKEN: Taken = { mayTake: [], takes: 0 };

/** A StatefulSet takes its highest ordinals; which pods a Deployment takes is not known beforehand, nor here. */
function withTaken(
  more: number,
  known: Taken,
  at: {
    readonly role: GroupRole;
    readonly isTaken: (pod: ObservedPod) => boolean;
    readonly observed: ObservedGroup;
    readonly group: GroupState;
  },
): Taken {
  if (more <= 0) return { mayTake: known.mayTake, takes: known.takes };
  const { role, isTaken, observed, group } = at;
  const added = observed.pods
    .filter((pod) => pod.role === role.role && isPresent(pod, group))
    .filter((pod) => pod.deletionAtMs === null && !known.mayTake.includes(pod.uid))
    .filter(isTaken)
    .map((pod) => pod.uid);
  return { mayTake: [...known.mayTake, ...added], takes: known.takes + more };
}

/** Pods that are gone are no question any more, and after a while what is there was not taken. */
function stillPossible(asked: AskedReplicas, observed: ObservedGroup, nowMs: number): AskedReplicas {
  if (asked.mayTake.length === 0) return asked;
  const present = new Set(observed.pods.filter((pod) => pod.deletionAtMs === null).map((pod) => pod.uid));
  const left = asked.mayTake.filter((uid) => present.has(uid));
  const takes = asked.takes - (asked.mayTake.length - left.length);
  if (takes <= 0 || nowMs >= asked.atMs + LATEST_EVENT_MS) return { ...asked, mayTake: [], takes: 0 };
  return left.length === asked.mayTake.length ? asked : { ...asked, mayTake: left, takes };
}
