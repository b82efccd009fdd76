import type { GroupView, PodView, RoleView, SetDetail } from "@openpatio/core/view";

/**
 * What the topology draws, prepared from the live entries of one set. Pure: equal entries give equal models, whatever
 * the order in which they arrived. Layout (layout-*.ts) turns it into rectangles, paint-*.ts puts them on a canvas.
 */
export type TopologyModel = {
  readonly setName: string;
  readonly groups: readonly GroupBox[];
  readonly columns: readonly RoleColumn[];
  /** Dependencies worth an arrow: those that no longer path already says. */
  readonly edges: readonly RoleEdge[];
  readonly isOrdered: boolean;
  readonly targetRevision: number;
  readonly cellCount: number;
};

/** Roles that start in the same wave, stacked in one column. */
export type RoleColumn = { readonly wave: number; readonly roles: readonly RoleView[] };

export type RoleEdge = { readonly from: string; readonly to: string };

export type GroupBox = {
  readonly view: GroupView;
  readonly roles: readonly RoleBlock[];
  /** What is left of it on clusters that it is leaving. */
  readonly copies: readonly CopyBlock[];
  readonly readyPods: number;
  readonly wantedPods: number;
  readonly gpus: number;
};

/** A copy of the group on another cluster: its pods have the names of the group's own. */
export type CopyBlock = { readonly view: GroupView["copies"][number]; readonly cells: readonly PodCell[] };

export type RoleBlock = {
  readonly role: string;
  readonly ready: number;
  readonly replicas: number;
  /** Pods per instance: 1, or a leader and its workers. */
  readonly size: number;
  readonly stage: "done" | "starting" | "waiting" | "none";
  readonly waitsFor: readonly string[];
  readonly cells: readonly PodCell[];
};

export type PodCell = {
  /** Names the place, not the pod: the next incarnation's pod takes it over. */
  readonly key: string;
  readonly pod: PodView;
  readonly group: number;
  /** Of a multi-node role: names the instance that it is part of. Null where an instance is one pod. */
  readonly instance: string | null;
  /** "decode-2": the part of the name that tells pods of a group apart. */
  readonly label: string;
  /** Its failure ended the incarnation that the group now recovers from. */
  readonly isCause: boolean;
  /** Second line of a card. */
  readonly note: string;
  /** Of a copy that the group is leaving: there may be another pod of that name. */
  readonly isCopy: boolean;
};

/** Place of a cell within its role: its ordinal, so that a pod that is missing leaves a gap instead of moving others. */
export function slotOf(cell: PodCell, position: number, size: number): number {
  const { ordinal, worker } = cell.pod;
  if (ordinal === null) return position;
  return worker === null ? ordinal : ordinal * size + Math.min(worker, size - 1);
}

/** Places a role takes: as many as are wanted, or more while it is scaled in. */
export function slotsOf(block: RoleBlock): number {
  return block.cells.reduce(
    (most, cell, position) => Math.max(most, slotOf(cell, position, block.size) + 1),
    block.replicas * block.size,
  );
}

/** Prepares the model of one set. `groups` and `pods` may come in any order. */
export function prepareTopology(
  detail: SetDetail,
  groups: readonly GroupView[],
  pods: readonly PodView[],
): TopologyModel {
  const copied = new Set(groups.flatMap(({ index, copies }) => copies.map(({ cluster }) => `${index}/${cluster}`)));
  const byPlace = new Map<string, PodView[]>();
  for (const pod of pods) {
    if (pod.group === null || pod.role === null) continue;
    const isCopy = copied.has(`${pod.group}/${pod.cluster}`);
    const place = isCopy ? `${pod.group}/${pod.role}@${pod.cluster}` : `${pod.group}/${pod.role}`;
    const list = byPlace.get(place);
    if (list === undefined) byPlace.set(place, [pod]);
    else list.push(pod);
  }
  const columns = waveColumns(detail.roles);
  const order = columns.flatMap((column) => column.roles.map((role) => role.role));
  const boxes = groups
    .toSorted((a, b) => a.index - b.index)
    .map((view) => prepareGroup(view, order, (place) => byPlace.get(`${view.index}/${place}`) ?? []));
  return {
    setName: detail.name,
    groups: boxes,
    columns,
    edges: drawnEdges(detail.roles),
    isOrdered: detail.startupPolicy === "Ordered",
    targetRevision: detail.rollout.target,
    cellCount: boxes.reduce((sum, box) => sum + box.roles.reduce((n, role) => n + role.cells.length, 0), 0),
  };
}

/** Roles by the longest path of dependencies that leads to them, in the order of the spec within a column. */
export function waveColumns(roles: readonly RoleView[]): readonly RoleColumn[] {
  const byName = new Map(roles.map((role) => [role.role, role]));
  const depths = new Map<string, number>();
  const depthOf = (role: RoleView, path: ReadonlySet<string>): number => {
    const known = depths.get(role.role);
    if (known !== undefined) return known;
    let depth = 0;
    for (const name of role.dependencies) {
      const before = byName.get(name);
      // A stored set has no cycle; the guard keeps a bad entry from hanging the page.
      if (before === undefined || path.has(name)) continue;
      depth = Math.max(depth, 1 + depthOf(before, new Set([...path, role.role])));
    }
    depths.set(role.role, depth);
    return depth;
  };
  const columns: RoleView[][] = [];
  for (const role of roles) {
    const depth = depthOf(role, new Set([role.role]));
    while (columns.length <= depth) columns.push([]);
    columns[depth]?.push(role);
  }
  return columns.map((inColumn, index) => ({ wave: index + 1, roles: inColumn }));
}

/** Transitive reduction: `router → prefill` is left out where `router → decode → prefill` says it already. */
export function drawnEdges(roles: readonly RoleView[]): readonly RoleEdge[] {
  const dependencies = new Map(roles.map((role) => [role.role, role.dependencies]));
  const reaches = (from: string, target: string, seen: Set<string>): boolean => {
    if (seen.has(from)) return false;
    seen.add(from);
    return (dependencies.get(from) ?? []).some((name) => name === target || reaches(name, target, seen));
  };
  return roles.flatMap((role) =>
    role.dependencies
      .filter((name) => dependencies.has(name))
      .filter((name) => !role.dependencies.some((other) => other !== name && reaches(other, name, new Set())))
      .map((name) => ({ from: name, to: role.role })),
  );
}

/** True once the wave went past this arrow: the waiting role was started, whatever became of the other since. */
export function isEdgeMet(group: GroupBox, edge: RoleEdge): boolean {
  const to = group.roles.find((role) => role.role === edge.to);
  if (to === undefined || to.stage === "none") return false;
  return to.stage !== "waiting" || !to.waitsFor.includes(edge.from);
}

function prepareGroup(
  view: GroupView,
  order: readonly string[],
  /** By role, or `role@cluster` for those of a copy. */
  podsOf: (place: string) => readonly PodView[],
): GroupBox {
  const position = (role: string): number => {
    const index = order.indexOf(role);
    return index < 0 ? order.length : index;
  };
  const roles = view.roles
    .toSorted((a, b) => position(a.role) - position(b.role) || compareText(a.role, b.role))
    .map((role): RoleBlock => {
      const cells = prepareCells(view, role.role, podsOf(role.role));
      return {
        role: role.role,
        ready: role.ready,
        replicas: role.replicas,
        size: role.size,
        stage: role.stage,
        waitsFor: role.waitsFor,
        cells,
      };
    });
  const copies = view.copies.map(
    (copy): CopyBlock => ({
      view: copy,
      cells: roles.flatMap(({ role }) =>
        prepareCells(view, role, podsOf(`${role}@${copy.cluster}`)).map((cell) => ({
          ...cell,
          key: `${cell.key}@${copy.cluster}`,
          isCause: false,
          isCopy: true,
        })),
      ),
    }),
  );
  return {
    view,
    roles,
    copies,
    readyPods: view.roles.reduce((sum, role) => sum + role.ready * role.size, 0),
    wantedPods: view.roles.reduce((sum, role) => sum + role.replicas * role.size, 0),
    gpus: roles.reduce((sum, role) => sum + role.cells.reduce((n, cell) => n + cell.pod.gpus, 0), 0),
  };
}

function prepareCells(view: GroupView, role: string, pods: readonly PodView[]): readonly PodCell[] {
  const sorted = pods.toSorted(
    (a, b) =>
      (a.ordinal ?? Number.MAX_SAFE_INTEGER) - (b.ordinal ?? Number.MAX_SAFE_INTEGER) ||
      (a.worker ?? 0) - (b.worker ?? 0) ||
      Number(isPlace(a)) - Number(isPlace(b)) ||
      compareText(a.name, b.name),
  );
  const taken = new Set<string>();
  const cells: PodCell[] = [];
  for (const pod of sorted) {
    const place = placeText(pod);
    if (place !== null) {
      // A pod and the place kept for it can overlap for a moment; the pod is what there is.
      if (isPlace(pod) && taken.has(place)) continue;
      taken.add(place);
    }
    const isCause = isCauseOf(view, pod);
    cells.push({
      key: `${view.index}/${role}/${place ?? pod.uid}`,
      pod,
      group: view.index,
      label: podLabel(view, role, pod),
      isCause,
      instance: pod.worker === null ? null : `${view.index}/${role}/${pod.ordinal ?? ""}`,
      note: podNote(view, pod, isCause),
      isCopy: false,
    });
  }
  return cells;
}

/** `2`, or `2-1` for a pod of a multi-node instance; null where pods have no numbers. */
export function placeText({ ordinal, worker }: Pick<PodView, "ordinal" | "worker">): string | null {
  if (ordinal === null) return null;
  return worker === null ? String(ordinal) : `${ordinal}-${worker}`;
}

/** The pod that others of its instance find by its address. */
export const isLeader = ({ pod }: PodCell): boolean => pod.worker === 0;

/** True for the place of a pod that is wanted and not there. */
export function isPlace(pod: PodView): boolean {
  return pod.uid.startsWith("place:");
}

function isCauseOf(view: GroupView, pod: PodView): boolean {
  const isDown = pod.state === "tornDown" || pod.state === "failed" || pod.state === "deleting";
  return isDown && view.cause?.kind === "failure" && view.cause.pod === pod.name;
}

function podLabel(view: GroupView, role: string, pod: PodView): string {
  const place = placeText(pod);
  if (place !== null) return `${role}-${place}`;
  return pod.name.startsWith(`${view.name}-`) ? pod.name.slice(view.name.length + 1) : pod.name;
}

function podNote(view: GroupView, pod: PodView, isCause: boolean): string {
  if (isCause && view.cause?.exitCode !== undefined) return `exit ${view.cause.exitCode}`;
  if (pod.state === "ready") return pod.node ?? "no node";
  const colon = pod.stateText.indexOf(": ");
  return pod.state === "starting" && colon >= 0 ? pod.stateText.slice(colon + 2) : pod.stateText;
}

/** Code-unit order: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const COPY_WORD = {
  move: "serves meanwhile",
  failover: "may still run",
  removal: "is being removed",
} as const;

/** `incarnation 1 on south/rack-2 serves meanwhile`. */
export function copyText({ cluster, domain, incarnation, stage }: CopyBlock["view"]): string {
  return `incarnation ${incarnation} on ${domain === null ? cluster : `${cluster}/${domain}`} ${COPY_WORD[stage]}`;
}
