/** Which nodes can take a pod, and why not: the checks of the default scheduler with its own words. */
import type { Labels } from "@openpatio/core/model";
import {
  type Affinity,
  isTerminating,
  type Node,
  type Pod,
  type PodAffinityTerm,
  type Taint,
  type Toleration,
} from "./objects.ts";
import { type Amounts, podRequests, toAmounts } from "./resources.ts";
import { matchesLabels, matchesNodeTerm, matchesSelector } from "./selector.ts";

export type NodeState = {
  readonly node: Node;
  readonly allocatable: Amounts;
  readonly used: ReadonlyMap<string, number>;
  readonly pods: readonly Pod[];
  /** Those of `pods` that keep others away. */
  readonly repellers: readonly Pod[];
};

/** What does not depend on the node, computed once per pod. */
export type PodNeeds = {
  readonly pod: Pod;
  readonly requests: Amounts;
  readonly hostPorts: readonly string[];
  /** Node selector terms of the volumes that the pod uses, one list per volume. */
  readonly volumeTerms: readonly (readonly Parameters<typeof matchesNodeTerm>[0][])[];
};

export function toNodeState(node: Node, pods: readonly Pod[]): NodeState {
  const used = new Map<string, number>();
  for (const pod of pods) {
    for (const [name, value] of podRequests(pod)) used.set(name, (used.get(name) ?? 0) + value);
  }
  const repellers = pods.filter((pod) => requiredTerms(pod.spec.affinity?.podAntiAffinity).length > 0);
  return { node, allocatable: toAmounts(node.status?.allocatable), used, pods, repellers };
}

export function hostPortsOf(pod: Pod): readonly string[] {
  const isHost = pod.spec.hostNetwork === true;
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const hostPort = port.hostPort ?? (isHost ? port.containerPort : undefined);
      return hostPort === undefined || hostPort === 0 ? [] : [`${port.protocol ?? "TCP"}/${hostPort}`];
    }),
  );
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== "" && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== "" && toleration.key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  return (toleration.key ?? "") !== "" && (toleration.value ?? "") === (taint.value ?? "");
}

const UNSCHEDULABLE: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Why a node cannot take a pod, in the scheduler's words, and whether fewer pods on the node would change that. */
export type Refusal = { readonly reasons: readonly string[]; readonly isForRoom: boolean };

function lasting(reason: string): Refusal {
  return { reasons: [reason], isForRoom: false };
}

/** Undefined when the node can take the pod. */
export function refusalOf(needs: PodNeeds, state: NodeState): Refusal | undefined {
  const { pod } = needs;
  const { node } = state;
  const tolerations = pod.spec.tolerations ?? [];
  const isTolerated = (taint: Taint): boolean => tolerations.some((toleration) => tolerates(toleration, taint));
  if (node.spec?.unschedulable === true && !isTolerated(UNSCHEDULABLE)) return lasting("node(s) were unschedulable");
  const forbidding = (node.spec?.taints ?? []).filter(
    ({ effect }) => effect === "NoSchedule" || effect === "NoExecute",
  );
  if (forbidding.some((taint) => !isTolerated(taint))) return lasting("node(s) had untolerated taint(s)");
  if (!matchesNode(pod, node)) return lasting("node(s) didn't match Pod's node affinity/selector");
  if (needs.hostPorts.length > 0) {
    const taken = new Set(state.pods.flatMap(hostPortsOf));
    if (needs.hostPorts.some((port) => taken.has(port))) {
      return { reasons: ["node(s) didn't have free ports for the requested pod ports"], isForRoom: true };
    }
  }
  const short = shortageOf(needs.requests, state);
  if (short !== undefined) return short;
  const { labels, name } = node.metadata;
  if (needs.volumeTerms.some((terms) => !terms.some((term) => matchesNodeTerm(term, labels, name)))) {
    return lasting("node(s) didn't match PersistentVolume's node affinity");
  }
  return undefined;
}

function shortageOf(requests: Amounts, { allocatable, used }: NodeState): Refusal | undefined {
  const reasons: string[] = [];
  let isForRoom = true;
  for (const [name, wanted] of requests) {
    const total = allocatable.get(name) ?? 0;
    if (wanted === 0 || (used.get(name) ?? 0) + wanted <= total) continue;
    reasons.push(name === "pods" ? "Too many pods" : `Insufficient ${name}`);
    if (wanted > total) isForRoom = false;
  }
  return reasons.length === 0 ? undefined : { reasons, isForRoom };
}

function matchesNode(pod: Pod, node: Node): boolean {
  const { labels, name } = node.metadata;
  if (!matchesLabels(pod.spec.nodeSelector, labels)) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined) return true;
  return (required.nodeSelectorTerms ?? []).some((term) => matchesNodeTerm(term, labels, name));
}

/** Required pod affinity and anti-affinity, which look at all nodes at once. */
type PodAffinityCheck = (node: Node) => Refusal | undefined;

export function toPodAffinityCheck(pod: Pod, states: readonly NodeState[]): PodAffinityCheck {
  const wanted = requiredTerms(pod.spec.affinity?.podAffinity);
  const unwanted = requiredTerms(pod.spec.affinity?.podAntiAffinity);
  const listed = (
    podsOf: (state: NodeState) => readonly Pod[],
  ): readonly { other: Pod; labels: Labels | undefined }[] =>
    states.flatMap((state) =>
      podsOf(state)
        .filter((other) => !isTerminating(other))
        .map((other) => ({ other, labels: state.node.metadata.labels })),
    );
  const present = wanted.length + unwanted.length === 0 ? [] : listed(({ pods }) => pods);
  const domainsOf = (owner: Pod, term: PodAffinityTerm): ReadonlySet<string> =>
    new Set(
      present
        .filter(({ other }) => matchesTerm(term, owner, other))
        .flatMap(({ labels }) => labels?.[term.topologyKey] ?? []),
    );
  const wantedDomains = wanted.map((term) => ({
    term,
    domains: domainsOf(pod, term),
    // The first pod of a group that wants to be near itself may go anywhere.
    isFirst: !present.some(({ other }) => matchesTerm(term, pod, other)) && matchesTerm(term, pod, pod),
  }));
  const unwantedDomains = unwanted.map((term) => ({ term, domains: domainsOf(pod, term) }));
  const refusing = listed(({ repellers }) => repellers).flatMap(({ other, labels }) =>
    requiredTerms(other.spec.affinity?.podAntiAffinity)
      .filter((term) => matchesTerm(term, other, pod))
      .map((term) => ({ key: term.topologyKey, domain: labels?.[term.topologyKey] })),
  );
  return (node) => {
    const labels = node.metadata.labels;
    for (const { term, domains, isFirst } of wantedDomains) {
      const domain = labels?.[term.topologyKey];
      if (domain === undefined || !(domains.has(domain) || isFirst))
        return lasting("node(s) didn't match pod affinity rules");
    }
    for (const { term, domains } of unwantedDomains) {
      const domain = labels?.[term.topologyKey];
      if (domain !== undefined && domains.has(domain)) return apart("node(s) didn't match pod anti-affinity rules");
    }
    if (refusing.some(({ key, domain }) => domain !== undefined && labels?.[key] === domain)) {
      return apart("node(s) didn't satisfy existing pods anti-affinity rules");
    }
    return undefined;
  };
}

function apart(reason: string): Refusal {
  return { reasons: [reason], isForRoom: true };
}

function requiredTerms(affinity: Affinity["podAffinity"] | Affinity["podAntiAffinity"]): readonly PodAffinityTerm[] {
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function matchesTerm(term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const namespaces = term.namespaces ?? [owner.metadata.namespace ?? ""];
  return (
    namespaces.includes(other.metadata.namespace ?? "") && matchesSelector(term.labelSelector, other.metadata.labels)
  );
}

/** How well the node suits the pod, 0 to 100: free room after the pod, then what the pod prefers. */
export function scoreOf(needs: PodNeeds, { node, allocatable, used }: NodeState): number {
  const { pod, requests } = needs;
  let freeFractions = 0;
  let counted = 0;
  for (const [name, total] of allocatable) {
    const wanted = requests.get(name) ?? 0;
    if (total <= 0 || (wanted === 0 && name !== "cpu" && name !== "memory")) continue;
    freeFractions += Math.max(0, total - (used.get(name) ?? 0) - wanted) / total;
    counted += 1;
  }
  const free = freeFractions / Math.max(1, counted);
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const weight = preferred
    .filter(({ preference }) => matchesNodeTerm(preference, node.metadata.labels, node.metadata.name))
    .reduce((sum, term) => sum + term.weight, 0);
  const avoided = (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.effect === "PreferNoSchedule" && !(pod.spec.tolerations ?? []).some((item) => tolerates(item, taint)),
  ).length;
  // Preferences outweigh room, as their normalised weights do in the default scheduler.
  return free * 100 + weight * 2 - avoided * 300;
}

/** The scheduler's own sentence: `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: ...` */
export function unschedulableText(refusals: readonly Refusal[]): string {
  if (refusals.length === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reason of refusals.flatMap(({ reasons }) => reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const forRoom = refusals.filter(({ isForRoom }) => isForRoom).length;
  const others = refusals.length - forRoom;
  const preemption = [
    ...(forRoom > 0 ? [`${forRoom} No preemption victims found for incoming pod`] : []),
    ...(others > 0 ? [`${others} Preemption is not helpful for scheduling`] : []),
  ];
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`);
  const none = `0/${refusals.length} nodes are available`;
  return `${none}: ${reasons.toSorted().join(", ")}. preemption: ${none}: ${preemption.toSorted().join(", ")}.`;
}
