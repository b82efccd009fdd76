import {
  type Fields,
  fields,
  isRecord,
  type KubeObject,
  MANAGER,
  type OwnerReference,
  records,
} from "@openpatio/core/model";

/**
 * The JSON merge patch that makes what we own of `live` equal to `wanted`.
 *
 * Guarantees: keys that we wrote once (by the API server's own record, `managedFields`) and want no longer are removed;
 * keys that others wrote stay. A ConfigMap's data and a Service's ports and selector are ours as a whole. The patch
 * carries the UID and the resourceVersion of `live`, so it can meet neither another life nor another state of it.
 * Null when nothing differs.
 *
 * Server-side apply is not used for this: it would be an upsert, and fields created by POST have another owner than
 * fields applied later, so leaving them out would not remove them.
 */
export function planMergePatch(live: KubeObject, wanted: KubeObject): Fields | null {
  const owned = ownedFields(live);
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys({ ...live, ...wanted })) {
    if (key === "metadata" || key === "status" || key === "apiVersion" || key === "kind") continue;
    const change = patchOf(live[key], wanted[key], fields(owned[`f:${key}`]), { kind: live.kind, path: key });
    if (change !== UNCHANGED) patch[key] = change;
  }
  const metadata = metadataPatch(live, wanted, fields(owned["f:metadata"]));
  if (Object.keys(patch).length === 0 && Object.keys(metadata).length === 0) return null;
  return {
    ...patch,
    metadata: { ...metadata, uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion },
  };
}

const UNCHANGED = Symbol("unchanged");

const WHOLLY_OURS: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ["data", "binaryData"],
  Service: ["spec.selector", "spec.ports"],
};
/**
 * Not dropped when they are left out: what is written on its own, what can not be changed, and what the API server filled
 * in, which it records as fields of the one who created the object.
 */
const DEFAULTED: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec.replicas"],
  LeaderWorkerSet: ["spec.replicas"],
  StatefulSet: ["spec.replicas", "spec.volumeClaimTemplates"],
  Service: ["clusterIPs", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "sessionAffinity", "type"].map(
    (field) => `spec.${field}`,
  ),
};

function metadataPatch(live: KubeObject, wanted: KubeObject, owned: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const key of ["labels", "annotations"] as const) {
    const change = patchOf(live.metadata[key], wanted.metadata[key], fields(owned[`f:${key}`]), {
      kind: "",
      path: key,
    });
    if (change !== UNCHANGED) patch[key] = change;
  }
  const references = mergedOwners(live.metadata.ownerReferences ?? [], wanted.metadata.ownerReferences ?? []);
  if (references !== null) patch["ownerReferences"] = references;
  return patch;
}

/** A merge patch replaces a list as a whole, so other people's owner references are repeated in it. */
function mergedOwners(
  live: readonly OwnerReference[],
  wanted: readonly OwnerReference[],
): readonly OwnerReference[] | null {
  const missing = wanted.filter((one) => !live.some((other) => other.uid === one.uid));
  return missing.length === 0 ? null : [...live, ...missing];
}

type Place = { readonly kind: string; readonly path: string };

function patchOf(live: unknown, wanted: unknown, owned: Fields, at: Place): unknown {
  const isAllOurs = WHOLLY_OURS[at.kind]?.includes(at.path) === true;
  if (wanted === undefined && !isRecord(live)) return live !== undefined && isAllOurs ? null : UNCHANGED;
  if (wanted === undefined && isAllOurs) return null;
  if (!isRecord(live) || (wanted !== undefined && !isRecord(wanted))) {
    return live !== undefined && contains(live, wanted) ? UNCHANGED : wanted;
  }
  const patch: Record<string, unknown> = {};
  const target: Fields = isRecord(wanted) ? wanted : {};
  for (const key of Object.keys({ ...live, ...target })) {
    const place = { kind: at.kind, path: `${at.path}.${key}` };
    if (target[key] === undefined && DEFAULTED[place.kind]?.includes(place.path) === true) continue;
    const isDropped = target[key] === undefined && (isAllOurs || isLeaf(owned[`f:${key}`]));
    const change = isDropped ? null : patchOf(live[key], target[key], fields(owned[`f:${key}`]), place);
    if (change !== UNCHANGED) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? UNCHANGED : patch;
}

/** Within list items the API server fills in what was not sent; these are a Service port's. */
const FILLED_IN: readonly string[] = ["protocol", "targetPort", "nodePort"];

function contains(live: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(live) && live.length === wanted.length && wanted.every((item, at) => contains(live[at], item));
  }
  if (!isRecord(wanted)) return live === wanted;
  if (!isRecord(live)) return false;
  return Object.keys({ ...live, ...wanted }).every((key) =>
    wanted[key] === undefined ? FILLED_IN.includes(key) : contains(live[key], wanted[key]),
  );
}

/** `{}`: the field itself is owned, not merely parts of it. */
const isLeaf = (owned: unknown): boolean => isRecord(owned) && Object.keys(owned).length === 0;

/** The fields that our manager wrote, as one fieldsV1 tree; those of subresources (status, scale) aside. */
function ownedFields(live: KubeObject): Fields {
  return records(live.metadata.managedFields)
    .filter((entry) => entry["manager"] === MANAGER && (entry["subresource"] ?? "") === "")
    .map((entry) => fields(entry["fieldsV1"]))
    .reduce(union, {});
}

function union(a: Fields, b: Fields): Fields {
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) merged[key] = union(fields(merged[key]), fields(value));
  return merged;
}
