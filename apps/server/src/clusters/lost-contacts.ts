import type { LostContact } from "@openpatio/core/plan";
import type { Database } from "@openpatio/db";
import type { Logger } from "../log.ts";
import type { Fleet } from "./fleet.ts";
import { loadClusters, storeLoss } from "./repo.ts";

const TICK_MS = 1_000;
/** How much of a loss a crash may forget: it makes a failover later, never earlier. */
const STORE_MS = 5_000;

type Loss = { lostMs: number; sinceMs: number; isCounting: boolean };

/**
 * For how long clusters have not answered, as far as that counts for a failover. It survives a restart, and contact
 * resets it. What counts is only time in which this server ran and another cluster of the same kind, real or simulated,
 * answered it: while none does, it may be our own network that is gone. A clock that jumps counts for no more than two looks.
 */
export class LostContacts {
  private readonly options: {
    readonly fleet: Fleet;
    readonly db: Database;
    readonly nowMs: () => number;
    /** Of several servers on one database, one writes. */
    readonly mayWrite: () => boolean;
    readonly log: Logger;
  };
  private readonly losses = new Map<string, Loss>();
  private readonly storedMs = new Map<string, number>();
  private lastLookMs: number;
  private readonly stops: (() => void)[] = [];

  constructor(options: LostContacts["options"]) {
    this.options = options;
    this.lastLookMs = options.nowMs();
  }

  async start(): Promise<void> {
    const { fleet, db } = this.options;
    for (const { name, lostMs } of await loadClusters(db)) if (lostMs !== null) this.storedMs.set(name, lostMs);
    const timer = setInterval(() => this.look(), TICK_MS).unref();
    this.stops.push(
      () => clearInterval(timer),
      fleet.subscribe({ onChange: (_, { kind }) => (kind === "health" ? this.look() : undefined) }),
    );
    this.look();
  }

  stop(): void {
    for (const stop of this.stops) stop();
  }

  known(): ReadonlyMap<string, LostContact> {
    return this.losses;
  }

  private look(): void {
    const nowMs = this.options.nowMs();
    const elapsedMs = Math.min(Math.max(0, nowMs - this.lastLookMs), 2 * TICK_MS);
    this.lastLookMs = nowMs;
    const members = this.options.fleet
      .all()
      .map(({ name, port, isSimulated }) => ({ name, isSimulated, health: port.info().health }));
    const live = members.filter(({ health }) => health === "live");
    for (const { name, isSimulated, health } of members) {
      // The sandbox answers on this machine, whatever became of the network.
      const isCounting = live.some((other) => other.isSimulated === isSimulated);
      if (health === "live") this.found(name);
      else if (health === "unreachable") this.missed(name, { nowMs, elapsedMs, isCounting });
    }
    for (const name of this.losses.keys())
      if (!members.some((member) => member.name === name)) this.losses.delete(name);
  }

  private found(name: string): void {
    this.losses.delete(name);
    if (!this.storedMs.has(name)) return;
    // Also where another server is the one that writes: its contact is ours.
    this.storedMs.set(name, 0);
    this.store(name, null);
  }

  private missed(name: string, at: { nowMs: number; elapsedMs: number; isCounting: boolean }): void {
    const { nowMs, elapsedMs, isCounting } = at;
    const loss = this.losses.get(name);
    const lostMs = loss === undefined ? (this.storedMs.get(name) ?? 0) : loss.lostMs + (isCounting ? elapsedMs : 0);
    // Told as a moment that stays the same while time counts: a countdown must not tremble.
    const isSteady = loss?.isCounting === true && isCounting && Math.abs(nowMs - lostMs - loss.sinceMs) < TICK_MS;
    const sinceMs = isSteady ? loss.sinceMs : nowMs - lostMs;
    this.losses.set(name, { lostMs, sinceMs, isCounting });
    if (Math.abs(lostMs - (this.storedMs.get(name) ?? -STORE_MS)) >= STORE_MS) this.store(name, Math.round(lostMs));
  }

  private store(name: string, lostMs: number | null): void {
    const { db, log, mayWrite } = this.options;
    if (!mayWrite()) return;
    if (lostMs === null) this.storedMs.delete(name);
    else this.storedMs.set(name, lostMs);
    storeLoss(db, name, lostMs).catch((error: unknown) => log.warn({ err: error, cluster: name }, "loss not stored"));
  }
}
