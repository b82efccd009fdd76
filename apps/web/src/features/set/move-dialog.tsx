"use client";

import type { GroupView, SetDetail } from "@openpatio/core/view";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toFailure } from "#lib/errors.ts";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPC, useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { ConfirmDialog, Dialog } from "#ui/dialog.tsx";
import { Field, Select } from "#ui/field.tsx";
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

/** Where a person wants it; null: where it would be placed anew. */
type Target = { readonly cluster: string; readonly domain?: string } | null;

/** Where a group would go and what would stop for it, asked of the planner; then the move itself. */
export function MoveDialog({ detail, group, isOpen, onOpenChange }: MoveDialogProps) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const [target, setTarget] = useState<Target>(null);
  const key = { ...keyOf(detail), group: group.index, ...target };
  const preview = useQuery({
    ...trpc.sets.previewMove.queryOptions(key),
    enabled: isOpen,
    gcTime: 0,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const move = preview.data;
  const change = (open: boolean) => {
    setTarget(null);
    onOpenChange(open);
  };
  const choice = move === undefined ? null : <Choice choices={move.choices} target={target} onTarget={setTarget} />;
  const title = `Move group ${group.index}`;
  if (move === undefined || !move.canMove) {
    return (
      <Dialog
        isOpen={isOpen}
        onOpenChange={change}
        title={title}
        description={move === undefined ? "The planner is asked where it would go." : move.why}
        actions={<Button onClick={() => change(false)}>Close</Button>}
      >
        {preview.isPending && <SkeletonRows count={3} widths={[280]} label="Waiting for the planner" />}
        {preview.isError && <ProblemList failure={toFailure(preview.error)} />}
        {choice}
        {move !== undefined && <Elsewhere refusals={move.refusals} />}
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onOpenChange={change}
      title={title}
      description={move.why}
      confirmLabel="Move group"
      isDanger
      offReason={preview.isPlaceholderData ? "Waiting for the planner" : null}
      onConfirm={async () => {
        await client.sets.move.mutate({ ...key, ifIncarnation: move.incarnation });
        showToast({ title: `Group ${group.index} moves`, description: move.steps[0] ?? move.why });
      }}
    >
      {choice}
      <ol className={styles.steps} aria-busy={preview.isPlaceholderData}>
        {move.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Elsewhere refusals={move.refusals} />
    </ConfirmDialog>
  );
}

type ChoiceProps = {
  readonly choices: readonly { readonly cluster: string; readonly domain: string | null }[];
  readonly target: Target;
  readonly onTarget: (target: Target) => void;
};

/** The places that have room for it now. */
function Choice({ choices, target, onTarget }: ChoiceProps) {
  if (choices.length < 2 && target === null) return null;
  const places = choices.map(
    ({ cluster, domain }): NonNullable<Target> => ({ cluster, ...(domain !== null && { domain }) }),
  );
  return (
    <Field
      label="To"
      hint={`${formatPlural(choices.length, "other place")} ${choices.length === 1 ? "has" : "have"} room for all of it.`}
    >
      <Select
        value={target === null ? "" : placeName(target)}
        onChange={(event) => onTarget(places.find((place) => placeName(place) === event.target.value) ?? null)}
      >
        <option value="">the best of them</option>
        {places.map((place) => (
          <option key={placeName(place)} value={placeName(place)}>
            {placeName(place)}
          </option>
        ))}
      </Select>
    </Field>
  );
}

const placeName = ({ cluster, domain }: NonNullable<Target>): string =>
  domain === undefined ? cluster : `${cluster}/${domain}`;

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
