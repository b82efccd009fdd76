import type { GroupPhase, PodState } from "@openpatio/core/model";

/** Names of the state colours among the design tokens (`--color-<tone>`). */
export const TONES = [
  "ready",
  "starting",
  "updating",
  "recovering",
  "degraded",
  "failed",
  "pending",
  "unknown",
  "deleting",
] as const;
export type Tone = (typeof TONES)[number];

export const GROUP_TONE = {
  Failed: "failed",
  Degraded: "degraded",
  Recovering: "recovering",
  Updating: "updating",
  Starting: "starting",
  Pending: "pending",
  Deleting: "deleting",
  Unknown: "unknown",
  Ready: "ready",
} as const satisfies Record<GroupPhase, Tone>;

/** A group without a place is called what it is; every other phase by its own word. */
export const GROUP_WORD = {
  Failed: "Failed",
  Degraded: "Degraded",
  Recovering: "Recovering",
  Updating: "Updating",
  Starting: "Starting",
  Pending: "Unplaced",
  Deleting: "Deleting",
  Unknown: "Unknown",
  Ready: "Ready",
} as const satisfies Record<GroupPhase, string>;

export const POD_TONE = {
  failed: "failed",
  tornDown: "recovering",
  starting: "starting",
  unready: "degraded",
  waiting: "pending",
  deleting: "deleting",
  unknown: "unknown",
  ready: "ready",
} as const satisfies Record<PodState, Tone>;

export const POD_WORD = {
  failed: "Failed",
  tornDown: "Torn down",
  starting: "Starting",
  unready: "Not ready",
  waiting: "Not created",
  deleting: "Terminating",
  unknown: "Unknown",
  ready: "Ready",
} as const satisfies Record<PodState, string>;

/** Places without a pod are drawn as loose outlines: there is nothing there yet, or no longer. */
export function isEmptyPlace(state: PodState): boolean {
  return state === "waiting" || state === "tornDown";
}

/** What the countdown after a group's sentence counts to. */
export function countdownLead(nextIncarnation: number | null): string {
  return nextIncarnation === null ? "Tried again in" : "Starts in";
}
