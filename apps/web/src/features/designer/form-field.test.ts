import { describeSchemaForEditor } from "@openpatio/core/spec";
import { describe, expect, test } from "vitest";
import {
  CLUSTER_FIELDS,
  END_FIELDS,
  factsOf,
  LABEL_FIELDS,
  PLACEMENT_FIELDS,
  parseTyped,
  problemUnder,
  RECOVERY_FIELDS,
  ROLE_FIELDS,
  ROLE_LABEL_FIELDS,
  ROLLOUT_FIELDS,
  STARTUP_FIELDS,
  TOPOLOGY_FIELDS,
} from "./form-field.ts";

const ROLE = "spec.groupTemplate.roles[]";
/** Fields whose control is more than the schema can say. */
const BY_HAND = [
  "metadata.name",
  "metadata.namespace",
  "spec.replicas",
  "spec.placement.clusters.names",
  "spec.placement.topology.key",
  "spec.entry.role",
  "spec.entry.port",
  `${ROLE}.role`,
  `${ROLE}.replicas`,
  `${ROLE}.dependencies`,
  `${ROLE}.workload.apiVersion`,
  `${ROLE}.workload.kind`,
  `${ROLE}.leaderWorker.size`,
  `${ROLE}.volumeClaimTemplates`,
];
/** What a template holds belongs to Kubernetes; the container form knows what people write most. */
const OF_KUBERNETES = [`${ROLE}.template.spec`, `${ROLE}.leaderWorker.workerTemplate`];

type Node = { readonly properties?: Record<string, Node>; readonly items?: Node };

function leaves(node: Node, path: string): readonly string[] {
  if (OF_KUBERNETES.includes(path)) return [];
  if (node.items?.properties !== undefined && path.endsWith("roles")) return leaves(node.items, `${path}[]`);
  const fields = Object.entries(node.properties ?? {});
  if (fields.length === 0) return [path];
  return fields.flatMap(([name, each]) => leaves(each, path === "" ? name : `${path}.${name}`));
}

test("every field of a definition is in the form", () => {
  const ofSet = [
    STARTUP_FIELDS,
    TOPOLOGY_FIELDS,
    PLACEMENT_FIELDS,
    CLUSTER_FIELDS,
    ROLLOUT_FIELDS,
    RECOVERY_FIELDS,
    LABEL_FIELDS,
    END_FIELDS,
  ].flat();
  const inForm = [
    ...BY_HAND,
    ...ofSet.map((field) => field.path.join(".")),
    ...[...ROLE_FIELDS, ...ROLE_LABEL_FIELDS].map((field) => `${ROLE}.${field.path.join(".")}`),
  ];
  const ofSchema = leaves(describeSchemaForEditor() as Node, "").filter(
    (path) => !["apiVersion", "kind"].includes(path),
  );
  expect(inForm.toSorted()).toEqual(ofSchema.toSorted());
});

describe("what the schema says of a field", () => {
  test.each([
    ["spec.rollout.onFailure", "choice", "Pause"],
    ["spec.rollout.maxSurge", "count-or-percent", 0],
    ["spec.rollout.paused", "switch", false],
    ["spec.recovery.maxRecoveries", "number", null],
    ["spec.groupTemplate.metadata.labels", "map", {}],
  ])("%s is a %s", (path, kind, fallback) => {
    const facts = factsOf(path.split("."));
    expect(facts).toMatchObject({ kind, fallback });
    expect(facts.description).not.toBe("");
  });

  test("a field that it does not have is a mistake of ours", () => {
    expect(() => factsOf(["spec", "colour"])).toThrow("the schema has no spec.colour");
  });
});

test("typed digits are a number, a percentage is text", () => {
  expect([parseTyped("number", "30"), parseTyped("count-or-percent", "25%"), parseTyped("text", "30")]).toEqual([
    30,
    "25%",
    "30",
  ]);
});

test("a problem belongs to its field, not to one whose name begins alike", () => {
  const problems = [{ path: "spec.rollout.maxSurge", code: "value" as const, message: "no" }];
  expect(problemUnder(problems, ["spec", "rollout"])).toBe("no");
  expect(problemUnder(problems, ["spec", "rollout", "max"])).toBeUndefined();
});
