import type { GroupState } from "../model/index.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { removalCause } from "./deletion.ts";
import { beginTeardown, newGroup } from "./incarnation.ts";
import { isOrphaning } from "./orphan.ts";
import { isRolloutHeld } from "./rollout-state.ts";

/**
 * Which groups there are: up adds the next indices, down takes the highest, deletion takes all. Extra
 * groups of a rollout stay until it needs them no longer, or become regular when their index is wanted. A group that is wanted
 * again while it goes is finished off first and then starts anew.
 */
export function planGroups(context: PlanContext, notes: PlanNotes): readonly GroupState[] {
  const { set, nowMs } = context;
  const wanted = set.isDeleting ? 0 : set.spec.replicas;
  const present = set.groups.map((group) => {
    if (group.isSurge && group.index < wanted) return keep({ ...group, isSurge: false });
    if (group.isSurge && !set.isDeleting) return group;
    if (group.index >= wanted && group.teardown?.next !== "remove") return remove(context, group, notes);
    if (group.index < wanted && group.teardown?.next === "remove") return keep(group);
    return group;
  });
  const known = new Set(present.map((group) => group.index));
  const added: GroupState[] = [];
  for (let index = 0; index < wanted; index++) {
    if (known.has(index)) continue;
    added.push(newGroup(index, revisionForNew(context, index), set.rollout.restart, nowMs));
  }
  if (added.length === 0) return present;
  return [...present, ...added].sort((a, b) => a.index - b.index);
}

/**
 * While a rollout is held, nothing more is put on the revision that is not proven yet; below the partition nothing is as
 * long as it is only the canary's.
 */
function revisionForNew({ set }: PlanContext, index: number): number {
  if (index < set.spec.rollout.partition) return set.rollout.current;
  return isRolloutHeld(set) ? (set.rollout.lastGood ?? set.rollout.target) : set.rollout.target;
}

function remove(context: PlanContext, group: GroupState, notes: PlanNotes): GroupState {
  const cause = removalCause(context.set, group.index, context.nowMs);
  notes.timeline.push({
    kind: "group.stopping",
    group: group.index,
    incarnation: group.incarnation,
    cause: cause.message,
    ...(isOrphaning(context.set)
      ? { decision: `Let go of group ${group.index}`, actions: ["take our labels and owner off what runs"] }
      : {
          decision: `Remove group ${group.index}`,
          actions: ["delete its workloads", "delete its RoleBasedGroup"],
        }),
  });
  return { ...beginTeardown(group, cause, "remove", context.nowMs), takenDown: false };
}

/** Once its RoleBasedGroup is being deleted, that may still happen late: it goes, and what comes after it is new. */
function keep(group: GroupState): GroupState {
  return group.teardown === null || group.teardown.isOwnerGoing === true
    ? group
    : { ...group, teardown: { ...group.teardown, next: "restart" } };
}
