"use client";

import { Check, Copy } from "lucide-react";
import { type CSSProperties, useState } from "react";
import { IconButton } from "./button.tsx";
import styles from "./feedback.module.css";
import { showFailure } from "./toast.tsx";

type CodeBlockProps = {
  readonly text: string;
  /** Name for assistive technology, e.g. "Manifest". */
  readonly label: string;
  readonly maxHeightPx?: number;
};

/** Text as it is, with a copy button. */
export function CodeBlock({ text, label, maxHeightPx }: CodeBlockProps) {
  return (
    <div
      className={styles.code}
      style={maxHeightPx === undefined ? undefined : ({ "--max-height": `${maxHeightPx}px` } as CSSProperties)}
    >
      <section aria-label={label}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard has to be able to scroll it */}
        <pre tabIndex={0}>{text}</pre>
      </section>
      <span className={styles.copy}>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </span>
    </div>
  );
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    } catch (error) {
      showFailure("The browser did not allow copying", error);
    }
  };
  return (
    <IconButton label={isCopied ? "Copied" : label} size="dense" onClick={() => void copy()}>
      {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}
