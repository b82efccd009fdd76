"use client";

import { type Problem, parseSetYaml } from "@openpatio/core/spec";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, RefreshCw } from "lucide-react";
import { useEffect, useMemo } from "react";
import { toFailure } from "#lib/errors.ts";
import { useTRPC } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { PageHead, SectionHead, Tag } from "#ui/layout.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { SkeletonRows } from "#ui/skeleton.tsx";
import { type Applied, ApplyPanel } from "./apply-panel.tsx";
import styles from "./preview.module.css";
import { PreviewCapacity } from "./preview-capacity.tsx";
import { PreviewChanges } from "./preview-changes.tsx";
import { ObjectCounts, PreviewChecks } from "./preview-checks.tsx";
import { PreviewGroups } from "./preview-groups.tsx";
import { StartupLanes } from "./startup-lanes.tsx";

type PreviewProps = {
  readonly yaml: string;
  readonly cluster: string | null;
  readonly stored: { readonly generation: number; readonly home: string | null } | null;
  /** Back to the text, at a place in it where one is given. */
  readonly onBack: (at?: Pick<Problem, "path">) => void;
  readonly onTakeTheirs: () => Promise<void>;
  readonly onApplied: (applied: Applied) => void;
};

/** What Apply would do, computed by the planner. Nothing is written before the button is pressed. */
export function Preview({ yaml, cluster, stored, onBack, onTakeTheirs, onApplied }: PreviewProps) {
  const trpc = useTRPC();
  const input = { yaml, home: stored?.home, ...(cluster === null ? {} : { cluster }) };
  const preview = useQuery(trpc.sets.preview.queryOptions(input, { staleTime: 0, gcTime: 0 }));
  const maxUnavailable = useMemo(() => groupsDownAtOnce(yaml), [yaml]);
  useEffect(() => {
    window.scrollTo(0, 0);
  }, []);
  const back = (
    <Button onClick={() => onBack()}>
      <ArrowLeft size={14} strokeWidth={1.75} aria-hidden />
      Back to editing
    </Button>
  );
  const again = () => void preview.refetch();

  if (preview.isError) {
    return (
      <>
        <PageHead title="Preview" beside={<Tag>nothing is written</Tag>} actions={back}>
          There is no plan for this definition. Your text is kept.
        </PageHead>
        <div className={styles.pad}>
          <ProblemList failure={toFailure(preview.error)} onPick={onBack} />
          <div>
            <Button onClick={again}>
              <RefreshCw size={14} strokeWidth={1.75} aria-hidden />
              Plan again
            </Button>
          </div>
        </div>
      </>
    );
  }
  const view = preview.data;
  if (view === undefined) {
    return (
      <>
        <PageHead title="Preview" beside={<Tag>nothing is written</Tag>} actions={back}>
          Planning on what the clusters show now, and asking them in a dry run.
        </PageHead>
        <div className={styles.columns}>
          <div className={styles.main}>
            <SectionHead title="Groups" />
            <SkeletonRows count={4} label="Planning" />
          </div>
          <aside className={styles.side} aria-label="Apply">
            <div className={styles.pad}>
              <Button kind="primary" className={styles.apply} disabledReason="The plan is not there yet">
                Apply
              </Button>
            </div>
          </aside>
        </div>
      </>
    );
  }
  const goTo = (path: string) => onBack({ path });
  return (
    <>
      <PageHead
        title={view.name}
        isName
        beside={
          <>
            <span className={styles.revisions}>
              {view.fromRevision !== null && view.fromRevision !== view.toRevision && (
                <>
                  <span className="sr-only">revision</span> {view.fromRevision}{" "}
                  <ArrowRight size={14} strokeWidth={1.75} aria-label="to" />{" "}
                </>
              )}
              <b>{view.toRevision}</b>
            </span>
            <Tag>preview, nothing is written</Tag>
          </>
        }
        actions={back}
      >
        {view.summary}
      </PageHead>
      <div className={styles.columns}>
        <div className={styles.main}>
          <PreviewGroups groups={view.groups} />
          <StartupLanes view={view} maxUnavailable={maxUnavailable} />
          {view.capacity.length > 0 && <PreviewCapacity view={view} />}
          <PreviewChanges view={view} />
        </div>
        <aside className={styles.side} aria-label="Apply">
          <ApplyPanel
            view={view}
            yaml={yaml}
            cluster={cluster}
            generation={stored?.generation ?? null}
            home={stored?.home}
            isPlanning={preview.isFetching}
            onPlanAgain={again}
            onPick={goTo}
            onTakeTheirs={onTakeTheirs}
            onApplied={onApplied}
          />
          <SectionHead title="Checks" isSeparated />
          <PreviewChecks checks={view.checks} onPick={goTo} />
          <SectionHead title="Objects" isSeparated />
          <ObjectCounts view={view} />
        </aside>
      </div>
    </>
  );
}

/** The budget of a rollout in groups; a percentage is rounded down, to at least one. */
function groupsDownAtOnce(yaml: string): number {
  const parsed = parseSetYaml(yaml);
  if (!parsed.ok) return 1;
  const { maxUnavailable } = parsed.spec.rollout;
  if (typeof maxUnavailable === "number") return Math.max(1, maxUnavailable);
  return Math.max(1, Math.floor((Number.parseInt(maxUnavailable, 10) / 100) * parsed.spec.replicas));
}
