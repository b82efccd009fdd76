// Generated from the schema in packages/core/src/spec; do not edit.
import type { KubeObject } from "@openpatio/core/model";

export const CRDS: readonly KubeObject[] = [
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: "rolebasedgroupsets.openpatio.io",
      annotations: {
        "openpatio.io/content-hash": "c8c51ad853d12ad5",
        "openpatio.io/schema-version": "1",
      },
    },
    spec: {
      group: "openpatio.io",
      scope: "Namespaced",
      names: {
        kind: "RoleBasedGroupSet",
        listKind: "RoleBasedGroupSetList",
        plural: "rolebasedgroupsets",
        singular: "rolebasedgroupset",
        shortNames: ["rbgs"],
        categories: ["openpatio"],
      },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.replicas",
              statusReplicasPath: ".status.replicas",
              labelSelectorPath: ".status.selector",
            },
          },
          additionalPrinterColumns: [
            {
              name: "Groups",
              type: "integer",
              description: "Groups that are wanted.",
              jsonPath: ".spec.replicas",
            },
            {
              name: "Ready",
              type: "integer",
              description: "Groups that are Ready.",
              jsonPath: ".status.readyGroups",
            },
            {
              name: "Updated",
              type: "integer",
              description: "Groups that run the newest revision.",
              jsonPath: ".status.updatedGroups",
            },
            {
              name: "Phase",
              type: "string",
              description: "Phase of the set.",
              jsonPath: ".status.phase",
            },
            {
              name: "Age",
              type: "date",
              description: "Since when the set exists.",
              jsonPath: ".metadata.creationTimestamp",
            },
            {
              name: "Placed",
              type: "string",
              description: "Whether all groups have a place.",
              jsonPath: '.status.conditions[?(@.type=="Placed")].status',
              priority: 1,
            },
            {
              name: "Revision",
              type: "integer",
              description: "Number of the newest revision.",
              jsonPath: ".status.updateRevision",
              priority: 1,
            },
            {
              name: "Message",
              type: "string",
              description: "What the set waits for, or what is wrong.",
              jsonPath: ".status.message",
              priority: 1,
            },
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              description:
                "Identical groups of roles, from one template. Each group starts, updates, fails and recovers as one.",
              required: ["spec"],
              properties: {
                apiVersion: {
                  type: "string",
                  description: "Always `openpatio.io/v1alpha1`.",
                },
                kind: {
                  type: "string",
                  description: "Kind of the object.",
                },
                metadata: {
                  type: "object",
                },
                spec: {
                  type: "object",
                  required: ["groupTemplate"],
                  properties: {
                    replicas: {
                      type: "integer",
                      description: "Groups. 1 in a new set; absent in an update keeps the present value.",
                      minimum: 0,
                      maximum: 10000,
                    },
                    startupPolicy: {
                      type: "string",
                      description:
                        "`Ordered`: a role is started when every role it depends on is Ready. `Parallel`: all at once. Default: Ordered.",
                      enum: ["Ordered", "Parallel"],
                    },
                    groupTemplate: {
                      type: "object",
                      description: "What one group consists of.",
                      required: ["roles"],
                      properties: {
                        metadata: {
                          type: "object",
                          description: "Labels and annotations copied to every pod of the group.",
                          properties: {
                            labels: {
                              type: "object",
                              description: "Labels copied to every pod of the group.",
                              maxProperties: 256,
                              additionalProperties: {
                                type: "string",
                                maxLength: 63,
                              },
                              "x-kubernetes-validations": [
                                {
                                  rule: "self.all(key, !key.startsWith('openpatio.io/'))",
                                  message: "keys under openpatio.io/ are set by OpenPatio itself",
                                },
                                {
                                  rule: "!('app.kubernetes.io/managed-by' in self)",
                                  message: "app.kubernetes.io/managed-by is set by OpenPatio itself",
                                },
                              ],
                            },
                            annotations: {
                              type: "object",
                              description: "Annotations copied to every pod of the group.",
                              maxProperties: 256,
                              additionalProperties: {
                                type: "string",
                                maxLength: 262144,
                              },
                              "x-kubernetes-validations": [
                                {
                                  rule: "self.all(key, !key.startsWith('openpatio.io/'))",
                                  message: "keys under openpatio.io/ are set by OpenPatio itself",
                                },
                              ],
                            },
                          },
                        },
                        roles: {
                          type: "array",
                          description: "The roles of a group, 1 to 32.",
                          minItems: 1,
                          maxItems: 32,
                          items: {
                            type: "object",
                            required: ["role", "template"],
                            properties: {
                              role: {
                                type: "string",
                                description:
                                  "Name of the role: a DNS-1123 label, unique in the group. Part of the names of its workload, Service and pods.",
                                pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                                maxLength: 63,
                              },
                              replicas: {
                                type: "integer",
                                description:
                                  "Instances of this role in every group. Changing it restarts nothing. Default: 1.",
                                format: "int32",
                                minimum: 0,
                              },
                              dependencies: {
                                type: "array",
                                description:
                                  "Roles that must be Ready before this one is started. They must not form a cycle.",
                                maxItems: 32,
                                items: {
                                  type: "string",
                                  maxLength: 63,
                                },
                                "x-kubernetes-list-type": "set",
                              },
                              workload: {
                                type: "object",
                                description:
                                  "The Kubernetes workload that runs this role. A StatefulSet gives every pod a stable name and address.",
                                required: ["apiVersion", "kind"],
                                properties: {
                                  apiVersion: {
                                    type: "string",
                                    description: "API version of the workload.",
                                    maxLength: 253,
                                  },
                                  kind: {
                                    type: "string",
                                    description:
                                      "`StatefulSet`, `Deployment` or `LeaderWorkerSet`. Where a cluster has no LeaderWorkerSet, its instances run as StatefulSets.",
                                    maxLength: 63,
                                  },
                                },
                                "x-kubernetes-validations": [
                                  {
                                    rule: "(self.apiVersion + '/' + self.kind) in ['apps/v1/StatefulSet', 'apps/v1/Deployment', 'leaderworkerset.x-k8s.io/v1/LeaderWorkerSet']",
                                    message:
                                      "a role runs as StatefulSet or Deployment of apps/v1, or as LeaderWorkerSet of leaderworkerset.x-k8s.io/v1",
                                  },
                                ],
                              },
                              leaderWorker: {
                                type: "object",
                                description:
                                  "Instances over several nodes: each is a leader with its workers. `template` is the leader's. With kind StatefulSet each instance is a StatefulSet of its own.",
                                required: ["size"],
                                properties: {
                                  size: {
                                    type: "integer",
                                    description: "Pods per instance: one leader and its workers.",
                                    minimum: 1,
                                    maximum: 1000,
                                  },
                                  workerTemplate: {
                                    type: "object",
                                    description: "Template of the workers, where it differs from the leader's.",
                                    required: ["spec"],
                                    properties: {
                                      metadata: {
                                        type: "object",
                                        description: "Labels and annotations of the pods of this role.",
                                        properties: {
                                          labels: {
                                            type: "object",
                                            description: "Labels of the pods of this role.",
                                            additionalProperties: {
                                              type: "string",
                                            },
                                          },
                                          annotations: {
                                            type: "object",
                                            description: "Annotations of the pods of this role.",
                                            additionalProperties: {
                                              type: "string",
                                            },
                                          },
                                        },
                                        "x-kubernetes-preserve-unknown-fields": true,
                                      },
                                      spec: {
                                        type: "object",
                                        description: "A Kubernetes PodSpec.",
                                        required: ["containers"],
                                        properties: {
                                          containers: {
                                            type: "array",
                                            description: "The containers, at least one.",
                                            minItems: 1,
                                            items: {
                                              type: "object",
                                              required: ["name"],
                                              properties: {
                                                name: {
                                                  type: "string",
                                                  description: "Name of the container, unique in the pod.",
                                                },
                                              },
                                              "x-kubernetes-preserve-unknown-fields": true,
                                            },
                                            "x-kubernetes-list-type": "map",
                                            "x-kubernetes-list-map-keys": ["name"],
                                          },
                                        },
                                        "x-kubernetes-preserve-unknown-fields": true,
                                      },
                                    },
                                    "x-kubernetes-preserve-unknown-fields": true,
                                  },
                                },
                              },
                              minReadySeconds: {
                                type: "integer",
                                description: "How long a pod must have been Ready to count as Ready. Default: 0.",
                                format: "int32",
                                minimum: 0,
                              },
                              volumeClaimTemplates: {
                                type: "array",
                                description:
                                  "PersistentVolumeClaims of each pod of a StatefulSet. They outlive recovery, rollout and scale-in, keep a pod where its volume is, and go with the set only when that is asked for.",
                                maxItems: 16,
                                items: {
                                  type: "object",
                                  properties: {},
                                  "x-kubernetes-preserve-unknown-fields": true,
                                },
                              },
                              onPodFailure: {
                                type: "string",
                                description:
                                  "`Ignore`: failures of this role never recreate the group. Default: Recreate.",
                                enum: ["Recreate", "Ignore"],
                              },
                              scaling: {
                                type: "object",
                                description: "Who decides the replicas of this role.",
                                properties: {
                                  external: {
                                    type: "boolean",
                                    description:
                                      "An autoscaler outside owns the replicas of this role, group by group: they are read from its workload and never written. `replicas` is what a new group starts with. Default: false.",
                                  },
                                },
                              },
                              template: {
                                type: "object",
                                description:
                                  "A complete Kubernetes PodTemplateSpec. The cluster checks what is inside it, by a dry run.",
                                required: ["spec"],
                                properties: {
                                  metadata: {
                                    type: "object",
                                    description: "Labels and annotations of the pods of this role.",
                                    properties: {
                                      labels: {
                                        type: "object",
                                        description: "Labels of the pods of this role.",
                                        additionalProperties: {
                                          type: "string",
                                        },
                                      },
                                      annotations: {
                                        type: "object",
                                        description: "Annotations of the pods of this role.",
                                        additionalProperties: {
                                          type: "string",
                                        },
                                      },
                                    },
                                    "x-kubernetes-preserve-unknown-fields": true,
                                  },
                                  spec: {
                                    type: "object",
                                    description: "A Kubernetes PodSpec.",
                                    required: ["containers"],
                                    properties: {
                                      containers: {
                                        type: "array",
                                        description: "The containers, at least one.",
                                        minItems: 1,
                                        items: {
                                          type: "object",
                                          required: ["name"],
                                          properties: {
                                            name: {
                                              type: "string",
                                              description: "Name of the container, unique in the pod.",
                                            },
                                          },
                                          "x-kubernetes-preserve-unknown-fields": true,
                                        },
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                      },
                                    },
                                    "x-kubernetes-preserve-unknown-fields": true,
                                  },
                                },
                                "x-kubernetes-preserve-unknown-fields": true,
                              },
                            },
                            "x-kubernetes-validations": [
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
                            ],
                          },
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": ["role"],
                          "x-kubernetes-validations": [
                            {
                              rule: "self.all(r, !has(r.dependencies) || r.dependencies.all(d, self.exists(other, other.role == d)))",
                              message: "dependencies have to be roles of this group",
                            },
                          ],
                        },
                      },
                    },
                    placement: {
                      type: "object",
                      description: "Where groups run.",
                      properties: {
                        clusters: {
                          type: "object",
                          description: "Where groups may run.",
                          properties: {
                            names: {
                              type: "array",
                              description:
                                "Clusters that groups may run on, each group on one of them. Empty: all that the selector chooses; without a selector the one that is chosen on applying.",
                              maxItems: 1000,
                              items: {
                                type: "string",
                                maxLength: 253,
                              },
                            },
                            selector: {
                              type: "object",
                              description: "Clusters by their labels: with names, those of them that have the labels.",
                              properties: {
                                matchLabels: {
                                  type: "object",
                                  description:
                                    "Labels that a cluster must have. Every cluster has `openpatio.io/cluster` with its name.",
                                  maxProperties: 256,
                                  additionalProperties: {
                                    type: "string",
                                    maxLength: 63,
                                  },
                                },
                              },
                            },
                          },
                        },
                        strategy: {
                          type: "string",
                          description:
                            "`Pack` takes the cluster with the most groups of the set and there the fullest domain in which a group fits, `Spread` the cluster with the fewest and there the emptiest domain. Default: Pack.",
                          enum: ["Pack", "Spread"],
                        },
                        topology: {
                          type: "object",
                          description: "Keeps each group in one topology domain. Absent: no constraint.",
                          required: ["key"],
                          properties: {
                            key: {
                              type: "string",
                              description:
                                "Node label whose values are the domains, e.g. `topology.kubernetes.io/rack`.",
                              minLength: 1,
                              maxLength: 317,
                            },
                            mode: {
                              type: "string",
                              description:
                                "`Required`: all pods of a group are in one domain, or the group is not placed. `Preferred`: its pods prefer the best domain; where none holds all of them, the group spreads over its cluster. Default: Required.",
                              enum: ["Required", "Preferred"],
                            },
                            exclusive: {
                              type: "string",
                              description:
                                "Who else may be in a group's domain. `Group`: no other group of this set; `Set`: no group of another exclusive set either; `All`: nothing else at all. Needs mode `Required`; an edit is in effect from a group's next incarnation on. Default: None.",
                              enum: ["None", "Group", "Set", "All"],
                            },
                          },
                          "x-kubernetes-validations": [
                            {
                              rule: "!has(self.mode) || self.mode != 'Preferred' || !has(self.exclusive) || self.exclusive == 'None'",
                              message:
                                "exclusive needs mode Required: with Preferred a group may spread beyond its domain",
                              fieldPath: ".exclusive",
                            },
                          ],
                        },
                        whenFull: {
                          type: "string",
                          description:
                            "What happens while a group fits nowhere. `Wait`: nothing is created until it does. `CreatePods`: its pods are created all the same and left to the scheduler, for a cluster autoscaler. Default: Wait.",
                          enum: ["Wait", "CreatePods"],
                        },
                        failover: {
                          type: "object",
                          description: "Moving groups off an unreachable cluster.",
                          properties: {
                            afterSeconds: {
                              type: "integer",
                              description:
                                "Seconds after which the groups of a cluster that does not answer start on another one; null: never. What is there may still run until that cluster answers.",
                              format: "int32",
                              nullable: true,
                              minimum: 0,
                            },
                          },
                        },
                      },
                    },
                    rollout: {
                      type: "object",
                      description: "How a change of the pods reaches the groups.",
                      properties: {
                        strategy: {
                          type: "string",
                          description:
                            "`GroupRolling` replaces whole groups: pods of two revisions of one group never run at the same time. `RoleRolling` updates a group role by role in the order of dependencies, by each workload's own rolling update, within its incarnation: for roles that can work with another revision of each other. Default: GroupRolling.",
                          enum: ["GroupRolling", "RoleRolling"],
                        },
                        maxUnavailable: {
                          description:
                            "Groups that may be unavailable during a rollout: a number, or a percentage of the groups (rounded down, at least 1 without maxSurge). Default: 1.",
                          "x-kubernetes-int-or-string": true,
                          minimum: 0,
                          maximum: 2147483647,
                          pattern: "^(100|[1-9]?[0-9])%$",
                        },
                        maxSurge: {
                          description:
                            "Extra groups that a rollout may make above `replicas` (a number, or a percentage of them, rounded up): they come first, at the new revision, make up for groups that are down, and go at the end. Default: 0.",
                          "x-kubernetes-int-or-string": true,
                          minimum: 0,
                          maximum: 2147483647,
                          pattern: "^(100|[1-9]?[0-9])%$",
                        },
                        partition: {
                          type: "integer",
                          description:
                            "A canary: only groups with this index or a higher one take a new revision. Those below keep the one that they have, also when they are recreated. Default: 0.",
                          format: "int32",
                          minimum: 0,
                        },
                        paused: {
                          type: "boolean",
                          description: "Stops a rollout before the next group. Recovery goes on. Default: false.",
                        },
                        progressDeadlineSeconds: {
                          type: "integer",
                          description:
                            "Seconds without progress after which a start or a rollout counts as stalled, with the reason. Default: 1800.",
                          minimum: 1,
                        },
                        onFailure: {
                          type: "string",
                          description:
                            "What a stalled rollout does. `Pause`: it stops before the next group. `Rollback`: it returns to the last good revision by itself, once. Default: Pause.",
                          enum: ["Pause", "Rollback"],
                        },
                      },
                      "x-kubernetes-validations": [
                        {
                          rule: "!has(self.maxUnavailable) || !(self.maxUnavailable == 0 || self.maxUnavailable == '0%') || (has(self.maxSurge) && !(self.maxSurge == 0 || self.maxSurge == '0%'))",
                          message: "with maxUnavailable 0 and maxSurge 0 no rollout could ever begin",
                          fieldPath: ".maxUnavailable",
                        },
                      ],
                    },
                    recovery: {
                      type: "object",
                      description: "What happens when a pod fails.",
                      properties: {
                        policy: {
                          type: "string",
                          description:
                            "What a failed pod leads to. `RecreateGroup`: the whole group is torn down and started again, in order. `RecreateRole`: only the role, and in order the roles that depend on it. `None`: the workload replaces its pods, nothing else restarts. Default: RecreateGroup.",
                          enum: ["RecreateGroup", "RecreateRole", "None"],
                        },
                        backoff: {
                          type: "object",
                          description: "Delays between recoveries that follow one another.",
                          properties: {
                            baseSeconds: {
                              type: "number",
                              description:
                                "Delay before the second recovery in a row; it doubles with each further one. The first is immediate. Default: 30.",
                              minimum: 0,
                            },
                            maxSeconds: {
                              type: "number",
                              description: "Longest delay. Default: 600.",
                              minimum: 0,
                            },
                            stableAfterSeconds: {
                              type: "number",
                              description: "Seconds of Ready after which counting starts anew. Default: 1200.",
                              minimum: 0,
                            },
                          },
                          "x-kubernetes-validations": [
                            {
                              rule: "(has(self.baseSeconds) ? self.baseSeconds : 30.0) <= (has(self.maxSeconds) ? self.maxSeconds : 600.0)",
                              message:
                                "baseSeconds is more than maxSeconds: the first delay would already be over the limit",
                            },
                          ],
                        },
                        maxRecoveries: {
                          type: "integer",
                          description: "Recoveries in a row after which a group is given up as Failed; null: never.",
                          format: "int32",
                          nullable: true,
                          minimum: 0,
                        },
                        forceDeleteAfterSeconds: {
                          type: "integer",
                          description:
                            "Seconds after which a pod that hangs in termination on a node that is silent is force-deleted; null: never, it is shown and waits for a person. Only for machines that are sure to be off by then: the pod's processes may otherwise still run.",
                          format: "int32",
                          nullable: true,
                          minimum: 0,
                        },
                      },
                    },
                    entry: {
                      type: "object",
                      description: "One Service for clients, over the Ready pods of a role in all groups.",
                      required: ["role", "port"],
                      properties: {
                        role: {
                          type: "string",
                          description: "Role that clients talk to.",
                          maxLength: 63,
                        },
                        port: {
                          type: "string",
                          description: "Name of a container port of that role.",
                          maxLength: 63,
                        },
                      },
                    },
                    deletion: {
                      type: "object",
                      description: "What deleting the set does.",
                      properties: {
                        orphan: {
                          type: "boolean",
                          description: "Deleting the set leaves its workloads running. Default: false.",
                        },
                      },
                    },
                    revisionHistoryLimit: {
                      type: "integer",
                      description: "Old revisions that are kept for rolling back. Default: 10.",
                      minimum: 1,
                      maximum: 1000,
                    },
                  },
                  "x-kubernetes-validations": [
                    {
                      rule: "!has(self.entry) || self.groupTemplate.roles.exists(r, r.role == self.entry.role)",
                      message: "entry.role has to be one of the roles",
                      fieldPath: ".entry.role",
                    },
                  ],
                },
                status: {
                  type: "object",
                  description: "What is the case. Written by OpenPatio.",
                  properties: {
                    phase: {
                      type: "string",
                      description:
                        "`Pending`, `Starting`, `Ready`, `Updating`, `Recovering`, `Degraded`, `Failed`, `Paused` or `Deleting`.",
                      maxLength: 63,
                    },
                    message: {
                      type: "string",
                      description: "What the set waits for, or what is wrong, in one sentence.",
                      nullable: true,
                      maxLength: 32768,
                    },
                    replicas: {
                      type: "integer",
                      description: "Groups that exist.",
                    },
                    readyGroups: {
                      type: "integer",
                      description: "Groups that are Ready.",
                    },
                    updatedGroups: {
                      type: "integer",
                      description: "Groups that run the newest revision.",
                    },
                    unplacedGroups: {
                      type: "integer",
                      description: "Groups for which no place was found yet.",
                    },
                    selector: {
                      type: "string",
                      description: "Label selector of all pods of the set, for an autoscaler.",
                      maxLength: 2048,
                    },
                    currentRevision: {
                      type: "integer",
                      description: "Number of the last revision that all groups were Ready with.",
                      nullable: true,
                    },
                    updateRevision: {
                      type: "integer",
                      description: "Number of the newest revision.",
                      nullable: true,
                    },
                    observedGeneration: {
                      type: "integer",
                      description: "Generation of the spec that this status is about.",
                    },
                    conditions: {
                      type: "array",
                      description:
                        "`Accepted`, `Placed`, `Progressing`, `Available` and `Recovering`, as standard conditions.",
                      maxItems: 16,
                      items: {
                        type: "object",
                        description: "One condition, in the shape that Kubernetes uses.",
                        required: ["type", "status"],
                        properties: {
                          type: {
                            type: "string",
                            description: "Name of the condition.",
                            maxLength: 316,
                          },
                          status: {
                            type: "string",
                            description: "`True`, `False` or `Unknown`.",
                            maxLength: 63,
                          },
                          reason: {
                            type: "string",
                            description: "Why, as one word.",
                            maxLength: 1024,
                          },
                          message: {
                            type: "string",
                            description: "Why, as a sentence.",
                            maxLength: 32768,
                          },
                          lastTransitionTime: {
                            type: "string",
                            description: "Since when, in RFC 3339.",
                            maxLength: 64,
                          },
                          observedGeneration: {
                            type: "integer",
                            description: "Generation of the spec that the condition is about.",
                          },
                        },
                        "x-kubernetes-preserve-unknown-fields": true,
                      },
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                    },
                    groups: {
                      type: "array",
                      description: "Groups, at most 50, those that are not Ready first. `kubectl get rbg` lists all.",
                      maxItems: 50,
                      items: {
                        type: "object",
                        description: "One group.",
                        required: ["index"],
                        properties: {
                          index: {
                            type: "integer",
                            description: "Index of the group, from 0.",
                          },
                          phase: {
                            type: "string",
                            description: "Phase of the group.",
                            maxLength: 63,
                          },
                          cluster: {
                            type: "string",
                            description: "Cluster on which it is placed.",
                            nullable: true,
                            maxLength: 253,
                          },
                          domain: {
                            type: "string",
                            description: "Topology domain in which it is placed.",
                            nullable: true,
                            maxLength: 253,
                          },
                          revision: {
                            type: "integer",
                            description: "Number of the revision that it runs.",
                            nullable: true,
                          },
                          incarnation: {
                            type: "integer",
                            description: "Number of its present life.",
                            nullable: true,
                          },
                          message: {
                            type: "string",
                            description: "What it waits for, or what is wrong.",
                            nullable: true,
                            maxLength: 32768,
                          },
                          roles: {
                            type: "array",
                            description: "Readiness per role.",
                            maxItems: 32,
                            items: {
                              type: "object",
                              description: "Readiness of one role.",
                              required: ["role"],
                              properties: {
                                role: {
                                  type: "string",
                                  description: "Name of the role.",
                                  maxLength: 63,
                                },
                                ready: {
                                  type: "integer",
                                  description: "Ready instances.",
                                },
                                replicas: {
                                  type: "integer",
                                  description: "Wanted instances.",
                                },
                              },
                              "x-kubernetes-preserve-unknown-fields": true,
                            },
                          },
                        },
                        "x-kubernetes-preserve-unknown-fields": true,
                      },
                    },
                  },
                  "x-kubernetes-preserve-unknown-fields": true,
                },
              },
              "x-kubernetes-validations": [
                {
                  rule: "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                  message: "the name of a set is a DNS-1123 label, so without dots and of at most 63 characters",
                },
                {
                  rule: "self.spec.groupTemplate.roles.all(r, (has(r.workload) && r.workload.kind != 'StatefulSet') || has(r.leaderWorker) || self.metadata.name.size() + r.role.size() + 2 + string(has(self.spec.replicas) && self.spec.replicas > 0 ? self.spec.replicas - 1 : 0).size() <= 52)",
                  message:
                    "a StatefulSet <set>-<index>-<role> has at most 52 characters: shorten the name of the set or of the role",
                },
              ],
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: "rolebasedgroups.openpatio.io",
      annotations: {
        "openpatio.io/content-hash": "27feeb86985adf98",
        "openpatio.io/schema-version": "1",
      },
    },
    spec: {
      group: "openpatio.io",
      scope: "Namespaced",
      names: {
        kind: "RoleBasedGroup",
        listKind: "RoleBasedGroupList",
        plural: "rolebasedgroups",
        singular: "rolebasedgroup",
        shortNames: ["rbg"],
        categories: ["openpatio"],
      },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          subresources: {
            status: {},
          },
          additionalPrinterColumns: [
            {
              name: "Set",
              type: "string",
              description: "Set that the group belongs to.",
              jsonPath: ".spec.set",
            },
            {
              name: "Index",
              type: "integer",
              description: "Index of the group in its set.",
              jsonPath: ".spec.index",
              priority: 1,
            },
            {
              name: "Phase",
              type: "string",
              description: "Phase of the group.",
              jsonPath: ".status.phase",
            },
            {
              name: "Ready",
              type: "string",
              description: "Whether the whole group is Ready.",
              jsonPath: '.status.conditions[?(@.type=="Ready")].status',
            },
            {
              name: "Incarnation",
              type: "integer",
              description: "Number of the group's present life.",
              jsonPath: ".spec.incarnation",
            },
            {
              name: "Revision",
              type: "integer",
              description: "Number of the revision that runs.",
              jsonPath: ".status.revision",
              priority: 1,
            },
            {
              name: "Domain",
              type: "string",
              description: "Topology domain in which the group is placed.",
              jsonPath: ".status.domain",
            },
            {
              name: "Why",
              type: "string",
              description: "What the group waits for, or what is wrong.",
              jsonPath: ".status.message",
              priority: 1,
            },
            {
              name: "Age",
              type: "date",
              description: "Since when the group exists.",
              jsonPath: ".metadata.creationTimestamp",
            },
          ],
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "One group of a RoleBasedGroupSet. Written by OpenPatio: edit the set instead.",
              required: ["spec"],
              properties: {
                apiVersion: {
                  type: "string",
                  description: "Always `openpatio.io/v1alpha1`.",
                },
                kind: {
                  type: "string",
                  description: "Kind of the object.",
                },
                metadata: {
                  type: "object",
                },
                spec: {
                  type: "object",
                  description: "What is wanted of the group, copied from its set.",
                  required: ["set", "index", "incarnation"],
                  properties: {
                    set: {
                      type: "string",
                      description: "Name of the set that the group belongs to.",
                      maxLength: 63,
                    },
                    index: {
                      type: "integer",
                      description: "Index of the group in its set, from 0.",
                      format: "int32",
                      minimum: 0,
                    },
                    incarnation: {
                      type: "integer",
                      description: "Number of the group's present life.",
                      format: "int32",
                      minimum: 0,
                    },
                    roles: {
                      type: "array",
                      description: "The roles of the group.",
                      maxItems: 32,
                      items: {
                        type: "object",
                        description: "One role of the group.",
                        required: ["role", "replicas"],
                        properties: {
                          role: {
                            type: "string",
                            description: "Name of the role.",
                            maxLength: 63,
                          },
                          replicas: {
                            type: "integer",
                            description: "Wanted instances.",
                            format: "int32",
                            minimum: 0,
                          },
                          dependencies: {
                            type: "array",
                            description: "Roles that must be Ready first.",
                            maxItems: 32,
                            items: {
                              type: "string",
                              maxLength: 63,
                            },
                          },
                          workload: {
                            type: "object",
                            description: "The Kubernetes workload that runs the role.",
                            required: ["apiVersion", "kind"],
                            properties: {
                              apiVersion: {
                                type: "string",
                                description: "API version of the workload.",
                                maxLength: 253,
                              },
                              kind: {
                                type: "string",
                                description: "Kind of the workload.",
                                maxLength: 63,
                              },
                            },
                          },
                        },
                      },
                    },
                  },
                },
                status: {
                  type: "object",
                  description: "What is the case.",
                  properties: {
                    phase: {
                      type: "string",
                      description: "Phase of the group.",
                      nullable: true,
                      maxLength: 63,
                    },
                    message: {
                      type: "string",
                      description: "What it waits for, or what is wrong.",
                      nullable: true,
                      maxLength: 32768,
                    },
                    incarnation: {
                      type: "integer",
                      description: "Incarnation that this status is about.",
                      nullable: true,
                    },
                    revision: {
                      type: "integer",
                      description: "Number of the revision that runs.",
                      nullable: true,
                    },
                    domain: {
                      type: "string",
                      description: "Topology domain in which the group is placed.",
                      nullable: true,
                      maxLength: 253,
                    },
                    roles: {
                      type: "array",
                      description: "Readiness per role.",
                      maxItems: 32,
                      items: {
                        type: "object",
                        description: "Readiness of one role.",
                        required: ["role"],
                        properties: {
                          role: {
                            type: "string",
                            description: "Name of the role.",
                            maxLength: 63,
                          },
                          ready: {
                            type: "integer",
                            description: "Ready instances.",
                          },
                          replicas: {
                            type: "integer",
                            description: "Wanted instances.",
                          },
                        },
                        "x-kubernetes-preserve-unknown-fields": true,
                      },
                    },
                    conditions: {
                      type: "array",
                      description: "Standard conditions.",
                      maxItems: 16,
                      items: {
                        type: "object",
                        description: "One condition, in the shape that Kubernetes uses.",
                        required: ["type", "status"],
                        properties: {
                          type: {
                            type: "string",
                            description: "Name of the condition.",
                            maxLength: 316,
                          },
                          status: {
                            type: "string",
                            description: "`True`, `False` or `Unknown`.",
                            maxLength: 63,
                          },
                          reason: {
                            type: "string",
                            description: "Why, as one word.",
                            maxLength: 1024,
                          },
                          message: {
                            type: "string",
                            description: "Why, as a sentence.",
                            maxLength: 32768,
                          },
                          lastTransitionTime: {
                            type: "string",
                            description: "Since when, in RFC 3339.",
                            maxLength: 64,
                          },
                          observedGeneration: {
                            type: "integer",
                            description: "Generation of the spec that the condition is about.",
                          },
                        },
                        "x-kubernetes-preserve-unknown-fields": true,
                      },
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["type"],
                    },
                  },
                  "x-kubernetes-preserve-unknown-fields": true,
                },
              },
            },
          },
        },
      ],
    },
  },
];
