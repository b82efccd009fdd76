import type { SetState } from "../model/index.ts";
import { isHeldBack } from "./rollout-state.ts";
import { plural } from "./words.ts";

type Canaried = Pick<SetState, "revisions" | "rollout" | "spec" | "groups">;

/** Groups that the partition keeps from the target now. */
export function heldBackGroups(set: Canaried): number {
  return set.groups.filter((group) => group.index < set.spec.replicas && isHeldBack(set, group)).length;
}

/** How far a canary is that has nothing left to do; null when no group is held back. */
export function canaryMessage(set: Canaried, updatedGroups: number): string | null {
  const { replicas, rollout } = set.spec;
  const held = heldBackGroups(set);
  if (held === 0) return null;
  return `Canary: ${updatedGroups} of ${plural(replicas, "group")} at revision ${set.rollout.target}; partition ${rollout.partition} holds ${held} back.`;
}

/** What the partition does with the next revision; null without one. */
export function partitionMessage({ spec }: Pick<SetState, "spec">): string | null {
  const { replicas, rollout } = spec;
  if (rollout.partition === 0) return null;
  return rollout.partition >= replicas
    ? `Partition ${rollout.partition}: no group takes a new revision until it is lowered.`
    : `Partition ${rollout.partition}: a new revision goes to groups from ${rollout.partition} up first.`;
}
