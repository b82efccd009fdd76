import { afterEach, expect, test } from "vitest";
import { ApiConnection, DEFAULT_LIMITS } from "./connection.ts";
import { type Exchange, type ScriptedServer, startScriptedServer } from "./testing/scripted-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function connect(
  answer: (exchange: Exchange) => void,
  limits: Partial<typeof DEFAULT_LIMITS> = {},
): Promise<{ readonly connection: ApiConnection; readonly server: ScriptedServer }> {
  const server = await startScriptedServer(answer);
  const connection = new ApiConnection({
    kubeconfig: server.kubeconfig,
    limits: { ...DEFAULT_LIMITS, ...limits },
    nowMs: () => Date.now(),
  });
  opened.push(connection, server);
  return { connection, server };
}

const get = { method: "GET", path: "/thing" } as const;

test("waits as long as Retry-After says and then tries again", async () => {
  const { connection, server } = await connect((exchange) => {
    if (exchange.count === 1) exchange.status(429, "TooManyRequests", "slow down", { "Retry-After": "0" });
    else if (exchange.count === 2) exchange.status(503, "ServiceUnavailable", "shutting down", { "Retry-After": "0" });
    else exchange.json(200, { ok: true });
  });
  expect(await connection.request(get)).toEqual({ ok: true });
  expect(server.requests).toHaveLength(3);
  expect(connection.counters).toEqual({ requests: 3, errors: 2, writes: 0 });
});

test("gives up on a server that asks for more patience than ten seconds", async () => {
  const { connection, server } = await connect((exchange) =>
    exchange.status(429, "TooManyRequests", "come back tomorrow", { "Retry-After": "3600" }),
  );
  await expect(connection.request(get)).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
  expect(server.requests).toHaveLength(1);
});

test("does not repeat a request that a server failed at", async () => {
  const { connection, server } = await connect((exchange) => exchange.status(500, "InternalError", "etcd is sad"));
  await expect(connection.request({ ...get, method: "POST", body: {} })).rejects.toMatchObject({
    status: 500,
    message: "etcd is sad",
  });
  expect(server.requests).toHaveLength(1);
  expect(connection.counters.writes).toBe(1);
});

test("repeats a request once when the connection breaks before the answer", async () => {
  const { connection, server } = await connect((exchange) => {
    if (exchange.count === 1) exchange.response.destroy();
    else exchange.json(200, { ok: true });
  });
  expect(await connection.request(get)).toEqual({ ok: true });
  expect(server.requests).toHaveLength(2);
});

test("an answer that does not come in time is no answer", async () => {
  const { connection } = await connect(() => {}, { requestTimeoutMs: 30 });
  await expect(connection.request(get)).rejects.toMatchObject({
    status: 0,
    reason: "Timeout",
    message: "no answer within 0.03 s",
  });
});

test("half an answer is no answer", async () => {
  const { connection } = await connect((exchange) => {
    exchange.response.writeHead(200, { "Content-Type": "application/json" }).end('{"kind":"Pod","meta');
  });
  await expect(connection.request(get)).rejects.toMatchObject({ status: 0, reason: "Malformed" });
});

test("an error page that is no Status is cut to its first line", async () => {
  const { connection } = await connect((exchange) => exchange.response.writeHead(404).end("404 page not found\n"));
  await expect(connection.request(get)).rejects.toMatchObject({ status: 404, message: "404 page not found" });
});

test("an error page without an end is read no further than it can matter", async () => {
  let hasEnded = false;
  const { connection } = await connect((exchange) => {
    const { response } = exchange;
    response.writeHead(500);
    response.on("close", () => {
      hasEnded = true;
    });
    const send = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      response.once("drain", send);
    };
    send();
  });
  await expect(connection.request(get)).rejects.toMatchObject({ status: 500 });
  await expect.poll(() => hasEnded).toBe(true);
});

test("never follows a redirect to another server", async () => {
  const elsewhere = await startScriptedServer((exchange) => exchange.json(200, { secret: true }));
  opened.push(elsewhere);
  const { connection } = await connect((exchange) => {
    exchange.response.writeHead(302, { Location: `${elsewhere.url}/metadata` }).end();
  });
  await expect(connection.request(get)).rejects.toMatchObject({ status: 0 });
  expect(elsewhere.requests).toEqual([]);
});

test("a stream hands out complete lines and keeps the torn end of a watch to itself", async () => {
  const { connection } = await connect((exchange) => {
    exchange.response.writeHead(200);
    exchange.response.write('{"a":1}\n{"b"');
    setTimeout(() => exchange.response.end(':2}\n{"torn'), 5);
  });
  const lines: string[] = [];
  const options = { signal: new AbortController().signal, silenceMs: 1000 };
  for await (const line of connection.stream("/watch", {}, options)) lines.push(line);
  expect(lines).toEqual(['{"a":1}', '{"b":2}']);
});

test("a stream that falls silent ends with a timeout, one that breaks with an error", async () => {
  const { connection } = await connect((exchange) => {
    exchange.events({ a: 1 });
    if (exchange.path === "/broken") setTimeout(() => exchange.response.destroy(), 5);
  });
  const read = async (path: string): Promise<void> => {
    for await (const _ of connection.stream(path, {}, { signal: new AbortController().signal, silenceMs: 50 }));
  };
  await expect(read("/silent")).rejects.toMatchObject({ status: 0, reason: "Timeout" });
  await expect(read("/broken")).rejects.toMatchObject({ status: 0 });
});

test("closing ends what is under way", async () => {
  const { connection } = await connect(() => {});
  const request = connection.request(get);
  const closed = expect(request).rejects.toMatchObject({ reason: "Aborted" });
  await connection.close();
  await closed;
});
