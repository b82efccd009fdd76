/**
 * The StatefulSet controller: identities S-k, ordered or parallel, with the update rules of Kubernetes 1.37.
 *
 * One reconcile sees the whole set: it claims pods, finds the revisions, creates what is missing, condemns what is too
 * much, replaces one step of what is outdated, and writes the status last.
 */
import type { Controller, ControllerContext } from "./context.ts";
import { resolveIntOrPercent } from "./int-or-percent.ts";
import {
  availableAtMs,
  controllerOf,
  isPodReady,
  isTerminal,
  isTerminating,
  keyOf,
  type Pod,
  type StatefulSet,
  type StatefulSetStatus,
  splitKey,
  typed,
  uidOf,
  withoutZeros,
} from "./objects.ts";
import { claimPods, ownerKeys, podFromTemplate, podsOwnedBy, storeStatus } from "./pod-ownership.ts";
import { ensureClaims, syncClaimOwners, withClaimVolumes } from "./statefulset-claims.ts";
import {
  REVISION_LABEL,
  type Revisions,
  syncRevisions,
  templateOf,
  truncateRevisions,
} from "./statefulset-revisions.ts";

const RESOURCE = "statefulsets.apps";
const COMPONENT = "statefulset-controller";

/** The number at the end of a pod's name; -1 when the pod cannot belong to the set. */
function ordinalOf(set: StatefulSet, pod: Pod): number {
  const { name } = pod.metadata;
  const prefix = `${set.metadata.name}-`;
  if (!name.startsWith(prefix)) return -1;
  const digits = name.slice(prefix.length);
  return /^\d+$/u.test(digits) ? Number(digits) : -1;
}

type Work = {
  readonly set: StatefulSet;
  readonly revisions: Revisions;
  readonly isOrdered: boolean;
  readonly minReadySeconds: number;
  readonly firstOrdinal: number;
  readonly nowMs: number;
  /** The earliest time at which a Ready pod becomes available. */
  dueMs: number;
};

export function createStatefulSetController(context: ControllerContext): Controller {
  const { api, events } = context;
  const queue = context.queue(COMPONENT, reconcile);

  function reconcile(key: string): number | undefined {
    const object = api.get(RESOURCE, ...splitKey(key));
    if (object === undefined) return undefined;
    const set = typed<StatefulSet>(object);
    const pods = claimPods(context, set, (pod) => ordinalOf(set, pod) >= 0);
    const revisions = syncRevisions(context, set);
    const work: Work = {
      set,
      revisions,
      isOrdered: set.spec.podManagementPolicy !== "Parallel",
      minReadySeconds: set.spec.minReadySeconds ?? 0,
      firstOrdinal: set.spec.ordinals?.start ?? 0,
      nowMs: api.clock.nowMs(),
      dueMs: Number.POSITIVE_INFINITY,
    };
    try {
      if (!isTerminating(set)) moveTowardsSpec(work, pods);
    } finally {
      writeStatus(work);
    }
    truncateRevisions(context, set, pods, revisions);
    return work.dueMs === Number.POSITIVE_INFINITY ? undefined : work.dueMs;
  }

  function moveTowardsSpec(work: Work, pods: readonly Pod[]): void {
    const { set, firstOrdinal } = work;
    const replicas = set.spec.replicas ?? 1;
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
    const wanted = Array.from({ length: replicas }, (_, index) => firstOrdinal + index);
    const condemned = [...byOrdinal]
      .filter(([ordinal]) => ordinal >= 0 && (ordinal < firstOrdinal || ordinal >= firstOrdinal + replicas))
      .toSorted(([a], [b]) => b - a)
      .map(([, pod]) => pod);
    const firstUnavailable =
      wanted.map((ordinal) => byOrdinal.get(ordinal)).find((pod) => pod === undefined || isUnavailable(work, pod)) ??
      condemned.findLast((pod) => isUnavailable(work, pod));
    const hasGap = wanted.some((ordinal) => !byOrdinal.has(ordinal));

    for (const ordinal of wanted) {
      const isDone = settleReplica(work, ordinal, byOrdinal.get(ordinal));
      if (!isDone && work.isOrdered) return;
    }
    syncClaimOwners(context, set, condemned, () => true);
    for (const pod of condemned) {
      if (isTerminating(pod)) {
        if (work.isOrdered) return;
        continue;
      }
      const mayGo = !work.isOrdered || isAvailable(work, pod) || pod === firstUnavailable;
      if (!mayGo) return;
      deletePod(set, pod);
      if (work.isOrdered) return;
    }
    if (set.spec.updateStrategy?.type === "OnDelete") return;
    // What was created just now is looked at again when its own events arrive.
    if (!hasGap)
      replaceOutdated(
        work,
        wanted.flatMap((ordinal) => byOrdinal.get(ordinal) ?? []),
      );
  }

  /** Whether this ordinal is as it should be, so that an ordered set may go on to the next. */
  function settleReplica(work: Work, ordinal: number, pod: Pod | undefined): boolean {
    const { set } = work;
    if (pod === undefined) {
      createPod(work, ordinal);
      return false;
    }
    if (isTerminal(pod)) {
      if (!isTerminating(pod)) deletePod(set, pod);
      return false;
    }
    if (pod.status?.phase === "Pending" && !isTerminating(pod)) ensureClaims(context, set, ordinal);
    if (isTerminating(pod) || !isAvailable(work, pod)) return false;
    syncClaimOwners(context, set, [pod], () => false);
    syncIdentity(set, pod, ordinal);
    return true;
  }

  function createPod(work: Work, ordinal: number): void {
    const { set, revisions, firstOrdinal } = work;
    const rollingUpdate = set.spec.updateStrategy?.rollingUpdate;
    const currentUntil =
      rollingUpdate === undefined
        ? firstOrdinal + (set.status?.currentReplicas ?? 0)
        : firstOrdinal + (rollingUpdate.partition ?? 0);
    const isRolling = (set.spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
    const revision = isRolling && ordinal < currentUntil ? revisions.current : revisions.update;
    const name = `${set.metadata.name}-${ordinal}`;
    const pod = podFromTemplate(templateOf(revision), set, name);
    ensureClaims(context, set, ordinal);
    try {
      api.create(
        "pods",
        {
          ...pod,
          metadata: {
            ...pod.metadata,
            labels: {
              ...pod.metadata.labels,
              ...identityLabels(name, ordinal),
              [REVISION_LABEL]: revision.metadata.name,
            },
          },
          spec: {
            ...withClaimVolumes(set, pod.spec, ordinal),
            hostname: name,
            ...(set.spec.serviceName === undefined ? {} : { subdomain: set.spec.serviceName }),
          },
        },
        { fieldManager: "kube-controller-manager" },
      );
    } catch (error) {
      recordPodEvent(set, "Create", name, error);
      throw error;
    }
    recordPodEvent(set, "Create", name);
  }

  function deletePod(set: StatefulSet, pod: Pod): void {
    api.delete("pods", pod.metadata.namespace, pod.metadata.name, { uid: uidOf(pod) });
    recordPodEvent(set, "Delete", pod.metadata.name);
  }

  function recordPodEvent(set: StatefulSet, verb: "Create" | "Delete", podName: string, error?: unknown): void {
    const subject = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name}`;
    const why = error instanceof Error ? error.message : String(error);
    events.record({
      about: set,
      component: COMPONENT,
      ...(error === undefined
        ? { type: "Normal", reason: `Successful${verb}`, message: `${subject} successful` }
        : { type: "Warning", reason: `Failed${verb}`, message: `${subject} failed error: ${why}` }),
    });
  }

  function syncIdentity(set: StatefulSet, pod: Pod, ordinal: number): void {
    const labels = identityLabels(pod.metadata.name, ordinal);
    if (Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value)) return;
    api.patch("pods", set.metadata.namespace, pod.metadata.name, { metadata: { labels } });
  }

  function isAvailable(work: Work, pod: Pod): boolean {
    if (pod.status?.phase !== "Running") return false;
    const atMs = availableAtMs(pod, work.minReadySeconds);
    if (atMs === undefined) return false;
    if (atMs <= work.nowMs) return true;
    work.dueMs = Math.min(work.dueMs, atMs);
    return false;
  }

  function isUnavailable(work: Work, pod: Pod): boolean {
    return isTerminating(pod) || !isAvailable(work, pod);
  }

  /** One step of a rolling update, from the highest ordinal down, within maxUnavailable. */
  function replaceOutdated(work: Work, replicas: readonly Pod[]): void {
    const { set, revisions, isOrdered } = work;
    const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
    const limit = Math.max(1, resolveIntOrPercent(maxUnavailable, set.spec.replicas ?? 1, "down", 1));
    const isOutdated = (pod: Pod): boolean =>
      pod.metadata.labels?.[REVISION_LABEL] !== revisions.update.metadata.name && !isTerminating(pod);
    const unavailable = replicas.filter((pod) => isUnavailable(work, pod));
    const targets = replicas.slice(partition).toReversed();
    if (isOrdered) {
      let budget = limit - unavailable.length;
      for (const pod of targets) {
        if (budget <= 0) return;
        if (!isOutdated(pod)) continue;
        deletePod(set, pod);
        budget -= 1;
      }
      return;
    }
    // A parallel set replaces its broken outdated pods at once: they cost no availability.
    for (const pod of targets) if (isOutdated(pod) && !isAvailable(work, pod)) deletePod(set, pod);
    let budget = limit - unavailable.length;
    for (const pod of targets) {
      if (budget <= 0) return;
      if (!isOutdated(pod) || !isAvailable(work, pod)) continue;
      deletePod(set, pod);
      budget -= 1;
    }
  }

  function writeStatus(work: Work): void {
    const { revisions, set } = work;
    const pods = podsOwnedBy(context, set);
    const living = pods.filter((pod) => !isTerminating(pod));
    const ofRevision = (name: string): number =>
      living.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === name).length;
    const ready = pods.filter((pod) => pod.status?.phase === "Running" && isPodReady(pod));
    const wanted = set.spec.replicas ?? 1;
    const readyReplicas = ready.length;
    const updatedReplicas = ofRevision(revisions.update.metadata.name);
    const isUpdated = updatedReplicas === wanted && readyReplicas === wanted && pods.length === wanted;
    const currentReplicas = isUpdated ? updatedReplicas : ofRevision(revisions.current.metadata.name);
    const status: StatefulSetStatus = {
      ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
      availableReplicas: ready.filter((pod) => isAvailable(work, pod)).length,
      ...withoutZeros({ readyReplicas, currentReplicas, updatedReplicas }),
      currentRevision: (isUpdated ? revisions.update : revisions.current).metadata.name,
      updateRevision: revisions.update.metadata.name,
      collisionCount: revisions.collisionCount,
    };
    storeStatus(api, RESOURCE, set, status);
  }

  return {
    observe({ type, resource, object, previous }) {
      if (resource === RESOURCE) {
        if (type !== "DELETED") queue.add(keyOf(object));
      } else if (resource === "pods") {
        for (const key of ownerKeys("StatefulSet", object, previous)) queue.add(key);
        if (controllerOf(object) === undefined) {
          const name = object.metadata.name.replace(/-\d+$/u, "");
          queue.add(`${object.metadata.namespace ?? ""}/${name}`);
        }
      }
    },
    start() {
      for (const set of api.list(RESOURCE)) queue.add(keyOf(set));
    },
    stop: queue.stop,
  };
}

function identityLabels(podName: string, ordinal: number): Readonly<Record<string, string>> {
  return { "statefulset.kubernetes.io/pod-name": podName, "apps.kubernetes.io/pod-index": String(ordinal) };
}
