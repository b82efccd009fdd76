"use client";

import type { GroupPhase } from "@openpatio/core/model";
import { GROUP_PHASES } from "@openpatio/core/model";
import type { GroupView, SetDetail } from "@openpatio/core/view";
import { List, Maximize, Rows3, Server, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { IconButton } from "#ui/button.tsx";
import { EmptyState } from "#ui/empty-state.tsx";
import { Segmented } from "#ui/segmented.tsx";
import { STATE_WORD, stateOfPhase, type TileState } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import type { Selection } from "./keyboard.ts";
import type { TopologyModel } from "./model.ts";
import { prepareRacks } from "./rack-model.ts";
import { GROUP_WORD } from "./states.ts";
import styles from "./topology.module.css";
import { TopologyCanvas, type ZoomHandle } from "./topology-canvas.tsx";
import { TopologyList } from "./topology-list.tsx";
import { ClusterWatch, useClusterEntries } from "./use-cluster-entries.tsx";
import type { TopologyView } from "./views.ts";

type TopologyProps = {
  readonly detail: SetDetail;
  readonly groups: readonly GroupView[];
  readonly model: TopologyModel;
  readonly view: TopologyView;
  readonly onView: (view: TopologyView) => void;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: () => void;
};

const VIEW_OPTIONS = [
  { value: "group", label: "By group", icon: <Rows3 aria-hidden /> },
  { value: "cluster", label: "By cluster", icon: <Server aria-hidden /> },
  { value: "list", label: "List", icon: <List aria-hidden /> },
] as const;

/** The topology tab: arrangement, filter by phase, picture or list, legend and zoom. */
export function Topology(props: TopologyProps) {
  const { detail, groups, model, view, onView, selection, onSelect, onOpen } = props;
  const [phases, setPhases] = useState<ReadonlySet<GroupPhase>>(new Set());
  const [scale, setScale] = useState(1);
  const zoomRef = useRef<ZoomHandle>(null);
  const watch = useClusterEntries();
  const racks = useMemo(
    () => (view === "cluster" ? prepareRacks(detail, model, watch.entriesOf(detail.clusters)) : null),
    [view, detail, model, watch],
  );
  const shown = useMemo(() => {
    const present = new Set([...phases].filter((phase) => groups.some((group) => group.phase === phase)));
    return present.size === 0 ? null : present;
  }, [phases, groups]);
  const onScale = useCallback((next: number) => setScale(next), []);

  const toggle = (phase: GroupPhase): void => {
    const next = new Set(phases);
    if (!next.delete(phase)) next.add(phase);
    setPhases(next);
  };

  return (
    <section aria-label="Topology" className={styles.topology}>
      {view === "cluster" &&
        detail.clusters.map((name) => <ClusterWatch key={name} name={name} onEntries={watch.setEntries} />)}
      <div className={styles.bar}>
        <Segmented label="Arrange" options={VIEW_OPTIONS} value={view} onChange={onView} size="dense" />
        <fieldset className={styles.filters} aria-label="Show only">
          {GROUP_PHASES.toReversed()
            .map((phase) => ({ phase, count: groups.filter((group) => group.phase === phase).length }))
            .filter(({ count }) => count > 0)
            .map(({ phase, count }) => (
              <button key={phase} type="button" aria-pressed={phases.has(phase)} onClick={() => toggle(phase)}>
                <StateGlyph state={stateOfPhase(phase)} size={10} />
                <b>{count}</b> {GROUP_WORD[phase].toLowerCase()}
              </button>
            ))}
        </fieldset>
      </div>
      {groups.length === 0 ? (
        <EmptyState title="This set has no groups.">Raise the number of groups above to start one.</EmptyState>
      ) : view === "list" ? (
        <TopologyList model={model} selection={selection} onSelect={onSelect} onOpen={onOpen} shownPhases={shown} />
      ) : (
        <TopologyCanvas
          model={model}
          racks={racks}
          selection={selection}
          onSelect={onSelect}
          onOpen={onOpen}
          shownPhases={shown}
          isRolling={detail.rollout.isActive}
          zoomRef={zoomRef}
          onScale={onScale}
        />
      )}
      <div className={styles.foot}>
        <Legend hasFit={groups.some((group) => group.refusals.length > 0)} />
        {view !== "list" && groups.length > 0 && (
          <div className={styles.zoom}>
            <IconButton label="Zoom out" size="dense" onClick={() => zoomRef.current?.zoomBy(1 / 1.5)}>
              <ZoomOut aria-hidden />
            </IconButton>
            <span className="micro ink-3">{Math.round(scale * 100)} %</span>
            <IconButton label="Zoom in" size="dense" onClick={() => zoomRef.current?.zoomBy(1.5)}>
              <ZoomIn aria-hidden />
            </IconButton>
            <IconButton label="Fit" size="dense" onClick={() => zoomRef.current?.fit()}>
              <Maximize aria-hidden />
            </IconButton>
          </div>
        )}
      </div>
    </section>
  );
}

const LEGEND: readonly (readonly [TileState, string])[] = [
  ["ready", "ready"],
  ["starting", "starting"],
  ["pending", "not created"],
  ["updating", "updating"],
  ["recovering", "recovering"],
  ["tornDown", "torn down"],
  ["degraded", "degraded"],
  ["failed", "failed"],
  ["deleting", "deleting"],
  ["unknown", "unknown"],
  ["stale", "stale"],
];

function Legend({ hasFit }: { readonly hasFit: boolean }) {
  return (
    <ul className={styles.legend} aria-label="Legend">
      {LEGEND.map(([state, word]) => (
        <li key={state} title={STATE_WORD[state]}>
          <StateGlyph state={state} size={10} />
          {word}
        </li>
      ))}
      {hasFit && (
        <>
          <li>
            <i className={styles.fits} />
            would fit
          </li>
          <li>
            <i className={styles.noRoom} />
            no room
          </li>
        </>
      )}
    </ul>
  );
}
