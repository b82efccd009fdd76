// Generated from the schema in packages/core/src/spec; do not edit.
import type { KubeObject } from "@openpatio/core/model";

export const ROLE_BASED_GROUPS: KubeObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: "rolebasedgroups.openpatio.io",
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
            jsonPath: ".spec.set",
          },
          {
            name: "Index",
            type: "integer",
            jsonPath: ".spec.index",
          },
          {
            name: "Phase",
            type: "string",
            jsonPath: ".status.phase",
          },
          {
            name: "Incarnation",
            type: "integer",
            jsonPath: ".spec.incarnation",
          },
          {
            name: "Revision",
            type: "integer",
            jsonPath: ".status.revision",
          },
          {
            name: "Domain",
            type: "string",
            jsonPath: ".status.domain",
          },
          {
            name: "Message",
            type: "string",
            jsonPath: ".status.message",
            priority: 1,
          },
          {
            name: "Age",
            type: "date",
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
              },
              kind: {
                type: "string",
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
                  },
                  index: {
                    type: "integer",
                    description: "Index of the group in its set, from 0.",
                    minimum: 0,
                  },
                  incarnation: {
                    type: "integer",
                    description: "Number of the group's present life.",
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
                        },
                        replicas: {
                          type: "integer",
                          description: "Wanted instances.",
                          minimum: 0,
                        },
                        dependencies: {
                          type: "array",
                          description: "Roles that must be Ready first.",
                          maxItems: 32,
                          items: {
                            type: "string",
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
                            },
                            kind: {
                              type: "string",
                              description: "Kind of the workload.",
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
                  },
                  message: {
                    type: "string",
                    description: "What it waits for, or what is wrong.",
                    nullable: true,
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
                        },
                        status: {
                          type: "string",
                          description: "`True`, `False` or `Unknown`.",
                        },
                        reason: {
                          type: "string",
                          description: "Why, as one word.",
                        },
                        message: {
                          type: "string",
                          description: "Why, as a sentence.",
                        },
                        lastTransitionTime: {
                          type: "string",
                          description: "Since when, in RFC 3339.",
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
        },
      },
    ],
  },
};
