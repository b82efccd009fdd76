import type { Cause, GroupPlacement, GroupState, PastIncarnation, SetState } from "../model/index.ts";
import { type ClusterAbilities, renderWorkloads } from "../project/workloads.ts";

/** The stages of a group's life and the only ways from one to the next. */

/** Ends kept with a group. */
const HISTORY_LIMIT = 20;

export function newGroup(index: number, revision: number, restart: number, nowMs: number): GroupState {
  return {
    index,
    stage: "unplaced",
    incarnation: 0,
    revision,
    placement: null,
    moveTo: null,
    leaving: [],
    undone: 0,
    unplacedReason: null,
    sinceMs: nowMs,
    incarnationStartedAtMs: null,
    startedRoles: [],
    roleRestarts: [],
    rendering: [],
    roleUpdate: null,
    readyPods: [],
    unsettledRoles: [],
    asked: [],
    restorations: [],
    stuckPods: [],
    firstReadyAtMs: null,
    readySinceMs: null,
    teardown: null,
    notBeforeMs: null,
    failuresInRow: 0,
    lastCause: null,
    takenDown: false,
    isSurge: false,
    restartSeen: restart,
    progressAtMs: nowMs,
    stalledReason: null,
    history: [],
  };
}

/** Numbers are used once, those of moves that were undone too. */
export function nextIncarnation({ incarnation, undone }: Pick<GroupState, "incarnation" | "undone">): number {
  return Math.max(incarnation, undone) + 1;
}

/** unplaced, waiting → running: the next incarnation, rendered once and stored with it. */
export function startIncarnation(
  set: SetState,
  group: GroupState,
  start: {
    readonly placement: GroupPlacement;
    readonly revision: number;
    readonly nowMs: number;
    readonly abilities: ClusterAbilities;
  },
): GroupState {
  const { placement, revision, nowMs, abilities } = start;
  const next = { ...group, incarnation: nextIncarnation(group), revision, placement };
  return {
    ...next,
    stage: "running",
    moveTo: null,
    unplacedReason: null,
    sinceMs: nowMs,
    incarnationStartedAtMs: nowMs,
    startedRoles: [],
    roleRestarts: [],
    rendering: renderWorkloads(set, next, abilities),
    roleUpdate: null,
    readyPods: [],
    unsettledRoles: [],
    asked: [],
    firstReadyAtMs: null,
    readySinceMs: null,
    teardown: null,
    notBeforeMs: null,
    restartSeen: set.rollout.restart,
    progressAtMs: nowMs,
    stalledReason: null,
  };
}

/** → teardown. Nothing is judged any more: whatever happens to the pods from here on, we asked for. */
export function beginTeardown(group: GroupState, cause: Cause, next: "restart" | "remove", nowMs: number): GroupState {
  return {
    ...group,
    stage: "teardown",
    teardown: { cause, next },
    roleUpdate: null,
    sinceMs: nowMs,
    progressAtMs: nowMs,
    roleRestarts: [],
    readyPods: [],
    unsettledRoles: [],
    asked: [],
    readySinceMs: null,
    stalledReason: null,
    notBeforeMs: null,
    lastCause: cause,
  };
}

/** teardown → waiting, when everything of the incarnation is gone. */
export function endIncarnation(group: GroupState, notBeforeMs: number | null, nowMs: number): GroupState {
  return {
    ...group,
    stage: "waiting",
    teardown: null,
    sinceMs: nowMs,
    progressAtMs: nowMs,
    startedRoles: [],
    rendering: [],
    roleUpdate: null,
    firstReadyAtMs: null,
    notBeforeMs,
    history: group.teardown === null ? group.history : withEnd(group, group.teardown.cause, nowMs),
  };
}

/** Its ends so far and that of the present incarnation. */
export function withEnd(group: GroupState, cause: Cause, nowMs: number): readonly PastIncarnation[] {
  if (group.incarnationStartedAtMs === null) return group.history;
  const ended: PastIncarnation = {
    incarnation: group.incarnation,
    revision: group.revision,
    startedAtMs: group.incarnationStartedAtMs,
    endedAtMs: nowMs,
    cause,
  };
  if (group.history.at(-1)?.incarnation === group.incarnation) return group.history;
  return [...group.history, ended].slice(-HISTORY_LIMIT);
}
