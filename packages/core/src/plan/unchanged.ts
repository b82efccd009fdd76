import type { GroupState } from "../model/index.ts";

/** The earlier state where the next one says nothing else: what is one and the same object is not stored again. */
export function unchangedOr(before: GroupState | undefined, next: GroupState): GroupState {
  const isSame = (Object.keys(next) as (keyof GroupState)[]).every((key) => next[key] === before?.[key]);
  return before !== undefined && isSame ? before : next;
}
