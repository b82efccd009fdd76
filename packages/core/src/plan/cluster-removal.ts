import { type Cause, type GroupState, keptCopy } from "../model/index.ts";
import type { AssessedGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { beginTeardown } from "./incarnation.ts";
import type { Placing } from "./placing.ts";
import { hasPlaceElsewhere } from "./relocation.ts";

/**
 * Groups on a cluster that a person removes leave it: they are moved, deleted there, or let go and run on without us. A
 * set that may run elsewhere starts them there, with room. One that is moved waits for that room where it is.
 */
export function leaveRemovedCluster(
  context: PlanContext,
  item: AssessedGroup,
  placing: Placing,
  notes: PlanNotes,
): AssessedGroup {
  const { group } = item;
  const name = group.placement?.cluster ?? "";
  const removal = context.live(name)?.removal ?? null;
  const isLeaving = group.moveTo !== null || group.teardown?.next === "remove" || group.stage === "teardown";
  if (removal === null || isLeaving || group.stage === "unplaced" || context.set.isDeleting) return item;
  if (removal === "move" && group.stage === "running") return move(context, item, placing);
  const message = `Cluster ${name} is being removed`;
  const cause: Cause = { kind: "move", message, atMs: context.nowMs };
  notes.timeline.push({
    kind: "group.stopping",
    group: group.index,
    incarnation: group.incarnation,
    cause: message,
    decision: removal === "orphan" ? `Let go of group ${group.index}` : `Stop group ${group.index} there`,
    actions: [removal === "orphan" ? "take our labels and owner off what runs" : "delete its workloads"],
  });
  const stopped = beginTeardown(group, cause, "restart", context.nowMs);
  const { teardown } = stopped;
  return {
    ...item,
    running: null,
    group:
      removal === "orphan" && teardown !== null ? { ...stopped, teardown: { ...teardown, isLetGo: true } } : stopped,
  };
}

function move(context: PlanContext, item: AssessedGroup, placing: Placing): AssessedGroup {
  const { group } = item;
  // One move ends before the next begins.
  if (keptCopy(group) !== null) return item;
  if (!hasPlaceElsewhere(context, group, placing)) return item;
  const asked: GroupState = { ...group, moveTo: { cluster: null, domain: null } };
  return { ...item, group: asked };
}

/** What a group waits for that is to leave its cluster; null when it is not, or does. */
export function removalMessage(context: PlanContext, group: GroupState): string | null {
  const name = group.placement?.cluster ?? "";
  if (context.live(name)?.removal !== "move" || group.moveTo !== null || keptCopy(group) !== null) return null;
  return `Cluster ${name} is being removed, and nowhere else has room for the group; it serves here until there is.`;
}
