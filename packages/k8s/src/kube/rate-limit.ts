import { sleep } from "./sleep.ts";

/** Requests per second towards one cluster, with bursts; first come, first served. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  /** Negative: that many callers are waiting for their turn. */
  #tokens: number;
  #filledAtMs: number;
  #pausedUntilMs = 0;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly nowMs: () => number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#nowMs = options.nowMs;
    this.#tokens = options.burst;
    this.#filledAtMs = options.nowMs();
  }

  /** Resolves when the caller may send. Rejects when the signal aborts first. */
  async take(signal: AbortSignal): Promise<void> {
    const nowMs = this.#nowMs();
    const gained = (Math.max(0, nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained) - 1;
    this.#filledAtMs = nowMs;
    const forTurnMs = this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
    const waitMs = Math.max(forTurnMs, this.#pausedUntilMs - nowMs);
    if (waitMs > 0) await sleep(waitMs, signal);
  }

  /** The server asked to be left alone (Retry-After): that holds for every request to it, not only for one. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#nowMs() + forMs);
  }
}
