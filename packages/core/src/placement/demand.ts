import { type GroupRole, podTemplateOf, type ResourceAmounts } from "../model/index.ts";
import { parseResources } from "./quantity.ts";
import type { PodDemand } from "./types.ts";

/** The fields of a pod spec that say what a pod asks of a node. Everything else passes through unseen. */
type PodSpecFields = {
  readonly containers?: readonly ContainerFields[];
  readonly initContainers?: readonly ContainerFields[];
  readonly overhead?: unknown;
  readonly resources?: ResourceFields;
  readonly hostNetwork?: boolean;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: unknown;
  readonly tolerations?: readonly unknown[];
};
type ContainerFields = {
  readonly restartPolicy?: string;
  readonly resources?: ResourceFields;
  readonly ports?: readonly { readonly containerPort?: number; readonly hostPort?: number }[];
};
type ResourceFields = { readonly requests?: unknown; readonly limits?: unknown };

/**
 * What the scheduler counts for one pod: the sum of its containers and sidecars, or the largest moment of its init
 * phase, plus overhead. A limit without a request is a request. Always has `pods: 1`.
 *
 * Source: `PodRequests` of kubernetes/component-helpers; pod-level resources replace the sum where they are given.
 */
export function podRequests(podSpec: unknown): ResourceAmounts {
  const spec = podSpecFields(podSpec);
  const running = (spec.containers ?? []).map(containerRequests).reduce(add, {});
  let sidecars: ResourceAmounts = {};
  let largestInit: ResourceAmounts = {};
  for (const container of spec.initContainers ?? []) {
    const requests = containerRequests(container);
    if (container.restartPolicy === "Always") sidecars = add(sidecars, requests);
    const moment = container.restartPolicy === "Always" ? sidecars : add(sidecars, requests);
    largestInit = largest(largestInit, moment);
  }
  const containers = largest(add(running, sidecars), largestInit);
  const total = { ...containers, ...requestsOf(spec.resources) };
  return { ...add(total, parseResources(spec.overhead)), pods: 1 };
}

/** Ports that a pod takes on its node: host ports, and with hostNetwork every container port. Ascending. */
export function podHostPorts(podSpec: unknown): readonly number[] {
  const spec = podSpecFields(podSpec);
  const containers = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always"),
  ];
  const ports = containers
    .flatMap((container) => container.ports ?? [])
    .map((port) => port.hostPort ?? (spec.hostNetwork === true ? port.containerPort : undefined))
    .filter((port) => port !== undefined && port > 0);
  return [...new Set(ports as number[])].sort((a, b) => a - b);
}

/** What each pod of a role asks of a node, by instance; of a multi-node one the leader's first. */
export function roleDemands({
  role,
  replicas,
  size,
  content,
}: Pick<GroupRole, "role" | "replicas" | "size" | "content">): readonly PodDemand[] {
  const instances = Array.from({ length: replicas }, (_, ordinal) => ordinal);
  const leader = podDemand(role, podTemplateOf(content, 0));
  if ((content.leaderWorker ?? null) === null) return instances.map((ordinal) => ({ ...leader, ordinal }));
  const others = podDemand(role, podTemplateOf(content, 1));
  return instances.flatMap((ordinal) =>
    Array.from({ length: size }, (_, worker) => ({ ...(worker === 0 ? leader : others), ordinal, worker })),
  );
}

function podDemand(role: string, template: Readonly<Record<string, unknown>>): Omit<PodDemand, "ordinal"> {
  const spec = podSpecFields(template["spec"]);
  return {
    role,
    requests: podRequests(spec),
    hostPorts: podHostPorts(spec),
    nodeSelector: spec.nodeSelector ?? {},
    affinity: spec.affinity ?? null,
    tolerations: spec.tolerations ?? [],
  };
}

export function add(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return merge(a, b, (x, y) => x + y);
}

function largest(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
  return merge(a, b, Math.max);
}

function merge(a: ResourceAmounts, b: ResourceAmounts, join: (x: number, y: number) => number): ResourceAmounts {
  const merged: Record<string, number> = { ...a };
  for (const [resource, amount] of Object.entries(b)) merged[resource] = join(merged[resource] ?? 0, amount);
  return merged;
}

function containerRequests(container: ContainerFields): ResourceAmounts {
  return requestsOf(container.resources);
}

function requestsOf(resources: ResourceFields | undefined): ResourceAmounts {
  return { ...parseResources(resources?.limits), ...parseResources(resources?.requests) };
}

/** A template that a cluster would refuse is refused by its dry run; here wrong shapes just ask for nothing. */
function podSpecFields(podSpec: unknown): PodSpecFields {
  return typeof podSpec === "object" && podSpec !== null ? (podSpec as PodSpecFields) : {};
}
