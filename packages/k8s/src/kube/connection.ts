import { setMaxListeners } from "node:events";
import { HttpMethod, IsomorphicFetchHttpLibrary, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import { DomainError } from "@openpatio/core/errors";
import type { KubeObject } from "@openpatio/core/model";
import type { WriteGuard } from "@openpatio/core/ports";
import { AbortScope } from "./abort-scope.ts";
import { ApiError, parseApiError, parseRetryAfterMs } from "./api-error.ts";
import { TokenBucket } from "./rate-limit.ts";

/**
 * HTTP to one API server: credentials and TLS from client-node, deadlines, one shared rate limit, Retry-After and
 * counters from here. The typed clients of the library are not used: they decode every object into classes, while
 * the cache trims plain JSON on arrival and the writes send plain JSON.
 */

export type ConnectionLimits = {
  /** Requests per second over a longer time, watches and probes aside. */
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** From sending a request to its complete answer, waits for a turn aside. */
  readonly requestTimeoutMs: number;
};

/** The reconciler has at most 8 writes under way, and an API server that is busy answers 429, which is heeded. */
export const DEFAULT_LIMITS: ConnectionLimits = { requestsPerSecond: 200, burst: 400, requestTimeoutMs: 10_000 };

/** A server that asks for more patience than this counts as not answering: the caller has a backoff of its own. */
const MAX_RETRY_AFTER_MS = 10_000;
const MAX_ATTEMPTS = 4;

export type ApiQuery = Readonly<Record<string, string | number | boolean | undefined>>;

export type ApiRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: ApiQuery;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The form of the answer; JSON of the whole object by default. */
  readonly accept?: string;
  readonly timeoutMs?: number;
  /** Sent at once, whatever the rate limit says, and never repeated: probes and lists that a watch waits for. */
  readonly isUrgent?: boolean;
  readonly signal?: AbortSignal;
  /** A 429 is an answer, not a request for patience: evictions that a disruption budget refuses. */
  readonly isTooManyFinal?: boolean;
  /** A question that the API wants as a POST; it does not count as a write. */
  readonly isRead?: boolean;
  /** Of the Lease that says whose the cluster is: written whoever it belongs to, and not counted among the writes. */
  readonly isLease?: boolean;
};

/** JSON of a successful answer: an object, whatever is in it. */
export type Answered = Readonly<Record<string, unknown>>;

export type ConnectionCounters = { readonly requests: number; readonly errors: number; readonly writes: number };

type Answer = Awaited<ReturnType<ReturnType<IsomorphicFetchHttpLibrary["send"]>["toPromise"]>>;
type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;
type Authentication = {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher | undefined;
};

export class ApiConnection {
  readonly server: string;
  readonly #kubeconfig: KubeConfig;
  readonly #limits: ConnectionLimits;
  readonly #guard: Pick<WriteGuard, "refusal"> | null;
  readonly #nowMs: () => number;
  readonly #bucket: TokenBucket;
  readonly #http = new IsomorphicFetchHttpLibrary();
  readonly #closed = new AbortController();
  #authentication: Promise<Authentication> | null = null;
  #lastContactMs: number | null = null;
  #requests = 0;
  #errors = 0;
  #writes = 0;

  constructor(options: {
    readonly kubeconfig: KubeConfig;
    readonly limits: ConnectionLimits;
    readonly nowMs: () => number;
    /** Every write passes here, and every try of it asks. */
    readonly guard?: Pick<WriteGuard, "refusal"> | null;
  }) {
    this.#guard = options.guard ?? null;
    // Every request that is under way listens to it.
    setMaxListeners(0, this.#closed.signal);
    this.#kubeconfig = options.kubeconfig;
    this.#limits = options.limits;
    this.#nowMs = options.nowMs;
    this.server = options.kubeconfig.getCurrentCluster()?.server ?? "";
    this.#bucket = new TokenBucket({
      perSecond: options.limits.requestsPerSecond,
      burst: options.limits.burst,
      nowMs: options.nowMs,
    });
  }

  get lastContactMs(): number | null {
    return this.#lastContactMs;
  }

  get counters(): ConnectionCounters {
    return { requests: this.#requests, errors: this.#errors, writes: this.#writes };
  }

  /**
   * The JSON of a 2xx answer.
   *
   * Guarantees: waits for its turn and for Retry-After (429, 503); a connection that breaks before an answer is tried
   * once more. So a request may reach the server twice: callers send only what is harmless then.
   * Errors: {@link ApiError}, status 0 when there was no answer in time.
   */
  async request(request: ApiRequest): Promise<Answered> {
    const scope = new AbortScope([this.#closed.signal, request.signal]);
    try {
      return await this.#untilAnswered(request, scope);
    } finally {
      scope.end();
    }
  }

  /**
   * Lines of an endless answer (watch, log), as they come.
   *
   * Errors: {@link ApiError}; the connection that is lost in the middle too. Ends quietly when the signal aborts.
   */
  async *stream(
    path: string,
    query: ApiQuery,
    options: {
      readonly signal: AbortSignal;
      /** Longest silence before the connection counts as dead; null waits for ever. */
      readonly silenceMs: number | null;
      /** Hand out a last line that has no newline. A log may end so; of a watch it is the torn half of an event. */
      readonly keepsLastPart?: boolean;
      readonly onOpen?: () => void;
    },
  ): AsyncGenerator<string, void, undefined> {
    const scope = new AbortScope([this.#closed.signal, options.signal]);
    try {
      scope.expireIn(this.#limits.requestTimeoutMs);
      const answer = await this.#send({ method: "GET", path, query }, scope.signal);
      if (answer.httpStatusCode !== 200) throw await this.#failure(answer);
      scope.expireIn(options.silenceMs);
      options.onOpen?.();
      yield* this.#lines(answer, options.keepsLastPart === true, () => scope.expireIn(options.silenceMs));
    } catch (error) {
      if (options.signal.aborted || this.#closed.signal.aborted) return;
      this.#errors += 1;
      throw scope.isExpired
        ? new ApiError(0, "Timeout", "the server went silent", { cause: error })
        : toApiError(error);
    } finally {
      scope.end();
    }
  }

  /** Ends every request and closes the connections. */
  async close(): Promise<void> {
    this.#closed.abort();
    const authentication = await this.#authentication?.catch(() => null);
    await authentication?.dispatcher?.destroy();
  }

  async #untilAnswered(request: ApiRequest, scope: AbortScope): Promise<Answered> {
    let hasReconnected = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (request.isUrgent !== true) await this.#bucket.take(scope.signal);
        return await this.#attempt(request, scope);
      } catch (error) {
        if (error instanceof DomainError) throw error;
        const failure = scope.signal.aborted ? givenUp(scope, this.#timeoutMs(request), error) : toApiError(error);
        if (failure.reason !== "Aborted") this.#errors += 1;
        if (request.isUrgent === true || attempt >= MAX_ATTEMPTS) throw failure;
        if (failure.reason === "ConnectionLost" && !hasReconnected) {
          hasReconnected = true;
          continue;
        }
        const patienceMs = request.isTooManyFinal === true ? null : retryDelayMs(failure);
        if (patienceMs === null) throw failure;
        this.#bucket.pause(patienceMs);
      }
    }
  }

  async #attempt(request: ApiRequest, scope: AbortScope): Promise<Answered> {
    const refusal = isGuarded(request) ? (this.#guard?.refusal() ?? null) : null;
    if (refusal !== null) throw new DomainError("cluster.foreign", refusal, { retry: "backoff" });
    scope.expireIn(this.#timeoutMs(request));
    try {
      const answer = await this.#send(request, scope.signal);
      if (answer.httpStatusCode < 200 || answer.httpStatusCode > 299) throw await this.#failure(answer);
      const text = await boundedText(answer, MAX_ANSWER_BYTES);
      this.#lastContactMs = this.#nowMs();
      return parseAnswer(text);
    } finally {
      // Waiting for a turn or for Retry-After is no silence of the server.
      scope.expireIn(null);
    }
  }

  #timeoutMs(request: ApiRequest): number {
    return request.timeoutMs ?? this.#limits.requestTimeoutMs;
  }

  async #send(request: ApiRequest, signal: AbortSignal): Promise<Answer> {
    const url = new URL(this.server + request.path);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const context = new RequestContext(url.toString(), HttpMethod[request.method]);
    const { headers, dispatcher } = await this.#authenticate();
    for (const [key, value] of Object.entries(headers)) context.setHeaderParam(key, value);
    if (dispatcher !== undefined) context.setDispatcher(dispatcher);
    context.setHeaderParam("Accept", request.accept ?? "application/json");
    context.setHeaderParam("User-Agent", "openpatio");
    if (request.body !== undefined) {
      context.setHeaderParam("Content-Type", request.contentType ?? "application/json");
      context.setBody(JSON.stringify(request.body));
    }
    context.setSignal(signal);
    this.#requests += 1;
    if (isWrite(request)) this.#writes += 1;
    const answer = await this.#http.send(context).toPromise();
    this.#lastContactMs = this.#nowMs();
    return answer;
  }

  /** client-node builds a new connection pool per call; one is made here and kept. */
  #authenticate(): Promise<Authentication> {
    this.#authentication ??= (async () => {
      const context = new RequestContext(this.server, HttpMethod.GET);
      await this.#kubeconfig.applySecurityAuthentication(context);
      // Silence is judged per stream, above: a log may be silent for hours, where undici gives up after five minutes.
      // fetch follows redirects; credentials and a foothold in this network are for the named server only.
      const { origin } = new URL(this.server);
      const pool = context.getDispatcher();
      const dispatcher = pool?.compose((dispatch) => (options, handler) => {
        if (String(options.origin) !== origin) throw new Error("the server redirects to another one");
        return dispatch({ ...options, bodyTimeout: 0 }, handler);
      });
      return { headers: context.getHeaders(), dispatcher };
    })();
    return this.#authentication;
  }

  async #failure(answer: Answer): Promise<ApiError> {
    const retryAfterMs = parseRetryAfterMs(answer.headers["retry-after"], this.#nowMs());
    const text = await boundedText(answer, MAX_ERROR_BYTES).catch(() => "");
    return parseApiError(answer.httpStatusCode, text, retryAfterMs);
  }

  async *#lines(answer: Answer, keepsLastPart: boolean, onChunk: () => void): AsyncGenerator<string, void, undefined> {
    const stream = answer.body.stream();
    if (stream === null) return;
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      onChunk();
      this.#lastContactMs = this.#nowMs();
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > MAX_LINE_CHARACTERS) throw new Error("the server sent a line without an end");
      yield* parts;
    }
    if (keepsLastPart && rest !== "") yield rest;
  }
}

const isWrite = ({ method, isRead, isLease }: ApiRequest): boolean =>
  method !== "GET" && isRead !== true && isLease !== true;

/** A dry run asks; nothing is stored. */
const isGuarded = (request: ApiRequest): boolean => isWrite(request) && request.query?.["dryRun"] !== "All";

/** The list of all pods of a large cluster; what is longer comes from no API server. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_ERROR_BYTES = 1024 * 1024;
/** A watch event is one object, and etcd refuses objects above 1.5 MiB; a log line is far shorter. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

/** A server that never stops sending must not take this one's memory. Errors: Error when the answer is longer. */
async function boundedText(answer: Answer, maxBytes: number): Promise<string> {
  const stream = answer.body.stream();
  if (stream === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`the server's answer is longer than ${maxBytes / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function givenUp(scope: AbortScope, timeoutMs: number, cause: unknown): ApiError {
  return scope.isExpired
    ? new ApiError(0, "Timeout", `no answer within ${timeoutMs / 1000} s`, { cause })
    : new ApiError(0, "Aborted", "the request was given up", { cause });
}

function retryDelayMs(error: ApiError): number | null {
  if (error.status !== 429 && error.status !== 503) return null;
  // A 429 without the header still means "later"; a 503 without it is a failure like any other.
  const afterMs = error.retryAfterMs ?? (error.status === 429 ? 1000 : null);
  return afterMs === null || afterMs > MAX_RETRY_AFTER_MS ? null : afterMs;
}

function parseAnswer(text: string): Answered {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Answered;
  } catch {
    // Falls through: cut off or no JSON at all.
  }
  throw new ApiError(0, "Malformed", "the answer was cut off or no JSON object");
}

/** The answer as an object of the API. Errors: {@link ApiError} `Malformed`. */
export function toKubeObject(answer: Answered): KubeObject {
  const metadata = answer["metadata"] as Partial<KubeObject["metadata"]> | null | undefined;
  if (typeof metadata?.name === "string") return answer as KubeObject;
  throw new ApiError(0, "Malformed", "the answer is not an object of the Kubernetes API");
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  UND_ERR_SOCKET: "the connection was closed before the answer",
  ENOTFOUND: "the server's name could not be resolved",
  EAI_AGAIN: "the server's name could not be resolved",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "there is no route to the server",
  ENETUNREACH: "there is no route to the server",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is not signed by the CA of the kubeconfig",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is not signed by the CA of the kubeconfig",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate is not signed by the CA of the kubeconfig",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the server's certificate is not signed by the CA of the kubeconfig",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host name",
};

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const code = errorCode(error);
  const isLost = code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE";
  const words = (code !== null && WORDS[code]) || `the connection failed${code === null ? "" : ` (${code})`}`;
  return new ApiError(0, isLost ? "ConnectionLost" : "Unreachable", words, { cause: error });
}

/** fetch wraps what happened, sometimes twice. */
function errorCode(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as Error & { readonly code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return null;
}
