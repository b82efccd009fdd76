import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorState } from "@codemirror/state";
import { describeSchemaForEditor } from "@openpatio/core/spec";

/** Completion of field names and closed values from the schema, by the indentation path of the cursor. */

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly description?: string;
};

let root: Schema | null = null;
const schema = (): Schema => {
  root ??= describeSchemaForEditor() as Schema;
  return root;
};

const KEY_LINE = /^(\s*)((?:- )*)([\w./-]+):(.*)$/;

/** Keys above the cursor, outermost first; list items are left out, they add no name. */
export function pathAt(state: EditorState, line: number, indent: number): readonly string[] {
  const path: string[] = [];
  let limit = indent;
  for (let number = line - 1; number >= 1 && limit > 0; number--) {
    const match = KEY_LINE.exec(state.doc.line(number).text);
    if (match === null) continue;
    const [, spaces = "", dashes = "", key = "", rest = ""] = match;
    const column = spaces.length + dashes.length;
    // A list may stand at the column of its own key, so a dash at that column belongs to it.
    if (column < limit && (rest.trim() === "" || rest.trim().startsWith("#"))) {
      path.unshift(key);
      limit = column;
    } else if (column < limit) {
      limit = column;
    }
  }
  return path;
}

function descend(path: readonly string[]): Schema | null {
  let at: Schema | undefined = schema();
  for (const key of path) at = within(at)?.properties?.[key];
  return within(at) ?? null;
}

/** Through lists and alternatives to the one that has fields. */
function within(at: Schema | undefined): Schema | undefined {
  if (at === undefined) return undefined;
  if (at.items !== undefined) return within(at.items);
  return at.anyOf?.map(within).find((each) => each?.properties !== undefined) ?? at;
}

export function completeYaml(context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const value = /^(\s*)((?:- )*)([\w./-]+):\s+([\w-]*)$/.exec(before);
  if (value !== null) {
    const [, spaces = "", dashes = "", key = "", typed = ""] = value;
    const at = descend([...pathAt(context.state, line.number, spaces.length + dashes.length), key]);
    const options = valuesOf(at);
    return options.length === 0 ? null : { from: context.pos - typed.length, options };
  }
  const field = /^(\s*)((?:- )*)([\w./-]*)$/.exec(before);
  if (field === null) return null;
  const [, spaces = "", dashes = "", typed = ""] = field;
  if (typed === "" && !context.explicit) return null;
  const at = descend(pathAt(context.state, line.number, spaces.length + dashes.length));
  const options = Object.entries(at?.properties ?? {}).map(([name, each]) => toOption(name, each));
  return options.length === 0 ? null : { from: context.pos - typed.length, options, validFor: /^[\w./-]*$/ };
}

function valuesOf(at: Schema | null): readonly Completion[] {
  if (at === null) return [];
  const values = at.enum ?? (at.const === undefined ? [] : [at.const]);
  const booleans = at.type === "boolean" ? [true, false] : [];
  return [...values, ...booleans].map((each) => ({
    label: String(each),
    ...(each === at.default ? { detail: "default" } : {}),
  }));
}

function toOption(name: string, each: Schema): Completion {
  const isNested = within(each)?.properties !== undefined;
  return {
    label: name,
    apply: isNested ? `${name}:` : `${name}: `,
    ...(each.description === undefined ? {} : { info: each.description }),
    ...(each.default === undefined || isNested ? {} : { detail: `default ${JSON.stringify(each.default)}` }),
  };
}
