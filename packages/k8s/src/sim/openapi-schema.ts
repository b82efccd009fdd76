/** What the store knows of the types it keeps: upstream's for the built-in kinds, the CRD's for custom resources. */

import builtinTypes from "./openapi-types.json" with { type: "json" };
import { isObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

export type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
};

export type ValidationRule = {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
};

/** Upstream's types by their OpenAPI name, e.g. `io.k8s.api.core.v1.PodSpec`. */
export const BUILTIN_TYPES = builtinTypes as unknown as Readonly<Record<string, Schema>>;

export const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

const BUILTIN_BY_KIND = new Map<string, string>();
for (const [name, schema] of Object.entries(BUILTIN_TYPES)) {
  const kinds = schema["x-kubernetes-group-version-kind"];
  const only = kinds?.length === 1 ? kinds[0] : undefined;
  if (only !== undefined) BUILTIN_BY_KIND.set(`${only.group}/${only.version}/${only.kind}`, name);
}

export function builtinTypeName(group: string, version: string, kind: string): string | undefined {
  return BUILTIN_BY_KIND.get(`${group}/${version}/${kind}`);
}

const customSchemas = new WeakMap<object, Schema>();

/** The schema of whole objects of this resource in this version; undefined for a custom resource without one. */
export function schemaOf(definition: ResourceDefinition, version: string = definition.version): Schema | undefined {
  if (definition.custom === undefined) {
    const name = builtinTypeName(definition.group, definition.version, definition.kind);
    return name === undefined ? undefined : BUILTIN_TYPES[name];
  }
  const custom = definition.custom.versions.find((candidate) => candidate.name === version)?.schema;
  if (custom === undefined) return undefined;
  let schema = customSchemas.get(custom);
  if (schema === undefined) {
    const own = custom as Schema;
    schema = {
      ...own,
      properties: {
        ...own.properties,
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { $ref: OBJECT_META },
      },
    };
    customSchemas.set(custom, schema);
  }
  return schema;
}

export function resolve(schema: Schema | undefined): Schema | undefined {
  if (schema?.$ref === undefined) return schema;
  const target = BUILTIN_TYPES[schema.$ref];
  // A default that stands beside the reference belongs to the place, not to the type.
  return schema.default === undefined || target === undefined ? target : { ...target, default: schema.default };
}

/** The schema of one field, and whether the type names it (a struct's field) rather than being a map's key. */
export function fieldOf(schema: Schema | undefined, key: string): { schema: Schema | undefined; isNamed: boolean } {
  if (schema === undefined) return { schema: undefined, isNamed: false };
  const properties = schema.properties;
  if (properties !== undefined && Object.hasOwn(properties, key))
    return { schema: resolve(properties[key]), isNamed: true };
  const rest = schema.additionalProperties;
  if (isObject(rest)) return { schema: resolve(rest as Schema), isNamed: false };
  if (schema["x-kubernetes-embedded-resource"] === true && key === "metadata") {
    return { schema: BUILTIN_TYPES[OBJECT_META], isNamed: true };
  }
  return { schema: undefined, isNamed: false };
}

export type ListKind =
  | { readonly kind: "atomic" }
  | { readonly kind: "set"; readonly item: Schema | undefined }
  | { readonly kind: "map"; readonly item: Schema | undefined; readonly keys: readonly string[] };

export function listKindOf(schema: Schema | undefined): ListKind {
  const type = schema?.["x-kubernetes-list-type"];
  if (type === "set") return { kind: "set", item: resolve(schema?.items) };
  const keys = schema?.["x-kubernetes-list-map-keys"];
  if (type === "map" && keys !== undefined) return { kind: "map", item: resolve(schema?.items), keys };
  return { kind: "atomic" };
}

export function isAtomicMap(schema: Schema | undefined): boolean {
  return schema?.["x-kubernetes-map-type"] === "atomic";
}
