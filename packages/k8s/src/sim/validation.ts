/** What the API server refuses, in its words. Checks the essentials, not every rule of every kind. */

import type { FieldError } from "./status.ts";
import { isEqual, isObject, type MutableObject, textOf, valueAt } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";
import {
  validateCustomDefinition,
  validateDeploymentLike,
  validateService,
  validateStatefulSetUpdate,
} from "./validation-kinds.ts";
import { invalidValue, required, validateLabels, validateName, validateQualifiedName } from "./validation-names.ts";
import { validatePodSpec } from "./validation-pods.ts";

function validateMetadata(definition: ResourceDefinition, metadata: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const name = metadata["name"];
  if (typeof name !== "string" || name === "")
    errors.push(required("metadata.name", "name or generateName is required"));
  else errors.push(...validateName(definition, "metadata.name", name));
  errors.push(...validateLabels("metadata.labels", metadata["labels"]));
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(isObject(metadata["annotations"]) ? metadata["annotations"] : {})) {
    errors.push(...validateQualifiedName("metadata.annotations", key.toLowerCase()));
    annotationBytes += key.length + textOf(value).length;
  }
  if (annotationBytes > 262_144) {
    errors.push({ kind: "too-long", field: "metadata.annotations", detail: "may not be more than 262144 bytes" });
  }
  const owners = Array.isArray(metadata["ownerReferences"]) ? metadata["ownerReferences"] : [];
  for (const [index, owner] of owners.entries()) {
    for (const key of ["apiVersion", "kind", "name", "uid"]) {
      const value = isObject(owner) ? owner[key] : undefined;
      if (typeof value === "string" && value !== "") continue;
      errors.push(
        invalidValue(
          `metadata.ownerReferences[${index}].${key}`,
          value ?? "",
          `${key === "apiVersion" ? "version" : key} must not be empty`,
        ),
      );
    }
  }
  if (owners.filter((owner) => isObject(owner) && owner["controller"] === true).length > 1) {
    errors.push(
      invalidValue("metadata.ownerReferences", owners, "Only one reference can have Controller set to true."),
    );
  }
  return errors;
}

export function validateCreate(definition: ResourceDefinition, object: MutableObject): FieldError[] {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  return [...validateMetadata(definition, metadata), ...validateKind(definition, object)];
}

/** `scope` says how much of the object the write could change. */
export function validateUpdate(
  definition: ResourceDefinition,
  before: MutableObject,
  after: MutableObject,
  scope: "all" | "metadata",
): FieldError[] {
  const errors: FieldError[] = [];
  const uid = valueAt(after, "metadata.uid");
  if (uid !== valueAt(before, "metadata.uid")) errors.push(invalidValue("metadata.uid", uid, "field is immutable"));
  errors.push(...validateNewFinalizers(before, after));
  const metadata = isObject(after["metadata"]) ? after["metadata"] : {};
  errors.push(...validateMetadata(definition, metadata));
  if (scope === "metadata") return errors;
  errors.push(...validateKind(definition, after));
  errors.push(...validateImmutable(definition, before, after));
  return errors;
}

function validateNewFinalizers(before: MutableObject, after: MutableObject): FieldError[] {
  if (valueAt(before, "metadata.deletionTimestamp") === undefined) return [];
  const finalizers = (object: MutableObject) => {
    const value = valueAt(object, "metadata.finalizers");
    return Array.isArray(value) ? value.map(textOf) : [];
  };
  const added = finalizers(after).filter((finalizer) => !finalizers(before).includes(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [{ kind: "forbidden", field: "metadata.finalizers", detail }];
}

function validateKind(definition: ResourceDefinition, object: MutableObject): FieldError[] {
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  switch (definition.id) {
    case "pods":
      return validatePodSpec("spec", spec);
    case "statefulsets.apps":
    case "deployments.apps":
    case "replicasets.apps":
      return validateDeploymentLike(definition.id, spec);
    case "services":
      return validateService(spec);
    case "customresourcedefinitions.apiextensions.k8s.io":
      return validateCustomDefinition(object, spec);
    case "configmaps":
      return validateDataKeys(object);
    case "secrets":
      return validateDataKeys(object);
    case "events":
      return validateEvent(object);
    default:
      return [];
  }
}

/** An event stands beside what it is about; those of nodes and other cluster-wide objects in `default`. */
function validateEvent(object: MutableObject): FieldError[] {
  const involved = textOf(valueAt(object, "involvedObject.namespace"));
  const isBeside = (involved === "" ? "default" : involved) === valueAt(object, "metadata.namespace");
  return isBeside ? [] : [invalidValue("involvedObject.namespace", involved, "does not match event.namespace")];
}

function validateDataKeys(object: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const part of ["data", "binaryData"]) {
    for (const [key, value] of Object.entries(isObject(object[part]) ? object[part] : {})) {
      bytes += textOf(value).length;
      if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
        errors.push(
          invalidValue(
            `${part}[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
          ),
        );
      }
    }
  }
  if (bytes > 1_048_576) errors.push({ kind: "too-long", field: "", detail: "may not be more than 1048576 bytes" });
  return errors;
}

function validateImmutable(definition: ResourceDefinition, before: MutableObject, after: MutableObject): FieldError[] {
  const changed = (path: string) => !isEqual(valueAt(before, path), valueAt(after, path));
  switch (definition.id) {
    case "statefulsets.apps":
      return validateStatefulSetUpdate(before, after);
    case "deployments.apps":
    case "replicasets.apps":
      return changed("spec.selector")
        ? [invalidValue("spec.selector", valueAt(after, "spec.selector"), "field is immutable")]
        : [];
    case "configmaps":
    case "secrets": {
      if (before["immutable"] !== true) return [];
      const errors: FieldError[] = [];
      if (after["immutable"] !== true)
        errors.push({ kind: "forbidden", field: "immutable", detail: "field is immutable when `immutable` is set" });
      if (changed("data"))
        errors.push({ kind: "forbidden", field: "data", detail: "field is immutable when `immutable` is set" });
      return errors;
    }
    case "services":
      return valueAt(before, "spec.clusterIP") !== undefined &&
        changed("spec.clusterIP") &&
        valueAt(after, "spec.type") !== "ExternalName"
        ? [invalidValue("spec.clusterIPs[0]", [valueAt(after, "spec.clusterIP")], "may not change once set")]
        : [];
    case "pods":
      return validatePodUpdate(before, after);
    case "controllerrevisions.apps":
      return changed("data") ? [invalidValue("data", after["data"], "field is immutable")] : [];
    default:
      return [];
  }
}

const POD_UPDATE_RULE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function validatePodUpdate(before: MutableObject, after: MutableObject): FieldError[] {
  // Binding sets the node once; everything else that may change is taken out before the comparison.
  const comparable = (object: MutableObject) => {
    const spec = isObject(object["spec"]) ? object["spec"] : {};
    const images = (list: unknown) =>
      Array.isArray(list)
        ? list.map((container) => (isObject(container) ? { ...container, image: "" } : container))
        : list;
    const { activeDeadlineSeconds: _a, tolerations: _t, schedulingGates: _g, nodeName: _n, ...rest } = spec;
    return { ...rest, containers: images(spec["containers"]), initContainers: images(spec["initContainers"]) };
  };
  const nodeBefore = valueAt(before, "spec.nodeName");
  const isRebound = nodeBefore !== undefined && nodeBefore !== "" && nodeBefore !== valueAt(after, "spec.nodeName");
  if (!isRebound && isEqual(comparable(before), comparable(after))) return [];
  return [{ kind: "forbidden", field: "spec", detail: POD_UPDATE_RULE }];
}
