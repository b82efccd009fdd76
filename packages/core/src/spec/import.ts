import { API_GROUP, API_VERSION } from "../model/names.ts";
import { setToYaml } from "./document.ts";
import { fromLeaderWorkerSet } from "./import-lws.ts";
import { type ImportedOrigin, otherObject } from "./import-objects.ts";
import { type ImportNote, ImportNotes } from "./import-report.ts";
import { fromWorkloads } from "./import-workloads.ts";
import type { Problem } from "./problem.ts";
import { isRecord, listAt, member, textAt } from "./shape.ts";
import { MAX_NODES, readYaml, type SourceDocument } from "./yaml-source.ts";

export type ImportedSet = {
  /** Position of its document in the file, from 0. */
  readonly index: number;
  /** What it was there. */
  readonly kind: string;
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
  /** What to apply with kubectl instead, where it refers to something that has another name now; else null. */
  readonly yaml: string | null;
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
  const left: (SkippedDocument | { readonly index: number; readonly item: Loose })[] = [];
  for (const [index, document] of source.documents.entries()) {
    if (document.hasErrors) {
      left.push(skip(index, document.data, "It could not be read; see the problems."));
      continue;
    }
    const isOnly = source.documents.length === 1;
    for (const item of itemsOf(document.data)) {
      if (!isRecord(item)) {
        left.push(skip(index, item, "It is not a Kubernetes object."));
        continue;
      }
      const result = importOne(item, index, item === document.data ? { document, text: isOnly ? text : null } : null);
      if (result === null) left.push({ index, item });
      else if (typeof result === "string") left.push(skip(index, item, result));
      else sets.push(result);
    }
  }
  const isEmpty = source.documents.length === 0 && source.problems.length === 0;
  return {
    sets,
    skipped: left.map((each) => ("item" in each ? skipOther(each.index, each.item, sets) : each)),
    problems: isEmpty ? [{ path: "", code: "syntax", message: "There is nothing in this file." }] : source.problems,
  };
}

type Loose = Readonly<Record<string, unknown>>;

/** The objects of a List, or the document itself. */
const itemsOf = (data: unknown): readonly unknown[] =>
  textAt(data, ["kind"]) === "List" && Array.isArray(member(data, "items")) ? listAt(data, ["items"]) : [data];

function skip(index: number, data: unknown, reason: string, yaml: string | null = null): SkippedDocument {
  return {
    index,
    kind: textAt(data, ["kind"]) ?? "unknown",
    name: textAt(data, ["metadata", "name"]) ?? "",
    reason,
    yaml,
  };
}

/** What others refer to is known only when all sets are. */
function skipOther(index: number, item: Loose, sets: readonly ImportedOrigin[]): SkippedDocument {
  const { reason, object } = otherObject(item, sets);
  return skip(index, item, reason, object === null ? null : setToYaml(object));
}

type Original = { readonly document: SourceDocument; readonly text: string | null };

/** The set; why it is none; or null for an object that is no set in any dialect. */
function importOne(data: Loose, index: number, original: Original | null): ImportedSet | string | null {
  const apiVersion = textAt(data, ["apiVersion"]);
  const kind = textAt(data, ["kind"]);
  if (apiVersion?.startsWith(`${API_GROUP}/`) === true) {
    if (kind !== "RoleBasedGroupSet") return `A ${kind ?? "document"} of OpenPatio is written by it; import the set.`;
    const yaml =
      original?.text ?? original?.document.tree.toString({ lineWidth: 0 }).replace(/^---\n/, "") ?? setToYaml(data);
    return imported(yaml, index, kind, data, []);
  }
  if (apiVersion === undefined && isShortForm(data)) return translated(data, index, "RoleBasedGroupSet", fromShortForm);
  if (
    apiVersion?.startsWith("workloads.x-k8s.io/") === true &&
    (kind === "RoleBasedGroupSet" || kind === "RoleBasedGroup")
  )
    return translated(data, index, kind, fromWorkloads);
  if (apiVersion?.startsWith("leaderworkerset.x-k8s.io/") === true && kind === "LeaderWorkerSet")
    return translated(data, index, kind, fromLeaderWorkerSet);
  return null;
}

function translated(
  data: Loose,
  index: number,
  kind: string,
  translate: (document: Loose, notes: ImportNotes) => Loose,
): ImportedSet | string {
  const notes = new ImportNotes();
  const set = translate(data, notes);
  if (countValues(set, MAX_NODES) > MAX_NODES) return "It is too large once its role templates are written out.";
  notes.addUnaccounted(data, set);
  return imported(setToYaml(set), index, kind, set, notes.notes);
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

function imported(yaml: string, index: number, kind: string, set: unknown, report: readonly ImportNote[]): ImportedSet {
  return {
    index,
    kind,
    yaml,
    name: textAt(set, ["metadata", "name"]) ?? "",
    namespace: textAt(set, ["metadata", "namespace"]) ?? null,
    report,
  };
}

/** `name`, `replicas` and `groupTemplate` without the envelope of a Kubernetes object. */
function isShortForm(data: Loose): boolean {
  return isRecord(data["groupTemplate"]) || isRecord(member(data["spec"], "groupTemplate"));
}

function fromShortForm(data: Loose, notes: ImportNotes): Loose {
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
