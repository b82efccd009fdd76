/** Custom resources: from a CustomResourceDefinition to a served resource, and its objects against the CRD's schema. */
import type { KubeObject } from "@openpatio/core/model";
import type { Schema } from "./openapi-schema.ts";
import { type FieldError, invalid } from "./status.ts";
import { type Decoded, decodeMetadata } from "./store-decode.ts";
import { clone, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import type { CustomVersion, PrinterColumn, ResourceDefinition, ScalePaths } from "./store-resources.ts";

export function customResourceOf(object: KubeObject): ResourceDefinition | undefined {
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  const names = isObject(spec["names"]) ? spec["names"] : {};
  const versions = objectsOf(spec["versions"]).map(readVersion);
  const storage = objectsOf(spec["versions"]).find((version) => version["storage"] === true);
  const stored = versions.find((version) => version.name === storage?.["name"]);
  if (stored === undefined) return undefined;
  return {
    id: object.metadata.name,
    group: textOf(spec["group"]),
    version: stored.name,
    kind: textOf(names["kind"]),
    plural: textOf(names["plural"]),
    singular: textOf(names["singular"]),
    listKind: textOf(names["listKind"]),
    shortNames: strings(names["shortNames"]),
    categories: strings(names["categories"]),
    namespaced: spec["scope"] === "Namespaced",
    hasStatus: stored.hasStatus,
    ...(stored.scale === undefined ? {} : { scale: stored.scale }),
    custom: { versions },
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function readVersion(version: MutableObject): CustomVersion {
  const schema = isObject(version["schema"]) ? version["schema"]["openAPIV3Schema"] : undefined;
  const subresources = isObject(version["subresources"]) ? version["subresources"] : {};
  const scale = subresources["scale"];
  return {
    name: textOf(version["name"]),
    served: version["served"] !== false,
    schema: isObject(schema) ? schema : undefined,
    columns: objectsOf(version["additionalPrinterColumns"]).map((column) => column as unknown as PrinterColumn),
    hasStatus: isObject(subresources["status"]),
    ...(isObject(scale) ? { scale: scale as unknown as ScalePaths } : {}),
  };
}

/** The definition with the status that says it is served. */
export function acceptDefinition(object: KubeObject, now: string): KubeObject {
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  const storage = objectsOf(spec["versions"]).find((version) => version["storage"] === true);
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason,
    message,
  });
  return {
    ...object,
    status: {
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ],
      acceptedNames: spec["names"],
      storedVersions: [storage?.["name"]],
    },
  };
}

/**
 * Prunes, defaults and validates a custom resource; `isPartial` is for what somebody applies, which is only pruned.
 * Errors: 422 Invalid with every field that the schema refuses.
 */
export function decodeCustom(
  definition: ResourceDefinition,
  object: MutableObject,
  schema: Schema | undefined,
  subject: string,
  isPartial: boolean,
): Decoded {
  const { metadata, unknown } = decodeMetadata(object["metadata"], subject);
  const paths = [...unknown];
  if (schema === undefined) return { object: { ...clone(object), metadata }, unknown: paths };
  const { metadata: _, ...rest } = object;
  const pruned = prune(rest, schema, "", paths) as MutableObject;
  if (isPartial) return { object: { ...pruned, metadata }, unknown: paths };
  applySchemaDefaults(pruned, schema);
  const errors: FieldError[] = [];
  check(pruned, schema, "", errors);
  if (errors.length > 0) throw invalid(definition, textOf(metadata["name"]), errors);
  return { object: { ...pruned, metadata }, unknown: paths };
}

function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

function prune(value: unknown, schema: Schema | undefined, at: string, unknown: string[]): unknown {
  if (schema === undefined) return clone(value);
  if (Array.isArray(value)) return value.map((item, index) => prune(item, schema.items, `${at}[${index}]`, unknown));
  if (!isObject(value)) return value;
  const out: MutableObject = {};
  for (const [key, child] of Object.entries(value)) {
    const path = at === "" ? key : `${at}.${key}`;
    const own =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (own !== undefined) {
      // A null where a default exists is replaced by it.
      if (child === null && own.nullable !== true) {
        if (own.default === undefined) out[key] = null;
      } else out[key] = prune(child, own, path, unknown);
    } else if (schema.additionalProperties !== undefined) {
      out[key] = prune(
        child,
        isObject(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined,
        path,
        unknown,
      );
    } else if (isOpen(schema) || isEmbeddedField(schema, key)) {
      out[key] = clone(child);
    } else {
      unknown.push(path);
    }
  }
  return out;
}

function isEmbeddedField(schema: Schema, key: string): boolean {
  return schema["x-kubernetes-embedded-resource"] === true && ["apiVersion", "kind", "metadata"].includes(key);
}

function applySchemaDefaults(value: unknown, schema: Schema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) for (const item of value) applySchemaDefaults(item, schema.items);
  if (!isObject(value)) return;
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (value[key] === undefined && child.default !== undefined) value[key] = clone(child.default);
    applySchemaDefaults(value[key], child);
  }
  if (isObject(schema.additionalProperties)) {
    for (const child of Object.values(value)) applySchemaDefaults(child, schema.additionalProperties as Schema);
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function isOfType(value: unknown, schema: Schema): boolean {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"].includes(typeOf(value));
  if (schema.type === undefined) return true;
  if (value === null) return schema.nullable === true;
  return typeOf(value) === schema.type || (schema.type === "number" && typeOf(value) === "integer");
}

function check(value: unknown, schema: Schema | undefined, at: string, errors: FieldError[]): void {
  if (schema === undefined || value === undefined) return;
  const bad = (detail: string, shown: unknown = value) =>
    errors.push({ kind: "invalid", field: at, value: shown, detail: `${at} in body ${detail}` });
  if (!isOfType(value, schema)) {
    const wanted = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : schema.type;
    const detail = `${at} in body must be of type ${wanted}: ${JSON.stringify(typeOf(value))}`;
    errors.push({ kind: "wrong-type", field: at, value: typeOf(value), detail });
    return;
  }
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value)) {
    const detail = `supported values: ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`;
    errors.push({ kind: "unsupported", field: at, value, detail });
  }
  if (typeof value === "number") checkNumber(value, schema, bad);
  if (typeof value === "string") checkString(value, schema, at, errors, bad);
  if (Array.isArray(value)) checkList(value, schema, at, errors, bad);
  if (isObject(value)) checkFields(value, schema, at, errors);
}

type Report = (detail: string, shown?: unknown) => void;

function checkNumber(value: number, schema: Schema, bad: Report): void {
  if (schema.minimum !== undefined && value < schema.minimum)
    bad(`should be greater than or equal to ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) bad(`should be less than or equal to ${schema.maximum}`);
}

function checkString(value: string, schema: Schema, at: string, errors: FieldError[], bad: Report): void {
  if (schema.minLength !== undefined && value.length < schema.minLength)
    bad(`should be at least ${schema.minLength} chars long`);
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    errors.push({ kind: "too-long", field: at, detail: `may not be more than ${schema.maxLength} bytes` });
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) bad(`should match '${schema.pattern}'`);
}

function checkList(value: readonly unknown[], schema: Schema, at: string, errors: FieldError[], bad: Report): void {
  if (schema.minItems !== undefined && value.length < schema.minItems)
    bad(`should have at least ${schema.minItems} items`);
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    errors.push({
      kind: "too-many",
      field: at,
      value: value.length,
      detail: `must have at most ${schema.maxItems} items`,
    });
  }
  const keys = schema["x-kubernetes-list-map-keys"];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    check(item, schema.items, `${at}[${index}]`, errors);
    const identity = schema["x-kubernetes-list-type"] === "set" ? item : identityOf(item, keys);
    if (identity === undefined) continue;
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push({ kind: "duplicate", field: `${at}[${index}]`, value: identity, detail: "" });
    seen.add(text);
  }
}

function identityOf(item: unknown, keys: readonly string[] | undefined): MutableObject | undefined {
  if (keys === undefined || !isObject(item)) return undefined;
  return Object.fromEntries(keys.map((key) => [key, item[key]]));
}

function checkFields(value: MutableObject, schema: Schema, at: string, errors: FieldError[]): void {
  const path = (key: string) => (at === "" ? key : `${at}.${key}`);
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) errors.push({ kind: "required", field: path(key), detail: "" });
  }
  for (const [key, child] of Object.entries(value)) {
    const own =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const rest = isObject(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined;
    if (key !== "metadata" || at !== "")
      check(child, own ?? (schema.properties === undefined ? rest : own), path(key), errors);
  }
}
