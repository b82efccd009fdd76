import type { GroupPhase, PodState } from "@openpatio/core/model";
import type { Rect, Viewport } from "./layout.ts";
import type { PodCell } from "./model.ts";
import type { Motion } from "./motion.ts";
import type { Palette } from "./palette.ts";
import { GROUP_TONE, POD_TONE, type Tone } from "./states.ts";

/** Everything a painter needs besides the layout. Sizes are CSS pixels; the context is scaled for the screen. */
export type Scene = {
  readonly ctx: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly width: number;
  readonly height: number;
  readonly view: Viewport;
  readonly selectedGroup: number | null;
  readonly selectedPod: string | null;
  readonly hoveredPod: string | null;
  /** All pods of a multi-node instance are marked together. */
  readonly hoveredInstance: string | null;
  readonly nowMs: number;
  /** Groups that the phase filter leaves out stay in their place, paler. */
  readonly isDimmed: (group: number) => boolean;
  readonly motion: Motion;
};

/** Rectangle of the layout on the screen. */
export function onScreen(scene: Scene, rect: Rect): Rect {
  const { scale, x, y } = scene.view;
  return { x: rect.x * scale + x, y: rect.y * scale + y, w: rect.w * scale, h: rect.h * scale };
}

export function isOutside(scene: Scene, rect: Rect): boolean {
  return rect.x > scene.width || rect.y > scene.height || rect.x + rect.w < 0 || rect.y + rect.h < 0;
}

export function roundedPath(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  h: number,
  radius: number,
): void {
  ctx.beginPath();
  ctx.roundRect(x, y, Math.max(0, w), Math.max(0, h), radius);
}

export function strokeLine(
  ctx: CanvasRenderingContext2D,
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
  color: string,
  width = 1,
  dash: number[] = [],
): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.stroke();
  ctx.setLineDash([]);
}

export function hatch(ctx: CanvasRenderingContext2D, rect: Rect, color: string, step = 5, width = 1): void {
  const { x, y, w, h } = rect;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.beginPath();
  for (let d = -h; d < w; d += step) {
    ctx.moveTo(x + d, y + h);
    ctx.lineTo(x + d + h, y);
  }
  ctx.stroke();
  ctx.restore();
}

type TextOptions = {
  readonly font: string;
  readonly color: string;
  /** Pixels; longer text is cut with an ellipsis, never squeezed. */
  readonly max?: number;
  readonly align?: "left" | "right" | "center";
};

/** Draws one line of text at its baseline and returns its width. */
export function drawText(
  ctx: CanvasRenderingContext2D,
  value: string,
  x: number,
  y: number,
  options: TextOptions,
): number {
  ctx.font = options.font;
  ctx.fillStyle = options.color;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = options.align ?? "left";
  const shown = cutText(ctx, value, options.max ?? Number.POSITIVE_INFINITY);
  if (shown === "") return 0;
  ctx.fillText(shown, x, y);
  return ctx.measureText(shown).width;
}

/** The text with its end kept whole: what tells "kv-store-0" from "kv-store-1" is last. */
export function cutBeforeEnd(ctx: CanvasRenderingContext2D, value: string, end: string, max: number): string {
  if (end === "" || !value.endsWith(end) || ctx.measureText(value).width <= max) return value;
  const start = cutText(ctx, `${value.slice(0, -end.length)} `, max - ctx.measureText(end).width);
  return start === "" ? value : `${start}${end}`;
}

function cutText(ctx: CanvasRenderingContext2D, value: string, max: number): string {
  if (max === Number.POSITIVE_INFINITY || ctx.measureText(value).width <= max) return value;
  let low = 0;
  let high = value.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ctx.measureText(`${value.slice(0, middle)}…`).width <= max) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${value.slice(0, low).trimEnd()}…`;
}

/** Breaks text into at most `lines` lines; the last one is cut when it draws. */
export function wrapText(
  ctx: CanvasRenderingContext2D,
  value: string,
  max: number,
  font: string,
  lines: number,
): readonly string[] {
  ctx.font = font;
  const out: string[] = [];
  let line = "";
  for (const word of value.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && out.length < lines - 1 && ctx.measureText(longer).width > max) {
      out.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...out, line];
}

export function arrowHead(ctx: CanvasRenderingContext2D, x: number, y: number, color: string, isHollow = false): void {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x - 5, y - 3.5);
  ctx.lineTo(x - 5, y + 3.5);
  ctx.closePath();
  if (isHollow) {
    ctx.strokeStyle = color;
    ctx.lineWidth = 1;
    ctx.stroke();
  } else {
    ctx.fillStyle = color;
    ctx.fill();
  }
}

/** The cut tells the state even without colour. */
export type TileCut =
  | "whole"
  | "level"
  | "loose"
  | "loose-core"
  | "frame-core"
  | "diagonal"
  | "notch"
  | "cross"
  | "slash"
  | "bar";

const POD_CUT = {
  ready: "whole",
  starting: "level",
  unready: "notch",
  waiting: "loose",
  tornDown: "loose-core",
  failed: "cross",
  deleting: "bar",
  unknown: "slash",
} as const satisfies Record<PodState, TileCut>;

const GROUP_CUT = {
  Ready: "whole",
  Starting: "level",
  Updating: "diagonal",
  Recovering: "frame-core",
  Degraded: "notch",
  Failed: "cross",
  Pending: "loose",
  Unknown: "slash",
  Deleting: "bar",
} as const satisfies Record<GroupPhase, TileCut>;

type TileOptions = { readonly progress?: number | null; readonly isField?: boolean; readonly isStale?: boolean };

/** The state drawn for a pod's place: the pod that caused a recovery keeps its cross while everything else is torn down. */
export function cellState(cell: PodCell): PodState {
  return cell.isCause ? "failed" : cell.pod.state;
}

export function drawPodTile(scene: Scene, rect: Rect, cell: PodCell, options: TileOptions = {}): void {
  const state = cellState(cell);
  drawTile(scene, rect, POD_CUT[state], POD_TONE[state], options);
}

export function drawGroupTile(scene: Scene, rect: Rect, phase: GroupPhase, options: TileOptions = {}): void {
  drawTile(scene, rect, GROUP_CUT[phase], GROUP_TONE[phase], options);
}

/** One tile, from 4 px up, square or stretched over several GPU slots. */
export function drawTile(scene: Scene, rect: Rect, cut: TileCut, tone: Tone, options: TileOptions = {}): void {
  const { ctx, palette } = scene;
  const { x, y, w, h } = rect;
  const side = Math.min(w, h);
  const radius = side < 9 ? 0 : Math.min(2, side / 5);
  const stroke = side < 9 ? 1 : side < 18 ? 1.25 : 1.5;
  const inset = stroke / 2;
  const color = options.isField === true && tone === "ready" ? palette.readyField : palette.tones[tone].fill;
  ctx.fillStyle = color;
  ctx.strokeStyle = color;
  ctx.lineWidth = stroke;
  const outline = (): void => {
    roundedPath(ctx, x + inset, y + inset, w - stroke, h - stroke, Math.max(0, radius - inset));
    ctx.stroke();
  };
  const core = (): void => {
    const size = Math.max(2, Math.round(side * 0.28));
    ctx.fillRect(x + (w - size) / 2, y + (h - size) / 2, size, size);
  };
  switch (cut) {
    case "whole":
      // Thousands of small ready tiles are the common case, and a rectangle costs a third of a rounded one.
      if (radius === 0) {
        ctx.fillRect(x, y, w, h);
      } else {
        roundedPath(ctx, x, y, w, h, radius);
        ctx.fill();
      }
      break;
    case "level": {
      outline();
      const filled = Math.max(0.25, Math.min(1, options.progress ?? 0.5)) * (h - 2 * stroke);
      ctx.fillRect(x + stroke, y + h - stroke - filled, w - 2 * stroke, filled);
      break;
    }
    case "loose":
      drawLoose(ctx, rect, inset, side, outline);
      break;
    case "loose-core":
      drawLoose(ctx, rect, inset, side, outline);
      core();
      break;
    case "frame-core":
      outline();
      core();
      break;
    case "diagonal":
      outline();
      ctx.beginPath();
      ctx.moveTo(x + w, y);
      ctx.lineTo(x + w, y + h);
      ctx.lineTo(x, y + h);
      ctx.closePath();
      ctx.fill();
      break;
    case "notch":
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x + w / 2, y);
      ctx.lineTo(x + w / 2, y + h / 2);
      ctx.lineTo(x + w, y + h / 2);
      ctx.lineTo(x + w, y + h);
      ctx.lineTo(x, y + h);
      ctx.closePath();
      ctx.fill();
      break;
    case "cross": {
      roundedPath(ctx, x, y, w, h, radius);
      ctx.fill();
      const arm = side * 0.26;
      const middle = { x: x + w / 2, y: y + h / 2 };
      const width = Math.max(1, side / 7);
      const cross = palette.surface;
      strokeLine(ctx, { x: middle.x - arm, y: middle.y - arm }, { x: middle.x + arm, y: middle.y + arm }, cross, width);
      strokeLine(ctx, { x: middle.x + arm, y: middle.y - arm }, { x: middle.x - arm, y: middle.y + arm }, cross, width);
      break;
    }
    case "slash":
      outline();
      strokeLine(ctx, { x: x + inset, y: y + h - inset }, { x: x + w - inset, y: y + inset }, color, stroke);
      break;
    case "bar":
      outline();
      ctx.fillRect(x + w * 0.25, y + h / 2 - inset, w * 0.5, stroke);
      break;
  }
  if (options.isStale === true) hatch(ctx, rect, palette.surface, Math.max(3, side / 3), Math.max(1, side / 9));
}

function drawLoose(ctx: CanvasRenderingContext2D, rect: Rect, inset: number, side: number, outline: () => void): void {
  const { x, y, w, h } = rect;
  if (w > 1.4 * h && side >= 6) {
    ctx.setLineDash([3, 2]);
    outline();
    ctx.setLineDash([]);
    return;
  }
  const arm = Math.max(1.5, side * 0.3);
  const corners = [
    { cx: x + inset, cy: y + inset, dx: 1, dy: 1 },
    { cx: x + w - inset, cy: y + inset, dx: -1, dy: 1 },
    { cx: x + w - inset, cy: y + h - inset, dx: -1, dy: -1 },
    { cx: x + inset, cy: y + h - inset, dx: 1, dy: -1 },
  ];
  ctx.beginPath();
  for (const { cx, cy, dx, dy } of corners) {
    ctx.moveTo(cx + dx * arm, cy);
    ctx.lineTo(cx, cy);
    ctx.lineTo(cx, cy + dy * arm);
  }
  ctx.stroke();
}

/** Would fit: filled. No room: red and dashed. Not considered: pale. */
export function drawFit(scene: Scene, rect: Rect, fit: "yes" | "no" | "unasked"): void {
  const { ctx, palette } = scene;
  if (fit === "no") {
    ctx.strokeStyle = palette.tones.failed.fill;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 2]);
    roundedPath(ctx, rect.x + 0.5, rect.y + 0.5, rect.w - 1, rect.h - 1, 2);
    ctx.stroke();
    ctx.setLineDash([]);
    return;
  }
  ctx.fillStyle = fit === "yes" ? palette.ink2 : palette.hover;
  roundedPath(ctx, rect.x, rect.y, rect.w, rect.h, 2);
  ctx.fill();
}

/** A number on the edge of a frame. */
export function drawTab(scene: Scene, x: number, y: number, value: string, color: string): void {
  const { ctx, palette } = scene;
  ctx.font = palette.fonts.tab;
  const w = Math.ceil(ctx.measureText(value).width) + 6;
  ctx.fillStyle = color;
  roundedPath(ctx, Math.round(x - 0.75), Math.round(y - 9), w, 12, 2);
  ctx.fill();
  drawText(ctx, value, Math.round(x + 2.25), Math.round(y), { font: palette.fonts.tab, color: palette.surface });
}
