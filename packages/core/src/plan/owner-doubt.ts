import type { GroupState } from "../model/index.ts";
import type { PlanNotes } from "./context.ts";

/**
 * Milliseconds. A RoleBasedGroup that is deleted takes its workloads along, and each kind is told by a watch of its own:
 * the end of a workload may be heard before that of its owner. So a workload that is gone is judged this much later,
 * and the cause that is told is the true one.
 */
export const OWNER_LAG_MS = 1_000;

/** The group while its owner may yet be heard to be gone; null when it is to be judged by what is seen. */
export function inDoubt(
  group: GroupState,
  isWorkloadGone: boolean,
  nowMs: number,
  notes: PlanNotes,
): GroupState | null {
  const sinceMs = group.workloadGoneSinceMs ?? nowMs;
  // A clock that was set back would prolong it.
  if (!isWorkloadGone || nowMs < sinceMs || nowMs >= sinceMs + OWNER_LAG_MS) return null;
  notes.wakeAtMs.push(sinceMs + OWNER_LAG_MS);
  return group.workloadGoneSinceMs === undefined ? { ...group, workloadGoneSinceMs: sinceMs } : group;
}

/** The same group when there was no doubt. */
export function withoutDoubt(group: GroupState): GroupState {
  if (group.workloadGoneSinceMs === undefined) return group;
  const { workloadGoneSinceMs: _, ...rest } = group;
  return rest;
}
