"use client";

import type { YamlEdit } from "@openpatio/core/spec";
import { Plus, Trash2 } from "lucide-react";
import { Button } from "#ui/button.tsx";
import type { DesignRole } from "./design.ts";
import { addClaim, mountClaim, removeClaim, renameClaim, rolePath, setOrDrop } from "./design-edits.ts";
import { factsOf } from "./form-field.ts";
import styles from "./inspector.module.css";
import { TextField } from "./inspector-parts.tsx";

type VolumeClaimsFormProps = {
  readonly role: DesignRole;
  readonly error: string | undefined;
  readonly onEdit: (edits: readonly YamlEdit[]) => void;
};

export function VolumeClaimsForm({ role, error, onEdit }: VolumeClaimsFormProps) {
  const path = (index: number, ...rest: readonly string[]) =>
    rolePath(role.index, "volumeClaimTemplates", index, ...rest);
  return (
    <>
      {error !== undefined && <p className={styles.error}>{error}</p>}
      <p className={styles.note}>{factsOf(rolePath(role.index, "volumeClaimTemplates")).description}</p>
      {role.claims.map((claim, index) => {
        const mount = role.containers[0]?.mounts.find((each) => each.volume === claim.name);
        return (
          // oxlint-disable-next-line react/no-array-index-key -- a claim may have any name while it is typed
          <div key={index} className={styles.claim}>
            <div className={styles.two}>
              <TextField label="Claim" value={claim.name} onCommit={(name) => onEdit(renameClaim(role, index, name))} />
              <TextField
                label="Size"
                value={claim.size}
                onCommit={(size) =>
                  onEdit([{ path: path(index, "spec", "resources", "requests", "storage"), value: size }])
                }
              />
              <TextField
                label="Mounted at"
                value={mount?.path ?? ""}
                placeholder="not mounted"
                onCommit={(to) => onEdit(mountClaim(role, claim.name, to))}
              />
              <TextField
                label="Storage class"
                value={claim.storageClass}
                placeholder="the default"
                onCommit={(name) => onEdit(setOrDrop(path(index, "spec", "storageClassName"), name))}
              />
            </div>
            <Button kind="ghost" size="dense" onClick={() => onEdit(removeClaim(role, index))}>
              <Trash2 size={14} strokeWidth={1.75} aria-hidden />
              Remove {claim.name}
            </Button>
          </div>
        );
      })}
      <Button kind="ghost" size="dense" onClick={() => onEdit(addClaim(role))}>
        <Plus size={14} strokeWidth={1.75} aria-hidden />
        Add volume claim
      </Button>
    </>
  );
}
