import type { GroupPhase } from "@openpatio/core/model";
import { stateOfPhase, stateOfPod, type TileState } from "#ui/state.ts";
import { type CopyBlock, copyText, type GroupBox, isLeader, type RoleBlock, type TopologyModel } from "./model.ts";
import { countdownLead, GROUP_WORD, POD_WORD } from "./states.ts";

export type ListRow = {
  readonly key: string;
  readonly level: 1 | 2 | 3;
  readonly group: number;
  readonly pod: string | null;
  readonly name: string;
  /** Beside the name: an extra group of a rollout, the leader of an instance, pods per instance. */
  readonly note: string;
  readonly state: TileState;
  readonly word: string;
  readonly progress: number | null;
  readonly ready: string;
  readonly where: string;
  readonly why: string;
  readonly untilMs: number | null;
  /** Null: nothing to open. */
  readonly isOpen: boolean | null;
};

/**
 * The rows of the treegrid. A row is open where something below it is not ready, unless the reader decided otherwise:
 * `toggled` holds the rows whose state is the opposite of that.
 */
export function listRows(
  model: TopologyModel,
  toggled: ReadonlySet<string>,
  shownPhases: ReadonlySet<GroupPhase> | null,
): readonly ListRow[] {
  const rows: ListRow[] = [];
  for (const group of model.groups) {
    const { view } = group;
    if (shownPhases !== null && !shownPhases.has(view.phase)) continue;
    const key = `g${view.index}`;
    const isOpen = toggled.has(key) !== (view.phase !== "Ready" && view.cluster !== null);
    rows.push(groupRow(group, key, isOpen));
    for (const copy of group.copies) rows.push(copyRow(group, copy, `${key}/@${copy.view.cluster}`));
    if (!isOpen) continue;
    for (const role of group.roles) {
      const roleKey = `${key}/${role.role}`;
      const isPartial = role.ready < role.replicas && role.stage === "starting";
      const isRoleOpen = toggled.has(roleKey) !== isPartial;
      rows.push(roleRow(group, role, roleKey, role.cells.length === 0 ? null : isRoleOpen));
      if (!isRoleOpen) continue;
      for (const cell of role.cells) {
        const { pod } = cell;
        rows.push({
          key: `${roleKey}/${cell.key}`,
          level: 3,
          group: view.index,
          pod: pod.name,
          name: cell.label,
          note: isLeader(cell) ? "leader" : "",
          state: cell.isCause ? "failed" : stateOfPod(pod.state),
          word: cell.isCause ? POD_WORD.failed : POD_WORD[pod.state],
          progress: pod.progress,
          ready: "",
          where: pod.node ?? "",
          why: pod.state === "ready" ? "" : cell.isCause ? cell.note : pod.stateText,
          untilMs: null,
          isOpen: null,
        });
      }
    }
  }
  return rows;
}

/** Key of the row above in the tree; a group's row is its own parent. */
export function parentOf(row: ListRow): string {
  const parts = row.key.split("/");
  return row.level === 1 ? row.key : parts.slice(0, row.level - 1).join("/");
}

function groupRow(group: GroupBox, key: string, isOpen: boolean): ListRow {
  const { view } = group;
  return {
    key,
    level: 1,
    group: view.index,
    pod: null,
    name: view.name,
    state: stateOfPhase(view.phase),
    word: GROUP_WORD[view.phase],
    progress: group.readyPods / Math.max(1, group.wantedPods),
    ready: `${group.readyPods}/${group.wantedPods}`,
    where: view.cluster === null ? "none" : view.domain === null ? view.cluster : `${view.cluster}/${view.domain}`,
    note: view.isSurge ? "extra" : "",
    why: view.untilMs === null ? (view.message ?? "") : `${view.message ?? ""} ${countdownLead(view.nextIncarnation)}`,
    untilMs: view.untilMs,
    isOpen: group.roles.length === 0 ? null : isOpen,
  };
}

function copyRow({ view }: GroupBox, { view: copy, cells }: CopyBlock, key: string): ListRow {
  const ready = cells.filter(({ pod }) => pod.state === "ready").length;
  const state = copy.stage === "removal" ? "deleting" : copy.stage === "failover" ? "unknown" : "ready";
  return {
    key,
    level: 2,
    group: view.index,
    pod: null,
    name: `incarnation ${copy.incarnation}`,
    note: "copy",
    state,
    word: COPY_STATE_WORD[copy.stage],
    progress: null,
    ready: `${ready}/${cells.length}`,
    where: copy.domain === null ? copy.cluster : `${copy.cluster}/${copy.domain}`,
    why: copyText(copy),
    untilMs: null,
    isOpen: null,
  };
}

const COPY_STATE_WORD = { move: "Serves", failover: "Unknown", removal: "Being removed" } as const;

function roleRow(group: GroupBox, role: RoleBlock, key: string, isOpen: boolean | null): ListRow {
  const worst = role.cells.find((cell) => cell.pod.state !== "ready")?.pod.state;
  const isReady = role.ready >= role.replicas;
  const state = isReady || worst === undefined ? "ready" : worst;
  return {
    key,
    level: 2,
    group: group.view.index,
    pod: null,
    name: role.role,
    note: role.size > 1 ? `${role.replicas} × ${role.size} pods` : "",
    state: role.replicas > 0 && !isReady && worst === undefined ? "pending" : stateOfPod(state),
    word: role.replicas === 0 ? "No replicas" : POD_WORD[state],
    progress: role.ready / Math.max(1, role.replicas),
    ready: `${role.ready}/${role.replicas}`,
    where: "",
    why: role.stage === "waiting" && role.waitsFor.length > 0 ? `waits for ${role.waitsFor.join(", ")}` : "",
    untilMs: null,
    isOpen,
  };
}
