import { z } from "zod";

/**
 * The language of a RoleBasedGroupSet: structure and defaults. Cross-field rules (cycles, name budget, collisions) are
 * in validate.ts; both report every problem at once with its path.
 */

export const MAX_ROLES = 32;
/** DNS-1123 label. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const Count = z.int().min(0);
const CountOrPercent = z.union([
  Count,
  z.string().regex(/^(100|[1-9]?[0-9])%$/, "a whole number, or a percentage from 0% to 100%"),
]);
const StringMap = z.record(z.string(), z.string());

/** A PodTemplateSpec: what the cluster knows better than we do passes through as it is. */
export const PodTemplate = z.looseObject({
  metadata: z.looseObject({ labels: StringMap.optional(), annotations: StringMap.optional() }).optional(),
  spec: z.looseObject({
    containers: z.array(z.looseObject({ name: z.string() })).min(1),
  }),
});
export type PodTemplate = z.infer<typeof PodTemplate>;

export const WORKLOADS = [
  "apps/v1/StatefulSet",
  "apps/v1/Deployment",
  "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet",
] as const;

export const RoleSpec = z.strictObject({
  role: z.string().regex(DNS_LABEL, "a DNS-1123 label: lower-case letters, digits and '-'").max(63),
  replicas: Count.default(1),
  dependencies: z.array(z.string()).default([]),
  workload: z
    .strictObject({ apiVersion: z.string(), kind: z.string() })
    .default({ apiVersion: "apps/v1", kind: "StatefulSet" }),
  leaderWorker: z.strictObject({ size: z.int().min(1), workerTemplate: PodTemplate.optional() }).optional(),
  minReadySeconds: Count.default(0),
  volumeClaimTemplates: z.array(z.looseObject({})).default([]),
  onPodFailure: z.enum(["Recreate", "Ignore"]).default("Recreate"),
  scaling: z.strictObject({ external: z.boolean().default(false) }).default({ external: false }),
  template: PodTemplate,
});
export type RoleSpec = z.infer<typeof RoleSpec>;

export const Topology = z.strictObject({
  key: z.string().min(1),
  mode: z.enum(["Required", "Preferred"]).default("Required"),
  exclusive: z.enum(["None", "Group", "Set", "All"]).default("None"),
});
export type Topology = z.infer<typeof Topology>;

export const PlacementSpec = z.strictObject({
  clusters: z
    .strictObject({
      names: z.array(z.string()).default([]),
      selector: z.strictObject({ matchLabels: StringMap.default({}) }).default({ matchLabels: {} }),
    })
    .default({ names: [], selector: { matchLabels: {} } }),
  strategy: z.enum(["Pack", "Spread"]).default("Pack"),
  topology: Topology.optional(),
  whenFull: z.enum(["Wait", "CreatePods"]).default("Wait"),
  failover: z.strictObject({ afterSeconds: Count.nullable().default(null) }).default({ afterSeconds: null }),
});
export type PlacementSpec = z.infer<typeof PlacementSpec>;

export const RolloutSpec = z.strictObject({
  strategy: z.enum(["GroupRolling", "RoleRolling"]).default("GroupRolling"),
  maxUnavailable: CountOrPercent.default(1),
  maxSurge: CountOrPercent.default(0),
  partition: Count.default(0),
  paused: z.boolean().default(false),
  progressDeadlineSeconds: z.int().min(1).default(1800),
  onFailure: z.enum(["Pause", "Rollback"]).default("Pause"),
});
export type RolloutSpec = z.infer<typeof RolloutSpec>;

export const RecoverySpec = z.strictObject({
  policy: z.enum(["RecreateGroup", "RecreateRole", "None"]).default("RecreateGroup"),
  backoff: z
    .strictObject({
      baseSeconds: z.number().min(0).default(30),
      maxSeconds: z.number().min(0).default(600),
      stableAfterSeconds: z.number().min(0).default(1200),
    })
    .default({ baseSeconds: 30, maxSeconds: 600, stableAfterSeconds: 1200 }),
  maxRecoveries: Count.nullable().default(null),
  forceDeleteAfterSeconds: Count.nullable().default(null),
});
export type RecoverySpec = z.infer<typeof RecoverySpec>;

export const GroupTemplate = z.strictObject({
  metadata: z
    .strictObject({ labels: StringMap.default({}), annotations: StringMap.default({}) })
    .default({ labels: {}, annotations: {} }),
  roles: z.array(RoleSpec).min(1).max(MAX_ROLES),
});
export type GroupTemplate = z.infer<typeof GroupTemplate>;

const DEFAULTED_PLACEMENT = PlacementSpec.parse({});
const DEFAULTED_ROLLOUT = RolloutSpec.parse({});
const DEFAULTED_RECOVERY = RecoverySpec.parse({});

/** `replicas` is absent in an update that keeps the present value; the stored spec always has it. */
export const SetSpecInput = z.strictObject({
  replicas: Count.optional(),
  startupPolicy: z.enum(["Ordered", "Parallel"]).default("Ordered"),
  groupTemplate: GroupTemplate,
  placement: PlacementSpec.default(DEFAULTED_PLACEMENT),
  rollout: RolloutSpec.default(DEFAULTED_ROLLOUT),
  recovery: RecoverySpec.default(DEFAULTED_RECOVERY),
  entry: z.strictObject({ role: z.string(), port: z.string() }).optional(),
  deletion: z.strictObject({ orphan: z.boolean().default(false) }).default({ orphan: false }),
  revisionHistoryLimit: z.int().min(1).default(10),
});
export type SetSpecInput = z.infer<typeof SetSpecInput>;
/** A stored spec: every default is filled in. */
export type SetSpec = SetSpecInput & { readonly replicas: number };

export const SetManifest = z.strictObject({
  apiVersion: z.literal("openpatio.io/v1alpha1"),
  kind: z.literal("RoleBasedGroupSet"),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: StringMap.optional(),
    annotations: StringMap.optional(),
  }),
  spec: SetSpecInput,
});
export type SetManifest = z.infer<typeof SetManifest>;
