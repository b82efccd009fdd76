import { expect, test } from "vitest";
import { renderApiReference } from "./api-reference.ts";
import { describeSchemaForEditor, nodeAt } from "./editor-schema.ts";

test("every field has a meaning", () => {
  const text = renderApiReference();
  expect(text).not.toMatch(/\|\s*\|\n/);
});

test("the editor's schema offers fields of pods and the values of ours", () => {
  const schema = describeSchemaForEditor() as Record<string, unknown>;
  expect(nodeAt(schema, "spec.rollout.strategy")).toMatchObject({
    enum: ["GroupRolling", "RoleRolling"],
    default: "GroupRolling",
  });
  expect(nodeAt(schema, "spec.groupTemplate.roles[].template.spec.initContainers[].readinessProbe")).toBeDefined();
  expect(nodeAt(schema, "spec.replicas")).toMatchObject({ type: "integer", minimum: 0, maximum: 10_000 });
  expect(JSON.stringify(schema)).not.toContain(String(Number.MAX_SAFE_INTEGER));
});
