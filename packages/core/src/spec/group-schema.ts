import { z } from "zod";
import { MAX_ROLES } from "./schema.ts";

/**
 * The RoleBasedGroup: what OpenPatio writes into a cluster about one group, for kubectl and as owner of its objects.
 * It is output only; the definition is generated from this.
 */

export const GroupResourceSpec = z
  .object({
    set: z.string().describe("Name of the set that the group belongs to."),
    index: z.int().min(0).describe("Index of the group in its set, from 0."),
    incarnation: z.int().min(0).describe("Number of the group's present life."),
    roles: z
      .array(
        z
          .object({
            role: z.string().describe("Name of the role."),
            replicas: z.int().min(0).describe("Wanted instances."),
            dependencies: z.array(z.string()).max(MAX_ROLES).optional().describe("Roles that must be Ready first."),
            workload: z
              .object({
                apiVersion: z.string().describe("API version of the workload."),
                kind: z.string().describe("Kind of the workload."),
              })
              .optional()
              .describe("The Kubernetes workload that runs the role."),
          })
          .describe("One role of the group."),
      )
      .max(MAX_ROLES)
      .optional()
      .describe("The roles of the group."),
  })
  .describe("What is wanted of the group, copied from its set.");

/** Open for what later versions add: an older definition in a cluster then keeps it. */
export const GroupResourceStatus = z
  .looseObject({
    phase: z.string().nullable().optional().describe("Phase of the group."),
    message: z.string().nullable().optional().describe("What it waits for, or what is wrong."),
    incarnation: z.int().nullable().optional().describe("Incarnation that this status is about."),
    revision: z.int().nullable().optional().describe("Number of the revision that runs."),
    domain: z.string().nullable().optional().describe("Topology domain in which the group is placed."),
    roles: z
      .array(
        z
          .looseObject({
            role: z.string().describe("Name of the role."),
            ready: z.int().optional().describe("Ready instances."),
            replicas: z.int().optional().describe("Wanted instances."),
          })
          .describe("Readiness of one role."),
      )
      .max(MAX_ROLES)
      .optional()
      .describe("Readiness per role."),
    conditions: z
      .array(
        z
          .looseObject({
            type: z.string().describe("Name of the condition."),
            status: z.string().describe("`True`, `False` or `Unknown`."),
            reason: z.string().optional().describe("Why, as one word."),
            message: z.string().optional().describe("Why, as a sentence."),
            lastTransitionTime: z.string().optional().describe("Since when, in RFC 3339."),
          })
          .describe("One condition, in the shape that Kubernetes uses."),
      )
      .max(16)
      .optional()
      .describe("Standard conditions."),
  })
  .describe("What is the case.");
