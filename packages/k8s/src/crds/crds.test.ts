import { readFileSync } from "node:fs";
import { renderApiReference } from "@openpatio/core/spec";
import { expect, test } from "vitest";
import { API_REFERENCE, ROLE_BASED_GROUPS, YAML_TEXT } from "../../scripts/generate.ts";
import { CRDS } from "./index.ts";

test("the committed definitions are those that the schema gives (npm run generate)", () => {
  expect(CRDS).toEqual([ROLE_BASED_GROUPS]);
  expect(readFileSync(new URL("rolebasedgroups.openpatio.io.yaml", import.meta.url), "utf8")).toBe(YAML_TEXT);
});

test("docs/API_REFERENCE.md is what the schema says (npm run generate)", () => {
  expect(readFileSync(API_REFERENCE, "utf8")).toBe(renderApiReference());
});

test("a definition is small enough for a client-side kubectl apply", () => {
  expect(JSON.stringify(ROLE_BASED_GROUPS).length).toBeLessThan(200_000);
});
