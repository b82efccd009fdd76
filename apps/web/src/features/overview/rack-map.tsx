"use client";

import { useMemo } from "react";
import { prepareRacks } from "#features/cluster/prepare-racks.ts";
import { RackDrawing } from "#features/cluster/rack-drawing.tsx";
import { useLiveEntries, useLiveStatus } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import { Skeleton } from "#ui/skeleton.tsx";
import styles from "./cluster-card.module.css";

type RackMapProps = {
  readonly cluster: string;
  /** The cluster does not answer: drawn as it was, hatched. */
  readonly isStale: boolean;
};

/** A cluster at a glance: racks, a row per node, a tile per pod as wide as its GPUs. */
export function RackMap({ cluster, isStale }: RackMapProps) {
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
          <RackDrawing rack={rack} isStale={isStale} />
        </div>
      ))}
    </div>
  );
}
