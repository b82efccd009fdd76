import type { KubeObject } from "@openpatio/core/model";

/**
 * What the parts of the sandbox say to each other: the store implements {@link SimApi}; controllers, scheduler,
 * kubelet and the HTTP face are its clients. One SimApi is one simulated cluster.
 */

/** `pods`, `services`, `statefulsets.apps`, `rolebasedgroups.openpatio.io`: plural, then the group unless it is core. */
export type ResourceName = string;

export type SimEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: ResourceName;
  readonly object: KubeObject;
  /** The state before the change; absent for ADDED. */
  readonly previous?: KubeObject;
};

export type ListOptions = {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only objects with an owner reference to this UID. */
  readonly ownerUid?: string;
};

export type WriteOptions = {
  readonly subresource?: "status" | "scale";
  /** Who writes, for managedFields. */
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
};

export type DeleteOptions = {
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun?: boolean;
};

/** Objects that come out are deeply frozen: to change one, write a copy. Failures throw ApiError with a Kubernetes Status. */
export interface SimApi {
  readonly clock: SimClock;
  /** Seeded: the same seed and the same calls give the same run. Uniform in [0, 1). */
  readonly random: () => number;
  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined;
  list(resource: ResourceName, options?: ListOptions): readonly KubeObject[];
  create(resource: ResourceName, object: KubeObject, options?: WriteOptions): KubeObject;
  /** Conditional on metadata.resourceVersion and metadata.uid where they are present. */
  update(resource: ResourceName, object: KubeObject, options?: WriteOptions): KubeObject;
  /** JSON merge patch (RFC 7386). */
  patch(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    patch: Readonly<Record<string, unknown>>,
    options?: WriteOptions,
  ): KubeObject;
  delete(resource: ResourceName, namespace: string | undefined, name: string, options?: DeleteOptions): void;
  /** Called synchronously after each committed change, in order. */
  subscribe(listener: (event: SimEvent) => void): () => void;
}

/** Timers of the whole sandbox go through this, so that a test can step time. */
export interface SimClock {
  nowMs(): number;
  /** Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
}
