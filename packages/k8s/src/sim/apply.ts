/**
 * Field ownership: who last decided which field, in metadata.managedFields. `trackUpdate` records an ordinary write,
 * `applyConfiguration` is server-side apply. Both follow structured-merge-diff (sigs.k8s.io), the library of the API
 * server: compare, take the changed fields from other managers (or conflict), merge, prune what is no longer applied.
 */
import { compareText } from "@openpatio/core/model";
import {
  compareObjects,
  difference,
  emptySet,
  type FieldSet,
  fieldSetOf,
  fromFieldsV1,
  intersection,
  isEmptySet,
  itemElement,
  only,
  pathTexts,
  removeFields,
  toFieldsV1,
  union,
  withNamedFields,
  without,
} from "./apply-fields.ts";
import { fieldOf, isAtomicMap, type ListKind, listKindOf, type Schema } from "./openapi-schema.ts";
import { ApiError, type StatusCause } from "./status.ts";
import { isEqual, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";

export type Operation = "Apply" | "Update";

export type Writer = {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339, seconds. */
  readonly time: string;
  /** Which top-level fields the endpoint lets through: writes of the others are undone and not owned. */
  readonly scope: "all" | "all-but-status" | "all-but-spec" | "status";
};

type Entry = {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The stored form, while the entry is unchanged. */
  readonly stored?: MutableObject;
};

/** Fields that every object has and nobody owns. */
const STRIPPED: FieldSet = fromFieldsV1({
  "f:apiVersion": {},
  "f:kind": {},
  "f:metadata": {
    ".": {},
    "f:name": {},
    "f:namespace": {},
    "f:creationTimestamp": {},
    "f:selfLink": {},
    "f:uid": {},
    "f:clusterName": {},
    "f:generation": {},
    "f:managedFields": {},
    "f:resourceVersion": {},
  },
});

function identity(entry: { manager: string; operation: Operation; apiVersion: string; subresource: string }): string {
  // An applier keeps its identity over versions of the resource.
  return JSON.stringify([
    entry.manager,
    entry.operation,
    entry.operation === "Apply" ? "" : entry.apiVersion,
    entry.subresource,
  ]);
}

function readEntries(managedFields: unknown): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const raw of objectsOf(managedFields)) {
    if (raw["manager"] === undefined && raw["fieldsV1"] === undefined) continue;
    const entry: Entry = {
      manager: textOf(raw["manager"] ?? "unknown"),
      operation: raw["operation"] === "Apply" ? "Apply" : "Update",
      apiVersion: textOf(raw["apiVersion"]),
      subresource: textOf(raw["subresource"]),
      time: typeof raw["time"] === "string" ? raw["time"] : undefined,
      set: knownSet(raw["fieldsV1"]),
      stored: raw,
    };
    entries.set(identity(entry), entry);
  }
  return entries;
}

const knownSets = new WeakMap<object, FieldSet>();

/** The same frozen records are read at every write of an object; sets are never changed in place. */
function knownSet(fields: unknown): FieldSet {
  if (!isObject(fields) || !Object.isFrozen(fields)) return fromFieldsV1(fields);
  let set = knownSets.get(fields);
  if (set === undefined) {
    set = fromFieldsV1(fields);
    knownSets.set(fields, set);
  }
  return set;
}

function withSet(entry: Entry, set: FieldSet): Entry {
  const { stored: _, ...rest } = entry;
  return { ...rest, set };
}

function writeEntries(entries: ReadonlyMap<string, Entry>): MutableObject[] {
  return [...entries.values()]
    .filter((entry) => !isEmptySet(entry.set))
    .sort(
      (a, b) =>
        compareText(a.operation, b.operation) ||
        compareText(a.time ?? "", b.time ?? "") ||
        compareText(a.manager, b.manager) ||
        compareText(a.apiVersion, b.apiVersion) ||
        compareText(a.subresource, b.subresource),
    )
    .map(
      (entry) =>
        entry.stored ?? {
          manager: entry.manager,
          operation: entry.operation,
          apiVersion: entry.apiVersion,
          ...(entry.time === undefined ? {} : { time: entry.time }),
          fieldsType: "FieldsV1",
          fieldsV1: toFieldsV1(entry.set),
          ...(entry.subresource === "" ? {} : { subresource: entry.subresource }),
        },
    );
}

/**
 * What a client that creates an object of a built-in kind starts from: Go writes the structs of a type even when they
 * are empty, so nobody owns those themselves, only what is in them.
 */
function blankObject(next: unknown, schema: Schema | undefined): unknown {
  if (schema?.["x-kubernetes-group-version-kind"] === undefined || !isObject(next)) return {};
  const blankTemplate = { metadata: {}, spec: { containers: [] } };
  const spec = isObject(next["spec"]) ? next["spec"] : {};
  const structs: MutableObject = {};
  for (const key of ["updateStrategy", "strategy", "names", "resources"]) if (isObject(spec[key])) structs[key] = {};
  if (isObject(spec["template"])) structs["template"] = blankTemplate;
  if (Array.isArray(spec["containers"])) structs["containers"] = [];
  return { metadata: {}, spec: structs, status: {} };
}

function inScope(set: FieldSet, scope: Writer["scope"]): FieldSet {
  if (scope === "all") return set;
  if (scope === "status") return only(set, ["f:status"]);
  const hidden = scope === "all-but-status" ? "f:status" : "f:spec";
  return without(set, { members: new Set([hidden]), children: new Map() });
}

function withoutManagedFields(object: unknown): unknown {
  if (!isObject(object) || !isObject(object["metadata"])) return object;
  const { managedFields: _, ...metadata } = object["metadata"];
  return { ...object, metadata };
}

/** managedFields to start from: the request's where it sends some (an edit of them), else the stored ones. */
function startingEntries(live: unknown, next: unknown, ignoreRequest: boolean): Map<string, Entry> {
  const stored = isObject(live) && isObject(live["metadata"]) ? live["metadata"]["managedFields"] : undefined;
  const sent = isObject(next) && isObject(next["metadata"]) ? next["metadata"]["managedFields"] : undefined;
  if (ignoreRequest || !Array.isArray(sent) || sent.length === 0) return readEntries(stored);
  // `[{}]` is how a client gives up all ownership records.
  if (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0) return new Map();
  return readEntries(sent);
}

/** The managedFields after `who` wrote `next` over `live` (undefined: created it). */
export function trackUpdate(
  live: unknown,
  next: unknown,
  schema: Schema | undefined,
  who: Writer,
): readonly MutableObject[] {
  const entries = startingEntries(live, next, who.subresource !== undefined && who.subresource !== "");
  // An object that gave up its records stays without until somebody applies it.
  if (live !== undefined && entries.size === 0) return [];
  const before = live === undefined ? blankObject(next, schema) : withoutManagedFields(live);
  const compared = compareObjects(before, withoutManagedFields(next), schema);
  const changed = inScope(union(compared.added, compared.modified), who.scope);
  const removed = inScope(compared.removed, who.scope);
  if (isEmptySet(changed) && isEmptySet(removed)) return writeEntries(entries);
  for (const [id, entry] of entries) {
    const lost = intersection(entry.set, union(changed, removed));
    if (!isEmptySet(lost)) entries.set(id, withSet(entry, difference(entry.set, lost)));
  }
  const own = difference(changed, STRIPPED);
  if (!isEmptySet(own)) {
    const entry: Entry = {
      manager: who.manager,
      operation: "Update",
      apiVersion: who.apiVersion,
      subresource: who.subresource ?? "",
      time: who.time,
      set: own,
    };
    const previous = entries.get(identity(entry));
    entries.set(identity(entry), previous === undefined ? entry : { ...entry, set: union(previous.set, own) });
  }
  return writeEntries(entries);
}

/**
 * Server-side apply of `config` over `live` (undefined: creates it). The result carries its managedFields.
 * Errors: 409 Conflict with one cause per field when another manager owns it with another value and `force` is not set.
 */
export function applyConfiguration(
  live: MutableObject | undefined,
  config: MutableObject,
  schema: Schema | undefined,
  who: Writer,
  force: boolean,
): MutableObject {
  const before = live === undefined ? {} : (withoutManagedFields(live) as MutableObject);
  const entries = startingEntries(live, undefined, true);
  if (live !== undefined && entries.size === 0) {
    // Written before anybody applied: the API server attributes all of it to this pseudo manager.
    const entry: Entry = {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion: who.apiVersion,
      subresource: "",
      time: who.time,
      set: difference(fieldSetOf(before, schema), STRIPPED),
    };
    entries.set(identity(entry), entry);
  }
  const mine: Entry = {
    manager: who.manager,
    operation: "Apply",
    apiVersion: who.apiVersion,
    subresource: who.subresource ?? "",
    time: who.time,
    set: inScope(fieldSetOf(config, schema), who.scope),
  };
  const id = identity(mine);
  const last = entries.get(id);
  entries.set(id, mine);
  const merged = mergeApplied(before, config, schema) as MutableObject;
  const next = last === undefined ? merged : prune(merged, entries, last.set, schema);
  takeOver(entries, id, before, next, schema, force);
  // An apply that changes no value is recorded without a time of its own.
  entries.set(id, {
    ...mine,
    set: difference(mine.set, STRIPPED),
    time: isEqual(before, next) ? last?.time : who.time,
  });
  return { ...next, metadata: { ...(next["metadata"] as MutableObject), managedFields: writeEntries(entries) } };
}

/** Changed fields leave their other owners; without `force` that is a conflict. */
function takeOver(
  entries: Map<string, Entry>,
  id: string,
  before: MutableObject,
  next: MutableObject,
  schema: Schema | undefined,
  force: boolean,
): void {
  const compared = compareObjects(before, next, schema);
  const changed = union(compared.added, compared.modified);
  const conflicts: { readonly manager: string; readonly path: string }[] = [];
  for (const [otherId, other] of entries) {
    if (otherId === id) continue;
    const contested = intersection(other.set, changed);
    for (const path of pathTexts(contested)) conflicts.push({ manager: managerText(other), path });
    const lost = union(contested, intersection(other.set, compared.removed));
    if (!isEmptySet(lost)) entries.set(otherId, withSet(other, difference(other.set, lost)));
  }
  if (!force && conflicts.length > 0) throw applyConflict(conflicts);
}

function managerText(entry: Entry): string {
  const subresource = entry.subresource === "" ? "" : ` with subresource ${JSON.stringify(entry.subresource)}`;
  const version = entry.operation === "Update" ? ` using ${entry.apiVersion}` : "";
  return JSON.stringify(entry.manager) + subresource + version;
}

function applyConflict(conflicts: readonly { readonly manager: string; readonly path: string }[]): ApiError {
  const causes: StatusCause[] = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field: path,
  }));
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const message = `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.path}`;
    return new ApiError(409, "Conflict", message, { causes });
  }
  const lines: string[] = [];
  for (const manager of [...new Set(conflicts.map((one) => one.manager))].sort()) {
    lines.push(`conflicts with ${manager}:`);
    lines.push(...conflicts.filter((one) => one.manager === manager).map((one) => `- ${one.path}`));
  }
  const message = `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
  return new ApiError(409, "Conflict", message, { causes });
}

/** Removes what this applier set last time and no longer does, unless somebody else owns it. */
function prune(
  merged: MutableObject,
  entries: ReadonlyMap<string, Entry>,
  last: FieldSet,
  schema: Schema | undefined,
): MutableObject {
  const asObject = (value: unknown) => (value ?? {}) as MutableObject;
  const mergedSet = withNamedFields(fieldSetOf(merged, schema), schema);
  let pruned = asObject(removeFields(merged, withNamedFields(last, schema), schema));
  let owned = emptySet();
  for (const entry of entries.values()) owned = union(owned, entry.set);
  const keep = union(withNamedFields(fieldSetOf(pruned, schema), schema), withNamedFields(owned, schema));
  pruned = asObject(removeFields(merged, difference(mergedSet, keep), schema));
  const prunedSet = withNamedFields(fieldSetOf(pruned, schema), schema);
  const gone = intersection(difference(mergedSet, prunedSet), withNamedFields(last, schema));
  return asObject(removeFields(merged, gone, schema));
}

function mergeApplied(live: unknown, config: unknown, schema: Schema | undefined): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  if (Array.isArray(live) && Array.isArray(config)) {
    const list = listKindOf(schema);
    if (list.kind === "atomic" || (live.length === 0 && config.length === 0)) return config;
    return mergeLists(live, config, list);
  }
  if (isObject(live) && isObject(config) && !isAtomicMap(schema)) {
    const out: MutableObject = {};
    for (const key of new Set([...Object.keys(live), ...Object.keys(config)])) {
      out[key] = mergeApplied(live[key], config[key], fieldOf(schema, key).schema);
    }
    return out;
  }
  return config;
}

/** Items of both: the applied order rules for those that are applied, the others keep their place among the stored. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], list: ListKind): unknown[] {
  const item = list.kind === "atomic" ? undefined : list.item;
  const left = live.map((value) => ({ key: itemElement(list, value) ?? "", value }));
  const right = config.map((value) => ({ key: itemElement(list, value) ?? "", value }));
  const rightKeys = new Set<string>();
  for (const { key } of right) {
    if (rightKeys.has(key)) {
      const text = pathTexts({ members: new Set([key]), children: new Map() })[0] ?? key;
      throw new ApiError(
        500,
        "InternalError",
        `failed to create typed patch object: duplicate entries for key ${text}`,
      );
    }
    rightKeys.add(key);
  }
  const leftByKey = new Map(left.map(({ key, value }) => [key, value]));
  const shared = right.filter(({ key }) => leftByKey.has(key)).map(({ key }) => key);
  const out: unknown[] = [];
  const taken = new Set<string>();
  let nextShared = shared.shift();
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const fromLeft = left[l];
    const fromRight = right[r];
    if (fromLeft !== undefined && fromRight !== undefined) {
      if (fromLeft.key === fromRight.key) {
        taken.add(fromLeft.key);
        out.push(mergeApplied(fromLeft.value, fromRight.value, item));
        l += 1;
        r += 1;
        nextShared = shared.shift();
        continue;
      }
      if (rightKeys.has(fromLeft.key) && nextShared !== undefined && nextShared !== fromLeft.key) {
        l += 1;
        continue;
      }
    }
    if (fromLeft !== undefined) {
      if (!rightKeys.has(fromLeft.key)) {
        out.push(fromLeft.value);
        l += 1;
        continue;
      }
      if (taken.has(fromLeft.key)) l += 1;
    }
    if (fromRight !== undefined) {
      taken.add(fromRight.key);
      out.push(mergeApplied(leftByKey.get(fromRight.key), fromRight.value, item));
      r += 1;
      if (nextShared === fromRight.key) nextShared = shared.shift();
    }
  }
  return out;
}
