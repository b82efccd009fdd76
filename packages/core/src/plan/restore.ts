import type { FieldFight, GroupState, Restoration } from "../model/index.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { duration } from "./words.ts";

/** Milliseconds. Two managers that undo each other must not keep a cluster busy. */
const UNDO_INTERVAL_MS = 10_000;
/** Undone twice within this, a change that comes again is a fight; without a change for as long, we try again once. */
const FIGHT_MS = 600_000;

export type ForeignChange = {
  /** `<kind>/<name>` */
  readonly object: string;
  /** What happened, as a sentence without its stop. */
  readonly message: string;
  /** What is fought over; null for a deletion, which is undone however often it happens. */
  readonly over: { readonly field: string; readonly manager: string | null; readonly seen: string } | null;
};

/**
 * Decides whether a foreign change of an object is undone now, and takes it down. It is not while the last undoing of the
 * same object is too recent, and not in a fight: undone twice within ten minutes and changed again, the object stays as the
 * other manager wants it, until nothing was changed for ten minutes, the definition changes or a person takes it back.
 */
export function restore(
  context: PlanContext,
  group: GroupState,
  change: ForeignChange,
  notes: PlanNotes,
): { readonly group: GroupState; readonly isUndone: boolean } {
  const { nowMs } = context;
  const last = group.restorations.find((restoration) => restoration.object === change.object);
  if (last !== undefined && nowMs < last.atMs + UNDO_INTERVAL_MS) {
    notes.wakeAtMs.push(last.atMs + UNDO_INTERVAL_MS);
    return { group, isUndone: false };
  }
  const fight = last === undefined ? null : fightAfter(context, last, change);
  if (last !== undefined && fight !== null) {
    notes.wakeAtMs.push(fight.changedAtMs + FIGHT_MS);
    if (fight === last.fight) return { group, isUndone: false };
    if (last.fight === null)
      notes.timeline.push({
        ...about(group),
        kind: "object.conflict",
        cause: change.message,
        decision: `Leave ${change.object.replace("/", " ")} as it is: it was put back twice within ${duration(FIGHT_MS)}`,
      });
    return { group: withRestoration(group, { ...last, fight }), isUndone: false };
  }
  notes.timeline.push({
    ...about(group),
    kind: "object.restored",
    cause: change.message,
    decision: "Put it back as it was",
  });
  // One try after a fight: if that is undone too, the fight goes on at once.
  const beforeMs = last === undefined ? null : last.fight === null ? last.atMs : nowMs;
  return {
    group: withRestoration(group, { object: change.object, atMs: nowMs, beforeMs, fight: null }),
    isUndone: true,
  };
}

function fightAfter({ set, nowMs }: PlanContext, last: Restoration, { over }: ForeignChange): FieldFight | null {
  if (over === null) return null;
  const { fight } = last;
  if (fight === null) {
    if (last.beforeMs === null || nowMs >= last.beforeMs + FIGHT_MS) return null;
    return { ...over, sinceMs: nowMs, changedAtMs: nowMs, generation: set.generation };
  }
  if (fight.generation !== set.generation) return null;
  if (fight.seen !== over.seen) return { ...fight, ...over, changedAtMs: nowMs };
  return nowMs >= fight.changedAtMs + FIGHT_MS ? null : fight;
}

/** The objects are as they should be: nobody fights over them any more. */
export function withoutFights(group: GroupState, objects: ReadonlySet<string> | string): GroupState {
  const isSettled = (object: string): boolean =>
    typeof objects === "string" ? object === objects : objects.has(object);
  if (!group.restorations.some(({ object, fight }) => fight !== null && isSettled(object))) return group;
  return {
    ...group,
    restorations: group.restorations.map((one) => (isSettled(one.object) ? { ...one, fight: null } : one)),
  };
}

export function isFoughtOver({ restorations }: GroupState, object: string): boolean {
  return restorations.some((restoration) => restoration.object === object && restoration.fight !== null);
}

function withRestoration(group: GroupState, restoration: Restoration): GroupState {
  const others = group.restorations.filter(({ object }) => object !== restoration.object);
  return { ...group, restorations: [...others, restoration] };
}

const about = ({ index, incarnation }: GroupState) => ({ group: index, incarnation, actions: [] }) as const;
