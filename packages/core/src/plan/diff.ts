import type { GroupState, KubeObject, ObservedObject } from "../model/index.ts";
import { API_VERSION, groupName, LABEL } from "../model/index.ts";
import { renderGroupObjects, renderOwner } from "../project/group-objects.ts";
import { contentHashOf, ownerReference } from "../project/labels.ts";
import { groupObjectHashes } from "../project/object-hashes.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import type { ObservedGroup } from "./observed-group.ts";
import { type ForeignChange, isFoughtOver, restore, withoutFights } from "./restore.ts";
import type { Action } from "./types.ts";

/** What lives as long as the group and is kept over incarnations: only what differs is written. */
export type GroupObjectsDiff = {
  readonly actions: readonly Action[];
  /** Both ConfigMaps are ours and say what they should: so roles may start, and may be scaled in. */
  readonly isDiscoveryCurrent: boolean;
  /** Names of Services that are missing, or not ours, or not as they should be. */
  readonly staleServices: ReadonlySet<string>;
  /** The group with what was put back. */
  readonly group: GroupState;
};

const NONE: ReadonlySet<string> = new Set();

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
  notes: PlanNotes,
): GroupObjectsDiff {
  const hashes = groupObjectHashes(context.set, group).objects;
  const present = [...observed.configMaps, ...observed.services];
  const isCurrent = (object: ObservedObject): boolean => {
    const wanted = hashes.get(`${object.kind}/${object.name}`);
    return (
      object.contentHash === wanted?.content &&
      object.dataHash === wanted?.data &&
      object.ownerUid === ownerUid &&
      object.deletionAtMs === null
    );
  };
  if (present.length === hashes.size && present.every(isCurrent))
    return { actions: [], isDiscoveryCurrent: true, staleServices: NONE, group: withoutFights(group, keysOf(present)) };

  const owner = ownerReference(groupName(context.set.name, group.index), ownerUid);
  const wanted = renderGroupObjects(context.set, group, owner);
  const byName = new Map(present.map((object) => [`${object.kind}/${object.name}`, object]));
  const actions: Action[] = [];
  const staleServices = new Set<string>();
  let isDiscoveryCurrent = true;
  let after = group;
  for (const object of wanted) {
    const key = `${object.kind}/${object.metadata.name}`;
    const existing = byName.get(key);
    byName.delete(key);
    if (existing !== undefined && isCurrent(existing)) {
      after = withoutFights(after, key);
      continue;
    }
    const action = differing(group.index, observed.cluster, object, existing, ownerUid);
    const change = action === null ? null : foreignChange(group, object, existing, ownerUid);
    const restored = change === null ? null : restore(context, after, { object: key, ...change }, notes);
    after = restored?.group ?? after;
    // What is left to another manager holds nothing back.
    if (restored?.isUndone === false && isFoughtOver(after, key)) continue;
    if (object.kind === "ConfigMap") isDiscoveryCurrent = false;
    else staleServices.add(object.metadata.name);
    if (action !== null && restored?.isUndone !== false) actions.push(action);
  }
  // What is left over belongs to a role that the group no longer has.
  for (const object of byName.values())
    if (object.deletionAtMs === null) actions.push(deletion(group.index, observed.cluster, object));
  return { actions, isDiscoveryCurrent, staleServices, group: after };
}

const keysOf = (objects: readonly ObservedObject[]): ReadonlySet<string> =>
  new Set(objects.map(({ kind, name }) => `${kind}/${name}`));

/** What is compared of it; see project/labels. */
const fieldOf = ({ kind }: ObservedObject): string => (kind === "ConfigMap" ? "data" : "spec");

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
  return { kind: "update", group, ref: refTo(cluster, "v1", existing), object: wanted };
}

/**
 * What somebody else did to an object, in words; null where the difference comes from our own side. Roles are started
 * only when their objects are there, so one that is missing afterwards was deleted.
 */
function foreignChange(
  group: GroupState,
  wanted: KubeObject,
  existing: ObservedObject | undefined,
  ownerUid: string,
): Omit<ForeignChange, "object"> | null {
  const name = `${wanted.kind} ${wanted.metadata.name}`;
  if (existing === undefined) {
    const role = wanted.metadata.labels?.[LABEL.role];
    const wasThere = role === undefined ? group.startedRoles.length > 0 : group.startedRoles.includes(role);
    return wasThere ? { message: `${name} was deleted`, over: null } : null;
  }
  if (existing.ownerUid !== ownerUid || existing.contentHash !== contentHashOf(wanted)) return null;
  return {
    message: `${name} was changed${existing.changedBy === null ? "" : ` by ${existing.changedBy}`}`,
    over: { field: fieldOf(existing), manager: existing.changedBy, seen: existing.dataHash ?? "" },
  };
}

function deletion(group: number, cluster: string, object: ObservedObject): Action {
  return { kind: "delete", group, ref: refTo(cluster, "v1", object), propagation: "Background" };
}
