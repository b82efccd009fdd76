import { type Cause, type GroupRole, type GroupState, servesByOldCopy } from "../model/index.ts";
import { isInReach, type PlanContext, type PlanNotes } from "./context.ts";
import { EXTERNAL_SCALE_IN_MS, withExternalCounts } from "./external.ts";
import { judgeIncarnation } from "./failures.ts";
import { beginTeardown, nextIncarnation } from "./incarnation.ts";
import type { ObservedGroup } from "./observed-group.ts";
import { inDoubt, withoutDoubt } from "./owner-doubt.ts";
import { stallReason } from "./pod-trouble.ts";
import { isRestarting, readyRestarts, restartRoles, stuckRestarts } from "./role-restarts.ts";
import { rolesOf, withoutEndedUpdate } from "./role-rolling.ts";
import { type RoleProgress, roleProgress } from "./roles.ts";
import { unchangedOr } from "./unchanged.ts";
import { deletionOf, duration, listed } from "./words.ts";

/** A group with what its cluster shows of it, judged. */
export type AssessedGroup = {
  readonly group: GroupState;
  /** False on a cluster that does not answer: nothing is known, nothing is decided. */
  readonly isInReach: boolean;
  /** While its incarnation runs; null in every other stage, and while its owner is in doubt. */
  readonly running: RunningGroup | null;
};

export type RunningGroup = {
  readonly observed: ObservedGroup;
  readonly roles: readonly GroupRole[];
  readonly progress: readonly RoleProgress[];
  /** Every role is Ready. */
  readonly isReady: boolean;
  /** It came up and nothing of it broke; it may lack pods that a scale-out has just asked for. */
  readonly isAvailable: boolean;
};

/** Reads what happened to a group: failures first, then how far its roles are. Decides only whether it has failed. */
export function assessGroup(context: PlanContext, before: GroupState, notes: PlanNotes): AssessedGroup {
  const cluster = before.placement === null ? null : context.live(before.placement.cluster);
  if (before.stage !== "running" || cluster === null)
    return { group: before, isInReach: isInReach(context, before), running: null };
  const { set, nowMs } = context;
  const observed = context.observed(cluster.name, before.index);
  const counted = withExternalCounts(set, before, observed);
  const roles = rolesOf(set, counted);
  const { policy } = set.spec.recovery;
  const judgement = judgeIncarnation(counted, roles, observed, cluster, policy, nowMs);
  const { cause, failedRoles, isWorkloadGone, ...judged } = judgement;
  const doubted = inDoubt(counted, isWorkloadGone, nowMs, notes);
  if (doubted !== null) return { group: doubted, isInReach: true, running: null };
  const group = withoutDoubt(counted);
  const isOfRoles = policy === "RecreateRole" && failedRoles.length > 0;
  if (cause !== null && !isOfRoles)
    return { group: fail(context, group, cause, observed, notes), isInReach: true, running: null };
  for (const { missingSinceMs } of judged.readyPods)
    if (missingSinceMs !== undefined) notes.wakeAtMs.push(missingSinceMs + EXTERNAL_SCALE_IN_MS);
  const judgedGroup = { ...group, ...judged };
  const at = { roles, failed: failedRoles, observed };
  const hit = cause === null ? judgedGroup : restartRoles(context, judgedGroup, at, cause, notes);

  const found = roleProgress(hit, roles, observed, nowMs);
  const struck = withoutEndedUpdate(hit, found);
  const isReady = found.every((role) => role.isReady) && observed.owner !== null && struck.roleUpdate === null;
  const marked = withProgress(context, readyRestarts(context, struck, found, notes), isReady, group, notes);
  const dead = deadRecovery(context, marked, found, isReady);
  if (dead !== null && dead.roles.length === 0)
    return { group: fail(context, marked, dead.cause, observed, notes), isInReach: true, running: null };
  const next =
    dead === null ? marked : restartRoles(context, marked, { roles, failed: dead.roles, observed }, dead.cause, notes);
  const progress = dead === null ? found : roleProgress(next, roles, observed, nowMs);
  for (const role of progress) if (role.readyAtMs !== null) notes.wakeAtMs.push(role.readyAtMs);
  const isAvailable = next.firstReadyAtMs !== null && (isReady || !isRestarting(next)) && areReadyStill(next, observed);
  return { group: next, isInReach: true, running: { observed, roles, progress, isReady, isAvailable } };
}

function areReadyStill(group: GroupState, observed: ObservedGroup): boolean {
  const ready = new Set(observed.pods.filter((pod) => pod.isReady && pod.deletionAtMs === null).map((pod) => pod.uid));
  return group.readyPods.every((pod) => ready.has(pod.uid));
}

/** One failure, or many at once, ends the incarnation; the next one is due by the backoff, counted from here. */
function fail(
  context: PlanContext,
  group: GroupState,
  cause: Cause,
  observed: ObservedGroup,
  notes: PlanNotes,
): GroupState {
  const failuresInRow = group.failuresInRow + 1;
  notes.timeline.push({
    kind: "group.failed",
    group: group.index,
    incarnation: group.incarnation,
    cause: cause.message,
    decision: servesByOldCopy(group)
      ? `Give up the copy of group ${group.index} on ${group.placement?.cluster ?? "its new cluster"}`
      : `Recreate group ${group.index} as incarnation ${nextIncarnation(group)}`,
    actions: deletionOf(observed.workloads),
  });
  return { ...beginTeardown(group, cause, "restart", context.nowMs), failuresInRow };
}

/** Keeps the marks of progress: first Ready, Ready since, last time anything got better, failures forgotten. */
function withProgress(
  context: PlanContext,
  group: GroupState,
  isReady: boolean,
  before: GroupState,
  notes: PlanNotes,
): GroupState {
  const { nowMs, set } = context;
  // The deadline is for coming up again, not for how long it was up before.
  const isLost = before.readySinceMs !== null && !isReady;
  const isNew = group.readyPods.some((pod) => !before.readyPods.some(({ uid }) => uid === pod.uid));
  const isBetter = isNew || (isReady && before.readySinceMs === null);
  const readySinceMs = isReady ? (group.readySinceMs ?? nowMs) : null;
  const { stableAfterSeconds } = set.spec.recovery.backoff;
  let { failuresInRow, roleRestarts } = group;
  const hasFailed = failuresInRow > 0 || roleRestarts.some((restart) => restart.failuresInRow > 0);
  if (hasFailed && readySinceMs !== null) {
    const stableAtMs = readySinceMs + stableAfterSeconds * 1000;
    if (stableAtMs <= nowMs) {
      failuresInRow = 0;
      roleRestarts = roleRestarts.map((restart) => ({ ...restart, failuresInRow: 0 }));
    } else notes.wakeAtMs.push(stableAtMs);
  }
  if (isReady && group.firstReadyAtMs === null) {
    notes.timeline.push({
      kind: "group.ready",
      group: group.index,
      incarnation: group.incarnation,
      cause: null,
      decision: `Group ${group.index} is ready after ${duration(nowMs - (group.incarnationStartedAtMs ?? nowMs))}`,
      actions: [],
    });
  }
  const next: GroupState = {
    ...group,
    readySinceMs,
    failuresInRow,
    roleRestarts,
    firstReadyAtMs: group.firstReadyAtMs ?? (isReady ? nowMs : null),
    takenDown: group.takenDown && !isReady,
    progressAtMs: isBetter || isLost ? nowMs : group.progressAtMs,
    stalledReason: isBetter || isReady ? null : group.stalledReason,
  };
  return unchangedOr(before, next);
}

/**
 * A recovery's start that misses the progress deadline is a new failure: of the roles that were recreated, or else of the
 * whole group, which is then placed anew. So is that of roles for which no node has room where the group is.
 */
function deadRecovery(
  { set, nowMs }: PlanContext,
  group: GroupState,
  progress: readonly RoleProgress[],
  isReady: boolean,
): { readonly cause: Cause; readonly roles: readonly string[] } | null {
  const isLate = nowMs >= group.progressAtMs + set.spec.rollout.progressDeadlineSeconds * 1000;
  if (isReady || !isLate || set.spec.recovery.policy === "None") return null;
  const waited = duration(nowMs - group.progressAtMs);
  const about = { kind: "failure", atMs: nowMs } as const;
  const stuck = stuckRestarts(group, progress);
  if (stuck.length > 0) {
    const isRoomless = progress.some(
      ({ role, pods }) => stuck.includes(role.role) && pods.some((pod) => pod.unschedulableMessage !== null),
    );
    const message = `${listed(stuck)} made no progress for ${waited}: ${stallReason(progress)}`;
    return { cause: { ...about, message }, roles: isRoomless ? [] : stuck };
  }
  const isRecovery = group.firstReadyAtMs === null && group.failuresInRow > 0 && group.lastCause?.kind === "failure";
  if (!isRecovery || isRestarting(group)) return null;
  const message = `Incarnation ${group.incarnation} made no progress for ${waited}`;
  return { cause: { ...about, message }, roles: [] };
}
