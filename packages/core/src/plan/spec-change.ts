import {
  canonicalJson,
  type Revision,
  type RevisionContent,
  type RevisionRole,
  type RoleShape,
  type SetState,
  WORKLOAD_API_VERSION,
} from "../model/index.ts";
import { describeRevisionChange, revisionContent, revisionHash } from "../spec/revision.ts";
import type { SetSpec } from "../spec/schema.ts";
import { begun, isRolloutActive, revisionToReturnTo, targetRevision } from "./rollout-state.ts";
import type { TimelineDraft } from "./types.ts";
import { listed } from "./words.ts";

/** The next state of a set after a user's act, with what the timeline says of it. The planner does the rest. */
export type StateChange = { readonly state: SetState; readonly timeline: readonly TimelineDraft[] };

export function createSet(
  identity: {
    readonly id: string;
    readonly namespace: string;
    readonly name: string;
    readonly resource?: SetState["resource"];
  },
  spec: SetSpec,
  nowMs: number,
): StateChange {
  const content = revisionContent(spec);
  const revision: Revision = {
    number: 1,
    hash: revisionHash(content),
    content,
    shape: roleShapes(spec),
    createdAtMs: nowMs,
  };
  const state: SetState = {
    id: identity.id,
    namespace: identity.namespace,
    name: identity.name,
    resource: identity.resource ?? null,
    spec,
    generation: 1,
    isDeleting: false,
    deletesVolumes: false,
    revisions: [revision],
    rollout: {
      target: 1,
      lastGood: null,
      current: 1,
      isPaused: false,
      stalledReason: null,
      startedAtMs: null,
      progressAtMs: nowMs,
      mostReady: 0,
      restart: 0,
    },
    groups: [],
    conditions: [],
  };
  const roles = spec.groupTemplate.roles.map(({ role, replicas }) => `${role} ×${replicas}`).join(", ");
  const draft = line("set.created", `Run ${spec.replicas} groups of ${roles}`, []);
  return { state, timeline: [draft] };
}

/**
 * Takes a new spec. Null when it is the present one.
 *
 * A new revision arises exactly when the hash of the pod-affecting content differs from the target's. Content that was
 * there before gets a new number, and groups that still run it are not touched. An edit during a rollout retargets it.
 */
export function acceptSpec(state: SetState, spec: SetSpec, nowMs: number): StateChange | null {
  if (canonicalJson(spec) === canonicalJson(state.spec)) return null;
  const content = revisionContent(spec);
  const hash = revisionHash(content);
  const target = targetRevision(state);
  const isResumed = state.spec.rollout.paused && !spec.rollout.paused;
  const rollout = { ...state.rollout, ...meantForAll(state), ...(isResumed ? { progressAtMs: nowMs } : {}) };
  const changed: SetState = { ...state, spec, rollout, generation: state.generation + 1 };
  const scaled = scaleDrafts(state.spec, spec);
  if (hash === target.hash) {
    const revisions = withShape(state.revisions, target.number, roleShapes(spec));
    const moved = movePartition(state, { ...changed, revisions }, nowMs);
    const told = [...scaled, ...moved.timeline];
    const timeline =
      told.length > 0 ? told : [line("set.changed", "Take the new definition; no pod restarts for it", [])];
    return { state: moved.state, timeline };
  }
  const next = targetNewRevision(changed, content, nowMs);
  const what = describeRevisionChange(target.content, content);
  const number = targetRevision(next).number;
  return {
    state: next,
    timeline: [
      ...scaled,
      line("set.changed", `Take the new definition as revision ${number}`, [], what),
      line("rollout.started", `Roll revision ${number} out, ${groupByGroup(spec)}`, [], what),
    ],
  };
}

/** Before any revision was good, the newest that was meant for all groups is what a later partition holds groups at. */
function meantForAll({ rollout, spec }: SetState): { readonly current?: number } {
  return rollout.lastGood === null && spec.rollout.partition === 0 ? { current: rollout.target } : {};
}

const groupByGroup = ({ replicas, rollout: { partition, strategy } }: SetSpec): string => {
  if (partition === 0) return strategy === "RoleRolling" ? "group by group, role by role" : "group by group";
  return partition < replicas ? `to groups from ${partition} up` : `to no group yet: the partition is ${partition}`;
};

/** A rollout goes on where the partition held it. One that has stalled still waits for a person's word. */
function movePartition(before: SetState, after: SetState, nowMs: number): StateChange {
  const [from, to] = [before.spec.rollout.partition, after.spec.rollout.partition];
  if (from === to) return { state: after, timeline: [] };
  const { target, stalledReason } = after.rollout;
  if (to > from || !isRolloutActive(after)) {
    const what = to === 0 ? "No group is held back any more" : `Groups below ${to} keep the revision that they have`;
    return { state: after, timeline: [line("set.changed", what, [], `Partition from ${from} to ${to}`)] };
  }
  const decision = `Take revision ${target} to groups from ${to} up`;
  return {
    state: { ...after, rollout: { ...begun(after.rollout, nowMs), stalledReason } },
    timeline: [line("rollout.started", decision, [], `Partition from ${from} to ${to}`)],
  };
}

/** The volume claims of its pods stay, unless they are to go too; what is let go keeps them in any case. */
export function deleteSet(
  present: SetState,
  { orphan = false, deletesVolumes = false }: { readonly orphan?: boolean; readonly deletesVolumes?: boolean } = {},
): StateChange | null {
  if (present.isDeleting) return null;
  const state = orphan ? { ...present, spec: { ...present.spec, deletion: { orphan } } } : present;
  const isLetGo = state.spec.deletion.orphan;
  const volumes = deletesVolumes ? "its volumes too" : "but not its volumes";
  const decision = isLetGo
    ? "Let go of everything that runs, and forget the set"
    : `Stop all groups and remove everything of the set, ${volumes}`;
  const draft = line("set.deleting", decision, []);
  const generation = state.generation + 1;
  return {
    state: { ...state, isDeleting: true, deletesVolumes: deletesVolumes && !isLetGo, generation },
    timeline: [draft],
  };
}

/**
 * Rolls back to the content of a kept revision, under a new number. The spec becomes that content too, as an edit would
 * make it, so that later edits build on it; counts, dependencies and policies stay as they are. The stored definition
 * follows from `state.spec`.
 *
 * Null when that content is the target already, or the revision is not kept.
 */
export function rollbackTo(state: SetState, revision: number, nowMs: number): StateChange | null {
  const chosen = state.revisions.find((candidate) => candidate.number === revision);
  if (chosen === undefined || chosen.hash === targetRevision(state).hash) return null;
  return returnTo(state, chosen, "Asked for", nowMs);
}

/** {@link rollbackTo} for a revision that is known to be kept and to have other content than the target. */
export function returnTo(state: SetState, chosen: Revision, cause: string, nowMs: number): StateChange {
  const rollout = { ...state.rollout, ...meantForAll(state) };
  const changed = { ...state, rollout, spec: specAtRevision(state.spec, chosen), generation: state.generation + 1 };
  const next = targetNewRevision(changed, chosen.content, nowMs);
  const decision = `Return to revision ${chosen.number}, as revision ${next.rollout.target}`;
  return { state: next, timeline: [line("rollout.rolled-back", decision, [], cause)] };
}

/** Returns to the last revision at which every group was Ready. Null when there is none or nothing to abort. */
export function abortRollout(state: SetState, nowMs: number): StateChange | null {
  const good = revisionToReturnTo(state);
  if (good === null) return null;
  const decision = `Return to revision ${good.number}, the last one at which every group was ready`;
  const { returnedFrom: _, ...rollout } = begun(state.rollout, nowMs);
  return {
    state: {
      ...state,
      spec: specAtRevision(state.spec, good),
      generation: state.generation + 1,
      rollout: { ...rollout, target: good.number, isPaused: false },
    },
    timeline: [line("rollout.aborted", decision, [], `Rollout of revision ${state.rollout.target} aborted`)],
  };
}

/** A spec with the pods of a revision: its roles and templates, at the present counts where a role is still there. */
export function specAtRevision(spec: SetSpec, revision: Revision): SetSpec {
  const { content, shape } = revision;
  const order = spec.groupTemplate.roles.map((role) => role.role);
  const places = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const names = new Set(content.roles.map((role) => role.role));
  const roles = [...content.roles]
    .sort((a, b) => places(a.role) - places(b.role))
    .map((role) => {
      const present = spec.groupTemplate.roles.find((candidate) => candidate.role === role.role);
      const wanted = present ?? shape.find((candidate) => candidate.role === role.role);
      return {
        ...(present ?? { scaling: { external: false } }),
        role: role.role,
        replicas: wanted?.replicas ?? 0,
        dependencies: (wanted?.dependencies ?? []).filter((name) => names.has(name)),
        onPodFailure: wanted?.onPodFailure ?? ("Recreate" as const),
        workload: { apiVersion: WORKLOAD_API_VERSION[role.kind], kind: role.kind },
        leaderWorker: leaderWorkerSpec(role),
        minReadySeconds: wanted?.minReadySeconds ?? 0,
        volumeClaimTemplates:
          role.volumeClaimTemplates as SetSpec["groupTemplate"]["roles"][number]["volumeClaimTemplates"],
        // It was a valid template when the revision was made from it.
        template: role.template as SetSpec["groupTemplate"]["roles"][number]["template"],
      };
    });
  const { labels, annotations } = content.groupMetadata;
  return { ...spec, groupTemplate: { ...spec.groupTemplate, metadata: { labels, annotations }, roles } };
}

/** It was a valid one when the revision was made from it. */
function leaderWorkerSpec({ leaderWorker }: RevisionRole): SetSpec["groupTemplate"]["roles"][number]["leaderWorker"] {
  if (leaderWorker === undefined || leaderWorker === null) return undefined;
  const { size, workerTemplate } = leaderWorker;
  return workerTemplate === null
    ? { size }
    : { size, workerTemplate: workerTemplate as SetSpec["groupTemplate"]["roles"][number]["template"] };
}

function targetNewRevision(state: SetState, content: RevisionContent, nowMs: number): SetState {
  const number = Math.max(...state.revisions.map((revision) => revision.number)) + 1;
  const revision: Revision = {
    number,
    hash: revisionHash(content),
    content,
    shape: roleShapes(state.spec),
    createdAtMs: nowMs,
  };
  const { returnedFrom: _, ...rollout } = begun(state.rollout, nowMs);
  return { ...state, revisions: [...state.revisions, revision], rollout: { ...rollout, target: number } };
}

function withShape(revisions: readonly Revision[], number: number, shape: readonly RoleShape[]): readonly Revision[] {
  return revisions.map((revision) => (revision.number === number ? { ...revision, shape } : revision));
}

function roleShapes(spec: SetSpec): readonly RoleShape[] {
  return spec.groupTemplate.roles.map(({ role, replicas, dependencies, onPodFailure, minReadySeconds }) => ({
    role,
    replicas,
    dependencies,
    onPodFailure,
    minReadySeconds,
  }));
}

function scaleDrafts(before: SetSpec, after: SetSpec): readonly TimelineDraft[] {
  const changes: string[] = [];
  if (before.replicas !== after.replicas) changes.push(`groups from ${before.replicas} to ${after.replicas}`);
  for (const role of after.groupTemplate.roles) {
    const old = before.groupTemplate.roles.find((candidate) => candidate.role === role.role);
    if (old !== undefined && old.replicas !== role.replicas)
      changes.push(`${role.role} from ${old.replicas} to ${role.replicas} in each group`);
  }
  return changes.length === 0 ? [] : [line("scaled", `Scale ${listed(changes)}`, [])];
}

function line(
  kind: TimelineDraft["kind"],
  decision: string,
  actions: readonly string[],
  cause: string | null = null,
): TimelineDraft {
  return { kind, group: null, incarnation: null, cause, decision, actions };
}
