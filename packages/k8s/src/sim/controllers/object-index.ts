import type { KubeObject } from "@openpatio/core/model";
import type { ResourceName, SimApi } from "../api.ts";

export type ObjectIndex<T extends KubeObject = KubeObject> = {
  /** The present objects under the index key, in no order that matters. */
  get(key: string): readonly T[];
  readonly stop: () => void;
};

/** Keeps the objects of one resource under keys computed from them, in step with the store. */
export function createObjectIndex<T extends KubeObject>(
  api: SimApi,
  resource: ResourceName,
  keysOf: (object: T) => readonly string[],
): ObjectIndex<T> {
  const buckets = new Map<string, Map<string, T>>();

  function add(object: T): void {
    for (const key of keysOf(object)) {
      const bucket = buckets.get(key) ?? new Map<string, T>();
      bucket.set(object.metadata.uid ?? "", object);
      buckets.set(key, bucket);
    }
  }

  function remove(object: T): void {
    for (const key of keysOf(object)) {
      const bucket = buckets.get(key);
      bucket?.delete(object.metadata.uid ?? "");
      if (bucket?.size === 0) buckets.delete(key);
    }
  }

  // The store holds only objects of the resource's kind under its name.
  for (const object of api.list(resource)) add(object as T);
  const stop = api.subscribe((event) => {
    if (event.resource !== resource) return;
    if (event.previous !== undefined) remove(event.previous as T);
    if (event.type === "DELETED") remove(event.object as T);
    else add(event.object as T);
  });

  return {
    get: (key) => [...(buckets.get(key)?.values() ?? [])],
    stop,
  };
}
