"use client";

import { useId, useMemo } from "react";
import { prepareRacks, type Rack, type RackNode } from "#features/cluster/prepare-racks.ts";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import { PodTile } from "#ui/pod-tile.tsx";
import { Skeleton } from "#ui/skeleton.tsx";
import { stateOfPod } from "#ui/state.ts";
import styles from "./cluster-card.module.css";

const SLOTS = 8;
const SLOT_PX = 11;
const ROW_PX = 10;
const GAP_PX = 2;

/** A cluster at a glance: racks, a row per node, a tile per pod as wide as its GPUs. */
export function RackMap({ cluster }: { readonly cluster: string }) {
  const nodes = useLiveEntries(clusterTopic(cluster), "node/");
  const pods = useLiveEntries(clusterTopic(cluster), "pod/");
  const status = useLiveStatus(clusterTopic(cluster));
  const racks = useMemo(() => prepareRacks(nodes, pods), [nodes, pods]);
  if (status === "loading") return <Skeleton width="60%" />;
  return (
    <div className={styles.racks}>
      {racks.map((rack) => (
        <div key={rack.name} className={styles.rack}>
          <div className={styles.rackHead}>
            <span className="mono clip">{rack.name === "" ? "no rack" : rack.name}</span>
            <span className="ink-3 nowrap">{rack.gpus === 0 ? "no GPUs" : `${rack.freeGpus} free`}</span>
          </div>
          <RackDrawing rack={rack} />
        </div>
      ))}
    </div>
  );
}

function RackDrawing({ rack }: { readonly rack: Rack }) {
  const hatch = useId();
  const height = rack.nodes.length * (ROW_PX + GAP_PX) - GAP_PX;
  return (
    <svg className={styles.map} width={SLOTS * SLOT_PX} height={height} aria-hidden>
      <defs>
        <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line className={styles.hatchLine} x1="0" y1="0" x2="0" y2="4" />
        </pattern>
      </defs>
      {rack.nodes.map((row, index) => (
        <g key={row.node.name} transform={`translate(0 ${index * (ROW_PX + GAP_PX)})`}>
          <NodeRow row={row} hatch={hatch} />
        </g>
      ))}
    </svg>
  );
}

function NodeRow({ row, hatch }: { readonly row: RackNode; readonly hatch: string }) {
  const { node, placed } = row;
  // A node with another number of GPUs than eight is drawn to the same width.
  const slotPx = node.gpus === 0 ? 0 : (SLOTS * SLOT_PX) / node.gpus;
  const used = placed.reduce((end, { pod, slot }) => Math.max(end, slot + pod.gpus), 0);
  const isUsable = node.isReady && !node.isCordoned;
  const width = SLOTS * SLOT_PX - 1;
  return (
    <>
      {!isUsable && <rect width={width} height={ROW_PX} fill={`url(#${hatch})`} />}
      {node.gpus === 0 && isUsable && (
        <rect className={styles.free} x=".5" y={ROW_PX / 2} width={width - 1} height="0" />
      )}
      {isUsable &&
        Array.from({ length: node.gpus - used }, (_, free) => (
          <rect
            className={styles.free}
            key={free}
            x={Math.round((used + free) * slotPx) + 0.5}
            y=".5"
            width={Math.max(1, Math.floor(slotPx) - 2)}
            height={ROW_PX - 1}
          />
        ))}
      {placed.map(({ pod, slot }) =>
        pod.set === null ? (
          <rect
            key={pod.uid}
            className={styles.other}
            x={Math.round(slot * slotPx)}
            width={Math.round(pod.gpus * slotPx) - 1}
            height={ROW_PX}
            rx="1.5"
          />
        ) : (
          <PodTile
            key={pod.uid}
            x={Math.round(slot * slotPx)}
            y={0}
            width={Math.round(pod.gpus * slotPx) - 1}
            height={ROW_PX}
            state={stateOfPod(pod.state)}
            progress={pod.progress}
          />
        ),
      )}
    </>
  );
}
