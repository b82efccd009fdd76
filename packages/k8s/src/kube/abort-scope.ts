/**
 * A signal for one piece of work that aborts with any of its sources or when time is up.
 *
 * Not AbortSignal.any: on Node 20 a long-lived source keeps a record of every signal that was ever derived from it.
 */
export class AbortScope {
  readonly #controller = new AbortController();
  readonly #sources: readonly AbortSignal[];
  readonly #onAbort = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | null = null;
  #isExpired = false;

  constructor(sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined);
    for (const source of this.#sources) {
      if (source.aborted) this.#controller.abort();
      else source.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It was the time that was up, not a source that aborted. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** Replaces an earlier expiry; null takes it away. Keeps no process alive. */
  expireIn(ms: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (ms === null) return;
    this.#timer = setTimeout(() => {
      this.#isExpired = true;
      this.#controller.abort();
    }, ms);
    this.#timer.unref();
  }

  /** The work is done, or given up: whatever still hangs on the signal ends. */
  end(): void {
    this.expireIn(null);
    for (const source of this.#sources) source.removeEventListener("abort", this.#onAbort);
    this.#controller.abort();
  }
}
