import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { CRDS_YAML } from "@openpatio/k8s";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import type { Registry } from "prom-client";
import { type WebSocket, WebSocketServer } from "ws";
import type { Logger } from "../log.ts";
import type { RequestContext, Services } from "../trpc/context.ts";
import { MAX_BODY_BYTES, TOO_LARGE } from "../trpc/init.ts";
import { appRouter } from "../trpc/root.ts";
import type { Web } from "../web.ts";

/**
 * One process, one port: the console, the procedures under /api/trpc/, the live connection at /api/live, the definitions
 * for kubectl (/crds.yaml), and what a supervisor asks (/healthz, /readyz, /metrics).
 *
 * There is no sign-in, so what protects the port is that it is bound to loopback, and that a page of another origin can
 * neither send a request that changes something nor open the live connection: Origin and Host are checked on both, and
 * a Host that is not this machine's is refused (a name that was rebound to 127.0.0.1).
 */

const API = "/api/trpc/";
const LIVE = "/api/live";
/** Calls in one request: as many as a page asks for at once, not as many as fit into a URL. */
const MAX_BATCH = 50;
/** Room for a query with a definition in its URL. */
const MAX_HEADER_BYTES = 256 * 1024;
const PING_MS = 15_000;
const PONG_TIMEOUT_MS = 10_000;
const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

export type HttpOptions = {
  readonly services: Services;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly web: Web | null;
  readonly isReady: () => Promise<boolean>;
};

export type HttpServer = {
  readonly server: Server;
  /** Ends streams, then connections. */
  close(): Promise<void>;
};

export function createHttpServer(options: HttpOptions): HttpServer {
  const { log, services, web } = options;
  const contextFor = (socket: WebSocket | null): RequestContext => {
    const requestId = randomUUID();
    return {
      services,
      actor: "operator",
      requestId,
      bufferedBytes: () => socket?.bufferedAmount ?? 0,
      log: (error, path) => log.error({ err: error, requestId, path }, "procedure failed"),
    };
  };

  const api = createHTTPHandler({
    router: appRouter,
    basePath: API,
    createContext: () => contextFor(null),
    // A definition does not fit into a URL, so queries that carry one may be sent by POST.
    allowMethodOverride: true,
    maxBodySize: MAX_BODY_BYTES,
    maxBatchSize: MAX_BATCH,
  });

  const sockets = new WebSocketServer({ noServer: true, maxPayload: 256 * 1024 });
  const streams = applyWSSHandler({
    wss: sockets,
    router: appRouter,
    createContext: ({ res }) => contextFor(res),
    keepAlive: { enabled: true, pingMs: PING_MS, pongWaitMs: PONG_TIMEOUT_MS },
  });

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    response.setHeader("x-content-type-options", "nosniff"); // JSON and logs must not be taken for a page
    const refusal = refusalOf(request);
    if (refusal !== null) {
      request.resume(); // a client that still sends reads its answer only when all is sent
      return answerError(response, refusal);
    }
    const pathname = pathOf(request);
    if (pathname.startsWith(API)) return api(request, response);
    if (pathname === "/crds.yaml") return answerText(response, 200, CRDS_YAML, "application/yaml; charset=utf-8");
    if (pathname === "/healthz") return answerText(response, 200, "ok");
    if (pathname === "/readyz") {
      return answerLater(
        response,
        options.isReady().then((isReady) => answerText(response, isReady ? 200 : 503, isReady ? "ready" : "not ready")),
      );
    }
    if (pathname === "/metrics") {
      return answerLater(
        response,
        options.metrics.metrics().then((text) => answerText(response, 200, text, options.metrics.contentType)),
      );
    }
    if (web === null || pathname.startsWith("/api/")) return answerText(response, 404, "not found");
    answerLater(response, web.handle(request, response));
  });
  /** A promise that fails unheard would leave the client waiting. */
  const answerLater = (response: ServerResponse, answered: Promise<void>): void => {
    answered.catch((error: unknown) => {
      log.error({ err: error }, "request failed");
      if (response.headersSent) response.destroy();
      else answerText(response, 500, "something went wrong; the server's log has the details");
    });
  };
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener, a client that resets its connection here would end the process.
    socket.on("error", () => socket.destroy());
    if (refusalOf(request) !== null || !isSameOrigin(request)) return refuseUpgrade(socket);
    if (pathOf(request) === LIVE) {
      sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws, request));
    } else if (web === null) refuseUpgrade(socket);
    else web.upgrade(request, socket, head).catch(() => socket.destroy());
  });
  server.requestTimeout = 60_000;

  return {
    server,
    close: async () => {
      streams.broadcastReconnectNotification();
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

type Refusal = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly reason: string | null;
};

/** What is refused before anything reads the request. */
function refusalOf(request: IncomingMessage): Refusal | null {
  if (!isPath(request.url)) {
    return { status: 400, code: "BAD_REQUEST", message: "This is no path on this server.", reason: null };
  }
  if (!isKnownHost(request)) {
    return { status: 403, code: "FORBIDDEN", message: "This server answers only to localhost.", reason: null };
  }
  const isPage = (request.method === "GET" || request.method === "HEAD") && !pathOf(request).startsWith(API);
  if (!isPage && !isFromHere(request)) {
    return {
      status: 403,
      code: "FORBIDDEN",
      message: "Requests from pages of another origin are refused.",
      reason: null,
    };
  }
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) {
    return {
      status: 413,
      code: "PAYLOAD_TOO_LARGE",
      message: TOO_LARGE,
      reason: "input.too-large",
    };
  }
  return null;
}

/** What is behind the host in a URL. "//name" and absolute forms name a host, and "*" is no path. */
function isPath(target: string | undefined): boolean {
  return target !== undefined && /^\/(?![/\\])/.test(target) && URL.canParse(target, "http://localhost");
}

/** Not resolved: a path that climbs to another one is not that other one. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function isKnownHost(request: IncomingMessage): boolean {
  const host = request.headers.host ?? "";
  return URL.canParse(`http://${host}`) && LOOPBACK_HOSTS.has(host.replace(/:\d+$/, "").toLowerCase());
}

/**
 * False for what a page of another origin sent, as far as its browser says so: requests that ask only (an image's
 * address, say) carry no Origin, but tell where they come from.
 */
function isFromHere(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return isSameOrigin(request) && (site === undefined || site === "same-origin" || site === "none");
}

/** True without an Origin too: then it is not a browser's page. */
function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function answerText(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text);
}

/** The shape in which procedures refuse, for what never reaches one. */
function answerError(response: ServerResponse, refusal: Refusal): void {
  const { status, code, message, reason } = refusal;
  const data = { code, httpStatus: status, reason, params: {}, problems: [], retry: "never", requestId: null };
  if (reason === "input.too-large") Object.assign(data, { problems: [{ path: "", code: "too-large", message }] });
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, code: -32600, data } }));
}

function refuseUpgrade(socket: Duplex): void {
  socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}
