export type OwnershipTiming = {
  /** Between two looks at the Lease. */
  readonly lookMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** A look that showed the Lease as ours permits writes for so long, counted from its beginning. */
  readonly validMs: number;
  /** After a take-over from somebody who renewed: until then what they had under way has come to its end. */
  readonly pauseMs: number;
  /** Who has not renewed for so long is told as silent; and so long a Lease that vanished stays theirs. */
  readonly durationMs: number;
};

/** `pauseMs` is more than `validMs` and the longest wait for an answer to a write, 10 s, together. */
export const OWNERSHIP_TIMING: OwnershipTiming = {
  lookMs: 3_000,
  renewMs: 15_000,
  validMs: 15_000,
  pauseMs: 30_000,
  durationMs: 60_000,
};
