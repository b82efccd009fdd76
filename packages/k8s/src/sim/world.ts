/** The machines of the sandbox clusters. */
import type { KubeObject } from "@openpatio/core/model";
import type { SimApi } from "./api.ts";
import { PROVISIONER, TOPOLOGY_PARAMETER } from "./controllers/volumes.ts";
import { LEADER_WORKER_SETS } from "./leader-worker-set/definition.ts";
import { leaderWorkerSetWebhook } from "./leader-worker-set/webhooks.ts";
import type { Webhook } from "./store-webhooks.ts";

export type NodeSpec = {
  readonly name: string;
  readonly zone: string;
  readonly rack?: string;
  /** Number of `nvidia.com/gpu`. */
  readonly gpus: number;
  readonly cpu: number;
  /** A quantity, e.g. `1Ti`. */
  readonly memory: string;
};

export type World = {
  readonly name: string;
  readonly nodes: readonly NodeSpec[];
  /** Whether LeaderWorkerSet is installed: its CRD, webhooks and controller. Default false. */
  readonly hasLeaderWorkerSets?: boolean;
};

function padded(index: number): string {
  return String(index).padStart(2, "0");
}

/** 24 nodes of 8 GPUs in 6 racks over 2 zones; LeaderWorkerSet is installed. */
export const SANDBOX_RACKS: World = {
  name: "sandbox-racks",
  hasLeaderWorkerSets: true,
  nodes: Array.from({ length: 24 }, (_, index) => {
    const rack = Math.floor(index / 4);
    return {
      name: `node-${padded(index)}`,
      zone: `zone-${Math.floor(rack / 3)}`,
      rack: `rack-${rack}`,
      gpus: 8,
      cpu: 96,
      memory: "1Ti",
    };
  }),
};

/** 12 nodes in 3 zones; in each zone two have GPUs. */
export const SANDBOX_ZONES: World = {
  name: "sandbox-zones",
  nodes: Array.from({ length: 12 }, (_, index) => {
    const isGpu = index % 4 < 2;
    return {
      name: `node-${padded(index)}`,
      zone: `zone-${Math.floor(index / 4)}`,
      gpus: isGpu ? 8 : 0,
      cpu: isGpu ? 96 : 64,
      memory: isGpu ? "1Ti" : "256Gi",
    };
  }),
};

/** `standard` is the default and binds at once; a `zonal` volume is made in the zone of its first pod, and stays there. */
export const STORAGE_CLASSES: readonly KubeObject[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: PROVISIONER,
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "zonal" },
    provisioner: PROVISIONER,
    volumeBindingMode: "WaitForFirstConsumer",
    parameters: { [TOPOLOGY_PARAMETER]: "topology.kubernetes.io/zone" },
  },
];

/** What the components installed there bring to admission. */
export function webhooksOf(world: World): readonly Webhook[] {
  return world.hasLeaderWorkerSets === true ? [leaderWorkerSetWebhook] : [];
}

/** Adds what is missing: nodes, the storage classes, what is installed, the API server's Service. Existing objects stay as they are. */
export function settleWorld(api: SimApi, world: World, apiPort: number): void {
  const ensure = (resource: string, object: KubeObject) => {
    if (api.get(resource, object.metadata.namespace, object.metadata.name) === undefined) {
      api.create(resource, object, { fieldManager: "sandbox" });
    }
  };
  const isNew = api.get("services", "default", "kubernetes") === undefined;
  for (const storage of STORAGE_CLASSES) ensure("storageclasses.storage.k8s.io", storage);
  for (const [name, value] of [
    ["system-node-critical", 2_000_001_000],
    ["system-cluster-critical", 2_000_000_000],
  ] as const) {
    ensure("priorityclasses.scheduling.k8s.io", {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name },
      value,
    });
  }
  if (world.hasLeaderWorkerSets === true) ensure("customresourcedefinitions.apiextensions.k8s.io", LEADER_WORKER_SETS);
  ensure("services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443, targetPort: apiPort }] },
  });
  // A node that somebody deleted stays deleted: only a new cluster gets its machines.
  if (isNew)
    for (const [index, node] of world.nodes.entries()) ensure("nodes", nodeObject(node, index, api.clock.nowMs()));
}

function nodeObject(node: NodeSpec, index: number, nowMs: number): KubeObject {
  const resources = {
    cpu: String(node.cpu),
    memory: node.memory,
    "ephemeral-storage": "2Ti",
    pods: "110",
    ...(node.gpus === 0 ? {} : { "nvidia.com/gpu": String(node.gpus) }),
  };
  const address = `10.64.${index >> 8}.${(index & 255) + 1}`;
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  const podCIDR = `10.128.${index}.0/24`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      labels: {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": "region-0",
        "topology.kubernetes.io/zone": node.zone,
        ...(node.rack === undefined ? {} : { "topology.kubernetes.io/rack": node.rack }),
        ...(node.gpus === 0 ? {} : { "nvidia.com/gpu.present": "true" }),
        "sandbox.openpatio.io/kubelet": "running",
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: node.name },
      ],
      conditions: [
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      ],
      nodeInfo: {
        architecture: "amd64",
        bootID: "",
        containerRuntimeVersion: "containerd://2.0.0",
        kernelVersion: "6.1.0",
        kubeProxyVersion: "",
        kubeletVersion: "v1.37.2",
        machineID: "",
        operatingSystem: "linux",
        osImage: "OpenPatio sandbox",
        systemUUID: "",
      },
    },
  };
}
