import { z } from "zod";
import { MAX_COUNT, SetManifest } from "./schema.ts";
import { isRecord } from "./shape.ts";

/** JSON Schema as a value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * JSON Schema (draft 2020-12) of a manifest as people write it: for completion, hover text and marks in an editor.
 *
 * It says less than parsing does: no cross-field rules.
 */
export function describeSchemaForEditor(): JsonSchema {
  const schema = manifestJsonSchema();
  const containers = nodeAt(schema, "spec.groupTemplate.roles[].template.spec.containers[]");
  const podSpec = nodeAt(schema, "spec.groupTemplate.roles[].template.spec");
  if (containers !== undefined && podSpec !== undefined) {
    addProperties(containers, CONTAINER_FIELDS);
    addProperties(podSpec, POD_FIELDS);
    addProperties(podSpec, {
      initContainers: "Containers that run to their end, one after another, before the others start.",
    });
    const podProperties = podSpec["properties"];
    if (isRecord(podProperties)) podProperties["initContainers"] = { type: "array", items: containers };
  }
  return schema;
}

/** A fresh copy at every call. */
export function manifestJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(SetManifest, { io: "input", override: ({ jsonSchema }) => dropSafeIntegerBounds(jsonSchema) });
}

/** They are how the schema says "integer" and would only be read as limits. */
export function dropSafeIntegerBounds(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER || schema.maximum === MAX_COUNT) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** The schema of a path like `spec.groupTemplate.roles[].replicas`. */
export function nodeAt(schema: Record<string, unknown>, path: string): Record<string, unknown> | undefined {
  let node: unknown = schema;
  for (const part of path.split(".")) {
    const isList = part.endsWith("[]");
    const properties: unknown = isRecord(node) ? node["properties"] : undefined;
    node = isRecord(properties) ? properties[isList ? part.slice(0, -2) : part] : undefined;
    if (isList) node = isRecord(node) ? node["items"] : undefined;
  }
  return isRecord(node) ? node : undefined;
}

function addProperties(node: Record<string, unknown>, fields: Readonly<Record<string, string>>): void {
  const properties: Record<string, unknown> = isRecord(node["properties"]) ? { ...node["properties"] } : {};
  for (const [name, description] of Object.entries(fields)) properties[name] ??= { description };
  node["properties"] = properties;
}

/** Fields of Kubernetes that people write most; offered, and not judged. */
const CONTAINER_FIELDS = {
  image: "Image of the container.",
  imagePullPolicy: "`IfNotPresent`, `Always` or `Never`.",
  command: "What is run instead of the image's entry point. `$(NAME)` stands for a variable.",
  args: "Arguments. `$(NAME)` stands for a variable, e.g. `$(RBG_ROLE_INDEX)`.",
  workingDir: "Working directory.",
  env: "Variables. Those of service discovery are there already and can be used in them.",
  envFrom: "ConfigMaps and Secrets whose keys become variables.",
  ports: "Ports by name and number. They are in the Service of the role and in the discovery file.",
  resources: "`requests` count for placement; GPUs are `nvidia.com/gpu` under `limits`.",
  volumeMounts: "Where volumes of the pod are mounted. `/etc/rbg` is taken.",
  startupProbe: "Until it succeeds, the other probes wait.",
  readinessProbe: "While it succeeds the container is Ready; a role that depends on this one waits for it.",
  livenessProbe: "When it fails the container is restarted, and that is a failure of the group.",
  lifecycle: "Hooks after the start and before the end.",
  securityContext: "Privileges of the container.",
} as const;

const POD_FIELDS = {
  volumes: "Volumes of the pod.",
  nodeSelector: "Labels that a node must have.",
  tolerations: "Taints of nodes that the pod tolerates.",
  affinity: "Rules on nodes and on other pods.",
  serviceAccountName: "ServiceAccount of the pod.",
  imagePullSecrets: "Secrets with which images are pulled.",
  terminationGracePeriodSeconds: "Seconds that the pod has for its end.",
  hostNetwork: "Uses the node's network.",
  hostIPC: "Uses the node's shared memory and semaphores.",
  shareProcessNamespace: "Containers of the pod see each other's processes.",
  priorityClassName: "PriorityClass of the pod.",
  runtimeClassName: "RuntimeClass of the pod.",
  schedulerName: "Scheduler that binds the pod.",
  securityContext: "Privileges of the pod.",
} as const;
