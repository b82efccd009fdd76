import type { ObservedCluster, ObservedPod } from "../model/index.ts";
import type { GroupIdentity } from "../placement/exclusion.ts";

/** The clusters as if the pods of one group were gone, which is how the planner places its next incarnation. */
export function withoutGroup(
  clusters: ReadonlyMap<string, ObservedCluster>,
  { namespace, set, group }: GroupIdentity,
): ReadonlyMap<string, ObservedCluster> {
  const isOwn = (pod: ObservedPod): boolean =>
    pod.namespace === namespace && pod.set === set && pod.groupIndex === group;
  return new Map(
    [...clusters].map(([key, cluster]): [string, ObservedCluster] => [
      key,
      { ...cluster, podsOnNode: (node) => cluster.podsOnNode(node).filter((pod) => !isOwn(pod)) },
    ]),
  );
}
