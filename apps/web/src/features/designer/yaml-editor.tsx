"use client";

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, RangeSetBuilder, StateEffect, StateField, type Text } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Problem } from "@openpatio/core/spec";
import { useEffect, useEffectEvent, useRef } from "react";
import { completeYaml } from "./yaml-completion.ts";
import styles from "./yaml-editor.module.css";

export type LineRange = { readonly from: number; readonly to: number };

type YamlEditorProps = {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly problems: readonly Problem[];
  /** 1-based lines of what is selected on the canvas. */
  readonly marked: LineRange | null;
  /** Scrolls there whenever it changes; 1-based. */
  readonly reveal: { readonly line: number; readonly column: number } | null;
  readonly label: string;
};

/** Changes that came in as a property are not to be reported back as typing. */
const FromOutside = Annotation.define<boolean>();
const markLines = StateEffect.define<LineRange | null>();

const markedLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(current, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(markLines)) return decorate(transaction.state.doc, effect.value);
    return current.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorate(doc: Text, range: LineRange | null): DecorationSet {
  if (range === null) return Decoration.none;
  const builder = new RangeSetBuilder<Decoration>();
  for (let line = range.from; line <= Math.min(range.to, doc.lines); line++) {
    const { from } = doc.line(line);
    builder.add(from, from, Decoration.line({ class: styles.marked ?? "" }));
  }
  return builder.finish();
}

/** Keys in ink, values in the accent, comments quiet: the eye is for what is wrong, not for a rainbow. */
const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--color-ink)" },
  {
    tag: [tags.string, tags.number, tags.bool, tags.null, tags.content, tags.attributeValue],
    color: "var(--color-accent-ink)",
  },
  { tag: [tags.comment, tags.meta], color: "var(--color-ink-3)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--color-ink-2)" },
]);

export function YamlEditor({ text, onChange, problems, marked, reveal, label }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const report = useEffectEvent(onChange);
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
          history(),
          drawSelection(),
          indentUnit.of("  "),
          EditorState.tabSize.of(2),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          autocompletion({ override: [completeYaml], icons: false }),
          keymap.of([
            ...completionKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            indentWithTab,
          ]),
          yaml(),
          syntaxHighlighting(HIGHLIGHT),
          lintGutter(),
          markedLines,
          EditorView.contentAttributes.of({ "aria-label": label }),
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
    editor.dispatch({ changes: smallestChange(now, text), annotations: FromOutside.of(true) });
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problems.map((problem) => toDiagnostic(editor.state.doc, problem)),
      ),
    );
  }, [problems]);

  useEffect(() => {
    view.current?.dispatch({ effects: markLines.of(marked) });
  }, [marked]);

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
