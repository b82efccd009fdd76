/** From what a client sent to an object of the stored shape. */
import { decodeCustom } from "./store-custom.ts";
import { decodeBuiltin } from "./store-decode.ts";
import { schemaOf } from "./openapi-schema.ts";
import { badRequest } from "./status.ts";
import type { MutableObject } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

/** What becomes of fields that the type does not know: refused, dropped with a warning, dropped. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

export type InputOptions = {
  readonly version?: string;
  readonly fieldValidation?: FieldValidation;
  readonly onWarning?: (text: string) => void;
};

/** Errors: 400 for values of the wrong type, and for unknown fields when validation is strict; 422 against a CRD schema. */
export function decodeObject(definition: ResourceDefinition, object: MutableObject, options: InputOptions): MutableObject {
  const version = options.version ?? definition.version;
  const subject = `${definition.kind} in version ${JSON.stringify(version)} cannot be handled as a ${definition.kind}`;
  const schema = schemaOf(definition, version);
  const decoded =
    definition.custom === undefined && schema !== undefined
      ? decodeBuiltin(object, schema, subject)
      : decodeCustom(definition, object, schema, subject);
  const problems = decoded.unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (problems.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(`${subject}: strict decoding error: ${problems.join(", ")}`);
  }
  if (options.fieldValidation !== "Ignore") for (const problem of problems) options.onWarning?.(problem);
  return decoded.object;
}
