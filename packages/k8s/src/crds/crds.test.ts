import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROLE_BASED_GROUPS, YAML_TEXT } from "../../scripts/generate-crds.ts";
import { CRDS } from "./index.ts";

test("the committed definitions are those that the schema gives (npx tsx packages/k8s/scripts/generate-crds.ts)", () => {
  expect(CRDS).toEqual([ROLE_BASED_GROUPS]);
  expect(readFileSync(new URL("rolebasedgroups.openpatio.io.yaml", import.meta.url), "utf8")).toBe(YAML_TEXT);
});

test("a definition is small enough for a client-side kubectl apply", () => {
  expect(JSON.stringify(ROLE_BASED_GROUPS).length).toBeLessThan(200_000);
});
