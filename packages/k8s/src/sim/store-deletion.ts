/** The rules of deletion: preconditions, finalizers, grace periods, and when an object is really gone. */
import type { KubeObject } from "@openpatio/core/model";
import type { DeleteOptions } from "./api.ts";
import { conflict } from "./status.ts";
import { isObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

export function checkDeletePreconditions(
  definition: ResourceDefinition,
  current: KubeObject,
  options: DeleteOptions,
): void {
  // The API server names the kind here, not the resource.
  const named = { group: definition.group, plural: definition.kind };
  const { uid, resourceVersion } = current.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    throw conflict(
      named,
      current.metadata.name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw conflict(
      named,
      current.metadata.name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

export function finalizersFor(
  current: KubeObject,
  propagation: DeleteOptions["propagation"],
): readonly string[] | undefined {
  const kept = current.metadata.finalizers ?? [];
  if (propagation === undefined) return current.metadata.finalizers;
  const others = kept.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion");
  const added = propagation === "Orphan" ? ["orphan"] : propagation === "Foreground" ? ["foregroundDeletion"] : [];
  const next = [...others, ...added];
  return next.length === 0 ? undefined : next;
}

/** A pod that no kubelet runs has nothing to wait for. */
export function podGraceSeconds(pod: KubeObject, requested: number | undefined): number {
  const spec = isObject(pod["spec"]) ? pod["spec"] : {};
  const status = isObject(pod["status"]) ? pod["status"] : {};
  if (spec["nodeName"] === undefined || spec["nodeName"] === "") return 0;
  if (status["phase"] === "Succeeded" || status["phase"] === "Failed") return 0;
  const wanted = requested ?? Number(spec["terminationGracePeriodSeconds"] ?? 30);
  return wanted < 0 ? 1 : wanted;
}

export function isRemovable(definition: ResourceDefinition, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  if (definition.id === "pods") return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
  if (definition.id === "namespaces") {
    const spec = object["spec"];
    const finalizers = isObject(spec) ? spec["finalizers"] : undefined;
    return !Array.isArray(finalizers) || finalizers.length === 0;
  }
  return true;
}
