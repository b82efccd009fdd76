import { createHash } from "node:crypto";
import { ANNOTATION, API_GROUP } from "@openpatio/core/model";
import { GroupResourceSpec, GroupResourceStatus, SetResourceStatus, SetSpecInput } from "@openpatio/core/spec";
import { type Extensions, type Json, structural } from "./structural.ts";

/**
 * Raise it with every release whose schema takes more than the one before: a server never replaces a definition that is
 * newer than its own.
 */
const SCHEMA_VERSION = 1;

const CONDITIONS = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] };
const CONTAINERS = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };

const rules = (...list: readonly Json[]): Json => ({ "x-kubernetes-validations": list });

const OUR_KEYS = {
  rule: "self.all(key, !key.startsWith('openpatio.io/'))",
  message: "keys under openpatio.io/ are set by OpenPatio itself",
};

/**
 * What one object can say about itself in CEL. Each rule is one of the schema's (core/spec/validate.ts), so that nothing
 * is refused here that is accepted there. A cycle is not among them: CEL has no recursion.
 */
const SET_EXTENSIONS: Extensions = {
  spec: rules({
    rule: "!has(self.entry) || self.groupTemplate.roles.exists(r, r.role == self.entry.role)",
    message: "entry.role has to be one of the roles",
    fieldPath: ".entry.role",
  }),
  "spec.groupTemplate.metadata.labels": rules(OUR_KEYS, {
    rule: "!('app.kubernetes.io/managed-by' in self)",
    message: "app.kubernetes.io/managed-by is set by OpenPatio itself",
  }),
  "spec.groupTemplate.metadata.annotations": rules(OUR_KEYS),
  "spec.groupTemplate.roles": {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["role"],
    ...rules({
      rule: "self.all(r, !has(r.dependencies) || r.dependencies.all(d, self.exists(other, other.role == d)))",
      message: "dependencies have to be roles of this group",
    }),
  },
  "spec.groupTemplate.roles[]": rules(
    {
      rule: "!has(self.dependencies) || !(self.role in self.dependencies)",
      message: "a role cannot depend on itself",
      fieldPath: ".dependencies",
    },
    {
      rule: "!has(self.volumeClaimTemplates) || size(self.volumeClaimTemplates) == 0 || !has(self.workload) || self.workload.kind == 'StatefulSet'",
      message: "only a StatefulSet has volumeClaimTemplates",
      fieldPath: ".volumeClaimTemplates",
    },
  ),
  "spec.groupTemplate.roles[].dependencies": { "x-kubernetes-list-type": "set" },
  "spec.groupTemplate.roles[].workload": rules({
    rule: "(self.apiVersion + '/' + self.kind) in ['apps/v1/StatefulSet', 'apps/v1/Deployment', 'leaderworkerset.x-k8s.io/v1/LeaderWorkerSet']",
    message:
      "a role runs as StatefulSet or Deployment of apps/v1, or as LeaderWorkerSet of leaderworkerset.x-k8s.io/v1",
  }),
  "spec.groupTemplate.roles[].template.spec.containers": CONTAINERS,
  "spec.groupTemplate.roles[].leaderWorker.workerTemplate.spec.containers": CONTAINERS,
  "spec.placement.topology": rules({
    rule: "!has(self.mode) || self.mode != 'Preferred' || !has(self.exclusive) || self.exclusive == 'None'",
    message: "exclusive needs mode Required: with Preferred a group may spread beyond its domain",
    fieldPath: ".exclusive",
  }),
  "spec.rollout": rules({
    rule: "!has(self.maxUnavailable) || !(self.maxUnavailable == 0 || self.maxUnavailable == '0%') || (has(self.maxSurge) && !(self.maxSurge == 0 || self.maxSurge == '0%'))",
    message: "with maxUnavailable 0 and maxSurge 0 no rollout could ever begin",
    fieldPath: ".maxUnavailable",
  }),
  "spec.recovery.backoff": rules({
    rule: "(has(self.baseSeconds) ? self.baseSeconds : 30.0) <= (has(self.maxSeconds) ? self.maxSeconds : 600.0)",
    message: "baseSeconds is more than maxSeconds: the first delay would already be over the limit",
  }),
  "status.conditions": CONDITIONS,
};

const SET_NAME_RULES: readonly Json[] = [
  {
    rule: "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
    message: "the name of a set is a DNS-1123 label, so without dots and of at most 63 characters",
  },
  {
    // A StatefulSet's name of 52 characters leaves room for every index of a pod, too.
    rule: "self.spec.groupTemplate.roles.all(r, (has(r.workload) && r.workload.kind != 'StatefulSet') || has(r.leaderWorker) || self.metadata.name.size() + r.role.size() + 2 + string(has(self.spec.replicas) && self.spec.replicas > 0 ? self.spec.replicas - 1 : 0).size() <= 52)",
    message: "a StatefulSet <set>-<index>-<role> has at most 52 characters: shorten the name of the set or of the role",
  },
];

export const ROLE_BASED_GROUP_SETS = definition({
  kind: "RoleBasedGroupSet",
  shortName: "rbgs",
  description: "Identical groups of roles, from one template. Each group starts, updates, fails and recovers as one.",
  validations: SET_NAME_RULES,
  spec: structural(SetSpecInput, "spec", SET_EXTENSIONS),
  status: structural(SetResourceStatus, "status", SET_EXTENSIONS),
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  },
  columns: [
    column("Groups", "integer", ".spec.replicas", "Groups that are wanted."),
    column("Ready", "integer", ".status.readyGroups", "Groups that are Ready."),
    column("Updated", "integer", ".status.updatedGroups", "Groups that run the newest revision."),
    column("Phase", "string", ".status.phase", "Phase of the set."),
    column("Age", "date", ".metadata.creationTimestamp", "Since when the set exists."),
    column("Placed", "string", '.status.conditions[?(@.type=="Placed")].status', "Whether all groups have a place.", 1),
    column("Revision", "integer", ".status.updateRevision", "Number of the newest revision.", 1),
    column("Message", "string", ".status.message", "What the set waits for, or what is wrong.", 1),
  ],
});

export const ROLE_BASED_GROUPS = definition({
  kind: "RoleBasedGroup",
  shortName: "rbg",
  description: "One group of a RoleBasedGroupSet. Written by OpenPatio: edit the set instead.",
  validations: [],
  spec: structural(GroupResourceSpec, "spec", {}),
  status: structural(GroupResourceStatus, "status", { "status.conditions": CONDITIONS }),
  columns: [
    column("Set", "string", ".spec.set", "Set that the group belongs to."),
    column("Index", "integer", ".spec.index", "Index of the group in its set.", 1),
    column("Phase", "string", ".status.phase", "Phase of the group."),
    column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "Whether the whole group is Ready."),
    column("Incarnation", "integer", ".spec.incarnation", "Number of the group's present life."),
    column("Revision", "integer", ".status.revision", "Number of the revision that runs.", 1),
    column("Domain", "string", ".status.domain", "Topology domain in which the group is placed."),
    column("Why", "string", ".status.message", "What the group waits for, or what is wrong.", 1),
    column("Age", "date", ".metadata.creationTimestamp", "Since when the group exists."),
  ],
});

function column(name: string, type: string, jsonPath: string, description: string, priority = 0): Json {
  return { name, type, description, jsonPath, ...(priority === 0 ? {} : { priority }) };
}

type Parts = {
  readonly kind: string;
  readonly shortName: string;
  readonly description: string;
  readonly validations: readonly Json[];
  readonly spec: Json;
  readonly status: Json;
  readonly scale?: Json;
  readonly columns: readonly Json[];
};

function definition(parts: Parts) {
  const plural = `${parts.kind.toLowerCase()}s`;
  const spec = {
    group: API_GROUP,
    scope: "Namespaced",
    names: {
      kind: parts.kind,
      listKind: `${parts.kind}List`,
      plural,
      singular: parts.kind.toLowerCase(),
      shortNames: [parts.shortName],
      categories: ["openpatio"],
    },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {}, ...(parts.scale === undefined ? {} : { scale: parts.scale }) },
        additionalPrinterColumns: parts.columns,
        schema: { openAPIV3Schema: wholeObject(parts) },
      },
    ],
  };
  const hash = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${API_GROUP}`,
      annotations: { [ANNOTATION.contentHash]: hash, [ANNOTATION.schemaVersion]: String(SCHEMA_VERSION) },
    },
    spec,
  };
}

function wholeObject({ description, validations, spec, status }: Parts): Json {
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `Always \`${API_GROUP}/v1alpha1\`.` },
      kind: { type: "string", description: "Kind of the object." },
      metadata: { type: "object" },
      spec,
      status,
    },
    ...(validations.length === 0 ? {} : { "x-kubernetes-validations": validations }),
  };
}
