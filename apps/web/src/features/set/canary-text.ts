import type { SetDetail } from "@openpatio/core/view";

type Facts = {
  readonly replicas: SetDetail["replicas"];
  readonly rollout: Pick<SetDetail["rollout"], "heldBack" | "isActive" | "partition" | "target" | "updatedGroups">;
};

/** How far the canary is, or what the partition will do with the next revision. */
export function canaryText({ replicas, rollout }: Facts): string {
  const { heldBack, isActive, partition, target, updatedGroups } = rollout;
  const groups = replicas === 1 ? "group" : "groups";
  if (heldBack === 0)
    return partition >= replicas
      ? `Partition ${partition}: no group takes a new revision until it is lowered.`
      : `Partition ${partition}: a new revision goes to groups from ${partition} up first.`;
  // How far it is stands above, as long as groups are on their way.
  if (isActive) return `Partition ${partition} holds ${heldBack} of ${replicas} ${groups} back.`;
  return `Canary: ${updatedGroups} of ${replicas} ${groups} on revision ${target}; partition ${partition} holds ${heldBack} back.`;
}
