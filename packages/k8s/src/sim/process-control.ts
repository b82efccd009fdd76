/** The control endpoint of the sandbox process: faults that a cluster's own API cannot cause. */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Sandbox } from "./sandbox.ts";

export type ControlServer = { readonly url: string; close(): Promise<void> };

/**
 * `GET /clusters`, `POST /clusters/<name>/cut {"cut":true}`, `POST /clusters/<name>/slow {"delayMs":200}`; loopback only,
 * with `Authorization: Bearer <token>`.
 */
export function startControl(sandbox: Sandbox, token: string): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(sandbox, token, request, response).catch((error: unknown) => {
      send(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}`,
        close() {
          server.closeAllConnections();
          return new Promise((done) => server.close(() => done()));
        },
      });
    });
  });
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { "Content-Type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const sent = Buffer.from(request.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return sent.length === wanted.length && timingSafeEqual(sent, wanted);
}

async function answer(
  sandbox: Sandbox,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.headers.origin !== undefined)
    return send(response, 403, { error: "requests from web pages are not answered" });
  if (!isAuthorized(request, token))
    return send(response, 401, { error: "the token of the token file is missing or wrong" });
  const [, resource, name, verb] = (request.url ?? "/").split("/");
  if (resource !== "clusters") return send(response, 404, { error: "not found" });
  const describe = () =>
    sandbox.clusters.map((one) => ({ name: one.name, url: one.url, nodes: one.nodes, ...one.state() }));
  if (name === undefined && request.method === "GET") return send(response, 200, { clusters: describe() });
  const cluster = sandbox.clusters.find((one) => one.name === name);
  if (cluster === undefined) return send(response, 404, { error: `no sandbox cluster ${JSON.stringify(name)}` });
  if (request.method !== "POST") return send(response, 405, { error: "POST is needed" });
  const body = await readJson(request);
  if (verb === "cut" && typeof body["cut"] === "boolean") cluster.cut(body["cut"]);
  else if (verb === "slow" && isDelay(body["delayMs"])) cluster.slow(body["delayMs"]);
  else return send(response, 400, { error: 'expected cut {"cut": true|false} or slow {"delayMs": 0..60000}' });
  send(response, 200, { name: cluster.name, ...cluster.state() });
}

function isDelay(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 60_000;
}

/** Broken or missing JSON counts as an empty object: the verbs then say what they expect. */
async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > 10_000) return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
