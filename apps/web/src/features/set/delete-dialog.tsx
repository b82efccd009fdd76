"use client";

import type { SetDetail } from "@openpatio/core/view";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { showToast } from "#ui/toast.tsx";
import styles from "./set.module.css";

type DeleteDialogProps = {
  readonly detail: SetDetail;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
};

/** Deleting, or letting go of what runs; and what becomes of its volumes. */
export function DeleteDialog({ detail, isOpen, onOpenChange }: DeleteDialogProps) {
  const client = useTRPCClient();
  const [isKept, setKept] = useState(false);
  const [withVolumes, setWithVolumes] = useState(false);
  const { name } = detail;
  const isOrphan = detail.isOrphaning || isKept;
  const where = detail.clusters.join(", ") || "its clusters";
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={(open) => {
        setKept(false);
        setWithVolumes(false);
        onOpenChange(open);
      }}
      title={`Delete ${name}`}
      description={
        isOrphan
          ? `Nothing stops: all ${formatPlural(detail.pods, "pod")} on ${where} keep running, without our labels and owner. Nobody recovers, updates or scales them as groups any more.`
          : `${detail.replicas === 1 ? "Its group stops" : `All ${formatPlural(detail.replicas, "group")} stop`}, roles in reverse order of their dependencies, and everything that was created for it is removed from ${where}.`
      }
      confirmLabel={isOrphan ? "Let go of set" : "Delete set"}
      isDanger
      typedName={name}
      onConfirm={async () => {
        await client.sets.delete.mutate({
          ...keyOf(detail),
          orphan: isOrphan,
          deleteVolumes: withVolumes && !isOrphan,
        });
        showToast({
          title: isOrphan ? `${name} is being let go` : `${name} is being deleted`,
          description: isOrphan
            ? "Its pods keep running; this page ends with the set."
            : "Its groups stop in order; this page follows.",
        });
      }}
    >
      <fieldset className={styles.fate} aria-label="What becomes of its workloads">
        <label>
          <input
            type="radio"
            name="fate"
            checked={!isOrphan}
            disabled={detail.isOrphaning}
            onChange={() => setKept(false)}
          />
          Stop and remove them
        </label>
        <label>
          <input type="radio" name="fate" checked={isOrphan} onChange={() => setKept(true)} />
          Keep them running
        </label>
      </fieldset>
      {detail.isOrphaning && (
        <p className="small ink-2">
          The definition says so (<span className="mono">deletion.orphan</span>). To stop them, change that first.
        </p>
      )}
      {detail.hasVolumes && (
        <label className={styles.fateVolumes}>
          <input
            type="checkbox"
            checked={withVolumes && !isOrphan}
            disabled={isOrphan}
            onChange={(event) => setWithVolumes(event.target.checked)}
          />
          Delete their volumes too
        </label>
      )}
      <p className="small ink-2">
        {detail.hasVolumes
          ? withVolumes && !isOrphan
            ? "The volume claims of its pods are deleted with all data in them. "
            : "The volume claims of its pods stay, with their data. "
          : ""}
        The definition and its revisions are gone. This can't be undone.
      </p>
    </ConfirmDialog>
  );
}
