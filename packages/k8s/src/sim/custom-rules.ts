/** `x-kubernetes-validations`: rules in CEL about a value and, for some, about what it was before. */
import { CelError, type CelExpression, CelSyntaxError, parseCel } from "./cel.ts";
import { childSchema, earlierItem } from "./custom-schema.ts";
import type { Schema, ValidationRule } from "./openapi-schema.ts";
import type { FieldError } from "./status.ts";
import { isEqual, isObject, type MutableObject, textOf } from "./store-json.ts";

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
  const scope: Record<string, unknown> = { self: toCel(value, schema, isRoot) };
  if (before !== undefined) scope["oldSelf"] = toCel(before, schema, isRoot);
  return rules.flatMap((rule) => {
    const isTransition = compiled(rule.rule).mentions("oldSelf");
    if (isTransition ? before === undefined : isUnchanged) return [];
    const failure = failureOf(rule, scope);
    return failure === undefined ? [] : [toFieldError(rule, at, failure, value, schema)];
  });
}

type Failure = { readonly text: string; readonly hasNoValue: boolean };

function failureOf(rule: ValidationRule, scope: Record<string, unknown>): Failure | undefined {
  try {
    if (compiled(rule.rule).evaluate(scope) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const text = `${error.message} evaluating rule: ${rule.message?.trim() ?? rule.rule.trim()}`;
    return { text, hasNoValue: true };
  }
  const text = messageFrom(rule, scope) ?? rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
  return { text, hasNoValue: false };
}

/** What cannot be said by its expression is said by the fixed message. */
function messageFrom({ messageExpression }: ValidationRule, scope: Record<string, unknown>): string | undefined {
  if (messageExpression === undefined) return undefined;
  try {
    const text = compiled(messageExpression).evaluate(scope);
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

const expressions = new Map<string, CelExpression>();

function compiled(source: string): CelExpression {
  let expression = expressions.get(source);
  if (expression === undefined) {
    expression = parseCel(source);
    expressions.set(source, expression);
  }
  return expression;
}

/** What is wrong with the rules of a definition themselves: text that is no expression is refused with the definition. */
export function expressionProblems(schema: unknown, at: string): readonly FieldError[] {
  if (!isObject(schema)) return [];
  const rules = Array.isArray(schema[RULES]) ? schema[RULES].filter(isObject) : [];
  const own = rules.flatMap((rule, index) => brokenExpressions(rule, `${at}.${RULES}[${index}]`));
  const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
  return [
    ...own,
    ...properties.flatMap(([name, child]) => expressionProblems(child, `${at}.properties[${name}]`)),
    ...["items", "additionalProperties"].flatMap((key) => expressionProblems(schema[key], `${at}.${key}`)),
  ];
}

const RULES = "x-kubernetes-validations";

function brokenExpressions(rule: MutableObject, at: string): readonly FieldError[] {
  const source = textOf(rule["rule"]);
  if (source.trim() === "") return [{ kind: "required", field: `${at}.rule`, detail: "rule is not specified" }];
  // As Go prints the whole rule.
  const value = {
    Rule: source,
    Message: textOf(rule["message"]),
    MessageExpression: textOf(rule["messageExpression"]),
    Reason: rule["reason"] ?? null,
    FieldPath: textOf(rule["fieldPath"]),
    OptionalOldSelf: rule["optionalOldSelf"] ?? null,
  };
  for (const key of ["rule", "messageExpression"]) {
    if (rule[key] === undefined) continue;
    try {
      compiled(textOf(rule[key]));
    } catch (error) {
      if (!(error instanceof CelSyntaxError)) throw error;
      const subject = key === "rule" ? "compilation failed" : "messageExpression compilation failed";
      return [{ kind: "invalid", field: `${at}.${key}`, value, detail: `${subject}: ${error.message}` }];
    }
  }
  return [];
}

/** Rules see what the schema names. Of an object's metadata that is its name. */
function toCel(value: unknown, schema: Schema | undefined, isRoot = false): unknown {
  if (typeof value === "number") return schema?.type !== "number" && Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = Object.create(null);
  for (const [key, child] of Object.entries(value)) {
    const own = schema === undefined ? undefined : childSchema(schema, key);
    const name = schema?.properties === undefined ? key : escapedName(key);
    if (isRoot && key === "metadata") out[name] = toCel(child, METADATA);
    else if (own !== undefined && child !== undefined) out[name] = toCel(child, own);
  }
  return out;
}

const METADATA: Schema = { properties: { name: { type: "string" }, generateName: { type: "string" } } };

// Source: https://kubernetes.io/docs/reference/using-api/cel/#escaping
const RESERVED: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return".split(" "),
);
const SYMBOLS: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/** Rules write property names that are no identifiers with escapes. Keys of maps stand as they are. */
function escapedName(name: string): string {
  return RESERVED.has(name) ? `__${name}__` : name.replaceAll(/__|[./-]/g, (symbol) => SYMBOLS[symbol] ?? symbol);
}
