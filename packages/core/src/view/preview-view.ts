/* oxlint-disable unicorn/no-thenable -- `now` and `then` of a preview are words, and nothing awaits them */
import { type GroupPlacement, type GroupState, podCount, type SetState } from "../model/index.ts";
import {
  groupDemands,
  hostsOf,
  openLedger,
  type PlacementDecision,
  placeGroup,
  reservationsOf,
} from "../placement/index.ts";
import { isHeldBack, maxSurge } from "../plan/rollout-state.ts";
import { startupWaves } from "../plan/waves.ts";
import { gpusOf } from "./gpus.ts";
import { capacityOf } from "./preview-capacity.ts";
import type { PreviewInput } from "./preview-input.ts";
import { objectsOf } from "./preview-objects.ts";
import { hashOf } from "./set-model.ts";
import { podsPerGroup, podsPerInstance } from "./set-view.ts";
import type { PreviewGroup, PreviewView } from "./types.ts";
import { withoutGroup } from "./without-group.ts";

/** What an apply would do: decided by the planner's own functions, written nowhere. */
export function previewView(input: PreviewInput): PreviewView {
  const { before, after } = input;
  const groups = previewGroups(input);
  const checks = [
    ...input.checks,
    ...placementChecks(groups),
    ...surgeNotes(input, groups),
    ...volumeNotes(input, groups),
  ];
  return {
    namespace: after.namespace,
    name: after.name,
    isNew: before === null,
    fromRevision: before?.state.rollout.target ?? null,
    toRevision: after.rollout.target,
    summary: summaryOf(groups, after, before === null),
    groups,
    waves: wavesOf(after),
    capacity: capacityOf(input, groups),
    objects: objectsOf(input, groups),
    checks,
    specBefore: before?.yaml ?? "",
    specAfter: input.yaml,
    plannedAtMs: input.nowMs,
    podsPerGroup: podsPerGroup(after),
    gpusPerGroup: groupDemands(after, after.rollout.target).reduce((sum, demand) => sum + gpusOf(demand.requests), 0),
    oneMore: oneMoreOf(input),
    canApply: !checks.some((check) => check.level === "error"),
  };
}

function oneMoreOf(input: PreviewInput): PreviewView["oneMore"] {
  const { before, after, clusters } = input;
  const ledger = openLedger(clusters, () => [
    ...input.reservations,
    ...(before === null ? [] : reservationsOf(before.state)),
  ]);
  const { missing } = input;
  const request = { set: after, group: after.spec.replicas, revision: after.rollout.target, missing };
  const decision = placeGroup(request, ledger);
  const key = after.spec.placement.topology?.key;
  const domains = hostsOf(after, clusters).names.reduce((sum, name) => {
    const values = new Set(
      clusters.get(name)?.nodes.flatMap((node) => (key === undefined ? [] : (node.labels[key] ?? []))),
    );
    return sum + (key === undefined ? 1 : values.size);
  }, 0);
  const refused = decision.refusals.filter((refusal) => key === undefined || refusal.domain !== null).length;
  return {
    fits: Math.max(0, domains - refused),
    domains,
    why: decision.placed ? decision.why : decision.message,
    refusals: decision.refusals,
  };
}

function previewGroups(input: PreviewInput): readonly PreviewGroup[] {
  const { before, after, planned } = input;
  const known = new Map(before?.state.groups.map((group) => [group.index, group]));
  const ledger = openLedger(input.clusters, () => [
    ...input.reservations,
    ...reservationsOf({ ...after, groups: planned }),
  ]);
  const views: PreviewGroup[] = [];
  for (let index = 0; index < after.spec.replicas; index++) {
    const next = planned.find((group) => group.index === index);
    const present = known.get(index);
    const decision =
      next !== undefined && next.placement === null
        ? placeGroup({ set: after, group: index, revision: next.revision, missing: input.missing }, ledger)
        : null;
    views.push(previewGroup(input, index, present, next, decision));
  }
  for (const group of known.values()) if (group.index >= after.spec.replicas) views.push(removedGroup(input, group));
  return views;
}

function previewGroup(
  input: PreviewInput,
  index: number,
  present: GroupState | undefined,
  next: GroupState | undefined,
  decision: PlacementDecision | null,
): PreviewGroup {
  const { before, after } = input;
  const isHeld = next !== undefined && isHeldBack(after, next);
  const target = isHeld ? next.revision : after.rollout.target;
  const podsNow =
    present === undefined || present.incarnation === 0 ? 0 : podCount(before?.state ?? after, present.revision);
  const podsAfter = podCount(after, target);
  const placement = next?.placement ?? null;
  const common = {
    index,
    now: before?.status.groups.find((group) => group.index === index)?.phase ?? ("none" as const),
    fromRevision: present !== undefined && present.incarnation > 0 ? present.revision : null,
    toRevision: target,
    cluster: placement?.cluster ?? null,
    domain: placement?.domain?.value ?? null,
    podsStopped: 0,
    podsNow,
    podsAfter,
    refusals: decision?.refusals ?? [],
  };
  if (placement === null) {
    const why =
      next?.unplacedReason ?? (decision?.placed === false ? decision.message : "It is placed when there is room.");
    return { ...common, then: "unplaced", podsAfter: 0, why };
  }
  if (present === undefined || present.incarnation === 0) return { ...common, then: "starts", why: placement.why };
  if (hashOf(after, present.revision) !== hashOf(after, target)) {
    const podsStopped = podsNow;
    const room = decideRestart(input, index, placement);
    if (room === null) return { ...common, then: "restarts", podsStopped, why: restartWhy(after) };
    if (!room.placed) {
      const why = `It would stop and then find no room. ${room.message}`;
      return { ...common, then: "unplaced", podsStopped, podsAfter: 0, why, refusals: room.refusals };
    }
    const domain = room.domain?.value ?? null;
    const why = `It no longer fits in ${placement.domain?.value ?? placement.cluster} and moves. ${room.why}`;
    return { ...common, then: "restarts", podsStopped, cluster: room.cluster, domain, why, refusals: room.refusals };
  }
  if (before !== null && isScaled(before.state, after)) {
    const podsStopped = stoppedByScale(before.state, after);
    const room = placeWithout(input, index, { cluster: placement.cluster, domain: placement.domain });
    const why = room.placed
      ? "Only counts change: pods that stay are not touched."
      : `Pods that stay are not touched; new ones wait for room. ${room.message}`;
    return { ...common, then: "scales", podsStopped, why, refusals: room.refusals };
  }
  const why = isHeld
    ? `The partition ${after.spec.rollout.partition} holds it at revision ${target}.`
    : "Nothing that changes its pods.";
  return { ...common, then: "stays", why };
}

/** Where a group that restarts goes when it can't stay where it is; null when it stays. */
function decideRestart(
  input: PreviewInput,
  index: number,
  { cluster, domain }: GroupPlacement,
): PlacementDecision | null {
  if (placeWithout(input, index, { cluster, domain }).placed) return null;
  return placeWithout(input, index);
}

/** Places a group as if its present pods were gone, which is how the planner places the next incarnation. */
function placeWithout(
  { after, planned, clusters, reservations, missing }: PreviewInput,
  index: number,
  only?: { readonly cluster: string; readonly domain: GroupPlacement["domain"] },
): PlacementDecision {
  const emptied = withoutGroup(clusters, { namespace: after.namespace, set: after.name, group: index });
  const others = planned.filter((group) => group.index !== index);
  const ledger = openLedger(emptied, () => [...reservations, ...reservationsOf({ ...after, groups: others })]);
  const request = { set: after, group: index, revision: after.rollout.target, missing };
  return placeGroup(only === undefined ? request : { ...request, only }, ledger);
}

function removedGroup({ before, after }: PreviewInput, group: GroupState): PreviewGroup {
  const podsNow = group.incarnation === 0 ? 0 : podCount(before?.state ?? after, group.revision);
  return {
    index: group.index,
    now: before?.status.groups.find((status) => status.index === group.index)?.phase ?? "none",
    then: "removed",
    fromRevision: group.incarnation > 0 ? group.revision : null,
    toRevision: null,
    cluster: group.placement?.cluster ?? null,
    domain: group.placement?.domain?.value ?? null,
    podsStopped: podsNow,
    podsNow,
    podsAfter: 0,
    why: `Only groups 0 to ${after.spec.replicas - 1} are wanted.`,
    refusals: [],
  };
}

function restartWhy({ spec, rollout }: SetState): string {
  if (rollout.isPaused || spec.rollout.paused) return "It takes the new revision when the rollout is resumed.";
  if (spec.rollout.strategy === "RoleRolling")
    return "The new revision changes its pods. Role by role its workloads replace them, in the order of dependencies.";
  return `The new revision changes its pods. At most ${spec.rollout.maxUnavailable} ${spec.rollout.maxUnavailable === 1 ? "group is" : "groups are"} down at a time.`;
}

const replicasOf = (set: SetState): ReadonlyMap<string, number> =>
  new Map(set.spec.groupTemplate.roles.map((role) => [role.role, role.replicas]));

function isScaled(before: SetState, after: SetState): boolean {
  const now = replicasOf(before);
  return [...replicasOf(after)].some(([role, replicas]) => now.get(role) !== replicas);
}

function stoppedByScale(before: SetState, after: SetState): number {
  const next = replicasOf(after);
  return before.spec.groupTemplate.roles.reduce(
    (sum, role) => sum + Math.max(0, role.replicas - (next.get(role.role) ?? 0)) * podsPerInstance(role),
    0,
  );
}

const KINDS = ["starts", "restarts", "scales", "removed", "unplaced", "stays"] as const;

function summaryOf(groups: readonly PreviewGroup[], after: SetState, isNew: boolean): string {
  const count = (then: PreviewGroup["then"]) => groups.filter((group) => group.then === then).length;
  const words: Record<PreviewGroup["then"], string> = {
    starts: count("starts") === 1 ? "starts" : "start",
    restarts: count("restarts") === 1 ? "restarts, as one" : "restart, one after another",
    scales: count("scales") === 1 ? "is scaled" : "are scaled",
    removed: count("removed") === 1 ? "is removed" : "are removed",
    unplaced: count("unplaced") === 1 ? "waits for room" : "wait for room",
    stays: count("stays") === 1 ? "stays as it is" : "stay as they are",
  };
  const parts = KINDS.filter((then) => count(then) > 0).map((then) => {
    const number = count(then);
    return `${number} ${number === 1 ? "group" : "groups"} ${words[then]}`;
  });
  if (parts.length === 0) return isNew ? `${after.name} has no groups yet.` : "Nothing changes.";
  return `${parts.join("; ")}.`;
}

function placementChecks(groups: readonly PreviewGroup[]): PreviewView["checks"] {
  const unplaced = groups.filter((group) => group.then === "unplaced");
  const [first] = unplaced;
  if (first === undefined) return [];
  const who = unplaced.length === 1 ? `Group ${first.index} waits` : `${unplaced.length} groups wait`;
  return [{ level: "warning", message: `${who} until there is room. ${first.why}`, path: "spec.placement" }];
}

/** Extra groups need room of their own, before any other is taken down. */
function surgeNotes({ after }: PreviewInput, groups: readonly PreviewGroup[]): PreviewView["checks"] {
  const extra = Math.min(maxSurge(after.spec), groups.filter((group) => group.then === "restarts").length);
  if (extra === 0 || after.spec.rollout.strategy === "RoleRolling") return [];
  const first = after.spec.replicas;
  const which = extra === 1 ? `Extra group ${first} comes` : `Extra groups ${first} to ${first + extra - 1} come`;
  return [
    {
      level: "note",
      message: `${which} first, at revision ${after.rollout.target}, where there is room, and ${extra === 1 ? "goes" : "go"} at the end.`,
      path: "spec.rollout.maxSurge",
    },
  ];
}

/** What becomes of claims whose pods end. */
function volumeNotes({ before, after }: PreviewInput, groups: readonly PreviewGroup[]): PreviewView["checks"] {
  const withClaims = (set: SetState) =>
    set.spec.groupTemplate.roles.filter((role) => role.volumeClaimTemplates.length > 0).map(({ role }) => role);
  const roles = [...new Set([...(before === null ? [] : withClaims(before.state)), ...withClaims(after)])];
  const ends = groups.some((group) => group.podsStopped > 0 || group.then === "removed");
  const makes = groups.some((group) => group.then === "starts");
  if (roles.length === 0 || (!ends && !makes)) return [];
  const message = ends
    ? `Volume claims of ${roles.join(", ")} stay, with their data; pods of the same names take them again and start where those volumes are.`
    : `Each pod of ${roles.join(", ")} gets volume claims of its own. They outlive the pods, and go with the set only when that is asked for.`;
  return [{ level: "note", message, path: null }];
}

function wavesOf({ spec }: SetState): PreviewView["waves"] {
  const { roles } = spec.groupTemplate;
  const byName = new Map(roles.map((role) => [role.role, role]));
  const waves = spec.startupPolicy === "Ordered" ? startupWaves(roles) : [roles.map((role) => role.role)];
  return waves.map((names, position) => ({
    wave: position + 1,
    roles: names.map((name) => {
      const role = byName.get(name);
      return { role: name, replicas: role?.replicas ?? 0, size: role === undefined ? 1 : podsPerInstance(role) };
    }),
    after:
      spec.startupPolicy === "Ordered"
        ? [...new Set(names.flatMap((role) => byName.get(role)?.dependencies ?? []))]
        : [],
  }));
}
