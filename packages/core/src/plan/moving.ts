import { type GroupState, keptCopy, type PlaceWish, type SetState } from "../model/index.ts";
import { beginTeardown } from "./incarnation.ts";
import type { StateChange } from "./spec-change.ts";

/** What a move is to be, as its preview said. */
export type MoveRequest = {
  readonly wish: PlaceWish;
  /** To another cluster: what runs goes on while its new copy starts there, where that can be. */
  readonly isAcross: boolean;
};

/**
 * A person's act. Within a cluster the group stops completely, then starts as its next incarnation where it is placed
 * anew; its old place is kept for it until then. To another cluster it is the planner that starts the new copy first.
 * Where it goes is decided when it starts, by what has room then. Null when it does not run.
 */
export function moveGroup(
  state: SetState,
  index: number,
  nowMs: number,
  { wish, isAcross }: MoveRequest = { wish: { cluster: null, domain: null }, isAcross: false },
): StateChange | null {
  const group = state.groups.find((candidate) => candidate.index === index);
  if (group === undefined || !canBeMoved(state, group)) return null;
  const replaced = (moved: GroupState): SetState => ({
    ...state,
    groups: state.groups.map((other) => (other === group ? moved : other)),
  });
  const about = { group: index, incarnation: group.incarnation, cause: "A move was asked for" } as const;
  if (isAcross) {
    const decision = `Move group ${index} to ${wish.cluster ?? "another cluster"}`;
    return {
      state: replaced({ ...group, moveTo: wish }),
      timeline: [{ ...about, kind: "group.moving", decision, actions: [] }],
    };
  }
  const cause = { kind: "move", message: about.cause, atMs: nowMs } as const;
  return {
    state: replaced({ ...beginTeardown(group, cause, "restart", nowMs), moveTo: wish }),
    timeline: [
      {
        ...about,
        kind: "group.stopping",
        decision: `Stop group ${index}, then start it where it is placed anew`,
        actions: [`delete its ${group.rendering.length === 1 ? "workload" : `${group.rendering.length} workloads`}`],
      },
    ],
  };
}

/** Only what runs can move: everything else is placed anew as it starts. One move ends before the next begins. */
export function canBeMoved(state: Pick<SetState, "isDeleting" | "spec">, group: GroupState): boolean {
  const isMoving = group.moveTo !== null || keptCopy(group) !== null;
  return !state.isDeleting && group.stage === "running" && group.index < state.spec.replicas && !isMoving;
}
