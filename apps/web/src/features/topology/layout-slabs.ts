import { type PlacedInstance, placeInstances, placesPerRow } from "./instances.ts";
import { type PlacedCell, type PlacedGroup, type PlacedRole, WIDE_FROM } from "./layout.ts";
import { slotOf, slotsOf, type TopologyModel } from "./model.ts";

/**
 * Many groups as small slabs in rows of a round number, with a ruler, so that a place on the picture is an index. Every
 * slab has the same shape: that of the largest group.
 */
export type SlabLayout = {
  readonly kind: "slabs";
  readonly width: number;
  readonly height: number;
  readonly groups: readonly PlacedGroup[];
  readonly roles: readonly PlacedRole[];
  readonly cells: readonly PlacedCell[];
  readonly instances: readonly PlacedInstance[];
  readonly perRow: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly axis: number;
  readonly top: number;
  /** Side of one pod with its joint. */
  readonly unit: number;
  /** Height kept above the pods for the index. */
  readonly headH: number;
};

const AXIS = 34;
const TOP = 14;
const PER_ROW_WIDE = [10, 20, 25, 30, 40, 50, 60, 80, 100] as const;
const PER_ROW_NARROW = [5, 10, 20, 25] as const;
/** In units of one pod: between roles, inside the slab's edge, between slabs. */
const ROLE_GAP = 0.45;
const PADDING = 0.3;
const SLAB_GAP = 0.45;
const MIN_HEIGHT = 460;
const MAX_UNIT = 26;
const MAX_INSTANCE_COLS = 8;

/** Lays all groups out as slabs so that they fit the frame without scrolling. */
export function layoutSlabs(model: TopologyModel, width: number, minHeight: number): SlabLayout {
  const isWide = width >= WIDE_FROM;
  const height = Math.max(minHeight, MIN_HEIGHT);
  const roleNames = model.columns.flatMap((column) => column.roles.map((role) => role.role));
  const most = roleNames.map((name) =>
    model.groups.reduce((n, group) => {
      const block = group.roles.find((item) => item.role === name);
      return block === undefined ? n : Math.max(n, slotsOf(block));
    }, 1),
  );
  // Two rows of pods up to eight of a role; wider roles grow downwards so that a slab stays about twice as wide as high.
  const rows = Math.max(1, ...most.map((n) => Math.min(n, n > 8 ? Math.ceil(Math.sqrt(n)) : 2)));
  const sizes = roleNames.map((name) => sizeOf(model, name));
  // A row holds whole instances, where a slab does not become too wide by it.
  const roleCols = most.map((n, column) => {
    const size = sizes[column] ?? 1;
    const cols = Math.ceil(n / rows);
    return size > 1 && size <= MAX_INSTANCE_COLS ? Math.ceil(cols / size) * size : cols;
  });
  const unitsX = roleCols.reduce((sum, n) => sum + n, 0) + (roleCols.length - 1) * ROLE_GAP + 2 * PADDING;
  const unitsY = rows + 2 * PADDING;
  const head = isWide ? 0.9 : 0.5;
  const spaceX = width - AXIS - 14;
  const spaceY = height - TOP - 14;
  const count = model.groups.length === 0 ? 1 : (model.groups.at(-1)?.view.index ?? 0) + 1;

  let best = { unit: 0, perRow: 10, lines: 1 };
  for (const perRow of isWide ? PER_ROW_WIDE : PER_ROW_NARROW) {
    const lines = Math.ceil(count / perRow);
    const unit = Math.min(spaceX / (perRow * (unitsX + SLAB_GAP)), spaceY / (lines * (unitsY + head + SLAB_GAP)));
    if (unit > best.unit) best = { unit, perRow, lines };
  }
  // Whole pixels where a pod is large enough to be a tile, so that tiles and joints are even.
  const isWhole = best.unit >= 3.6;
  const snap = (value: number): number => (isWhole ? Math.round(value) : value);
  const unit = Math.min(MAX_UNIT, isWhole ? Math.floor(best.unit) : best.unit);
  const cell = isWhole ? unit - 1 : unit * 0.84;
  const joint = unit - cell;
  const roleGap = snap(ROLE_GAP * unit);
  const padding = snap(PADDING * unit);
  const headH = snap(head * unit);
  const slabW = roleCols.reduce((sum, n) => sum + n, 0) * unit - joint + (roleCols.length - 1) * roleGap + 2 * padding;
  const slabH = headH + rows * unit - joint + 2 * padding;
  const stepX = isWhole ? Math.floor(spaceX / best.perRow) : spaceX / best.perRow;
  const fullStepY = isWhole ? Math.floor(spaceY / best.lines) : spaceY / best.lines;
  const stepY = Math.min(fullStepY, slabH * 1.8 + 8);

  const groups: PlacedGroup[] = [];
  const roles: PlacedRole[] = [];
  const cells: PlacedCell[] = [];
  const instances: PlacedInstance[] = [];
  for (const group of model.groups) {
    const index = group.view.index;
    const x = AXIS + (index % best.perRow) * stepX + snap((stepX - slabW) / 2);
    const y = TOP + Math.floor(index / best.perRow) * stepY;
    groups.push({ group, x, y, w: slabW, h: slabH });
    let roleX = x + padding;
    roleNames.forEach((name, column) => {
      const cols = roleCols[column] ?? 1;
      const block = group.roles.find((item) => item.role === name);
      if (block !== undefined) {
        const inColumn = Math.min(rows, Math.max(1, Math.ceil(slotsOf(block) / perRowOf(cols, block.size))));
        const roleY = y + headH + padding + snap(((rows - inColumn) * unit) / 2);
        roles.push({ block, group, x: roleX, y: roleY, w: cols * unit - joint, h: inColumn * unit - joint });
        const perRow = perRowOf(cols, block.size);
        const inBlock = block.cells.map((placed, position): PlacedCell => {
          const k = slotOf(placed, position, block.size);
          return {
            cell: placed,
            x: roleX + (k % perRow) * unit,
            y: roleY + Math.floor(k / perRow) * unit,
            w: cell,
            h: cell,
          };
        });
        cells.push(...inBlock);
        if (block.size > 1) instances.push(...placeInstances(inBlock));
      }
      roleX += cols * unit + roleGap;
    });
  }
  return {
    kind: "slabs",
    width,
    height,
    groups,
    roles,
    cells,
    instances,
    perRow: best.perRow,
    stepX,
    stepY,
    axis: AXIS,
    top: TOP,
    unit,
    headH,
  };
}

const perRowOf = (cols: number, size: number): number => (size > MAX_INSTANCE_COLS ? cols : placesPerRow(cols, size));

function sizeOf(model: TopologyModel, role: string): number {
  const all = model.columns.flatMap((column) => column.roles);
  return all.find((each) => each.role === role)?.size ?? 1;
}
