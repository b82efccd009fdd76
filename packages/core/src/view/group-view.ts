import {
  type GroupState,
  type GroupStatus,
  groupName,
  instanceName,
  type ObservedPod,
  type PastIncarnation,
  podTemplateOf,
  type RevisionRole,
  renderedRoles,
  type SetState,
} from "../model/index.ts";
import { podRequests } from "../placement/index.ts";
import { nextIncarnation } from "../plan/incarnation.ts";
import { instanceAddresses } from "../project/addresses.ts";
import { gpusOf } from "./gpus.ts";
import { placementNotes } from "./placement-notes.ts";
import { podView, silentNodes } from "./pod-view.ts";
import { hashOf, healthOf, isStale, type SetModel } from "./set-model.ts";
import type { GroupRoleView, GroupView, PodView, RoleRestartView } from "./types.ts";

export function groupView(model: SetModel, group: GroupState): GroupView {
  const { state } = model;
  const status = model.status.groups.find((candidate) => candidate.index === group.index);
  const roles = roleViews(state, group, status);
  const refused = model.refusedOf(group.index);
  const isLeaving = group.stage === "teardown" && group.teardown?.next === "restart";
  const revision = isLeaving && group.teardown?.cause.kind === "rollout" ? state.rollout.target : group.revision;
  return {
    index: group.index,
    isSurge: group.isSurge,
    name: groupName(state.name, group.index),
    phase: status?.phase ?? (healthOf(model, group) === "live" ? "Starting" : "Unknown"),
    cluster: group.placement?.cluster ?? null,
    domain: group.placement?.domain?.value ?? null,
    revision,
    fromRevision: fromRevision(state, group, revision),
    incarnation: group.incarnation,
    nextIncarnation: isLeaving || group.stage === "waiting" ? nextIncarnation(group) : null,
    sinceMs:
      group.stage === "running" ? (group.readySinceMs ?? group.incarnationStartedAtMs ?? group.sinceMs) : group.sinceMs,
    message: refused ?? status?.message ?? null,
    untilMs: refused === null ? (status?.untilMs ?? null) : null,
    roles,
    cause: group.teardown?.cause ?? group.lastCause,
    history: group.history.map(withoutLog),
    refusals: group.stage === "unplaced" ? model.refusalsOf(group.index) : [],
    placementWhy: group.placement?.why ?? null,
    prefers: group.placement?.prefers?.value ?? null,
    exclusive: group.placement?.exclusive ?? "None",
    copies: group.leaving.flatMap(({ copy, stage }) =>
      copy.placement === null
        ? []
        : [
            {
              cluster: copy.placement.cluster,
              domain: copy.placement.domain?.value ?? null,
              incarnation: copy.incarnation,
              stage,
            },
          ],
    ),
    placementNotes: placementNotes(model, group),
    isStale: isStale(model, group),
  };
}

/** Only the last cause is shown with its log; twenty of them would be most of what is sent. */
function withoutLog(past: PastIncarnation): PastIncarnation {
  const { logTail: _, ...cause } = past.cause;
  return { ...past, cause };
}

/** The revision that a group is on its way from, until it is Ready on the other one. */
function fromRevision(state: SetState, group: GroupState, revision: number): number | null {
  const from =
    group.revision === revision ? (group.history[group.history.length - 1]?.revision ?? null) : group.revision;
  if (from === null || from === revision || group.firstReadyAtMs !== null) {
    return group.revision === revision ? null : group.revision;
  }
  return hashOf(state, from) === hashOf(state, revision) ? null : from;
}

function roleViews(state: SetState, group: GroupState, status: GroupStatus | undefined): readonly GroupRoleView[] {
  const isOrdered = state.spec.startupPolicy === "Ordered";
  const counts = new Map(status?.roles.map((role) => [role.role, role]));
  const sizes = sizesOf(state, group);
  const isDone = (role: string): boolean => {
    const count = counts.get(role);
    return count !== undefined && count.ready >= count.replicas;
  };
  return state.spec.groupTemplate.roles.map(({ role, replicas, dependencies }) => {
    const count = counts.get(role) ?? { ready: 0, replicas };
    const common = {
      role,
      replicas: count.replicas,
      size: sizes.get(role) ?? 1,
      restart: restartView(group, role),
      behind: behindRevision(group, role),
    };
    if (group.stage !== "running") return { ...common, ready: 0, stage: "none", waitsFor: [] };
    const waitsFor = isOrdered ? dependencies.filter((name) => !isDone(name)) : [];
    const isStarted = group.startedRoles.includes(role);
    // A later incarnation holds all its names first: made with 0 replicas is not started.
    const isHeld = waitsFor.length > 0 || group.incarnation > 1 || group.roleRestarts.some((one) => one.role === role);
    const stage = isDone(role) ? "done" : isHeld && !isStarted ? "waiting" : "starting";
    return { ...common, ready: count.ready, stage, waitsFor: stage === "waiting" ? waitsFor : [] };
  });
}

function restartView(group: GroupState, role: string): RoleRestartView | null {
  const restart = group.roleRestarts.find((each) => each.role === role);
  if (restart === undefined) return null;
  const { stage, notBeforeMs, cause, sinceMs } = restart;
  return {
    number: restart.restart,
    stage: stage === "waiting" && notBeforeMs === null ? "given-up" : stage,
    message: cause.message,
    atMs: sinceMs,
    untilMs: stage === "waiting" ? notBeforeMs : null,
  };
}

/** A role that is only to be restarted is behind, and runs the same content. */
function behindRevision({ roleUpdate }: GroupState, role: string): number | null {
  const behind = roleUpdate?.behind.find((each) => each.role === role);
  return behind === undefined ? null : behind.revision;
}

/** Pods of the copies that a group is leaving on other clusters. */
export function copyPods(model: SetModel, group: GroupState): readonly PodView[] {
  const { namespace, name } = model.state;
  return group.leaving.flatMap(({ copy }) => {
    const cluster = model.clusters.get(copy.placement?.cluster ?? "");
    if (cluster === undefined) return [];
    const context = {
      cluster: cluster.name,
      isStale: isStale(model, copy),
      group: copy,
      silentNodes: silentNodes(cluster),
    };
    return cluster
      .set(namespace, name)
      .pods.filter((pod) => pod.groupIndex === group.index)
      .map((pod) => podView(pod, context));
  });
}

/** Pods of a group, then a place for each one that is wanted and not there; the places keep the picture still. */
export function groupPods(model: SetModel, group: GroupState, pods: readonly ObservedPod[]): readonly PodView[] {
  const stale = isStale(model, group);
  const cluster = group.placement?.cluster ?? "";
  const context = { cluster, isStale: stale, group, silentNodes: silentNodes(model.clusters.get(cluster)) };
  const views = pods.map((pod) => podView(pod, context));
  return [...views, ...places(model, group, pods)];
}

function places(model: SetModel, group: GroupState, pods: readonly ObservedPod[]): readonly PodView[] {
  const { state } = model;
  if (group.teardown?.next === "remove") return [];
  const result: PodView[] = [];
  const status = model.status.groups.find((candidate) => candidate.index === group.index);
  const roles = roleViews(state, group, status);
  const contents = contentsOf(state, group);
  for (const { role, replicas } of state.spec.groupTemplate.roles) {
    const present = pods.filter((pod) => pod.role === role);
    const taken = new Set(present.flatMap((pod) => (pod.ordinal === null ? [] : [placeKey(pod)])));
    const unnumbered = present.filter((pod) => pod.ordinal === null).length;
    const waitsFor = roles.find((candidate) => candidate.role === role)?.waitsFor ?? [];
    const content = contents.get(role);
    const wanted = placesOf(state, group, role, replicas, content);
    const gpus = new Map([0, 1].map((worker) => [worker, content === undefined ? 0 : gpusAt(content, worker)]));
    let places = 0;
    for (const { ordinal, worker, name } of wanted) {
      if (taken.has(placeKey({ ordinal, worker })) || places >= wanted.length - taken.size - unnumbered) continue;
      places += 1;
      result.push({
        uid: `place:${group.index}-${role}-${placeKey({ ordinal, worker })}`,
        cluster: group.placement?.cluster ?? "",
        namespace: state.namespace,
        name,
        set: state.name,
        group: group.index,
        role,
        ordinal,
        worker,
        incarnation: null,
        ...placeState(group, name, waitsFor),
        progress: null,
        node: null,
        gpus: gpus.get(Math.min(1, worker ?? 0)) ?? 0,
        createdAtMs: null,
        readySinceMs: null,
        deletingSinceMs: null,
        ip: null,
        containers: [],
        isStale: isStale(model, group),
      });
    }
  }
  return result;
}

function placeState(group: GroupState, pod: string, waitsFor: readonly string[]): Pick<PodView, "state" | "stateText"> {
  if (group.stage === "unplaced") return { state: "waiting", stateText: "no place yet" };
  if (group.stage === "running") {
    return waitsFor.length > 0
      ? { state: "waiting", stateText: `after ${waitsFor.join(", ")}` }
      : { state: "waiting", stateText: "not created yet" };
  }
  const cause = group.teardown?.cause ?? group.lastCause;
  if (cause?.kind === "failure" && cause.pod === pod) {
    return { state: "failed", stateText: cause.exitCode === undefined ? "failed" : `exit ${cause.exitCode}` };
  }
  return { state: "tornDown", stateText: "torn down" };
}

const placeKey = ({ ordinal, worker }: Pick<ObservedPod, "ordinal" | "worker">): string =>
  worker === null ? String(ordinal) : `${ordinal}-${worker}`;

type Place = { readonly ordinal: number; readonly worker: number | null; readonly name: string };

/** Every pod that a role is to have, by the names that it will have. */
function placesOf(
  state: SetState,
  group: GroupState,
  role: string,
  replicas: number,
  content: RevisionRole | undefined,
): readonly Place[] {
  const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
  const multiNode = content?.leaderWorker ?? null;
  const rendered = renderedRoles(state, group).find((candidate) => candidate.role === role);
  if (multiNode === null || rendered === undefined)
    return ordinals.map((ordinal) => ({
      ordinal,
      worker: null,
      name: instanceName(state.name, group.index, role, ordinal),
    }));
  const names = instanceAddresses(state, group.index, { ...rendered, replicas });
  return ordinals.flatMap((ordinal) => {
    const { address, workers } = names[ordinal] ?? { address: "", workers: [] };
    return [address, ...(workers ?? [])].map((each, worker) => ({ ordinal, worker, name: each.split(".")[0] ?? "" }));
  });
}

const gpusAt = (content: RevisionRole, worker: number): number =>
  gpusOf(podRequests(podTemplateOf(content, worker)["spec"]));

/** What the roles are at the revision that the group runs, or the one it will. */
function contentsOf(state: SetState, group: GroupState): ReadonlyMap<string, RevisionRole> {
  const revision = state.revisions.find((candidate) => candidate.number === group.revision);
  return new Map(revision?.content.roles.map((role) => [role.role, role]));
}

function sizesOf(state: SetState, group: GroupState): ReadonlyMap<string, number> {
  return new Map([...contentsOf(state, group)].map(([role, { leaderWorker }]) => [role, leaderWorker?.size ?? 1]));
}
