import { z } from "zod";
import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { isRecord, valueAt } from "./shape.ts";
import { closest } from "./suggest.ts";

/** Turns what the schema refuses into problems that say in plain words what is wrong and what would mend it. */
export function structureProblems(schema: z.ZodType, input: unknown, error: z.ZodError): readonly Problem[] {
  return error.issues.flatMap((issue) => issueProblems(schema, input, issue));
}

/** Of one object; looking for the field that was meant takes time. */
const MAX_UNKNOWN_FIELDS = 50;

function issueProblems(schema: z.ZodType, input: unknown, issue: z.core.$ZodIssue): readonly Problem[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const at = formatPath(path);
  const value = valueAt(input, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, MAX_UNKNOWN_FIELDS).map((key) => unknownField(schema, input, path, key));
    case "invalid_type":
      return [typeProblem(schema, input, path, issue.expected)];
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const suggestion =
        typeof value === "string" ? (allowed.length === 1 ? allowed[0] : closest(value, allowed)) : undefined;
      const one = allowed.length === 1 ? `This has to be ${allowed[0]}` : `This has to be one of ${allowed.join(", ")}`;
      if (value === undefined) return [{ path: at, code: "value", message: `${lastKey(path)} is missing. ${one}.` }];
      return [{ path: at, code: "value", message: `${one}, not ${show(value)}.`, ...suggest(suggestion) }];
    }
    case "invalid_format":
      return [
        {
          path: at,
          code: "value",
          message: `${show(value)} is not ${issue.message}.`,
          ...suggest(asLabel(path, value)),
        },
      ];
    case "invalid_union":
      return [
        {
          path: at,
          code: "value",
          message: `${show(value)} is not a whole number from 0 up, nor a percentage from 0% to 100%.`,
        },
      ];
    case "too_small":
      if (issue.origin === "array")
        return [{ path: at, code: "value", message: `At least ${issue.minimum} entry is needed here.` }];
      if (issue.origin === "string") return [{ path: at, code: "value", message: "This must not be empty." }];
      return [{ path: at, code: "value", message: `${show(value)} is too small: the least is ${issue.minimum}.` }];
    case "too_big":
      if (issue.origin === "array")
        return [
          {
            path: at,
            code: "too-large",
            message: `At most ${issue.maximum} entries are possible here; there are ${Array.isArray(value) ? value.length : "more"}.`,
          },
        ];
      if (issue.origin === "string")
        return [
          {
            path: at,
            code: "name-too-long",
            message: `${show(value)} has ${String(value).length} characters; the most are ${issue.maximum}.`,
          },
        ];
      return [{ path: at, code: "value", message: `${show(value)} is too large: the most is ${issue.maximum}.` }];
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      return [{ path: at, code: "value", message: `${issue.message}.` }];
  }
}

/** Names by which people know a field of ours from elsewhere. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  name: "role",
  dependsOn: "dependencies",
  depends_on: "dependencies",
  count: "replicas",
  size: "replicas",
  podTemplate: "template",
  template: "groupTemplate",
  updateStrategy: "rollout",
  rolloutStrategy: "rollout",
  restartPolicy: "recovery",
};

function unknownField(schema: z.ZodType, input: unknown, path: Path, key: string): Problem {
  const known = knownKeys(schema, path);
  const given = valueAt(input, path);
  // A field that is already there was not meant by another one.
  const free = known.filter((name) => !isRecord(given) || !Object.hasOwn(given, name));
  const other = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key] : undefined;
  const meant = other !== undefined && free.includes(other) ? other : closest(key, free);
  const where = path.length === 0 ? "of a RoleBasedGroupSet" : `of ${formatPath(path)}`;
  return {
    path: formatPath([...path, key]),
    code: "unknown-field",
    message: `${key} is not a field ${where}. ${meant === undefined ? `Its fields are ${known.join(", ")}.` : `Was ${meant} meant?`}`,
    ...suggest(meant),
  };
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function typeProblem(schema: z.ZodType, input: unknown, path: Path, expected: string): Problem {
  const value = valueAt(input, path);
  const parentPath = path.slice(0, -1);
  const parent = valueAt(input, parentPath);
  const wanted = EXPECTED[expected] ?? expected;
  const at = formatPath(path);
  if (value === undefined && isRecord(parent)) {
    // In objects that take any field, a misspelt one shows only as the absence of the one that was meant.
    const known = knownKeys(schema, parentPath);
    const stray = closest(
      lastKey(path),
      Object.keys(parent).filter((key) => !known.includes(key)),
    );
    const hint = stray === undefined ? "" : ` ${stray} is here: was ${lastKey(path)} meant?`;
    return { path: at, code: "type", message: `${lastKey(path)} is missing: ${wanted} is needed.${hint}` };
  }
  if (value === null) return { path: at, code: "type", message: `This is empty: ${wanted} is needed.` };
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean"))
    return {
      path: at,
      code: "type",
      message: `This has to be text: write "${value}" in quotes.`,
      suggestion: JSON.stringify(String(value)),
    };
  const mended = typeof value === "string" ? mendScalar(value, expected) : undefined;
  return { path: at, code: "type", message: `This has to be ${wanted}, not ${show(value)}.`, ...suggest(mended) };
}

function mendScalar(value: string, expected: string): string | undefined {
  if (expected === "boolean") {
    if (/^(yes|on|true)$/i.test(value)) return "true";
    if (/^(no|off|false)$/i.test(value)) return "false";
  }
  if ((expected === "number" || expected === "int") && /^\d+$/.test(value)) return value;
  return undefined;
}

/** A DNS label near to a name that is none, for the fields that have to be one. */
function asLabel(path: Path, value: unknown): string | undefined {
  if (typeof value !== "string" || !["role", "name", "namespace"].includes(lastKey(path))) return undefined;
  const label = value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);
  return label === "" ? undefined : label;
}

const suggest = (suggestion: string | undefined): { readonly suggestion?: string } =>
  suggestion === undefined ? {} : { suggestion };

const lastKey = (path: Path): string => String(path.at(-1) ?? "The document");

/** A value in a sentence, shortened. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "a map";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** The fields that the schema has at a path; none where it takes any. */
function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  let current: z.core.$ZodType | undefined = unwrap(schema);
  for (const part of path) {
    if (current instanceof z.ZodObject) current = unwrap(current.shape[String(part)] as z.core.$ZodType | undefined);
    else if (current instanceof z.ZodArray) current = unwrap(current.element);
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = schema;
  while (current instanceof z.ZodDefault || current instanceof z.ZodOptional || current instanceof z.ZodNullable)
    current = current.unwrap();
  return current;
}
