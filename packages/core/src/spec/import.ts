import { API_GROUP, API_VERSION } from "../model/names.ts";
import { setToYaml } from "./document.ts";
import { type ImportNote, ImportNotes } from "./import-report.ts";
import { fromWorkloads } from "./import-workloads.ts";
import type { Problem } from "./problem.ts";
import { isRecord, listAt, member, textAt } from "./shape.ts";
import { MAX_NODES, readYaml, type SourceDocument } from "./yaml-source.ts";

export type ImportedSet = {
  /** A RoleBasedGroupSet of ours; may still have problems, which parsing it tells. */
  readonly yaml: string;
  readonly name: string;
  /** Null where the file names none. */
  readonly namespace: string | null;
  readonly report: readonly ImportNote[];
};

export type SkippedDocument = {
  /** Position among the file's documents, from 0. */
  readonly index: number;
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
};

export type ImportResult = {
  readonly sets: readonly ImportedSet[];
  readonly skipped: readonly SkippedDocument[];
  readonly problems: readonly Problem[];
};

/**
 * Reads sets and groups of our own and of other dialects from a file of one or several documents.
 *
 * Guarantees: never throws, whatever the text. Every document is either a set in the result or named as skipped with
 * the reason; nothing inside a document is lost without a note.
 */
export function importManifests(text: string): ImportResult {
  const source = readYaml(text);
  const sets: ImportedSet[] = [];
  const skipped: SkippedDocument[] = [];
  for (const [index, document] of source.documents.entries()) {
    if (document.hasErrors) {
      skipped.push(skip(index, document.data, "It could not be read; see the problems."));
      continue;
    }
    const isOnly = source.documents.length === 1;
    for (const item of itemsOf(document.data)) {
      const result = importOne(item, item === document.data ? { document, text: isOnly ? text : null } : null);
      if (typeof result === "string") skipped.push(skip(index, item, result));
      else sets.push(result);
    }
  }
  const isEmpty = source.documents.length === 0 && source.problems.length === 0;
  return {
    sets,
    skipped,
    problems: isEmpty ? [{ path: "", code: "syntax", message: "There is nothing in this file." }] : source.problems,
  };
}

/** The objects of a List, or the document itself. */
const itemsOf = (data: unknown): readonly unknown[] =>
  textAt(data, ["kind"]) === "List" && Array.isArray(member(data, "items")) ? listAt(data, ["items"]) : [data];

function skip(index: number, data: unknown, reason: string): SkippedDocument {
  return { index, kind: textAt(data, ["kind"]) ?? "unknown", name: textAt(data, ["metadata", "name"]) ?? "", reason };
}

type Original = { readonly document: SourceDocument; readonly text: string | null };

/** The set, or why it is none. */
function importOne(data: unknown, original: Original | null): ImportedSet | string {
  if (!isRecord(data)) return "It is not a Kubernetes object.";
  const apiVersion = textAt(data, ["apiVersion"]);
  const kind = textAt(data, ["kind"]);
  if (apiVersion?.startsWith(`${API_GROUP}/`) === true) {
    if (kind !== "RoleBasedGroupSet") return `A ${kind ?? "document"} of OpenPatio is written by it; import the set.`;
    const yaml =
      original?.text ?? original?.document.tree.toString({ lineWidth: 0 }).replace(/^---\n/, "") ?? setToYaml(data);
    return imported(yaml, data, []);
  }
  if (apiVersion === undefined && isShortForm(data)) {
    const notes = new ImportNotes();
    const set = fromShortForm(data, notes);
    return imported(setToYaml(set), set, notes.notes);
  }
  if (
    apiVersion?.startsWith("workloads.x-k8s.io/") === true &&
    (kind === "RoleBasedGroupSet" || kind === "RoleBasedGroup")
  ) {
    const notes = new ImportNotes();
    const set = fromWorkloads(data, notes);
    if (countValues(set, MAX_NODES) > MAX_NODES) return "It is too large once its role templates are written out.";
    return imported(setToYaml(set), set, notes.notes);
  }
  return skipReason(apiVersion ?? "", kind, data);
}

/** Values in a tree, up to the first that is over the limit: a large role template may be used many times. */
function countValues(value: unknown, limit: number): number {
  let count = 1;
  if (typeof value !== "object" || value === null) return count;
  for (const child of Object.values(value)) {
    count += countValues(child, limit - count);
    if (count > limit) break;
  }
  return count;
}

function imported(yaml: string, set: unknown, report: readonly ImportNote[]): ImportedSet {
  return {
    yaml,
    name: textAt(set, ["metadata", "name"]) ?? "",
    namespace: textAt(set, ["metadata", "namespace"]) ?? null,
    report,
  };
}

function skipReason(apiVersion: string, kind: string | undefined, data: unknown): string {
  if (apiVersion.startsWith("leaderworkerset.x-k8s.io/")) return "LeaderWorkerSets are not supported yet.";
  if (apiVersion.startsWith("workloads.x-k8s.io/")) return `A ${kind ?? "document"} has no equivalent here.`;
  if (kind === "Service" && selectsOtherController(data))
    return "Its selector names labels of another controller, which pods do not have here. Each role of a group has a Service of its own (s-<group>-<role>); for another one, select openpatio.io/set and openpatio.io/role.";
  if (kind === undefined) return "It has no kind.";
  return "Only sets and groups are imported: apply it with kubectl.";
}

function selectsOtherController(data: unknown): boolean {
  const selector = member(member(data, "spec"), "selector");
  return isRecord(selector) && Object.keys(selector).some((key) => key.includes("workloads.x-k8s.io/"));
}

/** `name`, `replicas` and `groupTemplate` without the envelope of a Kubernetes object. */
function isShortForm(data: Readonly<Record<string, unknown>>): boolean {
  return isRecord(data["groupTemplate"]) || isRecord(member(data["spec"], "groupTemplate"));
}

function fromShortForm(data: Readonly<Record<string, unknown>>, notes: ImportNotes): Readonly<Record<string, unknown>> {
  const { apiVersion: _, kind: __, name, namespace, metadata, spec, ...fields } = data;
  notes.add(["apiVersion"], "mapped", `Read as ${API_VERSION}, the only version with this form.`);
  if (name !== undefined) notes.add(["name"], "mapped", "metadata.name");
  if (namespace !== undefined) notes.add(["namespace"], "mapped", "metadata.namespace");
  return {
    apiVersion: API_VERSION,
    kind: "RoleBasedGroupSet",
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(isRecord(metadata) ? metadata : {}),
    },
    spec: { ...fields, ...(isRecord(spec) ? spec : {}) },
  };
}
