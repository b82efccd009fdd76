import { fields, records } from "@openpatio/core/model";
import { ApiError } from "./api-error.ts";
import type { ApiConnection } from "./connection.ts";
import type { WatchSupervisor } from "./watch-supervisor.ts";

/**
 * A kind that a cluster need not have, and may be given later: it is looked for now and then, and watched once it is
 * there.
 *
 * An API server that has just started may not tell of all its APIs yet. So what was there counts as gone only when the
 * server has not had it for a minute, and not because a list of APIs lacks it.
 */
export class OptionalKind {
  readonly #connection: ApiConnection;
  readonly #group: string;
  readonly #watch: WatchSupervisor;
  readonly #nowMs: () => number;
  readonly #onGone: () => void;
  #isServed: boolean | null = null;
  /** It was found missing: the rest of the cluster is not held up by its first list. */
  #wasMissing = false;
  #dueMs = 0;

  constructor(options: {
    readonly connection: ApiConnection;
    readonly group: string;
    readonly watch: WatchSupervisor;
    readonly nowMs: () => number;
    /** Nothing of the kind is left. */
    readonly onGone: () => void;
  }) {
    this.#connection = options.connection;
    this.#group = options.group;
    this.#watch = options.watch;
    this.#nowMs = options.nowMs;
    this.#onGone = options.onGone;
  }

  /** Whether the kind can be used, with a cache that is complete; null while that is not known. */
  get isThere(): boolean | null {
    if (this.#isServed !== true) return this.#isServed;
    const { hasSynced, error } = this.#watch.state;
    if (hasSynced) return true;
    // Without permission it is as if it were not there; the missing permission is told.
    return this.#wasMissing || error?.status === 403 ? false : null;
  }

  get isServed(): boolean {
    return this.#isServed === true;
  }

  /** One round, to be made every few seconds. Never rejects: without an answer nothing is known. */
  async look(): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs < this.#dueMs) return;
    const isServed = await this.#ask().catch(() => null);
    if (isServed === null) return;
    this.#dueMs = nowMs + LOOK_MS;
    if (isServed) {
      this.#isServed = true;
      this.#watch.start();
    } else if (this.#isServed === null || (this.#isServed && this.#isGone(nowMs))) {
      this.#isServed = false;
      this.#wasMissing = true;
      this.#onGone();
    }
  }

  #isGone(nowMs: number): boolean {
    const { error, brokenSinceMs } = this.#watch.state;
    return error?.status === 404 && brokenSinceMs !== null && nowMs - brokenSinceMs >= GONE_MS;
  }

  /** The list of all API groups, since asking for one that is not there would be an error. */
  async #ask(): Promise<boolean> {
    try {
      const list = fields(await this.#connection.request({ method: "GET", path: "/apis", isUrgent: true }));
      return records(list["groups"]).some((group) => group["name"] === this.#group);
    } catch (error) {
      // A server that hides what it has does not have it for us.
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return false;
      throw error;
    }
  }
}

const LOOK_MS = 15_000;
const GONE_MS = 60_000;
