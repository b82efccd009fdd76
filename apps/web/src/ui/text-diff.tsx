"use client";

import { yaml } from "@codemirror/lang-yaml";
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import styles from "./text-diff.module.css";

type TextDiffProps = {
  readonly before: string;
  readonly after: string;
  /** What the two sides are, for assistive technology. */
  readonly beforeLabel: string;
  readonly afterLabel: string;
};

/** Two texts side by side, long equal parts folded. Heavy: load it on demand. */
export function TextDiff({ before, after, beforeLabel, afterLabel }: TextDiffProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return;
    const side = (doc: string, label: string) => ({
      doc,
      extensions: [
        lineNumbers(),
        yaml(),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      ],
    });
    const view = new MergeView({
      parent: host.current,
      a: side(before, beforeLabel),
      b: side(after, afterLabel),
      gutter: true,
      collapseUnchanged: { margin: 3, minSize: 6 },
    });
    return () => view.destroy();
  }, [before, after, beforeLabel, afterLabel]);
  return <div ref={host} className={styles.diff} />;
}
