import { canonicalJson, type GroupPlacement, type GroupState, type SetState } from "../model/index.ts";
import type { Ledger } from "../placement/ledger.ts";
import { placeGroup } from "../placement/place-group.ts";
import { reservationOf } from "../placement/reservations.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { startIncarnation } from "./incarnation.ts";
import { hasOldContent, isHeldBack, isRolloutHeld } from "./rollout-state.ts";

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
  const found = findPlace(context, group, revision, placing.ledger);
  if (typeof found === "string") return unplace(context, { ...group, revision }, found, notes);

  const next = startIncarnation(set, group, { placement: found, revision, nowMs });
  const reservation = reservationOf(set, next);
  if (reservation !== null) placing.ledger.reserve(reservation);
  if (found !== group.placement || revision !== group.revision) placing.placedOn.add(found.cluster);
  const isMoved = group.placement === null || placeText(found) !== placeText(group.placement);
  if (isMoved) announcePlace(group, next, found, notes);
  announceStart(group, next, notes);
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

/** A placement, or why there is none. A placement that still fits is the same object. */
function findPlace(context: PlanContext, group: GroupState, revision: number, ledger: Ledger): GroupPlacement | string {
  const { set } = context;
  const request = { set, group: group.index, revision };
  if (group.placement !== null) {
    const { cluster, domain } = group.placement;
    const decision = placeGroup({ ...request, only: { cluster, domain } }, ledger);
    if (decision.placed)
      return isSameContent(decision.avoid, group.placement.avoid)
        ? group.placement
        : { ...group.placement, avoid: decision.avoid };
  }
  const decision = placeGroup(request, ledger);
  if (!decision.placed) return decision.message;
  const { cluster, domain, avoid, why } = decision;
  return { cluster, domain, avoid, why };
}

const isSameContent = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

function unplace(context: PlanContext, group: GroupState, reason: string, notes: PlanNotes): GroupState {
  if (group.stage === "unplaced" && group.unplacedReason !== null) {
    const isSame = group.unplacedReason === reason;
    const before = context.set.groups.find((stored) => stored.index === group.index);
    return isSame && before?.revision === group.revision && before.stage === "unplaced"
      ? before
      : { ...group, unplacedReason: reason };
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
    notBeforeMs: null,
    sinceMs: context.nowMs,
  };
}

function announcePlace(before: GroupState, group: GroupState, placement: GroupPlacement, notes: PlanNotes): void {
  const from = before.placement;
  notes.timeline.push({
    kind: "group.placed",
    group: group.index,
    incarnation: group.incarnation,
    cause: from === null ? placement.why : `${placeText(from)} can no longer hold it. ${placement.why}`,
    decision: `${from === null ? "Place" : "Move"} group ${group.index} on ${placeText(placement)}`,
    actions: [],
  });
}

function announceStart(before: GroupState, group: GroupState, notes: PlanNotes): void {
  const isRecovery = before.lastCause?.kind === "failure" && before.incarnation > 0;
  notes.timeline.push({
    kind: isRecovery ? "group.recovering" : "group.starting",
    group: group.index,
    incarnation: group.incarnation,
    cause: before.incarnation === 0 ? null : (before.lastCause?.message ?? null),
    decision: `Start incarnation ${group.incarnation} of group ${group.index} at revision ${group.revision}`,
    actions: [],
  });
}

export function placeText({ cluster, domain }: Pick<GroupPlacement, "cluster" | "domain">): string {
  return domain === null ? cluster : `${cluster}/${domain.value}`;
}

/** A waiting group need not wait for its backoff when what it will run has changed, or a restart was asked for. */
export function isStartedAfresh(set: SetState, group: GroupState): boolean {
  return !isRolloutHeld(set) && (hasOldContent(set, group) || group.restartSeen < set.rollout.restart);
}
