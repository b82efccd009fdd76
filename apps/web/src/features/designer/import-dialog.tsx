"use client";

import { useMutation } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { toFailure } from "#lib/errors.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { Field, Textarea } from "#ui/field.tsx";
import { Note } from "#ui/note.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import styles from "./import-dialog.module.css";

type ImportDialogProps = {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly onPick: (yaml: string) => void;
};

/** The server takes no more, and a browser that reads gigabytes stops answering. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Existing manifests, by paste or file: what was understood, what was rewritten, what has no equivalent. */
export function ImportDialog({ isOpen, onOpenChange, onPick }: ImportDialogProps) {
  const client = useTRPCClient();
  const [text, setText] = useState("");
  const [fileProblem, setFileProblem] = useState<string | null>(null);
  const [chosen, setChosen] = useState(0);
  const file = useRef<HTMLInputElement>(null);
  const convert = useMutation({
    mutationFn: (input: { readonly text: string }) => client.sets.import.query(input),
    onSuccess: () => setChosen(0),
  });
  const answer = convert.data;
  const set = answer?.sets[chosen];

  const tooLong =
    text.length > MAX_FILE_BYTES
      ? `This text has ${sizeText(text.length)}; the limit is ${sizeText(MAX_FILE_BYTES)}.`
      : null;

  const read = async (source: File | undefined) => {
    if (source === undefined) return;
    if (source.size > MAX_FILE_BYTES) {
      setFileProblem(`${source.name} has ${sizeText(source.size)}; the limit is ${sizeText(MAX_FILE_BYTES)}.`);
      return;
    }
    setFileProblem(null);
    const content = await source.text();
    setText(content);
    convert.mutate({ text: content });
  };
  const change = (open: boolean) => {
    if (!open) convert.reset();
    onOpenChange(open);
  };

  return (
    <Dialog
      isOpen={isOpen}
      onOpenChange={change}
      title="Import manifests"
      description="RoleBasedGroupSet of openpatio.io, and RoleBasedGroupSet or RoleBasedGroup of workloads.x-k8s.io (v1alpha1, v1alpha2)."
      widthPx={760}
      actions={
        <>
          <Button onClick={() => change(false)}>Cancel</Button>
          {set === undefined ? (
            <Button
              kind="primary"
              disabledReason={
                convert.isPending ? "Reading" : text.trim() === "" ? "Paste something first" : (tooLong ?? null)
              }
              onClick={() => convert.mutate({ text })}
            >
              Read it
            </Button>
          ) : (
            <Button
              kind="primary"
              onClick={() => {
                onPick(set.yaml);
                change(false);
              }}
            >
              Edit {set.name}
            </Button>
          )}
        </>
      }
    >
      <div
        className={styles.drop}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void read(event.dataTransfer.files[0]);
        }}
      >
        <Field label="YAML" error={fileProblem ?? tooLong}>
          <Textarea
            isMono
            rows={answer === undefined ? 14 : 5}
            wrap="off"
            spellCheck={false}
            placeholder="Paste here, or drop a file"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setFileProblem(null);
              convert.reset();
            }}
          />
        </Field>
        <input
          ref={file}
          type="file"
          accept=".yaml,.yml,.json,text/yaml"
          hidden
          aria-label="Manifest file"
          onChange={(event) => void read(event.target.files?.[0])}
        />
        <Button size="dense" onClick={() => file.current?.click()}>
          <FileUp size={14} strokeWidth={1.75} aria-hidden />
          Choose a file
        </Button>
      </div>
      {convert.isError && <ProblemList failure={toFailure(convert.error)} />}
      {answer !== undefined && answer.problems.length > 0 && (
        <ProblemList failure={{ message: "This could not be read:", problems: answer.problems }} />
      )}
      {answer !== undefined && answer.sets.length === 0 && answer.problems.length === 0 && (
        <Note state="pending">Nothing here can be made into a set.</Note>
      )}
      {answer !== undefined && answer.sets.length > 1 && (
        <fieldset className={styles.choice}>
          <legend>{answer.sets.length} sets; one is edited at a time</legend>
          {answer.sets.map((each, i) => (
            <label key={each.name}>
              <input type="radio" name="set" checked={i === chosen} onChange={() => setChosen(i)} />
              <span className="mono">{each.name}</span>
            </label>
          ))}
        </fieldset>
      )}
      {set !== undefined && <Report report={set.report} />}
      {answer !== undefined && answer.skipped.length > 0 && (
        <section>
          <h3 className={styles.head}>Left out</h3>
          <ul className={styles.report}>
            {answer.skipped.map((each) => (
              <li key={`${each.index} ${each.kind} ${each.name}`}>
                <span className="mono">
                  {each.kind} {each.name}
                </span>
                <span>{each.reason}</span>
                {each.yaml !== null && (
                  <details>
                    <summary>What to apply</summary>
                    <pre className="mono">{each.yaml}</pre>
                  </details>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  );
}

function sizeText(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return `${Number.isInteger(mebibytes) ? mebibytes : mebibytes.toFixed(1)} MiB`;
}

type ReportLine = { readonly path: string; readonly action: string; readonly message: string };

function Report({ report }: { readonly report: readonly ReportLine[] }) {
  if (report.length === 0) return <p className={styles.quiet}>Taken as it is.</p>;
  return (
    <section>
      <h3 className={styles.head}>What was done to it</h3>
      <ul className={styles.report}>
        {report.map((line) => (
          <li key={`${line.path} ${line.message}`} data-action={line.action}>
            <b>{line.action}</b>
            <span className="mono">{line.path}</span>
            <span>{line.message}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
