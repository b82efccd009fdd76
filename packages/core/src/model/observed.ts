/**
 * What a cluster shows, trimmed to what is used. Produced by the adapters behind ClusterPort, read by the planner and
 * the views. Times are epoch milliseconds by the cluster's own stamps; resource amounts are numbers in base units.
 */

/** cpu in millicores, memory and ephemeral-storage in bytes, everything else (`nvidia.com/gpu`, `pods`) a count. */
export type ResourceAmounts = Readonly<Record<string, number>>;

export type ObservedContainer = {
  readonly name: string;
  readonly kind: "init" | "sidecar" | "main";
  readonly image: string;
  /** Null until the container first ran. A new ID is a new life of the container. */
  readonly containerId: string | null;
  readonly restartCount: number;
  readonly isReady: boolean;
  readonly state: "waiting" | "running" | "terminated";
  /** Reason and message of the current state: `ImagePullBackOff`, `OOMKilled`, … */
  readonly reason: string | null;
  readonly message: string | null;
  readonly exitCode: number | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly lastTermination: {
    readonly containerId: string | null;
    readonly exitCode: number;
    readonly reason: string | null;
    readonly finishedAtMs: number | null;
  } | null;
};

export type ObservedPod = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Labels of ours; null where the pod is not ours. */
  readonly set: string | null;
  readonly groupIndex: number | null;
  readonly role: string | null;
  readonly incarnation: number | null;
  /** Life of its role within the incarnation; 0 is the first. */
  readonly roleRestart: number;
  readonly revisionHash: string | null;
  /** The restart that its template was made for; null where it was made for none. */
  readonly templateRestart: string | null;
  /** Id of the set that rendered its template; null where the template does not say. */
  readonly setId: string | null;
  /** Index of its instance in the role: the ordinal of a StatefulSet's pod; null with a Deployment. */
  readonly ordinal: number | null;
  /** Of a multi-node instance: 0 is the leader, others are its workers. Null where an instance is one pod. */
  readonly worker: number | null;
  /** UID of the controlling owner (StatefulSet, ReplicaSet, …). */
  readonly ownerUid: string | null;
  /** Of a LeaderWorkerSet's pods the LeaderWorkerSet, not the StatefulSet that it puts between. */
  readonly ownerKind: string | null;
  readonly ownerName: string | null;
  readonly nodeName: string | null;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly isReady: boolean;
  readonly readySinceMs: number | null;
  readonly createdAtMs: number;
  /** Set when the API server accepted its deletion. */
  readonly deletionAtMs: number | null;
  /** status.reason and status.message, e.g. `Evicted`. */
  readonly reason: string | null;
  readonly message: string | null;
  /** The scheduler's own words while it finds no node. */
  readonly unschedulableMessage: string | null;
  readonly containers: readonly ObservedContainer[];
  /** Sum as the scheduler counts it: containers, or the largest init container, plus overhead. Includes `pods: 1`. */
  readonly requests: ResourceAmounts;
  readonly hostPorts: readonly number[];
  readonly isDaemonSetPod: boolean;
  readonly ip: string | null;
};

export type Taint = { readonly key: string; readonly value: string; readonly effect: string };

export type ObservedNode = {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Cordoned. */
  readonly isUnschedulable: boolean;
  readonly isReady: boolean;
  /** Why it is not Ready; null while it is. */
  readonly notReadyMessage: string | null;
  readonly allocatable: ResourceAmounts;
};

export const WORKLOAD_KINDS = ["StatefulSet", "Deployment", "LeaderWorkerSet"] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

export const WORKLOAD_API_VERSION = {
  StatefulSet: "apps/v1",
  Deployment: "apps/v1",
  LeaderWorkerSet: "leaderworkerset.x-k8s.io/v1",
} as const satisfies Record<WorkloadKind, string>;

export type ObservedWorkload = {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly set: string;
  readonly groupIndex: number;
  readonly role: string;
  /** Of a multi-node role with a StatefulSet per instance: which instance; null otherwise. */
  readonly instance: number | null;
  readonly incarnation: number;
  /** Life of its role within the incarnation; 0 is the first. */
  readonly roleRestart: number;
  readonly revisionHash: string;
  /** UID of the RoleBasedGroup that owns it; null means that it is not ours, whatever its labels say. */
  readonly ownerUid: string | null;
  readonly generation: number;
  readonly observedGeneration: number;
  /** spec.replicas */
  readonly replicas: number;
  /** Field manager of them that is not ours, where the API server tells. */
  readonly scaledBy: string | null;
  readonly readyReplicas: number;
  /** Pods of the present template, by its controller's word. */
  readonly updatedReplicas: number;
  /** Our content-hash annotation: which template it was told last. Null for one that still has its first. */
  readonly contentHash: string | null;
  readonly deletionAtMs: number | null;
  /** A condition of the workload that says why it creates no pods (quota, admission), if any. */
  readonly failureMessage: string | null;
};

/** RoleBasedGroup, Service or ConfigMap of a group, or the Service through which clients reach the whole set. */
export type ObservedObject = {
  readonly kind: "RoleBasedGroup" | "Service" | "ConfigMap";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly set: string;
  /** Null: of the set as a whole. */
  readonly groupIndex: number | null;
  readonly role: string | null;
  readonly ownerUid: string | null;
  /** Our content-hash annotation: what was last sent. */
  readonly contentHash: string | null;
  /** Hash of what it says now, over the fields that we own; see project/labels. Null for a RoleBasedGroup. */
  readonly dataHash: string | null;
  /** Field manager of the last change that was not ours, where the API server tells. */
  readonly changedBy: string | null;
  /** Of a RoleBasedGroup, and of what belongs to the set as a whole: the id of the set that made it. */
  readonly setId: string | null;
  readonly deletionAtMs: number | null;
  /** Of a RoleBasedGroup: our finalizer is on it, so that it outlives its deletion until we let it go. */
  readonly isHeld: boolean;
  /** Of a RoleBasedGroup: its `status`, as it is. */
  readonly status: unknown;
};

/** A PersistentVolumeClaim with the labels of a set: made by the StatefulSet of a role for one of its pods. */
export type ObservedClaim = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Labels of ours; null where the claim is not ours. */
  readonly set: string | null;
  readonly groupIndex: number | null;
  readonly role: string | null;
  /** Name of the volume that it is bound to. */
  readonly volume: string | null;
  readonly deletionAtMs: number | null;
};

/** A PersistentVolume, as far as it says where it can be used. */
export type ObservedVolume = {
  readonly name: string;
  /** Required node affinity: one of these node selector terms has to hold. Null: it can be reached from everywhere. */
  readonly nodeTerms: readonly unknown[] | null;
};

/** A claim that is bound, and where its volume can be reached from. */
export type BoundVolume = {
  readonly claim: string;
  readonly volume: string;
  readonly nodeTerms: ObservedVolume["nodeTerms"];
};

/** Everything of one set in one cluster, terminating things included. */
export type ObservedSet = {
  readonly owners: readonly ObservedObject[];
  readonly configMaps: readonly ObservedObject[];
  readonly services: readonly ObservedObject[];
  readonly workloads: readonly ObservedWorkload[];
  readonly pods: readonly ObservedPod[];
  readonly claims: readonly ObservedClaim[];
  /**
   * The same by the group index that is written on it. A part is the same object for as long as nothing in it changes, so
   * that a plan need not look at it again. Caches have it; where it is left out, a plan sorts the lists by itself.
   */
  readonly byGroup?: ReadonlyMap<number, ObservedParts>;
};

/** Everything that says of itself that it is of one group. */
export type ObservedParts = Pick<ObservedSet, "owners" | "configMaps" | "services" | "workloads" | "pods">;

/** foreign: it belongs to another control plane. */
export const CLUSTER_HEALTH = ["connecting", "live", "stale", "unreachable", "foreign"] as const;
export type ClusterHealth = (typeof CLUSTER_HEALTH)[number];

export const CLUSTER_REMOVAL_MODES = ["orphan", "delete", "move"] as const;
/** orphan: they run on without us. delete: they are stopped there. move: they go to other clusters of their set. */
export type ClusterRemovalMode = (typeof CLUSTER_REMOVAL_MODES)[number];

/** A read-only view of one cluster's cache at one moment. Reads are by index, never a request. */
export interface ObservedCluster {
  readonly name: string;
  readonly isSimulated: boolean;
  /** As registered, without the built-in one that names the cluster; absent: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** It is being removed, and what becomes of its groups; absent: it stays. */
  readonly removal?: ClusterRemovalMode | null;
  /** Only `live` may be planned on: anything else is neither touched nor assumed. */
  readonly health: ClusterHealth;
  /** Whether the cluster serves the LeaderWorkerSet API. */
  readonly hasLeaderWorkerSets: boolean;
  readonly nodes: readonly ObservedNode[];
  /** A pod of a set that is no longer there, as it was last seen, for a while after its end; null when nothing is known. */
  readonly lastPod?: (uid: string) => ObservedPod | null;
  /** Pods bound to this node that are not finished, ours and others'. */
  podsOnNode(node: string): readonly ObservedPod[];
  /** Null while the claim is not bound, or does not exist. */
  boundVolume(namespace: string, claim: string): BoundVolume | null;
  set(namespace: string, name: string): ObservedSet;
}
