import { useId } from "react";
import { PodTile } from "#ui/pod-tile.tsx";
import { stateOfPod } from "#ui/state.ts";
import type { Rack, RackNode } from "./prepare-racks.ts";
import styles from "./rack-drawing.module.css";

const SLOTS = 8;
const SLOT_PX = 11;
const ROW_PX = 10;
const GAP_PX = 2;

/** A rack in miniature: a row per node, a tile per pod as wide as its GPUs. Decoration: words stand beside it. */
export function RackDrawing({ rack, isStale }: { readonly rack: Rack; readonly isStale: boolean }) {
  const hatch = useId();
  const veil = useId();
  const height = rack.nodes.length * (ROW_PX + GAP_PX) - GAP_PX;
  return (
    <svg className={styles.map} width={SLOTS * SLOT_PX} height={height} aria-hidden>
      <defs>
        <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line className={styles.hatchLine} x1="0" y1="0" x2="0" y2="4" />
        </pattern>
        <pattern id={veil} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line className={styles.veilLine} x1="1" y1="0" x2="1" y2="4" />
        </pattern>
      </defs>
      {rack.nodes.map((row, index) => (
        <g key={row.node.name} transform={`translate(0 ${index * (ROW_PX + GAP_PX)})`}>
          <NodeRow row={row} hatch={hatch} />
        </g>
      ))}
      {isStale && <rect width="100%" height="100%" fill={`url(#${veil})`} />}
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
        <line className={styles.free} x1="0" y1={ROW_PX / 2} x2={width} y2={ROW_PX / 2} />
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
