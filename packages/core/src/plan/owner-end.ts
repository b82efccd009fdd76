import { API_VERSION, type GroupState } from "../model/index.ts";
import type { AssessedGroup } from "./assess.ts";
import { endWorkloads, type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { isTornDown, type ObservedGroup } from "./observed-group.ts";
import { hasOnlyPods, isOrphaning } from "./orphan.ts";

/**
 * A RoleBasedGroup that is deleted, by us or by hand, would take all roles of its group along at once. So it is made with
 * a finalizer, by which it stays until its roles have ended in their order; here the finalizer goes. Where what runs is
 * left to itself, it goes when nothing that the RoleBasedGroup owns is ours any more.
 *
 * It is nothing but a hold: what is late, or was never seen, goes by the garbage collector as ever. One without it, of an
 * older version or by somebody's hand, ends without being asked about.
 */
export function planOwnerEnds(context: PlanContext, advanced: readonly AssessedGroup[], notes: PlanNotes): void {
  const isLeftAlone = new Map(advanced.map(({ group }) => [group.index, group.teardown?.isLetGo === true]));
  for (const [name, groups] of context.everything) {
    const cluster = context.live(name);
    if (cluster === null) continue;
    const isOrphaned = isOrphaning(context.set) || cluster.removal === "orphan";
    for (const [index, observed] of groups) {
      const { owner } = observed;
      if (owner === null || owner.deletionAtMs === null || !owner.isHeld) continue;
      const isLetGo = isOrphaned || isLeftAlone.get(index) === true;
      if (isLetGo ? !hasOnlyPods(observed) : !isTornDown(observed, cluster)) continue;
      notes.actions.push({ kind: "release", group: index, ref: refTo(name, API_VERSION, owner) });
    }
  }
}

/** Its owner is deleted before anything of the incarnation was started: names that are held at 0 replicas go with it. */
export function planUnstartedEnd(group: GroupState, observed: ObservedGroup, notes: PlanNotes): void {
  endWorkloads(group.index, observed, observed.workloads, notes);
}
