import { expressionProblems } from "./custom-rules.ts";
import type { FieldError } from "./status.ts";
import { isEqual, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import { matchesSelector } from "./store-selectors.ts";
import { invalidValue, required, validateLabels } from "./validation-names.ts";
import { ANY_VOLUME, validatePodSpec, validatePortNumber } from "./validation-pods.ts";

/** StatefulSets, Deployments and ReplicaSets: replicas, selector, template. */
export function validateDeploymentLike(id: string, spec: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const replicas = Number(spec["replicas"] ?? 0);
  if (replicas < 0) errors.push(invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"));
  const template = isObject(spec["template"]) ? spec["template"] : {};
  const metadata = isObject(template["metadata"]) ? template["metadata"] : {};
  const labels = metadata["labels"];
  const selector = spec["selector"];
  if (!isObject(selector)) {
    errors.push(required("spec.selector"));
    if (id === "statefulsets.apps") errors.push(mismatch(labels));
  } else if (Object.keys(selector).length === 0) {
    const kind = id === "deployments.apps" ? "deployment" : id === "statefulsets.apps" ? "statefulset" : "replicaset";
    errors.push(invalidValue("spec.selector", selector, `empty selector is invalid for ${kind}`));
  } else if (!matchesSelector(selector, isObject(labels) ? labels : {})) {
    errors.push(mismatch(labels));
  }
  errors.push(...validateLabels("spec.template.labels", labels));
  const podSpec = isObject(template["spec"]) ? template["spec"] : {};
  const claims = objectsOf(spec["volumeClaimTemplates"]).length > 0;
  const volumes = claims ? [...objectsOf(podSpec["volumes"]), { name: ANY_VOLUME }] : podSpec["volumes"];
  errors.push(
    ...validatePodSpec("spec.template.spec", { ...podSpec, volumes }).filter((error) => error.value !== ANY_VOLUME),
  );
  if (podSpec["restartPolicy"] !== "Always" && podSpec["restartPolicy"] !== undefined) {
    errors.push({
      kind: "unsupported",
      field: "spec.template.spec.restartPolicy",
      value: podSpec["restartPolicy"],
      detail: 'supported values: "Always"',
    });
  }
  if (id === "statefulsets.apps" && !["OrderedReady", "Parallel"].includes(textOf(spec["podManagementPolicy"]))) {
    errors.push(
      invalidValue("spec.podManagementPolicy", spec["podManagementPolicy"], "must be 'OrderedReady' or 'Parallel'"),
    );
  }
  return errors;
}

function mismatch(labels: unknown): FieldError {
  return invalidValue("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`");
}

const STATEFULSET_MUTABLE = new Set([
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
]);

const STATEFULSET_RULE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export function validateStatefulSetUpdate(before: MutableObject, after: MutableObject): FieldError[] {
  const old = isObject(before["spec"]) ? before["spec"] : {};
  const next = isObject(after["spec"]) ? after["spec"] : {};
  const errors: FieldError[] = [];
  let isOtherChanged = false;
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (STATEFULSET_MUTABLE.has(key) || isEqual(old[key], next[key])) continue;
    if (IMMUTABLE_BY_NAME.includes(key))
      errors.push(invalidValue(`spec.${key}`, next[key] ?? null, "field is immutable"));
    else isOtherChanged = true;
  }
  if (isOtherChanged) errors.push({ kind: "forbidden", field: "spec", detail: STATEFULSET_RULE });
  return errors;
}

const IMMUTABLE_BY_NAME = ["serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"];

export function validateService(spec: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const ports = objectsOf(spec["ports"]);
  const isHeadless = spec["clusterIP"] === "None";
  if (ports.length === 0 && !isHeadless && spec["type"] !== "ExternalName") errors.push(required("spec.ports"));
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    const name = typeof port["name"] === "string" ? port["name"] : "";
    if (ports.length > 1 && name === "") errors.push(required(`${at}.name`));
    if (name !== "" && names.has(name))
      errors.push({ kind: "duplicate", field: `${at}.name`, value: name, detail: "" });
    names.add(name);
    errors.push(...validatePortNumber(`${at}.port`, Number(port["port"] ?? 0)));
    if (typeof port["targetPort"] === "number")
      errors.push(...validatePortNumber(`${at}.targetPort`, port["targetPort"]));
  }
  const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
  if (!types.includes(textOf(spec["type"]))) {
    const detail = `supported values: ${types.map((type) => JSON.stringify(type)).join(", ")}`;
    errors.push({ kind: "unsupported", field: "spec.type", value: spec["type"], detail });
  }
  return errors;
}

export function validateCustomDefinition(object: MutableObject, spec: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const names = isObject(spec["names"]) ? spec["names"] : {};
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const expected = `${textOf(names["plural"])}.${textOf(spec["group"])}`;
  if (metadata["name"] !== expected) {
    errors.push(invalidValue("metadata.name", metadata["name"], 'must be spec.names.plural+"."+spec.group'));
  }
  for (const key of ["plural", "kind"]) if (names[key] === undefined) errors.push(required(`spec.names.${key}`));
  if (!["Namespaced", "Cluster"].includes(textOf(spec["scope"]))) {
    const detail = 'supported values: "Cluster", "Namespaced"';
    errors.push({ kind: "unsupported", field: "spec.scope", value: spec["scope"] ?? "", detail });
  }
  const versions = objectsOf(spec["versions"]);
  if (versions.filter((version) => version["storage"] === true).length !== 1) {
    errors.push(
      invalidValue(
        "spec.versions",
        spec["versions"] ?? null,
        "must have exactly one version marked as storage version",
      ),
    );
  }
  const schemas = versions.map(({ schema }) => (isObject(schema) ? schema["openAPIV3Schema"] : undefined));
  const at = (index: number): string => `spec.versions[${index}].schema.openAPIV3Schema`;
  for (const [index, schema] of schemas.entries()) {
    if (!isObject(schema)) errors.push(required(at(index), "schemas are required"));
  }
  // A schema that all versions share is kept, and named, once.
  const isShared = schemas.every((schema) => isEqual(schema, schemas[0]));
  const broken = isShared
    ? expressionProblems(schemas[0], "spec.validation.openAPIV3Schema")
    : schemas.flatMap((schema, index) => expressionProblems(schema, at(index)));
  return [...errors, ...broken];
}
