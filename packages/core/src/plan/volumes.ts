import { compareNames, isPlaceInRole, type ObservedClaim, type SetState, workloadName } from "../model/index.ts";
import { wantedClusters } from "../placement/hosts.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { plural } from "./words.ts";

/**
 * The volume claims of a set outlive its groups: recovery, rollout, scale-in and a plain deletion keep them. When the
 * set was deleted with its volumes, its claims go after its last pod.
 */
export function planVolumes(context: PlanContext, notes: PlanNotes): void {
  for (const [cluster, claims] of claimsToDelete(context))
    for (const claim of claims)
      if (claim.deletionAtMs === null)
        notes.actions.push({
          kind: "delete",
          group: claim.groupIndex ?? 0,
          ref: refTo(cluster, "v1", { ...claim, kind: "PersistentVolumeClaim" }),
          propagation: "Background",
        });
}

/** Whether claims that go with the set are left, or may be left where nobody can look. */
export function areVolumesLeft(context: PlanContext): boolean {
  const { set, input } = context;
  if (!set.isDeleting || !set.deletesVolumes) return false;
  const { clusters: wanted } = set.spec.placement;
  const isHidden = [...wanted.names, ...wantedClusters(wanted, input.clusters)].some((name) => {
    const cluster = input.clusters.get(name);
    return cluster !== undefined && cluster.health !== "live";
  });
  return isHidden || [...claimsToDelete(context).values()].some((claims) => claims.length > 0);
}

/** What a deletion still waits for when no group is left; null when that is not volumes. */
export function volumesMessage(context: PlanContext): string | null {
  if (!areVolumesLeft(context)) return null;
  const claims = [...claimsToDelete(context).values()].flat();
  const [first, ...others] = claims.sort((a, b) => compareNames(a.name, b.name));
  if (first === undefined) return "Its volumes are in a cluster that does not answer.";
  const count = plural(others.length + 1, "volume claim");
  return `${count} to go, ${first.name}${others.length === 0 ? "" : " first"}. A claim goes when no pod uses it any more.`;
}

function claimsToDelete({ set, input }: PlanContext): ReadonlyMap<string, readonly ObservedClaim[]> {
  const found = new Map<string, readonly ObservedClaim[]>();
  if (!set.isDeleting || !set.deletesVolumes) return found;
  for (const [name, cluster] of input.clusters)
    if (cluster.health === "live")
      found.set(
        name,
        cluster.set(set.namespace, set.name).claims.filter((claim) => isOwnClaim(set, claim)),
      );
  return found;
}

/**
 * A label alone does not make a claim ours: it also has the name that the StatefulSet of its group and role gives, with
 * what the pod has after its role at the end.
 */
export function isOwnClaim(set: Pick<SetState, "name">, { name, groupIndex, role }: ObservedClaim): boolean {
  if (groupIndex === null || role === null) return false;
  const infix = `-${workloadName(set.name, groupIndex, role)}-`;
  const at = name.lastIndexOf(infix);
  return at > 0 && isPlaceInRole(name.slice(at + infix.length));
}
