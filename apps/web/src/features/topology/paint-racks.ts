import { formatCountdown, formatDuration } from "#lib/format.ts";
import type { PlacedGroup, Rect } from "./layout.ts";
import type { PlacedCluster, PlacedNode, PlacedRack, PlacedRackPod, RackLayout } from "./layout-racks.ts";
import type { GroupBox } from "./model.ts";
import {
  cutBeforeEnd,
  drawGroupTile,
  drawTab,
  drawText,
  drawTile,
  hatch,
  isOutside,
  onScreen,
  roundedPath,
  type Scene,
  strokeLine,
  wrapText,
} from "./paint.ts";
import { drawCell } from "./paint-cell.ts";
import { GROUP_TONE, GROUP_WORD } from "./states.ts";

export function paintRacks(scene: Scene, layout: RackLayout, unplaced: readonly GroupBox[]): void {
  for (const placed of layout.clusters) paintClusterHead(scene, placed);
  if (!layout.isCompact || scene.view.scale > 4)
    for (const placed of layout.racks) paintRackHead(scene, placed, layout.isCompact);
  for (const placed of layout.nodes) {
    if (layout.isCompact) paintCompactNode(scene, placed);
    else paintNode(scene, placed);
  }
  for (const placed of layout.pods) paintPod(scene, placed, layout.isCompact);
  for (const name of layout.names) {
    const at = onScreen(scene, { ...name, h: 0 });
    scene.ctx.font = scene.palette.fonts.mono10;
    const end = /-\d+$/.exec(name.text)?.[0] ?? "";
    drawText(scene.ctx, cutBeforeEnd(scene.ctx, name.text, end, at.w), at.x, at.y - 4, {
      font: scene.palette.fonts.mono10,
      color: scene.palette.ink3,
      max: at.w,
    });
  }
  for (const placed of layout.groups) {
    if (layout.isCompact) paintCompactOutline(scene, placed);
    else paintOutline(scene, placed);
  }
  if (layout.tray !== null) paintTray(scene, layout.tray, unplaced);
  for (const placed of layout.racks) {
    if (placed.cluster.isLoaded && placed.cluster.health !== "live") {
      const rect = onScreen(scene, placed);
      hatch(
        scene.ctx,
        {
          x: rect.x - 6,
          y: rect.y + (layout.isCompact ? 0 : 26),
          w: rect.w + 12,
          h: rect.h - (layout.isCompact ? 0 : 24),
        },
        scene.palette.staleHatch,
        6,
      );
    }
  }
}

function paintClusterHead(scene: Scene, { cluster, ...rect }: PlacedCluster): void {
  const { ctx, palette } = scene;
  const at = onScreen(scene, rect);
  if (isOutside(scene, at)) return;
  const w = drawText(ctx, cluster.name, at.x, at.y + 19, { font: palette.fonts.mono12Strong, color: palette.ink });
  const notes = [
    cluster.isSimulated ? "simulated" : null,
    cluster.health === "live" || !cluster.isLoaded
      ? null
      : healthText(cluster.health, cluster.lastContactMs, scene.nowMs),
    cluster.isLoaded ? null : "waiting for its nodes",
  ].filter((note) => note !== null);
  drawText(ctx, notes.join(" · "), at.x + w + 10, at.y + 19, {
    font: palette.fonts.sans11,
    color: palette.ink2,
    max: at.w * (cluster.unbound.length > 0 ? 0.43 : 1) - w - 10,
  });
  const y = Math.round(at.y + 26) + 0.5;
  strokeLine(ctx, { x: at.x, y }, { x: at.x + at.w, y }, palette.lineStrong);
}

function healthText(health: string, lastContactMs: number | null, nowMs: number): string {
  if (health === "foreign") return "owned by another control plane";
  return lastContactMs === null ? health : `${health}, no contact for ${formatDuration(nowMs - lastContactMs)}`;
}

function paintRackHead(scene: Scene, { rack, ...rect }: PlacedRack, isCompact: boolean): void {
  const { ctx, palette } = scene;
  const at = onScreen(scene, rect);
  if (isOutside(scene, at)) return;
  const y = isCompact ? at.y - 4 : at.y + 20;
  const nameW = drawText(ctx, rack.name, at.x, y, {
    font: isCompact ? palette.fonts.mono10 : palette.fonts.mono11Strong,
    color: palette.ink2,
    max: at.w * 0.6,
  });
  if (isCompact) return;
  const free = rack.gpus === 0 ? `${rack.nodes.length} nodes, no GPUs` : `${rack.freeGpus} of ${rack.gpus} free`;
  drawText(ctx, free, at.x + at.w, y, {
    font: palette.fonts.sans11,
    color: palette.ink3,
    align: "right",
    max: at.w - nameW - 10,
  });
}

function paintNode(scene: Scene, placed: PlacedNode): void {
  const { ctx, palette, view } = scene;
  const at = onScreen(scene, placed);
  if (isOutside(scene, at)) return;
  const node = placed.node.view;
  const step = placed.slotStep * view.scale;
  const slotW = placed.slotW * view.scale;
  const slotX = placed.slotX * view.scale + view.x;
  const isOff = node.isCordoned || !node.isReady;
  drawText(ctx, node.name, at.x, at.y + at.h / 2 + 4, {
    font: palette.fonts.mono10,
    color: isOff ? palette.ink2 : palette.ink3,
    max: placed.labelW * view.scale - 6,
  });
  const used = placed.node.pods.reduce(
    (most, item) => (item.slot < 0 ? most : Math.max(most, item.slot + item.pod.gpus)),
    0,
  );
  if (isOff) {
    const from = Math.round(slotX + used * step);
    const w = Math.max(0, Math.round(slotX + (Math.max(node.gpus, 4) - 1) * step + slotW) - from);
    if (w > 4) {
      const box = { x: from, y: Math.round(at.y), w, h: Math.round(at.h) };
      hatch(ctx, box, palette.lineStrong, 6);
      ctx.strokeStyle = palette.lineStrong;
      ctx.lineWidth = 1;
      ctx.setLineDash([3, 3]);
      ctx.strokeRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
      ctx.setLineDash([]);
      const word = node.isReady ? "cordoned" : "not ready";
      ctx.font = palette.fonts.sans11;
      const wordW = ctx.measureText(word).width;
      if (wordW + 16 < w) {
        ctx.fillStyle = palette.surface;
        ctx.fillRect(box.x + (w - wordW) / 2 - 6, box.y + box.h / 2 - 9, wordW + 12, 18);
        drawText(ctx, word, box.x + w / 2, box.y + box.h / 2 + 4, {
          font: palette.fonts.sans11,
          color: palette.ink2,
          align: "center",
        });
      }
    }
    return;
  }
  ctx.strokeStyle = palette.lineStrong;
  ctx.lineWidth = 1;
  for (let slot = used; slot < node.gpus; slot++) {
    const left = Math.round(slotX + slot * step);
    const right = Math.round(slotX + slot * step + slotW);
    roundedPath(ctx, left + 0.5, Math.round(at.y) + 0.5, right - left - 1, Math.round(at.h) - 1, 2);
    ctx.stroke();
  }
  if (node.gpus === 0 && placed.node.pods.length === 0) {
    drawText(ctx, "no GPUs", slotX, at.y + at.h / 2 + 4, { font: palette.fonts.sans11, color: palette.ink3 });
  }
}

function paintCompactNode(scene: Scene, placed: PlacedNode): void {
  const { ctx, palette } = scene;
  const at = onScreen(scene, placed);
  if (isOutside(scene, at)) return;
  const node = placed.node.view;
  if (node.isCordoned || !node.isReady) {
    hatch(
      ctx,
      { x: at.x, y: at.y + at.h * 0.06, w: at.w, h: at.h * 0.86 },
      palette.lineControl,
      Math.max(3, at.h * 0.7),
    );
    return;
  }
  const used = placed.node.pods.reduce(
    (most, item) => (item.slot < 0 ? most : Math.max(most, item.slot + item.pod.gpus)),
    0,
  );
  const dot = Math.max(1, Math.round(at.h * 0.22));
  ctx.fillStyle = palette.lineStrong;
  for (let slot = used; slot < node.gpus; slot++) {
    ctx.fillRect(at.x + (slot + 0.5) * at.h - dot / 2, at.y + at.h / 2 - dot / 2, dot, dot);
  }
}

function paintPod(scene: Scene, placed: PlacedRackPod, isCompact: boolean): void {
  const { ctx, palette } = scene;
  if (placed.item.cell !== null) {
    drawCell(scene, placed, placed.item.cell, { inRack: true, isField: isCompact });
    return;
  }
  const at = onScreen(scene, placed);
  if (isOutside(scene, at)) return;
  ctx.fillStyle = isCompact ? palette.lineStrong : palette.hover;
  roundedPath(
    ctx,
    Math.round(at.x),
    Math.round(at.y),
    Math.max(1, Math.round(at.w)),
    Math.max(1, Math.round(at.h)),
    Math.min(at.w, at.h) < 6 ? 0 : 2,
  );
  ctx.fill();
}

function paintOutline(scene: Scene, placed: PlacedGroup): void {
  const { ctx, palette } = scene;
  const { view } = placed.group;
  const at = onScreen(scene, placed);
  if (isOutside(scene, at)) return;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  const isQuiet = view.phase === "Ready";
  const isSelected = view.index === scene.selectedGroup;
  const box = (margin: number, radius: number): void => {
    roundedPath(
      ctx,
      Math.round(at.x) - margin,
      Math.round(at.y) - margin,
      Math.round(at.w) + 2 * margin,
      Math.round(at.h) + 2 * margin,
      radius,
    );
    ctx.stroke();
  };
  ctx.globalAlpha = scene.isDimmed(view.index) ? 0.25 : 1;
  ctx.strokeStyle = isQuiet ? palette.lineControl : tone.fill;
  ctx.lineWidth = isQuiet ? 1 : 1.5;
  if (view.phase === "Recovering") ctx.setLineDash([4, 3]);
  box(1.5, 4);
  ctx.setLineDash([]);
  if (isSelected) {
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 2;
    box(4.5, 6);
  }
  const y = at.y - (isSelected ? 8 : 5);
  const label = `${at.w < 46 ? "" : view.isSurge ? "extra " : "group "}${view.index}`;
  const word = isQuiet ? "" : GROUP_WORD[view.phase].toLowerCase();
  const clock = view.untilMs === null ? "" : ` ${formatCountdown(view.untilMs - scene.nowMs)}`;
  const w = drawText(ctx, label, at.x, y, {
    font: palette.fonts.mono10,
    color: isQuiet ? palette.ink2 : tone.ink,
    max: Math.max(18, at.w + 2),
  });
  if (at.w > 120)
    drawText(ctx, `${word}${clock}`, at.x + w + 7, y, {
      font: palette.fonts.sans11,
      color: tone.ink,
      max: at.w - w - 8,
    });
  ctx.globalAlpha = 1;
}

function paintCompactOutline(scene: Scene, placed: PlacedGroup): void {
  const { ctx, palette } = scene;
  const { view } = placed.group;
  const isSelected = view.index === scene.selectedGroup;
  if (view.phase === "Ready" && !isSelected) return;
  const at = onScreen(scene, placed);
  if (isOutside(scene, at)) return;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  ctx.strokeStyle = isSelected ? palette.accent : tone.fill;
  ctx.lineWidth = isSelected ? 2 : 1.5;
  roundedPath(ctx, at.x - 2.5, at.y - 2.5, at.w + 5, at.h + 5, 3);
  ctx.stroke();
  if (view.phase !== "Ready" && view.phase !== "Updating")
    drawTab(scene, at.x - 2.5, at.y - 2.5, String(view.index), tone.ink);
}

/** An unplaced group never disappears from the picture. */
function paintTray(scene: Scene, tray: Rect, unplaced: readonly GroupBox[]): void {
  const { ctx, palette } = scene;
  const { fonts } = palette;
  const at = onScreen(scene, tray);
  const isWide = scene.width >= 700;
  hatch(ctx, at, palette.hatch, 7);
  const bottom = Math.round(at.y + at.h) + 0.5;
  strokeLine(ctx, { x: 0, y: bottom }, { x: scene.width, y: bottom }, palette.line);
  let x = isWide ? 16 : 12;
  const left = x;
  for (const group of unplaced) {
    if (x > scene.width - 160) break;
    drawGroupTile(scene, { x, y: at.y + 10, w: 12, h: 12 }, group.view.phase);
    x += 20;
    const label = unplaced.length === 1 ? `group ${group.view.index}` : String(group.view.index);
    x += drawText(ctx, label, x, at.y + 20, { font: fonts.mono11Strong, color: palette.ink }) + 8;
    if (unplaced.length > 1 || !isWide) continue;
    x += drawText(ctx, "has no place", x, at.y + 20, { font: fonts.sans12, color: palette.ink2 }) + 16;
    for (const role of group.roles) {
      for (let k = 0; k < role.replicas && x < scene.width - 40; k++) {
        drawTile(scene, { x, y: at.y + 11, w: 10, h: 10 }, "loose", "pending");
        x += 13;
      }
      x += 8;
    }
  }
  if (unplaced.length > 1) drawText(ctx, "have no place", x, at.y + 20, { font: fonts.sans12, color: palette.ink2 });
  const message = unplaced[0]?.view.message ?? "Not placed yet.";
  wrapText(ctx, message, scene.width - 2 * left, fonts.sans12, isWide ? 1 : 2).forEach((line, index) => {
    drawText(ctx, line, left, at.y + 36 + index * 15, {
      font: fonts.sans12,
      color: palette.ink,
      max: scene.width - 2 * left,
    });
  });
  if (unplaced.some((group) => group.view.index === scene.selectedGroup)) {
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(at.x + 1, at.y + 1, at.w - 2, at.h - 2);
  }
}
