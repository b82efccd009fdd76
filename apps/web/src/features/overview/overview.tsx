"use client";

import { Plus } from "lucide-react";
import Link from "next/link";
import { useMemo } from "react";
import { Feed } from "#features/activity/feed.tsx";
import { SET_COLUMNS, setCell } from "#features/sets/set-cells.tsx";
import { DEFAULT_SORT, sortSets } from "#features/sets/sort-sets.ts";
import { formatCount } from "#lib/format.ts";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { ButtonLink } from "#ui/button-link.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Readout, Readouts, SectionHead } from "#ui/layout.tsx";
import { MeterBar } from "#ui/meter-bar.tsx";
import { Skeleton, SkeletonRows } from "#ui/skeleton.tsx";
import { HEALTH_WORD } from "#ui/state.ts";
import { Table } from "#ui/table.tsx";
import { TileRow } from "#ui/tile-row.tsx";
import { AttentionList, compareAttention } from "./attention-list.tsx";
import { ClusterCards } from "./cluster-card.tsx";
import styles from "./overview.module.css";
import { prepareTotals, type Totals } from "./prepare-totals.ts";
import { WaysToBegin } from "./ways-to-begin.tsx";

/** Sets shown here; all of them are one click away. */
const SETS_SHOWN = 20;
const EVENTS_SHOWN = 14;

export function Overview() {
  const clusters = useLiveEntries("clusters", "");
  const sets = useLiveEntries("sets", "");
  const attention = useLiveEntries("attention", "");
  const clustersStatus = useLiveStatus("clusters");
  const setsStatus = useLiveStatus("sets");
  const totals = useMemo(() => prepareTotals(clusters, sets), [clusters, sets]);
  const isEmpty = setsStatus === "ready" && sets.length === 0;
  return (
    <>
      <h1 className="sr-only">Overview</h1>
      <TotalsStrip totals={clustersStatus === "loading" || setsStatus === "loading" ? null : totals} />
      <div className={styles.body}>
        <div>
          {isEmpty ? <WaysToBegin /> : null}
          {attention.length > 0 || !isEmpty ? (
            <section aria-labelledby="attention">
              <SectionHead
                title="Needs attention"
                id="attention"
                note={attention.length > 0 ? attention.length : undefined}
              />
              {setsStatus === "loading" ? (
                <SkeletonRows label="Waiting for what needs attention" count={2} />
              ) : attention.length === 0 ? (
                <EmptyState title="Nothing needs you">
                  Every group is ready or on its way. What fails, waits for room or does not answer appears here.
                </EmptyState>
              ) : (
                <AttentionList items={attention.toSorted(compareAttention)} />
              )}
            </section>
          ) : null}
          <section aria-labelledby="clusters">
            <SectionHead
              title="Clusters"
              id="clusters"
              note={clusters.length > 0 ? clusters.length : undefined}
              isSeparated={attention.length === 0 && !isEmpty}
            >
              <ButtonLink href="/clusters?register=1" size="dense">
                <Plus aria-hidden />
                Register
              </ButtonLink>
            </SectionHead>
            {clustersStatus === "loading" ? (
              <SkeletonRows label="Waiting for clusters" count={3} />
            ) : clusters.length === 0 ? (
              <EmptyState title="No cluster is registered">
                A set needs one to run on. Register one with its kubeconfig, or start the console with its sandbox.
              </EmptyState>
            ) : (
              <ClusterCards clusters={clusters} />
            )}
          </section>
          {!isEmpty && <SetsSection />}
        </div>
        <ActivityColumn />
      </div>
    </>
  );
}

function TotalsStrip({ totals }: { readonly totals: Totals | null }) {
  if (totals === null) {
    return (
      <Readouts>
        {["Clusters", "Nodes", "GPUs", "Groups", "Pods"].map((label) => (
          <Readout key={label} label={label} figure={<Skeleton width={40} />} />
        ))}
      </Readouts>
    );
  }
  const silent = totals.silentClusters.map(({ name, health }) => `${name} ${HEALTH_WORD[health].toLowerCase()}`);
  return (
    <Readouts>
      <Readout label="Clusters" figure={totals.liveClusters} unit={`of ${totals.clusters} live`}>
        <span title={silent.join(", ")}>{silent.slice(0, 2).join(", ")}</span>
      </Readout>
      <Readout label="Nodes" figure={formatCount(totals.usableNodes)} unit={`of ${formatCount(totals.nodes)} usable`}>
        {totals.nodes > totals.usableNodes && `${totals.nodes - totals.usableNodes} cordoned or not ready`}
      </Readout>
      <Readout
        label="GPUs"
        figure={formatCount(totals.bound + totals.reserved)}
        unit={`of ${formatCount(totals.gpus)} held`}
        grow={1.9}
        isWide
      >
        <MeterBar
          hasLegend
          parts={[
            { kind: "bound", count: totals.bound, word: "bound" },
            { kind: "reserved", count: totals.reserved, word: "reserved" },
            { kind: "cordoned", count: totals.cordoned, word: "cordoned" },
            { kind: "free", count: totals.free, word: "free" },
          ]}
        />
      </Readout>
      <Readout label="Groups" figure={totals.readyGroups} unit={`of ${totals.groups} ready`} grow={1.5}>
        {totals.groups > 0 && <TileRow tiles={totals.tiles} total={totals.groups} isWorstFirst limit={40} />}
      </Readout>
      <Readout label="Pods" figure={formatCount(totals.readyPods)} unit={`of ${formatCount(totals.pods)} ready`}>
        {totals.stalePods > 0 && `${totals.stalePods} stale, not counted`}
      </Readout>
    </Readouts>
  );
}

function SetsSection() {
  const sets = useLiveEntries("sets", "");
  const status = useLiveStatus("sets");
  const shown = useMemo(() => sortSets(sets, DEFAULT_SORT).slice(0, SETS_SHOWN), [sets]);
  return (
    <section aria-labelledby="sets">
      <SectionHead title="Sets" id="sets" note={sets.length > 0 ? sets.length : undefined}>
        {sets.length > SETS_SHOWN && (
          <Link className="link small" href="/sets">
            All
          </Link>
        )}
        <ButtonLink href="/sets/new" size="dense" kind="primary">
          <Plus aria-hidden />
          New set
        </ButtonLink>
      </SectionHead>
      {status === "loading" ? (
        <SkeletonRows label="Waiting for sets" />
      ) : (
        <Table label="Table of sets">
          <thead>
            <tr>
              {SET_COLUMNS.map((column) => (
                <th
                  key={column.key}
                  data-minor={column.isMinor || undefined}
                  className={column.isNumber ? "num" : undefined}
                >
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((set) => (
              <tr key={`${set.namespace}/${set.name}/${set.home}`}>
                {SET_COLUMNS.map((column) => (
                  <td
                    key={column.key}
                    data-minor={column.isMinor || undefined}
                    className={column.isNumber ? "num" : undefined}
                  >
                    {setCell(set, column.key)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

function ActivityColumn() {
  const items = useLiveEntries("activity", "");
  const status = useLiveStatus("activity");
  const newest = useMemo(
    () => items.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1)).slice(0, EVENTS_SHOWN),
    [items],
  );
  return (
    <aside className={styles.aside} aria-labelledby="activity">
      <SectionHead title="Activity" id="activity">
        <Link className="link small" href="/activity">
          All
        </Link>
      </SectionHead>
      {status === "loading" ? (
        <SkeletonRows label="Waiting for activity" widths={[36, 180]} count={6} />
      ) : newest.length === 0 ? (
        <EmptyState title="Nothing has happened yet">
          What you and the system do is written here, with the reason.
        </EmptyState>
      ) : (
        <Feed items={newest} />
      )}
    </aside>
  );
}
