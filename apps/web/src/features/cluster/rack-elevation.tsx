"use client";

import type { PodView } from "@openpatio/core/view";
import Link from "next/link";
import type { CSSProperties } from "react";
import { placeText } from "#features/topology/model.ts";
import { formatPercent } from "#lib/format.ts";
import { groupPath, podPath } from "#lib/paths.ts";
import { cx } from "#ui/cx.ts";
import { STATE_WORD, stateOfPod, type TileState } from "#ui/state.ts";
import { StateGlyph } from "#ui/state-glyph.tsx";
import { NodeMenu } from "./node-menu.tsx";
import type { GroupBand, Rack, RackNode } from "./prepare-racks.ts";
import styles from "./rack-elevation.module.css";

export type ElevationMode = "state" | "room";

type RackElevationProps = {
  readonly cluster: string;
  readonly rack: Rack;
  readonly mode: ElevationMode;
  /** State of a group by `<namespace>/<set>-<index>`. */
  readonly stateOfGroup: (group: string) => TileState;
  readonly selectedNode: string | null;
};

const ROW_PX = 30;
const GAP_PX = 6;
/** Room for the name of a group above its outline. */
const LABEL_PX = 16;
const OTHERS_SHOWN = 5;

/** A rack as it stands: a row per node with its GPU slots, pods as wide as the GPUs they hold, one outline per group. */
export function RackElevation({ cluster, rack, mode, stateOfGroup, selectedNode }: RackElevationProps) {
  const { tops, heightPx } = rowTops(rack);
  const widest = Math.max(1, ...rack.nodes.map(({ node }) => node.gpus));
  const title = rack.name === "" ? "no rack" : rack.name;
  return (
    <section className={styles.rack} aria-label={title}>
      <div className={styles.head}>
        <h3>{title}</h3>
        {rack.zone !== null && <span className="micro ink-3">{rack.zone}</span>}
        <span className={`small ink-3 ${styles.free}`}>
          {rack.gpus === 0 ? "no GPUs" : `${rack.freeGpus} of ${rack.gpus} free`}
        </span>
      </div>
      <div className={cx(styles.body, mode === "room" && styles.room)} style={{ height: heightPx }}>
        <div className={styles.column}>
          {rack.nodes.map(({ node }, row) => (
            <NodeMenu key={node.name} cluster={cluster} node={node}>
              <button
                type="button"
                className={styles.name}
                style={{ top: tops[row] }}
                data-trouble={!node.isReady || undefined}
                aria-label={`Node ${node.name}`}
              >
                <span className="clip">{node.name}</span>
              </button>
            </NodeMenu>
          ))}
        </div>
        <div className={styles.column}>
          {rack.nodes.map((row, index) => (
            <div key={row.node.name} className={styles.slots} style={{ top: tops[index] }}>
              <Slots row={row} widest={widest} />
            </div>
          ))}
          {mode === "state" &&
            rack.bands.map((band) => (
              <Band
                key={`${band.namespace}/${band.name}/${band.firstRow}/${band.slot}`}
                band={band}
                tops={tops}
                widest={widest}
                state={stateOfGroup(`${band.namespace}/${band.name}`)}
              />
            ))}
          {rack.nodes.map(({ node }, row) =>
            node.name === selectedNode ? (
              <div key={node.name} className={styles.selected} style={{ top: (tops[row] ?? 0) - 2 }} />
            ) : null,
          )}
        </div>
        <div className={styles.column}>
          {rack.nodes.map((row, index) =>
            mode === "room" ? (
              <Load key={row.node.name} row={row} topPx={tops[index] ?? 0} />
            ) : row.node.gpus > 0 ? (
              <div key={row.node.name} className={styles.others} style={{ top: tops[index] }}>
                <Others pods={row.others} limit={OTHERS_SHOWN} />
              </div>
            ) : null,
          )}
        </div>
      </div>
    </section>
  );
}

function rowTops(rack: Rack): { readonly tops: readonly number[]; readonly heightPx: number } {
  const labelled = new Set(rack.bands.filter((band) => band.isNamed).map((band) => band.firstRow));
  const tops: number[] = [];
  let topPx = 0;
  rack.nodes.forEach((_, row) => {
    topPx += labelled.has(row) ? LABEL_PX : 0;
    tops.push(topPx);
    topPx += ROW_PX + GAP_PX;
  });
  return { tops, heightPx: Math.max(0, topPx - GAP_PX) + 2 };
}

/** Left edge and width of slots, as shares of the widest node in the rack. */
function span(slot: number, width: number, widest: number, insetPx: number): CSSProperties {
  return {
    left: `calc(${(slot / widest) * 100}% + ${insetPx}px)`,
    width: `calc(${(width / widest) * 100}% - ${insetPx * 2}px)`,
  };
}

function Slots({ row, widest }: { readonly row: RackNode; readonly widest: number }) {
  const { node, placed } = row;
  const used = placed.reduce((end, { pod, slot }) => Math.max(end, slot + pod.gpus), 0);
  const why = !node.isReady ? "not ready" : node.isCordoned ? "cordoned" : null;
  return (
    <>
      {node.gpus === 0 && why === null && (
        <div className={styles.cpu}>
          {row.others.length === 0 ? "no GPUs" : <Others pods={row.others} limit={16} />}
        </div>
      )}
      {why !== null && (
        <div className={styles.out} title={node.message ?? undefined}>
          {placed.length === 0 && <span>{why}</span>}
        </div>
      )}
      {why === null &&
        Array.from({ length: node.gpus - used }, (_, free) => (
          <i key={free} className={styles.slot} style={span(used + free, 1, widest, 2)} />
        ))}
      {placed.map(({ pod, slot }) => (
        <PodOnSlots
          key={pod.uid}
          pod={pod}
          style={span(slot, pod.gpus, widest, 2)}
          isNarrow={pod.gpus / widest < 0.2}
        />
      ))}
    </>
  );
}

type PodOnSlotsProps = { readonly pod: PodView; readonly style: CSSProperties; readonly isNarrow: boolean };

function PodOnSlots({ pod, style, isNarrow }: PodOnSlotsProps) {
  const about = describePod(pod);
  if (pod.set === null) {
    return (
      <span className={styles.pod} style={style} title={about} data-foreign="" data-narrow={isNarrow || undefined}>
        {isNarrow ? null : <span>{pod.name}</span>}
      </span>
    );
  }
  const state = stateOfPod(pod.state);
  return (
    <Link
      className={styles.pod}
      style={style}
      href={podPath({ namespace: pod.namespace, name: pod.set, home: null }, pod.name)}
      title={about}
      aria-label={about}
      data-state={state}
      data-narrow={isNarrow || undefined}
    >
      <StateGlyph state={state} progress={pod.progress} size={isNarrow ? 10 : 12} />
      {isNarrow ? placeText(pod) : <span>{labelOf(pod)}</span>}
    </Link>
  );
}

function labelOf(pod: PodView): string {
  const place = placeText(pod);
  return place === null ? (pod.role ?? pod.name) : `${pod.role}-${place}`;
}

function describePod(pod: PodView): string {
  const gpus = pod.gpus === 0 ? "no GPU" : pod.gpus === 1 ? "1 GPU" : `${pod.gpus} GPUs`;
  return `${pod.name}: ${pod.stateText}, ${gpus}`;
}

/** Pods that hold no slot, as small tiles. */
function Others({ pods, limit }: { readonly pods: readonly PodView[]; readonly limit: number }) {
  return (
    <>
      {pods.slice(0, limit).map((pod) =>
        pod.set === null ? (
          <i key={pod.uid} className={styles.foreign} title={describePod(pod)} />
        ) : (
          <Link
            key={pod.uid}
            href={podPath({ namespace: pod.namespace, name: pod.set, home: null }, pod.name)}
            title={describePod(pod)}
            aria-label={describePod(pod)}
          >
            <StateGlyph state={stateOfPod(pod.state)} progress={pod.progress} size={13} />
          </Link>
        ),
      )}
      {pods.length > limit && <span className={styles.more}>+{pods.length - limit}</span>}
    </>
  );
}

type BandProps = {
  readonly band: GroupBand;
  readonly tops: readonly number[];
  readonly widest: number;
  readonly state: TileState;
};

function Band({ band, tops, widest, state }: BandProps) {
  const topPx = tops[band.firstRow] ?? 0;
  const bottomPx = (tops[band.firstRow + band.rows - 1] ?? topPx) + ROW_PX;
  return (
    <>
      <div
        className={styles.band}
        data-state={state}
        style={{ top: topPx - 1, height: bottomPx - topPx + 2, ...span(band.slot, band.width, widest, 0) }}
      />
      {band.isNamed && (
        <div
          className={styles.bandName}
          data-state={state}
          style={{ top: topPx - LABEL_PX, ...span(band.slot, band.width, widest, 1) }}
        >
          <Link
            href={groupPath({ namespace: band.namespace, name: band.set, home: null }, band.group)}
            title={band.name}
          >
            <span className="clip">{band.set}</span>
            <span>-{band.group}</span>
          </Link>
          {state !== "ready" && <span>{STATE_WORD[state].toLowerCase()}</span>}
        </div>
      )}
    </>
  );
}

/** How full a node is, beside its slots. */
function Load({ row, topPx }: { readonly row: RackNode; readonly topPx: number }) {
  return (
    <div className={styles.load} style={{ top: topPx }}>
      <span title="CPU requested">cpu {formatPercent(row.node.cpuFraction)}</span>
      <span title="Memory requested">mem {formatPercent(row.node.memoryFraction)}</span>
    </div>
  );
}
