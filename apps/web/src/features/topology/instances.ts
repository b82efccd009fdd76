import type { PlacedCell, Rect } from "./layout.ts";

/** The pods of one multi-node instance that lie side by side: drawn as one unit. */
export type PlacedInstance = Rect & { readonly group: number };

/** Frames around the pods of each instance of a role; an instance that wraps has one for each of its rows. */
export function placeInstances(cells: readonly PlacedCell[]): readonly PlacedInstance[] {
  const runs: { readonly instance: string; readonly y: number; readonly cells: PlacedCell[] }[] = [];
  for (const placed of cells) {
    const { instance } = placed.cell;
    if (instance === null) continue;
    const last = runs.at(-1);
    if (last?.instance === instance && last.y === placed.y) last.cells.push(placed);
    else runs.push({ instance, y: placed.y, cells: [placed] });
  }
  return runs.flatMap(({ y, cells: run }) => {
    const [first] = run;
    if (first === undefined || run.length === 1) return [];
    const left = Math.min(...run.map(({ x }) => x));
    const right = Math.max(...run.map(({ x, w }) => x + w));
    return [{ x: left, y, w: right - left, h: first.h, group: first.cell.group }];
  });
}

/** So many places of a role are in one row of `perRow`: whole instances, where at least one has room. */
export function placesPerRow(perRow: number, size: number): number {
  return size > 1 && perRow >= size ? Math.floor(perRow / size) * size : perRow;
}
