import { z } from "zod";
import { MAX_COUNT, MAX_ROLES } from "./schema.ts";
import { Conditions, MessageText, PhaseText, RolesReady } from "./set-status-schema.ts";

/**
 * The RoleBasedGroup: what OpenPatio writes into a cluster about one group, for kubectl and as owner of its objects.
 * It is output only; the definition is generated from this.
 */

export const GroupResourceSpec = z
  .object({
    set: z.string().max(63).describe("Name of the set that the group belongs to."),
    index: z.int().min(0).max(MAX_COUNT).describe("Index of the group in its set, from 0."),
    incarnation: z.int().min(0).max(MAX_COUNT).describe("Number of the group's present life."),
    roles: z
      .array(
        z
          .object({
            role: z.string().max(63).describe("Name of the role."),
            replicas: z.int().min(0).max(MAX_COUNT).describe("Wanted instances."),
            dependencies: z
              .array(z.string().max(63))
              .max(MAX_ROLES)
              .optional()
              .describe("Roles that must be Ready first."),
            workload: z
              .object({
                apiVersion: z.string().max(253).describe("API version of the workload."),
                kind: z.string().max(63).describe("Kind of the workload."),
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
    phase: PhaseText.nullable().optional().describe("Phase of the group."),
    message: MessageText.nullable().optional().describe("What it waits for, or what is wrong."),
    incarnation: z.int().nullable().optional().describe("Incarnation that this status is about."),
    revision: z.int().nullable().optional().describe("Number of the revision that runs."),
    domain: z.string().max(253).nullable().optional().describe("Topology domain in which the group is placed."),
    roles: RolesReady.optional().describe("Readiness per role."),
    conditions: Conditions.optional().describe("Standard conditions."),
  })
  .describe("What is the case.");
