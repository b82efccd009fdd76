import {
  type ObservedCluster,
  type ObservedContainer,
  type ObservedNode,
  type ObservedPod,
  type ObservedSet,
  type SetState,
  WORKLOAD_API_VERSION,
  type WorkloadKind,
} from "../model/index.ts";
import { createSet } from "../plan/spec-change.ts";
import { type SetSpec, SetSpecInput } from "../spec/schema.ts";

/** Values for tests: complete, valid, and as small as the sentence that they stand in. Each takes what it is about. */

export const RACK = "topology.kubernetes.io/rack";

type RoleDraft = {
  readonly role: string;
  readonly replicas?: number;
  readonly dependencies?: readonly string[];
  readonly gpus?: number;
  readonly image?: string;
  readonly kind?: WorkloadKind;
  readonly leaderWorker?: { readonly size: number; readonly workerTemplate?: unknown };
  readonly onPodFailure?: "Recreate" | "Ignore";
  readonly minReadySeconds?: number;
  readonly isExternal?: boolean;
  readonly ports?: readonly unknown[];
  /** Fields of the pod spec beside its containers. */
  readonly podSpec?: Readonly<Record<string, unknown>>;
};

export function aRole(draft: RoleDraft): unknown {
  const { role, replicas = 1, dependencies = [], gpus = 0, image = "engine:1", kind = "StatefulSet", ports } = draft;
  const resources = gpus === 0 ? {} : { resources: { limits: { "nvidia.com/gpu": String(gpus) } } };
  return {
    role,
    replicas,
    dependencies,
    workload: { apiVersion: WORKLOAD_API_VERSION[kind], kind },
    ...(draft.leaderWorker === undefined ? {} : { leaderWorker: draft.leaderWorker }),
    ...(draft.onPodFailure === undefined ? {} : { onPodFailure: draft.onPodFailure }),
    ...(draft.isExternal === true ? { scaling: { external: true } } : {}),
    ...(draft.minReadySeconds === undefined ? {} : { minReadySeconds: draft.minReadySeconds }),
    template: {
      spec: {
        containers: [{ name: "engine", image, ports: ports ?? [{ name: "http", containerPort: 8000 }], ...resources }],
        ...draft.podSpec,
      },
    },
  };
}

/** A stored spec: two groups of two prefill and two decode pods, decode after prefill, in the cluster `north`. */
export function aSpec(
  draft: Readonly<Record<string, unknown>> & { readonly roles?: readonly unknown[] } = {},
): SetSpec {
  const {
    roles = [
      aRole({ role: "prefill", replicas: 2 }),
      aRole({ role: "decode", replicas: 2, dependencies: ["prefill"] }),
    ],
    ...fields
  } = draft;
  const placement = { clusters: { names: ["north"] }, ...(fields["placement"] as object | undefined) };
  const parsed = SetSpecInput.parse({ replicas: 2, groupTemplate: { roles }, ...fields, placement });
  return { ...parsed, replicas: parsed.replicas ?? 1 };
}

export function aSet(draft: Parameters<typeof aSpec>[0] = {}, name = "demo"): SetState {
  return createSet({ id: `id-${name}`, namespace: "default", name }, aSpec(draft), 0).state;
}

export function aNode(
  name: string,
  draft: Partial<ObservedNode> & { readonly rack?: string; readonly gpus?: number } = {},
): ObservedNode {
  const { rack, gpus = 8, ...fields } = draft;
  return {
    name,
    uid: `node-${name}`,
    labels: { "kubernetes.io/hostname": name, ...(rack === undefined ? {} : { [RACK]: rack }) },
    taints: [],
    isUnschedulable: false,
    isReady: true,
    notReadyMessage: null,
    allocatable: { cpu: 96_000, memory: 1024 ** 4, pods: 110, "nvidia.com/gpu": gpus },
    ...fields,
  };
}

export function aContainer(draft: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    name: "engine",
    kind: "main",
    image: "engine:1",
    containerId: "containerd://1",
    restartCount: 0,
    isReady: true,
    state: "running",
    reason: null,
    message: null,
    exitCode: null,
    startedAtMs: 0,
    finishedAtMs: null,
    lastTermination: null,
    ...draft,
  };
}

/** A Ready pod that belongs to nobody. */
export function aPod(name: string, draft: Partial<ObservedPod> = {}): ObservedPod {
  return {
    uid: `uid-${name}`,
    namespace: "default",
    name,
    set: null,
    groupIndex: null,
    setId: null,
    role: null,
    incarnation: null,
    roleRestart: 0,
    revisionHash: null,
    templateRestart: null,
    ordinal: null,
    worker: null,
    ownerUid: null,
    ownerKind: null,
    ownerName: null,
    nodeName: null,
    phase: "Running",
    isReady: true,
    readySinceMs: 0,
    createdAtMs: 0,
    deletionAtMs: null,
    reason: null,
    message: null,
    unschedulableMessage: null,
    containers: [aContainer()],
    requests: { pods: 1 },
    hostPorts: [],
    isDaemonSetPod: false,
    ip: null,
    ...draft,
  };
}

const NOTHING: ObservedSet = { owners: [], configMaps: [], services: [], workloads: [], pods: [], claims: [] };

/** A live cluster with these nodes and pods, and nothing of any set. */
export function aCluster(
  draft: Partial<Omit<ObservedCluster, "podsOnNode">> & { readonly pods?: readonly ObservedPod[] } = {},
): ObservedCluster {
  const { pods = [], ...fields } = draft;
  return {
    name: "north",
    isSimulated: true,
    health: "live",
    hasLeaderWorkerSets: false,
    nodes: [],
    podsOnNode: (node) => pods.filter((pod) => pod.nodeName === node),
    boundVolume: () => null,
    set: () => NOTHING,
    ...fields,
  };
}

export function clustersOf(...clusters: readonly ObservedCluster[]): ReadonlyMap<string, ObservedCluster> {
  return new Map(clusters.map((cluster) => [cluster.name, cluster]));
}
