import { findRevision, type GroupState, type Revision, type SetState } from "../model/index.ts";
import type { SetSpec } from "../spec/schema.ts";
import { renderConfigMaps, renderOwner, renderServices } from "./group-objects.ts";
import { contentHashOf, dataHash } from "./labels.ts";

export type ObjectHashes = { readonly content: string | null; readonly data: string | null };

/** Hashes of what lives as long as a group. */
export type GroupObjectHashes = {
  readonly owner: string | null;
  /** By `<kind>/<name>`: both ConfigMaps and the Services. */
  readonly objects: ReadonlyMap<string, ObjectHashes>;
};

type SetFacts = Pick<SetState, "id" | "name" | "namespace" | "spec" | "revisions">;
type GroupFacts = Pick<GroupState, "index" | "revision" | "incarnation" | "rendering" | "external">;

/**
 * Rendering and hashing is most of the work of planning a settled group, and its inputs are values that never change:
 * so results are kept for as long as the very same spec and revision are in use. Nobody can tell the difference.
 */
const known = new WeakMap<Revision, WeakMap<SetSpec, Map<string, GroupObjectHashes>>>();

export function groupObjectHashes(set: SetFacts, group: GroupFacts): GroupObjectHashes {
  const revision = findRevision(set, group.revision);
  const bySpec = known.get(revision) ?? new WeakMap<SetSpec, Map<string, GroupObjectHashes>>();
  known.set(revision, bySpec);
  const byGroup = bySpec.get(set.spec) ?? new Map<string, GroupObjectHashes>();
  bySpec.set(set.spec, byGroup);
  // Which kind a role was rendered to depends on the cluster, and decides its addresses.
  const kinds = group.rendering.map(({ role, kind }) => `${role}=${kind}`).join();
  const counts = (group.external ?? []).map(({ role, replicas }) => `${role}=${replicas}`).join();
  const key = `${set.id}/${set.namespace}/${set.name}/${group.index}/${group.incarnation}/${kinds}/${counts}`;
  const found = byGroup.get(key);
  if (found !== undefined) return found;
  const hashes = hash(set, group);
  byGroup.set(key, hashes);
  return hashes;
}

function hash(set: SetFacts, group: GroupFacts): GroupObjectHashes {
  // The owner is no part of the content.
  const owner = { apiVersion: "", kind: "", name: "", uid: "" };
  const objects = [...renderConfigMaps(set, group, owner), ...renderServices(set, group, owner)];
  return {
    owner: contentHashOf(renderOwner(set, group)),
    objects: new Map(
      objects.map((object) => [
        `${object.kind}/${object.metadata.name}`,
        { content: contentHashOf(object), data: dataHash(object) },
      ]),
    ),
  };
}
