import { type GroupState, groupRoles, type KubeObject, type SetState } from "../model/index.ts";
import {
  contentHashOf,
  ownerReference,
  renderGroupObjects,
  renderOwner,
  renderWorkloads,
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
  return groups.flatMap((view) => {
    const present = before?.state.groups.find((group) => group.index === view.index);
    const next = planned.find((group) => group.index === view.index);
    const now = present === undefined || present.incarnation === 0 ? [] : objectsNow(before?.state ?? after, present);
    const then =
      view.then === "removed" || view.then === "unplaced" || next === undefined ? [] : objectsThen(after, next, view);
    const changes = compare(view, now, then);
    const isShown = changes.some((object) => object.change !== "same") && withText < GROUPS_WITH_TEXT;
    if (isShown) withText += 1;
    return isShown ? changes : changes.map((object) => ({ ...object, before: "", after: "" }));
  });
}

/** What is in the cluster for a group now, by the stored rendering. */
function objectsNow(state: SetState, group: GroupState): readonly KubeObject[] {
  const owner = ownerReference(`${state.name}-${group.index}`, UNKNOWN_UID);
  const replicas = new Map(groupRoles(state, group.revision).map((role) => [role.role, role.replicas]));
  return [
    renderOwner(state, group),
    ...renderGroupObjects(state, group, owner),
    ...group.rendering.map((rendered) => workloadObject(rendered, replicas.get(rendered.role) ?? 0, owner)),
  ];
}

function objectsThen(after: SetState, group: GroupState, view: PreviewGroup): readonly KubeObject[] {
  if (view.then === "stays" || view.then === "scales") return objectsNow(after, group);
  const isNext = view.then === "restarts" || group.incarnation === 0;
  const incarnation = isNext ? group.incarnation + 1 : group.incarnation;
  const next = { ...group, incarnation, revision: after.rollout.target };
  return objectsNow(after, { ...next, rendering: renderWorkloads(after, next) });
}

function compare(
  view: PreviewGroup,
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
      cluster: view.cluster ?? "",
      kind: shown?.kind ?? "",
      name: shown?.metadata.name ?? "",
      before: text(before),
      after: text(after),
    };
    if (before === undefined) return { ...common, change: "create" as const };
    if (after === undefined) return { ...common, change: "delete" as const };
    const isSame = contentHashOf(before) === contentHashOf(after) && common.before === common.after;
    if (isSame) return { ...common, change: "same" as const };
    const isWorkload = after.apiVersion === "apps/v1";
    return { ...common, change: isWorkload && view.then === "restarts" ? ("recreate" as const) : ("change" as const) };
  });
}
