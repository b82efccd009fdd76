import { z } from "zod";
import { MAX_ROLES } from "./schema.ts";

/**
 * The status of a RoleBasedGroupSet as kubectl shows it. It is open for what later versions add: an older definition in a
 * cluster then keeps it.
 */

/** Groups that a status lists: those that are not Ready come first, and every group has a RoleBasedGroup of its own. */
export const MAX_STATUS_GROUPS = 50;

const TINY = 63;
export const PhaseText = z.string().max(TINY);
/** As long as the message of a standard condition may be. */
export const MessageText = z.string().max(32_768);

export const RolesReady = z
  .array(
    z
      .looseObject({
        role: z.string().max(TINY).describe("Name of the role."),
        ready: z.int().optional().describe("Ready instances."),
        replicas: z.int().optional().describe("Wanted instances."),
      })
      .describe("Readiness of one role."),
  )
  .max(MAX_ROLES);

export const Conditions = z
  .array(
    z
      .looseObject({
        type: z.string().max(316).describe("Name of the condition."),
        status: z.string().max(TINY).describe("`True`, `False` or `Unknown`."),
        reason: z.string().max(1024).optional().describe("Why, as one word."),
        message: MessageText.optional().describe("Why, as a sentence."),
        lastTransitionTime: z.string().max(64).optional().describe("Since when, in RFC 3339."),
        observedGeneration: z.int().optional().describe("Generation of the spec that the condition is about."),
      })
      .describe("One condition, in the shape that Kubernetes uses."),
  )
  .max(16);

export const SetResourceStatus = z
  .looseObject({
    phase: PhaseText.optional().describe(
      "`Pending`, `Starting`, `Ready`, `Updating`, `Recovering`, `Degraded`, `Failed`, `Paused` or `Deleting`.",
    ),
    message: MessageText.nullable().optional().describe("What the set waits for, or what is wrong, in one sentence."),
    replicas: z.int().optional().describe("Groups that exist."),
    readyGroups: z.int().optional().describe("Groups that are Ready."),
    updatedGroups: z.int().optional().describe("Groups that run the newest revision."),
    unplacedGroups: z.int().optional().describe("Groups for which no place was found yet."),
    selector: z.string().max(2048).optional().describe("Label selector of all pods of the set, for an autoscaler."),
    currentRevision: z
      .int()
      .nullable()
      .optional()
      .describe("Number of the last revision that all groups were Ready with."),
    updateRevision: z.int().nullable().optional().describe("Number of the newest revision."),
    observedGeneration: z.int().optional().describe("Generation of the spec that this status is about."),
    conditions: Conditions.optional().describe(
      "`Accepted`, `Placed`, `Progressing`, `Available` and `Recovering`, as standard conditions.",
    ),
    groups: z
      .array(
        z
          .looseObject({
            index: z.int().describe("Index of the group, from 0."),
            phase: PhaseText.optional().describe("Phase of the group."),
            cluster: z.string().max(253).nullable().optional().describe("Cluster on which it is placed."),
            domain: z.string().max(253).nullable().optional().describe("Topology domain in which it is placed."),
            revision: z.int().nullable().optional().describe("Number of the revision that it runs."),
            incarnation: z.int().nullable().optional().describe("Number of its present life."),
            message: MessageText.nullable().optional().describe("What it waits for, or what is wrong."),
            roles: RolesReady.optional().describe("Readiness per role."),
          })
          .describe("One group."),
      )
      .max(MAX_STATUS_GROUPS)
      .optional()
      .describe(`Groups, at most ${MAX_STATUS_GROUPS}, those that are not Ready first. \`kubectl get rbg\` lists all.`),
  })
  .describe("What is the case. Written by OpenPatio.");
export type SetResourceStatus = z.infer<typeof SetResourceStatus>;
