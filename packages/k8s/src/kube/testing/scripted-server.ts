import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

/** A tiny API server that does what a healthy one never does: half answers, hangs, 429, 410. */
export type ScriptedServer = {
  readonly kubeconfig: KubeConfig;
  readonly url: string;
  /** `METHOD path?query` of every request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
};

export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** 1 for the first request of this method and path. */
  readonly count: number;
  readonly response: ServerResponse;
  json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  status(code: number, reason: string, message: string, headers?: Readonly<Record<string, string>>): void;
  /** Writes watch events and leaves the answer open. */
  events(...events: readonly unknown[]): void;
};

export async function startScriptedServer(answer: (exchange: Exchange) => void): Promise<ScriptedServer> {
  const requests: string[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const method = request.method ?? "";
      const key = `${method} ${url.pathname}${url.searchParams.has("watch") ? " watch" : ""}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      requests.push(`${method} ${request.url}`);
      answer(exchangeOf({ method, path: url.pathname, query: url.searchParams, body, count, response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromClusterAndUser({ name: "scripted", server: url, skipTLSVerify: true }, { name: "nobody" });
  return {
    kubeconfig,
    url,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function exchangeOf(parts: Pick<Exchange, "method" | "path" | "query" | "body" | "count" | "response">): Exchange {
  const { response } = parts;
  const json: Exchange["json"] = (status, body, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  };
  return {
    ...parts,
    json,
    status: (code, reason, message, headers) =>
      json(code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }, headers),
    events: (...events) => {
      if (!response.headersSent) response.writeHead(200, { "Content-Type": "application/json" });
      response.flushHeaders();
      for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? null : JSON.parse(text);
}

/** Asks every few milliseconds until the answer is true. */
export async function eventually(ask: () => boolean): Promise<void> {
  for (let left = 1000; !ask(); left -= 1) {
    if (left === 0) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
