import { yaml } from "@codemirror/lang-yaml";
import { foldGutter } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { yamlColours } from "#ui/yaml-colours.ts";

/** A read-only view of YAML on CodeMirror, a chunk of its own. Colours are the design tokens. */

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
});

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
    yamlColours,
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
