/** What an update keeps, takes and counts as a change. */
import type { KubeObject } from "@openpatio/core/model";
import { isEqual, type MutableObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

export type Subresource = "status" | "scale" | "finalize";

/**
 * A status write is most of the traffic, and only reads the status: the rest need not be decoded again. That of a
 * custom resource is decoded whole, since its schema may require what is beside the status.
 */
export function writablePart(
  definition: ResourceDefinition,
  object: KubeObject,
  options: { readonly subresource?: Subresource },
): MutableObject {
  if (options.subresource !== "status" || definition.custom !== undefined) return object as unknown as MutableObject;
  const { apiVersion, kind, metadata, status } = object;
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) };
}

/** What the endpoint lets through: status writes change the status, others leave it alone. */
export function withinScope(
  definition: ResourceDefinition,
  current: MutableObject,
  object: MutableObject,
  subresource: Subresource | undefined,
): MutableObject {
  if (subresource === "status") {
    // Custom resources keep their metadata; upstream's status strategies let labels and annotations through.
    const metadata =
      definition.custom === undefined ? object["metadata"] : { ...(current["metadata"] as MutableObject) };
    const next: MutableObject = { ...current, apiVersion: object["apiVersion"], metadata };
    if (object["status"] === undefined) delete next["status"];
    else next["status"] = object["status"];
    return next;
  }
  if (!definition.hasStatus) return object;
  const next: MutableObject = { ...object };
  if (current["status"] === undefined) delete next["status"];
  else next["status"] = current["status"];
  return next;
}

/** Absent means unchanged; a value that differs is left for validation to refuse. */
export function keepSystemFields(current: KubeObject, metadata: MutableObject): void {
  const before = current.metadata as unknown as MutableObject;
  for (const key of ["uid", "creationTimestamp"]) {
    if (metadata[key] === undefined || metadata[key] === "") metadata[key] = before[key];
  }
  for (const key of ["generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"]) {
    if (before[key] === undefined) delete metadata[key];
    else metadata[key] = before[key];
  }
  metadata["name"] = before["name"];
  metadata["resourceVersion"] = before["resourceVersion"];
  delete metadata["selfLink"];
  delete metadata["managedFields"];
}

export function isSpecChanged(definition: ResourceDefinition, before: KubeObject, after: MutableObject): boolean {
  const spec = (object: MutableObject) => {
    const { apiVersion: _a, kind: _k, metadata: _m, status, ...rest } = object;
    return definition.hasStatus ? rest : { ...rest, status };
  };
  return !isEqual(spec(before as unknown as MutableObject), spec(after));
}
