import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from "yaml";
import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { isRecord } from "./shape.ts";

/**
 * Reads YAML of unknown origin: text → syntax tree (kept, for positions) → plain data. Limits come first, so that no
 * input can take much time or memory; every refusal is a Problem with its line and column.
 *
 * Data is converted here and not by the library, because Kubernetes reads a few things differently (keys are strings,
 * `0755` is octal) and because the expansion of aliases has to be counted.
 */

/** UTF-8 bytes. etcd refuses objects above 1.5 MiB; no group set comes near. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** Values after the expansion of aliases, in one text. 32 large roles have about 10,000. */
export const MAX_NODES = 100_000;
const MAX_DEPTH = 64;
/** Lexical tokens; bounds the time that hostile text can take (a megabyte of commas). */
const MAX_TOKENS = 120_000;
const MAX_SYNTAX_PROBLEMS = 20;
const MAX_DOCUMENTS = 200;
/** Parts of a path that a problem of hostile depth shows; line and column tell the rest. */
const SHOWN_DEPTH = 16;

export type SourceDocument = {
  readonly data: unknown;
  readonly tree: Document;
  /** Set when this document could not be read completely; `data` is then what could be. */
  readonly hasErrors: boolean;
};

export type YamlSource = {
  /** Documents with content; empty ones are left out. */
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly lines: LineCounter;
};

export type Position = { readonly line: number; readonly column: number };

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const tooLarge = findTooLarge(text);
  if (tooLarge !== undefined) return { documents: [], problems: [tooLarge], warnings: [], lines };

  // Uniqueness of keys is checked during conversion: the library's check is quadratic.
  const parsed = parseAllDocuments(text, {
    uniqueKeys: false,
    prettyErrors: false,
    resolveKnownTags: false,
    lineCounter: lines,
  });
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const documents: SourceDocument[] = [];
  const budget = { nodes: MAX_NODES };
  const trees = Array.isArray(parsed) ? parsed : [];
  if (trees.length > MAX_DOCUMENTS)
    return {
      documents: [],
      problems: [
        {
          path: "",
          code: "too-large",
          message: `This text has ${trees.length} documents; the most are ${MAX_DOCUMENTS}.`,
        },
      ],
      warnings,
      lines,
    };
  for (const tree of trees) {
    // Every level of a nesting that is too deep reports itself; the first says it all.
    const tooDeepAt = tree.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    const found: Problem[] = (tooDeepAt === undefined ? tree.errors.slice(0, MAX_SYNTAX_PROBLEMS) : [tooDeepAt]).map(
      (error) => ({
        path: "",
        ...syntaxProblem(error.code, error.message),
        ...positionAt(lines, error.pos[0]),
      }),
    );
    for (const warning of tree.warnings.slice(0, MAX_SYNTAX_PROBLEMS))
      warnings.push({ path: "", code: "syntax", message: `${warning.message}.`, ...positionAt(lines, warning.pos[0]) });
    const converted = tooDeepAt === undefined ? toData(tree, lines, budget) : { data: null, problems: [] };
    found.push(...converted.problems);
    problems.push(...found);
    if (found.length > 0 || (converted.data !== null && converted.data !== undefined))
      documents.push({ data: converted.data, tree, hasErrors: found.length > 0 });
  }
  return { documents, problems: problems.slice(0, MAX_SYNTAX_PROBLEMS), warnings, lines };
}

function findTooLarge(text: string): Problem | undefined {
  const limit = `the limit is ${MAX_TEXT_BYTES / 1024 / 1024} MiB`;
  if (utf8Length(text) > MAX_TEXT_BYTES)
    return {
      path: "",
      code: "too-large",
      message: `This text has ${(utf8Length(text) / 1024 / 1024).toFixed(1)} MiB; ${limit}. Move large data into a ConfigMap of your own.`,
    };
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (++tokens > MAX_TOKENS)
      return {
        path: "",
        code: "too-large",
        message: `This text has more than ${MAX_TOKENS} YAML tokens; a group set needs far fewer.`,
      };
    // The parser takes seconds for brackets without end; indentation it refuses at once.
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth > MAX_DEPTH) return { path: "", ...tooDeep() };
  }
  return undefined;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Two surrogates of two units each stand for four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function syntaxProblem(code: string, message: string): Pick<Problem, "code" | "message"> {
  if (code === "RESOURCE_EXHAUSTION") return tooDeep();
  if (code === "TAB_AS_INDENT")
    return { code: "syntax", message: "YAML does not allow tabs as indentation: use spaces." };
  return { code: "syntax", message: `${message}.` };
}

function tooDeep(): Pick<Problem, "code" | "message"> {
  return { code: "too-large", message: `This is nested more than ${MAX_DEPTH} levels deep.` };
}

/** 1-based. */
function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Ends a conversion that would not end well; never leaves this file. */
class LimitReached extends Error {}

function toData(
  tree: Document,
  lines: LineCounter,
  budget: { nodes: number },
): { readonly data: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  /** Where the conversion is. */
  const trail: (string | number)[] = [];

  const report = (problem: Pick<Problem, "code" | "message">, node: Node | null): void => {
    if (problems.length < MAX_SYNTAX_PROBLEMS)
      problems.push({
        path: formatPath(trail.slice(0, SHOWN_DEPTH)),
        ...problem,
        ...(node?.range ? positionAt(lines, node.range[0]) : {}),
      });
  };
  const stop = (problem: Pick<Problem, "code" | "message">, node: Node | null): never => {
    report(problem, node);
    throw new LimitReached();
  };

  const resolve = (node: Node | null): Node | null => {
    if (!isAlias(node)) return node;
    const target = anchors.get(node.source);
    if (target === undefined) {
      report({ code: "syntax", message: `The alias *${node.source} has no anchor &${node.source} before it.` }, node);
      return null;
    }
    if (open.has(target))
      stop({ code: "syntax", message: `The alias *${node.source} stands inside its own anchor.` }, node);
    return target;
  };

  const convertChild = (key: string | number, child: unknown): unknown => {
    trail.push(key);
    const value = convert(asNode(child));
    trail.pop();
    return value;
  };

  const convert = (source: Node | null): unknown => {
    const node = resolve(source);
    if (--budget.nodes < 0)
      stop(
        { code: "too-large", message: `This text has more than ${MAX_NODES} values once its aliases are expanded.` },
        source,
      );
    if (trail.length > MAX_DEPTH) stop(tooDeep(), source);
    if (node === null) return null;
    if (node === source && "anchor" in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node))
      return toScalar(node.value, node.source, node.type === "PLAIN", (message) =>
        report({ code: "value", message }, node),
      );
    open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, index) => convertChild(index, item))
      : isMap(node)
        ? convertMap(node.items)
        : null;
    open.delete(node);
    return value;
  };

  const convertMap = (pairs: readonly Pair[]): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    const merged: Record<string, unknown>[] = [];
    for (const pair of pairs) {
      const keyNode = resolve(asNode(pair.key));
      if (isScalar(keyNode) && keyNode.anchor !== undefined) anchors.set(keyNode.anchor, keyNode);
      if (keyNode !== null && !isScalar(keyNode)) {
        report({ code: "syntax", message: "A key has to be text, not a list or a map." }, keyNode);
        continue;
      }
      const key = keyNode === null ? "" : (keyNode.source ?? String(keyNode.value));
      const value = convertChild(key, pair.value);
      if (key === "<<" && keyNode?.type === "PLAIN") {
        for (const source of Array.isArray(value) ? value : [value]) if (isRecord(source)) merged.push(source);
        continue;
      }
      if (key === "__proto__") {
        report({ code: "value", message: "__proto__ is not allowed as a key." }, keyNode);
        continue;
      }
      if (Object.hasOwn(object, key)) report({ code: "duplicate", message: `The key ${key} is given twice.` }, keyNode);
      object[key] = value;
    }
    for (const source of merged)
      for (const [key, value] of Object.entries(source)) if (!Object.hasOwn(object, key)) object[key] = value;
    return object;
  };

  try {
    return { data: convert(tree.contents), problems };
  } catch (error) {
    if (error instanceof LimitReached) return { data: null, problems };
    throw error;
  }
}

/** Keys and values of a parsed document are nodes or null; the library's types say less. */
const asNode = (value: unknown): Node | null => (value === undefined ? null : (value as Node | null));

function toScalar(
  value: unknown,
  source: string | undefined,
  isPlain: boolean,
  refuse: (message: string) => void,
): unknown {
  // Kubernetes' parser takes the old octal form, and file modes are written in it.
  if (isPlain && source !== undefined && /^0[0-7]+$/.test(source)) return Number.parseInt(source, 8);
  if (typeof value === "number" && !Number.isFinite(value)) {
    refuse(`${source ?? "This number"} has no form in JSON; write it in quotes if text is meant.`);
    return null;
  }
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return source ?? null;
}

/**
 * Where a path stands in the text: the value, or with `at: "key"` the key before it. Where the path does not exist, its
 * nearest existing parent.
 */
export function locate(tree: Document, lines: LineCounter, path: Path, at: "key" | "value"): Position | undefined {
  let node = asNode(tree.contents);
  let offset = node?.range?.[0];
  const anchored = (current: Node | null): Node | null =>
    isAlias(current) ? (current.resolve(tree) ?? null) : current;
  for (const [depth, part] of path.entries()) {
    const parent = anchored(node);
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && (key.source ?? String(key.value)) === String(part));
      if (pair === undefined) break;
      const isLast = depth === path.length - 1;
      node = asNode(pair.value);
      const keyOffset = asNode(pair.key)?.range?.[0];
      // An empty or block value starts on a later line; the key is what people look for.
      const isInline = isScalar(node) || isAlias(node);
      offset = (isLast && at === "key") || !isInline ? keyOffset : (node?.range?.[0] ?? keyOffset);
    } else if (isSeq(parent) && typeof part === "number" && part < parent.items.length) {
      node = asNode(parent.items[part]);
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : positionAt(lines, offset);
}
