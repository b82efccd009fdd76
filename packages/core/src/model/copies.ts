import type { GroupState, LeavingCopy } from "./state.ts";

/** The copy of a moving group that still counts: what it returns to when the move is undone. */
export const keptCopy = ({ leaving }: Pick<GroupState, "leaving">): LeavingCopy | null =>
  leaving.find(({ stage }) => stage !== "removal") ?? null;

/** The group serves by its old copy while the new one starts. */
export const servesByOldCopy = (group: Pick<GroupState, "leaving">): boolean => keptCopy(group)?.stage === "move";

export const leavingClusters = ({ leaving }: Pick<GroupState, "leaving">): readonly string[] =>
  leaving.flatMap(({ copy }) => copy.placement?.cluster ?? []);

/** Every cluster that has, or may have, something of the group. */
export function clustersOfGroup(group: Pick<GroupState, "leaving" | "placement">): readonly string[] {
  return [...(group.placement === null ? [] : [group.placement.cluster]), ...leavingClusters(group)];
}
