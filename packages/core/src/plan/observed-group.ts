import {
  compareNames,
  type GroupState,
  isPlaceInRole,
  type ObservedCluster,
  type ObservedObject,
  type ObservedPod,
  type ObservedSet,
  type ObservedWorkload,
  type SetState,
  workloadName,
} from "../model/index.ts";
import { workersOf } from "../project/addresses.ts";

/** What one cluster shows of one group: only objects that are ours by label and owner, terminating ones included. */
export type ObservedGroup = {
  readonly cluster: string;
  readonly owner: ObservedObject | null;
  readonly configMaps: readonly ObservedObject[];
  readonly services: readonly ObservedObject[];
  readonly workloads: readonly ObservedWorkload[];
  readonly pods: readonly ObservedPod[];
};

/**
 * Sorts what carries the labels of a set by group, and leaves out what is not ours.
 *
 * Labels alone prove nothing: anybody can copy them. A RoleBasedGroup is ours by the id of the set on it; with a
 * stranger's under the name of a group, nothing of that group can be ours. Workloads and other objects have a
 * RoleBasedGroup as owner; pods have the set's id, and a workload of ours as owner, or one of its kind and name that is
 * gone by now. So what an earlier set of the name left running is not ours.
 */
export function observedGroups(
  cluster: string,
  { id, name }: Pick<SetState, "id" | "name">,
  set: ObservedSet,
): ReadonlyMap<number, ObservedGroup> {
  type Building = {
    -readonly [K in keyof ObservedGroup]: ObservedGroup[K] extends readonly (infer T)[] ? T[] : ObservedGroup[K];
  };
  const groups = new Map<number, Building>();
  const owners = set.owners.filter(isOfGroup);
  const strangers = new Set(owners.filter((owner) => !isOwnedBy(id, owner)).map((owner) => owner.groupIndex));
  const isOurs = (object: { readonly groupIndex: number; readonly ownerUid: string | null }): boolean =>
    object.ownerUid !== null && !strangers.has(object.groupIndex);
  const group = (index: number): Building => {
    const known = groups.get(index);
    if (known !== undefined) return known;
    const made: Building = { cluster, owner: null, configMaps: [], services: [], workloads: [], pods: [] };
    groups.set(index, made);
    return made;
  };
  for (const owner of owners) if (!strangers.has(owner.groupIndex)) group(owner.groupIndex).owner = owner;
  for (const object of set.configMaps.filter(isOfGroup))
    if (isOurs(object)) group(object.groupIndex).configMaps.push(object);
  for (const object of set.services.filter(isOfGroup))
    if (isOurs(object)) group(object.groupIndex).services.push(object);
  const foreign = new Set<string>();
  for (const workload of set.workloads) {
    if (isOurs(workload)) group(workload.groupIndex).workloads.push(workload);
    else foreign.add(`${workload.kind}/${workload.name}`);
  }
  for (const pod of set.pods) {
    if (pod.groupIndex === null || pod.incarnation === null || strangers.has(pod.groupIndex)) continue;
    if (pod.setId !== null && pod.setId !== id) continue;
    const owner = owningWorkload(name, pod);
    if (owner !== null && !foreign.has(owner)) group(pod.groupIndex).pods.push(pod);
  }
  // Equal clusters give equal plans, in whatever order a cache lists what it holds.
  for (const { pods, workloads } of groups.values()) {
    pods.sort(byName);
    workloads.sort(byName);
  }
  return groups;
}

const isOfGroup = (object: ObservedObject): object is ObservedObject & { readonly groupIndex: number } =>
  object.groupIndex !== null;

/** The Service of the set as a whole, when it is ours: by its name, by belonging to no group and by the id on it. */
export function observedEntry({ id, name }: Pick<SetState, "id" | "name">, set: ObservedSet): ObservedObject | null {
  const isEntry = (service: ObservedObject): boolean =>
    service.groupIndex === null && service.name === name && service.setId === id;
  return set.services.find(isEntry) ?? null;
}

/** Without an id it can still be ours, by the hash that only we write: somebody has taken the annotation away. */
function isOwnedBy(setId: string, owner: ObservedObject): boolean {
  return owner.setId === null ? owner.contentHash !== null : owner.setId === setId;
}

/** `<kind>/<name>` of the workload of a role whose pod this is by its owner's kind and name; null where it is another's. */
function owningWorkload(set: string, pod: ObservedPod): string | null {
  if (pod.groupIndex === null || pod.role === null || pod.ownerUid === null || pod.ownerName === null) return null;
  const name = workloadName(set, pod.groupIndex, pod.role);
  if (pod.ownerKind === "LeaderWorkerSet") return pod.ownerName === name ? `LeaderWorkerSet/${name}` : null;
  if (pod.ownerKind === "StatefulSet") {
    const instance = `${name}-${pod.ordinal}`;
    const names = pod.worker === null ? [name] : [instance, workersOf(instance)];
    return names.includes(pod.ownerName) ? `StatefulSet/${pod.ownerName}` : null;
  }
  // A Deployment's ReplicaSet has its name and one word more.
  const isReplicaSet = pod.ownerKind === "ReplicaSet" && pod.ownerName.startsWith(`${name}-`);
  return isReplicaSet && !pod.ownerName.slice(name.length + 1).includes("-") ? `Deployment/${name}` : null;
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

type Life = Pick<GroupState, "incarnation" | "roleRestarts">;

/** Number of a role's present life within the incarnation. */
export function roleRestart({ roleRestarts }: Life, role: string): number {
  return roleRestarts.find((restarted) => restarted.role === role)?.restart ?? 0;
}

/**
 * A workload of the present life: of this incarnation and this life of its role, and owned by the RoleBasedGroup that is
 * there. A group that was removed and came back counts its incarnations anew, under another RoleBasedGroup.
 */
export function isOfThisLife(workload: ObservedWorkload, group: Life, observed: ObservedGroup): boolean {
  const isOwned = observed.owner === null || workload.ownerUid === observed.owner.uid;
  return isOwned && isPresent(workload, group);
}

/** An incarnation after the first makes its workloads with 0 replicas, see startup. */
export function isReserved({ incarnation }: Life): boolean {
  return incarnation > 1;
}

/** A pod, or a workload, of this incarnation and this life of its role. */
export function isPresent(
  thing: { readonly incarnation: number | null; readonly roleRestart: number; readonly role: string | null },
  group: Life,
): boolean {
  return thing.incarnation === group.incarnation && thing.roleRestart === roleRestart(group, thing.role ?? "");
}

/** A pod whose machine is gone for certain, by its deletion or by an administrator's word, runs no more. */
export function isOnLostNode(pod: ObservedPod, cluster: ObservedCluster): boolean {
  if (pod.nodeName === null) return false;
  const node = cluster.nodes.find((candidate) => candidate.name === pod.nodeName);
  return node === undefined || node.taints.some((taint) => taint.key === "node.kubernetes.io/out-of-service");
}

/**
 * `decode-2` of `demo-group-0-decode-2`, `decode-2-1` of a worker of a multi-node instance; the whole name where it has no
 * ordinal of its own.
 */
export function shortPodName(pod: { readonly name: string; readonly role: string | null }): string {
  if (pod.role === null) return pod.name;
  const at = pod.name.lastIndexOf(`-${pod.role}-`);
  const end = at < 0 ? "" : pod.name.slice(at + pod.role.length + 2);
  return isPlaceInRole(end) ? `${pod.role}-${end}` : pod.name;
}

export function ordinalOf(podName: string): number | null {
  const match = /-(\d+)$/.exec(podName);
  return match === null ? null : Number(match[1]);
}
