import type { AskedReplicas, GroupRole, GroupState, ObservedWorkload } from "../model/index.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { isPresent, type ObservedGroup } from "./observed-group.ts";
import { restore } from "./restore.ts";
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
  const asked = group.asked.find((one) => one.role === role.role);
  const isThere = workload.replicas === wanted;
  if (asked?.replicas === wanted && isThere) {
    const after = stillPossible(asked, observed, nowMs);
    return asked.isSeen && after === asked ? group : remember(group, { ...after, isSeen: true });
  }
  if (workload.deletionAtMs !== null) return group;
  if (isThere)
    return remember(group, {
      ...NOTHING_TAKEN,
      ...asked,
      role: role.role,
      replicas: wanted,
      atMs: nowMs,
      isSeen: true,
    });
  if (wanted < workload.replicas && !isDiscoveryCurrent) return group;

  const isForeign = asked?.replicas === wanted && asked.isSeen;
  const name = `${workload.kind} ${workload.name}`;
  const change = `${name} was scaled to ${plural(workload.replicas, "replica")}; ${wanted} ${wanted === 1 ? "is" : "are"} wanted`;
  const restored = isForeign ? restore(context, group, `${workload.kind}/${workload.name}`, change, notes) : group;
  if (restored === null) return group;
  const { cluster } = observed;
  notes.actions.push({ kind: "scale", group: group.index, ref: refTo(cluster, "apps/v1", workload), replicas: wanted });
  if (asked?.replicas === wanted && !isForeign) return group;
  const taken = withTaken(workload.replicas - wanted, asked ?? NOTHING_TAKEN, { role, wanted, observed, group });
  return {
    ...remember(restored, { role: role.role, replicas: wanted, atMs: nowMs, isSeen: false, ...taken }),
    progressAtMs: nowMs,
    stalledReason: null,
  };
}

function remember(group: GroupState, asked: AskedReplicas): GroupState {
  return { ...group, asked: [...group.asked.filter((one) => one.role !== asked.role), asked] };
}

type Taken = Pick<AskedReplicas, "mayTake" | "takes">;
const NOTHING_TAKEN: Taken = { mayTake: [], takes: 0 };

/** A StatefulSet takes its highest ordinals; which pods a Deployment takes is not known beforehand. */
function withTaken(
  more: number,
  known: Taken,
  at: {
    readonly role: GroupRole;
    readonly wanted: number;
    readonly observed: ObservedGroup;
    readonly group: GroupState;
  },
): Taken {
  if (more <= 0) return { mayTake: known.mayTake, takes: known.takes };
  const { role, wanted, observed, group } = at;
  const added = observed.pods
    .filter((pod) => pod.role === role.role && isPresent(pod, group))
    .filter((pod) => pod.deletionAtMs === null && !known.mayTake.includes(pod.uid))
    .filter((pod) => role.kind === "Deployment" || (pod.ordinal ?? 0) >= wanted)
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
