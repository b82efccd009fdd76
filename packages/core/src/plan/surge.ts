import type { Cause } from "../model/index.ts";
import type { AssessedGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { beginTeardown, newGroup } from "./incarnation.ts";
import { isOutdated, isRolloutHeld, maxSurge } from "./rollout-state.ts";

/**
 * Extra groups of a rollout or restart: made above the highest index at the target, so that fewer of the others are
 * missed, and removed when what is still to be replaced, or on its way back, is less than they are.
 *
 * They are groups like any other: placed, counted by `exclusive`, recovered. One that a scale-out makes regular is at the
 * target already and is not touched; a scale-in takes the regular groups and leaves them. While the rollout is held none
 * is made, and those that are there stay.
 */
export function planSurge(
  context: PlanContext,
  assessed: readonly AssessedGroup[],
  notes: PlanNotes,
): readonly AssessedGroup[] {
  const { set, nowMs } = context;
  const extras = assessed.filter(isExtra);
  const open = set.isDeleting ? 0 : assessed.filter((item) => isStillToCome(context, item)).length;
  const needed = Math.min(maxSurge(set.spec), open);
  if (extras.length > needed) {
    const going = new Set([...extras].sort(byUse).slice(needed));
    return assessed.map((item) => (going.has(item) ? remove(context, item, notes) : item));
  }
  if (extras.length === needed || isRolloutHeld(set)) return assessed;

  const known = new Set(assessed.map(({ group }) => group.index));
  const added: AssessedGroup[] = [];
  for (let index = set.spec.replicas; extras.length + added.length < needed; index++) {
    if (known.has(index)) continue;
    const group = { ...newGroup(index, set.rollout.target, set.rollout.restart, nowMs), isSurge: true };
    added.push({ group, isInReach: true, running: null });
    notes.timeline.push({
      kind: "scaled",
      group: index,
      incarnation: null,
      cause: `maxSurge ${set.spec.rollout.maxSurge}; ${open} of ${set.spec.replicas} groups are still to be replaced`,
      decision: `Make extra group ${index} at revision ${set.rollout.target}`,
      actions: [],
    });
  }
  return [...assessed, ...added].sort((a, b) => a.group.index - b.group.index);
}

export function isExtra({ group }: AssessedGroup): boolean {
  return group.isSurge && group.teardown?.next !== "remove";
}

/** A group that the rollout has yet to take down, or to bring back. One that never had a place is not waited for. */
function isStillToCome({ set }: PlanContext, { group }: AssessedGroup): boolean {
  if (group.index >= set.spec.replicas || (group.stage === "unplaced" && group.incarnation === 0)) return false;
  return group.takenDown || isOutdated(set, group);
}

/** Those that serve are kept longest, then the lowest. */
function byUse(a: AssessedGroup, b: AssessedGroup): number {
  return (
    Number(b.running?.isAvailable === true) - Number(a.running?.isAvailable === true) || a.group.index - b.group.index
  );
}

function remove({ nowMs }: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { group } = item;
  const cause: Cause = { kind: "scale-in", message: "The rollout needs it no longer", atMs: nowMs };
  notes.timeline.push({
    kind: "group.stopping",
    group: group.index,
    incarnation: group.incarnation,
    cause: cause.message,
    decision: `Remove extra group ${group.index}`,
    actions: ["delete its workloads", "delete its RoleBasedGroup"],
  });
  return { ...item, running: null, group: { ...beginTeardown(group, cause, "remove", nowMs), takenDown: false } };
}
