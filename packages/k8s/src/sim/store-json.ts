/** JSON values as the store handles them: cloned on the way in, frozen once stored. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };
/** An object that nobody else holds yet. */
export type MutableObject = Record<string, unknown>;

export function isObject(value: unknown): value is MutableObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own, enumerable fields only; a key such as `__proto__` becomes a plain field. */
export function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (!isObject(value)) return value;
  const copy: MutableObject = {};
  for (const key of Object.keys(value)) {
    const child = value[key];
    if (child === undefined) continue;
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: clone(child), enumerable: true, writable: true });
    else copy[key] = clone(child);
  }
  return copy as T;
}

/** Stops at what is frozen already, so sharing parts of a stored object is cheap. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  if (keys.length !== Object.keys(b).filter((key) => b[key] !== undefined).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** The object at `key`, made when it is missing. */
export function childOf(parent: MutableObject, key: string): MutableObject {
  const child = parent[key];
  if (isObject(child)) return child;
  const made: MutableObject = {};
  parent[key] = made;
  return made;
}

export function objectsOf(value: unknown): readonly MutableObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A scalar as text; objects and lists as JSON, absent values as nothing. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  return JSON.stringify(value) ?? "";
}

/** The value at a simple path such as `.spec.replicas`; undefined where there is none. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split(".")) {
    if (key === "") continue;
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}
