/**
 * OpenAPI v3 as kubectl needs it: for each group version the types (explain, strategic merge) and which endpoints take
 * which patches and parameters (server-side field validation and dry run).
 */
import { createHash } from "node:crypto";
import { type GroupVersion, groupsOf, servedVersion } from "./discovery.ts";
import { BUILTIN_TYPES, builtinTypeName, OBJECT_META, type Schema, schemaOf } from "./openapi-schema.ts";
import { isObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

const REFERENCE = "#/components/schemas/";

export function openapiIndex(definitions: readonly ResourceDefinition[]) {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  const all: readonly GroupVersion[] = [
    { group: "", version: "v1" },
    ...groupsOf(definitions).flatMap(({ group, versions }) => versions.map((version) => ({ group, version }))),
  ];
  for (const groupVersion of all) {
    const document = openapiDocument(definitions, groupVersion);
    if (document === undefined) continue;
    const path = pathOf(groupVersion);
    // kubectl keeps a document as long as its hash stays.
    const hash = createHash("sha256").update(JSON.stringify(document)).digest("hex").toUpperCase();
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return { paths };
}

function pathOf({ group, version }: GroupVersion): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/** Undefined when the group version serves no stored resource. */
export function openapiDocument(definitions: readonly ResourceDefinition[], groupVersion: GroupVersion) {
  const served = definitions.filter(
    (definition) =>
      definition.group === groupVersion.group && servedVersion(definition, groupVersion.version) !== undefined,
  );
  if (served.length === 0) return undefined;
  const paths: Record<string, unknown> = {};
  const schemas: Record<string, unknown> = {};
  for (const definition of served) {
    const { group, version } = groupVersion;
    const name = builtinTypeName(group, version, definition.kind) ?? customTypeName(group, version, definition.kind);
    if (definition.custom === undefined) addType(name, schemas);
    else addCustomType(name, definition, version, schemas);
    const scope = definition.namespaced ? "namespaces/{namespace}/" : "";
    const collection = `/${pathOf(groupVersion)}/${scope}${definition.plural}`;
    const kind = { "x-kubernetes-group-version-kind": { group, version, kind: definition.kind } };
    const reply = {
      responses: {
        "200": { description: "OK", content: { "application/json": { schema: { $ref: REFERENCE + name } } } },
      },
    };
    paths[collection] = {
      get: { ...kind, ...reply, "x-kubernetes-action": "list" },
      post: { ...kind, ...reply, "x-kubernetes-action": "post", parameters: WRITE_PARAMETERS },
    };
    paths[`${collection}/{name}`] = {
      get: { ...kind, ...reply, "x-kubernetes-action": "get" },
      put: { ...kind, ...reply, "x-kubernetes-action": "put", parameters: WRITE_PARAMETERS },
      patch: {
        ...kind,
        ...reply,
        "x-kubernetes-action": "patch",
        parameters: WRITE_PARAMETERS,
        requestBody: { content: patchTypes(definition) },
      },
      delete: { ...kind, ...reply, "x-kubernetes-action": "delete" },
    };
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "v1.37.2" }, paths, components: { schemas } };
}

const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
}));

function patchTypes(definition: ResourceDefinition): Record<string, unknown> {
  const strategic = definition.custom === undefined ? ["application/strategic-merge-patch+json"] : [];
  const types = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    ...strategic,
  ];
  return Object.fromEntries(types.map((type) => [type, { schema: {} }]));
}

function customTypeName(group: string, version: string, kind: string): string {
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

function addCustomType(
  name: string,
  definition: ResourceDefinition,
  version: string,
  schemas: Record<string, unknown>,
): void {
  const schema = schemaOf(definition, version) ?? { type: "object" };
  schemas[name] = {
    ...withReferences(schema, schemas),
    "x-kubernetes-group-version-kind": [{ group: definition.group, version, kind: definition.kind }],
  };
  addType(OBJECT_META, schemas);
}

function addType(name: string, schemas: Record<string, unknown>): void {
  if (schemas[name] !== undefined) return;
  const schema = BUILTIN_TYPES[name];
  if (schema === undefined) return;
  schemas[name] = {};
  schemas[name] = withReferences(schema, schemas);
}

/** References as OpenAPI writes them; what they point to joins the document. */
function withReferences(schema: Schema, schemas: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "$ref") {
      addType(String(value), schemas);
      out["allOf"] = [{ $ref: REFERENCE + String(value) }];
    } else if (key === "properties" && isObject(value)) {
      out[key] = Object.fromEntries(
        Object.entries(value).map(([name, child]) => [name, withReferences(child as Schema, schemas)]),
      );
    } else if ((key === "items" || key === "additionalProperties") && isObject(value)) {
      out[key] = withReferences(value as Schema, schemas);
    } else {
      out[key] = value;
    }
  }
  return out;
}
