import { type PlacedInstance, placeInstances, placesPerRow } from "./instances.ts";
import { type PlacedCell, type PlacedGroup, type PlacedRole, type Rect, WIDE_FROM } from "./layout.ts";
import {
  type CopyBlock,
  type GroupBox,
  isEdgeMet,
  type RoleBlock,
  type RoleColumn,
  slotOf,
  slotsOf,
  type TopologyModel,
} from "./model.ts";

/** One lane per group, one column per startup wave; used up to {@link MAX_LANES} groups. */
export type LaneLayout = {
  readonly kind: "lanes";
  readonly width: number;
  readonly height: number;
  readonly isWide: boolean;
  readonly columns: readonly PlacedColumn[];
  readonly groups: readonly PlacedLane[];
  readonly roles: readonly PlacedRole[];
  readonly cells: readonly PlacedCell[];
  readonly instances: readonly PlacedInstance[];
  readonly arrows: readonly PlacedArrow[];
};

export type PlacedColumn = { readonly column: RoleColumn; readonly x: number; readonly w: number };

export type PlacedLane = PlacedGroup & {
  /** Top of the sentence, of the body, and the body's horizontal extent. */
  readonly sayY: number;
  readonly bodyY: number;
  readonly bodyX: number;
  readonly bodyW: number;
  /** Unplaced with reasons: the body shows the fit per domain instead of pods. */
  readonly showsFit: boolean;
  readonly copies: readonly PlacedCopy[];
};

/** One line below the group's own pods: what it is, and a tile for each of its pods. */
export type PlacedCopy = Rect & { readonly copy: CopyBlock; readonly cells: readonly PlacedCell[] };

export type PlacedArrow = {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly isMet: boolean;
};

export const MAX_LANES = 12;
/** Height of the line with the role's count above its cards. */
export const COUNT_H = 16;

const HEAD_H = 32;
const FIT_H = 52;
const MIN_CARD_W = 84;
const MAX_CARD_W = 124;
const CARD_H = 54;
const MIN_TILE = 26;
/** Height of the line of a copy on another cluster, and the side of its tiles. */
const COPY_H = 22;
const COPY_TILE = 10;
const ARROW_STEP = 13;
/** Mean width of a character of the sentence; on a phone it may take two lines. */
const SAY_CHAR_W = 6;
const MAX_STRETCH = 36;

type Grid = { readonly cellW: number; readonly cellH: number; readonly perRow: number };

type Frame = {
  readonly isWide: boolean;
  readonly pad: number;
  readonly headW: number;
  readonly gutter: number;
  readonly gap: number;
  readonly bodyX: number;
  readonly bodyW: number;
};

/** Lays the groups out as lanes; the height is at least `minHeight` and grows with the content. */
export function layoutLanes(model: TopologyModel, width: number, minHeight: number): LaneLayout {
  const frame = frameOf(width);
  const counts = model.columns.map((column) => columnCount(model.groups, column));
  const grid = chooseGrid(counts, frame);
  let x = frame.bodyX;
  const columns = model.columns.map((column, index): PlacedColumn => {
    const n = Math.min(counts[index] ?? 1, grid.perRow);
    const w = n * grid.cellW + (n - 1) * frame.gap;
    const placed = { column, x, w };
    x += w + frame.gutter;
    return placed;
  });
  const top = frame.isWide ? HEAD_H : 4;
  const heights = model.groups.map((group) => laneHeight(group, model, columns, grid, frame));
  const used = top + heights.reduce((sum, h) => sum + h, 0);
  const stretch =
    frame.isWide && model.groups.length > 0
      ? Math.max(0, Math.min(MAX_STRETCH, Math.floor((minHeight - used) / model.groups.length)))
      : 0;

  const groups: PlacedLane[] = [];
  const roles: PlacedRole[] = [];
  const cells: PlacedCell[] = [];
  const instances: PlacedInstance[] = [];
  const arrows: PlacedArrow[] = [];
  let y = top;
  model.groups.forEach((group, index) => {
    const lane = placeLane(group, y, (heights[index] ?? 0) + stretch, stretch / 2, width, frame);
    groups.push(lane);
    if (!lane.showsFit) {
      const placed = placeRoles(group, lane, model, columns, grid, frame);
      roles.push(...placed.roles);
      cells.push(...placed.cells);
      instances.push(...placed.instances);
      arrows.push(...placeArrows(group, placed.roles, lane, model, columns, frame));
    }
    y += lane.h;
  });
  const height = Math.max(minHeight, y);
  return { kind: "lanes", width, height, isWide: frame.isWide, columns, groups, roles, cells, instances, arrows };
}

/** True for a group without a place whose reasons are known. */
export function showsFit(group: GroupBox): boolean {
  return group.view.cluster === null && group.view.refusals.length > 0;
}

function frameOf(width: number): Frame {
  const isWide = width >= WIDE_FROM;
  const pad = isWide ? 16 : 12;
  const headW = isWide ? 150 : 0;
  return {
    isWide,
    pad,
    headW,
    gutter: isWide ? 32 : 20,
    gap: isWide ? 5 : 3,
    bodyX: pad + headW,
    bodyW: Math.max(40, width - pad * 2 - headW),
  };
}

function columnCount(groups: readonly GroupBox[], column: RoleColumn): number {
  const names = new Set(column.roles.map((role) => role.role));
  return groups.reduce(
    (most, group) => group.roles.reduce((n, block) => (names.has(block.role) ? Math.max(n, slotsOf(block)) : n), most),
    1,
  );
}

/** Cards while they fit in three rows, else tiles that wrap. */
function chooseGrid(counts: readonly number[], frame: Frame): Grid {
  const most = Math.max(1, ...counts);
  const widthAt = (perRow: number): number => {
    const shown = counts.map((n) => Math.min(n, perRow));
    const total = shown.reduce((sum, n) => sum + n, 0);
    const gaps = frame.gutter * (counts.length - 1) + frame.gap * (total - counts.length);
    return Math.floor((frame.bodyW - gaps) / Math.max(1, total));
  };
  if (frame.isWide) {
    for (let rows = 1; rows <= 3; rows++) {
      const perRow = Math.ceil(most / rows);
      const cellW = widthAt(perRow);
      if (cellW >= MIN_CARD_W) return { cellW: Math.min(MAX_CARD_W, cellW), cellH: CARD_H, perRow };
    }
  }
  for (let perRow = most; perRow > 1; perRow--) {
    const cellW = widthAt(perRow);
    if (cellW >= MIN_TILE) {
      const side = Math.min(40, cellW);
      return { cellW: side, cellH: Math.min(side, 34), perRow };
    }
  }
  const side = Math.max(4, Math.min(MIN_TILE, widthAt(1)));
  return { cellW: side, cellH: side, perRow: 1 };
}

function blockHeight(block: RoleBlock, grid: Grid, gap: number): number {
  const rows = Math.max(1, Math.ceil(slotsOf(block) / placesPerRow(grid.perRow, block.size)));
  return rows * grid.cellH + (rows - 1) * gap;
}

function columnHeight(blocks: readonly RoleBlock[], grid: Grid, gap: number): number {
  return blocks.reduce((sum, block, index) => sum + COUNT_H + blockHeight(block, grid, gap) + (index > 0 ? 6 : 0), 0);
}

function blocksOf(group: GroupBox, column: RoleColumn): readonly RoleBlock[] {
  return column.roles.flatMap((role) => group.roles.filter((block) => block.role === role.role));
}

function bodyHeight(group: GroupBox, columns: readonly PlacedColumn[], grid: Grid, gap: number): number {
  return Math.max(0, ...columns.map(({ column }) => columnHeight(blocksOf(group, column), grid, gap)));
}

function columnOf(model: TopologyModel, role: string): number {
  return model.columns.findIndex((column) => column.roles.some((item) => item.role === role));
}

function hasSkips(model: TopologyModel): boolean {
  return model.edges.some((edge) => columnOf(model, edge.to) - columnOf(model, edge.from) > 1);
}

function laneHeight(
  group: GroupBox,
  model: TopologyModel,
  columns: readonly PlacedColumn[],
  grid: Grid,
  frame: Frame,
): number {
  const body = showsFit(group) ? FIT_H : bodyHeight(group, columns, grid, frame.gap) + (hasSkips(model) ? 12 : 0);
  const head = frame.isWide ? 12 : 32;
  const height = head + sayHeight(group, frame) + body + 14;
  return (frame.isWide ? Math.max(86, height) : height) + group.copies.length * COPY_H;
}

/** At the end of the lane, one below the other. On a phone the tiles are on the right, where there is room for some. */
function placeCopies(group: GroupBox, bottom: number, frame: Frame): readonly PlacedCopy[] {
  const top = bottom - group.copies.length * COPY_H - 6;
  const most = Math.max(1, Math.floor(frame.bodyW / 2 / (COPY_TILE + 2)));
  return group.copies.map((copy, index): PlacedCopy => {
    const y = top + index * COPY_H;
    const cells = copy.cells.slice(0, most).map(
      (cell, position): PlacedCell => ({
        cell,
        x: frame.bodyX + position * (COPY_TILE + 2),
        y: y + 6,
        w: COPY_TILE,
        h: COPY_TILE,
      }),
    );
    return { copy, cells, x: frame.bodyX, y, w: frame.bodyW, h: COPY_H };
  });
}

function sayHeight(group: GroupBox, frame: Frame): number {
  const { message, untilMs } = group.view;
  if (message === null) return 0;
  const length = message.length + (untilMs === null ? 0 : 5);
  return frame.isWide || length * SAY_CHAR_W < frame.bodyW ? 20 : 36;
}

function placeLane(group: GroupBox, y: number, h: number, shift: number, width: number, frame: Frame): PlacedLane {
  const sayY = y + (frame.isWide ? 12 : 32) + shift;
  return {
    group,
    x: 0,
    y,
    w: width,
    h,
    sayY,
    bodyY: sayY + sayHeight(group, frame),
    bodyX: frame.bodyX,
    bodyW: frame.bodyW,
    showsFit: showsFit(group),
    copies: placeCopies(group, y + h, frame),
  };
}

function placeRoles(
  group: GroupBox,
  lane: PlacedLane,
  model: TopologyModel,
  columns: readonly PlacedColumn[],
  grid: Grid,
  frame: Frame,
): Pick<LaneLayout, "roles" | "cells" | "instances"> {
  const roles: PlacedRole[] = [];
  const cells: PlacedCell[] = [];
  const instances: PlacedInstance[] = [];
  const body = bodyHeight(group, columns, grid, frame.gap);
  columns.forEach(({ x }, index) => {
    const column = model.columns[index];
    if (column === undefined) return;
    const blocks = blocksOf(group, column);
    let y = lane.bodyY + Math.floor((body - columnHeight(blocks, grid, frame.gap)) / 2);
    for (const block of blocks) {
      y += COUNT_H;
      const perRow = placesPerRow(grid.perRow, block.size);
      const inRow = Math.min(Math.max(1, slotsOf(block)), perRow);
      const h = blockHeight(block, grid, frame.gap);
      roles.push({ block, group, x, y, w: inRow * grid.cellW + (inRow - 1) * frame.gap, h });
      const placed = block.cells.map((cell, position): PlacedCell => {
        const k = slotOf(cell, position, block.size);
        return {
          cell,
          x: x + (k % perRow) * (grid.cellW + frame.gap),
          y: y + Math.floor(k / perRow) * (grid.cellH + frame.gap),
          w: grid.cellW,
          h: grid.cellH,
        };
      });
      cells.push(...placed);
      if (block.size > 1) instances.push(...placeInstances(placed));
      y += h + 6;
    }
  });
  return { roles, cells, instances };
}

function placeArrows(
  group: GroupBox,
  roles: readonly PlacedRole[],
  lane: PlacedLane,
  model: TopologyModel,
  columns: readonly PlacedColumn[],
  frame: Frame,
): readonly PlacedArrow[] {
  const channel = lane.y + lane.h - 9 - group.copies.length * COPY_H;
  const placedOf = (name: string): PlacedRole | undefined => roles.find((role) => role.block.role === name);
  return model.edges.flatMap((edge): readonly PlacedArrow[] => {
    const from = placedOf(edge.from);
    const to = placedOf(edge.to);
    if (from === undefined || to === undefined) return [];
    // Several arrows into one role end below each other and bend beside each other, so that met and waiting stay apart.
    const incoming = model.edges
      .filter((other) => other.to === edge.to)
      .toSorted((a, b) => (placedOf(a.from)?.y ?? 0) - (placedOf(b.from)?.y ?? 0));
    const position = incoming.indexOf(edge);
    const isMet = isEdgeMet(group, edge);
    const fromColumn = columnOf(model, edge.from);
    const y1 = Math.round(from.y + from.h / 2);
    const y2 = Math.round(to.y + to.h / 2 + (position - (incoming.length - 1) / 2) * ARROW_STEP);
    const bend = to.x - (frame.isWide ? 18 + position * 4 : 12 + position * 2);
    const start = { x: from.x + from.w + 5, y: y1 };
    const end = { x: to.x - 5, y: y2 };
    if (columnOf(model, edge.to) - fromColumn === 1) {
      if (Math.abs(y1 - y2) <= 1) return [{ points: [start, { x: end.x, y: y1 }], isMet }];
      return [{ points: [start, { x: bend, y: y1 }, { x: bend, y: y2 }, end], isMet }];
    }
    const placedFrom = columns[fromColumn];
    const down = placedFrom === undefined ? start.x + 6 : placedFrom.x + placedFrom.w + 11;
    return [
      {
        points: [start, { x: down, y: y1 }, { x: down, y: channel }, { x: bend, y: channel }, { x: bend, y: y2 }, end],
        isMet,
      },
    ];
  });
}
