import { isRecord } from "@openpatio/core/model";
import { MAX_COUNT } from "@openpatio/core/spec";
import { z } from "zod";

/**
 * From the zod schema to the subset of JSON Schema that Kubernetes calls structural:
 *
 *   zod → JSON Schema as people write it (defaults not filled in) → structural form → Kubernetes' own extensions by path
 */

export type Json = Readonly<Record<string, unknown>>;

/** Keys of a structural schema by path, as in `spec.groupTemplate.roles[].dependencies`. */
export type Extensions = Readonly<Record<string, Json>>;

/** Errors: Error for an extension whose path is not in the schema. */
export function structural(schema: z.ZodType, root: string, extensions: Extensions): Json {
  const open = new Set(Object.keys(extensions).filter((path) => path === root || path.startsWith(`${root}.`)));
  const out = toStructural(z.toJSONSchema(schema, { io: "input", target: "openapi-3.0" }), root, (path) => {
    open.delete(path);
    return extensions[path] ?? {};
  });
  const [lost] = open;
  if (lost !== undefined) throw new Error(`The schema has no ${lost}`);
  return out;
}

function toStructural(schema: Json, path: string, extensionAt: (path: string) => Json): Json {
  const { type, enum: values, nullable, minimum, maximum, pattern, required, items, properties } = schema;
  const { minLength, maxLength, minItems, maxItems, maxProperties, additionalProperties, anyOf } = schema;
  if (Array.isArray(anyOf)) return { ...intOrString(schema, anyOf.filter(isRecord)), ...extensionAt(path) };
  const isOpen = properties !== undefined && isRecord(additionalProperties);
  const isMap = properties === undefined && isRecord(additionalProperties);
  return withoutAbsent({
    type,
    description: described(schema),
    format: maximum === MAX_COUNT ? "int32" : undefined,
    nullable,
    enum: values,
    pattern,
    // The bounds of a safe integer are the schema's way to say "integer"; those of 32 bits are the format.
    minimum: minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum,
    maximum: maximum === Number.MAX_SAFE_INTEGER || maximum === MAX_COUNT ? undefined : maximum,
    minLength,
    maxLength,
    minItems,
    maxItems,
    maxProperties,
    required,
    items: isRecord(items) ? toStructural(items, `${path}[]`, extensionAt) : undefined,
    properties: isRecord(properties)
      ? Object.fromEntries(
          Object.entries(properties).map(([name, child]) => [
            name,
            toStructural(child as Json, `${path}.${name}`, extensionAt),
          ]),
        )
      : undefined,
    additionalProperties: isMap ? toStructural(additionalProperties, `${path}{}`, extensionAt) : undefined,
    // A structural schema has either named properties or any; unknown ones are kept by this extension.
    "x-kubernetes-preserve-unknown-fields": isOpen ? true : undefined,
    ...extensionAt(path),
  });
}

/** The only union that a structural schema can say: a count or text, e.g. a percentage. */
function intOrString(schema: Json, choices: readonly Json[]): Json {
  const number = choices.find(({ type }) => type === "integer");
  const text = choices.find(({ type }) => type === "string");
  if (choices.length !== 2 || number === undefined || text === undefined)
    throw new Error(`No structural schema for ${JSON.stringify(choices)}`);
  return withoutAbsent({
    description: described(schema),
    "x-kubernetes-int-or-string": true,
    minimum: number["minimum"],
    maximum: number["maximum"],
    pattern: text["pattern"],
    maxLength: text["maxLength"],
  });
}

/**
 * A default stands in the words only: one in the definition would be written into every object, where `kubectl get -o
 * yaml`, `kubectl diff` and other tools would take it for the user's.
 */
function described(schema: Json): string | undefined {
  const { description, default: fallback } = schema;
  const text = typeof description === "string" ? description : undefined;
  const isShort = typeof fallback === "string" || typeof fallback === "number" || typeof fallback === "boolean";
  return isShort ? `${text ?? ""} Default: ${fallback}.`.trim() : text;
}

function withoutAbsent(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
