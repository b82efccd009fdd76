import { API_GROUP, API_VERSION } from "../model/names.ts";
import { parsePath } from "./path.ts";
import type { Problem } from "./problem.ts";
import { SERVER_METADATA, SetManifest, type SetSpec } from "./schema.ts";
import { isRecord, member, textAt } from "./shape.ts";
import { structureProblems } from "./structure.ts";
import { validateManifest } from "./validate.ts";
import { locate, readYaml, type SourceDocument, type YamlSource } from "./yaml-source.ts";

export type ParseOptions = {
  /** The stored spec of the set that this text updates: gives `replicas` where the text has none. */
  readonly present?: SetSpec;
  /** Namespace where the text names none; `default` when absent. */
  readonly namespace?: string;
};

export type ParsedSet = {
  readonly ok: true;
  /** With every default and the namespace filled in. */
  readonly manifest: SetManifest & { readonly metadata: { readonly namespace: string } };
  /** The manifest's spec, with `replicas`. */
  readonly spec: SetSpec;
  /** What was ignored; never a reason to refuse. */
  readonly warnings: readonly Problem[];
};

export type RefusedSet = { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads one RoleBasedGroupSet from YAML.
 *
 * Guarantees: never throws, whatever the text; takes bounded time and memory; reports every problem at once, with its
 * path and, unless the whole text is meant, line and column.
 */
export function parseSetYaml(text: string, options: ParseOptions = {}): ParsedSet | RefusedSet {
  const source = readYaml(text);
  const [document, ...others] = source.documents;
  if (document === undefined)
    return {
      ok: false,
      problems:
        source.problems.length > 0
          ? source.problems
          : [{ path: "", code: "syntax", message: "There is nothing here: a RoleBasedGroupSet is needed." }],
    };
  if (source.problems.length > 0) return { ok: false, problems: source.problems };
  if (others.length > 0) return { ok: false, problems: [severalDocuments(source.documents)] };

  const located = (problems: readonly Problem[]): readonly Problem[] =>
    problems
      .map((problem) => withPosition(problem, document, source))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const foreign = foreignDialect(document.data);
  if (foreign !== undefined) return { ok: false, problems: located([foreign]) };
  const { input, warnings } = withoutServerFields(document.data);
  const parsed = parseSetData(input, options);
  if (!parsed.ok) return { ok: false, problems: located(parsed.problems) };
  return { ...parsed, warnings: [...source.warnings, ...located(warnings)] };
}

/** The same for data that is not from YAML; the problems have no line. */
export function parseSetData(input: unknown, options: ParseOptions = {}): ParsedSet | RefusedSet {
  const result = SetManifest.safeParse(input);
  const structure = result.success ? [] : structureProblems(SetManifest, input, result.error);
  const rules = validateManifest(input, options.present?.replicas);
  // One place, one problem: what the schema says about a path comes first.
  const paths = new Set(structure.map(({ path }) => path));
  const problems = [...structure, ...rules.filter(({ path }) => !paths.has(path))];
  if (!result.success || problems.length > 0) return { ok: false, problems: atMost(MAX_PROBLEMS, problems) };

  const namespace = result.data.metadata.namespace ?? options.namespace ?? "default";
  const manifest = { ...result.data, metadata: { ...result.data.metadata, namespace } };
  const replicas = manifest.spec.replicas ?? options.present?.replicas ?? 1;
  return { ok: true, manifest, spec: { ...manifest.spec, replicas }, warnings: [] };
}

/** The same for an object as an API server has it: what servers add to it is left out without a word. */
export function parseSetObject(object: unknown, options: ParseOptions = {}): ParsedSet | RefusedSet {
  return parseSetData(withoutServerFields(object).input, options);
}

/** The one document of a text as data, without defaults and without what servers write; null where it can't be read. */
export function authoredData(text: string): Readonly<Record<string, unknown>> | null {
  const { input } = withoutServerFields(readYaml(text).documents[0]?.data);
  return isRecord(input) ? input : null;
}

/** A manifest of another API is one problem and not fifty. */
function foreignDialect(data: unknown): Problem | undefined {
  const apiVersion = textAt(data, ["apiVersion"]);
  if (apiVersion === undefined || apiVersion.startsWith(`${API_GROUP}/`)) return undefined;
  const kind = textAt(data, ["kind"]) ?? "object";
  return {
    path: "apiVersion",
    code: "value",
    message: IMPORTED_GROUPS.some((group) => apiVersion.startsWith(group))
      ? `This is a ${kind} of ${apiVersion}: import it, and it is translated into a set.`
      : `This is a ${kind} of ${apiVersion}; a RoleBasedGroupSet of ${API_VERSION} is needed.`,
    suggestion: API_VERSION,
  };
}

/** API groups whose objects the importer reads. */
const IMPORTED_GROUPS = ["workloads.x-k8s.io/", "leaderworkerset.x-k8s.io/"];

/** Nobody reads more, and each costs a search for its place. */
const MAX_PROBLEMS = 200;

function atMost(count: number, problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= count) return problems;
  const next = problems[count];
  const rest = `There are ${problems.length - count} more problems, here and further on.`;
  return [...problems.slice(0, count), { path: next?.path ?? "", code: "value", message: rest }];
}

function severalDocuments(documents: readonly SourceDocument[]): Problem {
  const names = documents.map(({ data }) => {
    const kind = textAt(data, ["kind"]) ?? "something without a kind";
    const name = textAt(data, ["metadata", "name"]);
    return name === undefined ? kind : `${kind} ${name}`;
  });
  const shown = names.length > 10 ? [...names.slice(0, 10), `${names.length - 10} more`] : names;
  return {
    path: "",
    code: "value",
    message: `This text has ${names.length} documents (${shown.join(", ")}), and one set is applied at a time. Keep one, or import them as a file.`,
  };
}

/** A manifest that kubectl printed also has what the API server added: it is left out, and said so. */
function withoutServerFields(data: unknown): { readonly input: unknown; readonly warnings: readonly Problem[] } {
  if (!isRecord(data)) return { input: data, warnings: [] };
  const warnings: Problem[] = [];
  const ignore = (path: string): void => {
    warnings.push({ path, code: "unknown-field", message: `${path} is written by the server: it is ignored.` });
  };
  const { status, ...input } = data;
  if (status !== undefined) ignore("status");
  const metadata = member(data, "metadata");
  if (isRecord(metadata)) {
    const kept = { ...metadata };
    for (const field of SERVER_METADATA)
      if (Object.hasOwn(kept, field)) {
        delete kept[field];
        ignore(`metadata.${field}`);
      }
    input["metadata"] = kept;
  }
  return { input: withoutNulls(input), warnings };
}

/**
 * An empty value (`dependencies:` with nothing behind it) is read as absent, as Kubernetes does. A pod's own spec is
 * left as it is: there the cluster decides.
 */
function withoutNulls(value: unknown, isPodTemplate = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [
        key,
        isPodTemplate && key === "spec"
          ? item
          : withoutNulls(item, /[tT]emplate$/.test(key) && key !== "groupTemplate"),
      ]),
  );
}

function withPosition(problem: Problem, document: SourceDocument, source: YamlSource): Problem {
  const at = problem.code === "unknown-field" ? "key" : "value";
  const position = locate(document.tree, source.lines, parsePath(problem.path), at);
  return position === undefined ? problem : { ...problem, ...position };
}
