import type { GroupState } from "../model/index.ts";
import type { SetSpec } from "../spec/schema.ts";

/**
 * Delay before the recovery from failure number `failuresInRow`, in milliseconds: none after the first, then
 * base·2^(k-1) for the k-th retry, at most the maximum.
 *
 * Errors: RangeError when `failuresInRow` is below 1.
 */
export function backoffMs(failuresInRow: number, backoff: SetSpec["recovery"]["backoff"]): number {
  if (failuresInRow < 1) throw new RangeError(`there is no recovery before a failure, got ${failuresInRow}`);
  if (failuresInRow === 1) return 0;
  // Beyond 2^30 every base is over every maximum, and a base of 0 must not meet infinity.
  return Math.min(backoff.maxSeconds, backoff.baseSeconds * 2 ** Math.min(30, failuresInRow - 2)) * 1000;
}

/** When the next incarnation of a group that was just torn down is due; null when it is given up. */
export function nextStartMs(group: GroupState, spec: SetSpec, nowMs: number): number | null {
  const { cause } = group.teardown ?? {};
  if (cause?.kind !== "failure") return nowMs;
  const { maxRecoveries, backoff } = spec.recovery;
  if (maxRecoveries !== null && group.failuresInRow > maxRecoveries) return null;
  // Counted from the failure, so that a slow teardown is not added to the wait.
  return Math.max(nowMs, cause.atMs + backoffMs(Math.max(1, group.failuresInRow), backoff));
}
