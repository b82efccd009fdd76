import type { PodState } from "@openpatio/core/model";
import type { PlacedGroup } from "./layout.ts";
import type { SlabLayout } from "./layout-slabs.ts";
import {
  arrowHead,
  cellState,
  drawTab,
  drawText,
  isOutside,
  onScreen,
  roundedPath,
  type Scene,
  strokeLine,
} from "./paint.ts";
import { drawCell, drawInstances } from "./paint-cell.ts";
import { GROUP_TONE, GROUP_WORD, POD_TONE } from "./states.ts";

type Tab = { x: number; y: number; row: number; first: number; last: number; phase: string; color: string };

export function paintSlabs(
  scene: Scene,
  layout: SlabLayout,
  options: { readonly target: number; readonly isRolling: boolean; readonly isOrdered: boolean },
): void {
  const unit = layout.unit * scene.view.scale;
  const tabs: Tab[] = [];
  for (const placed of layout.groups) paintSlab(scene, layout, placed, options, tabs);
  if (unit * 0.84 < 3) {
    for (const placed of layout.groups) paintHeat(scene, layout, placed);
  } else {
    const isField = layout.cells.length > 100;
    drawInstances(scene, layout.instances);
    for (const placed of layout.cells) drawCell(scene, placed, placed.cell, { inRack: false, isField });
  }
  if (unit > 26) paintRoles(scene, layout, unit);
  for (const tab of tabs) {
    drawTab(scene, tab.x, tab.y, tab.first === tab.last ? String(tab.first) : `${tab.first}…${tab.last}`, tab.color);
  }
  paintRuler(scene, layout);
}

function paintSlab(
  scene: Scene,
  layout: SlabLayout,
  placed: PlacedGroup,
  options: { readonly target: number; readonly isRolling: boolean },
  tabs: Tab[],
): void {
  const rect = onScreen(scene, placed);
  if (isOutside(scene, rect)) return;
  const { ctx, palette } = scene;
  const { fonts } = palette;
  const { view } = placed.group;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  const isQuiet = view.phase === "Ready";
  const unit = layout.unit * scene.view.scale;
  const margin = Math.max(1.5, unit * 0.14);
  const { x, y, w, h } = rect;
  ctx.globalAlpha = scene.isDimmed(view.index) ? 0.25 : 1;
  if (!isQuiet) {
    roundedPath(ctx, x - margin, y - margin / 2, w + 2 * margin, h + margin, 3);
    ctx.fillStyle = tone.soft;
    ctx.fill();
    ctx.strokeStyle = tone.fill;
    ctx.lineWidth = view.phase === "Updating" || view.phase === "Starting" ? 1 : 1.5;
    if (view.cluster === null || view.phase === "Unknown") ctx.setLineDash([3, 3]);
    ctx.stroke();
    ctx.setLineDash([]);
  } else if (w > 130) {
    ctx.strokeStyle = palette.line;
    ctx.lineWidth = 1;
    roundedPath(
      ctx,
      Math.round(x - margin) + 0.5,
      Math.round(y - margin / 2) + 0.5,
      Math.round(w + 2 * margin) - 1,
      Math.round(h + margin) - 1,
      3,
    );
    ctx.stroke();
  }
  if (view.index === scene.selectedGroup) {
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 2;
    roundedPath(ctx, x - margin - 3, y - margin / 2 - 3, w + 2 * margin + 6, h + margin + 6, 5);
    ctx.stroke();
  }
  const headH = layout.headH * scene.view.scale;
  if (!isQuiet && w < 130 && view.phase !== "Updating" && view.phase !== "Starting") {
    const row = Math.floor(view.index / layout.perRow);
    const last = tabs.at(-1);
    if (last !== undefined && last.last === view.index - 1 && last.row === row && last.phase === view.phase && w < 60)
      last.last = view.index;
    else
      tabs.push({
        x: x - margin,
        y: y - margin / 2,
        row,
        first: view.index,
        last: view.index,
        phase: view.phase,
        color: tone.ink,
      });
  } else if (headH >= 9 && w > 64) {
    const color = isQuiet ? palette.ink2 : tone.ink;
    drawText(ctx, `${view.isSurge ? "+" : ""}${view.index}`, x + 2, y + 11, { font: fonts.mono11Strong, color });
    if (w > 150) {
      const place = view.cluster === null ? "" : `  ${view.cluster}${view.domain === null ? "" : `/${view.domain}`}`;
      drawText(ctx, `${GROUP_WORD[view.phase]}${place}`, x + 36, y + 11, {
        font: fonts.sans11,
        color: isQuiet ? palette.ink3 : tone.ink,
        max: w - 40,
      });
    }
  }
  if (options.isRolling && view.revision === options.target && view.cluster !== null) {
    ctx.fillStyle = palette.tones.updating.line;
    ctx.fillRect(
      Math.round(x),
      Math.round(y + h + 1),
      Math.round(w),
      Math.max(1, Math.min(3, Math.round(unit * 0.12))),
    );
  }
  ctx.globalAlpha = 1;
}

const WORST_FIRST: readonly PodState[] = [
  "failed",
  "tornDown",
  "unknown",
  "unready",
  "deleting",
  "starting",
  "waiting",
  "ready",
];

/** Below three pixels a pod a group is one cell, filled by the share of each state, worst first. */
function paintHeat(scene: Scene, layout: SlabLayout, placed: PlacedGroup): void {
  const { ctx, palette } = scene;
  const rect = onScreen(scene, placed);
  if (isOutside(scene, rect)) return;
  const counts = new Map<PodState, number>();
  let all = 0;
  for (const role of placed.group.roles) {
    for (const cell of role.cells) {
      const state = cellState(cell);
      counts.set(state, (counts.get(state) ?? 0) + 1);
      all++;
    }
  }
  const right = Math.round(rect.x + rect.w);
  const top = Math.round(rect.y + layout.headH * scene.view.scale);
  const h = Math.max(2, Math.round(rect.y + rect.h) - top);
  let x = Math.round(rect.x);
  ctx.globalAlpha = scene.isDimmed(placed.group.view.index) ? 0.25 : 1;
  for (const state of WORST_FIRST) {
    const n = counts.get(state);
    if (n === undefined || x >= right) continue;
    const w = state === "ready" ? right - x : Math.min(right - x, Math.max(2, Math.round((rect.w * n) / all)));
    const color = state === "ready" ? palette.readyField : palette.tones[POD_TONE[state]].fill;
    if (state === "waiting" || state === "tornDown") {
      ctx.strokeStyle = color;
      ctx.lineWidth = 1;
      ctx.strokeRect(x + 0.5, top + 0.5, Math.max(1, w - 1), h - 1);
    } else {
      ctx.fillStyle = color;
      ctx.fillRect(x, top, w, h);
    }
    x += w;
  }
  ctx.globalAlpha = 1;
}

function paintRoles(scene: Scene, layout: SlabLayout, unit: number): void {
  const { ctx, palette } = scene;
  const { fonts } = palette;
  const byGroup = new Map<number, typeof layout.roles>();
  for (const placed of layout.roles) {
    const at = onScreen(scene, placed);
    if (isOutside(scene, { ...at, y: at.y - 20, h: at.h + 40 })) continue;
    const index = placed.group.view.index;
    byGroup.set(index, [...(byGroup.get(index) ?? []), placed]);
    const count = `${placed.block.ready}/${placed.block.replicas}`;
    const long = `${placed.block.role} ${count}`;
    ctx.font = fonts.mono10;
    const fits = ctx.measureText(long).width < at.w + unit * 0.3;
    drawText(ctx, fits ? long : count, at.x, at.y - 6, {
      font: fonts.mono10,
      color: placed.block.ready >= placed.block.replicas ? palette.ink3 : palette.ink2,
    });
  }
  for (const roles of byGroup.values()) {
    roles.forEach((to, position) => {
      const from = roles[position - 1];
      if (from === undefined) return;
      const a = onScreen(scene, from);
      const b = onScreen(scene, to);
      const isMet = to.block.stage !== "waiting" && to.block.stage !== "none";
      const y = Math.round(a.y + a.h / 2) + 0.5;
      const color = isMet ? palette.ink3 : palette.lineControl;
      strokeLine(ctx, { x: a.x + a.w + 3, y }, { x: b.x - 7, y }, color, 1, isMet ? [] : [3, 3]);
      arrowHead(ctx, b.x - 3, y, color, !isMet);
    });
  }
}

/** Indices at the left edge. */
function paintRuler(scene: Scene, layout: SlabLayout): void {
  if (scene.view.scale >= 2) return;
  const { ctx, palette, view } = scene;
  const last = layout.groups.at(-1)?.group.view.index ?? 0;
  for (let row = 0; row * layout.perRow <= last; row++) {
    if (layout.stepY * view.scale <= 12 && row % 2 === 1) continue;
    const x = layout.axis * view.scale + view.x - 8;
    drawText(
      ctx,
      String(row * layout.perRow),
      Math.max(26, x),
      (layout.top + row * layout.stepY + layout.headH + (layout.unit * 2) / 2) * view.scale + view.y + 3,
      {
        font: palette.fonts.mono10,
        color: palette.ink3,
        align: "right",
      },
    );
  }
}
