import { isDeepStrictEqual } from "node:util";
import type { SetState } from "@openpatio/core/model";
import { type Action, type Plan, plan, type StateChange, type TimelineDraft } from "@openpatio/core/plan";
import type { SteppedClock } from "../src/sim/clock.ts";
import { ApiError } from "../src/sim/status.ts";
import type { SimCluster } from "./sim-cluster.ts";

/**
 * A control plane for one set: plan, store, then act, as the server does it, with a database of one row and a process
 * that can die between any two writes. It plans only when something triggers it: a change it heard of, a stored timer, a
 * failed call. Whoever waits without one waits for ever, and the simulation shows it.
 */

/** Changes come in bursts; one plan sees them together. */
const SETTLE_MS = 10;
const RETRY_MS = 500;
const RESTART_MS = 700;
/** How much later than its answer was given up a request may still reach the cluster; of a dead process, after its start. */
const LATE_CALL_MS = 3_000;
const LATE_AFTER_DEATH_MS = 10_000;

export type ControlPlaneOptions = {
  readonly clock: SteppedClock;
  readonly cluster: SimCluster;
  readonly random: () => number;
  readonly onCommit: (before: SetState, after: SetState) => void;
};

export class ControlPlane {
  readonly timeline: TimelineDraft[] = [];
  readonly #options: ControlPlaneOptions;
  /** What is durable: text, so that nothing of a dead process lives on in it. */
  #stored: string | null;
  #dueAtMs: number | null = null;
  #life = 0;
  #cancelRun: (() => void) | null = null;
  #runAtMs = Number.POSITIVE_INFINITY;
  /** Writes (to database or cluster) that still succeed before the process dies; null = it lives. */
  #writesToLive: number | null = null;
  #failingCalls = 0;
  /** Not durable: a process that starts does not know what its predecessor had sent. */
  #lateWritesUntilMs = 0;
  writes = 0;

  constructor(options: ControlPlaneOptions, created: StateChange) {
    this.#options = options;
    this.#stored = JSON.stringify(created.state);
    this.timeline.push(...created.timeline);
    this.#boot();
  }

  get state(): SetState | null {
    return this.#stored === null ? null : (JSON.parse(this.#stored) as SetState);
  }

  /** A user's act: acknowledged, hence durable, before it returns. */
  change(act: (state: SetState, nowMs: number) => StateChange | null): void {
    const { state } = this;
    if (state === null) return;
    const changed = act(state, this.#options.clock.nowMs());
    if (changed === null) return;
    this.#stored = JSON.stringify(changed.state);
    this.timeline.push(...changed.timeline);
    this.#schedule(SETTLE_MS);
  }

  /** The process dies after so many more writes, and is started again. */
  crashAfter(writes: number): void {
    this.#writesToLive = writes;
  }

  /** The next calls to the cluster fail: 500, 429, timeouts that did or did not arrive. */
  failCalls(count: number): void {
    this.#failingCalls = count;
  }

  #boot(): void {
    this.#life += 1;
    this.#writesToLive = null;
    const life = this.#life;
    this.#options.cluster.connect(() => {
      if (life === this.#life) this.#schedule(SETTLE_MS);
    });
    const nowMs = this.#options.clock.nowMs();
    if (life > 1) this.#lateWritesUntilMs = nowMs + LATE_AFTER_DEATH_MS;
    this.#runAtMs = Number.POSITIVE_INFINITY;
    this.#schedule(SETTLE_MS);
    if (this.#dueAtMs !== null) this.#schedule(Math.max(0, this.#dueAtMs - nowMs));
  }

  /** One run is due at a time: the earliest wish. */
  #schedule(afterMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.nowMs() + afterMs;
    if (atMs >= this.#runAtMs) return;
    this.#cancelRun?.();
    this.#runAtMs = atMs;
    const life = this.#life;
    this.#cancelRun = clock.after(afterMs, () => {
      if (life !== this.#life) return;
      this.#runAtMs = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  #run(): void {
    const { state } = this;
    if (state === null) return;
    try {
      this.#planAndAct(state);
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
      this.#life += 1;
      this.#options.clock.after(RESTART_MS, () => this.#boot());
    }
  }

  #planAndAct(state: SetState): void {
    const { clock, onCommit } = this.#options;
    const nowMs = clock.nowMs();
    const planned = this.#plan(state, nowMs);
    const after: SetState = { ...state, ...planned.next };
    this.#dueAtMs = planned.requeue === "on-change" ? null : nowMs + planned.requeue.afterMs;
    const text = JSON.stringify(after);
    if (planned.isGone || text !== this.#stored) {
      this.#spendWrite();
      onCommit(state, after);
      this.#stored = planned.isGone ? null : text;
      this.timeline.push(...planned.timeline);
    }
    for (const action of planned.actions) this.#act(action);
    // The server makes a run due again only when something was refused; changes come back through the watch.
    if (planned.requeue !== "on-change") this.#schedule(planned.requeue.afterMs);
  }

  /** Equal inputs give equal plans: planned twice, the second time on copies. */
  #plan(state: SetState, nowMs: number): Plan {
    const { cluster } = this.#options;
    const clusters = new Map([[cluster.name, cluster.observe()]]);
    const lateWritesUntilMs = this.#lateWritesUntilMs;
    const first = plan({ set: state, clusters, reservations: [], lateWritesUntilMs }, nowMs);
    const second = plan({ set: structuredClone(state), clusters, reservations: [], lateWritesUntilMs }, nowMs);
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(first)), JSON.parse(JSON.stringify(second)))) {
      throw new Error("equal inputs gave different plans");
    }
    return first;
  }

  #act(action: Action): void {
    const { clock, cluster, random } = this.#options;
    if (this.#failingCalls > 0) {
      this.#failingCalls -= 1;
      // A timeout: the cluster may have done it, now or a moment later, and nobody heard.
      if (random() < 0.5) clock.after(Math.floor(random() * LATE_CALL_MS), () => this.#perform(action));
      this.#lateWritesUntilMs = Math.max(this.#lateWritesUntilMs, clock.nowMs() + LATE_CALL_MS);
      this.#schedule(RETRY_MS);
      return;
    }
    this.#spendWrite(action);
    if (!this.#perform(action)) this.#schedule(RETRY_MS);
  }

  #perform(action: Action): boolean {
    try {
      this.#options.cluster.perform(action, this.#options.random() < 0.7);
      this.writes += 1;
      return true;
    } catch (error) {
      if (error instanceof ApiError) return false;
      throw error;
    }
  }

  #spendWrite(action?: Action): void {
    if (this.#writesToLive === null) return;
    if (this.#writesToLive > 0) {
      this.#writesToLive -= 1;
      return;
    }
    // The request may have been on its way when the process died, and arrive late.
    const { clock, random } = this.#options;
    if (action !== undefined && random() < 0.5)
      clock.after(Math.floor(random() * LATE_AFTER_DEATH_MS), () => this.#perform(action));
    throw new ProcessDied();
  }
}

class ProcessDied extends Error {}
