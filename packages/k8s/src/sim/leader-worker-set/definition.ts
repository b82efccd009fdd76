/** The CRD of LeaderWorkerSet as its project installs it: `leaderworkerset.x-k8s.io/v1`, without descriptions. */
import type { KubeObject } from "@openpatio/core/model";
import { BUILTIN_TYPES, OBJECT_META, type Schema } from "../openapi-schema.ts";
import { isObject, type MutableObject } from "../store-json.ts";

const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

const intOrString = (rest: MutableObject = {}): MutableObject => ({
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
  ...rest,
});
const text: MutableObject = { type: "string" };
const count = (rest: MutableObject = {}): MutableObject => ({ type: "integer", format: "int32", ...rest });
const texts: MutableObject = { type: "object", additionalProperties: text };

/** What controller-gen writes for metadata inside a template. */
const EMBEDDED_METADATA: MutableObject = {
  type: "object",
  properties: {
    annotations: texts,
    finalizers: { type: "array", items: text },
    labels: texts,
    name: text,
    namespace: text,
  },
};

const CRD_KEYS = new Set([
  "type",
  "format",
  "required",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
]);

/** A built-in type written out, as a CRD has to. */
function inlined(schema: Schema): MutableObject {
  if (schema.$ref === QUANTITY) return intOrString();
  if (schema.$ref === INT_OR_STRING) return intOrString();
  if (schema.$ref === OBJECT_META) return EMBEDDED_METADATA;
  const target = schema.$ref === undefined ? schema : (BUILTIN_TYPES[schema.$ref] ?? {});
  const out: MutableObject = {};
  for (const [key, value] of Object.entries(target)) if (CRD_KEYS.has(key)) out[key] = value;
  if (target.items !== undefined) out["items"] = inlined(target.items);
  if (isObject(target.additionalProperties)) {
    out["additionalProperties"] = inlined(target.additionalProperties as Schema);
  }
  if (target.properties === undefined) return out;
  out["properties"] = Object.fromEntries(
    Object.entries(target.properties).map(([name, child]) => {
      // A required field's default in OpenAPI is Go's zero value, which is none.
      const isDefaulted = child.default !== undefined && target.required?.includes(name) !== true;
      return [name, isDefaulted ? { ...inlined(child), default: child.default } : inlined(child)];
    }),
  );
  return out;
}

const podTemplate = inlined({ $ref: "io.k8s.api.core.v1.PodTemplateSpec" });

const SPEC: MutableObject = {
  type: "object",
  required: ["leaderWorkerTemplate"],
  properties: {
    replicas: count({ default: 1 }),
    startupPolicy: { type: "string", enum: ["LeaderCreated", "LeaderReady"], default: "LeaderCreated" },
    leaderWorkerTemplate: {
      type: "object",
      required: ["workerTemplate"],
      properties: {
        leaderTemplate: podTemplate,
        workerTemplate: podTemplate,
        size: count({ default: 1 }),
        restartPolicy: {
          type: "string",
          enum: ["Default", "RecreateGroupOnPodRestart", "RecreateGroupAfterStart", "None"],
          default: "RecreateGroupOnPodRestart",
        },
        subGroupPolicy: {
          type: "object",
          properties: {
            subGroupPolicyType: { type: "string", enum: ["LeaderWorker", "LeaderExcluded"], default: "LeaderWorker" },
            subGroupSize: count(),
          },
        },
        volumeClaimTemplates: {
          type: "array",
          items: {
            type: "object",
            properties: {
              apiVersion: text,
              kind: text,
              metadata: EMBEDDED_METADATA,
              spec: inlined({ $ref: "io.k8s.api.core.v1.PersistentVolumeClaimSpec" }),
            },
          },
        },
        persistentVolumeClaimRetentionPolicy: {
          type: "object",
          properties: { whenDeleted: text, whenScaled: text },
        },
      },
    },
    networkConfig: {
      type: "object",
      required: ["subdomainPolicy"],
      properties: { subdomainPolicy: { type: "string", enum: ["Shared", "UniquePerReplica"] } },
    },
    rolloutStrategy: {
      type: "object",
      required: ["type"],
      properties: {
        type: { type: "string", enum: ["RollingUpdate"], default: "RollingUpdate" },
        rollingUpdateConfiguration: {
          type: "object",
          properties: {
            partition: count({ default: 0 }),
            maxUnavailable: intOrString({ default: 1 }),
            maxSurge: intOrString({ default: 0 }),
          },
        },
      },
    },
  },
};

const STATUS: MutableObject = {
  type: "object",
  properties: {
    conditions: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: {
        type: "object",
        required: ["lastTransitionTime", "message", "reason", "status", "type"],
        properties: {
          lastTransitionTime: { type: "string", format: "date-time" },
          message: { type: "string", maxLength: 32_768 },
          observedGeneration: { type: "integer", format: "int64", minimum: 0 },
          reason: { type: "string", maxLength: 1024, minLength: 1 },
          status: { type: "string", enum: ["True", "False", "Unknown"] },
          type: { type: "string", maxLength: 316 },
        },
      },
    },
    hpaPodSelector: text,
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    readyReplicas: count(),
    replicas: count(),
    updatedReplicas: count(),
  },
};

/** Plain `kubectl apply` of it needs `--server-side`, as upstream's does: two whole pod templates are too long. */
export const LEADER_WORKER_SETS: KubeObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "leaderworkersets.leaderworkerset.x-k8s.io" },
  spec: {
    group: "leaderworkerset.x-k8s.io",
    scope: "Namespaced",
    names: {
      kind: "LeaderWorkerSet",
      listKind: "LeaderWorkerSetList",
      plural: "leaderworkersets",
      singular: "leaderworkerset",
      shortNames: ["lws"],
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".status.hpaPodSelector",
          },
        },
        additionalPrinterColumns: [
          {
            name: "Ready",
            type: "integer",
            jsonPath: ".status.readyReplicas",
            description: "Number of ready replicas",
          },
          { name: "Desired", type: "integer", jsonPath: ".spec.replicas", description: "Number of desired replicas" },
          {
            name: "Up-to-date",
            type: "integer",
            jsonPath: ".status.updatedReplicas",
            description: "Number of up-to-date replicas",
          },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { apiVersion: text, kind: text, metadata: { type: "object" }, spec: SPEC, status: STATUS },
          },
        },
      },
    ],
  },
};
