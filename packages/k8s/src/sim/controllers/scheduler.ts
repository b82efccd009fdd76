import { canonicalJson, compareText, type KubeObject } from "@openpatio/core/model";
import type { SimEvent } from "../api.ts";
import type { Controller, ControllerContext } from "./context.ts";
import {
  byName,
  type Condition,
  conditionOf,
  isTerminal,
  isTerminating,
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  splitKey,
  typed,
  withCondition,
} from "./objects.ts";
import { podRequests } from "./resources.ts";
import {
  hostPortsOf,
  type NodeState,
  type PodNeeds,
  type Refusal,
  refusalOf,
  scoreOf,
  toNodeState,
  toPodAffinityCheck,
  unschedulableText,
} from "./scheduling-filters.ts";
import { SELECTED_NODE } from "./volumes.ts";

const SCHEDULER = "default-scheduler";
/** The queue has one key: a pass looks at every waiting pod, so that order and priority hold. */
const PASS = "pass";

type Outcome =
  | { readonly node: string }
  | { readonly volumesOn: string; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly refused: string };

/**
 * Binds pods to nodes. A pod that fits nowhere says so in its PodScheduled condition and waits for a change that could
 * help: in nodes, in pods that are bound, in volume claims, in itself.
 */
export function createScheduler(context: ControllerContext): Controller {
  const { api, events, podsByNode } = context;
  /** Pods to look at in the next pass, and those that found no node and wait for a change. */
  const pending = new Set<string>();
  const unschedulable = new Set<string>();
  const queue = context.queue("scheduler", pass);
  const gates = context.queue("scheduling-gates", tellGate);
  const states = new Map<string, NodeState>();
  let nodes: readonly KubeObject[] | undefined;

  function nodeStates(): readonly NodeState[] {
    nodes ??= api.list("nodes").toSorted(byName);
    return nodes.map((node) => {
      const known = states.get(node.metadata.name);
      if (known !== undefined) return known;
      const pods = podsByNode.get(node.metadata.name).filter((pod) => !isTerminal(pod));
      const state = toNodeState(typed<Node>(node), pods);
      states.set(node.metadata.name, state);
      return state;
    });
  }

  function pass(): undefined {
    const waiting = [...pending].flatMap((key) => {
      const object = api.get("pods", ...splitKey(key));
      return object === undefined || !isWaiting(typed<Pod>(object)) ? [] : [typed<Pod>(object)];
    });
    pending.clear();
    waiting.sort((a, b) => (b.spec.priority ?? 0) - (a.spec.priority ?? 0) || byAge(a, b));
    // Within a pass room only shrinks: what was refused once is refused again, which keeps a full cluster cheap.
    const refusedShapes = new Map<string, string>();
    for (const pod of waiting) {
      const shape = nodeStates().some(({ repellers }) => repellers.length > 0) ? undefined : shapeOf(pod);
      const known = shape === undefined ? undefined : refusedShapes.get(shape);
      const outcome: Outcome = known === undefined ? place(pod) : { refused: known };
      if ("node" in outcome) {
        bind(pod, outcome.node);
      } else if ("volumesOn" in outcome) {
        selectNode(pod, outcome.volumesOn, outcome.claims);
      } else {
        if (shape !== undefined) refusedShapes.set(shape, outcome.refused);
        refuse(pod, outcome.refused);
      }
    }
  }

  function place(pod: Pod): Outcome {
    const volumes = volumesOf(pod);
    // Where the volumes fail, no node was looked at; "not found" is what preemption then says upstream.
    if (typeof volumes === "string") {
      return { refused: `0/${nodeStates().length} nodes are available: ${volumes}. not found` };
    }
    const needs: PodNeeds = {
      pod,
      requests: podRequests(pod),
      hostPorts: hostPortsOf(pod),
      volumeTerms: volumes.terms,
    };
    const all = nodeStates();
    const affinity = toPodAffinityCheck(pod, all);
    const refusals: Refusal[] = [];
    let best: { readonly name: string; readonly score: number } | undefined;
    for (const state of all) {
      const refusal = refusalOf(needs, state) ?? affinity(state.node);
      if (refusal !== undefined) {
        refusals.push(refusal);
        continue;
      }
      const score = scoreOf(needs, state);
      if (best === undefined || score > best.score) best = { name: state.node.metadata.name, score };
    }
    if (best === undefined) return { refused: unschedulableText(refusals) };
    return volumes.unbound.length === 0 ? { node: best.name } : { volumesOn: best.name, claims: volumes.unbound };
  }

  /** Where the pod's volumes are, and which of them wait to be made where the pod goes; or why they cannot be used. */
  function volumesOf(
    pod: Pod,
  ): { readonly terms: PodNeeds["volumeTerms"]; readonly unbound: readonly PersistentVolumeClaim[] } | string {
    const terms: NonNullable<PodNeeds["volumeTerms"][number]>[] = [];
    const unbound: PersistentVolumeClaim[] = [];
    for (const volume of pod.spec.volumes ?? []) {
      const claimName = volume.persistentVolumeClaim?.claimName;
      if (claimName === undefined) continue;
      const found = api.get("persistentvolumeclaims", pod.metadata.namespace, claimName);
      if (found === undefined) return `persistentvolumeclaim "${claimName}" not found`;
      const claim = typed<PersistentVolumeClaim>(found);
      if (isTerminating(claim)) return `persistentvolumeclaim "${claimName}" is being deleted`;
      if (claim.status?.phase !== "Bound") {
        if (!isBoundLate(claim)) return "pod has unbound immediate PersistentVolumeClaims";
        const selected = claim.metadata.annotations?.[SELECTED_NODE];
        // The volume is being made there.
        if (selected !== undefined) terms.push([{ matchFields: [nameIs(selected)] }]);
        unbound.push(claim);
        continue;
      }
      const bound = api.get("persistentvolumes", undefined, claim.spec.volumeName ?? "");
      const required = bound === undefined ? undefined : typed<PersistentVolume>(bound).spec.nodeAffinity?.required;
      if (required !== undefined) terms.push(required.nodeSelectorTerms ?? []);
    }
    return { terms, unbound };
  }

  function isBoundLate({ spec }: PersistentVolumeClaim): boolean {
    const name = spec.storageClassName ?? "";
    const storage = name === "" ? undefined : api.get("storageclasses.storage.k8s.io", undefined, name);
    return storage?.["volumeBindingMode"] === "WaitForFirstConsumer";
  }

  /** The pod is bound when its volumes are: the claims' events bring it back. */
  function selectNode(pod: Pod, nodeName: string, claims: readonly PersistentVolumeClaim[]): void {
    unschedulable.add(keyOf(pod));
    for (const { metadata } of claims) {
      if (metadata.annotations?.[SELECTED_NODE] === nodeName) continue;
      const annotations = { [SELECTED_NODE]: nodeName };
      api.patch("persistentvolumeclaims", metadata.namespace, metadata.name, { metadata: { annotations } });
    }
  }

  function bind(pod: Pod, nodeName: string): void {
    const { namespace, name } = pod.metadata;
    const options = { fieldManager: "kube-scheduler" };
    const bound = api.patch("pods", namespace, name, { spec: { nodeName } }, options);
    setCondition(typed<Pod>(bound), { type: "PodScheduled", status: "True" });
    events.record({
      about: pod,
      type: "Normal",
      reason: "Scheduled",
      message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      component: SCHEDULER,
    });
  }

  function refuse(pod: Pod, message: string): void {
    unschedulable.add(keyOf(pod));
    const condition: Condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
    const present = conditionOf(pod.status?.conditions, "PodScheduled");
    if (present?.message === message && present.reason === "Unschedulable") return;
    setCondition(pod, condition);
    events.record({ about: pod, type: "Warning", reason: "FailedScheduling", message, component: SCHEDULER });
  }

  function setCondition(pod: Pod, condition: Condition): void {
    const conditions = withCondition(pod.status?.conditions, condition, api.clock.nowMs());
    const status = { phase: "Pending", ...pod.status, conditions };
    api.update("pods", { ...pod, status }, { subresource: "status", fieldManager: "kube-scheduler" });
  }

  function tellGate(key: string): undefined {
    const object = api.get("pods", ...splitKey(key));
    if (object === undefined || !isGated(typed<Pod>(object))) return;
    const message = "Scheduling is blocked due to non-empty scheduling gates";
    setCondition(typed<Pod>(object), { type: "PodScheduled", status: "False", reason: "SchedulingGated", message });
  }

  function retryAll(): void {
    if (unschedulable.size === 0) return;
    for (const key of unschedulable) pending.add(key);
    unschedulable.clear();
    queue.add(PASS);
  }

  function observePod({ type, object, previous }: SimEvent): void {
    const pod = typed<Pod>(object);
    const before = previous === undefined ? undefined : typed<Pod>(previous);
    const isBound = (pod.spec.nodeName ?? "") !== "";
    if (isBound) {
      const wasCounted = before !== undefined && (before.spec.nodeName ?? "") !== "" && !isTerminal(before);
      const isCounted = type !== "DELETED" && !isTerminal(pod);
      if (wasCounted === isCounted && before?.metadata.generation === pod.metadata.generation) return;
      states.delete(pod.spec.nodeName ?? "");
      if (wasCounted && !isCounted) retryAll();
      // Others may want to be near it.
      else if (!wasCounted && isCounted && unschedulable.size > 0) retryForAffinity();
    }
    const key = keyOf(pod);
    if (type === "DELETED" || !isWaiting(pod)) {
      pending.delete(key);
      unschedulable.delete(key);
      if (type === "ADDED" && isGated(pod)) gates.add(key);
      return;
    }
    const hasNews = before === undefined || schedulingFacts(pod) !== schedulingFacts(before);
    if (!hasNews && unschedulable.has(key)) return;
    unschedulable.delete(key);
    pending.add(key);
    queue.add(PASS);
  }

  function retryForAffinity(): void {
    for (const key of unschedulable) {
      const object = api.get("pods", ...splitKey(key));
      if (object === undefined || typed<Pod>(object).spec.affinity?.podAffinity === undefined) continue;
      unschedulable.delete(key);
      pending.add(key);
      queue.add(PASS);
    }
  }

  return {
    observe(event) {
      if (event.resource === "pods") {
        observePod(event);
      } else if (event.resource === "nodes") {
        nodes = undefined;
        states.delete(event.object.metadata.name);
        if (event.type !== "MODIFIED" || hasRoomChanged(event)) retryAll();
      } else if (event.resource === "persistentvolumeclaims" || event.resource === "persistentvolumes") {
        retryAll();
      }
    },
    start() {
      for (const pod of api.list("pods")) {
        if (isWaiting(typed<Pod>(pod))) pending.add(keyOf(pod));
      }
      queue.add(PASS);
    },
    stop() {
      queue.stop();
      gates.stop();
    },
  };
}

const nameIs = (node: string) => ({ key: "metadata.name", operator: "In", values: [node] });

function isGated(pod: Pod): boolean {
  return (pod.spec.schedulingGates ?? []).length > 0;
}

function isWaiting(pod: Pod): boolean {
  return (
    (pod.spec.nodeName ?? "") === "" &&
    (pod.spec.schedulerName ?? SCHEDULER) === SCHEDULER &&
    !isGated(pod) &&
    !isTerminating(pod) &&
    !isTerminal(pod)
  );
}

function byAge(a: Pod, b: Pod): number {
  return compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") || byNumberedName(a, b);
}

/** Pods of one second go by name, numbers in it by value: `web-2` before `web-10`. */
function byNumberedName(a: Pod, b: Pod): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  const [leftStem, rightStem] = [left.replace(/\d+$/u, ""), right.replace(/\d+$/u, "")];
  if (leftStem !== rightStem) return compareText(leftStem, rightStem);
  return Number(left.slice(leftStem.length)) - Number(right.slice(rightStem.length));
}

/** Pods of one shape get one answer; undefined where others around it or volumes of its own matter. */
function shapeOf(pod: Pod): string | undefined {
  const { affinity, nodeSelector, tolerations, containers, initContainers, overhead, hostNetwork, volumes } = pod.spec;
  if (affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined) return undefined;
  if (volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined) === true) return undefined;
  const needs = (list: Pod["spec"]["initContainers"]): unknown =>
    list?.map(({ resources, ports, restartPolicy }) => [resources, ports, restartPolicy]);
  return JSON.stringify([
    pod.metadata.namespace,
    affinity,
    nodeSelector,
    tolerations,
    needs(containers),
    needs(initContainers),
    overhead,
    hostNetwork,
  ]);
}

function schedulingFacts({ metadata }: Pod): string {
  return canonicalJson([metadata.generation, metadata.labels]);
}

function hasRoomChanged({ object, previous }: SimEvent): boolean {
  const facts = (node: Node): string =>
    canonicalJson([node.metadata.labels, node.spec?.taints, node.spec?.unschedulable, node.status?.allocatable]);
  return previous === undefined || facts(typed<Node>(object)) !== facts(typed<Node>(previous));
}
