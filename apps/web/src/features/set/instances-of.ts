import type { PodCell } from "#features/topology/model.ts";

export type Instance = { readonly name: string; readonly cells: readonly PodCell[] };

/** Pods of a multi-node role by their instance, leader first: the order of the cells. */
export function instancesOf(cells: readonly PodCell[]): readonly Instance[] {
  const byName = new Map<string, PodCell[]>();
  for (const cell of cells) {
    const name = cell.pod.ordinal === null ? cell.label : `instance ${cell.pod.ordinal}`;
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [cell]);
    else list.push(cell);
  }
  return [...byName].map(([name, inside]) => ({ name, cells: inside }));
}
