import type { KubeObject } from "@openpatio/core/model";
import { ApiError, isExpired } from "./api-error.ts";
import type { ApiConnection, ApiQuery } from "./connection.ts";
import { sleep } from "./sleep.ts";

/**
 * Keeps one list+watch going for ever. client-node's informer ends for good on any error but 410, so everything that
 * follows an error is decided here:
 *
 * 1. list in pages, hand all of it over at once, remember its resourceVersion;
 * 2. watch from there, remembering the version of every event and bookmark;
 * 3. the server ends a watch now and then: go on at once from the remembered version;
 * 4. the connection breaks, hangs or answers 5xx: go on from the remembered version after a backoff with jitter;
 *    after a long loss list anew, since only a list tells when the cache has caught up;
 * 5. 410: the version is too old, list anew. The receiver compares with what it had, so deletions in the gap show.
 */

export type WatchReceiver = {
  /** Called before the first page of a list is asked for; what it returns comes back with the complete list. */
  readonly onListBegin: () => number;
  readonly onList: (objects: readonly KubeObject[], beganAt: number) => void;
  readonly onEvent: (type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject) => void;
  /** The state changed in a way that health may depend on. */
  readonly onState: () => void;
};

export type WatchState = {
  /** A complete list has arrived at least once. */
  readonly hasSynced: boolean;
  /** Since when neither a watch is open nor was the last one ended by the server as usual; null while all is well. */
  readonly brokenSinceMs: number | null;
  readonly lastContactMs: number | null;
  readonly error: ApiError | null;
};

export type WatchTiming = {
  /** Asked of the server, plus up to a quarter: it then ends the watch by itself. */
  readonly watchSeconds: number;
  /** API servers send a bookmark every minute or so; a watch that is silent for longer is dead. */
  readonly silenceMs: number;
  /** First wait after an error; doubles. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** After a loss of this length: list instead of resuming. */
  readonly relistAfterMs: number;
};

export const DEFAULT_WATCH_TIMING: WatchTiming = {
  watchSeconds: 240,
  silenceMs: 100_000,
  backoffMs: 250,
  maxBackoffMs: 15_000,
  relistAfterMs: 30_000,
};

const PAGE_SIZE = 500;
/** A list of a large cluster takes the server a while. */
const LIST_TIMEOUT_MS = 60_000;

type WatchEvent = { readonly type: string; readonly object: KubeObject };

export class WatchSupervisor {
  readonly #connection: ApiConnection;
  readonly #path: string;
  readonly #labelSelector: string | undefined;
  readonly #receiver: WatchReceiver;
  readonly #timing: WatchTiming;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #isStopped = false;
  #running: Promise<void> | null = null;
  /** Aborts the open watch or the present wait, not the loop. */
  #turn = new AbortController();
  #resourceVersion: string | null = null;
  #hasSynced = false;
  #brokenSinceMs: number | null = null;
  #lastContactMs: number | null = null;
  #error: ApiError | null = null;
  #attempt = 0;
  #isWaiting = false;

  constructor(options: {
    readonly connection: ApiConnection;
    readonly path: string;
    readonly labelSelector: string | undefined;
    readonly receiver: WatchReceiver;
    readonly timing: WatchTiming;
    readonly nowMs: () => number;
    readonly random: () => number;
  }) {
    this.#connection = options.connection;
    this.#path = options.path;
    this.#labelSelector = options.labelSelector;
    this.#receiver = options.receiver;
    this.#timing = options.timing;
    this.#nowMs = options.nowMs;
    this.#random = options.random;
  }

  get state(): WatchState {
    return {
      hasSynced: this.#hasSynced,
      brokenSinceMs: this.#brokenSinceMs,
      lastContactMs: this.#lastContactMs,
      error: this.#error,
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#turn.abort();
    await this.#running;
  }

  /** The server is known to answer: a wait ends at once. */
  retryNow(): void {
    if (this.#isWaiting) this.#turn.abort();
  }

  /** The server did not answer for a while: an open watch may hang on a dead connection and can't be trusted. */
  reconnect(): void {
    const nowMs = this.#nowMs();
    this.#brokenSinceMs ??= nowMs;
    if (nowMs - (this.#lastContactMs ?? nowMs) > this.#timing.relistAfterMs) this.#resourceVersion = null;
    this.#turn.abort();
  }

  async #run(): Promise<void> {
    this.#brokenSinceMs = this.#nowMs();
    while (!this.#isStopped) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      try {
        if (this.#resourceVersion === null) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (this.#isStopped) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const beganAt = this.#receiver.onListBegin();
    const objects: KubeObject[] = [];
    let next: string | undefined;
    let resourceVersion: string | undefined;
    do {
      const query: ApiQuery = { limit: PAGE_SIZE, continue: next, labelSelector: this.#labelSelector };
      const request = { method: "GET", path: this.#path, query, timeoutMs: LIST_TIMEOUT_MS, isUrgent: true } as const;
      const page = parseList(await this.#connection.request({ ...request, signal }));
      objects.push(...page.items);
      next = page.next;
      // Every page of one list carries the version of the first.
      resourceVersion = page.resourceVersion;
    } while (next !== undefined);
    this.#receiver.onList(objects, beganAt);
    this.#resourceVersion = resourceVersion;
    this.#heard();
    this.#hasSynced = true;
    this.#setHealthy();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const seconds = Math.round(this.#timing.watchSeconds * (1 + this.#random() / 4));
    const query: ApiQuery = {
      watch: true,
      resourceVersion: this.#resourceVersion ?? undefined,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      labelSelector: this.#labelSelector,
    };
    const openedMs = this.#nowMs();
    const lines = this.#connection.stream(this.#path, query, {
      signal,
      silenceMs: this.#timing.silenceMs,
      onOpen: () => {
        this.#heard();
        this.#setHealthy();
      },
    });
    let isUseful = false;
    try {
      for await (const line of lines) {
        if (line === "") continue;
        this.#heard();
        this.#receive(parseEvent(line));
        isUseful = true;
      }
    } finally {
      isUseful ||= this.#nowMs() - openedMs > 1000;
      if (isUseful) this.#attempt = 0;
    }
    // A server (or a proxy before it) that ends every watch at once would be asked in a tight loop.
    if (!isUseful && !signal.aborted) throw new ApiError(0, "ConnectionLost", "the watch ended at once");
  }

  #receive(event: WatchEvent): void {
    if (event.type === "ERROR") throw statusError(event.object);
    const version = event.object.metadata?.resourceVersion;
    if (version === undefined) throw new ApiError(0, "Malformed", "a watch event has no resourceVersion");
    if (event.type === "ADDED" || event.type === "MODIFIED" || event.type === "DELETED") {
      this.#receiver.onEvent(event.type, event.object);
    }
    this.#resourceVersion = version;
  }

  /** Waits as long as the error calls for. */
  async #recover(cause: unknown, signal: AbortSignal): Promise<void> {
    const nowMs = this.#nowMs();
    // A receiver that fails over one object must not end the watching of all others.
    const error =
      cause instanceof ApiError ? cause : new ApiError(0, "Internal", "an object could not be taken in", { cause });
    this.#error = error;
    this.#brokenSinceMs ??= nowMs;
    if (isExpired(error) || nowMs - (this.#lastContactMs ?? nowMs) > this.#timing.relistAfterMs) {
      this.#resourceVersion = null;
    }
    this.#attempt += 1;
    this.#receiver.onState();
    // The first answer to an expired version is to list at once.
    const isFirstExpired = isExpired(error) && this.#attempt === 1;
    const delayMs = isFirstExpired ? 0 : Math.max(this.#delayMs(), error.retryAfterMs ?? 0);
    this.#isWaiting = true;
    try {
      await sleep(delayMs, signal);
    } catch {
      // Woken: by a stop, or because the server is known to answer again.
    } finally {
      this.#isWaiting = false;
    }
  }

  #delayMs(): number {
    const fullMs = Math.min(this.#timing.maxBackoffMs, this.#timing.backoffMs * 2 ** (this.#attempt - 1));
    return fullMs * (0.5 + this.#random() / 2);
  }

  #heard(): void {
    this.#lastContactMs = this.#nowMs();
  }

  #setHealthy(): void {
    const wasBroken = this.#brokenSinceMs !== null;
    this.#brokenSinceMs = null;
    this.#error = null;
    if (wasBroken) this.#receiver.onState();
  }
}

type ListPage = {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
};

function parseList(body: unknown): ListPage {
  const list = body as { items?: unknown; metadata?: { resourceVersion?: unknown; continue?: unknown } } | null;
  const version = list?.metadata?.resourceVersion;
  if (typeof version !== "string") throw new ApiError(0, "Malformed", "the answer is not a list of Kubernetes objects");
  const next = list?.metadata?.continue;
  return {
    items: Array.isArray(list?.items) ? (list.items as readonly KubeObject[]) : [],
    resourceVersion: version,
    next: typeof next === "string" && next !== "" ? next : undefined,
  };
}

function parseEvent(line: string): WatchEvent {
  try {
    const event = JSON.parse(line) as Partial<WatchEvent> | null;
    if (typeof event?.type === "string" && typeof event.object === "object" && event.object !== null) {
      return { type: event.type, object: event.object };
    }
  } catch {
    // Falls through: a complete line that is no JSON is as wrong as JSON that is no event.
  }
  throw new ApiError(0, "Malformed", "a watch event could not be read");
}

function statusError(status: KubeObject): ApiError {
  const { code, reason, message } = status as { code?: unknown; reason?: unknown; message?: unknown };
  return new ApiError(
    typeof code === "number" ? code : 0,
    typeof reason === "string" ? reason : "Unknown",
    typeof message === "string" ? message : "the watch ended with an error",
  );
}
