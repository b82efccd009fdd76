import { type GroupBox, isLeader, type PodCell, type TopologyModel } from "./model.ts";
import { GROUP_WORD, POD_WORD } from "./states.ts";

/** What is selected: a group, or a pod (by name, which outlives its incarnation) with the group that it belongs to. */
export type Selection = { readonly group: number | null; readonly pod: string | null };

export const NOTHING: Selection = { group: null, pod: null };

export function cellsOf(group: GroupBox): readonly PodCell[] {
  return group.roles.flatMap((role) => role.cells);
}

/**
 * Where an arrow key leads. Lanes and racks: up and down walk groups, right and left the pods of one. With `perRow`, a
 * grid of groups: all four walk groups. Null for keys that lead nowhere.
 */
export function moveSelection(
  model: TopologyModel,
  selection: Selection,
  key: string,
  perRow: number | null,
): Selection | null {
  const { groups } = model;
  const at = groups.findIndex((group) => group.view.index === selection.group);
  const toGroup = (position: number): Selection | null => {
    const group = groups[Math.max(0, Math.min(groups.length - 1, position))];
    return group === undefined ? null : { group: group.view.index, pod: null };
  };
  if (key === "Home") return toGroup(0);
  if (key === "End") return toGroup(groups.length - 1);
  if (key === "ArrowDown") return at < 0 ? toGroup(0) : toGroup(at + (perRow ?? 1));
  if (key === "ArrowUp") return at < 0 ? toGroup(0) : toGroup(at - (perRow ?? 1));
  if (key !== "ArrowRight" && key !== "ArrowLeft") return null;
  const step = key === "ArrowRight" ? 1 : -1;
  if (at < 0) return toGroup(0);
  if (perRow !== null) return toGroup(at + step);
  const group = groups[at];
  if (group === undefined) return null;
  const cells = cellsOf(group);
  const podAt = cells.findIndex((cell) => cell.pod.name === selection.pod);
  const next = podAt + step;
  // Left of the first pod is the group itself.
  if (next < 0) return { group: group.view.index, pod: null };
  const cell = cells[Math.min(cells.length - 1, next)];
  return cell === undefined ? null : { group: group.view.index, pod: cell.pod.name };
}

/** One sentence for assistive technology about what is selected. */
export function describeSelection(model: TopologyModel, selection: Selection): string {
  const group = model.groups.find((item) => item.view.index === selection.group);
  if (group === undefined) return "";
  const cell = selection.pod === null ? undefined : cellsOf(group).find((item) => item.pod.name === selection.pod);
  if (cell !== undefined) {
    const where = cell.pod.node === null ? "" : `, on ${cell.pod.node}`;
    return `Pod ${cell.label}${isLeader(cell) ? ", leader," : ""} of group ${group.view.index}: ${POD_WORD[cell.pod.state]}, ${cell.pod.stateText}${where}.`;
  }
  const message = group.view.message === null ? "" : ` ${group.view.message}`;
  return `${group.view.isSurge ? "Extra group" : "Group"} ${group.view.index}: ${GROUP_WORD[group.view.phase]}, ${group.readyPods} of ${group.wantedPods} pods ready.${message}`;
}
