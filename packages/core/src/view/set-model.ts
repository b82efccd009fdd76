import type { ClusterHealth, GroupState, ObservedCluster, ObservedPod, SetState, SetStatus } from "../model/index.ts";
import type { Refusal, Reservation } from "../placement/types.ts";

/** One set as the views read it: what is stored, what the planner last made of it, and what the clusters show. */
export type SetModel = {
  readonly state: SetState;
  readonly status: SetStatus;
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  /** metadata.labels of the definition. */
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** Room promised to the groups of all other sets. */
  readonly reservations: () => readonly Reservation[];
  /** Why an unplaced group is not placed, per cluster and domain. */
  readonly refusalsOf: (group: number) => readonly Refusal[];
  /** What a cluster refuses of a group (null: of what belongs to the whole set), said by itself; null when nothing. */
  readonly refusedOf: (group: number | null) => string | null;
};

/** Health of the cluster of a group; null when it has none. A cluster that is not registered any more is unreachable. */
export function healthOf(model: SetModel, group: GroupState): ClusterHealth | null {
  if (group.placement === null) return null;
  return model.clusters.get(group.placement.cluster)?.health ?? "unreachable";
}

export function isStale(model: SetModel, group: GroupState): boolean {
  const health = healthOf(model, group);
  return health !== null && health !== "live";
}

/** Pods of every group on the cluster that it is placed on, terminating ones and older incarnations included. */
export function podsByGroup(model: SetModel): ReadonlyMap<number, readonly ObservedPod[]> {
  const { namespace, name, groups } = model.state;
  const byGroup = new Map<number, ObservedPod[]>(groups.map((group) => [group.index, []]));
  const clusters = new Set(groups.flatMap((group) => (group.placement === null ? [] : [group.placement.cluster])));
  const clusterOf = new Map(groups.map((group) => [group.index, group.placement?.cluster ?? null]));
  for (const cluster of clusters) {
    for (const pod of model.clusters.get(cluster)?.set(namespace, name).pods ?? []) {
      if (pod.groupIndex !== null && clusterOf.get(pod.groupIndex) === cluster) byGroup.get(pod.groupIndex)?.push(pod);
    }
  }
  return byGroup;
}

/** Hash of a revision's content; undefined when it is not kept any more. */
export const hashOf = (state: SetState, revision: number): string | undefined =>
  state.revisions.find((candidate) => candidate.number === revision)?.hash;
