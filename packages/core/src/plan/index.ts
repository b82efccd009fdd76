export { reservationsOf } from "../placement/reservations.ts";
export { PlanMemory } from "./memory.ts";
export { moveGroup } from "./moving.ts";
export { plan } from "./plan.ts";
export { backoffMs } from "./recovery.ts";
export { pauseRollout, restartRollout, resumeRollout, retakeFields, retryGroupNow } from "./rollout-controls.ts";
export {
  hasOldContent,
  isHeldBack,
  isOutdated,
  isRolloutActive,
  isRolloutPaused,
  maxSurge,
  maxUnavailable,
  targetRevision,
} from "./rollout-state.ts";
export {
  abortRollout,
  acceptSpec,
  createSet,
  deleteSet,
  rollbackTo,
  type StateChange,
  specAtRevision,
} from "./spec-change.ts";
export * from "./types.ts";
export { startupWaves, waveNumbers } from "./waves.ts";
