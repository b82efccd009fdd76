import { type KubeObject, LABEL, MANAGER, type ObservedCluster } from "@openpatio/core/model";
import type { Action, ObjectRef, Propagation } from "@openpatio/core/plan";
import type { ClusterChange } from "@openpatio/core/ports";
import { CRDS } from "../src/crds/index.ts";
import { ClusterCache } from "../src/kube/cluster-cache.ts";
import { planMergePatch } from "../src/kube/owned-fields.ts";
import { planRelease } from "../src/kube/release.ts";
import { WATCHED_KINDS, type WatchedKind, watchSelector } from "../src/kube/resources.ts";
import type { SimApi, WriteOptions } from "../src/sim/api.ts";
import { createSteppedClock, type SteppedClock } from "../src/sim/clock.ts";
import { type Controllers, startControllers } from "../src/sim/controllers/index.ts";
import { ApiError } from "../src/sim/status.ts";
import { createStore, type Store, type StoreOptions } from "../src/sim/store.ts";
import { SANDBOX_RACKS, settleWorld, type World, webhooksOf } from "../src/sim/world.ts";

/**
 * One simulated cluster in this process, and links to it: the network between the cluster and one process, as something
 * that can lag, lose events and break. The store is the truth; what the planner sees comes through the adapter's own
 * cache. Each kind is a watch of its own, so what one kind tells may be older than what another does.
 */

export const RESOURCE: Readonly<Record<WatchedKind, string>> = {
  nodes: "nodes",
  pods: "pods",
  statefulsets: "statefulsets.apps",
  deployments: "deployments.apps",
  leaderworkersets: "leaderworkersets.leaderworkerset.x-k8s.io",
  services: "services",
  configmaps: "configmaps",
  rolebasedgroups: "rolebasedgroups.openpatio.io",
  persistentvolumeclaims: "persistentvolumeclaims",
  persistentvolumes: "persistentvolumes",
};
const KIND_OF = new Map(WATCHED_KINDS.map((kind) => [RESOURCE[kind], kind]));
const OF_OBJECT: Readonly<Record<string, string>> = {
  RoleBasedGroup: RESOURCE.rolebasedgroups,
  Service: RESOURCE.services,
  ConfigMap: RESOURCE.configmaps,
  StatefulSet: RESOURCE.statefulsets,
  Deployment: RESOURCE.deployments,
  LeaderWorkerSet: RESOURCE.leaderworkersets,
  Pod: RESOURCE.pods,
  PersistentVolumeClaim: RESOURCE.persistentvolumeclaims,
};

/** Of workloads. */
export const KINDS: readonly string[] = [RESOURCE.statefulsets, RESOURCE.deployments, RESOURCE.leaderworkersets];

export const resourceOf = (kind: string): string => {
  const resource = OF_OBJECT[kind];
  if (resource === undefined) throw new Error(`the planner writes no ${kind}`);
  return resource;
};

/** Of what the planner writes, it asks who else does. Of the rest it does not. */
const UNOWNED: ReadonlySet<string> = new Set(["pods", "nodes", "replicasets.apps", "controllerrevisions.apps"]);

export const WORLDS: readonly World[] = [
  SANDBOX_RACKS,
  { name: "sandbox-b", nodes: SANDBOX_RACKS.nodes.slice(0, 8), hasLeaderWorkerSets: true },
];

const OPTIONS = { tolerationSeconds: 30, historyLimit: 1, unowned: UNOWNED } as const;

/** Every history begins with the same machines and definitions, on a clock that begins at the same time. */
function settled(world: World): NonNullable<StoreOptions["restored"]> {
  const known = SETTLED.get(world);
  if (known !== undefined) return known;
  const store = createStore({ ...OPTIONS, clock: createSteppedClock(), seed: world.name, name: world.name });
  settleWorld(store, world, 6443);
  for (const crd of CRDS)
    store.create("customresourcedefinitions.apiextensions.k8s.io", crd as KubeObject, { fieldManager: MANAGER });
  const made = { state: store.state(), history: [] };
  SETTLED.set(world, made);
  return made;
}
const SETTLED = new Map<World, NonNullable<StoreOptions["restored"]>>();

type Written = { readonly object: KubeObject } | { readonly goneUid: string };

export class SimCluster {
  readonly name: string;
  readonly store: Store;
  readonly clock: SteppedClock;
  readonly random: () => number;
  readonly #controllers: Controllers;
  readonly #links = new Set<ClusterLink>();
  readonly #refused = new Set<string>();
  isConnected = true;
  /** Since when it is cut off. */
  lostAtMs = 0;
  /** Requests of the control planes, but for those that arrive when nobody waits for them any more. */
  writes = 0;

  constructor(options: {
    readonly clock: SteppedClock;
    readonly seed: string;
    readonly random: () => number;
    readonly world: World;
  }) {
    const { clock, seed, random, world } = options;
    this.clock = clock;
    this.name = world.name;
    this.random = random;
    this.store = createStore({
      ...OPTIONS,
      clock,
      seed,
      name: this.name,
      webhooks: webhooksOf(world),
      restored: settled(world),
    });
    this.#controllers = startControllers(this.#guarded(), {
      seed,
      timing: "fast",
      recordsEvents: false,
      publishesEndpoints: false,
      hasLeaderWorkerSets: true,
      onError: (controller, key, error) => {
        throw new Error(`sandbox controller ${controller} failed on ${key}`, { cause: error });
      },
    });
  }

  stop(): void {
    this.#controllers.stop();
    for (const link of this.#links) link.close();
  }

  /** A process connects: an empty cache, then a list, then a watch per kind. */
  connect(onChange: (change: ClusterChange) => void): ClusterLink {
    const link = new ClusterLink(this, onChange, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  }

  /** Cut off: no event arrives, no write gets through. Connected again: a list tells what happened meanwhile. */
  setConnected(isConnected: boolean): void {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.lostAtMs = this.clock.nowMs();
    for (const link of this.#links) link.connectionChanged();
  }

  /** The watches broke and what happened is gone: only a list helps (410 Expired), which takes a while itself. */
  loseEvents(lateMs: number): void {
    for (const link of this.#links) link.relist(lateMs);
  }

  /** A quota, an admission webhook: nothing of this kind is created while it stands. */
  refuse(kind: string, isRefused: boolean): void {
    if (isRefused) this.#refused.add(resourceOf(kind));
    else this.#refused.delete(resourceOf(kind));
  }

  /** The API as everybody in the cluster has it. */
  #guarded(): SimApi {
    const create = (resource: string, object: KubeObject, options?: WriteOptions) =>
      this.#admit(resource, object, options);
    return new Proxy<SimApi>(this.store, {
      get: (target, key) => {
        if (key === "create") return create;
        const member: unknown = Reflect.get(target, key, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }

  #admit(resource: string, object: KubeObject, options?: WriteOptions): KubeObject {
    if (this.#refused.has(resource)) throw new ApiError(403, "Forbidden", `exceeded quota of ${resource}`);
    return this.store.create(resource, object, options);
  }

  /** News of one kind is late by so much more for a while. */
  delay(kind: number, ms: number): void {
    const watched = WATCHED_KINDS[kind % WATCHED_KINDS.length] ?? "pods";
    for (const link of this.#links) link.delay(watched, ms);
  }

  /**
   * Carries out one action as the adapter's contract says.
   *
   * Errors: ApiError, as the API server answers.
   */
  write(action: Action): Written {
    return this.send(action)();
  }

  /**
   * The request of an action, which may arrive later. An update and a release are patches of what is read now, and carry
   * its resourceVersion, so that they meet nothing that has changed meanwhile.
   */
  send(action: Action): () => Written {
    const patch = action.kind === "update" || action.kind === "release" ? this.#patchFor(action) : undefined;
    return () => {
      if (!this.isConnected) throw new ApiError(503, "ServiceUnavailable", "no route to the cluster");
      switch (action.kind) {
        case "create":
          return { object: this.#create(action.object) };
        case "update":
        case "release": {
          const live = patch == null ? this.#alive(action.ref) : this.#patch(action.ref, patch);
          const isEnded =
            live.metadata.deletionTimestamp !== undefined && (live.metadata.finalizers ?? []).length === 0;
          return isEnded ? { goneUid: action.ref.uid } : { object: live };
        }
        case "scale":
          this.#alive(action.ref);
          return { object: this.#patch(action.ref, { spec: { replicas: action.replicas } }) };
        case "status":
          this.#alive(action.ref);
          return { object: this.#patch(action.ref, { status: action.status }, "status") };
        case "delete":
          return this.#delete(action.ref, action.propagation, action.isForced === true);
      }
    };
  }

  #patchFor(action: Extract<Action, { readonly kind: "update" | "release" }>) {
    if (!this.isConnected) return null;
    const live = this.#alive(action.ref);
    return action.kind === "update" ? planMergePatch(live, action.object) : planRelease(live);
  }

  #create(object: KubeObject): KubeObject {
    const resource = resourceOf(object.kind);
    const { namespace, name } = object.metadata;
    try {
      return this.#admit(resource, object, { fieldManager: MANAGER });
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

  #delete(ref: ObjectRef, propagation: Propagation, isForced: boolean) {
    const resource = resourceOf(ref.kind);
    try {
      this.store.delete(resource, ref.namespace, ref.name, {
        uid: ref.uid,
        propagation,
        ...(isForced ? { gracePeriodSeconds: 0 } : {}),
      });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
      return { goneUid: ref.uid };
    }
    const live = this.store.get(resource, ref.namespace, ref.name);
    return live === undefined || live.metadata.uid !== ref.uid ? { goneUid: ref.uid } : { object: live };
  }
}

const MAX_LAG_MS = 400;

/** What one process knows of the cluster, and how it hears of it. */
export class ClusterLink {
  readonly #cluster: SimCluster;
  readonly #cache: ClusterCache;
  readonly #onChange: (change: ClusterChange) => void;
  readonly #unsubscribe: () => void;
  readonly #onClose: () => void;
  /** Order is kept within a kind. */
  readonly #deliverAtMs = new Map<WatchedKind, number>();
  /** Events of an earlier watch are not delivered. */
  #watch = 0;

  constructor(cluster: SimCluster, onChange: (change: ClusterChange) => void, onClose: () => void) {
    this.#cluster = cluster;
    this.#onChange = onChange;
    this.#onClose = onClose;
    this.#cache = new ClusterCache({ nowMs: () => cluster.clock.nowMs(), onChange });
    this.relist(0);
    this.#unsubscribe = cluster.store.subscribe((event) => this.#watched(event));
  }

  close(): void {
    this.#watch += 1;
    this.#unsubscribe();
    this.#onClose();
  }

  connectionChanged(): void {
    this.relist(0);
    // Its health changed: that is news by itself.
    this.#onChange({ kind: "health", health: this.#cluster.isConnected ? "live" : "unreachable" });
  }

  delay(kind: WatchedKind, ms: number): void {
    // A list that is on its way comes before what happened after it was made.
    const atMs = Math.max(this.#deliverAtMs.get(kind) ?? 0, this.#cluster.clock.nowMs() + ms);
    this.#deliverAtMs.set(kind, atMs);
  }

  /** A list of each kind, as of now, that arrives up to so much later. What happens after it was made comes after it. */
  relist(lateMs: number): void {
    this.#watch += 1;
    this.#deliverAtMs.clear();
    if (!this.#cluster.isConnected) return;
    const { clock, random, store } = this.#cluster;
    const watch = this.#watch;
    for (const kind of WATCHED_KINDS) {
      const cache = this.#cache.store(kind);
      const objects = store.list(RESOURCE[kind]).filter((object) => isWatched(kind, object));
      const stamp = cache.beginList();
      if (lateMs === 0) {
        cache.replaceAll(objects, stamp);
        continue;
      }
      const afterMs = Math.floor(random() * lateMs);
      this.#deliverAtMs.set(kind, clock.nowMs() + afterMs);
      clock.after(afterMs, () => {
        if (watch === this.#watch) cache.replaceAll(objects, stamp);
      });
    }
  }

  observe(): ObservedCluster {
    const observed = this.#cache.observe(this.#cluster.name, true, {
      health: this.#cluster.isConnected ? "live" : "unreachable",
      hasLeaderWorkerSets: true,
    });
    return { ...observed, labels: { fleet: "simulated" } };
  }

  /** Sends one action. Its answer enters the cache at once, as the adapter does it; one that timed out has none. */
  perform(action: Action): void {
    this.#cluster.writes += 1;
    const { kind, namespace, name } =
      action.kind === "create"
        ? {
            kind: action.object.kind,
            namespace: action.object.metadata.namespace ?? "",
            name: action.object.metadata.name,
          }
        : action.ref;
    const watched = KIND_OF.get(resourceOf(kind));
    if (watched === undefined) {
      this.#cluster.write(action);
      return;
    }
    const cache = this.#cache.store(watched);
    cache.beginWrite(namespace, name);
    let answer: Parameters<typeof cache.endWrite>[2] = null;
    try {
      answer = this.#cluster.write(action);
    } finally {
      cache.endWrite(namespace, name, answer);
    }
  }

  #watched({ resource, type, object, previous }: Parameters<Parameters<Store["subscribe"]>[0]>[0]): void {
    const kind = KIND_OF.get(resource);
    if (kind === undefined || !this.#cluster.isConnected) return;
    const wasWatched = previous !== undefined && isWatched(kind, previous);
    if (!wasWatched && (type === "DELETED" || !isWatched(kind, object))) return;
    // As a watch tells it: what lost the label that is watched for is gone, what has it again is new.
    const told = type === "DELETED" || !isWatched(kind, object) ? "DELETED" : wasWatched ? "MODIFIED" : "ADDED";
    const { clock, random } = this.#cluster;
    const watch = this.#watch;
    const nowMs = clock.nowMs();
    const atMs = Math.max(this.#deliverAtMs.get(kind) ?? 0, nowMs + Math.floor(random() * MAX_LAG_MS));
    this.#deliverAtMs.set(kind, atMs);
    // A watch that resumes may tell the last thing again.
    const times = random() < 0.05 ? 2 : 1;
    clock.after(atMs - nowMs, () => {
      if (watch !== this.#watch) return;
      for (let i = 0; i < times; i++) this.#cache.store(kind).applyEvent(told, object);
    });
  }
}

const IDENTITY = [LABEL.set, LABEL.groupIndex, LABEL.role, LABEL.incarnation];
const ownerOf = (object: KubeObject) =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
const isWatched = (kind: WatchedKind, object: KubeObject): boolean =>
  watchSelector(kind) === undefined || object.metadata.labels?.[LABEL.set] !== undefined;
