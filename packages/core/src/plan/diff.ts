import type { GroupState, KubeObject, ObservedObject } from "../model/index.ts";
import { API_VERSION, groupName } from "../model/index.ts";
import { renderGroupObjects, renderOwner } from "../project/group-objects.ts";
import { contentHashOf, ownerReference } from "../project/labels.ts";
import { groupObjectHashes } from "../project/object-hashes.ts";
import { type PlanContext, refTo } from "./context.ts";
import type { ObservedGroup } from "./observed-group.ts";
import type { Action } from "./types.ts";

/** What lives as long as the group and is kept over incarnations: only what differs is written. */
export type GroupObjectsDiff = {
  readonly actions: readonly Action[];
  /** Both ConfigMaps say what they should, so that roles may be scaled in. */
  readonly isDiscoveryCurrent: boolean;
};

export function diffOwner(context: PlanContext, group: GroupState, observed: ObservedGroup): readonly Action[] {
  const { cluster, owner } = observed;
  const isCurrent = owner?.contentHash === groupObjectHashes(context.set, group).owner;
  if (owner !== null && (owner.deletionAtMs !== null || isCurrent)) return [];
  const object = renderOwner(context.set, group);
  if (owner === null) return [{ kind: "create", cluster, group: group.index, object }];
  return [{ kind: "update", group: group.index, ref: refTo(cluster, API_VERSION, owner), object }];
}

export function diffGroupObjects(
  context: PlanContext,
  group: GroupState,
  observed: ObservedGroup,
  ownerUid: string,
): GroupObjectsDiff {
  const hashes = groupObjectHashes(context.set, group).objects;
  const present = [...observed.configMaps, ...observed.services];
  const isCurrent = (object: ObservedObject): boolean =>
    object.contentHash === hashes.get(`${object.kind}/${object.name}`) &&
    object.ownerUid === ownerUid &&
    object.deletionAtMs === null;
  if (present.length === hashes.size && present.every(isCurrent)) return { actions: [], isDiscoveryCurrent: true };

  const owner = ownerReference(groupName(context.set.name, group.index), ownerUid);
  const wanted = renderGroupObjects(context.set, group, owner);
  const byName = new Map(present.map((object) => [`${object.kind}/${object.name}`, object]));
  const actions: Action[] = [];
  let isDiscoveryCurrent = true;
  for (const object of wanted) {
    const key = `${object.kind}/${object.metadata.name}`;
    const existing = byName.get(key);
    byName.delete(key);
    const action = differing(group.index, observed.cluster, object, existing, ownerUid);
    if (action !== null) actions.push(action);
    if (object.kind === "ConfigMap" && (existing === undefined || !isCurrent(existing))) isDiscoveryCurrent = false;
  }
  // What is left over belongs to a role that the group no longer has.
  for (const object of byName.values())
    if (object.deletionAtMs === null) actions.push(deletion(group.index, observed.cluster, object));
  return { actions, isDiscoveryCurrent };
}

function differing(
  group: number,
  cluster: string,
  wanted: KubeObject,
  existing: ObservedObject | undefined,
  ownerUid: string,
): Action | null {
  if (existing === undefined) return { kind: "create", cluster, group, object: wanted };
  if (existing.deletionAtMs !== null) return null;
  // Of an earlier RoleBasedGroup of this name: the garbage collector is about to take it.
  if (existing.ownerUid !== ownerUid) return deletion(group, cluster, existing);
  if (existing.contentHash === contentHashOf(wanted)) return null;
  return { kind: "update", group, ref: refTo(cluster, "v1", existing), object: wanted };
}

function deletion(group: number, cluster: string, object: ObservedObject): Action {
  return { kind: "delete", group, ref: refTo(cluster, "v1", object), propagation: "Background" };
}
