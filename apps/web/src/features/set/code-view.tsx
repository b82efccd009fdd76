"use client";

import { Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "#ui/button.tsx";
import { CopyButton } from "#ui/code-block.tsx";
import styles from "./code.module.css";

type CodeViewProps = {
  /** YAML. */
  readonly text: string;
  /** Name for assistive technology. */
  readonly label: string;
  readonly fileName: string;
  /** As high as the page allows; else as high as its content, up to a limit. */
  readonly isTall?: boolean;
};

type View = { readonly show: (text: string) => void; readonly destroy: () => void };

/** YAML to read: coloured, foldable, searchable, to copy and to save. The editor is loaded when one is first shown. */
export function CodeView({ text, label, fileName, isTall = false }: CodeViewProps) {
  const hostRef = useRef<HTMLDivElement>(null);
  const viewRef = useRef<View | null>(null);
  const textRef = useRef(text);
  const [isLoaded, setLoaded] = useState(false);

  useEffect(() => {
    let isGone = false;
    void import("./yaml-views.ts").then(({ mountYamlView }) => {
      if (isGone || hostRef.current === null) return;
      viewRef.current = mountYamlView(hostRef.current, textRef.current, label);
      setLoaded(true);
    });
    return () => {
      isGone = true;
      viewRef.current?.destroy();
      viewRef.current = null;
    };
  }, [label]);
  useEffect(() => {
    textRef.current = text;
    viewRef.current?.show(text);
  }, [text]);

  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = fileName;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div className={styles.code} data-tall={isTall || undefined}>
      <div ref={hostRef} className={styles.host} />
      {!isLoaded && <pre className={styles.plain}>{text}</pre>}
      <div className={styles.tools}>
        <CopyButton text={text} label={`Copy ${label}`} />
        <IconButton label="Save as a file" size="dense" onClick={save}>
          <Download aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}
