"use client";

import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { IconButton } from "#ui/button.tsx";
import { Field, Input, Textarea } from "#ui/field.tsx";
import { wasText } from "./design-changes.ts";
import styles from "./inspector.module.css";

export function Section({
  title,
  actions,
  children,
}: {
  readonly title: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={styles.section}>
      <header>
        <h3>{title}</h3>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** A section that is closed until somebody looks, or something in it is wrong; what it says now stands in its head. */
export function Fold({
  title,
  summary,
  hasProblem = false,
  children,
}: {
  readonly title: string;
  readonly summary: string;
  readonly hasProblem?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <details className={styles.fold} open={hasProblem || undefined}>
      <summary>
        {title}
        <span data-bad={hasProblem || undefined}>{hasProblem ? "has a problem" : summary}</span>
      </summary>
      <div>{children}</div>
    </details>
  );
}

/** A label and a control that is not a plain field. */
export function Row({
  label,
  note,
  was,
  hint,
  error,
  children,
}: {
  readonly label: string;
  readonly note?: string;
  readonly was?: string | undefined;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles.row}>
      <span className={styles.label}>{label}</span>
      <div className={styles.control}>
        {children}
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </div>
      {was !== undefined && <p className={styles.was}>{was}</p>}
      {error === undefined ? (
        hint !== undefined && <p className={styles.note}>{hint}</p>
      ) : (
        <p className={styles.error}>{error}</p>
      )}
    </div>
  );
}

type CommitProps = { readonly value: string; readonly onCommit: (value: string) => void };

/** Typing is a draft of this field alone; the document changes when the field is left or Enter is pressed. */
function useDraft({ value, onCommit }: CommitProps) {
  const [draft, setDraft] = useState<string | null>(null);
  return {
    value: draft ?? value,
    onChange: (event: { target: { value: string } }) => setDraft(event.target.value),
    onBlur: () => {
      if (draft !== null && draft !== value) onCommit(draft.trim());
      setDraft(null);
    },
    onKeyDown: (event: { key: string; currentTarget: { blur: () => void } }) => {
      if (event.key === "Enter") event.currentTarget.blur();
      if (event.key === "Escape") setDraft(null);
    },
  };
}

export function CommitInput({
  label,
  placeholder,
  ...commit
}: CommitProps & { readonly label: string; readonly placeholder?: string }) {
  return (
    <Input
      isMono
      aria-label={label}
      spellCheck={false}
      {...(placeholder === undefined ? {} : { placeholder })}
      {...useDraft(commit)}
    />
  );
}

export function TextField(
  props: CommitProps & {
    readonly label: string;
    /** The stored value. */
    readonly was?: string | undefined;
    readonly hint?: ReactNode;
    readonly error?: string | undefined;
    readonly placeholder?: string;
    readonly isReadOnly?: boolean;
  },
) {
  const draft = useDraft(props);
  return (
    <Field label={props.label} hint={wasText(props.value, props.was) ?? props.hint} error={props.error}>
      <Input
        isMono
        spellCheck={false}
        autoComplete="off"
        readOnly={props.isReadOnly}
        placeholder={props.placeholder}
        {...draft}
      />
    </Field>
  );
}

/** One item a line. */
export function LinesField({
  label,
  value,
  was,
  onCommit,
}: {
  readonly label: string;
  readonly value: readonly string[];
  readonly was: readonly string[] | undefined;
  readonly onCommit: (text: string) => void;
}) {
  const { onKeyDown: _, ...draft } = useDraft({ value: value.join("\n"), onCommit });
  return (
    <Field label={label} hint={wasText(value.join(" "), was?.join(" "))}>
      <Textarea
        isMono
        rows={Math.min(Math.max(value.length, 1), 8)}
        wrap="off"
        spellCheck={false}
        placeholder="one a line"
        {...draft}
      />
    </Field>
  );
}

export function RemoveButton({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <IconButton label={label} size="dense" onClick={onClick}>
      <X size={14} strokeWidth={1.75} aria-hidden />
    </IconButton>
  );
}
