import { yaml } from "@codemirror/lang-yaml";
import { foldGutter, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { MergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Read-only views of YAML on CodeMirror, a chunk of its own. Colours are the design tokens. */

const theme = EditorView.theme({
  "&": { color: "var(--color-ink)", backgroundColor: "transparent", fontSize: "12px" },
  ".cm-content": { fontFamily: "var(--font-mono)", letterSpacing: "-.01em", padding: "6px 0", lineHeight: "19px" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: "var(--color-ink-3)",
    border: "0",
    fontFamily: "var(--font-mono)",
  },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", minWidth: "32px" },
  ".cm-foldGutter .cm-gutterElement": { color: "var(--color-ink-3)", cursor: "pointer" },
  ".cm-foldPlaceholder": {
    background: "var(--color-hover)",
    border: "0",
    color: "var(--color-ink-3)",
    padding: "0 4px",
  },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground, ::selection": {
    backgroundColor: "var(--color-accent-soft) !important",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--color-hover)" },
  "&.cm-focused": { outline: "2px solid var(--color-accent)", outlineOffset: "-2px" },
  ".cm-panels": { backgroundColor: "var(--color-bg)", color: "var(--color-ink)", borderColor: "var(--color-line)" },
  ".cm-searchMatch": { backgroundColor: "var(--color-degraded-soft)", outline: "1px solid var(--color-degraded-line)" },
  ".cm-changedLine": { backgroundColor: "var(--color-ready-soft) !important" },
  "&.cm-merge-a .cm-changedLine": { backgroundColor: "var(--color-failed-soft) !important" },
  ".cm-changedText": { background: "light-dark(#c9e5d4, #274838) !important", borderRadius: "1px" },
  "&.cm-merge-a .cm-changedText": { background: "light-dark(#fbd0cb, #6b2a29) !important" },
  ".cm-collapsedLines": {
    background: "var(--color-hover)",
    color: "var(--color-ink-3)",
    fontFamily: "var(--font-sans)",
    padding: "3px 12px",
  },
  // The library's own marks are not in our fonts.
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '""' },
  ".cm-deletedChunk": { backgroundColor: "var(--color-failed-soft)" },
});

/** Keys ink, values accent, comments quiet: no rainbow. */
const highlight = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: "var(--color-ink)" },
  { tag: tags.propertyName, color: "var(--color-ink)" },
  { tag: [tags.string, tags.number, tags.bool, tags.null, tags.content], color: "var(--color-accent-ink)" },
  { tag: tags.comment, color: "var(--color-ink-3)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--color-ink-3)" },
]);

function readOnly(label: string): Extension {
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({
      "aria-label": label,
      tabindex: "0",
      role: "textbox",
      "aria-multiline": "true",
      "aria-readonly": "true",
    }),
    lineNumbers(),
    yaml(),
    syntaxHighlighting(highlight),
    theme,
  ];
}

export function mountYamlView(
  host: HTMLElement,
  text: string,
  label: string,
): { readonly show: (text: string) => void; readonly destroy: () => void } {
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: text,
      extensions: [
        readOnly(label),
        foldGutter(),
        search({ top: true }),
        highlightSelectionMatches(),
        keymap.of(searchKeymap),
      ],
    }),
  });
  return {
    show: (next) => {
      const before = view.state.doc.toString();
      if (before !== next) view.dispatch({ changes: { from: 0, to: before.length, insert: next } });
    },
    destroy: () => view.destroy(),
  };
}

/** Two texts side by side; what is equal is folded away. */
export function mountYamlDiff(
  host: HTMLElement,
  before: { readonly text: string; readonly label: string },
  after: { readonly text: string; readonly label: string },
): { readonly destroy: () => void } {
  const view = new MergeView({
    parent: host,
    a: { doc: before.text, extensions: readOnly(before.label) },
    b: { doc: after.text, extensions: readOnly(after.label) },
    collapseUnchanged: { margin: 3, minSize: 6 },
    highlightChanges: true,
    gutter: true,
  });
  return { destroy: () => view.destroy() };
}
