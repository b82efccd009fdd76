import type { ClusterHealth, GroupPhase, PodState, SetPhase } from "@openpatio/core/model";

/** Every cut a tile can have. `tornDown` is a place kept for the next incarnation, `stale` the last known of a lost cluster. */
export const TILE_STATES = [
  "failed",
  "tornDown",
  "recovering",
  "degraded",
  "updating",
  "starting",
  "pending",
  "deleting",
  "unknown",
  "stale",
  "paused",
  "ready",
] as const;
export type TileState = (typeof TILE_STATES)[number];

export const STATE_WORD: Readonly<Record<TileState, string>> = {
  failed: "Failed",
  tornDown: "Torn down",
  recovering: "Recovering",
  degraded: "Degraded",
  updating: "Updating",
  starting: "Starting",
  pending: "Pending",
  deleting: "Deleting",
  unknown: "Unknown",
  stale: "Stale",
  paused: "Paused",
  ready: "Ready",
};

const OF_PHASE: Readonly<Record<GroupPhase | SetPhase, TileState>> = {
  Failed: "failed",
  Degraded: "degraded",
  Recovering: "recovering",
  Updating: "updating",
  Starting: "starting",
  Pending: "pending",
  Deleting: "deleting",
  Unknown: "unknown",
  Paused: "paused",
  Ready: "ready",
};

const OF_POD: Readonly<Record<PodState, TileState>> = {
  failed: "failed",
  tornDown: "tornDown",
  starting: "starting",
  unready: "degraded",
  waiting: "pending",
  deleting: "deleting",
  unknown: "unknown",
  ready: "ready",
};

const OF_HEALTH: Readonly<Record<ClusterHealth, TileState>> = {
  connecting: "starting",
  live: "ready",
  stale: "stale",
  unreachable: "stale",
  foreign: "stale",
};

export const HEALTH_WORD: Readonly<Record<ClusterHealth, string>> = {
  connecting: "Connecting",
  live: "Reachable",
  stale: "Stale",
  unreachable: "Unreachable",
  foreign: "Owned elsewhere",
};

export const stateOfPhase = (phase: GroupPhase | SetPhase): TileState => OF_PHASE[phase];
export const stateOfPod = (state: PodState): TileState => OF_POD[state];
export const stateOfHealth = (health: ClusterHealth): TileState => OF_HEALTH[health];

/** Worst first: for sorting tiles and tables. */
export const stateRank = (state: TileState): number => TILE_STATES.indexOf(state);
