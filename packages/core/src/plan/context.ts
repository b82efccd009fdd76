import {
  type GroupState,
  type ObservedCluster,
  type ObservedObject,
  type ObservedWorkload,
  type SetState,
  WORKLOAD_API_VERSION,
} from "../model/index.ts";
import { type ObservedGroup, observedEntry, observedGroups } from "./observed-group.ts";
import type { Action, ObjectRef, PlanInput, TimelineDraft } from "./types.ts";

/** What every stage of one plan reads. */
export type PlanContext = {
  readonly input: PlanInput;
  readonly set: SetState;
  readonly nowMs: number;
  /** The cluster, when it may be planned on: known and live. */
  live(cluster: string): ObservedCluster | null;
  observed(cluster: string, index: number): ObservedGroup;
  /** The Service of the set as a whole on a live cluster. */
  entry(cluster: string): ObservedObject | null;
  /** Everything of this set on live clusters, by cluster and group index. */
  readonly everything: ReadonlyMap<string, ReadonlyMap<number, ObservedGroup>>;
};

/** What the stages of one plan put down for others to do. Collected in order, so that a plan reads like a story. */
export type PlanNotes = {
  readonly actions: Action[];
  readonly timeline: TimelineDraft[];
  /** Moments at which to plan again although nothing changed. */
  readonly wakeAtMs: number[];
};

export function planContext(input: PlanInput, nowMs: number): PlanContext {
  const { set, clusters } = input;
  const everything = new Map<string, ReadonlyMap<number, ObservedGroup>>();
  const entries = new Map<string, ObservedObject | null>();
  for (const [name, cluster] of clusters)
    if (cluster.health === "live") {
      const shown = cluster.set(set.namespace, set.name);
      everything.set(name, observedGroups(name, set, shown));
      entries.set(name, observedEntry(set, shown));
    }
  return {
    input,
    set,
    nowMs,
    everything,
    live: (name) => {
      const cluster = clusters.get(name);
      return cluster !== undefined && cluster.health === "live" ? cluster : null;
    },
    observed: (cluster, index) => everything.get(cluster)?.get(index) ?? nothing(cluster),
    entry: (cluster) => entries.get(cluster) ?? null,
  };
}

/**
 * Whether anything about this group may be decided now. A group on a cluster that does not answer is left as it is, for
 * nothing is known of it. One whose cluster is no longer registered can only be let go.
 */
export function isInReach(context: PlanContext, group: GroupState): boolean {
  return group.placement === null || context.live(group.placement.cluster) !== null;
}

export function refTo(
  cluster: string,
  apiVersion: string,
  object: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string },
): ObjectRef {
  const { kind, namespace, name, uid } = object;
  return { cluster, apiVersion, kind, namespace, name, uid };
}

export function refToWorkload(cluster: string, workload: ObservedWorkload): ObjectRef {
  return refTo(cluster, WORKLOAD_API_VERSION[workload.kind], workload);
}

/** Deletes those of a group's workloads that are not going yet; each is there until its pods are gone. */
export function endWorkloads(
  group: number,
  { cluster }: Pick<ObservedGroup, "cluster">,
  workloads: readonly ObservedWorkload[],
  notes: PlanNotes,
): void {
  for (const workload of workloads) {
    if (workload.deletionAtMs !== null) continue;
    notes.actions.push({ kind: "delete", group, ref: refToWorkload(cluster, workload), propagation: "Foreground" });
  }
}

function nothing(cluster: string): ObservedGroup {
  return { cluster, owner: null, configMaps: [], services: [], workloads: [], pods: [] };
}
