import type { GroupState } from "../model/index.ts";
import type { PlanContext, PlanNotes } from "./context.ts";

/** Milliseconds. Two managers that undo each other must not keep a cluster busy. */
const UNDO_INTERVAL_MS = 10_000;

/**
 * Takes down that a foreign change of an object is undone now, and tells it. Null while the last undoing of the same
 * object is too recent: then nothing is done, and planned again when it is due.
 */
export function restore(
  { nowMs }: PlanContext,
  group: GroupState,
  object: string,
  change: string,
  notes: PlanNotes,
): GroupState | null {
  const last = group.restorations.find((restoration) => restoration.object === object);
  if (last !== undefined && nowMs < last.atMs + UNDO_INTERVAL_MS) {
    notes.wakeAtMs.push(last.atMs + UNDO_INTERVAL_MS);
    return null;
  }
  notes.timeline.push({
    kind: "object.restored",
    group: group.index,
    incarnation: group.incarnation,
    cause: change,
    decision: "Put it back as it was",
    actions: [],
  });
  const others = group.restorations.filter((restoration) => restoration.object !== object);
  return { ...group, restorations: [...others, { object, atMs: nowMs }] };
}
