import type { PlacedInstance } from "./instances.ts";
import { cellLevel, type Rect } from "./layout.ts";
import { isLeader, type PodCell, placeText } from "./model.ts";
import {
  cellState,
  cutBeforeEnd,
  drawPodTile,
  drawText,
  hatch,
  isOutside,
  onScreen,
  roundedPath,
  type Scene,
} from "./paint.ts";
import { isEmptyPlace, POD_TONE } from "./states.ts";

type CellOptions = {
  /** Nodes are the frame already: quiet pods get a ground instead of an outline. */
  readonly inRack: boolean;
  /** Many tiles: ready is drawn paler. */
  readonly isField: boolean;
};

/** Draws a pod at its place, as much of it as there is room for, in the middle of a change if there is one. */
export function drawCell(scene: Scene, rect: Rect, cell: PodCell, options: CellOptions): void {
  const { ctx, motion, nowMs, view } = scene;
  const sample = motion.sample(cell.key, nowMs);
  const placed = onScreen(scene, rect);
  const x = placed.x + sample.dx * view.scale;
  const y = placed.y + sample.dy * view.scale;
  if (isOutside(scene, placed)) return;
  const box = {
    x: Math.round(x),
    y: Math.round(y),
    w: Math.max(1, Math.round(placed.w)),
    h: Math.max(1, Math.round(placed.h)),
  };
  const alpha = scene.isDimmed(cell.group) ? 0.25 : 1;
  if (sample.previous !== null) {
    ctx.globalAlpha = alpha * (1 - sample.fade);
    drawStill(scene, box, sample.previous, options);
  }
  ctx.globalAlpha = alpha * (sample.previous === null ? 1 : sample.fade);
  drawStill(scene, box, cell, options);
  ctx.globalAlpha = 1;
  if (cell.pod.name === scene.selectedPod) {
    ctx.strokeStyle = scene.palette.accent;
    ctx.lineWidth = 2;
    const margin = Math.min(box.w, box.h) < 12 ? 2 : 1.5;
    roundedPath(ctx, box.x - margin, box.y - margin, box.w + 2 * margin, box.h + 2 * margin, 4);
    ctx.stroke();
  } else if (cell.key === scene.hoveredPod || (cell.instance !== null && cell.instance === scene.hoveredInstance)) {
    ctx.strokeStyle = scene.palette.lineControl;
    ctx.lineWidth = 1;
    roundedPath(ctx, box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1, 3);
    ctx.stroke();
  }
}

/** From this height of a pod its instance is framed; below it its pods are joined. */
const MIN_FRAMED = 20;

/** Under the pods: what holds a leader and its workers together, at every zoom. */
export function drawInstances(scene: Scene, instances: readonly PlacedInstance[]): void {
  const { ctx, palette } = scene;
  for (const placed of instances) {
    const at = onScreen(scene, placed);
    if (isOutside(scene, at)) continue;
    ctx.globalAlpha = scene.isDimmed(placed.group) ? 0.25 : 1;
    if (at.h >= MIN_FRAMED) {
      ctx.strokeStyle = palette.lineControl;
      ctx.lineWidth = 1;
      roundedPath(ctx, Math.round(at.x) - 1.5, Math.round(at.y) - 1.5, Math.round(at.w) + 3, Math.round(at.h) + 3, 4);
      ctx.stroke();
    } else {
      ctx.fillStyle = palette.ink3;
      const h = Math.max(1, Math.round(at.h * 0.34));
      ctx.fillRect(at.x, Math.round(at.y + (at.h - h) / 2), at.w, h);
    }
    ctx.globalAlpha = 1;
  }
}

/** A corner that is turned down. */
function drawLeaderMark(scene: Scene, box: Rect, isTile: boolean): void {
  const { ctx, palette } = scene;
  const side = isTile ? Math.max(2, Math.round(box.w * 0.4)) : Math.min(7, Math.round(box.w * 0.3));
  const right = box.x + box.w;
  ctx.fillStyle = isTile ? palette.surface : palette.ink2;
  ctx.beginPath();
  ctx.moveTo(right - side, box.y);
  ctx.lineTo(right, box.y);
  ctx.lineTo(right, box.y + side);
  ctx.closePath();
  ctx.fill();
}

function drawStill(scene: Scene, box: Rect, cell: PodCell, options: CellOptions): void {
  const { palette } = scene;
  // The cut of these states has lines of its own that a hatch would break.
  const isStale = cell.pod.isStale && cell.pod.state !== "unknown" && !isEmptyPlace(cell.pod.state);
  const level = cellLevel(box.w, box.h);
  if (level === "heat" || level === "tile") {
    drawPodTile(scene, box, cell, { progress: cell.pod.progress, isField: options.isField, isStale });
    if (level === "tile" && isLeader(cell) && box.w >= 5) drawLeaderMark(scene, box, true);
    return;
  }
  drawGround(scene, box, cell, options, level === "framed" ? 2 : 3);
  if (isLeader(cell)) drawLeaderMark(scene, box, false);
  if (level === "framed") {
    const side = Math.round(Math.min(box.w, box.h) * 0.46);
    const tile = {
      x: box.x + Math.round((box.w - side) / 2),
      y: box.y + Math.round((box.h - side) / 2),
      w: side,
      h: side,
    };
    drawPodTile(scene, tile, cell, { progress: cell.pod.progress, isStale });
    return;
  }
  if (level === "label") drawLabel(scene, box, cell);
  else drawCard(scene, box, cell);
  if (cell.pod.isStale)
    hatch(scene.ctx, { x: box.x + 1, y: box.y + 1, w: box.w - 2, h: box.h - 2 }, palette.staleHatch, 5);
}

function drawGround(scene: Scene, box: Rect, cell: PodCell, options: CellOptions, dash: number): void {
  const { ctx, palette } = scene;
  const tone = palette.tones[POD_TONE[cell.pod.state]];
  const isEmpty = isEmptyPlace(cell.pod.state);
  const isQuiet = cell.pod.state === "ready";
  ctx.lineWidth = 1;
  roundedPath(ctx, box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1, 3);
  if (isEmpty) {
    ctx.strokeStyle = cell.pod.state === "tornDown" ? tone.line : palette.lineStrong;
    ctx.setLineDash([dash, dash]);
    ctx.stroke();
    ctx.setLineDash([]);
    return;
  }
  if (isQuiet && options.inRack) {
    ctx.fillStyle = palette.hover;
    ctx.fill();
    return;
  }
  ctx.fillStyle = isQuiet ? palette.surface : tone.soft;
  ctx.fill();
  ctx.strokeStyle = isQuiet ? palette.lineStrong : cell.pod.state === "failed" ? tone.fill : tone.line;
  ctx.stroke();
}

function drawLabel(scene: Scene, box: Rect, cell: PodCell): void {
  const { ctx, palette } = scene;
  const hasName = box.w >= 58;
  const side = Math.round(Math.min(11, Math.min(box.w, box.h) - 8));
  const tileY = hasName ? box.y + Math.round((box.h - side) / 2) : box.y + 5;
  drawPodTile(scene, { x: box.x + 5, y: tileY, w: side, h: side }, cell, { progress: cell.pod.progress });
  const color = isEmptyPlace(cell.pod.state) ? palette.ink3 : palette.ink;
  if (hasName) {
    ctx.font = palette.fonts.mono11;
    drawText(
      ctx,
      cutBeforeEnd(ctx, cell.label, endOf(cell), box.w - side - 14),
      box.x + side + 10,
      box.y + box.h / 2 + 4,
      {
        font: palette.fonts.mono11,
        color,
        max: box.w - side - 14,
      },
    );
  } else if (cell.pod.ordinal !== null) {
    drawText(ctx, placeText(cell.pod) ?? "", box.x + box.w - 5, box.y + box.h - 5, {
      font: palette.fonts.mono11,
      color,
      align: "right",
    });
  }
}

function endOf({ pod }: PodCell): string {
  const place = placeText(pod);
  return place === null ? "" : `-${place}`;
}

function drawCard(scene: Scene, box: Rect, cell: PodCell): void {
  const { ctx, palette } = scene;
  const { pod } = cell;
  const isEmpty = isEmptyPlace(pod.state);
  drawPodTile(scene, { x: box.x + 8, y: box.y + 9, w: 10, h: 10 }, cell, { progress: pod.progress });
  // The same slightly tighter setting that names have in text: "prefill-0" fits the narrowest card.
  ctx.letterSpacing = "-0.25px";
  ctx.font = palette.fonts.mono11Strong;
  drawText(ctx, cutBeforeEnd(ctx, cell.label, endOf(cell), box.w - 25), box.x + 22, box.y + 18, {
    font: palette.fonts.mono11Strong,
    color: isEmpty ? palette.ink3 : palette.ink,
    max: box.w - 25,
  });
  ctx.letterSpacing = "0px";
  const state = cellState(cell);
  const isQuiet = state === "ready" || isEmptyPlace(state);
  drawText(ctx, cell.note, box.x + 8, box.y + 33, {
    // Names are mono; a state is words, and words are narrower.
    font: state === "ready" ? palette.fonts.mono10 : palette.fonts.sans10,
    color: isQuiet ? palette.ink3 : palette.tones[POD_TONE[state]].ink,
    max: box.w - 14,
  });
  const baseY = box.y + box.h - 12;
  if (pod.state === "starting" && pod.progress !== null) {
    const tone = palette.tones.starting;
    const full = box.w - 16;
    ctx.fillStyle = tone.line;
    ctx.fillRect(box.x + 8, baseY + 1, full, 3);
    ctx.fillStyle = tone.fill;
    ctx.fillRect(box.x + 8, baseY + 1, Math.round(full * Math.max(0, Math.min(1, pod.progress))), 3);
    return;
  }
  if (pod.gpus === 0) {
    drawText(ctx, "cpu", box.x + 8, baseY + 5, { font: palette.fonts.mono10, color: palette.ink3 });
    return;
  }
  const room = box.w - 16;
  const step = Math.min(9, Math.max(2, Math.floor(room / pod.gpus)));
  ctx.fillStyle = isEmpty ? palette.lineStrong : palette.ink3;
  for (let gpu = 0; gpu < pod.gpus && gpu * step < room; gpu++) {
    ctx.fillRect(box.x + 8 + gpu * step, baseY, Math.max(1, step - 2), 4);
  }
}
