import { type GroupState, groupRoles, type KubeObject, type SetState, WORKLOAD_KINDS } from "../model/index.ts";
import { nextIncarnation } from "../plan/incarnation.ts";
import { renderEntry } from "../project/entry.ts";
import {
  contentHashOf,
  ownerReference,
  renderGroupObjects,
  renderOwner,
  renderWorkloads,
  wantedWorkloads,
  workloadObject,
} from "../project/index.ts";
import type { PreviewInput } from "./preview-input.ts";
import type { PreviewGroup, PreviewObject } from "./types.ts";
import { objectYaml } from "./yaml-text.ts";

/** So many groups carry the text of their objects; the others are counted. */
const GROUPS_WITH_TEXT = 3;
/** Stands where a cluster will put the UID of the RoleBasedGroup. */
const UNKNOWN_UID = "(known when it is created)";

/** The objects of each group as they are and as they would be. */
export function objectsOf(input: PreviewInput, groups: readonly PreviewGroup[]): readonly PreviewObject[] {
  const { before, after, planned } = input;
  let withText = 0;
  const ofGroups = groups.flatMap((view) => {
    const present = before?.state.groups.find((group) => group.index === view.index);
    const next = planned.find((group) => group.index === view.index);
    const now = present === undefined || present.incarnation === 0 ? [] : objectsNow(before?.state ?? after, present);
    const then =
      view.then === "removed" || view.then === "unplaced" || next === undefined ? [] : objectsThen(input, next, view);
    const changes = compare(view.cluster, view.then === "restarts", now, then);
    const isShown = changes.some((object) => object.change !== "same") && withText < GROUPS_WITH_TEXT;
    if (isShown) withText += 1;
    return isShown ? changes : changes.map((object) => ({ ...object, before: "", after: "" }));
  });
  return [...entriesOf(input, groups), ...ofGroups];
}

/** The Service for clients, on each cluster that has a group now or will have one. */
function entriesOf({ before, after }: PreviewInput, groups: readonly PreviewGroup[]): readonly PreviewObject[] {
  const clustersOf = (state: SetState) =>
    state.groups.flatMap(({ placement }) => (placement === null ? [] : [placement.cluster]));
  const now = new Set(before === null ? [] : clustersOf(before.state));
  const then = new Set(groups.flatMap((view) => (view.then === "removed" ? [] : (view.cluster ?? []))));
  const entry = (state: SetState | undefined, isThere: boolean): readonly KubeObject[] => {
    const object = state === undefined || !isThere ? null : renderEntry(state);
    return object === null ? [] : [object];
  };
  return [...new Set([...now, ...then])].flatMap((cluster) =>
    compare(cluster, false, entry(before?.state, now.has(cluster)), entry(after, then.has(cluster))),
  );
}

/** What is in the cluster for a group now, by the stored rendering. */
function objectsNow(state: SetState, group: GroupState): readonly KubeObject[] {
  const owner = ownerReference(`${state.name}-${group.index}`, UNKNOWN_UID);
  const replicas = new Map(groupRoles(state, group.revision, group.external).map((role) => [role.role, role.replicas]));
  return [
    renderOwner(state, group),
    ...renderGroupObjects(state, group, owner),
    ...group.rendering
      .flatMap((rendered) => wantedWorkloads(rendered, replicas.get(rendered.role) ?? 0))
      .map((wanted) => workloadObject(wanted, wanted.replicas, owner)),
  ];
}

function objectsThen({ after, clusters }: PreviewInput, group: GroupState, view: PreviewGroup): readonly KubeObject[] {
  if (view.then === "stays" || view.then === "scales") return objectsNow(after, group);
  const isNext = view.then === "restarts" || group.incarnation === 0;
  const incarnation = isNext ? nextIncarnation(group) : group.incarnation;
  const next = { ...group, incarnation, revision: after.rollout.target };
  const hasLeaderWorkerSets = clusters.get(view.cluster ?? "")?.hasLeaderWorkerSets === true;
  return objectsNow(after, { ...next, rendering: renderWorkloads(after, next, { hasLeaderWorkerSets }) });
}

function compare(
  cluster: string | null,
  isRestarted: boolean,
  now: readonly KubeObject[],
  then: readonly KubeObject[],
): readonly PreviewObject[] {
  const key = (object: KubeObject) => `${object.kind}/${object.metadata.name}`;
  const present = new Map(now.map((object) => [key(object), object]));
  const wanted = new Map(then.map((object) => [key(object), object]));
  return [...new Set([...wanted.keys(), ...present.keys()])].map((name) => {
    const before = present.get(name);
    const after = wanted.get(name);
    const text = (object: KubeObject | undefined) => (object === undefined ? "" : objectYaml(object));
    const shown = after ?? before;
    const common = {
      cluster: cluster ?? "",
      kind: shown?.kind ?? "",
      name: shown?.metadata.name ?? "",
      before: text(before),
      after: text(after),
    };
    if (before === undefined) return { ...common, change: "create" as const };
    if (after === undefined) return { ...common, change: "delete" as const };
    const isSame = contentHashOf(before) === contentHashOf(after) && common.before === common.after;
    if (isSame) return { ...common, change: "same" as const };
    const isWorkload = WORKLOAD_KINDS.some((kind) => kind === after.kind);
    return { ...common, change: isWorkload && isRestarted ? ("recreate" as const) : ("change" as const) };
  });
}
