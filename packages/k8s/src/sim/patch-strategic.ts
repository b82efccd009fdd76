/** Strategic merge patch: lists with a merge key are merged item by item, as the types say. */
import { fieldOf, resolve, type Schema } from "./openapi-schema.ts";
import { ApiError, badRequest } from "./status.ts";
import { isEqual, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";

const ORDER = "$setElementOrder/";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";

/** Errors: 400 when a directive is unknown, 500 when an item of a merged list lacks its merge key. */
export function strategicPatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isObject(patch)) return patch;
  const directive = patch["$patch"];
  if (directive === "replace") {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`Unknown patch type found: ${textOf(directive)}`);
  const out: MutableObject = isObject(target) ? { ...target } : {};
  const retain = patch["$retainKeys"];
  if (Array.isArray(retain)) {
    for (const key of Object.keys(out)) if (!retain.includes(key)) delete out[key];
  }
  for (const key of Object.keys(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) {
      const field = key.slice(DELETE_PRIMITIVES.length);
      const kept = listAt(out, field).filter((item) => !listAt(patch, key).includes(item));
      out[field] = kept;
    } else if (key.startsWith(ORDER) && patch[key.slice(ORDER.length)] === undefined) {
      const field = key.slice(ORDER.length);
      const mergeKey = fieldOf(schema, field).schema?.["x-kubernetes-patch-merge-key"];
      if (Array.isArray(out[field]))
        out[field] = inOrder(listAt(out, field), listAt(out, field), listAt(patch, key), mergeKey);
    }
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (value === null) {
      delete out[key];
      continue;
    }
    const child = fieldOf(schema, key).schema;
    if (Array.isArray(value) && isMerged(child)) {
      out[key] = mergeList(listAt(out, key), value, child, listAt(patch, ORDER + key));
    } else if (isObject(value)) {
      out[key] = strategicPatch(out[key], value, child);
      if (value["$patch"] === "delete") delete out[key];
    } else {
      out[key] = value;
    }
  }
  return out;
}

function isMerged(schema: Schema | undefined): schema is Schema {
  return schema?.["x-kubernetes-patch-strategy"]?.split(",").includes("merge") === true;
}

function listAt(object: MutableObject, key: string): readonly unknown[] {
  const value = object[key];
  return Array.isArray(value) ? value : [];
}

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema,
  order: readonly unknown[],
): unknown[] {
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  if (mergeKey === undefined) {
    const added = patch.filter((item, index) => !target.includes(item) && patch.indexOf(item) === index);
    return inOrder([...target, ...added], target, order, undefined);
  }
  const items = objectsOf(patch);
  if (items.some((item) => item["$patch"] === "replace" && item[mergeKey] === undefined)) {
    return items.filter((item) => item["$patch"] === undefined);
  }
  const itemSchema = resolve(schema.items);
  let out: unknown[] = [...target];
  for (const item of items) {
    const key = item[mergeKey];
    if (key === undefined) throw withoutMergeKey(item, mergeKey);
    const isSame = (other: unknown) => isObject(other) && isEqual(other[mergeKey], key);
    if (item["$patch"] === "delete") {
      out = out.filter((other) => !isSame(other));
      continue;
    }
    const index = out.findIndex(isSame);
    const merged = strategicPatch(index < 0 ? undefined : out[index], item, itemSchema);
    if (index < 0) out.push(merged);
    else out[index] = merged;
  }
  return inOrder(
    out,
    target,
    order.length > 0 ? order : items.filter((item) => item["$patch"] === undefined),
    mergeKey,
  );
}

/** The API server fails here instead of blaming the client, and prints Go's idea of the item. */
function withoutMergeKey(item: MutableObject, mergeKey: string): ApiError {
  const text = Object.entries(item)
    .map(([key, value]) => `${key}:${textOf(value)}`)
    .join(" ");
  return new ApiError(500, "", `map: map[${text}] does not contain declared merge key: ${mergeKey}`);
}

/** Items named by the order directive come in its order; the server's own keep their place among the stored ones. */
function inOrder(
  items: readonly unknown[],
  stored: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  if (order.length === 0) return [...items];
  const keyOf = (item: unknown) => (mergeKey === undefined ? item : isObject(item) ? item[mergeKey] : undefined);
  const rank = (list: readonly unknown[], item: unknown) =>
    list.findIndex((other) => isEqual(keyOf(other), keyOf(item)));
  const named = items.filter((item) => rank(order, item) >= 0).sort((a, b) => rank(order, a) - rank(order, b));
  const others = items.filter((item) => rank(order, item) < 0);
  const out: unknown[] = [];
  while (others.length > 0 && named.length > 0) {
    const other = rank(stored, others[0]);
    const next = rank(stored, named[0]);
    out.push(other >= 0 && next >= 0 && other < next ? others.shift() : named.shift());
  }
  return [...out, ...others, ...named];
}
