"use client";

import type { YamlEdit } from "@openpatio/core/spec";
import type { Design, DesignRole } from "./design.ts";
import styles from "./inspector.module.css";
import { RoleForm } from "./role-form.tsx";
import { SetForm } from "./set-form.tsx";

export type InspectorProps = {
  readonly design: Design;
  /** What is stored, for "was …"; null for a new set. */
  readonly stored: Design | null;
  readonly role: DesignRole | null;
  /** The definition exists: its name and namespace are settled. */
  readonly isExisting: boolean;
  readonly clusters: readonly string[];
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
  readonly onDuplicate: (role: DesignRole) => void;
  readonly onRemove: (role: DesignRole) => void;
};

/** The form beside the canvas: a role when one is selected, else the set. */
export function Inspector(props: InspectorProps) {
  return (
    <aside
      className={styles.inspector}
      aria-label={props.role === null ? "Inspector of the set" : `Inspector of role ${props.role.name}`}
    >
      {!props.design.isEditable && (
        <p className={styles.locked}>
          {props.design.problems[0]?.code === "too-large"
            ? "The text is too large to be edited as a form."
            : "The form is off while the text can't be read as YAML. Mend the text first."}
        </p>
      )}
      <fieldset className={styles.form} disabled={!props.design.isEditable}>
        {props.role === null ? (
          <SetForm {...props} />
        ) : (
          <RoleForm key={props.role.index} {...props} role={props.role} />
        )}
      </fieldset>
    </aside>
  );
}
