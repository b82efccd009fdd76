"use client";

import type { PreviewView } from "@openpatio/core/view";
import { useMutation, useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { toFailure } from "#lib/errors.ts";
import { useTRPC, useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { Note } from "#ui/note.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { ClockTime } from "#ui/time.tsx";
import styles from "./preview.module.css";

export type Applied = {
  readonly namespace: string;
  readonly name: string;
  readonly home: string | null;
  readonly isChanged: boolean;
};

type ApplyPanelProps = {
  readonly view: PreviewView;
  readonly yaml: string;
  readonly cluster: string | null;
  /** Generation that the edit began at; null for a definition that was made here. */
  readonly generation: number | null;
  /** Home of the set that is edited; undefined for a definition that was made here. */
  readonly home: string | null | undefined;
  readonly isPlanning: boolean;
  readonly onPlanAgain: () => void;
  readonly onPick: (path: string) => void;
  readonly onTakeTheirs: () => Promise<void>;
  readonly onApplied: (applied: Applied) => void;
};

/**
 * The one button that writes. It writes over exactly what was looked at: over the generation that the edit began at, or
 * over nothing for a new set. Whatever was stored in between is a conflict, and who applies decides.
 */
export function ApplyPanel(props: ApplyPanelProps) {
  const { view, yaml, cluster, generation, home, isPlanning, onPlanAgain, onPick, onTakeTheirs, onApplied } = props;
  const trpc = useTRPC();
  const client = useTRPCClient();
  const { namespace, name } = view;
  const isForeign = generation === null && !view.isNew;
  const present = useQuery({
    ...trpc.sets.get.queryOptions({ namespace, name, home }),
    enabled: isForeign,
    staleTime: 0,
    gcTime: 0,
  });
  const seen = generation ?? (isForeign ? (present.data?.generation ?? null) : 0);
  const apply = useMutation({
    mutationFn: (ifGeneration: number) =>
      client.sets.apply.mutate({ yaml, home, ifGeneration, ...(cluster === null ? {} : { cluster }) }),
    onSuccess: onApplied,
  });
  const overwrite = useMutation({
    mutationFn: async () => {
      const theirs = await client.sets.get.query({ namespace, name, home });
      return client.sets.apply.mutate({
        yaml,
        home,
        ifGeneration: theirs.generation,
        ...(cluster === null ? {} : { cluster }),
      });
    },
    onSuccess: onApplied,
  });
  const failed = overwrite.error ?? apply.error;
  const failure = failed === null ? null : toFailure(failed);
  const isConflict = failure?.code === "set.version-conflict";
  const isBusy = apply.isPending || overwrite.isPending;
  const refusal = view.checks.find((check) => check.level === "error");
  const isSame = !view.isNew && view.specBefore.trim() === view.specAfter.trim();
  const reason = isBusy
    ? "Saving"
    : !view.canApply
      ? (refusal?.message ?? "See the checks below")
      : isConflict
        ? "Somebody else changed it: choose below"
        : isSame
          ? "Nothing is changed: this is what is stored"
          : seen === null
            ? "Reading the set that is there"
            : null;

  return (
    <div className={styles.pad}>
      <Button
        kind="primary"
        className={styles.apply}
        disabledReason={reason}
        onClick={() => seen !== null && apply.mutate(seen)}
      >
        {isBusy ? "Saving…" : verbOf(view)}
      </Button>
      {!view.canApply && refusal !== undefined && <p className={styles.off}>{refusal.message}</p>}
      {isForeign && (
        <Note state="recovering">
          There is a set <span className="mono">{name}</span> in <span className="mono">{namespace}</span> already.
          Applying changes that one.
        </Note>
      )}
      {isConflict && (
        <div className={styles.conflict} role="alert">
          <p>
            <b>Somebody else changed {name} while you edited.</b> {failure.message}
          </p>
          <p>Your text is kept. “Plan again” compares it with what is stored now.</p>
          <div className={styles.choices}>
            {generation !== null && (
              <Button size="dense" onClick={() => void onTakeTheirs()}>
                Load theirs, drop mine
              </Button>
            )}
            <Button
              kind="danger"
              size="dense"
              disabledReason={isBusy ? "Saving" : null}
              onClick={() => overwrite.mutate()}
            >
              Overwrite with mine
            </Button>
          </div>
        </div>
      )}
      {failure !== null && !isConflict && <ProblemList failure={failure} onPick={(problem) => onPick(problem.path)} />}
      <p className={styles.small}>
        Planned at <ClockTime atMs={view.plannedAtMs} />. If something moves, the plan is made again before anything is
        written.
      </p>
      <Button kind="ghost" size="dense" disabledReason={isPlanning ? "Planning" : null} onClick={onPlanAgain}>
        <RefreshCw size={14} strokeWidth={1.75} aria-hidden />
        {isPlanning ? "Planning…" : "Plan again"}
      </Button>
    </div>
  );
}

function verbOf(view: PreviewView): string {
  if (view.isNew) return `Create ${view.name}`;
  return view.fromRevision === view.toRevision ? "Apply the change" : `Apply revision ${view.toRevision}`;
}
