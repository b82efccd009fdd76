import type { GroupBox, PodCell, RoleBlock } from "./model.ts";
import type { RackPod } from "./rack-model.ts";

/** CSS pixels at 100 %; the origin is the top left corner of the picture. */
export type Rect = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

export type PlacedCell = Rect & { readonly cell: PodCell };
export type PlacedRole = Rect & { readonly block: RoleBlock; readonly group: GroupBox };
export type PlacedGroup = Rect & { readonly group: GroupBox };

/** Below this width the picture is drawn for a phone. */
export const WIDE_FROM = 700;

/** How much of a pod can be shown on this many pixels. */
export type CellLevel = "heat" | "tile" | "framed" | "label" | "card";

/**
 * Semantic zoom: from a share of colour per group to a card with name, node and GPUs.
 *
 * Source: look.md, section 6.
 */
export function cellLevel(w: number, h: number): CellLevel {
  const side = Math.min(w, h);
  if (side < 3) return "heat";
  if (h >= 40 && w >= 64) return "card";
  if (side >= 28 || (h >= 14 && w >= 58)) return "label";
  return side >= 16 ? "framed" : "tile";
}

export function contains(rect: Rect, x: number, y: number): boolean {
  return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
}

/** What lies under a point: the most specific thing wins. */
export type Hit = {
  readonly group: number | null;
  readonly cell: PodCell | null;
  /** A pod that is not of this set, in the cluster view. */
  readonly other: RackPod | null;
};

export type Hittable = {
  readonly cells: readonly PlacedCell[];
  readonly groups: readonly PlacedGroup[];
};

/** Finds what is at a point in layout coordinates; null where there is nothing. */
export function hitTest(layout: Hittable, x: number, y: number): Hit | null {
  const placed = layout.cells.find((item) => contains(item, x, y));
  if (placed !== undefined) return { group: placed.cell.group, cell: placed.cell, other: null };
  const group = layout.groups.find((item) => contains(item, x, y));
  return group === undefined ? null : { group: group.group.view.index, cell: null, other: null };
}

/** Pan and zoom: a point p of the layout is drawn at p·scale + (x, y). */
export type Viewport = { readonly scale: number; readonly x: number; readonly y: number };

export const FIT: Viewport = { scale: 1, x: 0, y: 0 };
export const MAX_SCALE = 24;

/** Zooms by `factor` around a point of the screen and keeps the picture inside its frame. */
export function zoomAt(
  view: Viewport,
  factor: number,
  at: { x: number; y: number },
  size: { w: number; h: number },
): Viewport {
  const scale = Math.max(1, Math.min(MAX_SCALE, view.scale * factor));
  const ratio = scale / view.scale;
  return clampView({ scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio }, size);
}

/** Moves the picture back so that no side of it is inside the frame. */
export function clampView(view: Viewport, size: { w: number; h: number }): Viewport {
  return {
    scale: view.scale,
    x: Math.min(0, Math.max(size.w - size.w * view.scale, view.x)),
    y: Math.min(0, Math.max(size.h - size.h * view.scale, view.y)),
  };
}
