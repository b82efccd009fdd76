/** Where the objects lie: by key, with indexes over namespace, labels and owners, listed in key order as etcd does. */
import type { KubeObject } from "@openpatio/core/model";
import type { ListOptions, ResourceName } from "./api.ts";

export type Tables = {
  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined;
  list(resource: ResourceName, options: ListOptions): readonly KubeObject[];
  put(resource: ResourceName, object: KubeObject): void;
  remove(resource: ResourceName, object: KubeObject): void;
  all(): readonly (readonly [ResourceName, KubeObject])[];
};

type Table = {
  readonly byKey: Map<string, KubeObject>;
  readonly byTerm: Map<string, Set<string>>;
  /** All keys in order; undefined after a key came or went. */
  sorted: readonly string[] | undefined;
};

// Sorts before any character of a name, so that keys order by namespace first.
const SEPARATOR = "\u0000";

export function createTables(): Tables {
  const tables = new Map<ResourceName, Table>();

  function table(resource: ResourceName): Table {
    let found = tables.get(resource);
    if (found === undefined) {
      found = { byKey: new Map(), byTerm: new Map(), sorted: undefined };
      tables.set(resource, found);
    }
    return found;
  }

  return {
    get: (resource, namespace, name) => table(resource).byKey.get(keyOf(namespace, name)),
    list: (resource, options) => listTable(table(resource), options),
    put(resource, object) {
      const target = table(resource);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      const previous = target.byKey.get(key);
      if (previous === undefined) target.sorted = undefined;
      else unindex(target, key, previous);
      target.byKey.set(key, object);
      for (const term of termsOf(object)) {
        const keys = target.byTerm.get(term);
        if (keys === undefined) target.byTerm.set(term, new Set([key]));
        else keys.add(key);
      }
    },
    remove(resource, object) {
      const target = table(resource);
      const key = keyOf(object.metadata.namespace, object.metadata.name);
      const previous = target.byKey.get(key);
      if (previous === undefined) return;
      unindex(target, key, previous);
      target.byKey.delete(key);
      target.sorted = undefined;
    },
    all: () =>
      [...tables].flatMap(([resource, one]) => [...one.byKey.values()].map((object) => [resource, object] as const)),
  };
}

function keyOf(namespace: string | undefined, name: string): string {
  return (namespace ?? "") + SEPARATOR + name;
}

function termsOf(object: KubeObject): string[] {
  const { namespace, labels, ownerReferences } = object.metadata;
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `l:${key}=${value}`);
  for (const owner of ownerReferences ?? []) terms.push(`o:${owner.uid}`);
  if (namespace !== undefined) terms.push(`n:${namespace}`);
  return terms;
}

function unindex(table: Table, key: string, object: KubeObject): void {
  for (const term of termsOf(object)) {
    const keys = table.byTerm.get(term);
    keys?.delete(key);
    if (keys?.size === 0) table.byTerm.delete(term);
  }
}

function listTable(table: Table, options: ListOptions): readonly KubeObject[] {
  const terms = Object.entries(options.labels ?? {}).map(([key, value]) => `l:${key}=${value}`);
  if (options.ownerUid !== undefined) terms.push(`o:${options.ownerUid}`);
  if (options.namespace !== undefined) terms.push(`n:${options.namespace}`);
  if (terms.length === 0) {
    table.sorted ??= [...table.byKey.keys()].sort();
    return objectsAt(table, table.sorted);
  }
  const sets = terms.map((term) => table.byTerm.get(term)).sort((a, b) => (a?.size ?? 0) - (b?.size ?? 0));
  const [smallest, ...others] = sets;
  if (smallest === undefined) return [];
  return objectsAt(table, [...smallest].filter((key) => others.every((set) => set?.has(key) === true)).sort());
}

function objectsAt(table: Table, keys: readonly string[]): KubeObject[] {
  return keys.map((key) => table.byKey.get(key)).filter((object) => object !== undefined);
}
