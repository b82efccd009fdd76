import { formatCountdown } from "#lib/format.ts";
import type { LaneLayout, PlacedArrow, PlacedCopy, PlacedLane } from "./layout-lanes.ts";
import { copyText } from "./model.ts";
import {
  arrowHead,
  cutBeforeEnd,
  drawFit,
  drawGroupTile,
  drawText,
  hatch,
  isOutside,
  onScreen,
  type Scene,
  strokeLine,
  wrapText,
} from "./paint.ts";
import { drawCell, drawInstances } from "./paint-cell.ts";
import { countdownLead, GROUP_TONE, GROUP_WORD } from "./states.ts";

export function paintLanes(
  scene: Scene,
  layout: LaneLayout,
  options: { readonly isOrdered: boolean; readonly target: number },
): void {
  for (const lane of layout.groups) paintGround(scene, lane);
  if (layout.isWide) paintColumnHeads(scene, layout, options.isOrdered);
  for (const lane of layout.groups) {
    if (isOutside(scene, onScreen(scene, lane))) continue;
    if (layout.isWide) paintWideHead(scene, lane, options.target);
    else paintNarrowHead(scene, lane, options.target);
    paintSentence(scene, lane, layout.isWide);
    if (lane.showsFit) paintFit(scene, lane, layout.isWide);
  }
  paintCounts(scene, layout);
  for (const arrow of layout.arrows) paintArrow(scene, arrow);
  drawInstances(scene, layout.instances);
  for (const placed of layout.cells) drawCell(scene, placed, placed.cell, { inRack: false, isField: false });
  for (const lane of layout.groups) for (const copy of lane.copies) paintCopy(scene, copy);
}

/** The pods first, then which they are: what a group leaves is quieter than the group. */
function paintCopy(scene: Scene, { copy, cells, ...rect }: PlacedCopy): void {
  const at = onScreen(scene, rect);
  if (isOutside(scene, at)) return;
  const { ctx, palette, view } = scene;
  for (const placed of cells) drawCell(scene, placed, placed.cell, { inRack: false, isField: true });
  const last = cells.at(-1);
  const end = last === undefined ? rect.x : last.x + last.w + 8;
  const x = end * view.scale + view.x;
  const more = copy.cells.length > cells.length ? `+${copy.cells.length - cells.length} ` : "";
  drawText(ctx, `${more}${copyText(copy.view)}`, x, Math.round(at.y) + 15, {
    font: palette.fonts.sans11,
    color: palette.ink2,
    max: Math.max(0, at.x + at.w - x),
  });
}

function paintGround(scene: Scene, lane: PlacedLane): void {
  const { ctx, palette } = scene;
  const rect = onScreen(scene, lane);
  if (isOutside(scene, rect)) return;
  const { view } = lane.group;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  if (view.phase === "Recovering" || view.phase === "Failed") {
    ctx.fillStyle = tone.soft;
    ctx.fillRect(rect.x, rect.y, rect.w, rect.h);
  }
  if (view.cluster === null) hatch(ctx, rect, palette.hatch, 7);
  if (view.isStale) hatch(ctx, rect, palette.staleHatch, 6);
  if (view.phase !== "Ready") {
    ctx.fillStyle = tone.fill;
    ctx.fillRect(rect.x, rect.y, 3, rect.h);
  }
  const bottom = Math.round(rect.y + rect.h) + 0.5;
  strokeLine(ctx, { x: 0, y: bottom }, { x: scene.width, y: bottom }, palette.line);
  if (view.index === scene.selectedGroup) {
    const bar = view.phase === "Ready" ? 0 : 3;
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(rect.x + bar + 0.75, Math.round(rect.y) + 1.25, rect.w - bar - 1.5, Math.round(rect.h) - 1.5);
  }
}

function paintColumnHeads(scene: Scene, layout: LaneLayout, isOrdered: boolean): void {
  const { ctx, palette, view } = scene;
  const { fonts } = palette;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, scene.width, 31);
  strokeLine(ctx, { x: 0, y: 30.5 }, { x: scene.width, y: 30.5 }, palette.line);
  drawText(ctx, "group", 16, 20, { font: fonts.sans11, color: palette.ink3 });
  layout.columns.forEach(({ column, x, w }, index) => {
    const left = x * view.scale + view.x;
    // Only the last head may run over the end of its column.
    const room = w * view.scale + (index === layout.columns.length - 1 ? 16 : 0);
    let offset = 0;
    column.roles.forEach((role, position) => {
      if (offset > room - 16) return;
      if (position > 0)
        offset += drawText(ctx, "+", left + offset, 20, { font: fonts.sans11, color: palette.ink3 }) + 6;
      offset += drawText(ctx, role.role, left + offset, 20, {
        font: fonts.mono12Strong,
        color: palette.ink,
        max: room - offset,
      });
      const times = role.size > 1 ? `${role.replicas} × ${role.size}` : `×${role.replicas}`;
      if ((role.replicas > 1 || role.size > 1) && offset + 24 < room) {
        offset += 6 + drawText(ctx, times, left + offset + 6, 20, { font: fonts.sans11, color: palette.ink3 });
      }
      offset += 7;
    });
    const word = isOrdered ? `wave ${column.wave}` : "starts at once";
    ctx.font = fonts.sans11;
    if (offset + ctx.measureText(word).width < room)
      drawText(ctx, word, left + offset, 20, { font: fonts.sans11, color: palette.ink3 });
    if (index > 0 && isOrdered) {
      strokeLine(ctx, { x: left - 29, y: 16.5 }, { x: left - 9, y: 16.5 }, palette.ink3);
      arrowHead(ctx, left - 5, 16.5, palette.ink3);
    }
  });
}

/** "rev 14 → 15": the font has no arrow, so it is drawn. Returns the width. */
function drawChange(
  scene: Scene,
  word: string,
  from: number | null,
  to: number,
  at: { x: number; y: number },
  color: string,
): number {
  const { ctx, palette } = scene;
  const options = { font: palette.fonts.mono11, color };
  if (from === null || from === to) return drawText(ctx, `${word} ${to}`, at.x, at.y, options);
  let w = drawText(ctx, `${word} ${from}`, at.x, at.y, options);
  strokeLine(ctx, { x: at.x + w + 4, y: at.y - 3.5 }, { x: at.x + w + 11, y: at.y - 3.5 }, color);
  arrowHead(ctx, at.x + w + 15, at.y - 3.5, color);
  w += 19;
  return w + drawText(ctx, String(to), at.x + w, at.y, options);
}

function placeText(lane: PlacedLane): string {
  const { view } = lane.group;
  if (view.cluster === null) return view.refusals.length > 0 ? "nothing fits" : "not placed yet";
  return view.domain === null ? view.cluster : `${view.cluster}/${view.domain}`;
}

function paintWideHead(scene: Scene, lane: PlacedLane, target: number): void {
  const { ctx, palette } = scene;
  const { fonts } = palette;
  const { view } = lane.group;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  const x = 16;
  const rect = onScreen(scene, lane);
  const top = Math.round(onScreen(scene, { x: 0, y: lane.sayY, w: 0, h: 0 }).y);
  drawGroupTile(scene, { x, y: top + 3, w: 12, h: 12 }, view.phase, {
    progress: lane.group.readyPods / Math.max(1, lane.group.wantedPods),
  });
  const indexW = drawText(ctx, String(view.index), x + 20, top + 15, { font: fonts.monoFigure, color: palette.ink });
  const wordW = drawText(ctx, GROUP_WORD[view.phase], x + 30 + indexW, top + 14, {
    font: fonts.sans12Strong,
    color: view.phase === "Ready" ? palette.ink2 : tone.ink,
  });
  if (view.isSurge)
    drawText(ctx, "extra", x + 36 + indexW + wordW, top + 14, {
      font: fonts.sans11,
      color: palette.tones.updating.ink,
    });
  if (rect.h < 60) return;
  drawText(ctx, placeText(lane), x, top + 35, { font: fonts.mono11, color: palette.ink2, max: 134 });
  const isChanging = view.fromRevision !== null && view.fromRevision !== view.revision;
  const w = drawChange(
    scene,
    "rev",
    view.fromRevision,
    view.revision,
    { x, y: top + 51 },
    isChanging ? palette.tones.updating.ink : view.revision === target ? palette.ink3 : palette.ink2,
  );
  if (view.incarnation === 0 && view.nextIncarnation === null) {
    drawText(ctx, "not started", x + w + 12, top + 51, {
      font: fonts.mono11,
      color: palette.ink3,
      max: 134 - w - 12,
    });
    return;
  }
  const next = view.nextIncarnation;
  drawChange(
    scene,
    "inc",
    next === null ? null : view.incarnation,
    next ?? view.incarnation,
    { x: x + w + 12, y: top + 51 },
    next === null ? palette.ink3 : tone.ink,
  );
}

function paintNarrowHead(scene: Scene, lane: PlacedLane, target: number): void {
  const { ctx, palette } = scene;
  const { fonts } = palette;
  const { view } = lane.group;
  const tone = palette.tones[GROUP_TONE[view.phase]];
  const top = Math.round(onScreen(scene, lane).y);
  drawGroupTile(scene, { x: 12, y: top + 10, w: 11, h: 11 }, view.phase, {
    progress: lane.group.readyPods / Math.max(1, lane.group.wantedPods),
  });
  let x = 29;
  x += drawText(ctx, String(view.index), x, top + 20, { font: fonts.mono12Strong, color: palette.ink }) + 8;
  x += drawText(ctx, GROUP_WORD[view.phase], x, top + 20, {
    font: fonts.sans12Strong,
    color: view.phase === "Ready" ? palette.ink2 : tone.ink,
  });
  if (view.isSurge)
    x += 6 + drawText(ctx, "extra", x + 6, top + 20, { font: fonts.sans11, color: palette.tones.updating.ink });
  x += 10;
  const next = view.nextIncarnation;
  x +=
    next === null
      ? drawChange(
          scene,
          "rev",
          view.fromRevision,
          view.revision,
          { x, y: top + 20 },
          view.revision === target ? palette.ink3 : palette.ink2,
        )
      : drawChange(scene, "inc", view.incarnation, next, { x, y: top + 20 }, tone.ink);
  drawText(ctx, view.domain ?? view.cluster ?? "no place", scene.width - 12, top + 20, {
    font: fonts.mono11,
    color: palette.ink2,
    align: "right",
    max: Math.max(0, scene.width - 24 - x),
  });
}

function paintSentence(scene: Scene, lane: PlacedLane, isWide: boolean): void {
  const { ctx, palette } = scene;
  const { view } = lane.group;
  if (view.message === null) return;
  const plain = { Pending: palette.ink, Ready: palette.ink2 } as const;
  const color =
    view.phase === "Pending" || view.phase === "Ready" ? plain[view.phase] : palette.tones[GROUP_TONE[view.phase]].ink;
  const clock =
    view.untilMs === null
      ? ""
      : ` ${countdownLead(view.nextIncarnation)} ${formatCountdown(view.untilMs - scene.nowMs)}`;
  const at = onScreen(scene, { x: lane.bodyX, y: lane.sayY, w: 0, h: 0 });
  const room = lane.bodyW * Math.max(1, scene.view.scale);
  const { fonts } = palette;
  ctx.font = fonts.sans12Strong;
  const clockW = clock === "" ? 0 : ctx.measureText(clock).width;
  const y = Math.round(at.y) + (isWide ? 12 : 10);
  if (isWide) {
    const w = drawText(ctx, view.message, at.x, y, { font: fonts.sans12, color, max: room - clockW });
    drawText(ctx, clock, at.x + w, y, { font: fonts.sans12Strong, color });
    return;
  }
  const lines = wrapText(ctx, `${view.message}${clock}`, room, fonts.sans12, 2);
  lines.forEach((line, index) => {
    drawText(ctx, line, at.x, y + index * 15, { font: fonts.sans12, color, max: room });
  });
}

function paintCounts(scene: Scene, layout: LaneLayout): void {
  const { ctx, palette } = scene;
  const stacked = new Set(
    layout.columns
      .filter(({ column }) => column.roles.length > 1)
      .flatMap(({ column }) => column.roles.map((role) => role.role)),
  );
  for (const placed of layout.roles) {
    const { block, group } = placed;
    const at = onScreen(scene, placed);
    if (isOutside(scene, { ...at, y: at.y - 20, h: at.h + 20 })) continue;
    const isFull = block.ready >= block.replicas;
    const isComing = block.cells.some((cell) => cell.pod.state === "starting");
    const isDown = group.view.phase === "Recovering" && block.stage === "none";
    const count = `${block.ready}/${block.replicas}`;
    const font = isFull || isDown ? palette.fonts.mono10 : palette.fonts.mono11Strong;
    const long = `${block.role} ${count}`;
    // On a phone arrows bend right beside the cards.
    const room = Math.max(26, at.w + (layout.isWide ? 18 : 4));
    ctx.font = font;
    // The name stands once on top; it is repeated where roles share a column or there is no top.
    const isNamed = !layout.isWide || (stacked.has(block.role) && ctx.measureText(long).width <= room);
    ctx.globalAlpha = scene.isDimmed(group.view.index) ? 0.25 : 1;
    drawText(ctx, isNamed ? cutBeforeEnd(ctx, long, ` ${count}`, room) : count, at.x, Math.round(at.y) - 5, {
      font,
      color: isFull ? palette.ink3 : isComing ? palette.tones.starting.ink : palette.ink2,
      max: room,
    });
    ctx.globalAlpha = 1;
  }
}

function paintArrow(scene: Scene, arrow: PlacedArrow): void {
  const { ctx, palette, view } = scene;
  const points = arrow.points.map((point) => ({
    x: Math.round(point.x * view.scale + view.x),
    y: Math.round(point.y * view.scale + view.y) + 0.5,
  }));
  const end = points.at(-1);
  const first = points[0];
  if (end === undefined || first === undefined) return;
  const color = arrow.isMet ? palette.ink3 : palette.lineControl;
  ctx.strokeStyle = color;
  ctx.lineWidth = arrow.isMet ? 1.25 : 1;
  ctx.setLineDash(arrow.isMet ? [] : [3, 3]);
  ctx.beginPath();
  ctx.moveTo(first.x, first.y);
  points.slice(1, -1).forEach((point, index) => {
    const next = points[index + 2] ?? end;
    const before = points[index] ?? first;
    const reach = (a: { x: number; y: number }, b: { x: number; y: number }): number =>
      Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
    ctx.arcTo(point.x, point.y, next.x, next.y, Math.min(5, reach(before, point) / 2, reach(point, next) / 2));
  });
  ctx.lineTo(end.x - (arrow.isMet ? 4 : 9), end.y);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!arrow.isMet) strokeLine(ctx, { x: end.x - 7, y: end.y - 6 }, { x: end.x - 7, y: end.y + 6 }, palette.ink2, 1.5);
  arrowHead(ctx, end.x, end.y, color, !arrow.isMet);
}

const KIND_WORD = {
  "not-live": "not live",
  "no-domain": "no such label",
  insufficient: "no room",
  exclusive: "held",
  "other-kind": "other kind",
  "not-chosen": "not chosen",
  leaving: "being left",
  "missing-reference": "something is missing",
} as const;

function paintFit(scene: Scene, lane: PlacedLane, isWide: boolean): void {
  const { ctx, palette } = scene;
  const { refusals } = lane.group.view;
  const gap = isWide ? 20 : 10;
  const isOneCluster = new Set(refusals.map((refusal) => refusal.cluster)).size === 1;
  const nameOf = ({ cluster, domain }: (typeof refusals)[number]): string => {
    if (domain === null) return cluster;
    return isWide && !isOneCluster ? `${cluster}/${domain}` : domain;
  };
  const minW = !isWide ? 54 : isOneCluster ? 84 : 132;
  const roomFor = (width: number): number => Math.max(1, Math.floor((width + gap) / (minW + gap)));
  const isCut = roomFor(lane.bodyW) < refusals.length;
  const width = lane.bodyW - (isCut ? 44 : 0);
  const shown = Math.min(refusals.length, roomFor(width));
  const fitting = (refusal: (typeof refusals)[number]): number => refusal.fits.filter((pod) => pod.fits).length;
  const most = Math.max(0, ...refusals.map(fitting));
  // Where not all have room those closest to fitting stay, in their own order, so that nothing jumps about.
  const chosen = new Set(refusals.toSorted((a, b) => fitting(b) - fitting(a)).slice(0, shown));
  const w = (width - gap * (shown - 1)) / shown;
  const y = Math.round(onScreen(scene, { x: 0, y: lane.bodyY, w: 0, h: 0 }).y);
  refusals
    .filter((refusal) => chosen.has(refusal))
    .forEach((refusal, index) => {
      const x = Math.round(lane.bodyX + index * (w + gap));
      const isBest = most > 0 && fitting(refusal) === most;
      const { fonts } = palette;
      drawText(ctx, nameOf(refusal), x, y + 11, {
        font: isBest ? fonts.mono11Strong : fonts.mono11,
        color: isBest ? palette.ink : palette.ink2,
        max: w,
      });
      const pods =
        refusal.fits.length > 0
          ? refusal.fits.map((pod) => (pod.fits ? "yes" : "no"))
          : Array.from({ length: Math.min(8, Math.max(1, lane.group.wantedPods)) }, () => "unasked" as const);
      const joint = isWide ? 3 : 2;
      const tileW = Math.max(2, Math.min(17, Math.floor((w - joint * (pods.length - 1)) / pods.length)));
      pods.forEach((fit, k) => {
        const tileX = x + k * (tileW + joint);
        if (tileX + tileW <= x + w + 1) drawFit(scene, { x: tileX, y: y + 19, w: tileW, h: isWide ? 12 : 9 }, fit);
      });
      const why = refusal.short === null ? KIND_WORD[refusal.kind] : `short of ${refusal.short}`;
      drawText(ctx, why, x, y + 45, {
        font: isBest ? fonts.sans11Strong : fonts.sans11,
        color: isBest ? palette.ink : refusal.fits.length === 0 ? palette.ink3 : palette.ink2,
        max: w,
      });
    });
  if (isCut)
    drawText(ctx, `+${refusals.length - shown}`, lane.bodyX + lane.bodyW, y + 11, {
      font: palette.fonts.sans11,
      color: palette.ink3,
      align: "right",
    });
}
