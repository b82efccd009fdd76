import type { GroupState, SetState } from "../model/index.ts";
import { beginTeardown } from "./incarnation.ts";
import type { StateChange } from "./spec-change.ts";

/**
 * A person's act: the group stops completely, then starts as its next incarnation where it is placed anew. Where that is,
 * is decided when it starts, by what has room then; its old place is kept for it until then. Null when it does not run.
 */
export function moveGroup(state: SetState, index: number, nowMs: number): StateChange | null {
  const group = state.groups.find((candidate) => candidate.index === index);
  if (group === undefined || !canBeMoved(state, group)) return null;
  const cause = { kind: "move", message: "A move was asked for", atMs: nowMs } as const;
  const moved = beginTeardown(group, cause, "restart", nowMs);
  return {
    state: { ...state, groups: state.groups.map((other) => (other === group ? moved : other)) },
    timeline: [
      {
        kind: "group.stopping",
        group: index,
        incarnation: group.incarnation,
        cause: cause.message,
        decision: `Stop group ${index}, then start it where it is placed anew`,
        actions: [`delete its ${group.rendering.length === 1 ? "workload" : `${group.rendering.length} workloads`}`],
      },
    ],
  };
}

/** Only what runs can move: everything else is placed anew as it starts. */
export function canBeMoved(state: Pick<SetState, "isDeleting" | "spec">, group: GroupState): boolean {
  return !state.isDeleting && group.stage === "running" && group.index < state.spec.replicas;
}
