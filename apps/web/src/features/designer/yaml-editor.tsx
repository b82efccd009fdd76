"use client";

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Chunk } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, Prec, type Range, StateEffect, StateField, Text } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  WidgetType,
} from "@codemirror/view";
import type { Problem } from "@openpatio/core/spec";
import { useEffect, useEffectEvent, useRef } from "react";
import { yamlColours } from "#ui/yaml-colours.ts";
import { completeYaml } from "./yaml-completion.ts";
import styles from "./yaml-editor.module.css";

export type LineRange = { readonly from: number; readonly to: number };

type YamlEditorProps = {
  readonly text: string;
  readonly onChange: (text: string) => void;
  /** The history is the document's: what the canvas did is undone here too. */
  readonly onUndo: () => void;
  readonly onRedo: () => void;
  readonly problems: readonly Problem[];
  /** The stored text, to mark the lines that differ; null for a new definition. */
  readonly stored: string | null;
  /** 1-based lines of what is selected on the canvas. */
  readonly marked: LineRange | null;
  /** Scrolls there whenever it changes; 1-based. */
  readonly reveal: { readonly line: number; readonly column: number } | null;
  readonly label: string;
};

/** Changes that came in as a property are not to be reported back as typing. */
const FromOutside = Annotation.define<boolean>();
/** Longer texts are not compared line by line with the stored one. */
const MAX_COMPARED_CHARACTERS = 300_000;

/** A set of decorations that is replaced as a whole from outside. */
function decorationLayer() {
  const replaceAll = StateEffect.define<DecorationSet>();
  const field = StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(current, transaction) {
      for (const effect of transaction.effects) if (effect.is(replaceAll)) return effect.value;
      return current.map(transaction.changes);
    },
    provide: (self) => EditorView.decorations.from(self),
  });
  return { replaceAll, field };
}

const selectedLayer = decorationLayer();
const changedLayer = decorationLayer();
const problemLayer = decorationLayer();

const lineDecoration = (name: string | undefined) => Decoration.line({ class: name ?? "" });
const MARKED = lineDecoration(styles.marked);
const CHANGED = lineDecoration(styles.changed);
const WRONG = lineDecoration(styles.wrong);

function eachLine(doc: Text, { from, to }: LineRange, decoration: Decoration): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (let line = Math.max(from, 1); line <= Math.min(to, doc.lines); line++)
    ranges.push(decoration.range(doc.line(line).from));
  return Decoration.set(ranges);
}

/** Lines that are new or differ from the stored text. */
function changedLines(doc: Text, stored: string | null): DecorationSet {
  if (stored === null || doc.length > MAX_COMPARED_CHARACTERS || stored.length > MAX_COMPARED_CHARACTERS)
    return Decoration.none;
  const lines = new Set<number>();
  for (const chunk of Chunk.build(Text.of(stored.split("\n")), doc, { scanLimit: 1_000, timeout: 100 })) {
    if (chunk.fromB >= doc.length && doc.length > 0) continue;
    const last = doc.lineAt(
      Math.min(Math.max(chunk.endB - (chunk.endB > chunk.fromB ? 1 : 0), chunk.fromB), doc.length),
    );
    if (chunk.fromB < chunk.toB)
      for (let line = doc.lineAt(chunk.fromB).number; line <= last.number; line++) lines.add(line);
  }
  return Decoration.set([...lines].sort((a, b) => a - b).map((line) => CHANGED.range(doc.line(line).from)));
}

/** The sentence behind the line that it is about. */
class ProblemText extends WidgetType {
  readonly message: string;

  constructor(message: string) {
    super();
    this.message = message;
  }
  override eq(other: ProblemText): boolean {
    return other.message === this.message;
  }
  override toDOM(): HTMLElement {
    const element = document.createElement("span");
    element.className = styles.says ?? "";
    element.textContent = this.message;
    return element;
  }
}

function problemLines(doc: Text, problems: readonly Problem[]): DecorationSet {
  const first = new Map<number, Problem>();
  for (const problem of problems)
    if (problem.line !== undefined && problem.line <= doc.lines && !first.has(problem.line))
      first.set(problem.line, problem);
  return Decoration.set(
    [...first].flatMap(([number, { message }]) => {
      const line = doc.line(number);
      return [WRONG.range(line.from), Decoration.widget({ widget: new ProblemText(message), side: 1 }).range(line.to)];
    }),
    true,
  );
}

export function YamlEditor({
  text,
  onChange,
  onUndo,
  onRedo,
  problems,
  stored,
  marked,
  reveal,
  label,
}: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const report = useEffectEvent(onChange);
  const undo = useEffectEvent(onUndo);
  const redo = useEffectEvent(onRedo);
  const initial = useRef(text);

  useEffect(() => {
    if (host.current === null) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: initial.current,
        extensions: [
          lineNumbers(),
          highlightActiveLineGutter(),
          foldGutter(),
          drawSelection(),
          indentUnit.of("  "),
          EditorState.tabSize.of(2),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          autocompletion({ override: [completeYaml], icons: false }),
          Prec.high(
            keymap.of([
              { key: "Mod-z", run: () => handled(undo), preventDefault: true },
              { key: "Mod-y", mac: "Mod-Shift-z", run: () => handled(redo), preventDefault: true },
              { linux: "Ctrl-Shift-z", key: "Mod-Shift-z", run: () => handled(redo), preventDefault: true },
            ]),
          ),
          keymap.of([...completionKeymap, ...defaultKeymap, ...searchKeymap, ...foldKeymap, indentWithTab]),
          yaml(),
          yamlColours,
          selectedLayer.field,
          changedLayer.field,
          problemLayer.field,
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((t) => t.annotation(FromOutside))) {
              report(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const now = editor.state.doc.toString();
    if (now === text) return;
    const changes = smallestChange(now, text);
    editor.dispatch({
      changes,
      annotations: FromOutside.of(true),
      // The cursor stays where the eye is: at what undo brought back, when it is pressed here.
      ...(editor.hasFocus ? { selection: { anchor: changes.from + changes.insert.length }, scrollIntoView: true } : {}),
    });
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problems.filter(hasPlace).map((problem) => toDiagnostic(editor.state.doc, problem)),
      ),
    );
    editor.dispatch({ effects: problemLayer.replaceAll.of(problemLines(editor.state.doc, problems)) });
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const lines = marked === null ? Decoration.none : eachLine(editor.state.doc, marked, MARKED);
    editor.dispatch({ effects: selectedLayer.replaceAll.of(lines) });
  }, [marked]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    editor.dispatch({ effects: changedLayer.replaceAll.of(changedLines(editor.state.doc, stored)) });
  }, [text, stored]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || reveal === null) return;
    const line = editor.state.doc.line(Math.min(Math.max(reveal.line, 1), editor.state.doc.lines));
    const at = Math.min(line.from + reveal.column - 1, line.to);
    editor.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(line.from, { y: "start", yMargin: 40 }),
    });
  }, [reveal]);

  return <div ref={host} className={styles.editor} />;
}

function handled(run: () => void): true {
  run();
  return true;
}

const hasPlace = (problem: Problem): boolean => problem.line !== undefined;

/** One replacement of the part that differs: cursor, folds and scroll position outside it stay. */
function smallestChange(before: string, after: string): { from: number; to: number; insert: string } {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

function toDiagnostic(doc: Text, problem: Problem): Diagnostic {
  const line = doc.line(Math.min(Math.max(problem.line ?? 1, 1), doc.lines));
  const from = Math.min(line.from + Math.max((problem.column ?? 1) - 1, 0), line.to);
  const rest = doc.sliceString(from, line.to);
  const word = /^[^\s,\]}#]+/.exec(rest)?.[0].length ?? rest.length;
  return { from, to: Math.min(from + Math.max(word, 1), line.to), severity: "error", message: problem.message };
}
