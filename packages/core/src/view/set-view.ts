import { clustersOfGroup, GROUP_PHASES, homeOf, type Revision, type SetState } from "../model/index.ts";
import { podRequests, wantedClusters } from "../placement/index.ts";
import { heldBackGroups, partitionMessage } from "../plan/canary.ts";
import { rolloutMessage, rolloutProgress } from "../plan/rollout-message.ts";
import { isRolloutPaused, maxSurge, maxUnavailable, revisionToReturnTo } from "../plan/rollout-state.ts";
import { waveNumbers } from "../plan/waves.ts";
import { renderEntry } from "../project/entry.ts";
import { describeRevisionChange } from "../spec/index.ts";
import { gpusOf } from "./gpus.ts";
import { isStale, type SetModel } from "./set-model.ts";
import type {
  EntryView,
  FightView,
  GroupTile,
  RevisionView,
  RoleView,
  RolloutView,
  SetDetail,
  SetRow,
} from "./types.ts";

/** So many groups are drawn in a row of a table. */
const MAX_TILES = 60;

export function setRow(model: SetModel): SetRow {
  const { state, status } = model;
  const wanted = podsPerGroup(state) * state.groups.length;
  const sizes = new Map(state.spec.groupTemplate.roles.map((role) => [role.role, podsPerInstance(role)]));
  const clusters = [...new Set(state.groups.flatMap(clustersOfGroup))].sort();
  const named = clusters.length > 0 ? clusters : wantedClusters(state.spec.placement.clusters, model.clusters);
  return {
    namespace: state.namespace,
    name: state.name,
    home: homeOf(state),
    readOnlyReason: readOnlyReason(state),
    phase: status.phase,
    message: model.refusedOf(null) ?? status.message,
    tiles: tilesOf(status.groups),
    replicas: state.spec.replicas,
    readyGroups: status.readyGroups,
    pods: wanted,
    readyPods: status.groups
      .flatMap((group) => group.roles)
      .reduce((sum, role) => sum + role.ready * (sizes.get(role.role) ?? 1), 0),
    gpus: gpusPerGroup(state) * state.groups.filter((group) => group.placement !== null).length,
    currentRevision: status.currentRevision,
    updateRevision: status.updateRevision,
    clusters: named,
    isStale: state.groups.some((group) => isStale(model, group)),
    isSimulated: named.some((name) => model.clusters.get(name)?.isSimulated ?? false),
    labels: model.labels,
    changedAtMs: model.changedAtMs,
  };
}

/** Key of a set among all sets. */
export function setKeyText(set: {
  readonly namespace: string;
  readonly name: string;
  readonly home: string | null;
}): string {
  const { namespace, name, home } = set;
  return home === null ? `${namespace}/${name}` : `${namespace}/${name}/${home}`;
}

/** Why the console changes nothing of a set but its replicas; null where it may. */
export function readOnlyReason({ resource }: SetState): string | null {
  if (resource === null || resource.managedBy === null) return null;
  return `${resource.managedBy} manages this set on ${resource.cluster} and would undo what is changed here. Change it where ${resource.managedBy} takes it from; scaling works here too.`;
}

/** Worst first, then by index; at most 60. */
export function tilesOf(groups: readonly GroupTile[]): readonly GroupTile[] {
  const severity = (tile: GroupTile) => GROUP_PHASES.indexOf(tile.phase);
  return [...groups]
    .sort((a, b) => severity(a) - severity(b) || a.index - b.index)
    .slice(0, MAX_TILES)
    .map(({ index, phase }) => ({ index, phase }));
}

export function gpusPerGroup(state: SetState): number {
  return state.spec.groupTemplate.roles.reduce((sum, role) => sum + role.replicas * gpusPerInstance(role), 0);
}

type RoleSpec = SetState["spec"]["groupTemplate"]["roles"][number];

/** Of a multi-node instance the leader and its workers. */
export const podsPerInstance = ({ leaderWorker }: RoleSpec): number => leaderWorker?.size ?? 1;

export function podsPerGroup(state: SetState): number {
  return state.spec.groupTemplate.roles.reduce((sum, role) => sum + role.replicas * podsPerInstance(role), 0);
}

function gpusPerInstance(role: RoleSpec): number {
  const workers = role.leaderWorker?.workerTemplate ?? role.template;
  return gpusOf(podRequests(role.template.spec)) + (podsPerInstance(role) - 1) * gpusOf(podRequests(workers.spec));
}

export function setDetail(model: SetModel): SetDetail {
  const { state } = model;
  const { topology } = state.spec.placement;
  return {
    ...setRow(model),
    id: state.id,
    generation: state.generation,
    startupPolicy: state.spec.startupPolicy,
    isDeleting: state.isDeleting,
    roles: roleViews(model),
    revisions: revisionViews(model),
    rollout: rolloutView(model),
    conditions: model.status.conditions,
    topologyKey: topology?.key ?? null,
    exclusive: topology?.exclusive ?? "None",
    fights: fightViews(state),
    isOrphaning: state.spec.deletion.orphan,
    hasVolumes: state.spec.groupTemplate.roles.some((role) => role.volumeClaimTemplates.length > 0),
    entry: entryView(model),
    createdAtMs: model.createdAtMs,
  };
}

function fightViews({ groups }: SetState): readonly FightView[] {
  return groups.flatMap(({ index, restorations }) =>
    restorations.flatMap(({ object, fight }) =>
      fight === null
        ? []
        : [
            {
              group: index,
              object: object.replace("/", " "),
              field: fight.field,
              manager: fight.manager,
              sinceMs: fight.sinceMs,
            },
          ],
    ),
  );
}

function entryView({ state }: SetModel): EntryView | null {
  const service = renderEntry(state);
  const { entry } = state.spec;
  if (service === null || entry === undefined) return null;
  const { ports } = service["spec"] as { readonly ports: readonly { readonly port: number }[] };
  const host = `${service.metadata.name}.${state.namespace}.svc`;
  return { role: entry.role, port: entry.port, address: `${host}:${ports[0]?.port ?? ""}` };
}

function roleViews({ state, status }: SetModel): readonly RoleView[] {
  const { roles } = state.spec.groupTemplate;
  const waves = waveNumbers(roles);
  return roles.map((role) => ({
    role: role.role,
    kind: role.workload.kind,
    replicas: role.replicas,
    size: podsPerInstance(role),
    dependencies: role.dependencies,
    wave: waves.get(role.role) ?? 1,
    gpusPerPod: gpusOf(podRequests(role.template.spec)),
    gpusPerInstance: gpusPerInstance(role),
    image: imageOf(role.template.spec.containers[0]),
    onPodFailure: role.onPodFailure,
    isExternal: role.scaling.external,
    readyPods: status.groups.reduce(
      (sum, group) =>
        sum + (group.roles.find((candidate) => candidate.role === role.role)?.ready ?? 0) * podsPerInstance(role),
      0,
    ),
    wantedPods: role.replicas * podsPerInstance(role) * state.groups.length,
  }));
}

function imageOf(container: Readonly<Record<string, unknown>> | undefined): string {
  const image = container?.["image"];
  return typeof image === "string" ? image : "none";
}

function revisionViews({ state, status }: SetModel): readonly RevisionView[] {
  return state.revisions.map((revision, position) => {
    const before = state.revisions[position - 1];
    return {
      number: revision.number,
      hash: revision.hash,
      createdAtMs: revision.createdAtMs,
      summary: summaryOf(state, revision, before),
      groups: state.groups.filter((group) => group.revision === revision.number && group.incarnation > 0).length,
      isTarget: revision.number === status.updateRevision,
      isCurrent: revision.number === status.currentRevision,
    };
  });
}

function summaryOf(state: SetState, revision: Revision, before: Revision | undefined): string {
  if (before === undefined) return revision.number === 1 ? "first revision" : "oldest kept revision";
  const same = state.revisions.find((other) => other.number < revision.number && other.hash === revision.hash);
  if (same !== undefined) return `back to revision ${same.number}`;
  return describeRevisionChange(before.content, revision.content);
}

function rolloutView({ state, status }: SetModel): RolloutView {
  const { rollout, spec } = state;
  const { isActive, extras } = rolloutProgress(state);
  const heldBack = heldBackGroups(state);
  return {
    strategy: spec.rollout.strategy,
    onFailure: spec.rollout.onFailure,
    target: rollout.target,
    current: status.currentRevision,
    isActive,
    isPaused: isRolloutPaused(state),
    stalledReason: rollout.stalledReason,
    canAbort: (isActive || heldBack > 0) && revisionToReturnTo(state) !== null,
    startedAtMs: rollout.startedAtMs,
    updatedGroups: status.updatedGroups,
    maxUnavailable: maxUnavailable(spec),
    maxSurge: maxSurge(spec),
    extraGroups: extras.length,
    partition: spec.rollout.partition,
    heldBack,
    partitionMessage: heldBack > 0 ? null : partitionMessage(state),
    returnedFrom: rollout.returnedFrom ?? null,
    message: rolloutMessage(state, status),
  };
}
