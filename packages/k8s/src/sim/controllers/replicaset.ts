import { compareText } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "./context.ts";
import {
  availableAtMs,
  type Condition,
  conditionOf,
  isPodReady,
  isTerminal,
  isTerminating,
  keyOf,
  type Pod,
  type ReplicaSet,
  splitKey,
  timeOf,
  typed,
  uidOf,
  withCondition,
  withoutZeros,
} from "./objects.ts";
import { claimPods, ownerKeys, podFromTemplate, podsOwnedBy, storeStatus } from "./pod-ownership.ts";
import { matchesLabels } from "./selector.ts";
import { safeSuffix } from "./timing.ts";

const RESOURCE = "replicasets.apps";
const COMPONENT = "replicaset-controller";

/** Keeps as many pods of one template as wanted; of too many, the ones go first that would be missed least. */
export function createReplicaSetController(context: ControllerContext): Controller {
  const { api, events, seed } = context;
  const queue = context.queue(COMPONENT, reconcile);

  function reconcile(key: string): number | undefined {
    const object = api.get(RESOURCE, ...splitKey(key));
    if (object === undefined) return undefined;
    const set = typed<ReplicaSet>(object);
    const active = claimPods(context, set).filter((pod) => !isTerminal(pod) && !isTerminating(pod));
    let failure: unknown;
    if (!isTerminating(set)) {
      const surplus = active.length - (set.spec.replicas ?? 1);
      try {
        for (let index = 0; index < -surplus; index += 1) createPod(set, index);
      } catch (error) {
        failure = error;
      }
      for (const pod of active.toSorted(leastMissedFirst(active)).slice(0, Math.max(0, surplus))) deletePod(set, pod);
    }
    const dueMs = writeStatus(set, failure);
    if (failure !== undefined) throw failure;
    return dueMs;
  }

  function createPod(set: ReplicaSet, index: number): void {
    const stem = `${seed}/${uidOf(set)}/${api.clock.nowMs()}/${index}`;
    let name: string;
    let attempt = 0;
    do {
      name = `${set.metadata.name}-${safeSuffix(`${stem}/${attempt}`, 5)}`;
      attempt += 1;
    } while (api.get("pods", set.metadata.namespace, name) !== undefined);
    const pod = podFromTemplate(set.spec.template, set, name);
    try {
      const generated = { ...pod, metadata: { ...pod.metadata, generateName: `${set.metadata.name}-` } };
      api.create("pods", generated, { fieldManager: "kube-controller-manager" });
    } catch (error) {
      const message = `Error creating: ${error instanceof Error ? error.message : String(error)}`;
      events.record({ about: set, type: "Warning", reason: "FailedCreate", message, component: COMPONENT });
      throw error;
    }
    const message = `Created pod: ${name}`;
    events.record({ about: set, type: "Normal", reason: "SuccessfulCreate", message, component: COMPONENT });
  }

  function deletePod(set: ReplicaSet, pod: Pod): void {
    api.delete("pods", pod.metadata.namespace, pod.metadata.name, { uid: uidOf(pod) });
    const message = `Deleted pod: ${pod.metadata.name}`;
    events.record({ about: set, type: "Normal", reason: "SuccessfulDelete", message, component: COMPONENT });
  }

  /** Returns when the next pod becomes available. */
  function writeStatus(set: ReplicaSet, failure: unknown): number | undefined {
    const nowMs = api.clock.nowMs();
    const pods = podsOwnedBy(context, set).filter((pod) => !isTerminal(pod));
    const active = pods.filter((pod) => !isTerminating(pod));
    const availableTimes = active.flatMap((pod) => availableAtMs(pod, set.spec.minReadySeconds ?? 0) ?? []);
    const later = availableTimes.filter((atMs) => atMs > nowMs);
    const labels = set.spec.template.metadata?.labels;
    const conditions =
      failure === undefined
        ? (set.status?.conditions ?? []).filter(({ type }) => type !== "ReplicaFailure")
        : withCondition(set.status?.conditions, replicaFailure(failure), nowMs);
    const status = {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: active.length,
      terminatingReplicas: pods.length - active.length,
      ...withoutZeros({
        fullyLabeledReplicas: active.filter((pod) => matchesLabels(labels, pod.metadata.labels)).length,
        readyReplicas: active.filter(isPodReady).length,
        availableReplicas: availableTimes.length - later.length,
      }),
      ...(conditions.length === 0 ? {} : { conditions }),
    };
    storeStatus(api, RESOURCE, set, status);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  return {
    observe({ type, resource, object, previous }) {
      if (resource === RESOURCE) {
        if (type !== "DELETED") queue.add(keyOf(object));
      } else if (resource === "pods") {
        for (const key of ownerKeys("ReplicaSet", object, previous)) queue.add(key);
      }
    },
    start() {
      for (const set of api.list(RESOURCE)) queue.add(keyOf(set));
    },
    stop: queue.stop,
  };
}

function replicaFailure(failure: unknown): Condition {
  const message = failure instanceof Error ? failure.message : String(failure);
  return { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message };
}

const PHASES = ["Pending", "Unknown", "Running"];

/** The order of Kubernetes: without node, not running, not ready, cheap, doubled up on a node, young. */
function leastMissedFirst(all: readonly Pod[]): (a: Pod, b: Pod) => number {
  const perNode = new Map<string, number>();
  for (const pod of all) {
    const { nodeName } = pod.spec;
    if (nodeName !== undefined && isPodReady(pod)) perNode.set(nodeName, (perNode.get(nodeName) ?? 0) + 1);
  }
  const ranks: readonly ((pod: Pod) => number)[] = [
    (pod) => (pod.spec.nodeName === undefined ? 0 : 1),
    (pod) => PHASES.indexOf(pod.status?.phase ?? "Pending"),
    (pod) => (isPodReady(pod) ? 1 : 0),
    (pod) => Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0),
    (pod) => -(perNode.get(pod.spec.nodeName ?? "") ?? 0),
    (pod) => -(timeOf(conditionOf(pod.status?.conditions, "Ready")?.lastTransitionTime) || 0),
    (pod) => -Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
    (pod) => -(timeOf(pod.metadata.creationTimestamp) || 0),
  ];
  return (a, b) => {
    for (const rank of ranks) {
      const difference = rank(a) - rank(b);
      if (difference !== 0) return difference;
    }
    return compareText(a.metadata.name, b.metadata.name);
  };
}
