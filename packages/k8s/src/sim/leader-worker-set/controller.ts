/**
 * The controller of LeaderWorkerSets (kubernetes-sigs/lws): a StatefulSet of leaders named as the set, and for each
 * leader a StatefulSet of its workers, owned by the leader's pod, so that a group goes with its leader.
 *
 *   set → leaders S → pod S-k → workers S-k → pods S-k-1 ... S-k-(size-1)
 */
import { canonicalJson } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "../controllers/context.ts";
import { resolveIntOrPercent } from "../controllers/int-or-percent.ts";
import {
  type Condition,
  type ControllerRevision,
  controllerOf,
  controllerReference,
  isPodReady,
  isTerminating,
  keyOf,
  type Pod,
  type StatefulSet,
  splitKey,
  timestamp,
  typed,
  uidOf,
} from "../controllers/objects.ts";
import { safeSuffix } from "../controllers/timing.ts";
import { createGroupReconciler } from "./groups.ts";
import { ensureService, leaderStatefulSet } from "./render.ts";
import { type GroupState, rolloutStep } from "./rollout.ts";
import { COMPONENT, KEY, type LeaderWorkerSet, MANAGER, RESOURCE, revisionKeyOf, SETS } from "./types.ts";

const REVISIONS = "controllerrevisions.apps";

export function createLeaderWorkerSetController(context: ControllerContext): Controller {
  const { api, events } = context;
  const queue = context.queue(COMPONENT, reconcile);
  const groups = context.queue("leaderworkerset-pod", createGroupReconciler(context));

  function reconcile(key: string): undefined {
    const object = api.get(RESOURCE, ...splitKey(key));
    if (object === undefined || isTerminating(object)) return;
    const set = typed<LeaderWorkerSet>(object);
    const before = leadersOf(set);
    const { revision, isNew } = syncRevision(set, before);
    const leaders = writeLeaders(set, before, revisionKeyOf(revision), isNew);
    if (set.spec.networkConfig.subdomainPolicy === "Shared") ensureService(context, set, set.metadata.name, set);
    if (writeStatus(set, leaders, revisionKeyOf(revision))) truncateRevisions(set, revisionKeyOf(revision));
  }

  function leadersOf(set: LeaderWorkerSet): StatefulSet | undefined {
    const found = api.get(SETS, set.metadata.namespace, set.metadata.name);
    return found === undefined ? undefined : typed<StatefulSet>(found);
  }

  /** The revision that the leaders run, or the one of the present template when that is another. */
  function syncRevision(
    set: LeaderWorkerSet,
    leaders: StatefulSet | undefined,
  ): { readonly revision: ControllerRevision; readonly isNew: boolean } {
    const data = revisionData(set);
    const text = canonicalJson(data);
    const all = revisionsOf(set);
    const running = leaders === undefined ? "" : revisionKeyOf(leaders);
    const present = all.findLast((one) => running !== "" && revisionKeyOf(one) === running);
    if (present !== undefined && canonicalJson(present.data) === text) return { revision: present, isNew: false };
    const hash = safeSuffix(text);
    const number = (all.at(-1)?.revision ?? 0) + 1;
    const created = api.create(REVISIONS, {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: `${set.metadata.name}-${hash}-${number}`,
        namespace: set.metadata.namespace ?? "default",
        labels: { [KEY.setName]: set.metadata.name, [KEY.revision]: hash },
        ownerReferences: [controllerReference(set)],
      },
      data,
      revision: number,
    });
    record(set, "Normal", "CreatingRevision", `Creating revision with key ${hash} for updated LWS`);
    return { revision: typed<ControllerRevision>(created), isNew: present !== undefined };
  }

  function revisionsOf(set: LeaderWorkerSet): readonly ControllerRevision[] {
    return api
      .list(REVISIONS, { ownerUid: uidOf(set) })
      .map((one) => typed<ControllerRevision>(one))
      .toSorted((a, b) => a.revision - b.revision);
  }

  function truncateRevisions(set: LeaderWorkerSet, running: string): void {
    for (const one of revisionsOf(set)) {
      if (revisionKeyOf(one) !== running) api.delete(REVISIONS, one.metadata.namespace, one.metadata.name);
    }
  }

  function writeLeaders(
    set: LeaderWorkerSet,
    before: StatefulSet | undefined,
    revision: string,
    isNewRevision: boolean,
  ): StatefulSet {
    const { name, namespace = "default" } = set.metadata;
    const { rollingUpdateConfiguration: rolling } = set.spec.rolloutStrategy;
    const step = rolloutStep({
      replicas: set.spec.replicas,
      partition: rolling.partition,
      maxSurge: resolveIntOrPercent(rolling.maxSurge, set.spec.replicas, "up", 0),
      maxUnavailable: resolveIntOrPercent(rolling.maxUnavailable, set.spec.replicas, "down", 1),
      isNewRevision,
      leaders:
        before === undefined
          ? undefined
          : {
              replicas: before.spec.replicas ?? 1,
              partition: before.spec.updateStrategy?.rollingUpdate?.partition ?? 0,
              wantedReplicas: Number(before.metadata.annotations?.[KEY.replicas] ?? set.spec.replicas),
              states: Array.from({ length: before.spec.replicas ?? 1 }, (_, index) => stateOf(set, index, revision)),
            },
    });
    const wanted = leaderStatefulSet(set, step, revision);
    if (before === undefined) {
      try {
        const created = api.create(SETS, wanted, MANAGER);
        record(set, "Normal", "GroupsProgressing", `Created leader statefulset ${name}`);
        return typed<StatefulSet>(created);
      } catch (error) {
        record(set, "Warning", "FailedCreate", `Failed to create leader statefulset ${name}`);
        throw error;
      }
    }
    const partitionBefore = before.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    if (!isNewRevision && step.partition !== partitionBefore) {
      record(set, "Normal", "GroupsUpdating", `Updating replicas ${partitionBefore} to ${step.partition}`);
    }
    const live = api.get(SETS, namespace, name) ?? before;
    const { labels, annotations, ownerReferences = [] } = live.metadata;
    const others = ownerReferences.filter(({ uid }) => uid !== uidOf(set));
    return typed<StatefulSet>(
      api.update(
        SETS,
        {
          ...live,
          metadata: {
            ...live.metadata,
            labels: { ...labels, ...wanted.metadata.labels },
            annotations: { ...annotations, ...wanted.metadata.annotations },
            ownerReferences: [...others, controllerReference(set)],
          },
          spec: { ...(live["spec"] as StatefulSet["spec"]), ...wanted.spec },
        },
        MANAGER,
      ),
    );
  }

  function stateOf(set: LeaderWorkerSet, index: number, revision: string): GroupState {
    const { namespace } = set.metadata;
    const name = `${set.metadata.name}-${index}`;
    const leader = api.get("pods", namespace, name);
    if (leader === undefined) return { isReady: false, isUpdated: false };
    return groupStateOf(set, typed<Pod>(leader), revision);
  }

  function groupStateOf(set: LeaderWorkerSet, leader: Pod, revision: string): GroupState {
    const isLeaderReady = leader.status?.phase === "Running" && isPodReady(leader);
    const isLeaderUpdated = revisionKeyOf(leader) === revision;
    if (set.spec.leaderWorkerTemplate.size === 1) return { isReady: isLeaderReady, isUpdated: isLeaderUpdated };
    const found = api.get(SETS, set.metadata.namespace, leader.metadata.name);
    if (found === undefined) return { isReady: false, isUpdated: false };
    const workers = typed<StatefulSet>(found);
    return {
      isReady: isLeaderReady && areAllReady(workers),
      isUpdated: isLeaderUpdated && revisionKeyOf(workers) === revision,
    };
  }

  /** Returns whether every group runs the revision and is ready. */
  function writeStatus(set: LeaderWorkerSet, leaders: StatefulSet, revision: string): boolean {
    const { namespace, name } = set.metadata;
    const { replicas, rolloutStrategy } = set.spec;
    const { partition } = rolloutStrategy.rollingUpdateConfiguration;
    const states = api
      .list("pods", {
        ...(namespace === undefined ? {} : { namespace }),
        labels: { [KEY.setName]: name, [KEY.workerIndex]: "0" },
      })
      .map((pod) => ({
        index: Number(pod.metadata.labels?.[KEY.groupIndex]),
        hasWorkers:
          set.spec.leaderWorkerTemplate.size === 1 || api.get(SETS, namespace, pod.metadata.name) !== undefined,
        ...groupStateOf(set, typed<Pod>(pod), revision),
      }))
      .filter(({ hasWorkers }) => hasWorkers);
    const own = states.filter(({ index }) => index < replicas);
    const rolled = own.filter(({ index }) => index >= partition);
    const areRolled = rolled.every(({ isUpdated }) => isUpdated);
    const areDone = rolled.every(({ isReady, isUpdated }) => isReady && isUpdated);
    const types = !areRolled
      ? (["UpdateInProgress", "Progressing"] as const)
      : areDone && own.filter(({ isReady }) => isReady).length === replicas
        ? (["Available"] as const)
        : (["Progressing"] as const);
    const conditions = types.reduce<readonly Condition[]>(
      (present, type) => withTrue(present, type, api.clock.nowMs()),
      set.status?.conditions ?? [],
    );
    const readyReplicas = states.filter(({ isReady }) => isReady).length;
    const status: NonNullable<LeaderWorkerSet["status"]> = {
      conditions,
      hpaPodSelector: `${KEY.setName}=${name},${KEY.workerIndex}=0`,
      observedGeneration: set.metadata.generation ?? 1,
      ...withoutZero("readyReplicas", readyReplicas),
      ...withoutZero("replicas", leaders.status?.replicas ?? 0),
      ...withoutZero("updatedReplicas", states.filter(({ isUpdated }) => isUpdated).length),
    };
    if (canonicalJson(status) !== canonicalJson(set.status)) {
      const latest = api.get(RESOURCE, namespace, name);
      if (latest !== undefined && uidOf(latest) === uidOf(set)) {
        api.update(RESOURCE, { ...latest, status }, { subresource: "status", ...MANAGER });
      }
      const isNews = canonicalJson(conditions) !== canonicalJson(set.status?.conditions);
      const { reason, message } = CONDITIONS[types[0]];
      if (isNews) {
        record(set, "Normal", reason, `${message}, with ${readyReplicas} groups ready of total ${replicas} groups`);
      }
    }
    return partition === 0 && rolled.length === replicas && areDone;
  }

  function record(set: LeaderWorkerSet, type: "Normal" | "Warning", reason: string, message: string): void {
    events.record({ about: set, type, reason, message, component: COMPONENT });
  }

  return {
    observe({ resource, object, type }) {
      const { namespace = "", labels } = object.metadata;
      if (resource === RESOURCE) {
        if (type !== "DELETED") queue.add(keyOf(object));
        return;
      }
      const set = labels?.[KEY.setName];
      if (resource === "pods" && set !== undefined) groups.add(keyOf(object));
      if (resource !== SETS && resource !== "services") return;
      const owner = controllerOf(object);
      if (owner?.kind === "LeaderWorkerSet") queue.add(`${namespace}/${owner.name}`);
      if (resource === SETS && set !== undefined) {
        queue.add(`${namespace}/${set}`);
        if (owner?.kind === "Pod") groups.add(`${namespace}/${owner.name}`);
      }
    },
    start() {
      for (const set of api.list(RESOURCE)) {
        queue.add(keyOf(set));
        const { namespace, name } = set.metadata;
        const labels = { [KEY.setName]: name };
        for (const pod of api.list("pods", { ...(namespace === undefined ? {} : { namespace }), labels })) {
          groups.add(keyOf(pod));
        }
      }
    },
    stop() {
      queue.stop();
      groups.stop();
    },
  };
}

function withoutZero<K extends string>(key: K, value: number): { readonly [key in K]?: number } {
  return value === 0 ? {} : ({ [key]: value } as { readonly [key in K]: number });
}

function areAllReady({ spec, status, metadata }: StatefulSet): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.readyReplicas ?? 0) === (spec.replicas ?? 1) &&
    status?.currentRevision === status?.updateRevision
  );
}

function revisionData({ spec }: LeaderWorkerSet): unknown {
  const { networkConfig, leaderWorkerTemplate } = spec;
  return {
    spec: {
      networkConfig: { ...networkConfig, $patch: "replace" },
      leaderWorkerTemplate: { ...leaderWorkerTemplate, $patch: "replace" },
    },
  };
}

const CONDITIONS = {
  Available: { reason: "AllGroupsReady", message: "All replicas are ready" },
  UpdateInProgress: { reason: "GroupsUpdating", message: "Rolling Upgrade is in progress" },
  Progressing: { reason: "GroupsProgressing", message: "Replicas are progressing" },
} as const;

/** Available excludes the other two; what stays as it was keeps its time. */
function withTrue(present: readonly Condition[], type: keyof typeof CONDITIONS, nowMs: number): readonly Condition[] {
  const next: Condition = { type, status: "True", lastTransitionTime: timestamp(nowMs), ...CONDITIONS[type] };
  const kept = present.map((one): Condition => {
    if (one.type === type) return one.status === "True" ? one : next;
    const isExcluded = one.status === "True" && (one.type === "Available" || type === "Available");
    return isExcluded ? { ...one, status: "False" } : one;
  });
  return kept.some((one) => one.type === type) ? kept : [...kept, next];
}
