import type { ClusterHealth, KubeObject, ObservedCluster } from "./model/index.ts";
import type { OwnerLease } from "./ownership/lease.ts";
import type { ObjectRef, Propagation } from "./plan/types.ts";

/**
 * What the server asks of a cluster. KubeCluster speaks to an API server over HTTP; the simulation tests drive the
 * sandbox's store through a second implementation on a stepped clock.
 */
export interface ClusterPort {
  readonly name: string;
  readonly isSimulated: boolean;
  /** Begins to connect, list and watch; returns at once. Progress shows in {@link health}. */
  start(): void;
  stop(): Promise<void>;
  /** A view of the cache. Cheap; reads are by index. */
  observe(): ObservedCluster;
  info(): ClusterInfo;
  /** Called after the cache changed or the health did. Never called synchronously from a write's own call stack. */
  onChange(listener: (change: ClusterChange) => void): () => void;

  /** POST. Throws DomainError: `cluster.name-conflict` (exists and is not ours), `cluster.refused` (invalid, forbidden, quota), `cluster.unreachable`. An identical object that is already ours (same set, group, role and incarnation labels) is success. */
  create(object: KubeObject, options?: { readonly dryRun?: boolean }): Promise<void>;
  /** Makes what we own of it equal to `object`: keys that were dropped disappear, foreign keys stay. Refused with `cluster.conflict` when the UID is another life's. */
  update(ref: ObjectRef, object: KubeObject): Promise<void>;
  scale(ref: ObjectRef, replicas: number): Promise<void>;
  updateStatus(ref: ObjectRef, status: Readonly<Record<string, unknown>>): Promise<void>;
  /** With UID precondition. Something already gone, or another life of the name, is success. */
  delete(ref: ObjectRef, propagation: Propagation, options?: { readonly force: boolean }): Promise<void>;
  /** Takes our labels, annotations and owner reference away and leaves the rest; of a RoleBasedGroup only our finalizer. Refused with `cluster.conflict` when the UID is another life's; something already gone is success. */
  release(ref: ObjectRef): Promise<void>;
  deletePod(namespace: string, pod: string, options: { readonly force: boolean }): Promise<void>;

  readonly sets: SetResourcePort;
  readonly leases: OwnerLeasePort;

  /** The live object as YAML-able data, secrets never included. Null when it does not exist. */
  read(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | null>;
  /** Whether there is such an object; nothing of its content is asked for, so Secrets may be asked about. Throws DomainError: `cluster.refused` when these credentials may not look, `cluster.unreachable`. */
  exists(apiVersion: string, kind: string, namespace: string, name: string): Promise<boolean>;
  events(namespace: string, involvedName: string): Promise<readonly ClusterEvent[]>;
  /** Lines as they come; ends when the container ends or the signal aborts. */
  logs(request: LogRequest, signal: CancelSignal): AsyncIterable<string>;
  /** Merge patch of annotations on a pod (sandbox failure triggers) and cordon of a node; drain evicts its pods. */
  annotatePod(namespace: string, pod: string, annotations: Readonly<Record<string, string | null>>): Promise<void>;
  cordonNode(node: string, isCordoned: boolean): Promise<void>;
  /** Cordons and evicts everything but DaemonSet pods; returns how many pods were evicted. */
  drainNode(node: string): Promise<number>;
}

/**
 * The RoleBasedGroupSets that were applied to a cluster with kubectl, and writes to them that can't be lost or late:
 * each names the version, or at least the life, that it was decided on.
 */
export interface SetResourcePort {
  /** False until they were listed once: before, absence means nothing. */
  isListed(): boolean;
  /** From the cache, `managedFields` without the fields in them. */
  get(namespace: string, name: string): KubeObject | null;
  all(): readonly KubeObject[];
  /** As the API server has it now. Throws DomainError: `cluster.refused`, `cluster.unreachable`. */
  read(namespace: string, name: string): Promise<KubeObject | null>;
  /** RoleBasedGroups that are not ours: made by hand. */
  strayGroups(): readonly KubeObject[];
  /**
   * Merge patch of `object` as it was read. Throws DomainError: `cluster.conflict` when it is another version by now,
   * `cluster.refused`, `cluster.unreachable`.
   */
  patch(object: KubeObject, patch: Readonly<Record<string, unknown>>, manager: string): Promise<KubeObject>;
  /** PUT over the version that `object` names; the answer is what was stored. Errors: as {@link patch}. */
  replace(object: KubeObject, manager: string): Promise<KubeObject>;
  /** JSON patch after a test of the UID. Errors: as {@link patch}, `cluster.conflict` when a test fails. */
  edit(ref: ObjectRef, edits: readonly JsonEdit[], manager: string): Promise<KubeObject>;
  /** With UID precondition; something already gone is success. */
  delete(ref: ObjectRef): Promise<void>;
  /** Writes an Event; the same words again count up the one that is there. */
  tell(event: ClusterEventDraft): Promise<void>;
}

/** The Leases that say which control plane the cluster belongs to. Errors: `cluster.refused`, `cluster.unreachable`. */
export interface OwnerLeasePort {
  read(namespace: string): Promise<OwnerLease | null>;
  /** In every namespace. */
  list(): Promise<readonly OwnerLease[]>;
  /** POST. False when there is no such namespace to hold it. Throws DomainError `cluster.conflict` when it exists. */
  create(object: KubeObject): Promise<boolean>;
  /** PUT over the version that `object` names. Throws DomainError `cluster.conflict` when it is another one by now. */
  replace(object: KubeObject): Promise<void>;
  /** With this life and version as preconditions; another one, or none, is left as it is. */
  delete(lease: OwnerLease): Promise<void>;
}

/** Asked before every write to a cluster but those of Leases and dry runs. */
export interface WriteGuard {
  /** Why nothing may be written; null: it may. */
  refusal(): string | null;
  onOpen(listener: () => void): void;
}

export type JsonEdit = { readonly op: "test" | "add" | "remove"; readonly path: string; readonly value?: unknown };

/** What is told about an object with `kubectl describe`. */
export type ClusterEventDraft = {
  readonly about: ObjectRef;
  readonly type: "Normal" | "Warning";
  /** CamelCase, one word. */
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
};

export type ClusterChange =
  | { readonly kind: "set"; readonly namespace: string; readonly set: string }
  /** A RoleBasedGroupSet in the cluster changed, came or went. */
  | { readonly kind: "resource"; readonly namespace: string; readonly name: string }
  /** All RoleBasedGroupSets of the cluster were listed, or a RoleBasedGroup was made by hand. */
  | { readonly kind: "resources" }
  | { readonly kind: "node"; readonly node: string }
  /** A pod that is not ours came, went or moved, or one of ours gave room back: others may fit now. */
  | { readonly kind: "capacity" }
  | { readonly kind: "health"; readonly health: ClusterHealth };

export type ClusterInfo = {
  readonly health: ClusterHealth;
  /** e.g. `v1.37.2`; null until known. */
  readonly version: string | null;
  /** Round trip of the last probe in milliseconds; null until measured. */
  readonly latencyMs: number | null;
  /** When the API server last answered or sent something. */
  readonly lastContactMs: number | null;
  /** Why it is not live; null while it is. Never holds a credential. */
  readonly message: string | null;
  readonly server: string;
  /** Verbs that we need and do not have, e.g. `create statefulsets.apps`. */
  readonly missingPermissions: readonly string[];
  readonly apiRequests: number;
  readonly apiErrors: number;
  readonly apiWrites: number;
};

export type ClusterEvent = {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: string;
  readonly count: number;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
};

/** The part of AbortSignal that is needed here; core knows no platform. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
}

export type LogRequest = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string | null;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tailLines: number | null;
};
