/**
 * Keys that are due. A key waits once, at the earliest time it was asked for; while it runs, what is asked for it is
 * remembered and waits for the end of the run. So a burst of a thousand events of one set is one or two runs.
 */
export class KeyedQueue {
  private readonly run: (key: string) => Promise<void>;
  private readonly nowMs: () => number;
  private readonly dueMs = new Map<string, number>();
  private readonly running = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private idle: (() => void)[] = [];

  constructor(run: (key: string) => Promise<void>, nowMs: () => number) {
    this.run = run;
    this.nowMs = nowMs;
  }

  get depth(): number {
    return this.dueMs.size;
  }

  add(key: string, delayMs = 0): void {
    if (this.isStopped) return;
    const dueMs = this.nowMs() + delayMs;
    if ((this.dueMs.get(key) ?? Number.POSITIVE_INFINITY) <= dueMs) return;
    this.dueMs.set(key, dueMs);
    this.arm();
  }

  forget(key: string): void {
    this.dueMs.delete(key);
  }

  /** Starts nothing more and waits for what runs. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.dueMs.clear();
    if (this.timer !== null) clearTimeout(this.timer);
    while (this.running.size > 0) {
      await new Promise<void>((resolve) => {
        this.idle.push(resolve);
      });
    }
  }

  private arm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const [key, dueMs] of this.dueMs) if (!this.running.has(key)) earliestMs = Math.min(earliestMs, dueMs);
    if (this.isStopped || earliestMs === Number.POSITIVE_INFINITY) return;
    // Timers hold at most 2^31-1 ms; a later look finds that it is not due yet.
    const delayMs = Math.min(Math.max(0, earliestMs - this.nowMs()), 3_600_000);
    this.timer = setTimeout(() => this.startDue(), delayMs);
  }

  private startDue(): void {
    this.timer = null;
    const nowMs = this.nowMs();
    for (const [key, dueMs] of this.dueMs) {
      if (dueMs > nowMs || this.running.has(key)) continue;
      this.dueMs.delete(key);
      this.running.add(key);
      void this.run(key).finally(() => {
        this.running.delete(key);
        for (const resolve of this.idle.splice(0)) resolve();
        this.arm();
      });
    }
    this.arm();
  }
}
