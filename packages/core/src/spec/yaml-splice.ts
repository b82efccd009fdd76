import {
  type CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Path } from "./path.ts";

/**
 * Edits of YAML text that touch no other character. Both functions give undefined where the surroundings are of a form
 * they do not know; the caller checks what the result holds, so a wrong guess here costs prettiness and never data.
 * The tree must have been read with its source tokens.
 */

export function spliceSet(text: string, tree: Document, path: Path, value: unknown): string | undefined {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const parentPath = path.slice(0, -1);
  const parent = nodeAt(tree, parentPath);
  const isMissing = parent === undefined || isScalar(parent);
  const isEmptyCollection = (isMap(parent) || isSeq(parent)) && parent.items.length === 0 && parentPath.length > 0;
  if (isMissing || isEmptyCollection) {
    if (parentPath.length === 0 || (typeof key === "number" && key !== 0)) return undefined;
    return spliceSet(text, tree, parentPath, typeof key === "number" ? [value] : { [key]: value });
  }
  if (isMap(parent)) {
    const pair = pairOf(parent, key);
    if (pair === undefined) return addPair(text, parent, String(key), value);
    if (isScalar(pair.value) && isOneLine(value)) {
      const replaced = replaceScalar(text, pair.value, value);
      if (replaced !== undefined) return replaced;
    }
    return replacePair(text, parent, pair, value);
  }
  if (isSeq(parent) && typeof key === "number") {
    const item = parent.items[key];
    if (item === undefined) return key === parent.items.length ? addItem(text, parent, value) : undefined;
    if (isScalar(item) && isOneLine(value)) return replaceScalar(text, item, value);
    return replaceItem(text, parent, key, value);
  }
  return undefined;
}

export function spliceDelete(text: string, tree: Document, path: Path): string | undefined {
  const key = path.at(-1);
  const parentPath = path.slice(0, -1);
  const parent = nodeAt(tree, parentPath);
  if (key === undefined || !(isMap(parent) || isSeq(parent))) return undefined;
  const index = isMap(parent) ? parent.items.findIndex((pair) => isKey(pair, key)) : Number(key);
  const entry: unknown = parent.items[index];
  if (entry === undefined) return text;
  if (parent.items.length === 1)
    return parentPath.length === 0 ? undefined : spliceSet(text, tree, parentPath, isMap(parent) ? {} : []);

  const start = entryStart(parent, index);
  const end = entryEnd(text, entry);
  if (start === undefined || end === undefined) return undefined;
  if (isFlow(parent)) {
    const previousEnd = index > 0 ? entryEnd(text, parent.items[index - 1]) : undefined;
    if (previousEnd !== undefined) return text.slice(0, previousEnd) + text.slice(end);
    const nextStart = entryStart(parent, index + 1);
    return nextStart === undefined ? undefined : text.slice(0, start) + text.slice(nextStart);
  }
  const from = lineStart(text, start);
  if (text.slice(from, start).trim() !== "") {
    // The first key after "- ": the next one takes its place.
    const nextStart = entryStart(parent, index + 1);
    return nextStart === undefined ? undefined : text.slice(0, start) + text.slice(nextStart);
  }
  return text.slice(0, ownCommentStart(text, from, start - from)) + text.slice(lineEnd(text, end) + 1);
}

function addPair(text: string, map: YAMLMap, key: string, value: unknown): string | undefined {
  const last = map.items.at(-1);
  const end = last === undefined ? undefined : entryEnd(text, last);
  const start = entryStart(map, 0);
  if (end === undefined || start === undefined) return undefined;
  if (isFlow(map)) return `${text.slice(0, end)}, ${flowPair(key, value)}${text.slice(end)}`;
  return insertLine(text, end, column(text, start), stringify({ [key]: value }, BLOCK));
}

function addItem(text: string, list: YAMLSeq, value: unknown): string | undefined {
  const end = entryEnd(text, list.items.at(-1));
  const start = entryStart(list, 0);
  if (end === undefined || start === undefined) return undefined;
  if (isFlow(list)) return `${text.slice(0, end)}, ${flow(value)}${text.slice(end)}`;
  return insertLine(text, end, column(text, start), stringify([value], BLOCK));
}

function replacePair(text: string, map: YAMLMap, pair: Pair, value: unknown): string | undefined {
  const key = isScalar(pair.key) ? pair.key : undefined;
  const start = key?.range?.[0];
  const end = entryEnd(text, pair);
  if (key === undefined || start === undefined || end === undefined) return undefined;
  const name = String(key.value);
  const rendered = isFlow(map)
    ? flowPair(name, value)
    : indented(stringify({ [name]: value }, BLOCK), column(text, start));
  return text.slice(0, start) + rendered + text.slice(end);
}

function replaceItem(text: string, list: YAMLSeq, index: number, value: unknown): string | undefined {
  const start = entryStart(list, index);
  const end = entryEnd(text, list.items[index]);
  if (start === undefined || end === undefined) return undefined;
  const rendered = isFlow(list) ? flow(value) : indented(stringify([value], BLOCK), column(text, start));
  return text.slice(0, start) + rendered + text.slice(end);
}

function replaceScalar(text: string, node: Scalar, value: unknown): string | undefined {
  const [start, end] = node.range ?? [];
  // Block text spans lines, and an empty value has no place of its own.
  if (start === undefined || end === undefined || start === end || node.type === undefined) return undefined;
  if (node.type !== Scalar.PLAIN && node.type !== Scalar.QUOTE_DOUBLE && node.type !== Scalar.QUOTE_SINGLE)
    return undefined;
  const isText = typeof value === "string";
  const rendered =
    isText && node.type === Scalar.QUOTE_DOUBLE
      ? JSON.stringify(value)
      : isText && node.type === Scalar.QUOTE_SINGLE
        ? `'${value.replaceAll("'", "''")}'`
        : flow(value);
  return text.slice(0, start) + rendered + text.slice(end);
}

const BLOCK = { lineWidth: 0, aliasDuplicateObjects: false } as const;

const flow = (value: unknown): string =>
  stringify(value, { ...BLOCK, collectionStyle: "flow", defaultStringType: "PLAIN" }).trimEnd();

const flowPair = (key: string, value: unknown): string => `${flow(key)}: ${flow(value)}`;

const isOneLine = (value: unknown): boolean =>
  value === null ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && !value.includes("\n"));

const isFlow = (collection: YAMLMap | YAMLSeq): boolean => collection.flow === true;

function indented(rendered: string, indent: number): string {
  return rendered
    .trimEnd()
    .split("\n")
    .join(`\n${" ".repeat(indent)}`);
}

function insertLine(text: string, after: number, indent: number, rendered: string): string {
  const at = lineEnd(text, after);
  const space = " ".repeat(indent);
  return `${text.slice(0, at)}\n${space}${indented(rendered, indent)}${text.slice(at)}`;
}

function nodeAt(tree: Document, path: Path): Node | undefined {
  let node = (tree.contents ?? undefined) as Node | undefined;
  for (const part of path) {
    if (isMap(node)) node = (pairOf(node, part)?.value ?? undefined) as Node | undefined;
    else if (isSeq(node) && typeof part === "number") node = (node.items[part] ?? undefined) as Node | undefined;
    else return undefined;
  }
  return node;
}

const isKey = (pair: Pair, key: string | number): boolean =>
  isScalar(pair.key) && (pair.key.source ?? String(pair.key.value)) === String(key);

const pairOf = (map: YAMLMap, key: string | number): Pair | undefined => map.items.find((pair) => isKey(pair, key));

/** Where an entry begins: the key of a pair, the dash of a block item, the value of a flow item. */
function entryStart(collection: YAMLMap | YAMLSeq, index: number): number | undefined {
  const entry: unknown = collection.items[index];
  if (isMap(collection)) {
    const { key } = (entry as Pair | undefined) ?? {};
    return isScalar(key) ? key.range?.[0] : undefined;
  }
  if (isFlow(collection)) return (entry as Node | undefined)?.range?.[0];
  const token = (collection as { readonly srcToken?: CST.BlockSequence }).srcToken;
  return token?.items[index]?.start.find(({ type }) => type === "seq-item-ind")?.offset;
}

/** Where the last character of an entry's content ends: before a comment on its line, before blank lines. */
function entryEnd(text: string, entry: unknown): number | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  if (!("key" in entry)) return contentEnd(text, entry as Node);
  const pair = entry as Pair;
  const end = contentEnd(text, (pair.value ?? undefined) as Node | undefined);
  if (end !== undefined) return end;
  const { sep } = (pair as { readonly srcToken?: CST.CollectionItem }).srcToken ?? {};
  const colon = sep?.find(({ type }) => type === "map-value-ind");
  return colon === undefined ? undefined : colon.offset + 1;
}

function contentEnd(text: string, node: Node | undefined): number | undefined {
  if (node?.range === undefined || node.range === null) return undefined;
  if ((isMap(node) || isSeq(node)) && !isFlow(node)) return entryEnd(text, node.items.at(-1));
  const [start, end] = node.range;
  if (start === end) return undefined;
  // The range of block text takes its line breaks along.
  return start + text.slice(start, end).trimEnd().length;
}

const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
}

const column = (text: string, offset: number): number => offset - lineStart(text, offset);

/** Comment lines directly above an entry, at its own indentation, are about it and go with it. */
function ownCommentStart(text: string, from: number, indent: number): number {
  let start = from;
  while (start > 0) {
    const previous = lineStart(text, start - 1);
    const line = text.slice(previous, start - 1);
    if (line.slice(0, indent).trim() !== "" || line[indent] !== "#") break;
    start = previous;
  }
  return start;
}
