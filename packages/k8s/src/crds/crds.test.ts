import { readFileSync } from "node:fs";
import { renderApiReference } from "@openpatio/core/spec";
import { expect, test } from "vitest";
import { API_REFERENCE, DEFINITIONS, YAML_TEXT } from "../../scripts/generate.ts";
import { CRDS, CRDS_YAML } from "./index.ts";

test("the committed definitions are those that the schema gives (npm run generate)", () => {
  expect(CRDS).toEqual(DEFINITIONS);
  expect(readFileSync(new URL("crds.yaml", import.meta.url), "utf8")).toBe(YAML_TEXT);
  expect(CRDS_YAML).toBe(YAML_TEXT);
});

test("docs/API_REFERENCE.md is what the schema says (npm run generate)", () => {
  expect(readFileSync(API_REFERENCE, "utf8")).toBe(renderApiReference());
});

test("each definition is small enough for a client-side kubectl apply", () => {
  for (const definition of CRDS) expect(JSON.stringify(definition).length).toBeLessThan(200_000);
});

test("a definition has no defaults: they would stand in every object as if its user had written them", () => {
  expect(CRDS_YAML).not.toMatch(/^ *default:/m);
});
