import { type GroupState, leavingClusters } from "../model/index.ts";
import { placeGroup } from "../placement/place-group.ts";
import { type AssessedGroup, assessGroup, type RunningGroup } from "./assess.ts";
import { leaveRemovedCluster } from "./cluster-removal.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { planRemoval, planStrays, planTeardown } from "./deletion.ts";
import { beginTeardown, endIncarnation } from "./incarnation.ts";
import { isTornDown, type ObservedGroup } from "./observed-group.ts";
import { isOrphaning, planOrphaning } from "./orphan.ts";
import { isStartedAfresh, type Placing, startNext } from "./placing.ts";
import { stallReason } from "./pod-trouble.ts";
import { nextStartMs } from "./recovery.ts";
import { failOver, settleCopies, startMove } from "./relocation.ts";
import { advanceRestarts, isRestarting, stuckRestarts } from "./role-restarts.ts";
import { isRolloutHeld } from "./rollout-state.ts";
import { planRunning } from "./startup.ts";
import { planStuckPods } from "./stuck-pods.ts";
import { plural } from "./words.ts";

/**
 * Takes one group as far as it can go now, stage by stage, and emits what that needs. Null when nothing is left of a
 * group that goes for good.
 *
 * The stage that is reached is stored before the actions run; planning again from there emits only what is missing.
 */
export function advanceGroup(
  context: PlanContext,
  item: AssessedGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup | null {
  const settled = settleCopies(context, item, notes);
  if (!settled.isInReach) return leaveAlone(context, settled, placing, notes);
  const group = planStuckPods(context, settled.group, homesOf(context, settled.group), notes);
  const here = group === settled.group ? settled : { ...settled, group };
  const known = leaveRemovedCluster(context, here, placing, notes);
  switch (known.group.stage) {
    case "teardown":
      return tearDown(context, known, placing, notes);
    case "waiting":
      return wait(context, known, placing, notes);
    case "unplaced":
      return start(context, known, placing, notes);
    case "running":
      return known.running === null ? known : run(context, known, known.running, placing, notes);
  }
}

/**
 * On a cluster that does not answer nothing is touched; after a while the group may go on elsewhere. One that is no longer
 * registered never will answer: let go of it.
 */
function leaveAlone(
  context: PlanContext,
  item: AssessedGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup | null {
  const { placement, teardown, leaving } = item.group;
  const isRegistered = placement !== null && context.input.clusters.has(placement.cluster);
  if (teardown?.next === "remove") return isRegistered || leaving.length > 0 ? item : null;
  const moved = failOver(context, item, placing, notes);
  return moved.running === null ? moved : run(context, moved, moved.running, placing, notes);
}

function tearDown(context: PlanContext, item: AssessedGroup, placing: Placing, notes: PlanNotes): AssessedGroup | null {
  const { group } = item;
  const homes = homesOf(context, group);
  if (isOrphaning(context.set)) return letGo(context, item, homes, notes);
  if (group.teardown?.isLetGo === true && group.teardown.next === "restart") {
    if (!homes.map((home) => planOrphaning(group, home, notes)).every(Boolean)) return item;
    // What runs there is nobody's: nothing of it is the group's any more.
    const ended = { ...endIncarnation(group, context.nowMs, context.nowMs), placement: null };
    return wait(context, { ...item, group: ended }, placing, notes);
  }
  const areGone = homes.map((home) => planTeardown(context, group, home, notes)).every((state) => state === "gone");
  if (!areGone) return item;
  if (group.teardown?.next === "remove") {
    const isRemoved = homes.map((home) => planRemoval(group, home, notes)).every(Boolean);
    const { teardown } = group;
    if (!isRemoved)
      return teardown.isOwnerGoing === true
        ? item
        : { ...item, group: { ...group, teardown: { ...teardown, isOwnerGoing: true } } };
    if (isLeftSomewhere(context, group)) return item;
    // Wanted again meanwhile: the next plan adds it anew.
    if (!context.set.isDeleting && group.index < context.set.spec.replicas) notes.wakeAtMs.push(context.nowMs);
    notes.timeline.push({
      kind: "group.stopped",
      group: group.index,
      incarnation: group.incarnation,
      cause: group.teardown.cause.message,
      decision: `Nothing of group ${group.index} is left`,
      actions: [],
    });
    return null;
  }
  const notBeforeMs = nextStartMs(group, context.set.spec, context.nowMs);
  if (notBeforeMs === null) {
    notes.timeline.push({
      kind: "group.gave-up",
      group: group.index,
      incarnation: group.incarnation,
      cause: group.teardown?.cause.message ?? null,
      decision: `Leave group ${group.index} torn down after ${plural(group.failuresInRow, "failure")} in a row (maxRecoveries)`,
      actions: [],
    });
  }
  return wait(context, { ...item, group: endIncarnation(group, notBeforeMs, context.nowMs) }, placing, notes);
}

/** A copy is on a cluster that does not answer. */
function isLeftSomewhere(context: PlanContext, group: GroupState): boolean {
  return leavingClusters(group).some((name) => context.input.clusters.has(name) && context.live(name) === null);
}

function letGo(
  context: PlanContext,
  item: AssessedGroup,
  homes: readonly ObservedGroup[],
  notes: PlanNotes,
): AssessedGroup | null {
  const { group } = item;
  const isReleased = homes.map((home) => planOrphaning(group, home, notes)).every(Boolean);
  if (!isReleased || isLeftSomewhere(context, group)) return item;
  notes.timeline.push({
    kind: "group.stopped",
    group: group.index,
    incarnation: group.incarnation,
    cause: group.teardown?.cause.message ?? null,
    decision: `Leave what runs of group ${group.index} to itself`,
    actions: [],
  });
  return null;
}

function wait(context: PlanContext, item: AssessedGroup, placing: Placing, notes: PlanNotes): AssessedGroup {
  const { group } = item;
  if (isStartedAfresh(context.set, group)) {
    // What is left as it is keeps its identity, or storing it would be a reason to plan again.
    const afresh = group.failuresInRow === 0 ? item : { ...item, group: { ...group, failuresInRow: 0 } };
    return start(context, afresh, placing, notes);
  }
  if (group.notBeforeMs !== null && group.notBeforeMs <= context.nowMs) return start(context, item, placing, notes);
  if (group.notBeforeMs !== null) notes.wakeAtMs.push(group.notBeforeMs);
  for (const home of homesOf(context, group)) planStrays(group, home, notes);
  return item;
}

function start(context: PlanContext, item: AssessedGroup, placing: Placing, notes: PlanNotes): AssessedGroup {
  const homes = homesOf(context, item.group);
  for (const home of homes) planStrays(item.group, home, notes);
  // Nothing starts beside what is left of an earlier life, however it came back.
  if (homes.some((home) => !isCleared(context, home))) return item;
  const next = startNext(context, item.group, placing, notes);
  if (next.stage !== "running") return next === item.group ? item : { ...item, group: next };
  const started = assessGroup(context, next, notes);
  return started.running === null ? started : run(context, started, started.running, placing, notes);
}

function run(
  context: PlanContext,
  item: AssessedGroup,
  running: RunningGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup {
  const moving = startMove(context, item, placing, notes);
  if (moving !== null && moving.running !== null) return run(context, moving, moving.running, placing, notes);
  if (moving !== null) {
    // Where nothing was made yet, nothing that goes is a reason to plan again.
    notes.wakeAtMs.push(context.nowMs);
    return moving;
  }
  planStrays(item.group, running.observed, notes);
  const restarted = advanceRestarts(context, item.group, running.observed, notes);
  const roles = assessRoles(context, restarted, running);
  const group = planRunning(context, restarted, roles.progress, running.observed, notes);
  return withDeadline(context, { ...item, group, running: roles }, roles, placing, notes);
}

/** The group's roles may have changed since it was assessed: it may have adopted another revision. */
function assessRoles(context: PlanContext, group: GroupState, running: RunningGroup): RunningGroup {
  const isSame =
    running.roles.length === group.rendering.length && running.roles.every((role, i) => hasRole(group, role.role, i));
  if (isSame) return running;
  const silent: PlanNotes = { actions: [], timeline: [], wakeAtMs: [] };
  return assessGroup(context, group, silent).running ?? running;
}

function hasRole(group: GroupState, role: string, index: number): boolean {
  return group.rendering[index]?.role === role;
}

/** A start, or a scale-out, without progress for the deadline says what it waits for; where that helps, the group moves. */
function withDeadline(
  context: PlanContext,
  item: AssessedGroup,
  running: RunningGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup {
  const { set, nowMs } = context;
  const { group } = item;
  // What is recreated within the incarnation has its own waits; a start of it that hangs is a failure.
  const isHeldBack = isRestarting(group) && stuckRestarts(group, running.progress).length === 0;
  const isStopped = group.roleUpdate?.underWay === null && isRolloutHeld(set);
  if (running.isReady || isHeldBack || isStopped) return item;
  const deadlineMs = group.progressAtMs + set.spec.rollout.progressDeadlineSeconds * 1000;
  if (deadlineMs > nowMs) {
    notes.wakeAtMs.push(deadlineMs);
    return item;
  }
  const reason = stallReason(running.progress, running.observed);
  if (canMove(context, group, running, placing)) {
    const cause = { kind: "move", message: `No room where it is placed: ${reason}`, atMs: nowMs } as const;
    notes.timeline.push({
      kind: "group.stopping",
      group: group.index,
      incarnation: group.incarnation,
      cause: cause.message,
      decision: `Move group ${group.index} to where it fits`,
      actions: [],
    });
    return { ...item, running: null, group: beginTeardown(group, cause, "restart", nowMs) };
  }
  if (group.stalledReason === reason) return item;
  if (group.stalledReason === null)
    notes.timeline.push({
      kind: "group.stalled",
      group: group.index,
      incarnation: group.incarnation,
      cause: reason,
      decision: `Group ${group.index} makes no progress; keep waiting`,
      actions: [],
    });
  return { ...item, group: { ...group, stalledReason: reason } };
}

/** Others took the room that was promised, and there is a place by the same books that has it. */
function canMove(context: PlanContext, group: GroupState, running: RunningGroup, { ledger }: Placing): boolean {
  const { set } = context;
  if (group.placement === null || group.firstReadyAtMs !== null) return false;
  if (!running.progress.some(({ pods }) => pods.some((pod) => pod.unschedulableMessage !== null))) return false;
  const key = { namespace: set.namespace, set: set.name, group: group.index };
  const { cluster, domain } = group.placement;
  if (ledger.unmet(cluster, key).length === 0) return false;
  const { missing } = context.input;
  const leaving = leavingClusters(group);
  const request = { set, group: group.index, revision: group.revision, missing, except: { cluster, domain }, leaving };
  return placeGroup({ ...request, isRoomNeeded: true }, ledger).placed;
}

function isCleared(context: PlanContext, home: ObservedGroup): boolean {
  const cluster = context.live(home.cluster);
  return cluster !== null && isTornDown(home, cluster);
}

/** Where anything of a group is or may be: its placement, and for one without, every live cluster that shows something. */
function homesOf(context: PlanContext, group: GroupState): readonly ObservedGroup[] {
  const homes: ObservedGroup[] = [];
  const leaving = leavingClusters(group);
  for (const [cluster, groups] of context.everything) {
    const observed = groups.get(group.index);
    if (observed === undefined) continue;
    const isLetGo = context.live(cluster)?.removal === "orphan" && group.placement?.cluster !== cluster;
    if (isLetGo) continue;
    const isItsOwn = group.placement === null ? !leaving.includes(cluster) : group.placement.cluster === cluster;
    if (isItsOwn || group.teardown?.next === "remove") homes.push(observed);
  }
  return homes;
}
