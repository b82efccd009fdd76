import { afterEach, expect, test } from "vitest";
import { ApiConnection, DEFAULT_LIMITS } from "./connection.ts";
import { type Exchange, startScriptedServer } from "./testing/scripted-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function guarded(answer: (exchange: Exchange) => void, guard: { refusal(): string | null }) {
  const server = await startScriptedServer(answer);
  const connection = new ApiConnection({
    kubeconfig: server.kubeconfig,
    limits: DEFAULT_LIMITS,
    nowMs: () => Date.now(),
    guard,
  });
  opened.push(connection, server);
  return { connection, server };
}

const WRITES = ["POST", "PUT", "PATCH", "DELETE"] as const;

test("no write leaves while the cluster is another's, and its reason comes through", async () => {
  const { connection, server } = await guarded((exchange) => exchange.json(200, {}), {
    refusal: () => "It belongs to desk-7.",
  });
  for (const method of WRITES)
    await expect(connection.request({ method, path: "/thing", body: {} })).rejects.toMatchObject({
      code: "cluster.foreign",
      retry: "backoff",
      message: "It belongs to desk-7.",
    });
  expect(server.requests).toEqual([]);
});

test("reads, dry runs, questions and the Lease itself are not held up, and the Lease is no write in the count", async () => {
  const { connection, server } = await guarded((exchange) => exchange.json(200, {}), { refusal: () => "no" });
  await connection.request({ method: "GET", path: "/thing" });
  await connection.request({ method: "POST", path: "/thing", query: { dryRun: "All" }, body: {} });
  await connection.request({ method: "POST", path: "/review", body: {}, isRead: true });
  const before = connection.counters.writes;
  await connection.request({ method: "PUT", path: "/lease", body: {}, isLease: true });
  expect(server.requests).toHaveLength(4);
  expect(connection.counters.writes).toBe(before);
});

test("a write that waits for a busy server asks again before it is sent once more", async () => {
  let refusal: string | null = null;
  const { connection, server } = await guarded(
    (exchange) => {
      refusal = "It was taken over.";
      exchange.status(429, "TooManyRequests", "slow down", { "Retry-After": "0" });
    },
    { refusal: () => refusal },
  );
  await expect(connection.request({ method: "POST", path: "/thing", body: {} })).rejects.toMatchObject({
    code: "cluster.foreign",
  });
  expect(server.requests).toHaveLength(1);
});
