import {
  type Document,
  isCollection,
  isMap,
  LineCounter,
  type ParsedNode,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import { canonicalJson } from "../model/canonical-json.ts";
import { type Path, parsePath } from "./path.ts";
import { isRecord, listAt, textAt } from "./shape.ts";
import { locate, type Position } from "./yaml-source.ts";
import { spliceDelete, spliceSet } from "./yaml-splice.ts";

/**
 * YAML as the document that is edited: a form, a stepper and a rename are patches on the text that the user wrote.
 *
 * An edit first tries to change only the characters it has to (yaml-splice.ts). Its result is then read again and must
 * hold exactly the intended data; where it does not (aliases, unusual flow style), the syntax tree is changed and
 * printed, which keeps comments and order but not every space.
 */

/** Without `value` the path is deleted. Paths may be given as text: `spec.groupTemplate.roles[0].replicas`. */
export type YamlEdit =
  | { readonly path: Path | string; readonly value: unknown }
  | { readonly path: Path | string; readonly delete: true };

/**
 * The text after the edits, one after another; missing parents are made, and an index equal to a list's length appends.
 *
 * Guarantees: comments, order and style of what is not edited are kept. Text that cannot be read (syntax errors, an
 * excess of aliases) is returned as it is.
 */
export function editYaml(text: string, edits: readonly YamlEdit[]): string {
  return edits.reduce((current, edit) => {
    const path = typeof edit.path === "string" ? parsePath(edit.path) : edit.path;
    return "delete" in edit ? applyEdit(current, path) : applyEdit(current, path, edit.value);
  }, text);
}

/** Sets the number of groups (role null) or the replicas of a role in every group. Unchanged where there is no such role. */
export function setReplicasInYaml(text: string, role: string | null, replicas: number): string {
  if (role === null) return editYaml(text, [{ path: ["spec", "replicas"], value: replicas }]);
  const index = roleNames(text).indexOf(role);
  if (index < 0) return text;
  return editYaml(text, [{ path: ["spec", "groupTemplate", "roles", index, "replicas"], value: replicas }]);
}

/** Renames a role where it is defined and wherever another role depends on it. Addresses in commands stay as they are. */
export function renameRoleInYaml(text: string, from: string, to: string): string {
  const roles = listAt(dataOf(read(text)), ["spec", "groupTemplate", "roles"]);
  const edits: YamlEdit[] = [];
  for (const [index, role] of roles.entries()) {
    const path = ["spec", "groupTemplate", "roles", index];
    if (textAt(role, ["role"]) === from) edits.push({ path: [...path, "role"], value: to });
    for (const [at, dependency] of listAt(role, ["dependencies"]).entries())
      if (dependency === from) edits.push({ path: [...path, "dependencies", at], value: to });
  }
  return editYaml(text, edits);
}

/** Where a path stands in the text (its value, or the nearest parent that exists); undefined for an empty text. */
export function positionOf(text: string, path: Path | string): Position | undefined {
  const lines = new LineCounter();
  const tree = parseDocument(text, { ...READ, lineCounter: lines });
  return locate(tree, lines, typeof path === "string" ? parsePath(path) : path, "value");
}

/** A manifest as YAML in block style, in the order of its keys. Absent members are left out. */
export function setToYaml(manifest: unknown): string {
  return stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false });
}

const READ = { uniqueKeys: false, prettyErrors: false, resolveKnownTags: false } as const;

const read = (text: string): Document.Parsed<ParsedNode> => parseDocument(text, { ...READ, keepSourceTokens: true });

function roleNames(text: string): readonly (string | undefined)[] {
  const tree = read(text);
  const roles: unknown = tree.getIn(["spec", "groupTemplate", "roles"]);
  if (!isCollection(roles)) return [];
  return roles.items.map((item) => {
    const name: unknown = isMap(item) ? item.get("role") : undefined;
    return typeof name === "string" ? name : undefined;
  });
}

function applyEdit(text: string, path: Path, ...value: [] | [unknown]): string {
  const tree = read(text);
  const before = dataOf(tree);
  if (before === undefined) return text;
  const wanted = value.length === 0 ? dataWithout(before, path) : dataWith(before, path, value[0]);
  const goal = canonicalJson(wanted);
  if (goal === canonicalJson(before)) return text;

  const spliced = value.length === 0 ? spliceDelete(text, tree, path) : spliceSet(text, tree, path, value[0]);
  if (spliced !== undefined && holds(spliced, goal)) return spliced;

  if (!hasAliases(tree)) {
    if (value.length === 0) tree.deleteIn(path);
    else tree.setIn(path, tree.createNode(value[0]));
    const printed = tree.toString({ lineWidth: 0 });
    if (holds(printed, goal)) return printed;
  }
  // Editing what an alias stands for would also edit its anchor: the aliases are written out.
  return setToYaml(wanted);
}

function holds(text: string, goal: string): boolean {
  const data = dataOf(parseDocument(text, READ));
  return data !== undefined && canonicalJson(data) === goal;
}

/** Undefined where the document has errors or more aliases than a person would write; null where it is empty. */
function dataOf(tree: Document): unknown {
  if (tree.errors.length > 0) return undefined;
  try {
    return (tree.toJS() as unknown) ?? null;
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

function hasAliases(tree: Document): boolean {
  let found = false;
  visit(tree, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function dataWith(data: unknown, path: Path, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (typeof part === "number") {
    const list = Array.isArray(data) ? [...(data as readonly unknown[])] : [];
    list[part] = dataWith(list[part], rest, value);
    return list;
  }
  const own = isRecord(data) ? data : {};
  return { ...own, [part]: dataWith(Object.hasOwn(own, part) ? own[part] : undefined, rest, value) };
}

function dataWithout(data: unknown, path: Path): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return null;
  if (typeof part === "number") {
    if (!Array.isArray(data) || part >= data.length) return data;
    const list: readonly unknown[] = data;
    return rest.length === 0
      ? list.filter((_, index) => index !== part)
      : list.map((item, index) => (index === part ? dataWithout(item, rest) : item));
  }
  if (!isRecord(data) || !Object.hasOwn(data, part)) return data;
  if (rest.length > 0) return { ...data, [part]: dataWithout(data[part], rest) };
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== part));
}
