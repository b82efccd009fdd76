import type { GroupState, RoleRestart, SetState } from "../model/index.ts";
import { nextIncarnation } from "./incarnation.ts";
import { begun } from "./rollout-state.ts";
import type { StateChange } from "./spec-change.ts";
import type { TimelineDraft } from "./types.ts";
import { listed } from "./words.ts";

/** A person's acts on rollout and recovery. Each answers null when there is nothing to do. */

export function pauseRollout(state: SetState): StateChange | null {
  if (state.rollout.isPaused) return null;
  return {
    state: { ...state, rollout: { ...state.rollout, isPaused: true } },
    timeline: [draft("rollout.paused", "Stop before the next group; the one under way is finished")],
  };
}

/** Goes on after a pause or after the deadline stopped it. `spec.rollout.paused` still pauses: it is the definition's. */
export function resumeRollout(state: SetState, nowMs: number): StateChange | null {
  if (!state.rollout.isPaused && state.rollout.stalledReason === null) return null;
  return {
    state: { ...state, rollout: { ...state.rollout, isPaused: false, stalledReason: null, progressAtMs: nowMs } },
    timeline: [draft("rollout.resumed", `Go on with revision ${state.rollout.target}`)],
  };
}

/** Every group is taken to its next incarnation with the same content, within the same budget. */
export function restartRollout(state: SetState, nowMs: number): StateChange {
  const { rollout } = state;
  return {
    state: { ...state, rollout: { ...begun(rollout, nowMs), restart: rollout.restart + 1 } },
    timeline: [draft("rollout.restarted", "Restart all groups, one after another within the budget")],
  };
}

/** Ends the waiting of a group now, also of one that was given up. Null when it does not wait. */
export function retryGroupNow(state: SetState, index: number, nowMs: number): StateChange | null {
  const group = state.groups.find((candidate) => candidate.index === index);
  if (group?.stage === "running") return retryRolesNow(state, group, nowMs);
  if (group === undefined || group.stage !== "waiting") return null;
  if (group.notBeforeMs !== null && group.notBeforeMs <= nowMs) return null;
  // One that was given up begins to count afresh; otherwise the next failure would end it at once.
  const failuresInRow = group.notBeforeMs === null ? 0 : group.failuresInRow;
  const retried = { ...group, notBeforeMs: nowMs, failuresInRow };
  return {
    state: { ...state, groups: state.groups.map((other) => (other === group ? retried : other)) },
    timeline: [
      {
        kind: "group.recovering",
        group: index,
        incarnation: group.incarnation,
        cause: "Asked for",
        decision: `Start incarnation ${nextIncarnation(group)} of group ${index} now`,
        actions: [],
      },
    ],
  };
}

/** The same for roles that are recreated within the incarnation. */
function retryRolesNow(state: SetState, group: GroupState, nowMs: number): StateChange | null {
  const isHeld = ({ stage, notBeforeMs }: RoleRestart): boolean =>
    (stage === "leaving" || stage === "waiting") && (notBeforeMs === null || notBeforeMs > nowMs);
  const held = group.roleRestarts.filter(isHeld);
  if (held.length === 0) return null;
  const roleRestarts = group.roleRestarts.map((restart) =>
    isHeld(restart)
      ? {
          ...restart,
          notBeforeMs: nowMs,
          failuresInRow: restart.notBeforeMs === null ? 0 : restart.failuresInRow,
        }
      : restart,
  );
  const retried = { ...group, roleRestarts };
  const roles = listed(held.map(({ role }) => role));
  return {
    state: { ...state, groups: state.groups.map((other) => (other === group ? retried : other)) },
    timeline: [
      {
        kind: "group.recovering",
        group: group.index,
        incarnation: group.incarnation,
        cause: "Asked for",
        decision: `Start ${roles} of group ${group.index} now`,
        actions: [],
      },
    ],
  };
}

/** Ends all fights over fields: what others changed is put back at the next plan. Null when there is none. */
export function retakeFields(state: SetState): StateChange | null {
  const objects = state.groups.flatMap(({ restorations }) =>
    restorations.flatMap(({ object, fight }) => (fight === null ? [] : [object.replace("/", " ")])),
  );
  if (objects.length === 0) return null;
  const groups = state.groups.map((group) =>
    group.restorations.every(({ fight }) => fight === null)
      ? group
      : { ...group, restorations: group.restorations.filter(({ fight }) => fight === null) },
  );
  return {
    state: { ...state, groups },
    timeline: [draft("object.restored", `Take ${listed(objects)} back`)],
  };
}

function draft(kind: TimelineDraft["kind"], decision: string): TimelineDraft {
  return { kind, group: null, incarnation: null, cause: "Asked for", decision, actions: [] };
}
