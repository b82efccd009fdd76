import type { ClusterRow, GroupTile, SetRow } from "@openpatio/core/view";

/**
 * Sums over clusters; those that do not answer are counted apart: what is there now is not known. Groups and pods are
 * counted over sets, so that what is asked for and has no place yet is missed, not forgotten.
 */
export type Totals = {
  readonly clusters: number;
  readonly liveClusters: number;
  readonly silentClusters: readonly ClusterRow[];
  readonly nodes: number;
  readonly usableNodes: number;
  readonly gpus: number;
  readonly bound: number;
  readonly reserved: number;
  readonly cordoned: number;
  readonly free: number;
  readonly groups: number;
  readonly readyGroups: number;
  readonly tiles: readonly GroupTile[];
  readonly pods: number;
  readonly readyPods: number;
  /** Pods of clusters that do not answer. */
  readonly stalePods: number;
};

export function prepareTotals(clusters: readonly ClusterRow[], sets: readonly SetRow[]): Totals {
  const live = clusters.filter((cluster) => cluster.health === "live");
  const silent = clusters.filter((cluster) => cluster.health !== "live");
  const sum = (rows: readonly ClusterRow[], of: (row: ClusterRow) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  const gpus = sum(live, (row) => row.gpus);
  const bound = sum(live, (row) => row.gpusUsed);
  const reserved = sum(live, (row) => row.gpusReserved);
  const cordoned = sum(live, (row) => row.gpusCordoned);
  return {
    clusters: clusters.length,
    liveClusters: live.length,
    silentClusters: silent,
    nodes: sum(live, (row) => row.nodes),
    usableNodes: sum(live, (row) => row.usableNodes),
    gpus,
    bound,
    reserved,
    cordoned,
    free: Math.max(0, gpus - bound - reserved - cordoned),
    groups: sets.reduce((total, set) => total + set.replicas, 0),
    readyGroups: sets.reduce((total, set) => total + set.readyGroups, 0),
    tiles: sets.flatMap((set) => set.tiles),
    pods: sets.reduce((total, set) => total + set.pods, 0),
    readyPods: sets.reduce((total, set) => total + set.readyPods, 0),
    stalePods: sum(silent, (row) => row.pods),
  };
}
