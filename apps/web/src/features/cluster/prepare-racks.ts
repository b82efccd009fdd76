import type { NodeView, PodView } from "@openpatio/core/view";
import { groupBy } from "#lib/group-by.ts";

/** A pod on the GPU slots it holds, from the left: slot 0 .. node.gpus - 1. */
export type PlacedPod = { readonly pod: PodView; readonly slot: number };

export type RackNode = {
  readonly node: NodeView;
  readonly placed: readonly PlacedPod[];
  /** Pods without GPUs, or beyond the slots that the node has. */
  readonly others: readonly PodView[];
};

/** Neighbouring tiles of one group: what one outline is drawn around. */
export type GroupBand = {
  /** `<set>-<index>` */
  readonly name: string;
  readonly namespace: string;
  readonly set: string;
  readonly group: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly slot: number;
  readonly width: number;
  readonly pods: readonly PodView[];
  /** The first band of its group in this rack carries the name. */
  readonly isNamed: boolean;
};

export type Rack = {
  /** Rack or zone; "" when the nodes carry neither label. */
  readonly name: string;
  readonly zone: string | null;
  readonly nodes: readonly RackNode[];
  readonly bands: readonly GroupBand[];
  readonly gpus: number;
  /** Of usable nodes. */
  readonly freeGpus: number;
};

/**
 * Nodes by rack, or by zone when most have no rack, with their pods on GPU slots.
 *
 * Guarantees: order is by name everywhere and a pod's slot depends only on the pods of its node, so a tile moves only
 * when something beside it came or went.
 */
export function prepareRacks(nodes: readonly NodeView[], pods: readonly PodView[]): readonly Rack[] {
  const podsByNode = groupBy(
    pods.filter((pod) => pod.node !== null),
    (pod) => pod.node,
  );
  const hasRacks = nodes.filter((node) => node.rack !== null).length * 2 >= nodes.length;
  const byRack = groupBy(nodes, (node) => (hasRacks ? node.rack : node.zone) ?? "");
  return [...byRack.entries()]
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([name, members]) => {
      const rows = members
        .toSorted((a, b) => compareNames(a.name, b.name))
        .map((node) => placePods(node, podsByNode.get(node.name) ?? []));
      const usable = rows.filter(({ node }) => node.isReady && !node.isCordoned);
      return {
        name,
        zone: hasRacks ? (members[0]?.zone ?? null) : null,
        nodes: rows,
        bands: bandsOf(rows),
        gpus: members.reduce((sum, node) => sum + node.gpus, 0),
        freeGpus: usable.reduce((sum, { node }) => sum + Math.max(0, node.gpus - node.gpusUsed), 0),
      };
    });
}

function placePods(node: NodeView, pods: readonly PodView[]): RackNode {
  const ordered = pods.toSorted(
    (a, b) =>
      compareNames(a.set ?? "\uffff", b.set ?? "\uffff") ||
      (a.group ?? 0) - (b.group ?? 0) ||
      compareNames(a.name, b.name) ||
      compareNames(a.uid, b.uid),
  );
  const placed: PlacedPod[] = [];
  const others: PodView[] = [];
  let slot = 0;
  for (const pod of ordered) {
    if (pod.gpus === 0 || slot + pod.gpus > node.gpus) {
      others.push(pod);
      continue;
    }
    placed.push({ pod, slot });
    slot += pod.gpus;
  }
  return { node, placed, others };
}

function bandsOf(rows: readonly RackNode[]): readonly GroupBand[] {
  const bands: GroupBand[] = [];
  const named = new Set<string>();
  /** Bands that end in the row above, by group and span: the next row may continue them. */
  let above = new Map<string, number>();
  rows.forEach((row, rowIndex) => {
    const here = new Map<string, number>();
    const ofGroups = groupBy(
      row.placed.filter(({ pod }) => pod.set !== null),
      ({ pod }) => `${pod.namespace}/${pod.set}-${pod.group}`,
    );
    for (const [group, placed] of ofGroups) {
      const first = placed[0];
      if (first === undefined || first.pod.set === null || first.pod.group === null) continue;
      const width = placed.reduce((sum, { pod }) => sum + pod.gpus, 0);
      const key = `${group} ${first.slot} ${width}`;
      const continued = above.get(key);
      const continuedBand = continued === undefined ? undefined : bands[continued];
      if (continued !== undefined && continuedBand !== undefined) {
        bands[continued] = {
          ...continuedBand,
          rows: continuedBand.rows + 1,
          pods: [...continuedBand.pods, ...placed.map(({ pod }) => pod)],
        };
        here.set(key, continued);
        continue;
      }
      here.set(key, bands.length);
      bands.push({
        name: `${first.pod.set}-${first.pod.group}`,
        namespace: first.pod.namespace,
        set: first.pod.set,
        group: first.pod.group,
        firstRow: rowIndex,
        rows: 1,
        slot: first.slot,
        width,
        pods: placed.map(({ pod }) => pod),
        isNamed: !named.has(group),
      });
      named.add(group);
    }
    above = here;
  });
  return bands;
}

const collator = new Intl.Collator("en", { numeric: true });

/** "gpu-2" before "gpu-10". */
function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}
