import type { KubeObject } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "./context.ts";
import {
  conditionOf,
  isTerminal,
  isTerminating,
  keyOf,
  type Node,
  type Pod,
  splitKey,
  typed,
  uidOf,
  withCondition,
} from "./objects.ts";

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** Removes the pods that no kubelet will: of nodes that are gone or out of service, and deleted ones without a node. */
export function createPodCollector(context: ControllerContext): Controller {
  const { api, timing, podsByNode } = context;
  const queue = context.queue("pod-garbage-collector", reconcile);
  /** When a node was first seen missing, by its name. */
  const missingSinceMs = new Map<string, number>();

  function reconcile(key: string): number | undefined {
    const object = api.get("pods", ...splitKey(key));
    if (object === undefined) return undefined;
    const pod = typed<Pod>(object);
    const { nodeName = "" } = pod.spec;
    if (nodeName === "") {
      if (isTerminating(pod)) remove(pod);
      return undefined;
    }
    const node = api.get("nodes", undefined, nodeName);
    if (node !== undefined) {
      if (isTerminating(pod) && isOutOfService(typed<Node>(node))) remove(pod);
      return undefined;
    }
    const nowMs = api.clock.nowMs();
    const sinceMs = missingSinceMs.get(nodeName) ?? nowMs;
    missingSinceMs.set(nodeName, sinceMs);
    const dueMs = sinceMs + timing.podCollectMs;
    if (dueMs > nowMs) return dueMs;
    remove(pod, { reason: "DeletionByPodGC", message: "PodGC: node no longer exists" });
    return undefined;
  }

  function remove(pod: Pod, disruption?: { readonly reason: string; readonly message: string }): void {
    const { namespace, name } = pod.metadata;
    if (!isTerminal(pod)) {
      const nowMs = api.clock.nowMs();
      const conditions =
        disruption === undefined
          ? pod.status?.conditions
          : withCondition(pod.status?.conditions, { type: "DisruptionTarget", status: "True", ...disruption }, nowMs);
      const status = { ...pod.status, phase: "Failed", ...(conditions === undefined ? {} : { conditions }) };
      api.update("pods", { ...pod, status }, { subresource: "status", fieldManager: "kube-controller-manager" });
    }
    api.delete("pods", namespace, name, { gracePeriodSeconds: 0, uid: uidOf(pod) });
  }

  function addPodsOf(node: KubeObject): void {
    for (const pod of podsByNode.get(node.metadata.name)) queue.add(keyOf(pod));
  }

  return {
    observe({ type, resource, object, previous }) {
      if (resource === "nodes") {
        if (type === "DELETED") addPodsOf(object);
        else missingSinceMs.delete(object.metadata.name);
        if (type === "MODIFIED" && isOutOfService(typed<Node>(object))) addPodsOf(object);
      } else if (resource === "pods" && type !== "DELETED") {
        const hasNews = previous === undefined || isTerminating(object) !== isTerminating(previous);
        if (hasNews) queue.add(keyOf(object));
      }
    },
    start() {
      for (const pod of api.list("pods")) queue.add(keyOf(pod));
    },
    stop: queue.stop,
  };
}

function isOutOfService(node: Node): boolean {
  const isReady = conditionOf(node.status?.conditions, "Ready")?.status === "True";
  return !isReady && node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true;
}
