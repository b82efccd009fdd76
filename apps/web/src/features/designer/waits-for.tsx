"use client";

import type { YamlEdit } from "@openpatio/core/spec";
import { X } from "lucide-react";
import { Select } from "#ui/field.tsx";
import { type Design, type DesignRole, ringIfWaiting } from "./design.ts";
import { wasText } from "./design-changes.ts";
import { addDependency, removeDependency, rolePath } from "./design-edits.ts";
import styles from "./inspector.module.css";
import { Row } from "./inspector-parts.tsx";

type WaitsForProps = {
  readonly design: Design;
  readonly role: DesignRole;
  readonly before: DesignRole | null;
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
};

export function WaitsFor({ design, role, before, onEdit }: WaitsForProps) {
  const known = new Set(design.roles.map((each) => each.name));
  const others = design.roles.filter((each) => each.name !== role.name && !role.dependencies.includes(each.name));
  const problem = role.problems.find((each) => each.path.includes(".dependencies"));
  const suggestion = problem?.suggestion;
  return (
    <Row
      label="Waits for"
      was={wasText(listText(role.dependencies), before === null ? undefined : listText(before.dependencies))}
    >
      <div className={styles.tokens}>
        {role.dependencies.map((name) => (
          <span key={name} className={styles.token} data-bad={!known.has(name) || undefined}>
            {name}
            <button
              type="button"
              aria-label={`${role.name} no longer waits for ${name}`}
              onClick={() => onEdit(removeDependency(role, name))}
            >
              <X size={12} strokeWidth={1.75} aria-hidden />
            </button>
          </span>
        ))}
        {others.length > 0 && (
          <Select
            density="dense"
            aria-label={`Make ${role.name} wait for`}
            value=""
            onChange={(event) => onEdit(addDependency(role, event.target.value))}
          >
            <option value="" disabled>
              add…
            </option>
            {others.map((each) => {
              const ring = ringIfWaiting(design.roles, role.name, each.name);
              return (
                <option key={each.name} value={each.name} disabled={ring !== null}>
                  {ring === null ? each.name : `${each.name} (a cycle: ${ring.join(" › ")})`}
                </option>
              );
            })}
          </Select>
        )}
      </div>
      {problem !== undefined && (
        <p className={styles.error}>
          {problem.message}{" "}
          {suggestion !== undefined && problem.code === "unknown-role" && (
            <button
              type="button"
              className={styles.fix}
              onClick={() =>
                onEdit([{ path: rolePath(role.index, "dependencies", lastIndex(problem.path)), value: suggestion }])
              }
            >
              Use {suggestion}
            </button>
          )}
        </p>
      )}
    </Row>
  );
}

const listText = (names: readonly string[]): string => names.join(", ") || "nothing";
const lastIndex = (path: string): number => Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);
