import { canonicalJson, LABEL, type ObservedCluster, type SetState } from "@openpatio/core/model";
import { type Action, type Plan, type PlanInput, PlanMemory, plan, type StateChange } from "@openpatio/core/plan";
import type { ClusterChange } from "@openpatio/core/ports";
import type { SteppedClock } from "../src/sim/clock.ts";
import { ApiError } from "../src/sim/status.ts";
import { clone, isEqual } from "../src/sim/store-json.ts";
import type { Database, Row } from "./database.ts";
import type { ClusterLink, SimCluster } from "./sim-cluster.ts";

/**
 * The server's loop: plan, store, then act, one run per set at a time, in processes that can die between any two writes.
 * It plans only when something triggers it: a change it heard of, a timer, a failed call. Whoever waits without one
 * waits for ever, and the simulation shows it. Only a set that waits for room is looked at again every minute.
 */

/** Changes come in bursts; one plan sees them together. */
const SETTLE_MS = 20;
/** As the server's executor waits: a call that failed is not sent again before, whatever is planned. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
const RETRY_AFTER_MS = 10_000;
const RESYNC_MS = 60_000;
const RESTART_MS = 700;
/** A process that lost its lease hears of it at the latest after so long. */
const LEASE_MS = 5_000;
/** Storing and each call take up to so long. */
const CALL_MS = 30;
/** A call that timed out, or whose sender died, may arrive up to so much later. */
const LATE_MS = 12_000;
/** How many of the plans are planned twice. */
const REPLANNED = 0.2;
/** On how many of those nothing at all is the same object: what the planner keeps by identity is worked out again. */
const RECOPIED = 0.25;

type ControlPlaneOptions = {
  readonly clock: SteppedClock;
  readonly clusters: readonly SimCluster[];
  readonly database: Database;
  readonly random: () => number;
};

/**
 * What becomes of a call that fails. refused: an error (5xx, 409), and nothing was done. throttled: the same with
 * Retry-After. unheard: a timeout, and it was done. late: a timeout, and it is done when nobody waits for it any more.
 */
export const WAYS_TO_FAIL = ["refused", "throttled", "unheard", "late"] as const;

type Faults = {
  writesToLive: number | null;
  failingCalls: number;
  how: (typeof WAYS_TO_FAIL)[number];
  clockOffsetMs: number;
};

/** Whatever runs the server: starts it, starts it again when it dies, and starts a second one when asked to. */
export class ControlPlane {
  readonly faults: Faults = { writesToLive: null, failingCalls: 0, how: "refused", clockOffsetMs: 0 };
  readonly #options: ControlPlaneOptions;
  #process: Process | null = null;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#start();
  }

  nowMs(): number {
    return this.#options.clock.nowMs() + this.faults.clockOffsetMs;
  }

  /** A user's act on one set. */
  change(id: string, act: (state: SetState, nowMs: number) => StateChange | null): void {
    const row = this.#options.database.read(id);
    if (row === null) return;
    const changed = act(row.state, this.nowMs());
    if (changed === null) return;
    this.#options.database.change(id, changed);
    this.#process?.schedule(id, SETTLE_MS);
  }

  /** A set was added. */
  added(id: string): void {
    this.#process?.schedule(id, SETTLE_MS);
  }

  /** Another server takes the lease over while this one lives on and does not know it yet. */
  failOver(): void {
    const old = this.#process;
    this.#start();
    this.#options.clock.after(LEASE_MS, () => old?.stop());
  }

  stop(): void {
    this.#process?.stop();
  }

  #start(): void {
    this.faults.writesToLive = null;
    const started: Process = new Process(this.#options, this, () => {
      if (this.#process === started)
        this.#options.clock.after(RESTART_MS, () => {
          if (this.#process === started) this.#start();
        });
    });
    this.#process = started;
  }
}

type FailedCall = { readonly attempts: number; readonly retryAtMs: number };
type Due = { readonly atMs: number; readonly cancel: () => void };

class Process {
  readonly #options: ControlPlaneOptions;
  readonly #plane: ControlPlane;
  readonly #onDeath: () => void;
  readonly #links: ReadonlyMap<string, { readonly cluster: SimCluster; readonly link: ClusterLink }>;
  readonly #token: number;
  /** By set, and lost with the process. */
  readonly #memories = new Map<string, PlanMemory>();
  readonly #due = new Map<string, Due>();
  readonly #running = new Set<string>();
  /** By set: calls of its last run that failed. */
  readonly #failed = new Map<string, ReadonlyMap<string, FailedCall>>();
  #isAlive = true;

  constructor(options: ControlPlaneOptions, plane: ControlPlane, onDeath: () => void) {
    this.#options = options;
    this.#plane = plane;
    this.#onDeath = onDeath;
    options.database.reload();
    this.#token = options.database.takeLease();
    this.#links = new Map(
      options.clusters.map((cluster) => [
        cluster.name,
        { cluster, link: cluster.connect((change) => this.#heard(change)) },
      ]),
    );
    for (const id of options.database.ids()) this.schedule(id, SETTLE_MS);
  }

  stop(): void {
    this.#isAlive = false;
    for (const { link } of this.#links.values()) link.close();
  }

  /** One run of a set is due at a time: the earliest wish. */
  schedule(id: string, afterMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.nowMs() + afterMs;
    const due = this.#due.get(id);
    if (due !== undefined && due.atMs <= atMs) return;
    due?.cancel();
    const cancel = clock.after(afterMs, () => {
      this.#due.delete(id);
      if (!this.#isAlive) return;
      if (this.#running.has(id)) this.schedule(id, SETTLE_MS);
      else this.#run(id);
    });
    this.#due.set(id, { atMs, cancel });
  }

  /** Which sets a change is news for. */
  #heard(change: ClusterChange): void {
    if (!this.#isAlive) return;
    const { database } = this.#options;
    for (const id of database.ids()) {
      const state = database.read(id)?.state;
      if (state === undefined) continue;
      const isMeant = change.kind === "set" ? state.name === change.set : change.kind !== "capacity" || waits(state);
      if (isMeant) this.schedule(id, SETTLE_MS);
    }
  }

  #roomChanged(): void {
    const { database } = this.#options;
    for (const id of database.ids()) {
      const state = database.read(id)?.state;
      if (state !== undefined && waits(state)) this.schedule(id, SETTLE_MS);
    }
  }

  #run(id: string): void {
    const { database } = this.#options;
    const row = database.read(id);
    if (row === null) return;
    const versions = new Map([...this.#links.keys()].map((name) => [name, database.placementVersion(name)]));
    const planned = this.#plan(row);
    this.#running.add(id);
    this.#later(() => this.#store(row, planned, versions));
  }

  #store(row: Row, planned: Plan, versions: ReadonlyMap<string, number>): void {
    const { database } = this.#options;
    const { id } = row.state;
    const after: SetState = { ...row.state, ...planned.next };
    if (planned.isGone || isWorthStoring(row.state, planned)) {
      if (!this.#spendWrite()) return;
      const outcome = database.commit({
        before: row,
        after: planned.isGone ? null : after,
        timeline: planned.timeline,
        placedOn: new Map(planned.placedOn.map((name) => [name, versions.get(name) ?? 0])),
        token: this.#token,
      });
      if (outcome === "fenced") return this.stop();
      if (outcome === "conflict") {
        this.#running.delete(id);
        return this.schedule(id, 0);
      }
      if (planned.isGone || placed(row.state) !== placed(after)) this.#roomChanged();
    }
    if (!planned.isGone) this.#act(id, planned);
  }

  /** All at once, hence in any order. */
  #act(id: string, planned: Plan): void {
    let left = planned.actions.length;
    const failed = new Map<string, FailedCall>();
    const finish = (): void => {
      this.#failed.set(id, failed);
      this.#running.delete(id);
      const row = this.#options.database.read(id);
      // The server makes a run due again only when something was refused; changes come back through the watch.
      if (planned.requeue !== "on-change") this.schedule(id, planned.requeue.afterMs);
      if (row !== null && waits(row.state)) this.schedule(id, RESYNC_MS);
      for (const { retryAtMs } of failed.values()) this.schedule(id, retryAtMs - this.#options.clock.nowMs());
    };
    if (left === 0) return finish();
    for (const action of planned.actions)
      this.#later(() => {
        if (!this.#send(id, action, failed)) return;
        left -= 1;
        if (left === 0) finish();
      });
  }

  /** False: the process died of it. */
  #send(id: string, action: Action, failed: Map<string, FailedCall>): boolean {
    const { clock } = this.#options;
    const { faults } = this.#plane;
    const key = callOf(action);
    const before = this.#failed.get(id)?.get(key);
    const fail = (afterMs: number): void => {
      const attempts = (before?.attempts ?? 0) + 1;
      const backoffMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (attempts - 1));
      failed.set(key, { attempts, retryAtMs: clock.nowMs() + Math.max(backoffMs, afterMs) });
    };
    if (before !== undefined && before.retryAtMs > clock.nowMs()) {
      failed.set(key, before);
      return true;
    }
    if (faults.failingCalls > 0) {
      faults.failingCalls -= 1;
      // A timeout: the cluster did it, or does it a good while later, and nobody heard.
      if (faults.how === "unheard") this.#writeUnheard(action);
      if (faults.how === "late") this.#arriveLate(action);
      fail(faults.how === "throttled" ? RETRY_AFTER_MS : 0);
      return true;
    }
    if (!this.#spendWrite(action)) return false;
    try {
      this.#links.get(clusterOf(action))?.link.perform(action);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fail(0);
    }
    return true;
  }

  /** Counts a write towards the death of the process; false when it dies before it. */
  #spendWrite(action?: Action): boolean {
    const { faults } = this.#plane;
    if (faults.writesToLive === null) return true;
    faults.writesToLive -= 1;
    if (faults.writesToLive >= 0) return true;
    // The request may have been on its way when the process died.
    if (action !== undefined && this.#options.random() < 0.5) this.#arriveLate(action);
    this.stop();
    this.#onDeath();
    return false;
  }

  #arriveLate(action: Action): void {
    const { clock, random } = this.#options;
    const arrive = this.#request(action);
    clock.after(Math.floor(random() * LATE_MS), () => ignoreRefusal(arrive));
  }

  #writeUnheard(action: Action): void {
    ignoreRefusal(this.#request(action));
  }

  #request(action: Action): () => unknown {
    const send = (): (() => unknown) | undefined => this.#links.get(clusterOf(action))?.cluster.send(action);
    return ignoreRefusal(send) ?? (() => undefined);
  }

  #later(run: () => void): void {
    const { clock, random } = this.#options;
    clock.after(Math.floor(random() * CALL_MS), () => {
      if (this.#isAlive) run();
    });
  }

  /** Equal inputs give equal plans: now and then it is planned twice, the second time on copies in another order. */
  #plan({ state }: Row): Plan {
    const { database, random } = this.#options;
    const observed = [...this.#links].map(([name, { link }]) => [name, link.observe()] as const);
    const reservations = database.reservationsExcept(state.id);
    const nowMs = this.#plane.nowMs();
    const input: PlanInput = { set: state, clusters: new Map(observed), reservations, lost: this.#lost(nowMs) };
    const first = plan(input, nowMs, this.#memoryOf(state.id));
    if (random() >= REPLANNED) return first;
    const second = plan(
      {
        set: random() < RECOPIED ? clone(state) : { ...state, groups: clone(state.groups) },
        clusters: new Map([...observed].reverse().map(([name, one]) => [name, reversed(one)])),
        reservations: [...reservations].reverse(),
        lost: this.#lost(nowMs),
      },
      nowMs,
    );
    const differing = (Object.keys(first) as (keyof Plan)[]).filter(
      (part) => !isEqual(first[part], second[part]) && textOf(first[part]) !== textOf(second[part]),
    );
    if (differing.length > 0)
      throw new UnequalPlans(
        differing.map((part) => `${part}: ${difference(textOf(first[part]), textOf(second[part]))}`).join(),
      );
    return first;
  }

  #memoryOf(setId: string): PlanMemory {
    const memory = this.#memories.get(setId) ?? new PlanMemory();
    this.#memories.set(setId, memory);
    return memory;
  }

  /** For how long clusters have not answered, in time that passed: no jump of a clock counts. */
  #lost(nowMs: number): NonNullable<PlanInput["lost"]> {
    const { clock, clusters } = this.#options;
    const isCounting = clusters.some((cluster) => cluster.isConnected);
    return new Map(
      clusters
        .filter((cluster) => !cluster.isConnected)
        .map(({ name, lostAtMs }) => [name, { sinceMs: nowMs - (clock.nowMs() - lostAtMs), isCounting }]),
    );
  }
}

/** Nobody hears the answer. */
function ignoreRefusal<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return undefined;
  }
}

/** Invariant 10. */
export class UnequalPlans extends Error {
  constructor(what: string) {
    super(`invariant 10: equal inputs gave different plans: ${what.slice(0, 2000)}`);
  }
}

/** What is to be done stands in no particular order. */
const textOf = (part: Plan[keyof Plan]): string =>
  Array.isArray(part)
    ? part
        .map((one) => canonicalJson(one))
        .sort()
        .join()
    : canonicalJson(part);

/** Where two texts part. */
function difference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const from = Math.max(0, at - 80);
  return `…${a.slice(from, at + 120)}… and …${b.slice(at, at + 120)}…`;
}

function reversed(observed: ObservedCluster): ObservedCluster {
  return {
    ...observed,
    nodes: [...observed.nodes].reverse(),
    podsOnNode: (node) => [...observed.podsOnNode(node)].reverse(),
    set: (namespace, name) => {
      const { owners, configMaps, services, workloads, pods, claims } = observed.set(namespace, name);
      return {
        owners: [...owners].reverse(),
        configMaps: [...configMaps].reverse(),
        services: [...services].reverse(),
        workloads: [...workloads].reverse(),
        pods: [...pods].reverse(),
        claims: [...claims].reverse(),
      };
    },
  };
}

const clusterOf = (action: Action): string => (action.kind === "create" ? action.cluster : action.ref.cluster);

/** The same for the same call in the next plan, another one for another life of a name. */
function callOf(action: Action): string {
  if (action.kind !== "create") return `${action.kind} ${action.ref.kind} ${action.ref.name} ${action.ref.uid}`;
  const { kind, metadata } = action.object;
  return `create ${action.cluster} ${kind} ${metadata.name} ${metadata.labels?.[LABEL.incarnation] ?? ""}`;
}

const waits = (state: SetState): boolean =>
  state.groups.some((group) => group.stage === "unplaced") || state.groups.length < state.spec.replicas;

const placed = ({ groups }: SetState): string =>
  groups.map(({ index, placement }) => `${index}/${placement?.domain?.value ?? placement?.cluster ?? ""}`).join();

function isWorthStoring(state: SetState, { next, timeline, placedOn }: Plan): boolean {
  return (
    timeline.length > 0 ||
    placedOn.length > 0 ||
    next.rollout !== state.rollout ||
    next.revisions !== state.revisions ||
    next.conditions !== state.conditions ||
    next.groups !== state.groups
  );
}
