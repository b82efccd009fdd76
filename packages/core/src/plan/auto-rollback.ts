import type { SetState } from "../model/index.ts";
import type { PlanNotes } from "./context.ts";
import { isRolloutPaused, revisionToReturnTo } from "./rollout-state.ts";
import { returnTo } from "./spec-change.ts";

/**
 * `onFailure: Rollback`: a rollout that has stalled returns to the last good revision by itself, under a new number.
 *
 * It can't go to and fro: what it returns to becomes the definition, so what failed is not tried again before somebody
 * asks for it; and a rollback that stalls has the last good content already, so it stops and waits for a person. Paused,
 * it is left to the person who paused it.
 */
export function planRollback(set: SetState, notes: PlanNotes, nowMs: number): SetState {
  const { stalledReason, target } = set.rollout;
  if (set.isDeleting || set.spec.rollout.onFailure !== "Rollback" || stalledReason === null || isRolloutPaused(set))
    return set;
  const good = revisionToReturnTo(set);
  if (good === null) return set;
  const { state, timeline } = returnTo(set, good, `Revision ${target} failed. ${stalledReason}`, nowMs);
  notes.timeline.push(...timeline);
  return { ...state, rollout: { ...state.rollout, returnedFrom: { revision: target, reason: stalledReason } } };
}
