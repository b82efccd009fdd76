import {
  type GroupPhase,
  type GroupState,
  homeOf,
  type ObservedCluster,
  type ObservedNode,
  type ObservedPod,
} from "../model/index.ts";
import type { Reservation } from "../placement/index.ts";
import type { ClusterInfo } from "../ports.ts";
import { gpusOf } from "./gpus.ts";
import { type OwnershipModel, ownershipView } from "./ownership-view.ts";
import { podView, silentNodes } from "./pod-view.ts";
import type { SetModel } from "./set-model.ts";
import { gpusPerGroup, podsPerGroup, podsPerInstance, tilesOf } from "./set-view.ts";
import type { ClusterDetail, ClusterRow, DomainView, NodeView, PodView } from "./types.ts";

export const ZONE_LABEL = "topology.kubernetes.io/zone";
export const RACK_LABEL = "topology.kubernetes.io/rack";

/** One cluster as the views read it. */
export type ClusterModel = {
  readonly observed: ObservedCluster;
  readonly info: ClusterInfo;
  readonly ownership: OwnershipModel;
  readonly registeredAtMs: number;
  /** All sets; those without a group here are passed over. */
  readonly sets: readonly SetModel[];
  readonly reservations: readonly Reservation[];
  readonly faults: ClusterDetail["faults"];
};

type GroupHere = ClusterDetail["groupsHere"][number];

export function nodeView(node: ObservedNode, pods: readonly ObservedPod[]): NodeView {
  const used = (resource: string) => pods.reduce((sum, pod) => sum + (pod.requests[resource] ?? 0), 0);
  const fraction = (resource: string) => {
    const total = node.allocatable[resource] ?? 0;
    return total === 0 ? 0 : Math.min(1, used(resource) / total);
  };
  return {
    name: node.name,
    zone: node.labels[ZONE_LABEL] ?? null,
    rack: node.labels[RACK_LABEL] ?? null,
    labels: node.labels,
    isReady: node.isReady,
    isCordoned: node.isUnschedulable,
    message: node.notReadyMessage,
    gpus: gpusOf(node.allocatable),
    gpusUsed: pods.reduce((sum, pod) => sum + gpusOf(pod.requests), 0),
    pods: pods.length,
    cpuFraction: fraction("cpu"),
    memoryFraction: fraction("memory"),
  };
}

export function clusterNodes({ observed }: ClusterModel): readonly NodeView[] {
  return observed.nodes.map((node) => nodeView(node, observed.podsOnNode(node.name)));
}

/** Every bound pod, ours and others', and our own that have no node yet. */
export function clusterPods(model: ClusterModel): readonly PodView[] {
  const { observed } = model;
  const isStale = observed.health !== "live";
  const groups = new Map<string, GroupState>(
    model.sets.flatMap(({ state }) =>
      state.groups.map((group) => [`${state.namespace}/${state.name}/${group.index}`, group] as const),
    ),
  );
  const silent = silentNodes(observed);
  const view = (pod: ObservedPod) =>
    podView(pod, {
      cluster: observed.name,
      isStale,
      silentNodes: silent,
      group: groups.get(`${pod.namespace}/${pod.set}/${pod.groupIndex}`) ?? null,
    });
  const bound = observed.nodes.flatMap((node) => observed.podsOnNode(node.name).map(view));
  const unbound = model.sets
    .filter(({ state }) => state.groups.some((group) => group.placement?.cluster === observed.name))
    .flatMap(({ state }) => observed.set(state.namespace, state.name).pods.filter((pod) => pod.nodeName === null));
  return [...bound, ...unbound.map(view)];
}

export function clusterRow(model: ClusterModel): ClusterRow {
  const { observed, info } = model;
  const ownership = ownershipView(model.ownership);
  const nodes = clusterNodes(model);
  const groups = groupsHere(model);
  const usable = nodes.filter((node) => node.isReady && !node.isCordoned);
  const domains = domainViews(model, nodes);
  const largest = [...domains].sort((a, b) => free(b) - free(a) || (a.value < b.value ? -1 : 1))[0];
  return {
    name: observed.name,
    isSimulated: observed.isSimulated,
    labels: observed.labels ?? {},
    removal: observed.removal ?? null,
    health: observed.health,
    ownership,
    message: observed.health === "unreachable" ? info.message : (ownership.message ?? info.message),
    version: info.version,
    latencyMs: info.latencyMs === null ? null : Math.round(info.latencyMs),
    lastContactMs:
      info.lastContactMs === null ? null : Math.floor(info.lastContactMs / CONTACT_GRAIN_MS) * CONTACT_GRAIN_MS,
    nodes: nodes.length,
    usableNodes: usable.length,
    gpus: sum(nodes, (node) => node.gpus),
    gpusUsed: sum(nodes, (node) => node.gpusUsed),
    gpusReserved: reservedGpus(model, () => true),
    gpusCordoned: sum(nodes, (node) => (node.isReady && !node.isCordoned ? 0 : node.gpus - node.gpusUsed)),
    groups: groups.length,
    readyGroups: groups.filter((group) => group.phase === "Ready").length,
    tiles: tilesOf(groups),
    pods: sum(groups, (group) => group.pods),
    readyPods: sum(groups, (group) => group.readyPods),
    domains,
    largestFreeBlock:
      largest === undefined || largest.gpus === 0 ? null : { domain: largest.value, gpus: free(largest) },
  };
}

/** Contact is told to the nearest so many milliseconds, so that a quiet cluster does not change its row all the time. */
const CONTACT_GRAIN_MS = 5_000;

export function clusterDetail(model: ClusterModel): ClusterDetail {
  const { info } = model;
  return {
    ...clusterRow(model),
    server: info.server,
    registeredAtMs: model.registeredAtMs,
    missingPermissions: info.missingPermissions,
    apiRequests: info.apiRequests,
    apiErrors: info.apiErrors,
    groupsHere: groupsHere(model),
    faults: model.faults,
  };
}

function groupsHere({ sets, observed }: ClusterModel): readonly GroupHere[] {
  return sets.flatMap(({ state, status }) => {
    const sizes = new Map(state.spec.groupTemplate.roles.map((role) => [role.role, podsPerInstance(role)]));
    return state.groups
      .filter((group) => group.placement?.cluster === observed.name)
      .map((group) => {
        const groupStatus = status.groups.find((candidate) => candidate.index === group.index);
        const roles = groupStatus?.roles ?? [];
        const phase: GroupPhase = groupStatus?.phase ?? "Unknown";
        return {
          namespace: state.namespace,
          set: state.name,
          home: homeOf(state),
          index: group.index,
          phase,
          domain: group.placement?.domain?.value ?? null,
          readyPods: sum(roles, (role) => role.ready * (sizes.get(role.role) ?? 1)),
          pods: podsPerGroup(state),
          gpus: gpusPerGroup(state),
          sinceMs: group.readySinceMs ?? group.sinceMs,
        };
      });
  });
}

/** By the label that most nodes carry: rack, else zone, else none. */
export function domainKey(nodes: readonly { readonly labels: Readonly<Record<string, string>> }[]): string | null {
  const count = (key: string) => nodes.filter((node) => node.labels[key] !== undefined).length;
  const racks = count(RACK_LABEL);
  const zones = count(ZONE_LABEL);
  if (racks === 0 && zones === 0) return null;
  return racks >= zones ? RACK_LABEL : ZONE_LABEL;
}

function domainViews(model: ClusterModel, nodes: readonly NodeView[]): readonly DomainView[] {
  const key = domainKey(nodes);
  if (key === null) return [];
  const values = [...new Set(nodes.flatMap((node) => node.labels[key] ?? []))].sort();
  return values.map((value) => {
    const members = nodes.filter((node) => node.labels[key] === value);
    const usable = members.filter((node) => node.isReady && !node.isCordoned);
    const isHere = (reservation: Reservation) => reservation.domain?.key === key && reservation.domain.value === value;
    return {
      key,
      value,
      nodes: members.length,
      usableNodes: usable.length,
      gpus: sum(members, (node) => node.gpus),
      gpusUsed: sum(members, (node) => node.gpusUsed),
      gpusReserved: reservedGpus(model, isHere),
      groups: model.reservations
        .filter((reservation) => reservation.cluster === model.observed.name && isHere(reservation))
        .map(({ namespace, set, group }) => `${namespace}/${set}-${group}`)
        .sort(),
    };
  });
}

/** Promised to groups whose pods are not bound yet. */
function reservedGpus(
  { reservations, observed }: ClusterModel,
  isCounted: (reservation: Reservation) => boolean,
): number {
  return sum(
    reservations.filter((reservation) => reservation.cluster === observed.name && isCounted(reservation)),
    (reservation) => {
      const promised = sum(reservation.demands, (demand) => gpusOf(demand.requests));
      const bound = observed
        .set(reservation.namespace, reservation.set)
        .pods.filter((pod) => pod.groupIndex === reservation.group && pod.nodeName !== null);
      return Math.max(0, promised - sum(bound, (pod) => gpusOf(pod.requests)));
    },
  );
}

const free = (domain: DomainView): number => Math.max(0, domain.gpus - domain.gpusUsed - domain.gpusReserved);

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
