/**
 * A custom resource against its definition, in the API server's order:
 *
 *   schema → replicas of the scale subresource → duplicates → rules, unless something before leaves them nothing to judge
 */
import { ruleProblems } from "./custom-rules.ts";
import { duplicateProblems, schemaProblems, typeOf } from "./custom-schema.ts";
import type { Schema } from "./openapi-schema.ts";
import type { FieldError } from "./status.ts";
import { type MutableObject, textOf, valueAt } from "./store-json.ts";
import type { ScalePaths } from "./store-resources.ts";

/** `before` is the stored object that this one replaces, in a write of the status if `isStatus`. */
export function customProblems(
  object: MutableObject,
  before: MutableObject | undefined,
  schema: Schema,
  { scale, isStatus }: { readonly scale: ScalePaths | undefined; readonly isStatus: boolean },
): readonly FieldError[] {
  const errors = [
    ...schemaProblems(object, before, schema).map(isStatus ? namedWithinStatus : (error) => error),
    ...(scale === undefined ? [] : scaleProblems(object, scale)),
    ...duplicateProblems(object, schema),
  ];
  if (errors.some(({ kind }) => BLOCKING.has(kind))) return [...errors, NOT_CHECKED];
  return [...errors, ...ruleProblems(object, before, schema)];
}

/** The status endpoint judges the status as a document of its own. */
function namedWithinStatus(error: FieldError): FieldError {
  return { ...error, detail: error.detail.replace(/^status\./, "") };
}

/** After these a rule could meet values that its author had excluded. */
const BLOCKING: ReadonlySet<FieldError["kind"]> = new Set([
  "unsupported",
  "required",
  "too-long",
  "too-many",
  "wrong-type",
]);

const NOT_CHECKED: FieldError = {
  kind: "invalid",
  field: "<nil>",
  value: null,
  detail:
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};

const GO_TYPES: Readonly<Record<string, string>> = { string: "string", number: "float64", boolean: "bool" };

function scaleProblems(object: MutableObject, paths: ScalePaths): readonly FieldError[] {
  return [paths.specReplicasPath, paths.statusReplicasPath].flatMap((field): readonly FieldError[] => {
    const value = valueAt(object, field);
    if (value === undefined || value === null) return [];
    const type = GO_TYPES[typeOf(value)];
    if (type !== undefined) {
      const detail = `${field} accessor error: ${textOf(value)} is of the type ${type}, expected int64`;
      return [{ kind: "invalid", field, value: 0, detail }];
    }
    if (typeof value !== "number" || value >= 0) return [];
    return [{ kind: "invalid", field, value, detail: "should be a non-negative integer" }];
  });
}
