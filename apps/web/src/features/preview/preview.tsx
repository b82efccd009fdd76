"use client";

import type { PreviewGroup, PreviewView } from "@openpatio/core/view";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, Check, Info, OctagonX, RefreshCw, TriangleAlert } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { toFailure } from "#lib/errors.ts";
import { useTRPC, useTRPCClient } from "#lib/trpc.tsx";
import { Button } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { PageHead, SectionHead, Tag } from "#ui/layout.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import { ProblemList } from "#ui/problem-list.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { Skeleton, SkeletonRows } from "#ui/skeleton.tsx";
import { stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { Table } from "#ui/table.tsx";
import { ClockTime } from "#ui/time.tsx";
import { FitTiles } from "./fit-tiles.tsx";
import styles from "./preview.module.css";
import { Waves } from "./waves.tsx";

const TextDiff = dynamic(() => import("#ui/text-diff.tsx").then((module) => module.TextDiff), {
  ssr: false,
  loading: () => <Skeleton width={320} />,
});

type PreviewProps = {
  readonly yaml: string;
  readonly cluster: string | null;
  readonly stored: { readonly generation: number } | null;
  readonly onBack: () => void;
  readonly onApplied: (applied: {
    readonly namespace: string;
    readonly name: string;
    readonly isChanged: boolean;
  }) => void;
};

/** What Apply would do, computed by the planner. Nothing is written before the button is pressed. */
export function Preview({ yaml, cluster, stored, onBack, onApplied }: PreviewProps) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const input = { yaml, ...(cluster === null ? {} : { cluster }) };
  const preview = useQuery(trpc.sets.preview.queryOptions(input, { staleTime: 0, gcTime: 0 }));
  const apply = useMutation({
    mutationFn: () =>
      client.sets.apply.mutate({ ...input, ...(stored === null ? {} : { ifGeneration: stored.generation }) }),
    onSuccess: onApplied,
  });
  const back = (
    <Button onClick={onBack}>
      <ArrowLeft size={14} strokeWidth={1.75} aria-hidden />
      Back to editing
    </Button>
  );

  if (preview.isError) {
    return (
      <>
        <PageHead title="Preview" actions={back} />
        <div className={styles.pad}>
          <ProblemList failure={toFailure(preview.error)} />
        </div>
      </>
    );
  }
  const view = preview.data;
  if (view === undefined) {
    return (
      <>
        <PageHead title="Preview" actions={back}>
          Planning on what the clusters show now, and asking them in a dry run.
        </PageHead>
        <SkeletonRows count={6} label="Planning" />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={view.name}
        isName
        beside={
          <>
            <span className="mono">
              {view.fromRevision !== null && view.fromRevision !== view.toRevision && (
                <>
                  {view.fromRevision} <ArrowRight size={14} strokeWidth={1.75} aria-label="to" />{" "}
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
          <Groups groups={view.groups} />
          <section aria-labelledby="preview-waves">
            <SectionHead id="preview-waves" title="Startup" note="waves of one group, in order" isSeparated />
            <Waves waves={view.waves} />
          </section>
          {view.capacity.length > 0 && <Capacity view={view} />}
          <Changes view={view} />
        </div>
        <aside className={styles.side} aria-label="Apply">
          <div className={styles.pad}>
            <Button
              kind="primary"
              className={styles.apply}
              disabledReason={view.canApply ? (apply.isPending ? "Saving" : null) : "See the checks below"}
              onClick={() => apply.mutate()}
            >
              {view.isNew
                ? "Apply"
                : view.fromRevision === view.toRevision
                  ? "Apply the change"
                  : `Apply revision ${view.toRevision}`}
            </Button>
            <p className={styles.small}>
              Planned at <ClockTime atMs={view.plannedAtMs} />. If something moves, the plan is made again before
              anything is written.
            </p>
            <Button kind="ghost" size="dense" onClick={() => void preview.refetch()}>
              <RefreshCw size={14} strokeWidth={1.75} aria-hidden />
              Plan again
            </Button>
            {apply.isError && <ProblemList failure={toFailure(apply.error)} />}
          </div>
          <SectionHead title="Checks" isSeparated />
          <Checks checks={view.checks} />
          <SectionHead title="Objects" isSeparated />
          <ObjectCounts view={view} />
        </aside>
      </div>
    </>
  );
}

const THEN_TEXT: Readonly<Record<PreviewGroup["then"], string>> = {
  starts: "Starts",
  restarts: "Restarts",
  stays: "Stays",
  scales: "Scales",
  removed: "Removed",
  unplaced: "Waits for room",
};

function Groups({ groups }: { readonly groups: readonly PreviewGroup[] }) {
  const [open, setOpen] = useState<number | null>(null);
  return (
    <section aria-labelledby="preview-groups">
      <SectionHead id="preview-groups" title="Groups" note="in the order they are taken" />
      <Table label="Groups">
        <thead>
          <tr>
            <th className="num">Group</th>
            <th>Now</th>
            <th>Then</th>
            <th className="num">Revision</th>
            <th>Where</th>
            <th className="num">Pods stopped</th>
            <th>Why</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <GroupRow
              key={group.index}
              group={group}
              isOpen={open === group.index}
              onToggle={() => setOpen(open === group.index ? null : group.index)}
            />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

type GroupRowProps = { readonly group: PreviewGroup; readonly isOpen: boolean; readonly onToggle: () => void };

function GroupRow({ group, isOpen, onToggle }: GroupRowProps) {
  const revision = [group.fromRevision, group.toRevision].filter(
    (each, i, all) => each !== null && each !== all[i - 1],
  );
  const hasFit = group.refusals.length > 0;
  return (
    <>
      <tr>
        <td className="num mono strong">{group.index}</td>
        <td>
          {group.now === "none" ? (
            <span className="ink-3">none</span>
          ) : (
            <StateWord state={stateOfPhase(group.now)}>{group.now}</StateWord>
          )}
        </td>
        <td className={group.then === "stays" ? "ink-2" : "strong"}>{THEN_TEXT[group.then]}</td>
        <td className="num">
          {revision.length === 2 ? (
            <>
              {revision[0]} <ArrowRight size={12} strokeWidth={1.75} aria-label="to" /> {revision[1]}
            </>
          ) : (
            (revision[0] ?? <span className="ink-3">none</span>)
          )}
        </td>
        <td className="mono">
          {group.cluster === null ? (
            <span className="ink-3">no place</span>
          ) : (
            [group.cluster, group.domain].filter((part) => part !== null).join("/")
          )}
        </td>
        <td className="num">
          {group.podsStopped} <span className="ink-3">of {group.podsNow}</span>
        </td>
        <td className={styles.why}>
          {group.why}{" "}
          {hasFit && (
            <button type="button" className={styles.more} aria-expanded={isOpen} onClick={onToggle}>
              {isOpen ? "Hide the others" : group.cluster === null ? "See every domain" : "Why not elsewhere"}
            </button>
          )}
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7}>
            <FitTiles refusals={group.refusals} />
          </td>
        </tr>
      )}
    </>
  );
}

function Capacity({ view }: { readonly view: PreviewView }) {
  return (
    <section aria-labelledby="preview-capacity">
      <SectionHead id="preview-capacity" title="Capacity" note="GPUs per domain, after the change" isSeparated />
      <ul className={styles.capacity}>
        {view.capacity.map((each) => {
          const own = Math.max(0, each.usedAfter - each.usedBefore);
          const free = Math.max(0, each.total - each.usedAfter - each.blocked);
          return (
            <li key={`${each.cluster}/${each.domain}`}>
              <span className="mono">
                {each.cluster}/{each.domain}
              </span>
              <MeterBar
                parts={[
                  { kind: "own", count: own, word: "this change" },
                  { kind: "other", count: Math.min(each.usedBefore, each.usedAfter), word: "held" },
                  { kind: "cordoned", count: each.blocked, word: "not usable" },
                  { kind: "free", count: free, word: "free" },
                ]}
              />
              <span className="num">{free} free</span>
              <span className={styles.note}>{each.note}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const CHECK_ICON = {
  ok: <Check size={14} strokeWidth={1.75} className={styles.ok} aria-label="passed" />,
  warning: <TriangleAlert size={14} strokeWidth={1.75} className={styles.warning} aria-label="warning" />,
  error: <OctagonX size={14} strokeWidth={1.75} className={styles.error} aria-label="refused" />,
  note: <Info size={14} strokeWidth={1.75} className={styles.info} aria-label="note" />,
};

function Checks({ checks }: { readonly checks: PreviewView["checks"] }) {
  return (
    <ul className={styles.checks}>
      {checks.map((check) => (
        <li key={`${check.path} ${check.message}`}>
          {CHECK_ICON[check.level]}
          <span>
            {check.message}
            {check.path !== null && check.path !== "" && <span className={styles.path}>{check.path}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

const COUNTED = ["create", "change", "recreate", "delete"] as const;

function ObjectCounts({ view }: { readonly view: PreviewView }) {
  const rows = new Map<string, { cluster: string; kind: string; counts: Record<string, number> }>();
  for (const { cluster, kind, change } of view.objects) {
    const key = `${cluster}/${kind}`;
    const row = rows.get(key) ?? { cluster, kind, counts: {} };
    row.counts[change] = (row.counts[change] ?? 0) + 1;
    rows.set(key, row);
  }
  const shown = COUNTED.filter((change) => change === "create" || view.objects.some((each) => each.change === change));
  if (rows.size === 0) return <p className={styles.quiet}>No object changes.</p>;
  return (
    <Table label="Objects by kind">
      <thead>
        <tr>
          <th>Kind</th>
          {shown.map((change) => (
            <th key={change} className="num">
              {change}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...rows.values()].map((row) => (
          <tr key={`${row.cluster}/${row.kind}`}>
            <td title={row.cluster}>{row.kind}</td>
            {shown.map((change) => (
              <td key={change} className="num">
                {row.counts[change] ?? <span className="ink-3">0</span>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Changes({ view }: { readonly view: PreviewView }) {
  const [what, setWhat] = useState<"spec" | "objects">("spec");
  const [picked, setPicked] = useState(0);
  const objects = view.objects.filter((object) => object.change !== "same" && object.before !== object.after);
  const object = objects[picked];
  return (
    <section aria-labelledby="preview-changes">
      <SectionHead
        id="preview-changes"
        title={what === "spec" ? "Definition" : "Objects"}
        note={what === "spec" ? "stored, and new" : "of the first groups, as they are and as they will be"}
        isSeparated
      >
        <Segmented
          label="Difference of"
          size="dense"
          options={[
            { value: "spec", label: "Definition" },
            { value: "objects", label: "Objects" },
          ]}
          value={what}
          onChange={setWhat}
        />
      </SectionHead>
      {what === "spec" ? (
        <TextDiff
          before={view.specBefore}
          after={view.specAfter}
          beforeLabel="Stored definition"
          afterLabel="New definition"
        />
      ) : object === undefined ? (
        <EmptyState title="No object changes">The definition changes nothing in a cluster.</EmptyState>
      ) : (
        <div className={styles.objects}>
          <ul aria-label="Objects that change">
            {objects.map((each, i) => (
              <li key={`${each.cluster}/${each.kind}/${each.name}`}>
                <button type="button" aria-pressed={i === picked} onClick={() => setPicked(i)}>
                  <span className="mono">{each.name}</span>
                  <span>
                    {each.kind}, {each.change}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <TextDiff
            before={object.before}
            after={object.after}
            beforeLabel={`${object.name} as it is`}
            afterLabel={`${object.name} as it will be`}
          />
        </div>
      )}
    </section>
  );
}
