import { API_VERSION, type GroupState, type SetState } from "../model/index.ts";
import { type PlanContext, type PlanNotes, refTo, refToWorkload } from "./context.ts";
import type { ObservedGroup } from "./observed-group.ts";

/** The set is deleted and what runs stays: it loses our labels and owner, and nobody looks after it from then on. */
export function isOrphaning(set: Pick<SetState, "isDeleting" | "spec">): boolean {
  return set.isDeleting && set.spec.deletion.orphan;
}

/**
 * Lets go of everything that a group has on one cluster, then removes its RoleBasedGroup. True when nothing there is
 * ours any more; its pods run on, and keep the labels by which their workload and Services select them.
 */
export function planOrphaning(group: GroupState, observed: ObservedGroup, notes: PlanNotes): boolean {
  const { cluster, owner, workloads, configMaps, services } = observed;
  const isThere = ({ deletionAtMs }: { readonly deletionAtMs: number | null }): boolean => deletionAtMs === null;
  const kept = [
    ...workloads.filter(isThere).map((workload) => refToWorkload(cluster, workload)),
    ...[...configMaps, ...services].filter(isThere).map((object) => refTo(cluster, "v1", object)),
  ];
  for (const ref of kept) notes.actions.push({ kind: "release", group: group.index, ref });
  if (kept.length > 0 || owner === null) return kept.length === 0;
  // What a watch has not told yet may still be owned by it.
  if (owner.deletionAtMs === null)
    notes.actions.push({
      kind: "delete",
      group: group.index,
      ref: refTo(cluster, API_VERSION, owner),
      propagation: "Orphan",
    });
  return false;
}

/** What is left of a group that was let go, its RoleBasedGroup aside. */
export function hasOnlyPods({ workloads, services, configMaps }: ObservedGroup): boolean {
  return [...workloads, ...services, ...configMaps].every((object) => object.deletionAtMs !== null);
}

/** As {@link planOrphaning}, of the Service for the clients of the whole set. */
export function releaseEntry(context: PlanContext, cluster: string, notes: PlanNotes): void {
  const entry = context.entry(cluster);
  if (entry !== null && entry.deletionAtMs === null)
    notes.actions.push({ kind: "release", group: null, ref: refTo(cluster, "v1", entry) });
}
