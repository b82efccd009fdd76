"use client";

import type { GroupView, RevisionView, SetDetail } from "@openpatio/core/view";
import { ArrowRight, OctagonX, Pause, Play, RotateCcw, Undo2 } from "lucide-react";
import { type CSSProperties, useMemo, useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { keyOf } from "#lib/paths.ts";
import { useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { ConfirmDialog } from "#ui/dialog.tsx";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { RelativeTime } from "#ui/time.tsx";
import { showFailure, showToast } from "#ui/toast.tsx";
import { Canary } from "./canary.tsx";
import { RollbackDialog } from "./rollback-dialog.tsx";
import { MAX_CELLS, rolloutCells } from "./rollout-cells.ts";
import styles from "./set.module.css";

type RolloutControlsProps = {
  readonly detail: SetDetail;
  readonly groups: readonly GroupView[];
  /** Why nothing can be changed now; null when it can. */
  readonly offReason: string | null;
  readonly onSelectGroup: (index: number) => void;
};

type Asking = "abort" | "restart" | "rollback" | null;

/** Where the rollout stands, group by group, and what can be done about it. */
export function RolloutControls({ detail, groups, offReason, onSelectGroup }: RolloutControlsProps) {
  const client = useTRPCClient();
  const [asking, setAsking] = useState<Asking>(null);
  const { rollout } = detail;
  const key = keyOf(detail);
  const cells = useMemo(() => rolloutCells(rollout, groups), [rollout, groups]);
  const isChanging =
    rollout.current !== null &&
    rollout.current !== rollout.target &&
    (rollout.isActive || groups.some((group) => group.revision !== rollout.target));

  const setPaused = async (isPaused: boolean): Promise<void> => {
    try {
      await (isPaused ? client.rollouts.pause.mutate(key) : client.rollouts.resume.mutate(key));
      showToast({
        title: isPaused ? "Rollout paused" : "Rollout resumed",
        description: isPaused
          ? "The group in work is finished; no further group is touched. Failures are still recovered."
          : "The next group is taken as soon as the budget allows.",
        undo: () => void setPaused(!isPaused),
      });
    } catch (error) {
      showFailure(isPaused ? "The rollout goes on" : "The rollout stays paused", error);
    }
  };
  const confirm = (verb: Asking) => (isOpen: boolean) => setAsking(isOpen ? verb : null);
  const budget = `${formatPlural(rollout.maxUnavailable, "group")} at a time`;

  return (
    <section className={styles.rollout} aria-labelledby="rollout-title">
      <div className={styles.rolloutHead}>
        <h2 id="rollout-title">Rollout</h2>
        <span className={styles.revisions}>
          {isChanging && (
            <>
              <span className="mono">{rollout.current}</span>
              <ArrowRight size={12} strokeWidth={1.75} aria-label="to" />
            </>
          )}
          <span className="mono strong" data-changing={isChanging || undefined}>
            {rollout.target}
          </span>
        </span>
        {rollout.isActive && rollout.startedAtMs !== null && (
          <span className={styles.rolloutAge}>
            <RelativeTime atMs={rollout.startedAtMs} form="full" />
          </span>
        )}
        {rollout.strategy === "RoleRolling" && <span className={styles.rolloutAge}>role by role</span>}
        {rollout.isPaused && <span className={styles.paused}>paused</span>}
        <div className={styles.rolloutActions}>
          {rollout.isPaused ? (
            <Button size="dense" disabledReason={offReason} onClick={() => void setPaused(false)}>
              <Play aria-hidden />
              Resume
            </Button>
          ) : (
            <Button
              size="dense"
              disabledReason={offReason ?? (rollout.isActive ? null : "Nothing is rolling out")}
              onClick={() => void setPaused(true)}
            >
              <Pause aria-hidden />
              Pause
            </Button>
          )}
          <Button
            size="dense"
            disabledReason={
              offReason ?? (rollout.canAbort ? null : "There is no rollout that could return to an earlier revision")
            }
            onClick={() => setAsking("abort")}
          >
            <OctagonX aria-hidden />
            Abort…
          </Button>
          <Button
            size="dense"
            disabledReason={offReason ?? (detail.replicas === 0 ? "There are no groups to restart" : null)}
            onClick={() => setAsking("restart")}
          >
            <RotateCcw aria-hidden />
            Restart…
          </Button>
          <Button
            size="dense"
            disabledReason={
              offReason ?? detail.readOnlyReason ?? (detail.revisions.length < 2 ? "There is only one revision" : null)
            }
            onClick={() => setAsking("rollback")}
          >
            <Undo2 aria-hidden />
            Roll back…
          </Button>
        </div>
      </div>
      <fieldset className={styles.track} aria-label="Rollout by group">
        {cells.length === 0 && <span className={styles.trackEmpty}>no groups</span>}
        {cells.map((cell) => {
          const isRange = cell.last > cell.first;
          const share = cells.length > MAX_CELLS || isRange ? cell.last - cell.first + 1 : 1;
          return (
            <button
              key={cell.first}
              type="button"
              className={styles.cell}
              data-extra={cell.isExtra || undefined}
              data-held={cell.isHeld || undefined}
              data-new={(cell.isNew && isChanging) || undefined}
              style={{ "--fill": isChanging ? cell.fraction : 0, "--share": share } as CSSProperties}
              aria-label={cell.label}
              title={cell.label}
              onClick={() => onSelectGroup(cell.first)}
            >
              <StateGlyph state={cell.state} size={10} />
              <span>
                {cell.isExtra ? "+" : ""}
                {isRange ? `${cell.first} … ${cell.last}` : cell.first}
              </span>
              <span className={styles.cellRevision}>{cell.revision}</span>
            </button>
          );
        })}
      </fieldset>
      <p className={styles.under}>{rollout.message}</p>
      {rollout.returnedFrom !== null && (
        <p className={styles.under}>
          Went back from revision {rollout.returnedFrom.revision} by itself. {rollout.returnedFrom.reason}
        </p>
      )}
      <Canary detail={detail} offReason={offReason ?? detail.readOnlyReason} />

      <ConfirmDialog
        isOpen={asking === "abort"}
        onOpenChange={confirm("abort")}
        title="Abort the rollout"
        description={`Groups that run revision ${rollout.target} go back to revision ${rollout.current ?? "before"}, the last one at which every group was ready, ${budget}. Groups still on it are not touched.`}
        confirmLabel="Abort the rollout"
        isDanger
        onConfirm={() => client.rollouts.abort.mutate(key)}
      />
      <ConfirmDialog
        isOpen={asking === "restart"}
        onOpenChange={confirm("restart")}
        title="Restart all groups"
        description={`Each of the ${formatPlural(detail.replicas, "group")} is stopped completely and started again in order, ${budget}, with the same revision ${rollout.target}. ${formatPlural(detail.pods, "pod")} will be replaced; placements are kept while they fit.`}
        confirmLabel="Restart all groups"
        onConfirm={async () => {
          await client.rollouts.restart.mutate(key);
          showToast({ title: "Restart begun", description: `${detail.name} restarts ${budget}.` });
        }}
      />
      <RollbackDialog
        detail={detail}
        isOpen={asking === "rollback"}
        onOpenChange={confirm("rollback")}
        initial={previousRevision(detail.revisions)}
      />
    </section>
  );
}

function previousRevision(revisions: readonly RevisionView[]): number | null {
  return revisions.filter((revision) => !revision.isTarget).toSorted((a, b) => b.number - a.number)[0]?.number ?? null;
}
