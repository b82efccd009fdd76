"use client";

import type { GroupView, SetDetail } from "@openpatio/core/view";
import { useQuery } from "@tanstack/react-query";
import { toFailure } from "#lib/errors.ts";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPC, useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { ConfirmDialog, Dialog } from "#ui/dialog.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { showToast } from "#ui/toast.tsx";
import styles from "./panel.module.css";

type MoveDialogProps = {
  readonly detail: SetDetail;
  readonly group: GroupView;
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
};

/** Where a group would go and what would stop for it, asked of the planner; then the move itself. */
export function MoveDialog({ detail, group, isOpen, onOpenChange }: MoveDialogProps) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const key = { ...keyOf(detail), group: group.index };
  const preview = useQuery({ ...trpc.sets.previewMove.queryOptions(key), enabled: isOpen, gcTime: 0, staleTime: 0 });
  const move = preview.data;
  const title = `Move group ${group.index}`;
  if (move === undefined || !move.canMove) {
    return (
      <Dialog
        isOpen={isOpen}
        onOpenChange={onOpenChange}
        title={title}
        description={move === undefined ? "The planner is asked where it would go." : move.why}
        actions={<Button onClick={() => onOpenChange(false)}>Close</Button>}
      >
        {preview.isPending && <SkeletonRows count={3} widths={[280]} label="Waiting for the planner" />}
        {preview.isError && <ProblemList failure={toFailure(preview.error)} />}
        {move !== undefined && <Elsewhere refusals={move.refusals} />}
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      title={title}
      description={move.why}
      confirmLabel="Move group"
      isDanger
      onConfirm={async () => {
        await client.sets.move.mutate({ ...key, ifIncarnation: move.incarnation });
        showToast({ title: `Group ${group.index} moves`, description: move.steps[0] ?? move.why });
      }}
    >
      <ol className={styles.steps}>
        {move.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Elsewhere refusals={move.refusals} />
    </ConfirmDialog>
  );
}

type ElsewhereProps = { readonly refusals: GroupView["refusals"] };

function Elsewhere({ refusals }: ElsewhereProps) {
  if (refusals.length === 0) return null;
  return (
    <details className={styles.elsewhere}>
      <summary>Why not elsewhere: {formatPlural(refusals.length, "place")}</summary>
      <ul>
        {refusals.map((refusal) => (
          <li key={`${refusal.cluster}/${refusal.domain ?? ""}`}>
            <span className="mono">
              {refusal.domain === null ? refusal.cluster : `${refusal.cluster}/${refusal.domain}`}
            </span>{" "}
            {refusal.message}
          </li>
        ))}
      </ul>
    </details>
  );
}
