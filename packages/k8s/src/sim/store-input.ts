/** From what a client sent to an object of the stored shape. */

import { schemaOf } from "./openapi-schema.ts";
import { ApiError, badRequest } from "./status.ts";
import { decodeCustom } from "./store-custom.ts";
import { decodeBuiltin } from "./store-decode.ts";
import { isObject, type MutableObject, textOf } from "./store-json.ts";
import type { ResourceDefinition } from "./store-resources.ts";

/** What becomes of fields that the type does not know: refused, dropped with a warning, dropped. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

export type InputOptions = {
  /** Server-side apply owns what it sends, so it refuses what no type has. */
  readonly isApply?: boolean;
  readonly version?: string;
  readonly fieldValidation?: FieldValidation;
  readonly onWarning?: (text: string) => void;
};

/** Errors: 400 for values of the wrong type, and for unknown fields when validation is strict. */
export function decodeObject(
  definition: ResourceDefinition,
  object: MutableObject,
  options: InputOptions,
): MutableObject {
  const version = options.version ?? definition.version;
  const subject = `${definition.kind} in version ${JSON.stringify(version)} cannot be handled as a ${definition.kind}`;
  const schema = schemaOf(definition, version);
  const decoded =
    definition.custom === undefined && schema !== undefined
      ? decodeBuiltin(object, schema, subject)
      : decodeCustom(object, schema, subject, options.isApply === true);
  if (options.isApply === true && decoded.unknown.length > 0)
    throw undeclared(definition, version, object, decoded.unknown);
  const problems = decoded.unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (problems.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(`${subject}: strict decoding error: ${problems.join(", ")}`);
  }
  if (options.fieldValidation !== "Ignore") for (const problem of problems) options.onWarning?.(problem);
  return decoded.object;
}

function undeclared(
  definition: ResourceDefinition,
  version: string,
  object: MutableObject,
  paths: readonly string[],
): ApiError {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const subject = `${textOf(metadata["namespace"])}/${textOf(metadata["name"])}; ${definition.group}/${version}, Kind=${definition.kind}`;
  const texts = paths.map((path) => `.${path.replaceAll(/\[\d+\]/g, "[]")}: field not declared in schema`);
  const list = texts.length === 1 ? (texts[0] ?? "") : `errors:\n${texts.map((text) => `  ${text}`).join("\n")}`;
  return new ApiError(500, "", `failed to create typed patch object (${subject}): ${list}`);
}
