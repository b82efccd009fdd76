/** `x-kubernetes-validations`: rules in CEL about a value and, for some, about what it was before. */
import { CelError, type CelValue, evaluateCel, mentions } from "./cel-evaluate.ts";
import { type Expression, parseCel } from "./cel-parse.ts";
import { childSchema, earlierItem } from "./custom-schema.ts";
import type { Schema, ValidationRule } from "./openapi-schema.ts";
import type { FieldError } from "./status.ts";
import { isEqual, isObject } from "./store-json.ts";

/** `before` is undefined for what is new. Unchanged values are only judged by rules about the change. */
export function ruleProblems(
  value: unknown,
  before: unknown,
  schema: Schema | undefined,
  at = "",
): readonly FieldError[] {
  if (schema === undefined || value === undefined || value === null) return [];
  const own = ownProblems(value, before, schema, at);
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index) =>
      ruleProblems(item, earlierItem(item, before, schema), schema.items, `${at}[${index}]`),
    );
    return [...own, ...items];
  }
  if (!isObject(value)) return own;
  const earlier = isObject(before) ? before : {};
  const isMap = schema.properties === undefined;
  const inside = Object.entries(value).flatMap(([key, child]) => {
    const path = isMap ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`;
    return ruleProblems(child, earlier[key], childSchema(schema, key), path);
  });
  return [...own, ...inside];
}

function ownProblems(value: unknown, before: unknown, schema: Schema, at: string): readonly FieldError[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  const isUnchanged = before !== undefined && isEqual(value, before);
  const isRoot = at === "";
  const scope: Record<string, CelValue> = { self: toCel(value, schema, isRoot) };
  if (before !== undefined) scope["oldSelf"] = toCel(before, schema, isRoot);
  return rules.flatMap((rule) => {
    const isTransition = mentions(compiled(rule.rule), "oldSelf");
    if (isTransition ? before === undefined : isUnchanged) return [];
    const failure = failureOf(rule, scope);
    return failure === undefined ? [] : [toFieldError(rule, at, failure, value, schema)];
  });
}

type Failure = { readonly text: string; readonly hasNoValue: boolean };

function failureOf(rule: ValidationRule, scope: Record<string, CelValue>): Failure | undefined {
  try {
    if (evaluateCel(compiled(rule.rule), scope) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const text = `${error.message} evaluating rule: ${rule.message?.trim() ?? rule.rule.trim()}`;
    return { text, hasNoValue: true };
  }
  const text = messageFrom(rule, scope) ?? rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
  return { text, hasNoValue: false };
}

/** What cannot be said by its expression is said by the fixed message. */
function messageFrom({ messageExpression }: ValidationRule, scope: Record<string, CelValue>): string | undefined {
  if (messageExpression === undefined) return undefined;
  try {
    const text = evaluateCel(compiled(messageExpression), scope);
    return typeof text === "string" && text.trim() !== "" && !text.includes("\n") ? text : undefined;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}

const KINDS: Readonly<Record<string, FieldError["kind"]>> = {
  FieldValueRequired: "required",
  FieldValueForbidden: "forbidden",
  FieldValueDuplicate: "duplicate",
};

function toFieldError(rule: ValidationRule, at: string, failure: Failure, value: unknown, schema: Schema): FieldError {
  const path = `${at}${rule.fieldPath ?? ""}`.replace(/^\./, "");
  const field = path === "" ? "<nil>" : path;
  if (failure.hasNoValue) return { kind: "invalid", field, value: schema.type, detail: failure.text };
  const kind = KINDS[rule.reason ?? ""] ?? "invalid";
  const isBare = Array.isArray(value) || isObject(value);
  return { kind, field, value, detail: kind === "duplicate" ? "" : failure.text, isBare };
}

const expressions = new Map<string, Expression>();

function compiled(source: string): Expression {
  let expression = expressions.get(source);
  if (expression === undefined) {
    expression = parseCel(source);
    expressions.set(source, expression);
  }
  return expression;
}

/** Rules see what the schema names. Of an object's metadata that is its name. */
function toCel(value: unknown, schema: Schema | undefined, isRoot = false): CelValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return schema?.type !== "number" && Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  const out: Record<string, CelValue> = Object.create(null);
  if (!isObject(value)) return out;
  for (const [key, child] of Object.entries(value)) {
    const own = schema === undefined ? undefined : childSchema(schema, key);
    if (isRoot && key === "metadata") out[key] = toCel(child, METADATA);
    else if (own !== undefined && child !== undefined) out[key] = toCel(child, own);
  }
  return out;
}

const METADATA: Schema = { properties: { name: { type: "string" }, generateName: { type: "string" } } };
