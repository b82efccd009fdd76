import { z } from "zod";

/**
 * The language of a RoleBasedGroupSet: structure, defaults and the meaning of each field (from which the API reference,
 * the editor's completion and the CRDs are made). Cross-field rules (cycles, name budget, collisions) are in
 * validate.ts; both report every problem at once with its path.
 */

export const MAX_ROLES = 32;
/** Pods of one instance: far above what any model is spread over. */
export const MAX_INSTANCE_SIZE = 1000;
/** Groups of one set: above it every list of the console and every plan would be about a typing mistake. */
export const MAX_GROUPS = 10_000;
/** DNS-1123 label. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Kubernetes counts replicas and seconds in 32 bits. */
export const MAX_COUNT = 2_147_483_647;

const Count = z.int().min(0).max(MAX_COUNT);
const CountOrPercent = z.union([
  Count,
  z.string().regex(/^(100|[1-9]?[0-9])%$/, "a whole number, or a percentage from 0% to 100%"),
]);
const StringMap = z.record(z.string(), z.string());
/** Characters of a label's value. */
const MAX_LABEL_VALUE = 63;
const MAX_ENTRIES = 256;
/** Bytes of all annotations of an object, so one can't be longer. */
const MAX_ANNOTATION = 262_144;

const mapOf = (value: z.ZodString) =>
  z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= MAX_ENTRIES, `At most ${MAX_ENTRIES} entries are possible here`)
    .meta({ maxProperties: MAX_ENTRIES });
/** Labels of a cluster or a pod: keys and values as Kubernetes has them. */
export const Labels = mapOf(z.string().max(MAX_LABEL_VALUE));
const Annotations = mapOf(z.string().max(MAX_ANNOTATION));

/** A PodTemplateSpec: what the cluster knows better than we do passes through as it is. */
export const PodTemplate = z
  .looseObject({
    metadata: z
      .looseObject({
        labels: StringMap.optional().describe("Labels of the pods of this role."),
        annotations: StringMap.optional().describe("Annotations of the pods of this role."),
      })
      .optional()
      .describe("Labels and annotations of the pods of this role."),
    spec: z
      .looseObject({
        containers: z
          .array(z.looseObject({ name: z.string().describe("Name of the container, unique in the pod.") }))
          .min(1)
          .describe("The containers, at least one."),
      })
      .describe("A Kubernetes PodSpec."),
  })
  .describe("A complete Kubernetes PodTemplateSpec. The cluster checks what is inside it, by a dry run.");
export type PodTemplate = z.infer<typeof PodTemplate>;

export const WORKLOADS = [
  "apps/v1/StatefulSet",
  "apps/v1/Deployment",
  "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet",
] as const;

export const RoleSpec = z.strictObject({
  role: z
    .string()
    .regex(DNS_LABEL, "a DNS-1123 label: lower-case letters, digits and '-'")
    .max(63)
    .describe(
      "Name of the role: a DNS-1123 label, unique in the group. Part of the names of its workload, Service and pods.",
    ),
  replicas: Count.default(1).describe("Instances of this role in every group. Changing it restarts nothing."),
  dependencies: z
    .array(z.string().max(63))
    .max(MAX_ROLES)
    .default([])
    .describe("Roles that must be Ready before this one is started. They must not form a cycle."),
  workload: z
    .strictObject({
      apiVersion: z.string().max(253).describe("API version of the workload."),
      kind: z
        .string()
        .max(63)
        .describe(
          "`StatefulSet`, `Deployment` or `LeaderWorkerSet`. Where a cluster has no LeaderWorkerSet, its instances run as StatefulSets.",
        ),
    })
    .default({ apiVersion: "apps/v1", kind: "StatefulSet" })
    .describe("The Kubernetes workload that runs this role. A StatefulSet gives every pod a stable name and address."),
  leaderWorker: z
    .strictObject({
      size: z.int().min(1).max(MAX_INSTANCE_SIZE).describe("Pods per instance: one leader and its workers."),
      workerTemplate: PodTemplate.optional().describe("Template of the workers, where it differs from the leader's."),
    })
    .optional()
    .describe(
      "Instances over several nodes: each is a leader with its workers. `template` is the leader's. With kind StatefulSet each instance is a StatefulSet of its own.",
    ),
  minReadySeconds: Count.default(0).describe("How long a pod must have been Ready to count as Ready."),
  volumeClaimTemplates: z
    .array(z.looseObject({}))
    .max(16)
    .default([])
    .describe(
      "PersistentVolumeClaims of each pod of a StatefulSet. They outlive recovery, rollout and scale-in, keep a pod where its volume is, and go with the set only when that is asked for.",
    ),
  onPodFailure: z
    .enum(["Recreate", "Ignore"])
    .default("Recreate")
    .describe("`Ignore`: failures of this role never recreate the group."),
  scaling: z
    .strictObject({
      external: z
        .boolean()
        .default(false)
        .describe(
          "An autoscaler outside owns the replicas of this role, group by group: they are read from its workload and never written. `replicas` is what a new group starts with.",
        ),
    })
    .default({ external: false })
    .describe("Who decides the replicas of this role."),
  template: PodTemplate.describe(
    "A complete Kubernetes PodTemplateSpec. The cluster checks what is inside it, by a dry run.",
  ),
});
export type RoleSpec = z.infer<typeof RoleSpec>;

export const Topology = z.strictObject({
  key: z
    .string()
    .min(1)
    .max(317)
    .describe("Node label whose values are the domains, e.g. `topology.kubernetes.io/rack`."),
  mode: z
    .enum(["Required", "Preferred"])
    .default("Required")
    .describe(
      "`Required`: all pods of a group are in one domain, or the group is not placed. `Preferred`: its pods prefer the best domain; where none holds all of them, the group spreads over its cluster.",
    ),
  exclusive: z
    .enum(["None", "Group", "Set", "All"])
    .default("None")
    .describe(
      "Who else may be in a group's domain. `Group`: no other group of this set; `Set`: no group of another exclusive set either; `All`: nothing else at all. Needs mode `Required`; an edit is in effect from a group's next incarnation on.",
    ),
});
export type Topology = z.infer<typeof Topology>;

export const PlacementSpec = z.strictObject({
  clusters: z
    .strictObject({
      names: z
        .array(z.string().max(253))
        .max(1000)
        .default([])
        .describe(
          "Clusters that groups may run on, each group on one of them. Empty: all that the selector chooses; without a selector the one that is chosen on applying.",
        ),
      selector: z
        .strictObject({
          matchLabels: Labels.default({}).describe(
            "Labels that a cluster must have. Every cluster has `openpatio.io/cluster` with its name.",
          ),
        })
        .default({ matchLabels: {} })
        .describe("Clusters by their labels: with names, those of them that have the labels."),
    })
    .default({ names: [], selector: { matchLabels: {} } })
    .describe("Where groups may run."),
  strategy: z
    .enum(["Pack", "Spread"])
    .default("Pack")
    .describe(
      "`Pack` takes the cluster with the most groups of the set and there the fullest domain in which a group fits, `Spread` the cluster with the fewest and there the emptiest domain.",
    ),
  topology: Topology.optional().describe("Keeps each group in one topology domain. Absent: no constraint."),
  whenFull: z
    .enum(["Wait", "CreatePods"])
    .default("Wait")
    .describe(
      "What happens while a group fits nowhere. `Wait`: nothing is created until it does. `CreatePods`: its pods are created all the same and left to the scheduler, for a cluster autoscaler.",
    ),
  failover: z
    .strictObject({
      afterSeconds: Count.nullable()
        .default(null)
        .describe(
          "Seconds after which the groups of a cluster that does not answer start on another one; null: never. What is there may still run until that cluster answers.",
        ),
    })
    .default({ afterSeconds: null })
    .describe("Moving groups off an unreachable cluster."),
});
export type PlacementSpec = z.infer<typeof PlacementSpec>;

export const RolloutSpec = z.strictObject({
  strategy: z
    .enum(["GroupRolling", "RoleRolling"])
    .default("GroupRolling")
    .describe(
      "`GroupRolling` replaces whole groups: pods of two revisions of one group never run at the same time. `RoleRolling` updates a group role by role in the order of dependencies, by each workload's own rolling update, within its incarnation: for roles that can work with another revision of each other.",
    ),
  maxUnavailable: CountOrPercent.default(1).describe(
    "Groups that may be unavailable during a rollout: a number, or a percentage of the groups (rounded down, at least 1 without maxSurge).",
  ),
  maxSurge: CountOrPercent.default(0).describe(
    "Extra groups that a rollout may make above `replicas` (a number, or a percentage of them, rounded up): they come first, at the new revision, make up for groups that are down, and go at the end.",
  ),
  partition: Count.default(0).describe(
    "A canary: only groups with this index or a higher one take a new revision. Those below keep the one that they have, also when they are recreated.",
  ),
  paused: z.boolean().default(false).describe("Stops a rollout before the next group. Recovery goes on."),
  progressDeadlineSeconds: z
    .int()
    .min(1)
    .default(1800)
    .describe("Seconds without progress after which a start or a rollout counts as stalled, with the reason."),
  onFailure: z
    .enum(["Pause", "Rollback"])
    .default("Pause")
    .describe(
      "What a stalled rollout does. `Pause`: it stops before the next group. `Rollback`: it returns to the last good revision by itself, once.",
    ),
});
export type RolloutSpec = z.infer<typeof RolloutSpec>;

export const RecoverySpec = z.strictObject({
  policy: z
    .enum(["RecreateGroup", "RecreateRole", "None"])
    .default("RecreateGroup")
    .describe(
      "What a failed pod leads to. `RecreateGroup`: the whole group is torn down and started again, in order. `RecreateRole`: only the role, and in order the roles that depend on it. `None`: the workload replaces its pods, nothing else restarts.",
    ),
  backoff: z
    .strictObject({
      baseSeconds: z
        .number()
        .min(0)
        .default(30)
        .describe(
          "Delay before the second recovery in a row; it doubles with each further one. The first is immediate.",
        ),
      maxSeconds: z.number().min(0).default(600).describe("Longest delay."),
      stableAfterSeconds: z
        .number()
        .min(0)
        .default(1200)
        .describe("Seconds of Ready after which counting starts anew."),
    })
    .default({ baseSeconds: 30, maxSeconds: 600, stableAfterSeconds: 1200 })
    .describe("Delays between recoveries that follow one another."),
  maxRecoveries: Count.nullable()
    .default(null)
    .describe("Recoveries in a row after which a group is given up as Failed; null: never."),
  forceDeleteAfterSeconds: Count.nullable()
    .default(null)
    .describe(
      "Seconds after which a pod that hangs in termination on a node that is silent is force-deleted; null: never, it is shown and waits for a person. Only for machines that are sure to be off by then: the pod's processes may otherwise still run.",
    ),
});
export type RecoverySpec = z.infer<typeof RecoverySpec>;

export const GroupTemplate = z.strictObject({
  metadata: z
    .strictObject({
      labels: Labels.default({}).describe("Labels copied to every pod of the group."),
      annotations: Annotations.default({}).describe("Annotations copied to every pod of the group."),
    })
    .default({ labels: {}, annotations: {} })
    .describe("Labels and annotations copied to every pod of the group."),
  roles: z.array(RoleSpec).min(1).max(MAX_ROLES).describe(`The roles of a group, 1 to ${MAX_ROLES}.`),
});
export type GroupTemplate = z.infer<typeof GroupTemplate>;

const DEFAULTED_PLACEMENT = PlacementSpec.parse({});
const DEFAULTED_ROLLOUT = RolloutSpec.parse({});
const DEFAULTED_RECOVERY = RecoverySpec.parse({});

/** `replicas` is absent in an update that keeps the present value; the stored spec always has it. */
export const SetSpecInput = z.strictObject({
  replicas: Count.max(MAX_GROUPS)
    .optional()
    .describe("Groups. 1 in a new set; absent in an update keeps the present value."),
  startupPolicy: z
    .enum(["Ordered", "Parallel"])
    .default("Ordered")
    .describe("`Ordered`: a role is started when every role it depends on is Ready. `Parallel`: all at once."),
  groupTemplate: GroupTemplate.describe("What one group consists of."),
  placement: PlacementSpec.default(DEFAULTED_PLACEMENT).describe("Where groups run."),
  rollout: RolloutSpec.default(DEFAULTED_ROLLOUT).describe("How a change of the pods reaches the groups."),
  recovery: RecoverySpec.default(DEFAULTED_RECOVERY).describe("What happens when a pod fails."),
  entry: z
    .strictObject({
      role: z.string().max(63).describe("Role that clients talk to."),
      port: z.string().max(63).describe("Name of a container port of that role."),
    })
    .optional()
    .describe("One Service for clients, over the Ready pods of a role in all groups."),
  deletion: z
    .strictObject({
      orphan: z.boolean().default(false).describe("Deleting the set leaves its workloads running."),
    })
    .default({ orphan: false })
    .describe("What deleting the set does."),
  revisionHistoryLimit: z.int().min(1).max(1000).default(10).describe("Old revisions that are kept for rolling back."),
});
export type SetSpecInput = z.infer<typeof SetSpecInput>;
/** A stored spec: every default is filled in. */
export type SetSpec = SetSpecInput & { readonly replicas: number };

/** What an API server adds to metadata; a manifest printed by kubectl has it, and applying it again is fine. */
export const SERVER_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
] as const;

export const SetMetadata = z.strictObject({
  name: z
    .string()
    .regex(DNS_LABEL, "a DNS-1123 label: lower-case letters, digits and '-'")
    .max(63)
    .describe("Name of the set: a DNS-1123 label, so without dots. Part of the names of everything it creates."),
  namespace: z
    .string()
    .regex(DNS_LABEL, "a DNS-1123 label: lower-case letters, digits and '-'")
    .max(63)
    .optional()
    .describe("Namespace of everything the set creates."),
  labels: StringMap.optional().describe("Labels of the set, to find it by."),
  annotations: StringMap.optional().describe("Notes on the set."),
});
export type SetMetadata = z.infer<typeof SetMetadata>;

export const SetManifest = z.strictObject({
  apiVersion: z.literal("openpatio.io/v1alpha1").describe("Always `openpatio.io/v1alpha1`."),
  kind: z.literal("RoleBasedGroupSet").describe("Always `RoleBasedGroupSet`."),
  metadata: SetMetadata.describe("Name and namespace of the set."),
  spec: SetSpecInput.describe("What is wanted."),
});
export type SetManifest = z.infer<typeof SetManifest>;
