import {
  type Cause,
  findRevision,
  type GroupState,
  outOfReach,
  type RolloutState,
  servesByOldCopy,
} from "../model/index.ts";
import { renderWorkloads } from "../project/workloads.ts";
import type { AssessedGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { beginTeardown } from "./incarnation.ts";
import { abilitiesOf } from "./placing.ts";
import { stallReason } from "./pod-trouble.ts";
import { advanceRoleUpdate, beginRoleUpdate, rolesOf } from "./role-rolling.ts";
import { roleProgress } from "./roles.ts";
import {
  differsInRolesOnly,
  hasOldContent,
  isHeldBack,
  isOutdated,
  isRolloutHeld,
  maxUnavailable,
  revisionToReturnTo,
  runsTarget,
  targetRevision,
} from "./rollout-state.ts";
import { isExtra } from "./surge.ts";
import { plural } from "./words.ts";

/**
 * Which groups leave their revision now.
 *
 * Order: groups that are not Ready first, then the highest index. Budget: an available group is taken down only while
 * fewer than maxUnavailable groups are unavailable; a group that is broken on old content may be replaced at any time. So
 * a bad revision can always be replaced and never spreads. Extra groups (surge) that serve make up for as many that do
 * not. GroupRolling tears a group down; RoleRolling updates it role by role.
 */
export function planRollout(
  context: PlanContext,
  assessed: readonly AssessedGroup[],
  notes: PlanNotes,
): readonly AssessedGroup[] {
  const { set } = context;
  const current = assessed.map((item) => renumbered(context, item));
  if (set.isDeleting || isRolloutHeld(set)) return current.map((item) => takeTurns(context, item, notes));
  const adopted = current.map((item) => (canAdoptRoles(context, item) ? adoptRoles(context, item, notes) : item));
  const outdated = adopted.filter(
    ({ group, running }) =>
      running !== null && group.index < set.spec.replicas && isOutdated(set, group) && !servesByOldCopy(group),
  );
  const limit = maxUnavailable(set.spec);
  const chosen = new Set(
    outdated.filter(({ group, running }) => running?.isAvailable !== true || group.roleUpdate !== null),
  );
  const extras = adopted.filter(isExtra);
  const serving = extras.filter(({ running }) => running?.isAvailable === true).length;
  let unavailable = adopted.filter((item) => chosen.has(item) || isUnavailable(context, item)).length - serving;
  // An extra group that serves does so whatever it runs; one that does not is put on the target first.
  for (const item of extras)
    if (item.running?.isAvailable === false && isOutdated(set, item.group) && !servesByOldCopy(item.group))
      chosen.add(item);
  for (const item of outdated.filter((each) => !chosen.has(each)).sort(byReadiness)) {
    if (unavailable >= limit) break;
    chosen.add(item);
    unavailable += 1;
  }
  const leave = set.spec.rollout.strategy === "RoleRolling" ? beginRoleUpdate : takeDown;
  const left = adopted.map((item) => (chosen.has(item) ? leave(context, item, notes) : item));
  return left.map((item) => takeTurns(context, item, notes));
}

function byReadiness(a: AssessedGroup, b: AssessedGroup): number {
  return Number(a.running?.isReady) - Number(b.running?.isReady) || b.group.index - a.group.index;
}

/**
 * Groups that may not serve: taken down and not Ready again, broken, recovering, on a cluster that does not answer. One
 * that never had a place does not count, or a set that is larger than its racks could never be updated.
 */
function isUnavailable({ set }: PlanContext, { group, isInReach, running }: AssessedGroup): boolean {
  if (group.index >= set.spec.replicas) return false;
  if (servesByOldCopy(group)) return false;
  if (group.takenDown || !isInReach) return true;
  if (group.stage === "unplaced") return group.incarnation > 0;
  return running?.isAvailable !== true;
}

/** A group that already runs the target's content has its number too, however many numbers that content has. */
function renumbered({ set }: PlanContext, item: AssessedGroup): AssessedGroup {
  const { group } = item;
  if (group.revision === set.rollout.target || !runsTarget(set, group)) return item;
  return { ...item, group: { ...group, revision: set.rollout.target } };
}

function canAdoptRoles({ set }: PlanContext, { group, running }: AssessedGroup): boolean {
  // An old copy that serves would stay as it is.
  if (servesByOldCopy(group)) return false;
  if (
    running === null ||
    group.roleUpdate !== null ||
    group.restartSeen < set.rollout.restart ||
    !hasOldContent(set, group)
  )
    return false;
  return differsInRolesOnly(findRevision(set, group.revision), targetRevision(set));
}

/** Added roles start and removed roles stop, alone: the incarnation goes on under the new revision. */
function adoptRoles(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { set } = context;
  const { group } = item;
  const next = { ...group, revision: set.rollout.target };
  const wanted = renderWorkloads(set, next, abilitiesOf(context, group.placement));
  const rendering = wanted.map((rendered) => group.rendering.find((kept) => kept.role === rendered.role) ?? rendered);
  const has = (list: readonly { readonly role: string }[], role: string): boolean =>
    list.some((one) => one.role === role);
  const added = wanted.filter(({ role }) => !has(group.rendering, role)).map(({ role }) => `start ${role}`);
  const removed = group.rendering.filter(({ role }) => !has(wanted, role)).map(({ role }) => `stop ${role}`);
  notes.timeline.push({
    kind: "set.changed",
    group: group.index,
    incarnation: group.incarnation,
    cause: "Only roles were added or removed",
    decision: `Bring group ${group.index} to revision ${set.rollout.target} without a restart`,
    actions: [...added, ...removed],
  });
  return { ...item, group: { ...next, rendering } };
}

function takeDown({ set, nowMs }: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { group, running } = item;
  const isRestart = !hasOldContent(set, group);
  const target = set.rollout.target;
  const cause: Cause = isRestart
    ? { kind: "restart", message: "Restart of all groups", atMs: nowMs }
    : { kind: "rollout", message: `Rollout of revision ${target}`, atMs: nowMs };
  const pods = running?.observed.pods.filter((pod) => pod.deletionAtMs === null).length ?? 0;
  notes.timeline.push({
    kind: "group.stopping",
    group: group.index,
    incarnation: group.incarnation,
    cause: running?.isAvailable === true ? cause.message : `${cause.message}; the group was not ready`,
    decision: isRestart ? `Restart group ${group.index}` : `Take group ${group.index} to revision ${target}`,
    actions: [`stop ${plural(pods, "pod")}`],
  });
  const wasReady = running?.isReady === true || running?.isAvailable === true;
  return {
    ...item,
    running: null,
    group: { ...beginTeardown(group, cause, "restart", nowMs), takenDown: wasReady || group.takenDown },
  };
}

/**
 * What the rollout has come to, after all groups were planned: done, on its way, or without progress for the deadline.
 *
 * Progress is one more group that is Ready at the target than there ever were in this rollout, and a first start there
 * that gets further. A group that comes up on it and fails, again and again, is none.
 */
export function rolloutAfter(context: PlanContext, assessed: readonly AssessedGroup[], notes: PlanNotes): RolloutState {
  const { set, nowMs } = context;
  const { rollout } = set;
  if (set.isDeleting) return rollout;
  // A group that never had a place holds nothing back, as in the budget.
  const wanted = assessed.filter(
    ({ group }) =>
      group.index < set.spec.replicas &&
      !isHeldBack(set, group) &&
      (group.stage !== "unplaced" || group.incarnation > 0),
  );
  const ready = wanted.filter(({ group, running }) => running?.isReady === true && !isOutdated(set, group)).length;
  const heldBack = assessed.filter(({ group }) => group.index < set.spec.replicas && isHeldBack(set, group)).length;
  if (ready === wanted.length) return finished(context, ready, heldBack, notes);
  if (rollout.startedAtMs === null || isRolloutHeld(set)) return rollout;
  const extras = assessed.filter(isExtra);
  const come = ready + extras.filter(({ running }) => running?.isReady === true).length;
  if (come > rollout.mostReady) return { ...rollout, mostReady: come, progressAtMs: nowMs };

  const starts = [...wanted, ...extras]
    .filter(({ group }) => isOnItsWay(set, group))
    .map(({ group }) => group.progressAtMs);
  const deadlineMs = Math.max(rollout.progressAtMs, ...starts) + set.spec.rollout.progressDeadlineSeconds * 1000;
  if (deadlineMs > nowMs) {
    notes.wakeAtMs.push(deadlineMs);
    return rollout;
  }
  const [stuck] = [...wanted, ...extras]
    .filter(({ group }) => !isOutdated(set, group))
    .filter(({ running }) => running?.isReady !== true);
  const blocking = stuck ?? assessed.find((item) => isUnavailable(context, item)) ?? wanted[0];
  if (blocking === undefined) return rollout;
  const where =
    stuck === undefined
      ? "is not ready, so no other may be taken down"
      : `did not become ready at revision ${rollout.target}`;
  const good = revisionToReturnTo(set);
  const stalledReason = `Group ${blocking.group.index} ${where}: ${waitReason(context, blocking)}`;
  notes.timeline.push({
    kind: "rollout.stalled",
    group: blocking.group.index,
    incarnation: blocking.group.incarnation,
    cause: stalledReason,
    decision:
      set.spec.rollout.onFailure === "Rollback" && good !== null
        ? `Stop before the next group, and return to revision ${good.number}`
        : "Stop before the next group until it is resumed, aborted or rolled back",
    actions: [],
  });
  return { ...rollout, stalledReason };
}

/** With no group that is Ready, nothing is proven: what was good stays what abort returns to. */
function finished({ set }: PlanContext, ready: number, heldBack: number, notes: PlanNotes): RolloutState {
  const { rollout } = set;
  // Of a canary not every group was Ready: what was good before stays what abort returns to.
  const isProven = ready > 0 && heldBack === 0;
  const lastGood = isProven ? rollout.target : rollout.lastGood;
  const current = isProven ? rollout.target : rollout.current;
  const isSame = rollout.lastGood === lastGood && rollout.current === current;
  if (isSame && rollout.startedAtMs === null && rollout.stalledReason === null) return rollout;
  if (rollout.startedAtMs !== null && ready > 0)
    notes.timeline.push({
      kind: "rollout.finished",
      group: null,
      incarnation: null,
      cause: null,
      decision:
        heldBack === 0
          ? `Every group is ready at revision ${rollout.target}`
          : `Canary: ${ready} of ${plural(ready + heldBack, "group")} ${ready === 1 ? "is" : "are"} ready at revision ${rollout.target}; the partition ${set.spec.rollout.partition} holds ${heldBack} back`,
      actions: [],
    });
  return { ...rollout, lastGood, current, startedAtMs: null, stalledReason: null };
}

function isOnItsWay(set: PlanContext["set"], group: GroupState): boolean {
  const isComing = group.firstReadyAtMs === null || group.roleUpdate !== null;
  return group.stage === "running" && !isOutdated(set, group) && isComing && group.failuresInRow === 0;
}

/** What a group that is not Ready at the target waits for. */
function waitReason(context: PlanContext, { group, isInReach, running }: AssessedGroup): string {
  if (!isInReach) {
    const cluster = group.placement?.cluster ?? "its cluster";
    return outOfReach(cluster, context.input.clusters.get(cluster));
  }
  if (group.stage === "unplaced") return withoutStop(group.unplacedReason ?? "it has no place");
  const failures = group.failuresInRow > 1 ? `, ${plural(group.failuresInRow, "failure")} in a row` : "";
  if (running !== null && group.failuresInRow === 0) return stallReason(running.progress, running.observed);
  if (group.lastCause !== null && group.lastCause.kind === "failure") return `${group.lastCause.message}${failures}`;
  if (running !== null) return stallReason(running.progress, running.observed);
  const left = context.observed(group.placement?.cluster ?? "", group.index).pods.length;
  return `${plural(left, "pod")} of incarnation ${group.incarnation} ${left === 1 ? "is" : "are"} still there`;
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");

/** What a role has just been told counts from here on: a workload that is made in this very plan is made by that. */
function takeTurns(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const next = advanceRoleUpdate(context, item, notes);
  if (next.running === null || next.group.rendering === item.group.rendering) return next;
  const roles = rolesOf(context.set, next.group);
  const progress = roleProgress(next.group, roles, next.running.observed, context.nowMs);
  return { ...next, running: { ...next.running, roles, progress } };
}
