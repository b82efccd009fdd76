import { randomUUID } from "node:crypto";
import { acquireSessionLock, type Database, type SessionLock } from "@openpatio/db";
import type { Logger } from "../log.ts";

const LEASE = "reconcile";
const RETRY_MS = 1000;

export type Held = {
  /** Every state write checks it; a later holder has a greater one. */
  readonly token: bigint;
  /** False from the moment the lock is gone: no further action may be sent. */
  isHeld(): boolean;
};

/**
 * Who reconciles: of all server processes on one database the one that holds an advisory lock on a connection of its
 * own. When that process dies, Postgres frees the lock at once, so the next one goes on without waiting for a timeout.
 * The fencing token covers what a lock can't: a write that was on its way when the lock was lost.
 */
export class Lease {
  private readonly options: {
    readonly db: Database;
    readonly databaseUrl: string;
    readonly holder: string;
    readonly log: Logger;
    readonly onAcquired: (held: Held) => void;
    readonly onLost: () => void;
  };
  private lock: SessionLock | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(options: Lease["options"]) {
    this.options = options;
  }

  get isHeld(): boolean {
    return this.lock !== null;
  }

  /** Tries at once, then every second until it is stopped. */
  async start(): Promise<void> {
    if (this.isStopped || this.lock !== null) return;
    try {
      await this.acquire();
    } catch (error) {
      this.options.log.warn({ err: error }, "lease not acquired");
    }
    if (this.lock === null && !this.isStopped) this.timer = setTimeout(() => void this.start(), RETRY_MS);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const { lock } = this;
    this.lock = null;
    await lock?.release();
  }

  private async acquire(): Promise<void> {
    const { db, databaseUrl, holder, log } = this.options;
    const lock = await acquireSessionLock(databaseUrl, `openpatio/${LEASE}`);
    if (lock === null) return;
    let token: bigint | undefined;
    try {
      const rows = await db.$queryRaw<{ token: bigint }[]>`
        insert into leases (name, token, holder, acquired_at) values (${LEASE}, 1, ${`${holder}/${randomUUID()}`}, now())
        on conflict (name) do update set token = leases.token + 1, holder = excluded.holder, acquired_at = now()
        returning token`;
      token = rows[0]?.token;
    } finally {
      // A lock without a token would keep every process, this one too, from ever reconciling.
      if (token === undefined || this.isStopped) await lock.release();
    }
    if (token === undefined || this.isStopped) return;
    this.lock = lock;
    log.info({ token: String(token) }, "this process reconciles");
    this.options.onAcquired({ token, isHeld: () => this.lock === lock });
    lock.onLost(() => {
      if (this.lock !== lock) return;
      this.lock = null;
      log.warn("lost the lease: the database connection that held it is gone");
      this.options.onLost();
      if (!this.isStopped) this.timer = setTimeout(() => void this.start(), RETRY_MS);
    });
  }
}
