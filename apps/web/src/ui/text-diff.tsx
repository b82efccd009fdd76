"use client";

import { yaml } from "@codemirror/lang-yaml";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import styles from "./text-diff.module.css";
import { yamlColours } from "./yaml-colours.ts";

type TextDiffProps = {
  readonly before: string;
  readonly after: string;
  /** What the two sides are, for assistive technology. */
  readonly beforeLabel: string;
  readonly afterLabel: string;
};

/** Narrower than this, both sides are shown in one column. */
const SIDE_BY_SIDE_PX = 720;
const FOLDED = { margin: 3, minSize: 6 } as const;

/**
 * Two YAML texts: side by side, in one column where it is narrow, long equal parts folded. Where one of them is empty,
 * the other alone. Heavy: load it on demand.
 */
export function TextDiff({ before, after, beforeLabel, afterLabel }: TextDiffProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    const parent = host.current;
    const label = after === "" ? beforeLabel : afterLabel;
    if (before === "" || after === "" || before === after) {
      const view = new EditorView({ parent, doc: after === "" ? before : after, extensions: readOnly(label) });
      return () => view.destroy();
    }
    if (parent.clientWidth < SIDE_BY_SIDE_PX) {
      const merge = unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: FOLDED });
      const view = new EditorView({ parent, doc: after, extensions: [readOnly(label), merge] });
      return () => view.destroy();
    }
    const view = new MergeView({
      parent,
      a: { doc: before, extensions: readOnly(beforeLabel) },
      b: { doc: after, extensions: readOnly(afterLabel) },
      gutter: true,
      collapseUnchanged: FOLDED,
    });
    return () => view.destroy();
  }, [before, after, beforeLabel, afterLabel]);
  return <div ref={host} className={styles.diff} />;
}

function readOnly(label: string): Extension {
  return [
    lineNumbers(),
    yaml(),
    yamlColours,
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({
      "aria-label": label,
      tabindex: "0",
      role: "textbox",
      "aria-readonly": "true",
      "aria-multiline": "true",
    }),
  ];
}
