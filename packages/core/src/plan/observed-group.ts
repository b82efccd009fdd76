import {
  compareNames,
  type GroupState,
  isPlaceInRole,
  type ObservedCluster,
  type ObservedNode,
  type ObservedObject,
  type ObservedParts,
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
  const of = `${cluster}/${id}/${name}`;
  const sorted: (readonly [number, Sorted])[] = [];
  for (const [index, parts] of set.byGroup ?? partsByGroup(set)) {
    const before = known.get(parts);
    sorted.push([index, before?.of === of ? before : sortedParts({ of, cluster, id, name }, parts)]);
  }
  const foreign = new Set(sorted.flatMap(([, { foreignWorkloads }]) => foreignWorkloads));
  // Equal clusters give equal plans, in whatever order a cache lists what it holds.
  sorted.sort(([a], [b]) => a - b);
  const groups = new Map<number, ObservedGroup>();
  for (const [index, { group }] of sorted) {
    const own = foreign.size === 0 ? group : withoutPodsOf(foreign, name, group);
    if (!isNothing(own)) groups.set(index, own);
  }
  return groups;
}

type Sorted = {
  readonly group: ObservedGroup;
  /** `<kind>/<name>` of workloads that are not ours, in whatever group they say that they are. */
  readonly foreignWorkloads: readonly string[];
};

/** What was made of a part. Its inputs are values that never change, so nobody can tell the difference. */
const known = new WeakMap<ObservedParts, Sorted & { readonly of: string }>();

type Place = { readonly of: string; readonly cluster: string; readonly id: string; readonly name: string };

function sortedParts({ of, cluster, id, name }: Place, parts: ObservedParts): Sorted {
  const { owners, configMaps, services, workloads, pods } = parts;
  const isStrangers = owners.some((owner) => !isOwnedBy(id, owner));
  const isOurs = (object: { readonly ownerUid: string | null }): boolean => object.ownerUid !== null && !isStrangers;
  const group: ObservedGroup = {
    cluster,
    owner: isStrangers ? null : (owners.at(-1) ?? null),
    configMaps: configMaps.filter(isOurs),
    services: services.filter(isOurs),
    workloads: workloads.filter(isOurs).sort(byName),
    pods: isStrangers ? [] : pods.filter((pod) => isOfSet(id, name, pod)).sort(byName),
  };
  const foreignWorkloads = workloads.filter((workload) => !isOurs(workload)).map((one) => `${one.kind}/${one.name}`);
  const sorted = { of, group, foreignWorkloads };
  known.set(parts, sorted);
  return sorted;
}

function isOfSet(id: string, name: string, pod: ObservedPod): boolean {
  return pod.incarnation !== null && (pod.setId === null || pod.setId === id) && owningWorkload(name, pod) !== null;
}

function withoutPodsOf(foreign: ReadonlySet<string>, name: string, group: ObservedGroup): ObservedGroup {
  const pods = group.pods.filter((pod) => !foreign.has(owningWorkload(name, pod) ?? ""));
  return pods.length === group.pods.length ? group : { ...group, pods };
}

function isNothing({ owner, configMaps, services, workloads, pods }: ObservedGroup): boolean {
  return owner === null && [configMaps, services, workloads, pods].every((some) => some.length === 0);
}

function partsByGroup(set: ObservedSet): ReadonlyMap<number, ObservedParts> {
  type Building = { -readonly [K in keyof ObservedParts]: ObservedParts[K][number][] };
  const groups = new Map<number, Building>();
  for (const part of ["owners", "configMaps", "services", "workloads", "pods"] as const)
    for (const object of set[part]) {
      if (object.groupIndex === null) continue;
      let group = groups.get(object.groupIndex);
      if (group === undefined) {
        group = { owners: [], configMaps: [], services: [], workloads: [], pods: [] };
        groups.set(object.groupIndex, group);
      }
      (group[part] as (typeof object)[]).push(object);
    }
  return groups;
}

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

const nodesByName = new WeakMap<readonly ObservedNode[], ReadonlyMap<string, ObservedNode>>();

/** Every pod of a set asks for its node; the list is the same one until a node changes. */
export function nodeNamed({ nodes }: ObservedCluster, name: string): ObservedNode | undefined {
  let known = nodesByName.get(nodes);
  if (known === undefined) {
    known = new Map(nodes.map((node) => [node.name, node]));
    nodesByName.set(nodes, known);
  }
  return known.get(name);
}

/** A pod whose machine is gone for certain, by its deletion or by an administrator's word, runs no more. */
export function isOnLostNode(pod: ObservedPod, cluster: ObservedCluster): boolean {
  if (pod.nodeName === null) return false;
  const node = nodeNamed(cluster, pod.nodeName);
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
