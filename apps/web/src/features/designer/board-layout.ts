import { waveNumbers } from "@openpatio/core/plan";
import type { DesignRole } from "./design.ts";

/**
 * Columns are startup waves: a card stands where its role starts, so the picture is the order. Where the canvas is
 * narrow the waves are stacked instead, and the wires run in a margin on the left. Pixels of the canvas.
 */

export const CARD_WIDTH = 216;
/** The port of a card stands this far below its top. */
export const PORT_Y = 68;
/** Below this width of the canvas the waves are stacked. */
export const STACK_BELOW = 560;

const MIN_WAVE_WIDTH = 268;
const MAX_WAVE_WIDTH = 420;
const CARD_GAP = 28;
/** Room for the head of a wave. */
const TOP = 52;
const HEAD_HEIGHT = 68;
const FACT_HEIGHT = 20;
const FACTS = 4;
const FACTS_PADDING = 15;
const FOOT_HEIGHT = 29;
const STACK_MARGIN = 44;
const STACK_HEAD = 34;
const LANE = 8;
/** A wire that has to pass a card keeps this distance. */
const CLEARANCE = 14;

export type PlacedCard = {
  readonly role: DesignRole;
  readonly wave: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};
export type Wave = {
  readonly number: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Roles that it waits for; empty where all start at once. */
  readonly after: readonly string[];
};
export type BoardLayout = {
  readonly isStacked: boolean;
  readonly cards: readonly PlacedCard[];
  readonly waves: readonly Wave[];
  readonly width: number;
  readonly height: number;
};
export type Point = readonly [x: number, y: number];

export const cardHeight = (role: DesignRole): number =>
  HEAD_HEIGHT + FACTS * FACT_HEIGHT + FACTS_PADDING + (role.problems.length > 0 ? FOOT_HEIGHT : 0);

export function layoutBoard(roles: readonly DesignRole[], isOrdered: boolean, canvasWidth: number): BoardLayout {
  const columns = columnsOf(roles);
  const known = new Set(roles.map((role) => role.name));
  const afterOf = (column: readonly DesignRole[]) =>
    isOrdered ? [...new Set(column.flatMap((role) => role.dependencies))].filter((name) => known.has(name)) : [];
  return canvasWidth < STACK_BELOW ? stack(columns, afterOf, canvasWidth) : placeColumns(columns, afterOf, canvasWidth);
}

function columnsOf(roles: readonly DesignRole[]): readonly (readonly DesignRole[])[] {
  const waveOf = waveNumbers(roles.map((role) => ({ role: role.name, dependencies: role.dependencies })));
  const columns: DesignRole[][] = [];
  for (const role of roles) {
    const column = (waveOf.get(role.name) ?? 1) - 1;
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(role);
  }
  return columns;
}

type AfterOf = (column: readonly DesignRole[]) => readonly string[];

function placeColumns(columns: readonly (readonly DesignRole[])[], afterOf: AfterOf, canvasWidth: number): BoardLayout {
  const share = canvasWidth / Math.max(columns.length, 1);
  const width = Math.round(Math.min(Math.max(share, MIN_WAVE_WIDTH), MAX_WAVE_WIDTH));
  const heights = columns.map((column) => column.reduce((sum, role) => sum + cardHeight(role) + CARD_GAP, -CARD_GAP));
  const tallest = Math.max(0, ...heights);
  const height = TOP + tallest + CARD_GAP;
  const cards = columns.flatMap((column, wave) => {
    // Columns are centred on each other, so that arrows between lone cards run straight.
    let y = TOP + (tallest - (heights[wave] ?? 0)) / 2;
    return column.map((role) => {
      const card = {
        role,
        wave,
        x: wave * width + Math.round((width - CARD_WIDTH) / 2),
        y: Math.round(y),
        width: CARD_WIDTH,
        height: cardHeight(role),
      };
      y += card.height + CARD_GAP;
      return card;
    });
  });
  const waves = columns.map((column, i) => ({
    number: i + 1,
    x: i * width,
    y: 0,
    width,
    height,
    after: afterOf(column),
  }));
  return { isStacked: false, cards, waves, width: width * columns.length, height };
}

function stack(columns: readonly (readonly DesignRole[])[], afterOf: AfterOf, canvasWidth: number): BoardLayout {
  let y = 0;
  const cards: PlacedCard[] = [];
  const waves = columns.map((column, wave) => {
    const top = y;
    y += STACK_HEAD;
    for (const role of column) {
      const height = cardHeight(role);
      cards.push({ role, wave, x: STACK_MARGIN, y, width: canvasWidth - STACK_MARGIN - 16, height });
      y += height + 16;
    }
    return { number: wave + 1, x: 0, y: top, width: canvasWidth, height: y - top, after: afterOf(column) };
  });
  return { isStacked: true, cards, waves, width: canvasWidth, height: y };
}

/**
 * The corners of the wire from one card to one that waits for it. Between neighbouring waves it bends once, in the joint
 * before the target; over a wave in between it takes the way that crosses no card.
 */
export function routeWire(layout: BoardLayout, from: PlacedCard, to: PlacedCard): readonly Point[] {
  if (layout.isStacked) return routeInMargin(layout, from, to);
  const start: Point = [from.x + from.width, from.y + PORT_Y];
  const end: Point = [to.x, to.y + PORT_Y];
  const joint = layout.waves[to.wave]?.x ?? end[0];
  if (to.wave <= from.wave) return routeBack(layout, start, end);
  const between = layout.cards.filter((card) => card.wave > from.wave && card.wave < to.wave);
  const isFree = (y: number) => between.every((card) => y < card.y - 2 || y > card.y + card.height + 2);
  if (isFree(start[1])) return [start, [joint, start[1]], [joint, end[1]], end];
  const firstJoint = layout.waves[from.wave + 1]?.x ?? joint;
  if (isFree(end[1])) return [start, [firstJoint, start[1]], [firstJoint, end[1]], end];
  const detour = between
    .flatMap((card) => [card.y - CLEARANCE, card.y + card.height + CLEARANCE])
    .filter(isFree)
    .sort((a, b) => Math.abs(a - start[1]) - Math.abs(b - start[1]))[0];
  const y = detour ?? start[1];
  return [start, [firstJoint, start[1]], [firstJoint, y], [joint, y], [joint, end[1]], end];
}

/** Around everything, below the cards: an arrow against the order, as in a ring. */
export function routeBack(layout: BoardLayout, start: Point, end: Point): readonly Point[] {
  const below = Math.max(0, ...layout.cards.map((card) => card.y + card.height)) + CLEARANCE;
  const right = start[0] + 20;
  const left = end[0] - 28;
  return [start, [right, start[1]], [right, below], [left, below], [left, end[1]], end];
}

/** Wires of a stack leave and enter on the left; the longer the way, the further out. */
function routeInMargin(layout: BoardLayout, from: PlacedCard, to: PlacedCard): readonly Point[] {
  const start: Point = [from.x, from.y + from.height - 20];
  const end: Point = [to.x, to.y + PORT_Y];
  const order = (card: PlacedCard) => layout.cards.indexOf(card);
  const lane = Math.min(Math.abs(order(to) - order(from)), 3);
  const x = STACK_MARGIN - 12 - lane * LANE;
  return [start, [x, start[1]], [x, end[1]], end];
}

/** SVG path through the corners, each rounded, ending `gap` before the last point so that the arrowhead has room. */
export function wirePath(points: readonly Point[], radius: number, gap = 0): string {
  const ways = points.filter(
    (point, i) => i === 0 || point[0] !== points[i - 1]?.[0] || point[1] !== points[i - 1]?.[1],
  );
  const [first, ...rest] = ways;
  if (first === undefined) return "";
  const steps = rest.map((point, i) => {
    const next = rest[i + 1];
    const before = ways[i] ?? first;
    if (next === undefined) return `L${toward(point, before, gap)}`;
    const reach = Math.min(radius, distance(before, point) / 2, distance(point, next) / 2);
    return `L${toward(point, before, reach)}Q${point[0]},${point[1]} ${toward(point, next, reach)}`;
  });
  return `M${first[0]},${first[1]}${steps.join("")}`;
}

const distance = (a: Point, b: Point): number => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);

/** The point `by` pixels away from `point` on the straight way to `other`. */
function toward(point: Point, other: Point, by: number): string {
  const length = Math.hypot(other[0] - point[0], other[1] - point[1]) || 1;
  const share = Math.min(by / length, 1);
  const round = (value: number) => Math.round(value * 10) / 10;
  return `${round(point[0] + (other[0] - point[0]) * share)},${round(point[1] + (other[1] - point[1]) * share)}`;
}
