import { isDeepStrictEqual } from "node:util";
import { canonicalJson, type ObservedCluster, type SetState } from "@openpatio/core/model";
import { type Action, type Plan, type PlanInput, plan, type StateChange } from "@openpatio/core/plan";
import type { ClusterChange } from "@openpatio/core/ports";
import type { SteppedClock } from "../src/sim/clock.ts";
import { ApiError } from "../src/sim/status.ts";
import type { Database, Row } from "./database.ts";
import type { ClusterLink, SimCluster } from "./sim-cluster.ts";

/**
 * The server's loop: plan, store, then act, one run per set at a time, in processes that can die between any two writes.
 * It plans only when something triggers it: a change it heard of, a timer, a failed call. Whoever waits without one
 * waits for ever, and the simulation shows it. Only a set that waits for room is looked at again every minute.
 */

/** Changes come in bursts; one plan sees them together. */
const SETTLE_MS = 20;
const RETRY_MS = 500;
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
  readonly cluster: SimCluster;
  readonly database: Database;
  readonly random: () => number;
};

/** Whatever runs the server: starts it, starts it again when it dies, and starts a second one when asked to. */
export class ControlPlane {
  readonly faults = { writesToLive: null as number | null, failingCalls: 0, clockOffsetMs: 0 };
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

type Due = { readonly atMs: number; readonly cancel: () => void };

class Process {
  readonly #options: ControlPlaneOptions;
  readonly #plane: ControlPlane;
  readonly #onDeath: () => void;
  readonly #link: ClusterLink;
  readonly #token: number;
  readonly #due = new Map<string, Due>();
  readonly #running = new Set<string>();
  #isAlive = true;

  constructor(options: ControlPlaneOptions, plane: ControlPlane, onDeath: () => void) {
    this.#options = options;
    this.#plane = plane;
    this.#onDeath = onDeath;
    options.database.reload();
    this.#token = options.database.takeLease();
    this.#link = options.cluster.connect((change) => this.#heard(change));
    for (const id of options.database.ids()) this.schedule(id, SETTLE_MS);
  }

  stop(): void {
    this.#isAlive = false;
    this.#link.close();
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
    const { placementVersion } = database;
    const planned = this.#plan(row);
    this.#running.add(id);
    this.#later(() => this.#store(row, planned, placementVersion));
  }

  #store(row: Row, planned: Plan, placementVersion: number): void {
    const { database } = this.#options;
    const { id } = row.state;
    const after: SetState = { ...row.state, ...planned.next };
    if (planned.isGone || isWorthStoring(row.state, planned)) {
      if (!this.#spendWrite()) return;
      const outcome = database.commit({
        before: row,
        after: planned.isGone ? null : after,
        timeline: planned.timeline,
        placementVersion: planned.placedOn.length > 0 ? placementVersion : null,
        token: this.#token,
      });
      if (outcome === "fenced") return this.stop();
      if (outcome === "conflict") {
        this.#running.delete(id);
        return this.schedule(id, 0);
      }
      if (planned.isGone || placed(row.state) !== placed(after)) this.#roomChanged();
    }
    if (!planned.isGone) this.#act(id, planned, 0);
  }

  #act(id: string, planned: Plan, index: number): void {
    const action = planned.actions[index];
    if (action !== undefined) {
      if (this.#send(id, action)) this.#later(() => this.#act(id, planned, index + 1));
      return;
    }
    this.#running.delete(id);
    const row = this.#options.database.read(id);
    // The server makes a run due again only when something was refused; changes come back through the watch.
    if (planned.requeue !== "on-change") this.schedule(id, planned.requeue.afterMs);
    if (row !== null && waits(row.state)) this.schedule(id, RESYNC_MS);
  }

  /** False: the process died of it. */
  #send(id: string, action: Action): boolean {
    const { random } = this.#options;
    const { faults } = this.#plane;
    if (faults.failingCalls > 0) {
      faults.failingCalls -= 1;
      // A timeout: the cluster may have done it, now or a good while later, and nobody heard.
      if (random() < 0.5) this.#arriveLate(action);
      this.schedule(id, RETRY_MS);
      return true;
    }
    if (!this.#spendWrite(action)) return false;
    try {
      this.#link.perform(action);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.schedule(id, RETRY_MS);
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
    const { clock, cluster, random } = this.#options;
    clock.after(Math.floor(random() * LATE_MS), () => {
      try {
        cluster.write(action);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    });
  }

  #later(run: () => void): void {
    const { clock, random } = this.#options;
    clock.after(Math.floor(random() * CALL_MS), () => {
      if (this.#isAlive) run();
    });
  }

  /** Equal inputs give equal plans: now and then it is planned twice, the second time on copies in another order. */
  #plan({ state }: Row): Plan {
    const { cluster, database, random } = this.#options;
    const observed = this.#link.observe();
    const reservations = database.reservationsExcept(state.id);
    const input: PlanInput = { set: state, clusters: new Map([[cluster.name, observed]]), reservations };
    const nowMs = this.#plane.nowMs();
    const first = plan(input, nowMs);
    if (random() >= REPLANNED) return first;
    const second = plan(
      {
        set: random() < RECOPIED ? structuredClone(state) : { ...state, groups: structuredClone(state.groups) },
        clusters: new Map([[cluster.name, reversed(observed)]]),
        reservations: [...reservations].reverse(),
      },
      nowMs,
    );
    const differing = (Object.keys(first) as (keyof Plan)[]).filter(
      (part) => !isDeepStrictEqual(first[part], second[part]) && textOf(first[part]) !== textOf(second[part]),
    );
    if (differing.length > 0)
      throw new UnequalPlans(
        differing.map((part) => `${part}: ${difference(textOf(first[part]), textOf(second[part]))}`).join(),
      );
    return first;
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
    name: observed.name,
    isSimulated: observed.isSimulated,
    health: observed.health,
    nodes: [...observed.nodes].reverse(),
    podsOnNode: (node) => [...observed.podsOnNode(node)].reverse(),
    set: (namespace, name) => {
      const { owners, configMaps, services, workloads, pods } = observed.set(namespace, name);
      return {
        owners: [...owners].reverse(),
        configMaps: [...configMaps].reverse(),
        services: [...services].reverse(),
        workloads: [...workloads].reverse(),
        pods: [...pods].reverse(),
      };
    },
  };
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
