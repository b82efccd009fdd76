import {
  type GroupPlacement,
  type GroupState,
  groupRoles,
  leavingClusters,
  type PlaceWish,
  type SetState,
} from "../model/index.ts";
import type { Ledger } from "../placement/ledger.ts";
import { leavingReservation, reservationOf } from "../placement/reservations.ts";
import type { ClusterAbilities } from "../project/workloads.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { startIncarnation } from "./incarnation.ts";
import { nextPlace } from "./next-place.ts";
import { hasOldContent, isHeldBack, isRolloutHeld } from "./rollout-state.ts";
import { unchangedOr } from "./unchanged.ts";
import { listed } from "./words.ts";

/** Milliseconds. Nothing tells when a Secret appears: while a group waits for one, it is looked for this often. */
export const MISSING_LOOK_MS = 5_000;

const ANYWHERE: PlaceWish = { cluster: null, domain: null };

/** Books and marks of the placing in one plan. */
export type Placing = {
  readonly ledger: Ledger;
  /** Clusters on which something was promised in this plan. */
  readonly placedOn: Set<string>;
};

/**
 * Starts the next incarnation of a group that has none: where it was while that still fits, otherwise anew. Without room
 * it is unplaced, with the reason, and holds nothing else back.
 */
export function startNext(context: PlanContext, group: GroupState, placing: Placing, notes: PlanNotes): GroupState {
  const { set, nowMs } = context;
  const revision = nextRevision(set, group);
  placing.ledger.release({ namespace: set.namespace, set: set.name, group: group.index });
  for (const copy of group.leaving) {
    const reservation = leavingReservation(set, copy);
    if (reservation !== null) placing.ledger.reserve(reservation);
  }
  const isAskedToMove = group.lastCause?.kind === "move";
  const leaving = leavingClusters(group);
  const request = { set, group: group.index, revision, missing: context.input.missing, leaving };
  const found = nextPlace(request, group.placement, isAskedToMove ? (group.moveTo ?? ANYWHERE) : null, placing.ledger);
  if (!found.isPlaced) {
    if (found.isMissing) notes.wakeAtMs.push(nowMs + MISSING_LOOK_MS);
    return unplace(context, { ...group, revision }, found.reason, notes);
  }

  const { placement, lost } = found;
  const abilities = abilitiesOf(context, placement);
  const next = startIncarnation(set, group, { placement, revision, nowMs, abilities });
  const reservation = reservationOf(set, next);
  if (reservation !== null) placing.ledger.reserve(reservation);
  if (placement !== group.placement || revision !== group.revision) placing.placedOn.add(placement.cluster);
  const isMoved = group.placement === null || placeText(placement) !== placeText(group.placement);
  if (isMoved) announcePlace(group, next, { placement, lost }, notes);
  announceStart(context, group, next, notes);
  return next;
}

/**
 * Below the partition, and while a rollout is held, a group that is recreated keeps its revision. One that was taken down for the rollout is in
 * the middle, and is finished.
 */
export function nextRevision(set: SetState, group: GroupState): number {
  if (isHeldBack(set, group)) return group.revision;
  return isRolloutHeld(set) && group.lastCause?.kind !== "rollout" ? group.revision : set.rollout.target;
}

function unplace(context: PlanContext, group: GroupState, reason: string, notes: PlanNotes): GroupState {
  if (group.stage === "unplaced" && group.unplacedReason !== null) {
    const before = context.set.groups.find((stored) => stored.index === group.index);
    return unchangedOr(before, { ...group, unplacedReason: reason });
  }
  notes.timeline.push({
    kind: "group.unplaced",
    group: group.index,
    incarnation: null,
    cause: reason,
    decision: `Group ${group.index} waits for room`,
    actions: [],
  });
  return {
    ...group,
    stage: "unplaced",
    placement: null,
    unplacedReason: reason,
    moveTo: null,
    notBeforeMs: null,
    sinceMs: context.nowMs,
  };
}

function announcePlace(
  before: GroupState,
  group: GroupState,
  { placement, lost }: { readonly placement: GroupPlacement; readonly lost: string | null },
  notes: PlanNotes,
): void {
  const from = before.placement;
  const left =
    lost !== null
      ? `${from === null ? "" : placeText(from)} can no longer hold it: ${lost}`
      : `${before.lastCause?.message ?? "It is placed anew"}.`;
  notes.timeline.push({
    kind: "group.placed",
    group: group.index,
    incarnation: group.incarnation,
    cause: from === null ? placement.why : `${left} ${placement.why}`,
    decision: `${from === null ? "Place" : "Move"} group ${group.index} on ${placeText(placement)}`,
    actions: [],
  });
}

function announceStart({ set }: PlanContext, before: GroupState, group: GroupState, notes: PlanNotes): void {
  const isRecovery = before.lastCause?.kind === "failure" && before.incarnation > 0;
  notes.timeline.push({
    kind: isRecovery ? "group.recovering" : "group.starting",
    group: group.index,
    incarnation: group.incarnation,
    cause: before.incarnation === 0 ? null : (before.lastCause?.message ?? null),
    decision: `Start incarnation ${group.incarnation} of group ${group.index} at revision ${group.revision}`,
    actions: withoutLeaderWorkerSets(set, group),
  });
}

/** What the cluster of a placement can do; the incarnation keeps to it, whatever is installed there later. */
export function abilitiesOf(context: PlanContext, placement: GroupPlacement | null): ClusterAbilities {
  const cluster = placement === null ? null : context.live(placement.cluster);
  return { hasLeaderWorkerSets: cluster?.hasLeaderWorkerSets === true };
}

/** Says where something else runs than was asked for. */
function withoutLeaderWorkerSets(set: SetState, group: GroupState): readonly string[] {
  const replaced = groupRoles(set, group.revision)
    .filter(({ role, kind }) => group.rendering.some((one) => one.role === role && one.kind !== kind))
    .map(({ role }) => role);
  if (replaced.length === 0) return [];
  const cluster = group.placement?.cluster ?? "its cluster";
  return [`run ${listed(replaced)} as one StatefulSet per instance: ${cluster} has no LeaderWorkerSet API`];
}

export function placeText({ cluster, domain }: Pick<GroupPlacement, "cluster" | "domain">): string {
  return domain === null ? cluster : `${cluster}/${domain.value}`;
}

/** A waiting group need not wait for its backoff when what it will run has changed, or a restart was asked for. */
export function isStartedAfresh(set: SetState, group: GroupState): boolean {
  return !isRolloutHeld(set) && (hasOldContent(set, group) || group.restartSeen < set.rollout.restart);
}
