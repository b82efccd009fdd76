import { type KubeObject, LABEL, MANAGER, type ObservedCluster } from "@openpatio/core/model";
import type { Action, ObjectRef } from "@openpatio/core/plan";
import { CRDS } from "../src/crds/index.ts";
import { ClusterCache } from "../src/kube/cluster-cache.ts";
import { planMergePatch } from "../src/kube/owned-fields.ts";
import { WATCHED_KINDS, type WatchedKind } from "../src/kube/resources.ts";
import type { SteppedClock } from "../src/sim/clock.ts";
import { type Controllers, startControllers } from "../src/sim/controllers/index.ts";
import { ApiError } from "../src/sim/status.ts";
import { createStore, type Store } from "../src/sim/store.ts";
import { SANDBOX_RACKS, settleWorld } from "../src/sim/world.ts";

/**
 * One simulated cluster in this process, with the network between it and the control plane as something that can lag,
 * lose events and break. The store is the truth; what the planner sees comes through the adapter's own cache.
 */

const RESOURCE: Readonly<Record<WatchedKind, string>> = {
  nodes: "nodes",
  pods: "pods",
  statefulsets: "statefulsets.apps",
  deployments: "deployments.apps",
  services: "services",
  configmaps: "configmaps",
  rolebasedgroups: "rolebasedgroups.openpatio.io",
};
const KIND_OF = new Map(WATCHED_KINDS.map((kind) => [RESOURCE[kind], kind]));
const OF_OBJECT: Readonly<Record<string, string>> = {
  RoleBasedGroup: RESOURCE.rolebasedgroups,
  Service: RESOURCE.services,
  ConfigMap: RESOURCE.configmaps,
  StatefulSet: RESOURCE.statefulsets,
  Deployment: RESOURCE.deployments,
  Pod: RESOURCE.pods,
};

export const resourceOf = (kind: string): string => {
  const resource = OF_OBJECT[kind];
  if (resource === undefined) throw new Error(`the planner writes no ${kind}`);
  return resource;
};

export type SimClusterOptions = {
  readonly clock: SteppedClock;
  readonly seed: string;
  /** How long a watch event takes, in milliseconds. Order is kept. */
  readonly lagMs: () => number;
};

export class SimCluster {
  readonly name = SANDBOX_RACKS.name;
  readonly store: Store;
  readonly #clock: SteppedClock;
  readonly #controllers: Controllers;
  readonly #lagMs: () => number;
  #cache: ClusterCache;
  #onChange: () => void = () => {};
  #isConnected = true;
  #deliverAtMs = 0;
  #life = 0;

  constructor(options: SimClusterOptions) {
    const { clock, seed } = options;
    this.#clock = clock;
    this.#lagMs = options.lagMs;
    this.store = createStore({ clock, seed, name: this.name, tolerationSeconds: 30 });
    settleWorld(this.store, SANDBOX_RACKS, 6443);
    for (const crd of CRDS) {
      this.store.create("customresourcedefinitions.apiextensions.k8s.io", crd as KubeObject, { fieldManager: MANAGER });
    }
    this.#controllers = startControllers(this.store, {
      seed,
      timing: "fast",
      recordsEvents: false,
      onError: (controller, key, error) => {
        throw new Error(`sandbox controller ${controller} failed on ${key}`, { cause: error });
      },
    });
    this.#cache = this.#emptyCache();
    this.store.subscribe((event) => this.#watched(event));
  }

  stop(): void {
    this.#controllers.stop();
  }

  /** A control plane (again) begins with an empty cache and a list; `onChange` is its trigger. */
  connect(onChange: () => void): void {
    this.#life += 1;
    this.#onChange = onChange;
    this.#cache = this.#emptyCache();
    if (this.#isConnected) this.#relist();
  }

  /** Cut off: no event arrives, no write gets through. Connected again: a list tells what happened meanwhile. */
  setConnected(isConnected: boolean): void {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#life += 1;
    if (isConnected) this.#relist();
    // Its health changed: that is news by itself.
    this.#onChange();
  }

  /** The watch broke and what happened is gone: only a list helps (410 Expired). */
  loseEvents(): void {
    this.#life += 1;
    if (this.#isConnected) this.#relist();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  observe(): ObservedCluster {
    return this.#cache.observe(this.name, true, this.#isConnected ? "live" : "unreachable");
  }

  /**
   * Carries out one action as the adapter's contract says. With `isFed` the answer enters the cache at once, otherwise
   * the planner hears of its own write from the watch alone.
   *
   * Errors: ApiError, as the API server answers.
   */
  perform(action: Action, isFed: boolean): void {
    if (!this.#isConnected) throw new ApiError(503, "ServiceUnavailable", "no route to the cluster");
    const { kind, namespace, name } =
      action.kind === "create"
        ? {
            kind: action.object.kind,
            namespace: action.object.metadata.namespace ?? "",
            name: action.object.metadata.name,
          }
        : action.ref;
    const watched = KIND_OF.get(resourceOf(kind));
    if (!isFed || watched === undefined) {
      this.#write(action);
      return;
    }
    const cache = this.#cache.store(watched);
    cache.beginWrite(namespace, name);
    let answer: Parameters<typeof cache.endWrite>[2] = null;
    try {
      answer = this.#write(action);
    } finally {
      cache.endWrite(namespace, name, answer);
    }
  }

  #write(action: Action): { readonly object: KubeObject } | { readonly goneUid: string } | null {
    switch (action.kind) {
      case "create":
        return { object: this.#create(action.object) };
      case "update": {
        const live = this.#alive(action.ref);
        const patch = planMergePatch(live, action.object);
        return { object: patch === null ? live : this.#patch(action.ref, patch) };
      }
      case "scale":
        this.#alive(action.ref);
        return { object: this.#patch(action.ref, { spec: { replicas: action.replicas } }) };
      case "status":
        this.#alive(action.ref);
        return { object: this.#patch(action.ref, { status: action.status }, "status") };
      case "delete":
        return this.#delete(action.ref, action.propagation);
    }
  }

  #create(object: KubeObject): KubeObject {
    const resource = resourceOf(object.kind);
    const { namespace, name } = object.metadata;
    try {
      return this.store.create(resource, object, { fieldManager: MANAGER });
    } catch (error) {
      const live = this.store.get(resource, namespace, name);
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists" || live === undefined) throw error;
      const isSame = IDENTITY.every((label) => live.metadata.labels?.[label] === object.metadata.labels?.[label]);
      if (!isSame || live.metadata.deletionTimestamp !== undefined || ownerOf(live) !== ownerOf(object)) throw error;
      return live;
    }
  }

  #alive(ref: ObjectRef): KubeObject {
    const live = this.store.get(resourceOf(ref.kind), ref.namespace, ref.name);
    if (live === undefined) throw new ApiError(404, "NotFound", `${ref.kind} ${ref.name} not found`);
    if (live.metadata.uid !== ref.uid) throw new ApiError(409, "Conflict", `${ref.kind} ${ref.name} has another life`);
    return live;
  }

  #patch(ref: ObjectRef, patch: Readonly<Record<string, unknown>>, subresource?: "status"): KubeObject {
    return this.store.patch(resourceOf(ref.kind), ref.namespace, ref.name, patch, {
      fieldManager: MANAGER,
      ...(subresource === undefined ? {} : { subresource }),
    });
  }

  #delete(ref: ObjectRef, propagation: "Background" | "Foreground") {
    const resource = resourceOf(ref.kind);
    try {
      this.store.delete(resource, ref.namespace, ref.name, { uid: ref.uid, propagation });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
      return { goneUid: ref.uid };
    }
    const live = this.store.get(resource, ref.namespace, ref.name);
    return live === undefined || live.metadata.uid !== ref.uid ? { goneUid: ref.uid } : { object: live };
  }

  #emptyCache(): ClusterCache {
    return new ClusterCache({ nowMs: () => this.#clock.nowMs(), onChange: () => this.#onChange() });
  }

  #relist(): void {
    for (const kind of WATCHED_KINDS) {
      const cache = this.#cache.store(kind);
      cache.replaceAll(
        this.store.list(RESOURCE[kind]).filter((object) => isWatched(kind, object)),
        cache.beginList(),
      );
    }
  }

  #watched({ resource, type, object }: Parameters<Parameters<Store["subscribe"]>[0]>[0]): void {
    const kind = KIND_OF.get(resource);
    if (kind === undefined || !isWatched(kind, object) || !this.#isConnected) return;
    const life = this.#life;
    const nowMs = this.#clock.nowMs();
    this.#deliverAtMs = Math.max(this.#deliverAtMs, nowMs + this.#lagMs());
    this.#clock.after(this.#deliverAtMs - nowMs, () => {
      if (life === this.#life) this.#cache.store(kind).applyEvent(type, object);
    });
  }
}

const IDENTITY = [LABEL.set, LABEL.groupIndex, LABEL.role, LABEL.incarnation];
const ownerOf = (object: KubeObject) =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
const isWatched = (kind: WatchedKind, object: KubeObject): boolean =>
  kind === "nodes" || kind === "pods" || object.metadata.labels?.[LABEL.set] !== undefined;
