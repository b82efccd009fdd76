"use client";

import type { SetDetail } from "@openpatio/core/view";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { RelativeTime } from "#ui/time.tsx";
import { showToast } from "#ui/toast.tsx";
import styles from "./set.module.css";

type RollbackDialogProps = {
  readonly detail: SetDetail;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  /** Revision that is chosen when it opens. */
  readonly initial: number | null;
};

/** Choose one of the kept revisions; its content becomes a new revision with the next number. */
export function RollbackDialog({ detail, isOpen, onOpenChange, initial }: RollbackDialogProps) {
  const client = useTRPCClient();
  const [chosen, setChosen] = useState<number | null>(null);
  const target = chosen ?? initial;
  const others = detail.revisions.filter((revision) => !revision.isTarget).toSorted((a, b) => b.number - a.number);
  const next = Math.max(0, ...detail.revisions.map((revision) => revision.number)) + 1;
  const untouched = others.find((revision) => revision.number === target)?.groups ?? 0;
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) setChosen(null);
        onOpenChange(open);
      }}
      title="Roll back"
      description={`The content of the chosen revision becomes revision ${next}. Groups take it ${formatPlural(detail.rollout.maxUnavailable, "group")} at a time${untouched > 0 ? `; ${formatPlural(untouched, "group")} that run it already are not touched` : ""}.`}
      confirmLabel={target === null ? "Roll back" : `Roll back to ${target}`}
      onConfirm={async () => {
        if (target === null) return;
        await client.rollouts.rollback.mutate({ ...keyOf(detail), revision: target });
        showToast({ title: `Rolling back to revision ${target}`, description: `It runs as revision ${next}.` });
      }}
    >
      <fieldset className={styles.choices} aria-label="Revision">
        {others.map((revision) => (
          <label key={revision.number} className={styles.choice}>
            <input
              type="radio"
              name="revision"
              value={revision.number}
              checked={revision.number === target}
              onChange={() => setChosen(revision.number)}
            />
            <span className="mono strong">{revision.number}</span>
            <span className="clip">{revision.summary}</span>
            <RelativeTime atMs={revision.createdAtMs} className="ink-3" />
          </label>
        ))}
      </fieldset>
    </ConfirmDialog>
  );
}
