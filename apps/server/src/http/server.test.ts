import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { LiveEvent } from "@openpatio/core/view";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { createTestServer, type TestServer } from "../testing/index.ts";

let server: TestServer;
beforeAll(async () => {
  server = await createTestServer();
});
afterAll(() => server.close());

function send(
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${server.url}${path}`,
      { method: options.method ?? "GET", headers: options.headers },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}

/** First line of the answer to what no client library would send. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.end(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
    socket.on("error", reject);
  });
}

describe("requests", () => {
  test("health, readiness and metrics answer", async () => {
    expect(await send("/healthz")).toEqual({ status: 200, text: "ok" });
    expect(await send("/readyz")).toEqual({ status: 200, text: "ready" });
    const { text } = await send("/metrics");
    expect(text).toContain('openpatio_cluster_is_live{cluster="sandbox-racks"} 1');
  });

  test("the definitions are there for kubectl apply -f", async () => {
    const { status, text } = await send("/crds.yaml");
    expect(status).toBe(200);
    expect(text).toContain("name: rolebasedgroupsets.openpatio.io");
    expect(text).toContain("name: rolebasedgroups.openpatio.io");
  });

  test("queries answer plain JSON by GET and by POST", async () => {
    const get = await send(`/api/trpc/clusters.get?input=${encodeURIComponent('{"name":"sandbox-racks"}')}`);
    expect(JSON.parse(get.text)).toMatchObject({ result: { data: { cluster: { nodes: 24 } } } });
    expect(await server.call("system.info")).toMatchObject({ host: "127.0.0.1", isReconciling: true });
  });

  test("a page of another origin can change nothing, and a rebound name gets nothing at all", async () => {
    const headers = { "content-type": "application/json", origin: "http://evil.example" };
    expect((await send("/api/trpc/sets.delete", { method: "POST", headers, body: '{"name":"x"}' })).status).toBe(403);
    expect((await send("/api/trpc/sets.list", { headers: { host: "evil.example" } })).status).toBe(403);
    const own = { "content-type": "application/json", origin: server.url };
    expect((await send("/api/trpc/sets.delete", { method: "POST", headers: own, body: '{"name":"x"}' })).status).toBe(
      404,
    );
  });

  test("a paste of 5 MB is refused as JSON that says what the limit is", async () => {
    const body = JSON.stringify({ yaml: "x".repeat(5 * 1024 * 1024) });
    const { status, text } = await send("/api/trpc/sets.apply", {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": String(body.length) },
      body,
    });
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({
      error: {
        message: expect.stringContaining("2 MiB"),
        data: { reason: "input.too-large", problems: [{ code: "too-large" }] },
      },
    });
  });

  test("a page of another origin gets no answer of a procedure, not even through an image", async () => {
    expect((await send("/api/trpc/sets.list", { headers: { origin: "http://evil.example" } })).status).toBe(403);
    for (const site of ["cross-site", "same-site"]) {
      expect((await send("/api/trpc/sets.list", { headers: { "sec-fetch-site": site } })).status).toBe(403);
    }
    expect((await send("/api/trpc/sets.list", { headers: { "sec-fetch-site": "same-origin" } })).status).toBe(200);
    expect((await send("/healthz", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(200);
  });

  test("what is no path of this server is refused, and the server goes on", async () => {
    for (const target of ["//", "///", "//evil.example/api/trpc/sets.list", "/\\", "*", "http://evil.example/"]) {
      expect(await sendRaw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toContain(
        " 400 ",
      );
    }
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    expect(await sendRaw(`GET // HTTP/1.1\r\nHost: localhost\r\n${upgrade}`)).toContain(" 403 ");
    expect(await sendRaw("GET /healthz HTTP/1.1\r\nHost: localhost:99999\r\nConnection: close\r\n\r\n")).toContain(
      " 403 ",
    );
    expect((await send("/healthz")).status).toBe(200);
  });

  test("a body that grows beyond the limit is refused as one that says so ahead", async () => {
    const { status, text } = await send("/api/trpc/sets.apply", {
      method: "POST",
      headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
      body: JSON.stringify({ yaml: "x".repeat(3 * 1024 * 1024) }),
    });
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({
      error: { message: expect.stringContaining("2 MiB"), data: { reason: "input.too-large" } },
    });
  });

  test("calls are not batched by the thousand", async () => {
    const names = Array.from({ length: 1000 }, () => "sets.list").join(",");
    expect((await send(`/api/trpc/${names}?batch=1&input=%7B%7D`)).status).toBe(400);
  });

  test("a name that would climb to another path of the API server is refused", async () => {
    const headers = { "content-type": "application/json" };
    const cluster = "sandbox-racks";
    for (const pod of ["..", ".", "../../nodes", "a/b", "a\u0000b", ""]) {
      for (const verb of ["get", "logs", "delete"]) {
        const body = JSON.stringify({ cluster, namespace: "default", pod });
        const { status, text } = await send(`/api/trpc/pods.${verb}`, { method: "POST", headers, body });
        expect([status, JSON.parse(text).error.data.reason]).toEqual([400, "input.invalid"]);
      }
    }
    const body = JSON.stringify({ cluster, namespace: "..", pod: "a" });
    expect((await send("/api/trpc/pods.delete", { method: "POST", headers, body })).status).toBe(400);
  });

  test("input of the wrong form is refused with the path of each problem", async () => {
    const headers = { "content-type": "application/json" };
    const { status, text } = await send("/api/trpc/sets.scale", {
      method: "POST",
      headers,
      body: '{"name":"x","replicas":-1}',
    });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      error: { data: { reason: "input.invalid", problems: [{ path: "replicas" }] } },
    });
  });
});

type Message = { readonly result?: { readonly type: string; readonly data?: LiveEvent } };

function watch(topics: readonly string[]) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/live`);
  const events: LiveEvent[] = [];
  socket.on("open", () => {
    const params = { path: "live.watch", input: { topics } };
    socket.send(JSON.stringify({ id: 1, method: "subscription", params }));
  });
  socket.on("message", (data: Buffer) => {
    const { result } = JSON.parse(data.toString()) as Message;
    if (result?.type === "data" && result.data !== undefined) events.push(result.data);
  });
  return { socket, events };
}

describe("the live connection", () => {
  test("sends a snapshot of each topic, then what changes", async () => {
    const { socket, events } = watch(["clusters", "cluster/sandbox-racks", "set/default/none"]);
    await server.until(
      "three events",
      async () => events.length,
      (count) => count >= 3,
    );
    expect(events.map((event) => [event.topic, event.type])).toEqual([
      ["clusters", "snapshot"],
      ["cluster/sandbox-racks", "snapshot"],
      ["set/default/none", "gone"],
    ]);
    const [node] = server.cluster().api.list("nodes");
    await server.call("clusters.cordonNode", { cluster: "sandbox-racks", node: node?.metadata.name });
    await server.until(
      "the cordon to be told",
      async () => events,
      (all) => all.some((event) => event.type === "delta" && JSON.stringify(event.set).includes('"isCordoned":true')),
    );
    await server.call("clusters.uncordonNode", { cluster: "sandbox-racks", node: node?.metadata.name });
    socket.close();
  });

  test("is refused to a page of another origin", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/live`, { origin: "http://evil.example" });
    const outcome = await new Promise((resolve) => {
      socket.on("error", (error) => resolve(error.message));
      socket.on("open", () => resolve("open"));
    });
    expect(outcome).toContain("403");
  });
});
