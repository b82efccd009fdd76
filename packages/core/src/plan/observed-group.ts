import {
  compareNames,
  type ObservedCluster,
  type ObservedObject,
  type ObservedPod,
  type ObservedSet,
  type ObservedWorkload,
} from "../model/index.ts";

/** What one cluster shows of one group: only objects that are ours by label and owner, terminating ones included. */
export type ObservedGroup = {
  readonly cluster: string;
  readonly owner: ObservedObject | null;
  readonly configMaps: readonly ObservedObject[];
  readonly services: readonly ObservedObject[];
  readonly workloads: readonly ObservedWorkload[];
  readonly pods: readonly ObservedPod[];
};

export function observedGroups(cluster: string, set: ObservedSet): ReadonlyMap<number, ObservedGroup> {
  type Building = {
    -readonly [K in keyof ObservedGroup]: ObservedGroup[K] extends readonly (infer T)[] ? T[] : ObservedGroup[K];
  };
  const groups = new Map<number, Building>();
  const group = (index: number): Building => {
    const known = groups.get(index);
    if (known !== undefined) return known;
    const made: Building = { cluster, owner: null, configMaps: [], services: [], workloads: [], pods: [] };
    groups.set(index, made);
    return made;
  };
  for (const owner of set.owners) group(owner.groupIndex).owner = owner;
  for (const object of set.configMaps) if (object.ownerUid !== null) group(object.groupIndex).configMaps.push(object);
  for (const object of set.services) if (object.ownerUid !== null) group(object.groupIndex).services.push(object);
  for (const workload of set.workloads)
    if (workload.ownerUid !== null) group(workload.groupIndex).workloads.push(workload);
  for (const pod of set.pods)
    if (pod.ownerUid !== null && pod.groupIndex !== null && pod.incarnation !== null)
      group(pod.groupIndex).pods.push(pod);
  // Equal clusters give equal plans, in whatever order a cache lists what it holds.
  for (const { pods, workloads } of groups.values()) {
    pods.sort(byName);
    workloads.sort(byName);
  }
  return groups;
}

function byName(
  a: { readonly name: string; readonly uid: string },
  b: { readonly name: string; readonly uid: string },
): number {
  return compareNames(a.name, b.name) || (a.uid < b.uid ? -1 : 1);
}

/** True while neither a workload nor a pod of any life of the group is left, terminating ones included. */
export function isTornDown(observed: ObservedGroup, cluster: ObservedCluster): boolean {
  return observed.workloads.length === 0 && observed.pods.every((pod) => isOnLostNode(pod, cluster));
}

/**
 * A workload of the present life: of this incarnation, and owned by the RoleBasedGroup that is there. A group that was
 * removed and came back counts its incarnations anew, under another RoleBasedGroup.
 */
export function isOfThisLife(workload: ObservedWorkload, incarnation: number, observed: ObservedGroup): boolean {
  return workload.incarnation === incarnation && (observed.owner === null || workload.ownerUid === observed.owner.uid);
}

/** A pod whose machine is gone for certain, by its deletion or by an administrator's word, runs no more. */
export function isOnLostNode(pod: ObservedPod, cluster: ObservedCluster): boolean {
  if (pod.nodeName === null) return false;
  const node = cluster.nodes.find((candidate) => candidate.name === pod.nodeName);
  return node === undefined || node.taints.some((taint) => taint.key === "node.kubernetes.io/out-of-service");
}

/** `decode-2` of `demo-group-0-decode-2`, or the whole name where it has no ordinal of its own. */
export function shortPodName(pod: { readonly name: string; readonly role: string | null }): string {
  const ordinal = ordinalOf(pod.name);
  return pod.role === null || ordinal === null ? pod.name : `${pod.role}-${ordinal}`;
}

export function ordinalOf(podName: string): number | null {
  const match = /-(\d+)$/.exec(podName);
  return match === null ? null : Number(match[1]);
}
