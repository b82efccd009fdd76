import { request as httpRequest } from "node:http";
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

describe("requests", () => {
  test("health, readiness and metrics answer", async () => {
    expect(await send("/healthz")).toEqual({ status: 200, text: "ok" });
    expect(await send("/readyz")).toEqual({ status: 200, text: "ready" });
    const { text } = await send("/metrics");
    expect(text).toContain('openpatio_cluster_is_live{cluster="sandbox-racks"} 1');
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
