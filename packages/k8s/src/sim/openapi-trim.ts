/**
 * Makes `openapi-types.json` from the OpenAPI v3 documents of a real API server: the types of the resources that the
 * sandbox serves, without descriptions. The store takes its list keys, merge keys, defaults and known fields from it,
 * so a type behaves as upstream says without a second hand-written copy.
 *
 *   kubectl get --raw /openapi/v3/api/v1 > docs/api_v1.json        (and one file per served group)
 *   npx tsx packages/k8s/src/sim/openapi-trim.ts docs > packages/k8s/src/sim/openapi-types.json
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BUILTIN_RESOURCES } from "./store-resources.ts";

type Schema = Record<string, unknown>;

const KEPT = new Set([
  "type",
  "format",
  "properties",
  "items",
  "additionalProperties",
  "required",
  "default",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-patch-strategy",
  "x-kubernetes-group-version-kind",
]);

function trim(schema: Schema): Schema {
  const allOf = schema["allOf"] as Schema[] | undefined;
  const out: Schema = {};
  // `allOf: [{$ref}]` only exists upstream to hang a description or default beside the reference.
  if (allOf?.length === 1) out["$ref"] = String(allOf[0]?.["$ref"] as string).replace("#/components/schemas/", "");
  if (schema["$ref"] !== undefined) out["$ref"] = (schema["$ref"] as string).replace("#/components/schemas/", "");
  for (const [key, value] of Object.entries(schema)) {
    if (!KEPT.has(key)) continue;
    if (key === "properties") {
      out[key] = Object.fromEntries(Object.entries(value as Schema).map(([k, v]) => [k, trim(v as Schema)]));
    } else if (key === "items" || (key === "additionalProperties" && typeof value === "object")) {
      out[key] = trim(value as Schema);
    } else if (key === "default" && typeof value === "object") {
      // Upstream writes `default: {}` at every struct; it is not a default that the server applies.
    } else {
      out[key] = value;
    }
  }
  return out;
}

function referenced(schema: unknown, found: Set<string>): void {
  if (Array.isArray(schema)) {
    for (const item of schema) referenced(item, found);
  } else if (schema !== null && typeof schema === "object") {
    for (const [key, value] of Object.entries(schema)) {
      if (key === "$ref" && typeof value === "string") found.add(value);
      else referenced(value, found);
    }
  }
}

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: openapi-trim.ts FOLDER-OF-OPENAPI-V3-DOCUMENTS");
const all: Record<string, Schema> = {};
for (const file of readdirSync(folder).filter((name) => name.includes("_") && name.endsWith(".json"))) {
  const document = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
    components: { schemas: Record<string, Schema> };
  };
  for (const [name, schema] of Object.entries(document.components.schemas)) all[name] ??= trim(schema);
}
const wanted = new Set(BUILTIN_RESOURCES.map((resource) => `${resource.group}/${resource.version}/${resource.kind}`));
const roots = Object.entries(all).filter(([, schema]) => {
  const kinds = schema["x-kubernetes-group-version-kind"] as
    | { group: string; version: string; kind: string }[]
    | undefined;
  return kinds?.length === 1 && kinds.some((gvk) => wanted.has(`${gvk.group}/${gvk.version}/${gvk.kind}`));
});
const kept = new Map<string, Schema>();
const queue = roots.map(([name]) => name);
while (queue.length > 0) {
  const name = queue.pop() as string;
  const schema = all[name];
  if (kept.has(name) || schema === undefined) continue;
  kept.set(name, schema);
  const found = new Set<string>();
  referenced(schema, found);
  queue.push(...found);
}
const sorted = [...kept].sort(([a], [b]) => (a < b ? -1 : 1));
process.stdout.write(
  `{\n${sorted.map(([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`).join(",\n")}\n}\n`,
);
