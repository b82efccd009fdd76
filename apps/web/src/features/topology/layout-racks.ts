import { type PlacedCell, type PlacedGroup, type Rect, WIDE_FROM } from "./layout.ts";
import type { GroupBox, TopologyModel } from "./model.ts";
import type { ClusterBox, NodeBox, RackBox, RackModel, RackPod } from "./rack-model.ts";

/** Clusters as racks of nodes; a pod is a tile as wide as its GPUs. */
export type RackLayout = {
  readonly kind: "racks";
  readonly width: number;
  readonly height: number;
  /** Many nodes: no labels, pods a few pixels high, read by zooming in. */
  readonly isCompact: boolean;
  readonly tray: Rect | null;
  readonly clusters: readonly PlacedCluster[];
  readonly racks: readonly PlacedRack[];
  readonly nodes: readonly PlacedNode[];
  readonly pods: readonly PlacedRackPod[];
  readonly cells: readonly PlacedCell[];
  /** Outlines: one per group and run of neighbouring nodes. */
  readonly groups: readonly PlacedGroup[];
  /** Names of other sets' groups, once per rack. */
  readonly names: readonly PlacedName[];
};

export type PlacedCluster = Rect & { readonly cluster: ClusterBox };
export type PlacedRack = Rect & { readonly rack: RackBox; readonly cluster: ClusterBox };
export type PlacedNode = Rect & {
  readonly node: NodeBox;
  readonly slotX: number;
  readonly slotW: number;
  readonly slotStep: number;
  readonly labelW: number;
};
export type PlacedRackPod = Rect & { readonly item: RackPod; readonly isSmall: boolean };
export type PlacedName = { readonly x: number; readonly y: number; readonly w: number; readonly text: string };

/** More nodes than this are drawn compact. */
export const MAX_LABELLED_NODES = 96;

const GAP = 16;
const RACK_HEAD = 30;
const CLUSTER_HEAD = 30;
const TAG_H = 14;
const SLOT_GAP = 3;
const CPU_W = 26;
const OWN_SMALL = 14;
const OTHER_SMALL = 8;
/** Slot heights tried from the roomiest down; the first that needs no scrolling is taken. */
const SLOT_HEIGHTS = [30, 28, 26, 24] as const;
const MIN_SLOTS = 4;
/** Width of a character of the 10 px mono font. */
const NAME_CHAR_W = 6;
/** Room that the name of another set's group has at least, and the gap before the next one. */
const MIN_NAME_W = 60;
const NAME_GAP = 6;
/** The same of the 11 px mono font, and the width of "24 of 32 free" at the end of the line. */
const HEAD_CHAR_W = 6.8;
const FREE_TEXT_W = 84;

type Sink = {
  readonly clusters: PlacedCluster[];
  readonly racks: PlacedRack[];
  readonly nodes: PlacedNode[];
  readonly pods: PlacedRackPod[];
  readonly groups: PlacedGroup[];
  readonly names: PlacedName[];
};

/** Lays out the racks of all clusters of a set. */
export function layoutRacks(model: TopologyModel, racks: RackModel, width: number, minHeight: number): RackLayout {
  const isWide = width >= WIDE_FROM;
  const trayH = isWide ? 44 : 62;
  const tray = racks.unplaced.length > 0 ? { x: 0, y: 0, w: width, h: trayH } : null;
  const top = tray === null ? 2 : trayH + 2;
  const nodeCount = racks.clusters.reduce(
    (sum, cluster) => sum + cluster.racks.reduce((n, rack) => n + rack.nodes.length, 0),
    0,
  );
  const isCompact = nodeCount > MAX_LABELLED_NODES;
  const groupOf = new Map(model.groups.map((group) => [group.view.index, group]));
  let sink = emptySink();
  let bottom = 0;
  if (isCompact) {
    bottom = placeCompact(racks, groupOf, width, top, minHeight, sink);
  } else {
    for (const slotH of isWide ? SLOT_HEIGHTS : [22]) {
      sink = emptySink();
      bottom = placeLabelled(racks, groupOf, width, top, slotH, sink);
      if (bottom <= minHeight) break;
    }
  }
  return {
    kind: "racks",
    width,
    height: Math.max(minHeight, bottom),
    isCompact,
    tray,
    ...sink,
    cells: sink.pods.flatMap(({ item, x, y, w, h }) => (item.cell === null ? [] : [{ cell: item.cell, x, y, w, h }])),
  };
}

function emptySink(): Sink {
  return { clusters: [], racks: [], nodes: [], pods: [], groups: [], names: [] };
}

function slotCount(cluster: ClusterBox): number {
  return cluster.racks.reduce(
    (most, rack) =>
      rack.nodes.reduce(
        (n, node) => Math.max(n, node.view.gpus, ...node.pods.map((pod) => pod.slot + pod.pod.gpus)),
        most,
      ),
    MIN_SLOTS,
  );
}

function placeLabelled(
  model: RackModel,
  groupOf: ReadonlyMap<number, GroupBox>,
  width: number,
  top: number,
  slotH: number,
  sink: Sink,
): number {
  const isWide = width >= WIDE_FROM;
  const pad = isWide ? 16 : 12;
  const perRow = width >= 820 ? 3 : isWide ? 2 : 1;
  const rackW = Math.floor((width - 2 * pad - GAP * (perRow - 1)) / perRow);
  const longest = Math.max(
    6,
    ...model.clusters.flatMap((cluster) =>
      cluster.racks.flatMap((rack) => rack.nodes.map((node) => node.view.name.length)),
    ),
  );
  const labelW = Math.min(longest * NAME_CHAR_W + 10, Math.floor(rackW * 0.28));
  const rowH = TAG_H + slotH + 3;
  let y = top;
  for (const cluster of model.clusters) {
    sink.clusters.push({ cluster, x: pad, y, w: width - 2 * pad, h: CLUSTER_HEAD });
    const middle = Math.round(width * 0.45);
    sink.pods.push(...placeUnbound(cluster.unbound, middle, y + 10, width - pad - middle));
    y += CLUSTER_HEAD;
    const slots = slotCount(cluster);
    const slotW = (rackW - labelW - CPU_W - 6 - SLOT_GAP * (slots - 1)) / slots;
    let bottom = y;
    cluster.racks.forEach((rack, index) => {
      if (index > 0 && index % perRow === 0) y = bottom + 4;
      const x = pad + (index % perRow) * (rackW + GAP);
      const rows = rack.nodes.map(
        (node, row): PlacedNode => ({
          node,
          x,
          y: y + RACK_HEAD + row * rowH + TAG_H,
          w: rackW,
          h: slotH,
          slotX: x + labelW,
          slotW,
          slotStep: slotW + SLOT_GAP,
          labelW,
        }),
      );
      const pods = rows.flatMap((row) => placeOnNode(row, slots));
      const h = RACK_HEAD + rows.length * rowH + 6;
      sink.racks.push({ rack, cluster, x, y, w: rackW, h });
      sink.nodes.push(...rows);
      const nameW = rack.name.length * HEAD_CHAR_W + 12;
      sink.pods.push(...pods, ...placeUnbound(rack.unbound, x + nameW, y + 11, rackW - nameW - FREE_TEXT_W));
      placeOutlines(pods, groupOf, rowH, sink);
      bottom = Math.max(bottom, y + h);
    });
    y = bottom + 10;
  }
  return y;
}

function placeOnNode(row: PlacedNode, slots: number): readonly PlacedRackPod[] {
  const withGpus = row.node.pods.filter((item) => item.slot >= 0);
  const without = row.node.pods.filter((item) => item.slot < 0);
  const placed = withGpus.map((item): PlacedRackPod => {
    const x = Math.round(row.slotX + item.slot * row.slotStep);
    const right = Math.round(row.slotX + (item.slot + item.pod.gpus - 1) * row.slotStep + row.slotW);
    return { item, isSmall: false, x, y: row.y, w: right - x, h: row.h };
  });
  if (row.node.view.gpus === 0 && withGpus.length === 0) {
    // A node without GPUs has its whole width for pods that need none.
    const area = slots * row.slotStep - SLOT_GAP;
    const own = without.filter((item) => item.cell !== null);
    const others = without.filter((item) => item.cell === null);
    const step = Math.min(row.slotStep * 2, (area - smallWidth(others.length, row.h)) / Math.max(1, own.length));
    own.forEach((item, k) => {
      const x = Math.round(row.slotX + k * step);
      placed.push({ item, isSmall: step < 24, x, y: row.y, w: Math.max(3, Math.round(step) - SLOT_GAP), h: row.h });
    });
    placed.push(
      ...placeSmall(others, row.slotX + own.length * step, row.y, smallWidth(others.length, row.h), row.h, OTHER_SMALL),
    );
    return placed;
  }
  const cpuX = Math.round(row.slotX + slots * row.slotStep + 2);
  const ownSmall = without.filter((item) => item.cell !== null);
  const ownW = Math.min(CPU_W, ownSmall.length * (OWN_SMALL + 2));
  placed.push(
    ...placeSmall(ownSmall, cpuX, row.y, ownW, row.h, OWN_SMALL),
    ...placeSmall(
      without.filter((item) => item.cell === null),
      cpuX + ownW,
      row.y,
      Math.max(OTHER_SMALL, CPU_W - ownW),
      row.h,
      OTHER_SMALL,
    ),
  );
  return placed;
}

function smallWidth(count: number, h: number): number {
  const perColumn = Math.max(1, Math.floor((h + 2) / (OTHER_SMALL + 2)));
  return Math.ceil(count / perColumn) * (OTHER_SMALL + 2);
}

/** Pods without GPUs as a square grid of small tiles. */
function placeSmall(
  items: readonly RackPod[],
  x: number,
  y: number,
  w: number,
  h: number,
  maxSide: number,
): readonly PlacedRackPod[] {
  if (items.length === 0) return [];
  let side = Math.min(maxSide, w, h);
  while (side > 3 && Math.max(1, Math.floor((w + 2) / (side + 2))) * Math.floor((h + 2) / (side + 2)) < items.length)
    side--;
  const perRow = Math.max(1, Math.floor((w + 2) / (side + 2)));
  const rows = Math.ceil(items.length / perRow);
  const startY = y + Math.floor((h - rows * (side + 2) + 2) / 2);
  return items.map(
    (item, k): PlacedRackPod => ({
      item,
      isSmall: true,
      x: Math.round(x) + (k % perRow) * (side + 2),
      y: startY + Math.floor(k / perRow) * (side + 2),
      w: side,
      h: side,
    }),
  );
}

/** Pods without a node wait in a head line, so that nothing moves when they get one. What finds no room is left out. */
function placeUnbound(items: readonly RackPod[], x: number, y: number, room: number): readonly PlacedRackPod[] {
  const side = 11;
  let offset = 0;
  return items.flatMap((item, index): readonly PlacedRackPod[] => {
    const before = items[index - 1]?.pod;
    if (before !== undefined) {
      offset += side + 3;
      if (before.group !== item.pod.group) offset += 10;
      else if (before.role !== item.pod.role) offset += 4;
    }
    if (offset + side > room) return [];
    return [{ item, isSmall: true, x: x + offset, y, w: side, h: side }];
  });
}

/** One outline per group and run of neighbouring rows; the names of others once per rack. */
function placeOutlines(
  pods: readonly PlacedRackPod[],
  groupOf: ReadonlyMap<number, GroupBox>,
  rowH: number,
  sink: Sink,
): void {
  const byGroup = new Map<number, PlacedRackPod[]>();
  const named = new Set<string>();
  for (const placed of pods) {
    const { cell, pod } = placed.item;
    if (cell !== null) {
      const list = byGroup.get(cell.group);
      if (list === undefined) byGroup.set(cell.group, [placed]);
      else list.push(placed);
      continue;
    }
    if (placed.isSmall || pod.set === null) continue;
    const set = pod.set.includes("/") ? pod.set.slice(pod.set.indexOf("/") + 1) : pod.set;
    const text = pod.group === null ? set : `${set}-${pod.group}`;
    if (named.has(`${pod.namespace}/${text}`)) continue;
    const last = sink.names.at(-1);
    // A name that would run into the one before it is written beside another of the group's pods.
    if (last !== undefined && last.y === placed.y && last.x + last.w + NAME_GAP > placed.x) continue;
    const w = Math.min(text.length * NAME_CHAR_W + 2, Math.max(MIN_NAME_W, placed.w));
    // The number of a group of this set stands above its pods.
    if (pods.some(({ item, x, y }) => item.cell !== null && y === placed.y && x >= placed.x && x < placed.x + w))
      continue;
    named.add(`${pod.namespace}/${text}`);
    sink.names.push({ x: placed.x, y: placed.y, w, text });
  }
  const boxes = [...byGroup].flatMap(([index, list]) => {
    const group = groupOf.get(index);
    return group === undefined ? [] : rowRuns(list, rowH).map((run) => ({ group, run, rect: boundsOf(run) }));
  });
  for (const box of boxes) {
    const isMixed = boxes.some((other) => other.group !== box.group && isOverlapping(other.rect, box.rect));
    // Groups that share nodes can't have one outline each: then every stretch of neighbouring pods gets its own.
    const parts = isMixed ? stretches(box.run) : [box.run];
    for (const part of parts) sink.groups.push({ group: box.group, ...boundsOf(part) });
  }
}

/** Pods in neighbouring rows belong together. */
function rowRuns(pods: readonly PlacedRackPod[], rowH: number): readonly (readonly PlacedRackPod[])[] {
  const runs: PlacedRackPod[][] = [];
  let lastY = Number.NEGATIVE_INFINITY;
  for (const placed of pods.toSorted((a, b) => a.y - b.y)) {
    const run = runs.at(-1);
    if (run === undefined || placed.y - lastY > rowH * 1.5) runs.push([placed]);
    else run.push(placed);
    lastY = placed.y;
  }
  return runs;
}

/** Pods that touch within one row. */
function stretches(pods: readonly PlacedRackPod[]): readonly (readonly PlacedRackPod[])[] {
  const out: PlacedRackPod[][] = [];
  const middle = (placed: PlacedRackPod): number => Math.round(placed.y + placed.h / 2);
  for (const placed of pods.toSorted((a, b) => middle(a) - middle(b) || a.x - b.x)) {
    const stretch = out.at(-1);
    const last = stretch?.at(-1);
    const isNext =
      last !== undefined &&
      Math.abs(middle(last) - middle(placed)) < last.h &&
      placed.x - (last.x + last.w) <= SLOT_GAP + 2;
    if (stretch !== undefined && isNext) stretch.push(placed);
    else out.push([placed]);
  }
  return out;
}

function isOverlapping(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function boundsOf(rects: readonly Rect[]): Rect {
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  return {
    x,
    y,
    w: Math.max(...rects.map((rect) => rect.x + rect.w)) - x,
    h: Math.max(...rects.map((rect) => rect.y + rect.h)) - y,
  };
}

function placeCompact(
  model: RackModel,
  groupOf: ReadonlyMap<number, GroupBox>,
  width: number,
  top: number,
  minHeight: number,
  sink: Sink,
): number {
  const pad = 14;
  const head = 34;
  const area = width - 2 * pad;
  const perCluster = Math.max(160, (Math.max(minHeight, 480) - top - 8) / Math.max(1, model.clusters.length));
  let y = top;
  for (const cluster of model.clusters) {
    const slots = slotCount(cluster);
    const tall = Math.max(1, ...cluster.racks.map((rack) => rack.nodes.length));
    const count = Math.max(1, cluster.racks.length);
    let best = { unit: 0, columns: 1 };
    for (let columns = 1; columns <= Math.min(60, count); columns++) {
      const lines = Math.ceil(count / columns);
      const unit = Math.min(
        area / (columns * slots + (columns - 1) * 2),
        (perCluster - head - 8) / (lines * (tall + 1.6)),
      );
      if (unit > best.unit) best = { unit, columns };
    }
    // Never below two pixels a slot: a picture that scrolls is better than one that can't be read.
    const unit = Math.max(2, Math.min(12, best.unit));
    const columns = Math.max(1, Math.min(best.columns, Math.floor(area / ((slots + 2) * unit)) || 1));
    sink.clusters.push({ cluster, x: pad, y, w: area, h: head });
    y += head;
    cluster.racks.forEach((rack, index) => {
      const x = pad + (index % columns) * (slots + 2) * unit;
      const rackY = y + Math.floor(index / columns) * (tall + 1.6) * unit;
      sink.racks.push({ rack, cluster, x, y: rackY, w: slots * unit, h: rack.nodes.length * unit });
      rack.nodes.forEach((node, row) => {
        const placed: PlacedNode = {
          node,
          x,
          y: rackY + row * unit,
          w: slots * unit,
          h: unit,
          slotX: x,
          slotW: unit,
          slotStep: unit,
          labelW: 0,
        };
        sink.nodes.push(placed);
        const pods = node.pods
          .filter((item) => item.slot >= 0)
          .map(
            (item): PlacedRackPod => ({
              item,
              isSmall: false,
              x: x + (item.slot + 0.04) * unit,
              y: placed.y + 0.06 * unit,
              w: (item.pod.gpus - 0.12) * unit,
              h: 0.86 * unit,
            }),
          );
        sink.pods.push(...pods);
      });
      const seen = new Set<number>();
      for (const node of rack.nodes) {
        for (const item of node.pods) {
          const group = item.cell?.group;
          if (group === undefined || seen.has(group)) continue;
          seen.add(group);
          const box = groupOf.get(group);
          if (box !== undefined)
            sink.groups.push({ group: box, x, y: rackY, w: slots * unit, h: rack.nodes.length * unit });
        }
      }
    });
    y += Math.ceil(count / columns) * (tall + 1.6) * unit + 10;
  }
  return y;
}
