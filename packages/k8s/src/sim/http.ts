/**
 * The HTTP face of one simulated cluster, on loopback only: what kubectl and client libraries talk to. Routes a request
 * to the store and writes its answer; everything that is decided is decided in the store. What the sandbox lacks is
 * answered 501 by name, never guessed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { PodLogs } from "./controllers/index.ts";
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  SERVER_VERSION,
} from "./discovery.ts";
import { type Exchange, sendError, sendJson, sendText } from "./http-exchange.ts";
import { answerResource } from "./http-resources.ts";
import { parseRoute } from "./http-route.ts";
import { answerBinding, answerEviction, answerLog, answerReview, answerScale } from "./http-subresources.ts";
import { openapiDocument, openapiIndex } from "./openapi.ts";
import { ApiError, methodNotAllowed, notImplemented } from "./status.ts";
import type { Store } from "./store.ts";

export type ApiServerOptions = {
  readonly store: Store;
  readonly logs?: PodLogs;
  /** 0 takes any free port. */
  readonly port?: number;
};

export type ApiServer = {
  readonly url: string;
  readonly port: number;
  /** While cut off, connections are reset and new ones too, as behind a dead network. */
  cut(isCut: boolean): void;
  /** Every request waits this long before it is looked at. */
  slow(delayMs: number): void;
  readonly state: () => { readonly isCut: boolean; readonly delayMs: number };
  close(): Promise<void>;
};

/** Errors: what `listen` reports, e.g. EADDRINUSE. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, logs } = options;
  const sockets = new Set<Socket>();
  let isCut = false;
  let delayMs = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const serve = () => void answer(store, logs, request, response);
    if (delayMs === 0) serve();
    else setTimeout(serve, delayMs);
  });
  server.on("connection", (socket: Socket) => {
    if (isCut) {
      socket.resetAndDestroy();
      return;
    }
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cut(value) {
      isCut = value;
      if (isCut) for (const socket of sockets) socket.resetAndDestroy();
    },
    slow(value) {
      delayMs = value;
    },
    state: () => ({ isCut, delayMs }),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function answer(
  store: Store,
  logs: PodLogs | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A target such as `//` is no path, and no URL either.
  const target = `http://127.0.0.1${request.url?.startsWith("/") ? request.url : "/"}`;
  const url = new URL(URL.canParse(target) ? target : "http://127.0.0.1/");
  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? "GET",
    path: url.pathname.replace(/\/+$/, "") || "/",
    query: url.searchParams,
    warnings: [],
  };
  try {
    refuseBrowsers(request);
    await dispatch(store, logs, exchange);
  } catch (error) {
    sendError(exchange, error);
  }
}

/** No page may drive the sandbox, neither directly nor by a name that resolves to loopback. */
function refuseBrowsers(request: IncomingMessage): void {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (request.headers.origin !== undefined) {
    throw new ApiError(403, "Forbidden", "the sandbox does not answer requests from web pages (Origin header)", {});
  }
  if (host !== "127.0.0.1" && host !== "localhost") {
    throw new ApiError(403, "Forbidden", `the sandbox answers on loopback only, not as ${JSON.stringify(host)}`, {});
  }
}

async function dispatch(store: Store, logs: PodLogs | undefined, exchange: Exchange): Promise<void> {
  if (
    exchange.path === "/apis" ||
    exchange.path.startsWith("/apis/") ||
    exchange.path === "/api" ||
    exchange.path.startsWith("/api/")
  ) {
    if (exchange.method === "GET" && answerDiscovery(store, exchange)) return;
    return answerApi(store, logs, exchange);
  }
  if (exchange.method !== "GET") throw methodNotAllowed();
  answerOther(store, exchange);
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** True when the path was a discovery document. */
function answerDiscovery(store: Store, exchange: Exchange): boolean {
  const definitions = store.definitions();
  const { path } = exchange;
  const parts = path.split("/").slice(1);
  const isAggregated = (exchange.request.headers.accept ?? "")
    .replaceAll(" ", "")
    .includes("g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  if (path === "/api" || path === "/apis") {
    const isLegacy = path === "/api";
    if (isAggregated) sendJson(exchange, 200, aggregatedDiscovery(definitions, isLegacy), AGGREGATED);
    else
      sendJson(exchange, 200, isLegacy ? apiVersions(exchange.request.headers.host ?? "") : apiGroupList(definitions));
    return true;
  }
  if (parts[0] === "apis" && parts.length === 2) {
    const document = apiGroup(definitions, parts[1] ?? "");
    if (document === undefined) sendText(exchange, 404, "404 page not found\n");
    else sendJson(exchange, 200, document);
    return true;
  }
  const isGroupVersion = parts.length === (parts[0] === "api" ? 2 : 3);
  if (!isGroupVersion) return false;
  const groupVersion = { group: parts[0] === "api" ? "" : (parts[1] ?? ""), version: parts.at(-1) ?? "" };
  const document = apiResourceList(definitions, groupVersion);
  if (document === undefined) sendText(exchange, 404, "404 page not found\n");
  else sendJson(exchange, 200, document);
  return true;
}

async function answerApi(store: Store, logs: PodLogs | undefined, exchange: Exchange): Promise<void> {
  const route = parseRoute(store.definitions(), exchange.path);
  if (route.kind === "unknown-path") return sendText(exchange, 404, "404 page not found\n");
  if (route.kind === "unknown-resource") {
    throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
  }
  if (route.kind === "review") return answerReview(exchange, route.review);
  const { definition, name, subresource } = route;
  if (subresource === undefined || name === undefined) return answerResource(store, exchange, route);
  const named = { ...route, name };
  switch (subresource) {
    case "status":
      if (definition.hasStatus && exchange.method !== "POST" && exchange.method !== "DELETE")
        return answerResource(store, exchange, route);
      break;
    case "finalize":
      if (definition.id === "namespaces" && exchange.method === "PUT") return answerResource(store, exchange, route);
      break;
    case "scale":
      return answerScale(store, exchange, named);
    case "log":
      if (definition.id === "pods") return answerLog(store, logs, exchange, named);
      break;
    case "eviction":
      if (definition.id === "pods") return answerEviction(store, exchange, named);
      break;
    case "binding":
      if (definition.id === "pods") return answerBinding(store, exchange, named);
      break;
    default:
      throw notImplemented(`the subresource ${subresource} of ${definition.plural}`);
  }
  throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

function answerOther(store: Store, exchange: Exchange): void {
  const { path } = exchange;
  if (path === "/version") return sendJson(exchange, 200, SERVER_VERSION);
  if (/^\/(healthz|livez|readyz)(\/.*)?$/.test(path)) return sendText(exchange, 200, "ok");
  if (path === "/openapi/v3") return sendJson(exchange, 200, openapiIndex(store.definitions()));
  const versioned = /^\/openapi\/v3\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(path);
  if (versioned !== null) {
    const document = openapiDocument(store.definitions(), { group: versioned[1] ?? "", version: versioned[2] ?? "" });
    if (document === undefined) return sendText(exchange, 404, "404 page not found\n");
    return sendJson(exchange, 200, document);
  }
  if (path === "/openapi/v2") throw notImplemented("OpenAPI v2; OpenAPI v3 is served at /openapi/v3");
  if (path === "/")
    return sendJson(exchange, 200, {
      paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"],
    });
  sendText(exchange, 404, "404 page not found\n");
}
