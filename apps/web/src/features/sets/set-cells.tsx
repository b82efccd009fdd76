import type { SetRow } from "@openpatio/core/view";
import { ArrowRight } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { doorOf } from "#features/set/door.ts";
import { setPath } from "#lib/paths.ts";
import { STATE_WORD, stateOfPhase } from "#ui/state.ts";
import { StateWord } from "#ui/state-glyph.tsx";
import { TileRow } from "#ui/tile-row.tsx";
import { RelativeTime } from "#ui/time.tsx";
import styles from "./set-cells.module.css";

/** A phone leaves out what is minor. */
export const SET_COLUMNS = [
  { key: "name", label: "Set", isNumber: false, isMinor: false },
  { key: "namespace", label: "Namespace", isNumber: false, isMinor: true },
  { key: "phase", label: "Phase", isNumber: false, isMinor: false },
  { key: "groups", label: "Groups", isNumber: false, isMinor: true },
  { key: "ready", label: "Ready", isNumber: true, isMinor: false },
  { key: "pods", label: "Pods", isNumber: true, isMinor: true },
  { key: "revision", label: "Revision", isNumber: true, isMinor: true },
  { key: "gpus", label: "GPUs", isNumber: true, isMinor: true },
  { key: "clusters", label: "Clusters", isNumber: false, isMinor: true },
  { key: "changed", label: "Changed", isNumber: true, isMinor: true },
] as const;
export type SetColumn = (typeof SET_COLUMNS)[number]["key"];

const TILES_SHOWN = 8;

/** What a table shows of a set in one column. */
export function setCell(set: SetRow, column: SetColumn): ReactNode {
  switch (column) {
    case "name":
      return (
        <>
          <Link className="mono strong" href={setPath(set)}>
            {set.name}
          </Link>{" "}
          {set.home !== null && (
            <span className="ink-3" title={doorOf(set)?.sentence}>
              kubectl
            </span>
          )}
        </>
      );
    case "namespace":
      return <span className="ink-2">{set.namespace}</span>;
    case "phase": {
      const state = stateOfPhase(set.phase);
      return (
        <span title={set.message ?? undefined}>
          <StateWord state={state}>
            <span>
              {STATE_WORD[state]}
              {set.isStale && <span className="ink-3">, stale</span>}
            </span>
          </StateWord>
        </span>
      );
    }
    case "groups":
      return <TileRow tiles={set.tiles} total={set.replicas} limit={TILES_SHOWN} isOneLine />;
    case "ready":
      return <Fraction got={set.readyGroups} wanted={set.replicas} />;
    case "pods":
      return <Fraction got={set.readyPods} wanted={set.pods} />;
    case "revision":
      return set.currentRevision === null || set.currentRevision === set.updateRevision ? (
        set.updateRevision
      ) : (
        <span className={styles.change}>
          {set.currentRevision}
          <ArrowRight size={12} strokeWidth={1.75} aria-label="to" />
          {set.updateRevision}
        </span>
      );
    case "gpus":
      return set.gpus === 0 ? <span className="ink-3">0</span> : set.gpus;
    case "clusters":
      return set.clusters.length === 0 ? (
        <span className="ink-3">none</span>
      ) : (
        <span className="mono ink-2">{set.clusters.join(", ")}</span>
      );
    case "changed":
      return <RelativeTime atMs={set.changedAtMs} className="ink-2" />;
  }
}

function Fraction({ got, wanted }: { readonly got: number; readonly wanted: number }) {
  return (
    <span className={got < wanted ? undefined : "ink-2"}>
      {got}/{wanted}
    </span>
  );
}
