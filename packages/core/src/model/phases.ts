/** Closed sets that the whole product shares; every table over them is exhaustive. */

/** Phase of a set (semantics: status.phase). Order is severity for roll-ups and default sorting: worst first. */
export const SET_PHASES = [
  "Failed",
  "Degraded",
  "Recovering",
  "Updating",
  "Starting",
  "Pending",
  "Deleting",
  "Paused",
  "Ready",
] as const;
export type SetPhase = (typeof SET_PHASES)[number];

/** Phase of one group. `Pending` is not placed; `Unknown` is on a cluster that does not answer. */
export const GROUP_PHASES = [
  "Failed",
  "Degraded",
  "Recovering",
  "Updating",
  "Starting",
  "Pending",
  "Deleting",
  "Unknown",
  "Ready",
] as const;
export type GroupPhase = (typeof GROUP_PHASES)[number];

/** What is drawn for one pod. `waiting` is wanted and not created; `tornDown` is a place kept for the next incarnation. */
export const POD_STATES = [
  "failed",
  "tornDown",
  "starting",
  "unready",
  "waiting",
  "deleting",
  "unknown",
  "ready",
] as const;
export type PodState = (typeof POD_STATES)[number];

export const CONDITION_TYPES = ["Accepted", "Placed", "Progressing", "Available", "Recovering", "FieldFight"] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Standard Kubernetes condition, times in epoch milliseconds. */
export type Condition = {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionMs: number;
};
