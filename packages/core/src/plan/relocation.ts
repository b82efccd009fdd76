import {
  type Cause,
  clustersOfGroup,
  findRevision,
  type GroupState,
  homeOf,
  keptCopy,
  type LeavingCopy,
  leavingClusters,
  type ObservedCluster,
  type SetState,
} from "../model/index.ts";
import { placeGroup, placementOf } from "../placement/place-group.ts";
import { reservationOf } from "../placement/reservations.ts";
import { type AssessedGroup, assessGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { planRemoval, planTeardown } from "./deletion.ts";
import { beginTeardown, startIncarnation, withEnd } from "./incarnation.ts";
import { nextPlace } from "./next-place.ts";
import { isOrphaning, planOrphaning } from "./orphan.ts";
import { abilitiesOf, MISSING_LOOK_MS, nextRevision, type Placing, placeText } from "./placing.ts";
import { planStuckPods } from "./stuck-pods.ts";
import { duration } from "./words.ts";

/**
 * Groups that change their cluster. Names are the same there, so the cluster alone tells the copies of a group apart: the
 * group is its newest incarnation, and every other copy is in `leaving` until nothing of it is left.
 *
 *   move:     the old copy serves until the new one is Ready, and is then removed
 *   failover: the old copy is on a cluster that does not answer; when that answers first, the move is undone
 *   removal:  nothing keeps the copy; it is removed before anything else of the group happens on its cluster
 *
 * All of it is stored before the first action, so that a crash at any point leads to the same end.
 */

/** Takes the copies that a group is leaving as far as they can go, and decides whether its move is done or undone. */
export function settleCopies(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  if (item.group.leaving.length === 0) return item;
  const settled = endMove(context, item, notes);
  const { group } = settled;
  // Where the whole group goes, all its homes are torn down together.
  if (group.teardown?.next === "remove" && settled.isInReach) return settled;
  const leaving = group.leaving.flatMap((one) => {
    if (one.stage !== "removal") return one;
    const seen = withStuckPods(context, one, notes);
    return isRemoved(context, seen, notes) ? [] : seen;
  });
  const isSame = leaving.length === group.leaving.length && leaving.every((one, i) => one === group.leaving[i]);
  return isSame ? settled : { ...settled, group: { ...group, leaving } };
}

/** The end of a copy may hang as that of any other group: on a machine that is off. */
function withStuckPods(context: PlanContext, one: LeavingCopy, notes: PlanNotes): LeavingCopy {
  const cluster = one.copy.placement?.cluster ?? "";
  if (context.live(cluster) === null || isOrphaning(context.set)) return one;
  const copy = planStuckPods(context, one.copy, [context.observed(cluster, one.copy.index)], notes);
  return copy === one.copy ? one : { ...one, copy };
}

function isRemoved(context: PlanContext, { copy }: LeavingCopy, notes: PlanNotes): boolean {
  const cluster = copy.placement?.cluster ?? "";
  if (!context.input.clusters.has(cluster)) return true;
  if (context.live(cluster) === null) return false;
  const home = context.observed(cluster, copy.index);
  const isLetGo = isOrphaning(context.set);
  const isDone = isLetGo
    ? planOrphaning(copy, home, notes)
    : planTeardown(context, { ...copy, teardown: null }, home, notes) === "gone" && planRemoval(copy, home, notes);
  if (!isDone) return false;
  notes.timeline.push({
    kind: "group.stopped",
    group: copy.index,
    incarnation: copy.incarnation,
    cause: null,
    decision: isLetGo
      ? `Leave what runs of incarnation ${copy.incarnation} of group ${copy.index} on ${cluster} to itself`
      : `Nothing of incarnation ${copy.incarnation} of group ${copy.index} is left on ${cluster}`,
    actions: [],
  });
  return true;
}

function endMove(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { group } = item;
  const kept = keptCopy(group);
  if (kept === null) return item;
  const { nowMs, set, input } = context;
  const cluster = kept.copy.placement?.cluster ?? "";
  if (group.teardown?.next === "remove" || !input.clusters.has(cluster)) return withoutKept(item, kept, nowMs);
  if (group.firstReadyAtMs !== null) {
    notes.timeline.push({
      kind: "group.moved",
      group: group.index,
      incarnation: group.incarnation,
      cause: `Incarnation ${group.incarnation} is ready on ${group.placement?.cluster ?? "its cluster"}`,
      decision: `Remove incarnation ${kept.copy.incarnation} of group ${group.index} from ${cluster}`,
      actions: context.live(cluster) === null ? [`wait until ${cluster} answers`] : ["delete its workloads"],
    });
    return withoutKept(item, kept, nowMs);
  }
  if (context.live(cluster) === null) return item;
  const target = group.placement === null ? "elsewhere" : placeText(group.placement);
  if (kept.stage === "failover")
    return undone(context, item, kept, `${cluster} answers again before the copy on ${target} is ready`, notes);
  const deadlineMs = kept.sinceMs + set.spec.rollout.progressDeadlineSeconds * 1000;
  if (item.isInReach && item.running === null)
    return undone(context, item, kept, group.lastCause?.message ?? `The copy on ${target} does not run`, notes);
  if (deadlineMs <= nowMs) {
    const why = `The copy on ${target} did not become ready within ${duration(nowMs - kept.sinceMs)}`;
    return undone(context, item, kept, why, notes);
  }
  notes.wakeAtMs.push(deadlineMs);
  return item;
}

function withoutKept(item: AssessedGroup, kept: LeavingCopy, nowMs: number): AssessedGroup {
  const leaving = item.group.leaving.map((one) =>
    one === kept ? { ...one, stage: "removal" as const, sinceMs: nowMs } : one,
  );
  return { ...item, group: { ...item.group, leaving } };
}

/** The old copy is the group again, as it was, and the new one goes. */
function undone(
  context: PlanContext,
  item: AssessedGroup,
  kept: LeavingCopy,
  why: string,
  notes: PlanNotes,
): AssessedGroup {
  const { nowMs } = context;
  const { group } = item;
  const { copy } = kept;
  const cause: Cause = { kind: "move", message: why, atMs: nowMs };
  const rest = group.leaving.filter((one) => one !== kept);
  const started: LeavingCopy = { copy: { ...group, leaving: [] }, stage: "removal", sinceMs: nowMs };
  const restored: GroupState = {
    ...copy,
    history: withEnd({ ...group, history: copy.history }, cause, nowMs),
    // Its number is used up: a late write of it must never pass for a later one.
    undone: Math.max(group.incarnation, group.undone),
    isSurge: group.isSurge,
    progressAtMs: nowMs,
    leaving: group.placement === null ? rest : [...rest, started],
  };
  notes.timeline.push({
    kind: "group.returned",
    group: group.index,
    incarnation: copy.incarnation,
    cause: why,
    decision: `Undo the move: group ${group.index} stays incarnation ${copy.incarnation} on ${copy.placement === null ? "its cluster" : placeText(copy.placement)}`,
    actions:
      group.placement === null ? [] : [`remove incarnation ${group.incarnation} from ${group.placement.cluster}`],
  });
  return assessGroup(context, restored, notes);
}

/**
 * A running group that was asked to move to another cluster: its new copy is started there at once, where that has room
 * beside the old one and runs the same content. Otherwise it stops first, as within a cluster. Null when nothing was
 * asked for.
 */
export function startMove(
  context: PlanContext,
  item: AssessedGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup | null {
  const { nowMs } = context;
  const { group } = item;
  if (group.moveTo === null || group.placement === null) return null;
  const cause: Cause = { kind: "move", message: "A move was asked for", atMs: nowMs };
  const beside = placeBeside(context, group, placing);
  if (beside === null) {
    notes.timeline.push({
      kind: "group.stopping",
      group: group.index,
      incarnation: group.incarnation,
      cause: `${cause.message}; there is no room beside it, or it is to take another revision`,
      decision: `Stop group ${group.index}, then start it where it is placed anew`,
      actions: ["delete its workloads"],
    });
    return { ...item, running: null, group: beginTeardown(group, cause, "restart", nowMs) };
  }
  const started = startBeside(context, group, { placement: beside, revision: group.revision, cause }, "move", placing);
  notes.timeline.push({
    kind: "group.moving",
    group: group.index,
    incarnation: started.incarnation,
    cause: `${cause.message}. ${beside.why}`,
    decision: `Start incarnation ${started.incarnation} of group ${group.index} on ${placeText(beside)}; incarnation ${group.incarnation} serves on ${placeText(group.placement)} until it is ready`,
    actions: [],
  });
  return assessGroup(context, started, notes);
}

function placeBeside(context: PlanContext, group: GroupState, { ledger }: Placing): GroupState["placement"] {
  const { set, input } = context;
  const { placement, moveTo, revision } = group;
  if (placement === null || moveTo === null || moveTo.cluster === placement.cluster || keptCopy(group) !== null)
    return null;
  if (!runsSame(set, nextRevision(set, { ...group, lastCause: null }), revision)) return null;
  if (group.restartSeen < set.rollout.restart || group.roleUpdate !== null) return null;
  const leaving = [...leavingClusters(group), placement.cluster];
  const request = { set, group: group.index, revision, missing: input.missing, leaving, wish: moveTo };
  const decision = placeGroup({ ...request, isRoomNeeded: true }, ledger);
  return decision.placed ? placementOf(decision) : null;
}

/** Room for the group on another cluster than its own, beside it. */
export function hasPlaceElsewhere(context: PlanContext, group: GroupState, { ledger }: Placing): boolean {
  const { set, input } = context;
  const leaving = clustersOfGroup(group);
  const request = { set, group: group.index, revision: nextRevision(set, group), missing: input.missing, leaving };
  return placeGroup({ ...request, isRoomNeeded: true }, ledger).placed;
}

export function runsSame(set: Pick<SetState, "revisions">, a: number, b: number): boolean {
  return a === b || findRevision(set, a).hash === findRevision(set, b).hash;
}

function startBeside(
  context: PlanContext,
  group: GroupState,
  at: { readonly placement: NonNullable<GroupState["placement"]>; readonly revision: number; readonly cause: Cause },
  stage: "move" | "failover",
  placing: Placing,
): GroupState {
  const { set, nowMs } = context;
  const { placement, revision, cause } = at;
  const earlier = keptCopy(group);
  // A copy that never was Ready is nothing to return to while an older one is.
  const left: LeavingCopy = {
    copy: { ...group, leaving: [], moveTo: null },
    stage: earlier === null ? stage : "removal",
    sinceMs: nowMs,
  };
  const abilities = abilitiesOf(context, placement);
  const next = startIncarnation(
    set,
    { ...group, leaving: [...group.leaving, left], lastCause: cause, stuckPods: [], restorations: [] },
    { placement, revision, nowMs, abilities },
  );
  const reservation = reservationOf(set, next);
  if (reservation !== null) placing.ledger.reserve(reservation);
  placing.placedOn.add(placement.cluster);
  return next;
}

/**
 * A group on a cluster that has not answered for `failover.afterSeconds` starts elsewhere as its next incarnation. What is
 * there of it may still run: it stays known, and is removed or returned to when the cluster answers.
 */
export function failOver(context: PlanContext, item: AssessedGroup, placing: Placing, notes: PlanNotes): AssessedGroup {
  const { set, nowMs, input } = context;
  const { group } = item;
  const { placement } = group;
  const dueMs = failoverDueMs(context, group);
  if (placement === null || dueMs === null) return item;
  if (dueMs > nowMs) {
    notes.wakeAtMs.push(dueMs);
    return item;
  }
  const { cluster } = placement;
  const revision = nextRevision(set, group);
  const leaving = [...leavingClusters(group), cluster];
  const request = { set, group: group.index, revision, missing: input.missing, leaving };
  const found = nextPlace(request, null, null, placing.ledger);
  if (!found.isPlaced) {
    if (found.isMissing) notes.wakeAtMs.push(nowMs + MISSING_LOOK_MS);
    const stalledReason = `Nowhere else has room for it. ${found.reason}`;
    return group.stalledReason === stalledReason ? item : { ...item, group: { ...group, stalledReason } };
  }
  const seconds = set.spec.placement.failover.afterSeconds ?? 0;
  const message = `${cluster} has not answered for ${duration(seconds * 1000)} (failover.afterSeconds)`;
  const cause: Cause = { kind: "failover", message, atMs: nowMs };
  const started = startBeside(context, group, { placement: found.placement, revision, cause }, "failover", placing);
  notes.timeline.push({
    kind: "group.moving",
    group: group.index,
    incarnation: started.incarnation,
    cause: `${message}. ${found.placement.why}`,
    decision: `Start incarnation ${started.incarnation} of group ${group.index} on ${placeText(found.placement)}; incarnation ${group.incarnation} may still run on ${cluster}`,
    actions: [],
  });
  return assessGroup(context, started, notes);
}

/** When a group on a cluster that does not answer is placed elsewhere; null when it is not going to be. */
export function failoverDueMs({ set, input }: Pick<PlanContext, "set" | "input">, group: GroupState): number | null {
  const { afterSeconds } = set.spec.placement.failover;
  const cluster = group.placement?.cluster ?? "";
  if (afterSeconds === null || set.isDeleting || homeOf(set) !== null) return null;
  if (group.teardown?.next === "remove" || !isSilent(input.clusters.get(cluster))) return null;
  const lost = input.lost?.get(cluster);
  return lost === undefined || !lost.isCounting ? null : lost.sinceMs + afterSeconds * 1000;
}

const isSilent = (cluster: ObservedCluster | undefined): boolean => cluster?.health === "unreachable";
