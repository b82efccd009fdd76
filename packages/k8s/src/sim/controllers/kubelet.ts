import type { KubeObject } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "./context.ts";
import { FAILURES, isKubeletRunning } from "./failures.ts";
import { keyOf, type Node, type Pod, splitKey, typed, uidOf } from "./objects.ts";
import { stepPod } from "./pod-life.ts";
import type { Reference } from "./pod-references.ts";
import type { PodTimes } from "./pod-run.ts";

/** The kubelets of all nodes: pods that are bound to a node whose kubelet runs live as `pod-life.ts` says. */
export function createKubelet(context: ControllerContext): Controller {
  const { api, events, timing, seed, podsByNode } = context;
  const timesByUid = new Map<string, PodTimes>();
  /** Which pods wait for a ConfigMap or Secret, by `resource/namespace/name`. */
  const waiters = new Map<string, Set<string>>();
  const lastAddress = new Map<string, number>();
  const queue = context.queue("kubelet", syncPod);

  function syncPod(key: string): number | undefined {
    const [namespace, name] = splitKey(key);
    const object = api.get("pods", namespace, name);
    if (object === undefined) return undefined;
    const pod = typed<Pod>(object);
    const { nodeName } = pod.spec;
    if (nodeName === undefined || nodeName === "") return undefined;
    const node = api.get("nodes", undefined, nodeName);
    if (node === undefined || !isKubeletRunning(node)) return undefined;

    const times = timesByUid.get(uidOf(pod)) ?? new Map<string, number>();
    timesByUid.set(uidOf(pod), times);
    const step = stepPod(pod, times, {
      nowMs: api.clock.nowMs(),
      seed,
      timing,
      hostIP: addressOf(typed<Node>(node)),
      allocatePodIP: () => allocateAddress(typed<Node>(node)),
      exists: (reference) => api.get(reference.resource, namespace, reference.name) !== undefined,
    });
    for (const reference of step.missing) waitFor(reference, namespace ?? "", key);
    if (step.status !== undefined) {
      api.update("pods", { ...pod, status: step.status }, { subresource: "status", fieldManager: "kubelet" });
    }
    if (step.isCrashDone) {
      const annotations = { [FAILURES.crash]: null };
      api.patch("pods", namespace, name, { metadata: { annotations } }, { fieldManager: "kubelet" });
    }
    for (const event of step.events) {
      events.record({
        about: pod,
        type: event.type,
        reason: event.reason,
        message: event.message,
        component: "kubelet",
        host: nodeName,
        ...(event.container === undefined ? {} : { fieldPath: fieldPath(pod, event.container) }),
      });
    }
    if (step.isGone) api.delete("pods", namespace, name, { gracePeriodSeconds: 0, uid: uidOf(pod) });
    return step.dueMs;
  }

  function waitFor(reference: Reference, namespace: string, podKey: string): void {
    const id = `${reference.resource}/${namespace}/${reference.name}`;
    const pods = waiters.get(id) ?? new Set<string>();
    pods.add(podKey);
    waiters.set(id, pods);
  }

  /** The next free address of the node's range, so that an address is not reused at once. */
  function allocateAddress(node: Node): string {
    const cidr = node.spec?.podCIDR;
    if (cidr === undefined) return addressOf(node);
    const prefix = cidr.slice(0, cidr.lastIndexOf("."));
    const taken = new Set(podsByNode.get(node.metadata.name).map((pod) => pod.status?.podIP));
    let host = lastAddress.get(node.metadata.name) ?? 1;
    do host = host >= 254 ? 2 : host + 1;
    while (taken.has(`${prefix}.${host}`) && taken.size < 253);
    lastAddress.set(node.metadata.name, host);
    return `${prefix}.${host}`;
  }

  function observeNode(node: KubeObject): void {
    for (const pod of podsByNode.get(node.metadata.name)) queue.add(keyOf(pod));
  }

  return {
    observe({ type, resource, object, previous }) {
      if (resource === "pods") {
        if (type === "DELETED") timesByUid.delete(uidOf(object));
        else if (typed<Pod>(object).spec.nodeName !== undefined) queue.add(keyOf(object));
      } else if (resource === "nodes") {
        const was = previous !== undefined && isKubeletRunning(previous);
        if (type !== "DELETED" && !was && isKubeletRunning(object)) observeNode(object);
      } else if (type === "ADDED" && (resource === "configmaps" || resource === "secrets")) {
        const id = `${resource}/${keyOf(object)}`;
        for (const podKey of waiters.get(id) ?? []) queue.add(podKey);
        waiters.delete(id);
      }
    },
    start() {
      for (const pod of api.list("pods")) queue.add(keyOf(pod));
    },
    stop: queue.stop,
  };
}

function addressOf(node: Node): string {
  return node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "127.0.0.1";
}

function fieldPath(pod: Pod, container: string): string {
  const isInit = pod.spec.initContainers?.some(({ name }) => name === container) === true;
  return `spec.${isInit ? "initContainers" : "containers"}{${container}}`;
}
