/**
 * Nodes as the control plane sees them: kubelets post conditions while they run; without them a node is lost after a
 * while, is tainted, and its pods lose Ready and are evicted.
 *
 * Heartbeats are not written: a kubelet that runs is known by the node's label, so a quiet cluster stays quiet. After a
 * restart of the sandbox the time until a node counts as lost begins anew, as it does with the real controller.
 */
import type { Controller, ControllerContext } from "./context.ts";
import { failureOf, isKubeletRunning } from "./failures.ts";
import {
  type Condition,
  conditionOf,
  type Node,
  type Pod,
  type Taint,
  timestamp,
  typed,
  uidOf,
  withCondition,
} from "./objects.ts";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
/** Taints that this controller owns: it removes them where they no longer hold. */
const OWN_TAINTS = [NOT_READY, UNREACHABLE, UNSCHEDULABLE];

const HEALTHY = [
  { type: "MemoryPressure", reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
  { type: "DiskPressure", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
  { type: "PIDPressure", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
] as const;

export function createNodeLifecycle(context: ControllerContext): Controller {
  const { api, events, timing, podsByNode } = context;
  const queue = context.queue("node-controller", reconcile);
  /** When a kubelet was first seen gone, by node UID. */
  const goneSinceMs = new Map<string, number>();
  /** UIDs of nodes whose kubelets have reported since this control plane began. */
  const met = new Set<string>();

  function reconcile(name: string): number | undefined {
    const object = api.get("nodes", undefined, name);
    if (object === undefined) return undefined;
    let node = typed<Node>(object);
    const nowMs = api.clock.nowMs();
    let dueMs: number | undefined;
    if (isKubeletRunning(node)) {
      goneSinceMs.delete(uidOf(node));
      node = postStatus(node);
    } else {
      const sinceMs = goneSinceMs.get(uidOf(node)) ?? nowMs;
      goneSinceMs.set(uidOf(node), sinceMs);
      const lostMs = sinceMs + timing.nodeLostMs;
      if (lostMs <= nowMs) node = markUnknown(node);
      else dueMs = lostMs;
    }
    node = assignAddresses(node);
    syncTaints(node);
    return dueMs;
  }

  /** What the node's own kubelet reports. */
  function postStatus(node: Node): Node {
    const nowMs = api.clock.nowMs();
    const problem = failureOf(node, "notReady");
    const before = conditionOf(node.status?.conditions, "Ready");
    const ready: Condition =
      problem === undefined
        ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
        : { type: "Ready", status: "False", reason: "KubeletNotReady", message: problem };
    const isNew = !met.has(uidOf(node));
    met.add(uidOf(node));
    if (before?.status === ready.status && before.message === ready.message) {
      // One that was deleted and registers anew finds the pods that it still runs.
      if (isNew && ready.status === "True") giveReadiness(node);
      return node;
    }
    const lastHeartbeatTime = timestamp(nowMs);
    let conditions = node.status?.conditions ?? [];
    for (const condition of [...HEALTHY.map((item) => ({ ...item, status: "False" }) as const), ready]) {
      conditions = withCondition(conditions, { ...condition, lastHeartbeatTime }, nowMs);
    }
    const written = writeStatus(node, { conditions, nodeInfo: node.status?.nodeInfo ?? nodeInfo(node) }, "kubelet");
    const reason = ready.status === "True" ? "NodeReady" : "NodeNotReady";
    const message = `Node ${node.metadata.name} status is now: ${reason}`;
    events.record({ about: node, type: "Normal", reason, message, component: "kubelet", host: node.metadata.name });
    if (ready.status === "False") takeReadiness(node);
    else giveReadiness(node);
    return written;
  }

  function markUnknown(node: Node): Node {
    const conditions = node.status?.conditions ?? [];
    if (conditionOf(conditions, "Ready")?.status === "Unknown") return node;
    const facts = {
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    } as const;
    const types = ["Ready", ...HEALTHY.map(({ type }) => type)];
    const unknown = types.reduce<readonly Condition[]>((all, type) => {
      const { lastHeartbeatTime } = conditionOf(conditions, type) ?? {};
      const heartbeat = lastHeartbeatTime === undefined ? {} : { lastHeartbeatTime };
      return withCondition(all, { type, ...facts, ...heartbeat }, api.clock.nowMs());
    }, conditions);
    const written = writeStatus(node, { conditions: unknown }, "kube-controller-manager");
    const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
    events.record({ about: node, type: "Normal", reason: "NodeNotReady", message, component: "node-controller" });
    takeReadiness(node);
    return written;
  }

  function writeStatus(node: Node, change: Readonly<Record<string, unknown>>, fieldManager: string): Node {
    const status = { ...node.status, ...change };
    return typed<Node>(api.update("nodes", { ...node, status }, { subresource: "status", fieldManager }));
  }

  /** Pods of a node that is not ready are not Ready, whatever their containers do. */
  function takeReadiness(node: Node): void {
    for (const pod of podsByNode.get(node.metadata.name)) {
      const ready = conditionOf(pod.status?.conditions, "Ready");
      if (ready?.status !== "True") continue;
      setReady(pod, { ...ready, status: "False" });
      const message = "Node is not ready";
      events.record({ about: pod, type: "Warning", reason: "NodeNotReady", message, component: "node-controller" });
    }
  }

  /** A kubelet that is back reports its pods again. */
  function giveReadiness(node: Node): void {
    for (const pod of podsByNode.get(node.metadata.name)) {
      const isRunning = conditionOf(pod.status?.conditions, "ContainersReady")?.status === "True";
      const isReady = conditionOf(pod.status?.conditions, "Ready")?.status === "True";
      const isGated = pod.spec.readinessGates?.some(
        ({ conditionType }) => conditionOf(pod.status?.conditions, conditionType)?.status !== "True",
      );
      if (isRunning && !isReady && isGated !== true) setReady(pod, { type: "Ready", status: "True" });
    }
  }

  function setReady(pod: Pod, condition: Condition): void {
    const conditions = withCondition(pod.status?.conditions, condition, api.clock.nowMs());
    const status = { ...pod.status, conditions };
    api.update("pods", { ...pod, status }, { subresource: "status", fieldManager: "kube-controller-manager" });
  }

  /** Every node has a range of pod addresses of its own. */
  function assignAddresses(node: Node): Node {
    if (node.spec?.podCIDR !== undefined) return node;
    const taken = new Set(api.list("nodes").map((other) => typed<Node>(other).spec?.podCIDR));
    let index = 0;
    const rangeAt = (number: number): string => `10.${128 + (number >> 8)}.${number & 255}.0/24`;
    while (taken.has(rangeAt(index))) index += 1;
    const podCIDR = rangeAt(index);
    return typed<Node>(api.patch("nodes", undefined, node.metadata.name, { spec: { podCIDR, podCIDRs: [podCIDR] } }));
  }

  function syncTaints(node: Node): void {
    const ready = conditionOf(node.status?.conditions, "Ready")?.status ?? "Unknown";
    const wanted: Taint[] = [];
    if (node.spec?.unschedulable === true) wanted.push({ key: UNSCHEDULABLE, effect: "NoSchedule" });
    if (ready !== "True" && node.status?.conditions !== undefined) {
      const key = ready === "False" ? NOT_READY : UNREACHABLE;
      wanted.push({ key, effect: "NoSchedule" }, { key, effect: "NoExecute" });
    }
    const present = node.spec?.taints ?? [];
    const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
    const kept = present.filter(
      (taint) => !OWN_TAINTS.includes(taint.key) || wanted.some((item) => isSame(item, taint)),
    );
    const timeAdded = timestamp(api.clock.nowMs());
    const added = wanted
      .filter((taint) => !present.some((item) => isSame(item, taint)))
      .map((taint) => ({ ...taint, timeAdded }));
    if (kept.length === present.length && added.length === 0) return;
    const taints = [...kept, ...added];
    api.patch("nodes", undefined, node.metadata.name, { spec: { taints: taints.length === 0 ? null : taints } });
  }

  return {
    observe({ type, resource, object }) {
      if (resource !== "nodes") return;
      if (type === "DELETED") {
        goneSinceMs.delete(uidOf(object));
        met.delete(uidOf(object));
      } else queue.add(object.metadata.name);
    },
    start() {
      for (const node of api.list("nodes")) queue.add(node.metadata.name);
    },
    stop: queue.stop,
  };
}

function nodeInfo(node: Node): Readonly<Record<string, unknown>> {
  const id = uidOf(node);
  return {
    architecture: "amd64",
    operatingSystem: "linux",
    kernelVersion: "6.1.0",
    osImage: "OpenPatio sandbox",
    containerRuntimeVersion: "containerd://2.0.0",
    kubeletVersion: "v1.37.2",
    kubeProxyVersion: "",
    machineID: id,
    systemUUID: id,
    bootID: id,
  };
}
