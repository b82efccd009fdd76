import type { KubeConfig } from "@kubernetes/client-node";
import type { ClusterHealth, KubeObject, ObservedCluster } from "@openpatio/core/model";
import type { ObjectRef, Propagation } from "@openpatio/core/plan";
import type {
  CancelSignal,
  ClusterChange,
  ClusterEvent,
  ClusterInfo,
  ClusterPort,
  LogRequest,
  WriteGuard,
} from "@openpatio/core/ports";
import { CRDS } from "../crds/index.ts";
import { ApiError } from "./api-error.ts";
import { ChangeNotifier } from "./change-notifier.ts";
import { ClusterCache } from "./cluster-cache.ts";
import { ApiConnection, type ConnectionLimits, DEFAULT_LIMITS } from "./connection.ts";
import { HIDES_VERSION } from "./contact.ts";
import { type DefinitionsRefusal, installDefinitions } from "./definitions.ts";
import { FailedCreations } from "./failed-creations.ts";
import { NodeAndPodActions } from "./nodes-and-pods.ts";
import { OptionalKind } from "./optional-kind.ts";
import { OwnerLeases } from "./owner-leases.ts";
import { observeMissingPermissions } from "./permissions.ts";
import { ClusterReads } from "./reads.ts";
import {
  LEADER_WORKER_SET_GROUP,
  ROLE_BASED_GROUP_CRD,
  resourcePath,
  SET,
  WATCHED,
  WATCHED_KINDS,
  type WatchedKind,
  watchSelector,
} from "./resources.ts";
import { SetResources } from "./set-resources.ts";
import { sleep } from "./sleep.ts";
import { textOf } from "./trim.ts";
import { DEFAULT_WATCH_TIMING, WatchSupervisor, type WatchTiming } from "./watch-supervisor.ts";
import { ClusterWrites } from "./writes.ts";

export type KubeClusterOptions = {
  readonly name: string;
  /** As {@link parseKubeconfig} returns it. */
  readonly kubeconfig: KubeConfig;
  readonly isSimulated: boolean;
  /** Custom resource definitions to install where they are missing and that is permitted; by default those we need. */
  readonly definitions?: readonly KubeObject[];
  /** Whether the cluster is ours to write to; without one it is. */
  readonly guard?: WriteGuard;
  readonly clock?: { nowMs(): number };
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
  readonly limits?: Partial<ConnectionLimits>;
  readonly watchTiming?: Partial<WatchTiming>;
  readonly probeTiming?: Partial<ProbeTiming>;
};

export type ProbeTiming = {
  readonly everyMs: number;
  /** After a probe that failed. */
  readonly retryMs: number;
  readonly timeoutMs: number;
  /** A watch that is restarted within this does not make the view stale: no view is newer than the network. */
  readonly graceMs: number;
};

const DEFAULT_PROBE_TIMING: ProbeTiming = { everyMs: 3000, retryMs: 1000, timeoutMs: 3000, graceMs: 2000 };

/** One lost answer may be an accident; two in a row are not. */
const UNREACHABLE_AFTER_PROBES = 2;
const RECHECK_MS = 60_000;

/**
 * One real API server (or the sandbox, which speaks the same protocol), watched as a whole.
 *
 * connection ── watch supervisors (one per kind) ──► cache ──► observe(), onChange()
 *      └─────── writes, whose answers go to the cache as well
 *
 * `live` means: every kind has been listed, every watch is open (or is being reopened after a regular end), and the
 * last probe was answered. A probe every few seconds finds the server that hangs without closing anything.
 */
export class KubeCluster implements ClusterPort {
  readonly name: string;
  readonly isSimulated: boolean;
  readonly #clock: { nowMs(): number };
  readonly #definitions: readonly KubeObject[];
  readonly #probeTiming: ProbeTiming;
  readonly #connection: ApiConnection;
  readonly #cache: ClusterCache;
  readonly #notifier = new ChangeNotifier();
  /** Of what every cluster has; the optional kind has its own. */
  readonly #watches: ReadonlyMap<WatchedKind, WatchSupervisor>;
  readonly sets: SetResources;
  readonly leases: OwnerLeases;
  readonly #guard: WriteGuard | null;
  readonly #setsWatch: WatchSupervisor;
  readonly #leaderWorkerSetWatch: WatchSupervisor;
  readonly #leaderWorkerSets: OptionalKind;
  readonly #writes: ClusterWrites;
  readonly #reads: ClusterReads;
  readonly #actions: NodeAndPodActions;
  readonly #failedCreations: FailedCreations;
  readonly #stopped = new AbortController();
  #running: Promise<void> | null = null;
  #probeNow = new AbortController();
  #probesFailed = 0;
  #probeError: ApiError | null = null;
  #toldHealth: ClusterHealth = "connecting";
  #version: string | null = null;
  #latencyMs: number | null = null;
  #missingPermissions: readonly string[] = [];
  #permissionsDueMs = 0;
  #definitionsDueMs = 0;
  #definitionsRefusal: DefinitionsRefusal | null = null;
  #isCheckingSetup = false;
  #setupError: string | null = null;

  constructor(options: KubeClusterOptions) {
    this.name = options.name;
    this.isSimulated = options.isSimulated;
    this.#clock = options.clock ?? { nowMs: () => Date.now() };
    this.#definitions = options.definitions ?? CRDS;
    this.#probeTiming = { ...DEFAULT_PROBE_TIMING, ...options.probeTiming };
    const nowMs = (): number => this.#clock.nowMs();
    this.#connection = new ApiConnection({
      kubeconfig: options.kubeconfig,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      nowMs,
      guard: options.guard ?? null,
    });
    this.#guard = options.guard ?? null;
    this.#guard?.onOpen(() => this.#probeNow.abort());
    this.leases = new OwnerLeases(options.name, this.#connection);
    this.#cache = new ClusterCache({ nowMs, onChange: (change) => this.#notifier.add(change) });
    const parts = { cluster: options.name, connection: this.#connection, cache: this.#cache };
    this.#writes = new ClusterWrites(parts);
    this.#reads = new ClusterReads(parts);
    this.#actions = new NodeAndPodActions(parts);
    this.#failedCreations = new FailedCreations({ ...parts, nowMs });
    const timing = { ...DEFAULT_WATCH_TIMING, ...options.watchTiming };
    const random = options.random ?? Math.random;
    this.sets = new SetResources({
      cluster: options.name,
      connection: this.#connection,
      nowMs,
      onChange: (change) => this.#notifier.add(change),
    });
    // Beside the others: a cluster whose sets can't be watched is as live as ever.
    this.#setsWatch = new WatchSupervisor({
      timing,
      nowMs,
      random,
      connection: this.#connection,
      path: resourcePath(SET),
      labelSelector: undefined,
      receiver: this.sets.receiver,
    });
    this.#watches = new Map(
      WATCHED_KINDS.filter((kind) => kind !== "leaderworkersets").map(
        (kind) => [kind, this.#supervise(kind, { timing, nowMs, random })] as const,
      ),
    );
    const store = this.#cache.store("leaderworkersets");
    this.#leaderWorkerSetWatch = this.#supervise("leaderworkersets", { timing, nowMs, random });
    this.#leaderWorkerSets = new OptionalKind({
      connection: this.#connection,
      group: LEADER_WORKER_SET_GROUP,
      watch: this.#leaderWorkerSetWatch,
      nowMs,
      onGone: () => store.replaceAll([], store.beginList()),
    });
  }

  start(): void {
    if (this.#running !== null) return;
    for (const watch of this.#watches.values()) watch.start();
    this.#setsWatch.start();
    this.#running = this.#probeForEver();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#probeNow.abort();
    this.#notifier.stop();
    const watches = [...this.#watches.values(), this.#setsWatch, this.#leaderWorkerSetWatch];
    await Promise.all(watches.map((watch) => watch.stop()));
    await this.#connection.close();
    await this.#running;
  }

  observe(): ObservedCluster {
    const hasLeaderWorkerSets = this.#leaderWorkerSets.isThere === true;
    return this.#cache.observe(this.name, this.isSimulated, { health: this.#health(), hasLeaderWorkerSets });
  }

  info(): ClusterInfo {
    const health = this.#health();
    const { requests, errors, writes } = this.#connection.counters;
    return {
      health,
      version: this.#version,
      latencyMs: this.#latencyMs,
      lastContactMs: this.#connection.lastContactMs,
      message: health === "live" ? this.#definitionsMessage() : this.#message(),
      server: this.#connection.server,
      missingPermissions: this.#missingPermissions,
      apiRequests: requests,
      apiErrors: errors,
      apiWrites: writes,
    };
  }

  onChange(listener: (change: ClusterChange) => void): () => void {
    return this.#notifier.listen(listener);
  }

  create(object: KubeObject, options?: { readonly dryRun?: boolean }): Promise<void> {
    return this.#writes.create(object, options?.dryRun === true);
  }

  update(ref: ObjectRef, object: KubeObject): Promise<void> {
    return this.#writes.update(ref, object);
  }

  scale(ref: ObjectRef, replicas: number): Promise<void> {
    return this.#writes.scale(ref, replicas);
  }

  updateStatus(ref: ObjectRef, status: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#writes.updateStatus(ref, status);
  }

  release(ref: ObjectRef): Promise<void> {
    return this.#writes.release(ref);
  }

  delete(
    ref: ObjectRef,
    propagation: Propagation,
    options: { readonly force: boolean } = { force: false },
  ): Promise<void> {
    return this.#writes.delete(ref, propagation, options.force);
  }

  deletePod(namespace: string, pod: string, options: { readonly force: boolean }): Promise<void> {
    return this.#actions.deletePod(namespace, pod, options.force);
  }

  read(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | null> {
    return this.#reads.read(apiVersion, kind, namespace, name);
  }

  exists(apiVersion: string, kind: string, namespace: string, name: string): Promise<boolean> {
    return this.#reads.exists(apiVersion, kind, namespace, name);
  }

  events(namespace: string, involvedName: string): Promise<readonly ClusterEvent[]> {
    return this.#reads.events(namespace, involvedName);
  }

  logs(request: LogRequest, signal: CancelSignal): AsyncIterable<string> {
    return this.#reads.logs(request, signal);
  }

  annotatePod(namespace: string, pod: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    return this.#actions.annotatePod(namespace, pod, annotations);
  }

  cordonNode(node: string, isCordoned: boolean): Promise<void> {
    return this.#actions.cordonNode(node, isCordoned);
  }

  drainNode(node: string): Promise<number> {
    return this.#actions.drainNode(node);
  }

  #supervise(
    kind: WatchedKind,
    options: { readonly timing: WatchTiming; readonly nowMs: () => number; readonly random: () => number },
  ): WatchSupervisor {
    const store = this.#cache.store(kind);
    return new WatchSupervisor({
      ...options,
      connection: this.#connection,
      path: resourcePath(WATCHED[kind]),
      labelSelector: watchSelector(kind),
      receiver: {
        onListBegin: () => store.beginList(),
        onList: (objects, beganAt) => {
          store.replaceAll(objects, beganAt);
          if (kind === "rolebasedgroups") this.sets.straysReceiver.onList(objects, beganAt);
        },
        onEvent: (type, object) => {
          store.applyEvent(type, object);
          if (kind === "rolebasedgroups") this.sets.straysReceiver.onEvent(type, object);
        },
        onState: () => this.#watchStateChanged(kind),
      },
    });
  }

  #watchStateChanged(kind: WatchedKind): void {
    const { error } = this.#state(kind);
    this.#tellHealth();
    if (error === null) return;
    // When the connection broke, the probe decides what that means; the grace period ends without another event.
    if (error.status === 0) this.#probeNow.abort();
    if (error.status === 404 && kind === "rolebasedgroups") this.#definitionsDueMs = 0;
    setTimeout(() => this.#tellHealth(), this.#probeTiming.graceMs + 1).unref();
  }

  async #probeForEver(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#probeNow = new AbortController();
      await this.#probe();
      const waitMs = this.#probesFailed === 0 ? this.#probeTiming.everyMs : this.#probeTiming.retryMs;
      // A broken watch asks for a probe at once, but a burst of them only for one.
      await sleep(Math.min(waitMs, MIN_PROBE_GAP_MS), this.#stopped.signal).catch(() => {});
      await sleep(waitMs - MIN_PROBE_GAP_MS, this.#probeNow.signal).catch(() => {});
    }
  }

  async #probe(): Promise<void> {
    const beganMs = this.#clock.nowMs();
    const request = {
      method: "GET",
      path: "/version",
      timeoutMs: this.#probeTiming.timeoutMs,
      isUrgent: true,
    } as const;
    const answer = await this.#connection.request(request).catch((error: unknown) => error as ApiError);
    if (this.#stopped.signal.aborted) return;
    const isAnswered = !(answer instanceof ApiError) || HIDES_VERSION.includes(answer.status);
    if (isAnswered) {
      this.#latencyMs = this.#clock.nowMs() - beganMs;
      if (!(answer instanceof ApiError)) this.#version = textOf(answer["gitVersion"]) ?? this.#version;
      this.#probeSucceeded();
      // Not waited for: dozens of questions must not hold up the next probe.
      void this.#checkSetup();
      if (this.#health() === "live") void this.#failedCreations.look();
    } else {
      this.#probesFailed += 1;
      this.#probeError = answer;
    }
    this.#cache.sweep();
    this.sets.sweep();
    this.#tellHealth();
  }

  #probeSucceeded(): void {
    const wasUnreachable = this.#probesFailed >= UNREACHABLE_AFTER_PROBES;
    this.#probesFailed = 0;
    this.#probeError = null;
    const optional = this.#leaderWorkerSets.isServed ? [this.#leaderWorkerSetWatch] : [];
    for (const watch of [...this.#watches.values(), this.#setsWatch, ...optional]) {
      if (wasUnreachable) watch.reconnect();
      else watch.retryNow();
    }
  }

  /** What is asked once after contact, and again while something is missing. Its failures are not the probe's. */
  async #checkSetup(): Promise<void> {
    if (this.#isCheckingSetup) return;
    this.#isCheckingSetup = true;
    const nowMs = this.#clock.nowMs();
    try {
      const before = this.#leaderWorkerSets.isServed;
      await this.#leaderWorkerSets.look();
      if (this.#leaderWorkerSets.isServed !== before) this.#permissionsDueMs = 0;
      this.#tellHealth();
      if (nowMs >= this.#definitionsDueMs && (this.#guard?.refusal() ?? null) === null) {
        this.#definitionsRefusal = await installDefinitions(this.#connection, this.#definitions);
        this.#definitionsDueMs = this.#definitionsRefusal === null ? Number.POSITIVE_INFINITY : nowMs + RECHECK_MS;
        this.#watches.get("rolebasedgroups")?.retryNow();
      }
      if (nowMs >= this.#permissionsDueMs) {
        this.#missingPermissions = await observeMissingPermissions(this.#connection, this.#leaderWorkerSets.isServed);
        this.#permissionsDueMs = this.#missingPermissions.length === 0 ? Number.POSITIVE_INFINITY : nowMs + RECHECK_MS;
      }
      this.#setupError = null;
    } catch (error) {
      this.#setupError = error instanceof Error ? error.message : null;
    } finally {
      this.#isCheckingSetup = false;
    }
  }

  #health(): ClusterHealth {
    if (this.#probesFailed >= UNREACHABLE_AFTER_PROBES) return "unreachable";
    const states = this.#usedWatches().map(([, watch]) => watch.state);
    const isKnown = this.#leaderWorkerSets.isThere !== null;
    if (!isKnown || !states.every((state) => state.hasSynced)) return "connecting";
    const brokenBeforeMs = this.#clock.nowMs() - this.#probeTiming.graceMs;
    const isCurrent = states.every((state) => state.brokenSinceMs === null || state.brokenSinceMs > brokenBeforeMs);
    return isCurrent && this.#probesFailed === 0 ? "live" : "stale";
  }

  #usedWatches(): readonly (readonly [WatchedKind, WatchSupervisor])[] {
    const optional = ["leaderworkersets", this.#leaderWorkerSetWatch] as const;
    return this.#leaderWorkerSets.isThere === true ? [...this.#watches, optional] : [...this.#watches];
  }

  #tellHealth(): void {
    const health = this.#health();
    if (health === this.#toldHealth || this.#stopped.signal.aborted) return;
    this.#toldHealth = health;
    this.#notifier.add({ kind: "health", health });
  }

  /** A cluster that works and lacks a definition, or has an outdated one, says so. */
  #definitionsMessage(): string | null {
    return this.#definitionsRefusal?.isCertain === true ? this.#definitionsRefusal.message : null;
  }

  /** Server messages and our own words only: neither knows a credential. */
  #message(): string {
    if (this.#probeError?.status === 401) return REFUSED_CREDENTIALS;
    if (this.#probeError !== null) return `The API server does not answer: ${this.#probeError.message}.`;
    for (const [kind, watch] of this.#usedWatches()) {
      const { error } = watch.state;
      if (error === null) continue;
      if (error.status === 404 && kind === "rolebasedgroups") {
        const why = this.#setupError === null ? "" : ` Installing it failed: ${this.#setupError}.`;
        const refused = this.#definitionsRefusal?.message;
        return refused ?? `The definition ${ROLE_BASED_GROUP_CRD} is missing in the cluster.${why}`;
      }
      if (error.status === 401) return REFUSED_CREDENTIALS;
      if (error.status === 403) return `These credentials may not watch ${kind}: ${error.message}.`;
      return `Watching ${kind} fails: ${error.message}.`;
    }
    const missing = [...this.#watches].filter(([, watch]) => !watch.state.hasSynced).map(([kind]) => kind);
    return missing.length > 0 ? `Reading ${missing.join(", ")}.` : "Reconnecting.";
  }

  #state(kind: WatchedKind): { readonly error: ApiError | null } {
    const watch = kind === "leaderworkersets" ? this.#leaderWorkerSetWatch : this.#watches.get(kind);
    return watch?.state ?? { error: null };
  }
}

const MIN_PROBE_GAP_MS = 250;
const REFUSED_CREDENTIALS = "The API server does not accept the credentials. Register the cluster anew.";
