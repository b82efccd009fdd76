/** Sets of field paths, as managedFields keep them (fieldsV1), and the sets that objects give rise to. */
import { fieldOf, isAtomicMap, type ListKind, listKindOf, resolve, type Schema } from "./openapi-schema.ts";
import { isEqual, isObject, type MutableObject } from "./store-json.ts";

/**
 * A path element is `f:name` (field), `k:{"name":"x"}` (item of a keyed list) or `v:"x"` (member of a set).
 * `members` are the paths that end here, `children` what lies below.
 */
export type FieldSet = { readonly members: Set<string>; readonly children: Map<string, FieldSet> };

export function emptySet(): FieldSet {
  return { members: new Set(), children: new Map() };
}

export function isEmptySet(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

export function insertPath(set: FieldSet, path: readonly string[]): void {
  let at = set;
  for (const [index, element] of path.entries()) {
    if (index === path.length - 1) {
      at.members.add(element);
      return;
    }
    let child = at.children.get(element);
    if (child === undefined) {
      child = emptySet();
      at.children.set(element, child);
    }
    at = child;
  }
}

function combine(
  a: FieldSet,
  b: FieldSet,
  keepMember: (inA: boolean, inB: boolean) => boolean,
  keepChild: (inA: FieldSet | undefined, inB: FieldSet | undefined) => FieldSet | undefined,
): FieldSet {
  const out = emptySet();
  for (const member of new Set([...a.members, ...b.members])) {
    if (keepMember(a.members.has(member), b.members.has(member))) out.members.add(member);
  }
  for (const element of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = keepChild(a.children.get(element), b.children.get(element));
    if (child !== undefined && !isEmptySet(child)) out.children.set(element, child);
  }
  return out;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    () => true,
    (x, y) => (x !== undefined && y !== undefined ? union(x, y) : (x ?? y)),
  );
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    (inA, inB) => inA && !inB,
    (x, y) => (x !== undefined && y !== undefined ? difference(x, y) : x),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(
    a,
    b,
    (inA, inB) => inA && inB,
    (x, y) => (x !== undefined && y !== undefined ? intersection(x, y) : undefined),
  );
}

/** Without the given paths and everything below them. */
export function without(a: FieldSet, paths: FieldSet): FieldSet {
  const out = emptySet();
  for (const member of a.members) if (!paths.members.has(member)) out.members.add(member);
  for (const [element, child] of a.children) {
    if (paths.members.has(element)) continue;
    const other = paths.children.get(element);
    const rest = other === undefined ? child : without(child, other);
    if (!isEmptySet(rest)) out.children.set(element, rest);
  }
  return out;
}

/** Only the given top-level fields, e.g. `f:status`. */
export function only(a: FieldSet, elements: readonly string[]): FieldSet {
  const out = emptySet();
  for (const element of elements) {
    if (a.members.has(element)) out.members.add(element);
    const child = a.children.get(element);
    if (child !== undefined) out.children.set(element, child);
  }
  return out;
}

export function toFieldsV1(set: FieldSet): MutableObject {
  const out: MutableObject = {};
  for (const element of [...new Set([...set.members, ...set.children.keys()])].sort()) {
    const child = set.children.get(element);
    if (child === undefined) out[element] = {};
    else out[element] = set.members.has(element) ? { ".": {}, ...toFieldsV1(child) } : toFieldsV1(child);
  }
  return out;
}

export function fromFieldsV1(fields: unknown): FieldSet {
  const set = emptySet();
  if (!isObject(fields)) return set;
  for (const [element, below] of Object.entries(fields)) {
    if (element === "." || !isObject(below)) continue;
    const keys = Object.keys(below);
    if (keys.length === 0 || Object.hasOwn(below, ".")) set.members.add(element);
    if (keys.some((key) => key !== ".")) set.children.set(element, fromFieldsV1(below));
  }
  return set;
}

function elementText(element: string): string {
  if (element.startsWith("f:")) return `.${element.slice(2)}`;
  if (element.startsWith("v:")) return `[=${element.slice(2)}]`;
  if (!element.startsWith("k:")) return `[${element.slice(2)}]`;
  const keys = JSON.parse(element.slice(2)) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

/** `.spec.template.spec.containers[name="engine"].image`: at each level what ends there, then what lies below. */
export function pathTexts(set: FieldSet, prefix = ""): string[] {
  const ends = [...set.members].sort().map((element) => prefix + elementText(element));
  const below = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...ends, ...below.flatMap(([element, child]) => pathTexts(child, prefix + elementText(element)))];
}

/** The path element of a list item; undefined when it lacks its keys. */
export function itemElement(list: ListKind, item: unknown): string | undefined {
  if (list.kind === "set") return `v:${JSON.stringify(item)}`;
  if (list.kind !== "map" || !isObject(item)) return undefined;
  const keys: MutableObject = {};
  for (const key of [...list.keys].sort()) {
    const value = item[key] ?? resolve(list.item?.properties?.[key])?.default;
    if (value !== undefined) keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/** Everything that `value` states, as an applier owns it. */
export function fieldSetOf(value: unknown, schema: Schema | undefined): FieldSet {
  const set = emptySet();
  if (Array.isArray(value)) {
    const list = listKindOf(schema);
    if (list.kind === "atomic") return set;
    for (const item of value) {
      const element = itemElement(list, item);
      if (element === undefined) continue;
      set.members.add(element);
      const below = fieldSetOf(item, list.item);
      if (!isEmptySet(below)) set.children.set(element, union(set.children.get(element) ?? emptySet(), below));
    }
    return set;
  }
  if (!isObject(value) || isAtomicMap(schema)) return set;
  for (const [key, child] of Object.entries(value)) {
    const { schema: childSchema, isNamed } = fieldOf(schema, key);
    const element = `f:${key}`;
    const below = fieldSetOf(child, childSchema);
    if (isLeaf(child, childSchema) || !isNamed) set.members.add(element);
    if (!isEmptySet(below)) set.children.set(element, below);
  }
  return set;
}

/** Scalars, atomic lists and maps, and empty maps are owned as one. */
function isLeaf(value: unknown, schema: Schema | undefined): boolean {
  if (Array.isArray(value)) return listKindOf(schema).kind === "atomic";
  if (!isObject(value)) return true;
  return isAtomicMap(schema) || Object.keys(value).length === 0;
}

export type Comparison = { readonly added: FieldSet; readonly modified: FieldSet; readonly removed: FieldSet };

/** What changed from `before` to `after`, path by path. */
export function compareObjects(before: unknown, after: unknown, schema: Schema | undefined): Comparison {
  const result: Comparison = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareInto(result, [], before, after, schema);
  return result;
}

function compareInto(
  result: Comparison,
  path: readonly string[],
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
): void {
  // Stored objects share what a write left alone.
  if (before === after) return;
  const areLists = (before === undefined || Array.isArray(before)) && (after === undefined || Array.isArray(after));
  const areMaps = (before === undefined || isObject(before)) && (after === undefined || isObject(after));
  const list: ListKind = areLists ? listKindOf(schema) : { kind: "atomic" };
  const hasItems = sizeOf(before) > 0 || sizeOf(after) > 0;
  const isWhole = areLists ? list.kind === "atomic" : !areMaps || isAtomicMap(schema);
  if (isWhole || !hasItems) {
    if (before === undefined) insertPath(result.added, path);
    else if (after === undefined) insertPath(result.removed, path);
    else if (!isEqual(before, after)) insertPath(result.modified, path);
    return;
  }
  if (areLists) {
    const left = itemsByElement(list, before);
    const right = itemsByElement(list, after);
    const item = list.kind === "atomic" ? undefined : list.item;
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      compareInto(result, [...path, element], left.get(element), right.get(element), item);
    }
  } else {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      compareInto(result, [...path, `f:${key}`], left[key], right[key], fieldOf(schema, key).schema);
    }
  }
  if (path.length === 0) return;
  if (before === undefined) insertPath(result.added, path);
  else if (after === undefined) insertPath(result.removed, path);
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

function itemsByElement(list: ListKind, value: unknown): Map<string, unknown> {
  const out = new Map<string, unknown>();
  if (!Array.isArray(value)) return out;
  for (const item of value) {
    const element = itemElement(list, item);
    if (element !== undefined) out.set(element, item);
  }
  return out;
}

/** With the struct fields on the way, which a set of leaves leaves out. */
export function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  const out: FieldSet = { members: new Set(set.members), children: new Map() };
  const list = listKindOf(schema);
  for (const [element, child] of set.children) {
    let below: Schema | undefined;
    if (element.startsWith("f:")) {
      const field = fieldOf(schema, element.slice(2));
      below = field.schema;
      if (field.isNamed) out.members.add(element);
    } else if (list.kind !== "atomic") {
      below = list.item;
    }
    out.children.set(element, withNamedFields(child, below));
  }
  return out;
}

/** `value` without the given paths; undefined when nothing is left. */
export function removeFields(value: unknown, set: FieldSet, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) {
    const list = listKindOf(schema);
    if (value.length === 0 || list.kind === "atomic") return undefined;
    const kept: unknown[] = [];
    for (const item of value) {
      const element = itemElement(list, item);
      if (element !== undefined && set.members.has(element)) continue;
      const below = element === undefined ? undefined : set.children.get(element);
      const rest = below === undefined ? item : removeFields(item, below, list.item);
      if (rest !== undefined) kept.push(rest);
    }
    return kept.length === 0 ? undefined : kept;
  }
  if (!isObject(value)) return value;
  if (isAtomicMap(schema)) return undefined;
  const kept: MutableObject = {};
  for (const [key, child] of Object.entries(value)) {
    const element = `f:${key}`;
    if (set.members.has(element)) continue;
    const below = set.children.get(element);
    const rest = below === undefined ? child : removeFields(child, below, fieldOf(schema, key).schema);
    if (rest !== undefined) kept[key] = rest;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}
