"use client";

import type { Path, YamlEdit } from "@openpatio/core/spec";
import { Plus } from "lucide-react";
import { Button } from "#ui/button.tsx";
import { Field, Select } from "#ui/field.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { type Design, dataAt } from "./design.ts";
import { wasText } from "./design-changes.ts";
import { setOrDrop } from "./design-edits.ts";
import { type FormField, factsOf, parseTyped, problemUnder } from "./form-field.ts";
import styles from "./inspector.module.css";
import { CommitInput, RemoveButton, Row, TextField } from "./inspector-parts.tsx";

/** The document and where in it the fields stand: at its root, or in a role. */
export type FormScope = {
  readonly design: Design;
  readonly base: Path;
  /** What is stored, and where the same thing stands there; null: nothing to compare with. */
  readonly stored: Design | null;
  readonly storedBase: Path;
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
};

/** Wider than this, two words do not stand beside each other. */
const MAX_SEGMENT_TEXT = 26;

export function SchemaFields({ fields, scope }: { readonly fields: readonly FormField[]; readonly scope: FormScope }) {
  return fields.map((field) => <SchemaField key={field.path.join(".")} field={field} scope={scope} />);
}

/** One field of the schema, with the control of its kind, its description and what is wrong with it. */
function SchemaField({ field, scope }: { readonly field: FormField; readonly scope: FormScope }) {
  const path = [...scope.base, ...field.path];
  const { kind, description, values, fallback } = factsOf(path);
  const value = dataAt(scope.design.data, path) ?? fallback;
  const before =
    scope.stored === null ? undefined : (dataAt(scope.stored.data, [...scope.storedBase, ...field.path]) ?? fallback);
  const error = problemUnder(scope.design.problems, path);
  const hint = <Description text={description} />;
  const change = (next: unknown) => scope.onEdit(setOrDrop(path, next, fallback));
  const words = (each: string) => field.words?.[each] ?? each;
  const was = scope.stored === null ? undefined : wasText(words(textOf(value)), words(textOf(before)));
  switch (kind) {
    case "choice":
    case "switch": {
      const options = kind === "switch" ? ["false", "true"] : values;
      const now = textOf(value);
      const set = (next: string) => change(kind === "switch" ? next === "true" : next);
      const isNarrow = options.map(words).join("").length <= MAX_SEGMENT_TEXT && options.length <= 2;
      return isNarrow && options.includes(now) ? (
        <Row label={field.label} was={was} hint={hint} error={error}>
          <Segmented
            label={field.label}
            size="dense"
            options={options.map((each) => ({ value: each, label: words(each) }))}
            value={now}
            onChange={set}
          />
        </Row>
      ) : (
        <Field label={field.label} hint={was === undefined ? hint : was} error={error}>
          <Select value={now} onChange={(event) => set(event.target.value)}>
            {[...new Set([...options, now])].map((each) => (
              <option key={each} value={each}>
                {words(each)}
              </option>
            ))}
          </Select>
        </Field>
      );
    }
    case "map":
      return <MapField label={field.label} path={path} value={value} hint={hint} error={error} onEdit={scope.onEdit} />;
    case "text":
    case "names":
    case "number":
    case "count-or-percent":
      return (
        <TextField
          label={field.label}
          value={textOf(value)}
          was={scope.stored === null ? undefined : textOf(before)}
          hint={hint}
          error={error}
          {...(field.whenEmpty === undefined ? {} : { placeholder: field.whenEmpty })}
          onCommit={(text) => change(parseTyped(kind, text))}
        />
      );
  }
}

export const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

/** Words between backticks are names of fields and values. */
export function Description({ text }: { readonly text: string }) {
  return text.split("`").map((part, i) =>
    i % 2 === 1 ? (
      // oxlint-disable-next-line react/no-array-index-key -- parts of a constant sentence
      <span key={i} className="mono">
        {part}
      </span>
    ) : (
      part
    ),
  );
}

type MapFieldProps = {
  readonly label: string;
  readonly path: Path;
  readonly value: unknown;
  readonly hint: React.ReactNode;
  readonly error: string | undefined;
  readonly onEdit: FormScope["onEdit"];
};

/** Keys and values, one pair a line. */
function MapField({ label, path, value, hint, error, onEdit }: MapFieldProps) {
  const pairs = Object.entries(typeof value === "object" && value !== null ? value : {});
  const taken = new Set(pairs.map(([key]) => key));
  const remove = (key: string): YamlEdit => ({ path: pairs.length === 1 ? path : [...path, key], delete: true });
  const free = () => {
    let name = "key";
    for (let n = 2; taken.has(name); n++) name = `key-${n}`;
    return name;
  };
  return (
    <Row label={label} hint={hint} error={error}>
      {pairs.map(([key, each]) => (
        <div key={key} className={styles.pair}>
          <CommitInput
            label={`${label}: key ${key}`}
            value={key}
            onCommit={(next) => {
              if (next === "" || taken.has(next)) return;
              onEdit([
                { path: [...path, next], value: each },
                { path: [...path, key], delete: true },
              ]);
            }}
          />
          <CommitInput
            label={`${label}: value of ${key}`}
            value={textOf(each)}
            onCommit={(next) => onEdit([{ path: [...path, key], value: next }])}
          />
          <RemoveButton label={`${label}: remove ${key}`} onClick={() => onEdit([remove(key)])} />
        </div>
      ))}
      <Button kind="ghost" size="dense" onClick={() => onEdit([{ path: [...path, free()], value: "" }])}>
        <Plus size={14} strokeWidth={1.75} aria-hidden />
        Add
      </Button>
    </Row>
  );
}
