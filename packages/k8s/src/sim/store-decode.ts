/**
 * Reads an object as the API server's decoder does: what the type does not know is dropped and reported, a value of the
 * wrong type is refused, quantities get their canonical form, nulls count as absent.
 */
import { BUILTIN_TYPES, OBJECT_META, type Schema } from "./openapi-schema.ts";
import { badRequest } from "./status.ts";
import { clone, isObject, type MutableObject } from "./store-json.ts";
import { canonicalQuantity, QUANTITY_ERROR } from "./store-quantity.ts";

/** Types whose content is free or has a shape that OpenAPI cannot say. */
const OPAQUE = new Set(
  ["pkg.runtime.RawExtension", "pkg.apis.meta.v1.FieldsV1", "pkg.util.intstr.IntOrString"]
    .map((name) => `io.k8s.apimachinery.${name}`)
    .concat("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"),
);
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";

export type Decoded = {
  readonly object: MutableObject;
  /** Paths of unknown and dropped fields. */
  readonly unknown: readonly string[];
};

type Reader = { readonly handled: string; readonly unknown: string[] };

/**
 * `subject` is how messages name the object: `StatefulSet in version "v1" cannot be handled as a StatefulSet`.
 * Errors: 400 BadRequest for a value of the wrong type.
 */
export function decodeBuiltin(value: MutableObject, schema: Schema, subject: string): Decoded {
  const reader: Reader = { handled: subject, unknown: [] };
  const object = readObject(reader, value, schema, "", "", "") as MutableObject;
  return { object, unknown: reader.unknown };
}

/** The metadata of a custom resource, whose other fields follow the CRD. */
export function decodeMetadata(
  value: unknown,
  subject: string,
): { metadata: MutableObject; unknown: readonly string[] } {
  const reader: Reader = { handled: subject, unknown: [] };
  const metadata = read(reader, value ?? {}, { $ref: OBJECT_META }, "metadata", "metadata", "") as MutableObject;
  return { metadata, unknown: reader.unknown };
}

/** What comes from the store is frozen and may be shared; what a client sent is the client's. */
function own<T>(value: T): T {
  return Object.isFrozen(value) ? value : clone(value);
}

function typeName(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split(".").slice(-2).join(".");
  if (schema.type === "array") return `[]${typeName(schema.items ?? {})}`;
  if (schema.type === "object") {
    return `map[string]${isObject(schema.additionalProperties) ? typeName(schema.additionalProperties as Schema) : "interface {}"}`;
  }
  if (schema.type === "integer") return schema.format ?? "int64";
  if (schema.type === "boolean") return "bool";
  return schema.type === "number" ? "float64" : "string";
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** `at` names list positions, for messages about unknown fields; `goPath` does not, as Go's JSON decoder. */
function read(reader: Reader, value: unknown, schema: Schema, at: string, goPath: string, owner: string): unknown {
  const reference = schema.$ref;
  if (reference === QUANTITY) {
    const quantity = typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : undefined;
    if (quantity === undefined) throw badRequest(`${reader.handled}: ${QUANTITY_ERROR}`);
    return quantity;
  }
  if (reference !== undefined && OPAQUE.has(reference)) return own(value);
  const target = reference === undefined ? schema : (BUILTIN_TYPES[reference] ?? {});
  const wrong = () => {
    const what = goPath === "" ? "Go value" : `Go struct field ${owner}.${goPath}`;
    return badRequest(
      `${reader.handled}: json: cannot unmarshal ${jsonType(value)} into ${what} of type ${typeName(schema)}`,
    );
  };
  switch (target.type) {
    case "object":
      if (!isObject(value)) throw wrong();
      return readObject(reader, value, target, at, goPath, reference?.split(".").at(-1) ?? owner);
    case "array": {
      if (!Array.isArray(value)) throw wrong();
      const items = target.items ?? {};
      return value.map((item, index) =>
        item === null ? item : read(reader, item, items, `${at}[${index}]`, goPath, owner),
      );
    }
    case "string":
      if (typeof value !== "string") throw wrong();
      if (target.format === "date-time" && Number.isNaN(Date.parse(value))) {
        throw badRequest(
          `${reader.handled}: parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
        );
      }
      return value;
    case "integer":
      if (typeof value !== "number" || !Number.isInteger(value)) throw wrong();
      if (target.format === "int32" && Math.abs(value) > 2_147_483_647) throw wrong();
      return value;
    case "number":
      if (typeof value !== "number") throw wrong();
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw wrong();
      return value;
    case undefined:
    default:
      return own(value);
  }
}

function readObject(
  reader: Reader,
  value: MutableObject,
  schema: Schema,
  at: string,
  goPath: string,
  owner: string,
): unknown {
  const { properties, additionalProperties } = schema;
  if (properties === undefined && !isObject(additionalProperties)) return own(value);
  const out: MutableObject = {};
  for (const [key, child] of Object.entries(value)) {
    const path = at === "" ? key : `${at}.${key}`;
    if (properties !== undefined) {
      const childSchema = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (childSchema === undefined) reader.unknown.push(path);
      else if (isEmptyCollection(child, childSchema) && schema.required?.includes(key) !== true) continue;
      else if (child !== null)
        out[key] = read(reader, child, childSchema, path, goPath === "" ? key : `${goPath}.${key}`, owner);
    } else if (child !== null) {
      out[key] = read(reader, child, additionalProperties as Schema, path, goPath, owner);
    }
  }
  return out;
}

/** Go leaves empty lists and maps out; an empty struct stays. */
function isEmptyCollection(value: unknown, schema: Schema): boolean {
  if (schema.type === "array") return Array.isArray(value) && value.length === 0;
  return (
    schema.type === "object" &&
    isObject(schema.additionalProperties) &&
    isObject(value) &&
    Object.keys(value).length === 0
  );
}
