import { canonicalJson } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "./context.ts";
import {
  type Condition,
  isTerminal,
  isTerminating,
  keyOf,
  type Node,
  type Pod,
  splitKey,
  type Taint,
  timeOf,
  typed,
  uidOf,
  withCondition,
} from "./objects.ts";
import { tolerates } from "./scheduling-filters.ts";

/** Evicts pods from nodes with a NoExecute taint that they do not tolerate (any longer). */
export function createTaintEviction(context: ControllerContext): Controller {
  const { api, events, podsByNode } = context;
  const queue = context.queue("taint-eviction-controller", reconcile);

  /** When a NoExecute taint that does not say when it was added was first seen, by node UID and taint key. */
  const seenMs = new Map<string, Map<string, number>>();

  function reconcile(key: string): number | undefined {
    const object = api.get("pods", ...splitKey(key));
    if (object === undefined || isTerminating(object)) return undefined;
    const pod = typed<Pod>(object);
    const node = api.get("nodes", undefined, pod.spec.nodeName ?? "");
    if (node === undefined || isTerminal(pod)) return undefined;
    const taints = (typed<Node>(node).spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
    const dueMs = Math.min(...taints.map((taint) => evictionMs(pod, taint, uidOf(node))));
    if (dueMs === Number.POSITIVE_INFINITY) return undefined;
    if (dueMs > api.clock.nowMs()) return dueMs;
    evict(pod);
    return undefined;
  }

  function firstSeenMs(nodeUid: string, { key }: Taint): number {
    const seen = seenMs.get(nodeUid) ?? new Map<string, number>();
    seenMs.set(nodeUid, seen);
    const atMs = seen.get(key) ?? api.clock.nowMs();
    seen.set(key, atMs);
    return atMs;
  }

  /** When the taint drives the pod away, in epoch milliseconds; Infinity for never. */
  function evictionMs(pod: Pod, taint: Taint, nodeUid: string): number {
    const addedMs = taint.timeAdded === undefined ? firstSeenMs(nodeUid, taint) : timeOf(taint.timeAdded);
    const matching = (pod.spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return addedMs;
    const seconds = matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY);
    return addedMs + Math.min(...seconds) * 1000;
  }

  function evict(pod: Pod): void {
    const condition: Condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
    };
    const conditions = withCondition(pod.status?.conditions, condition, api.clock.nowMs());
    const status = { ...pod.status, conditions };
    api.update("pods", { ...pod, status }, { subresource: "status", fieldManager: "kube-controller-manager" });
    events.record({
      about: pod,
      type: "Normal",
      reason: "TaintManagerEviction",
      message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
      component: "taint-eviction-controller",
    });
    api.delete("pods", pod.metadata.namespace, pod.metadata.name, { uid: uidOf(pod) });
  }

  return {
    observe({ type, resource, object, previous }) {
      if (type === "DELETED") {
        seenMs.delete(uidOf(object));
        return;
      }
      if (resource === "nodes") {
        const node = typed<Node>(object);
        const before = previous === undefined ? undefined : typed<Node>(previous).spec?.taints;
        if (canonicalJson(before) === canonicalJson(node.spec?.taints)) return;
        const seen = seenMs.get(uidOf(node));
        for (const key of seen?.keys() ?? []) if (!hasNoExecute(node, key)) seen?.delete(key);
        for (const pod of podsByNode.get(node.metadata.name)) queue.add(keyOf(pod));
      } else if (resource === "pods" && typed<Pod>(object).spec.nodeName !== undefined) {
        const wasBound = previous !== undefined && typed<Pod>(previous).spec.nodeName !== undefined;
        if (!wasBound) queue.add(keyOf(object));
      }
    },
    start() {
      for (const pod of api.list("pods")) queue.add(keyOf(pod));
    },
    stop: queue.stop,
  };
}

function hasNoExecute(node: Node, key: string): boolean {
  return node.spec?.taints?.some((taint) => taint.key === key && taint.effect === "NoExecute") === true;
}
