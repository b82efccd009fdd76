/** Values of custom resources against the schema of their definition, with the API server's words. */
import type { Schema } from "./openapi-schema.ts";
import type { FieldError } from "./status.ts";
import { isEqual, isObject, type MutableObject } from "./store-json.ts";

/**
 * Everything that the schema refuses. What was there before and did not change is not judged again: a definition that
 * became stricter does not lock the objects that exist.
 */
export function schemaProblems(value: unknown, before: unknown, schema: Schema): readonly FieldError[] {
  const errors: FieldError[] = [];
  check(value, before, schema, "", errors);
  return errors;
}

/** Duplicates in lists that are sets or maps. They are looked for after everything else. */
export function duplicateProblems(value: unknown, schema: Schema | undefined, at = ""): readonly FieldError[] {
  if (schema === undefined || value === null) return [];
  if (Array.isArray(value)) return [...duplicates(value, schema, at), ...inItems(value, schema, at)];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    duplicateProblems(child, childSchema(schema, key), at === "" ? key : `${at}.${key}`),
  );
}

function inItems(value: readonly unknown[], schema: Schema, at: string): readonly FieldError[] {
  return value.flatMap((item, index) => duplicateProblems(item, schema.items, `${at}[${index}]`));
}

function duplicates(value: readonly unknown[], schema: Schema, at: string): readonly FieldError[] {
  const keys = schema["x-kubernetes-list-map-keys"];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, item] of value.entries()) {
    const identity = schema["x-kubernetes-list-type"] === "set" ? item : identityOf(item, keys);
    if (identity === undefined) continue;
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push({ kind: "duplicate", field: `${at}[${index}]`, value: identity, detail: "" });
    seen.add(text);
  }
  return errors;
}

/** What tells the items of a list map apart. */
export function identityOf(item: unknown, keys: readonly string[] | undefined): MutableObject | undefined {
  if (keys === undefined || !isObject(item)) return undefined;
  return Object.fromEntries(keys.map((key) => [key, item[key]]));
}

/** The schema of a property or of a map's value; undefined where any value may stand. */
export function childSchema(schema: Schema, key: string): Schema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  const rest = schema.additionalProperties;
  return schema.properties === undefined && isObject(rest) ? (rest as Schema) : undefined;
}

/** The item of the earlier list that is the same one, as far as the kind of list tells. */
export function earlierItem(item: unknown, before: unknown, schema: Schema): unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  const identity = identityOf(item, keys);
  if (identity === undefined || !Array.isArray(before)) return undefined;
  return before.find((candidate) => isEqual(identityOf(candidate, keys), identity));
}

export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function isOfType(value: unknown, schema: Schema): boolean {
  if (value === null && schema.nullable === true) return true;
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"].includes(typeOf(value));
  if (schema.type === undefined) return true;
  return typeOf(value) === schema.type || (schema.type === "number" && typeOf(value) === "integer");
}

function check(value: unknown, before: unknown, schema: Schema | undefined, at: string, errors: FieldError[]): void {
  if (schema === undefined || value === undefined) return;
  if (before !== undefined && isEqual(value, before)) return;
  const bad = (detail: string, shown: unknown = value) =>
    errors.push({ kind: "invalid", field: at, value: shown, detail: `${at} in body ${detail}` });
  if (!isOfType(value, schema)) {
    errors.push(...wrongType(value, schema, at));
    return;
  }
  if (schema.enum !== undefined && value !== null && !schema.enum.some((one) => one === value)) {
    const detail = `supported values: ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`;
    errors.push({ kind: "unsupported", field: at, value, detail });
  }
  if (typeof value === "number") checkNumber(value, schema, bad);
  if (typeof value === "string") checkString(value, schema, at, errors, bad);
  if (Array.isArray(value)) checkList(value, before, schema, at, errors, bad);
  if (isObject(value)) checkFields(value, before, schema, at, errors, bad);
}

function wrongType(value: unknown, schema: Schema, at: string): readonly FieldError[] {
  const wanted = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : schema.type;
  const given = typeOf(value);
  const detail = `${at} in body must be of type ${wanted}: ${JSON.stringify(given)}`;
  const error: FieldError = { kind: "wrong-type", field: at, value: given, detail };
  if (wanted !== "integer" || given !== "number") return [error];
  const format = `Checked value must be of type integer (${schema.format ?? "default"} format) in ${at}`;
  return [error, { kind: "invalid", field: "<nil>", value: "", detail: format }];
}

type Report = (detail: string, shown?: unknown) => void;

function checkNumber(value: number, schema: Schema, bad: Report): void {
  if (schema.minimum !== undefined && value < schema.minimum)
    bad(`should be greater than or equal to ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) bad(`should be less than or equal to ${schema.maximum}`);
}

/** Characters, as the API server counts: code points. */
const lengthOf = (text: string): number => Array.from(text).length;

function checkString(value: string, schema: Schema, at: string, errors: FieldError[], bad: Report): void {
  if (schema.minLength !== undefined && lengthOf(value) < schema.minLength)
    bad(`should be at least ${schema.minLength} chars long`);
  if (schema.maxLength !== undefined && lengthOf(value) > schema.maxLength) {
    errors.push({ kind: "too-long", field: at, detail: `may not be more than ${schema.maxLength} bytes` });
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) bad(`should match '${schema.pattern}'`);
  if (schema.format === "date-time" && !isDateTime(value)) {
    const detail = `${at} in body must be of type date-time: ${JSON.stringify(value)}`;
    errors.push({ kind: "wrong-type", field: at, value, detail });
  }
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[-+]\d{2}:\d{2})$/.test(text);
}

function tooMany(at: string, count: number, most: number): FieldError {
  return { kind: "too-many", field: at, value: count, detail: `must have at most ${most} items` };
}

function checkList(
  value: readonly unknown[],
  before: unknown,
  schema: Schema,
  at: string,
  errors: FieldError[],
  bad: Report,
): void {
  for (const [index, item] of value.entries()) {
    check(item, earlierItem(item, before, schema), schema.items, `${at}[${index}]`, errors);
  }
  if (schema.minItems !== undefined && value.length < schema.minItems)
    bad(`should have at least ${schema.minItems} items`, value.length);
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    errors.push(tooMany(at, value.length, schema.maxItems));
}

function checkFields(
  value: MutableObject,
  before: unknown,
  schema: Schema,
  at: string,
  errors: FieldError[],
  bad: Report,
): void {
  const path = (key: string) => (at === "" ? key : `${at}.${key}`);
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) errors.push({ kind: "required", field: path(key), detail: "" });
  }
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    errors.push(tooMany(at, count, schema.maxProperties));
  if (schema.minProperties !== undefined && count < schema.minProperties)
    bad(`should have at least ${schema.minProperties} properties`, count);
  const earlier = isObject(before) ? before : {};
  for (const [key, child] of Object.entries(value)) {
    // Metadata has rules of its own, the same for every kind.
    if (key !== "metadata" || at !== "") check(child, earlier[key], childSchema(schema, key), path(key), errors);
  }
}
