import { API_VERSION } from "@openpatio/core/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApiError } from "../src/kube/api-error.ts";
import { acceptedManifests } from "./set-manifests.ts";
import type { World } from "./world.ts";

type Fields = Readonly<Record<string, unknown>>;

const template = { spec: { containers: [{ name: "engine", image: "x" }] } };
const prefill = { role: "prefill", template };
const decode = { role: "decode", template };
const groupOf = (...roles: readonly unknown[]): Fields => ({ groupTemplate: { roles } });

/** What the definition of a set catches, so that kubectl says it at once. */
const CAUGHT: readonly (readonly [spec: Fields, says: string])[] = [
  [groupOf(), "spec.groupTemplate.roles in body should have at least 1 items"],
  [groupOf(prefill, prefill), 'spec.groupTemplate.roles[1]: Duplicate value: {"role":"prefill"}'],
  [groupOf({ ...prefill, role: "Prefill" }), "roles[0].role in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"],
  [groupOf({ role: "prefill" }), "spec.groupTemplate.roles[0].template: Required value"],
  [groupOf({ ...prefill, template: { spec: {} } }), "roles[0].template.spec.containers: Required value"],
  [groupOf({ ...prefill, dependencies: ["router"] }), "Invalid value: dependencies have to be roles of this group"],
  [
    groupOf({ ...prefill, dependencies: ["prefill"] }),
    "roles[0].dependencies: Invalid value: a role cannot depend on itself",
  ],
  [
    groupOf(prefill, { ...decode, dependencies: ["prefill", "prefill"] }),
    'dependencies[1]: Duplicate value: "prefill"',
  ],
  [
    groupOf({ ...prefill, workload: { apiVersion: "v1", kind: "Pod" } }),
    "workload: Invalid value: a role runs as StatefulSet or",
  ],
  [groupOf({ ...prefill, role: "a-role-whose-name-is-far-too-long-for-a-stateful-set" }), "at most 52 characters"],
  [{ replicas: -1 }, "spec.replicas in body should be greater than or equal to 0"],
  [{ replicas: 10_001 }, "spec.replicas in body should be less than or equal to 10000"],
  [
    { rollout: { maxUnavailable: 0 } },
    "spec.rollout.maxUnavailable: Invalid value: with maxUnavailable 0 and maxSurge 0 no rollout",
  ],
  [{ rollout: { maxUnavailable: "0%", maxSurge: 0 } }, "no rollout could ever begin"],
  [{ rollout: { maxSurge: "120%" } }, "spec.rollout.maxSurge in body should match '^(100|[1-9]?[0-9])%$'"],
  [{ rollout: { partition: -1 } }, "spec.rollout.partition in body should be greater than or equal to 0"],
  [
    { rollout: { strategy: "Rolling" } },
    'Unsupported value: "Rolling": supported values: "GroupRolling", "RoleRolling"',
  ],
  [{ recovery: { backoff: { baseSeconds: 700 } } }, "baseSeconds is more than maxSeconds"],
  [
    { entry: { role: "router", port: "http" } },
    "spec.entry.role: Invalid value: entry.role has to be one of the roles",
  ],
  [
    { placement: { topology: { key: "rack", mode: "Preferred", exclusive: "All" } } },
    "spec.placement.topology.exclusive: Invalid value: exclusive needs mode Required",
  ],
  [{ rollouts: {} }, 'strict decoding error: unknown field "spec.rollouts"'],
];

/** The definitions that we install, on a cluster. */
export function describeDefinitions(world: () => World): void {
  const dryRun = (manifest: unknown): Promise<unknown> => {
    const w = world();
    const query = { dryRun: "All", fieldValidation: "Strict" };
    const path = w.others.path(API_VERSION, "RoleBasedGroupSet", w.namespace);
    return w.others.send({ method: "POST", query, body: manifest }, path);
  };
  const setOf = (spec: Fields, name = "tried"): Fields => ({
    apiVersion: API_VERSION,
    kind: "RoleBasedGroupSet",
    metadata: { name },
    spec: { ...groupOf(prefill, decode), ...spec },
  });

  test("what the schema accepts is never refused by the definition", async () => {
    await fc.assert(
      fc.asyncProperty(acceptedManifests(), async (manifest) => {
        await dryRun(manifest);
      }),
      { numRuns: 150, seed: 20_261_124 },
    );
  });

  describe("kubectl is told at once", () => {
    test.each(CAUGHT)("%j", async (spec, says) => {
      const error = await dryRun(setOf(spec)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ApiError);
      expect((error as ApiError).message).toContain(says);
    });

    test("of a name with dots", async () => {
      await expect(dryRun(setOf({}, "a.b"))).rejects.toThrow("the name of a set is a DNS-1123 label, so without dots");
    });
  });

  test("a cycle is stored: the schema, not the definition, has words for it", async () => {
    const cycle = groupOf({ ...prefill, dependencies: ["decode"] }, { ...decode, dependencies: ["prefill"] });
    await dryRun(setOf(cycle));
  });
}
