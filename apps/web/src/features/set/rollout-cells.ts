import type { GroupView, RolloutView } from "@openpatio/core/view";
import { stateOfPhase, stateRank, type TileState } from "#ui/state.ts";

/** One cell of the rollout track: a group, or a run of neighbours that are in the same place. */
export type RolloutCell = {
  readonly first: number;
  readonly last: number;
  readonly state: TileState;
  readonly revision: number;
  /** On the target revision, or on its way there. */
  readonly isNew: boolean;
  /** 0..1: how much of it is ready on the target revision. */
  readonly fraction: number;
  /** Above the wanted groups, for the time of the rollout. */
  readonly isExtra: boolean;
  /** Kept at its revision by the partition. */
  readonly isHeld: boolean;
  readonly label: string;
};

/** More groups than this are drawn as ranges. */
export const MAX_CELLS = 16;

/** The track in the order of indices; groups are replaced from the highest down, so the front moves to the left. */
export function rolloutCells(rollout: RolloutView, groups: readonly GroupView[]): readonly RolloutCell[] {
  const cells = groups.toSorted((a, b) => a.index - b.index).map((group) => cellOf(rollout, group));
  if (cells.length <= MAX_CELLS) return cells;
  const merged: RolloutCell[] = [];
  for (const cell of cells) {
    const last = merged.at(-1);
    if (last !== undefined && isAlike(last, cell)) {
      const count = last.last - last.first + 1;
      merged[merged.length - 1] = {
        ...last,
        last: cell.last,
        state: stateRank(cell.state) < stateRank(last.state) ? cell.state : last.state,
        fraction: (last.fraction * count + cell.fraction) / (count + 1),
        label: `groups ${last.first} to ${cell.last}, revision ${cell.revision}`,
      };
    } else {
      merged.push(cell);
    }
  }
  return merged;
}

const isAlike = (a: RolloutCell, b: RolloutCell): boolean =>
  a.revision === b.revision && a.isExtra === b.isExtra && a.isHeld === b.isHeld && isInWork(a) === isInWork(b);

/** The few groups that the rollout works on now stay apart from those it is done with. */
function isInWork(cell: RolloutCell): boolean {
  return cell.isNew && cell.state !== "ready";
}

function cellOf(rollout: RolloutView, group: GroupView): RolloutCell {
  const wanted = group.roles.reduce((sum, role) => sum + role.replicas, 0);
  const ready = group.roles.reduce((sum, role) => sum + role.ready, 0);
  const isNew = group.revision === rollout.target;
  const isHeld = !isNew && !group.isSurge && group.index < rollout.partition;
  const note = group.isSurge ? ", extra for the rollout" : isHeld ? ", held back by the partition" : "";
  return {
    first: group.index,
    last: group.index,
    state: stateOfPhase(group.phase),
    revision: group.revision,
    isNew,
    fraction: !isNew ? 0 : group.phase === "Ready" ? 1 : wanted === 0 ? 0 : ready / wanted,
    isExtra: group.isSurge,
    isHeld,
    label: `group ${group.index}, ${group.phase}, revision ${group.revision}${note}`,
  };
}
