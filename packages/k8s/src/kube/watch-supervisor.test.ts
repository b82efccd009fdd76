import type { KubeObject } from "@openpatio/core/model";
import { afterEach, expect, test } from "vitest";
import { ApiConnection, DEFAULT_LIMITS } from "./connection.ts";
import { type Exchange, eventually, startScriptedServer } from "./testing/scripted-server.ts";
import { DEFAULT_WATCH_TIMING, WatchSupervisor, type WatchTiming } from "./watch-supervisor.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const QUICK: WatchTiming = { ...DEFAULT_WATCH_TIMING, backoffMs: 1, maxBackoffMs: 5, silenceMs: 100 };

const thing = (name: string, version: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, uid: `uid-${name}`, resourceVersion: version },
});
const list = (version: string, items: readonly KubeObject[] = [], next?: string) => ({
  kind: "List",
  metadata: { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) },
  items,
});
const bookmark = (version: string) => ({
  type: "BOOKMARK",
  object: { kind: "Thing", metadata: { resourceVersion: version } },
});
const EXPIRED = {
  type: "ERROR",
  object: { kind: "Status", code: 410, reason: "Expired", message: "too old resource version: 1 (9)" },
};

/** A supervisor on a scripted server; `log` is what the receiver was told, in order. */
async function supervise(answer: (exchange: Exchange) => void, timing: WatchTiming = QUICK) {
  const server = await startScriptedServer(answer);
  const connection = new ApiConnection({
    kubeconfig: server.kubeconfig,
    limits: DEFAULT_LIMITS,
    nowMs: () => Date.now(),
  });
  const log: string[] = [];
  const watch = new WatchSupervisor({
    connection,
    path: "/things",
    labelSelector: undefined,
    timing,
    nowMs: () => Date.now(),
    random: () => 0,
    receiver: {
      onListBegin: () => 0,
      onList: (objects) => void log.push(`list ${objects.map((one) => one.metadata.name).join(" ")}`.trim()),
      onEvent: (type, object) => void log.push(`${type} ${object.metadata.name}`),
      onState: () => {},
    },
  });
  closers.push(async () => {
    await watch.stop();
    await connection.close();
    await server.close();
  });
  watch.start();
  const watches = (): readonly string[] =>
    server.requests
      .filter((one) => one.includes("watch=true"))
      .map((one) => /resourceVersion=(\w+)/.exec(one)?.[1] ?? "");
  const lists = (): number => server.requests.length - watches().length;
  return { server, watch, log, watches, lists };
}

test("lists in pages, then watches from the version of the list", async () => {
  const { log, watches, watch, server } = await supervise((exchange) => {
    if (exchange.query.has("watch")) exchange.events({ type: "ADDED", object: thing("c", "6") });
    else if (exchange.query.has("continue")) exchange.json(200, list("5", [thing("b", "4")]));
    else exchange.json(200, list("5", [thing("a", "3")], "page-2"));
  });
  await eventually(() => log.length === 2);
  expect(log).toEqual(["list a b", "ADDED c"]);
  expect(watches()).toEqual(["5"]);
  expect(server.requests[0]).toBe("GET /things?limit=500");
  expect(watch.state).toMatchObject({ hasSynced: true, brokenSinceMs: null, error: null });
});

test("goes on from the last event or bookmark when the connection breaks, without a list", async () => {
  const { log, watches, lists } = await supervise((exchange) => {
    if (!exchange.query.has("watch")) return exchange.json(200, list("5"));
    if (exchange.count === 1) {
      exchange.events({ type: "ADDED", object: thing("a", "6") }, bookmark("8"));
      setTimeout(() => exchange.response.destroy(), 5);
    } else exchange.events({ type: "ADDED", object: thing("b", "9") });
  });
  await eventually(() => log.includes("ADDED b"));
  expect(log).toEqual(["list", "ADDED a", "ADDED b"]);
  expect(watches()).toEqual(["5", "8"]);
  expect(lists()).toBe(1);
});

test("ignores the torn half of an event and asks for it again", async () => {
  const { log, watches } = await supervise((exchange) => {
    if (!exchange.query.has("watch")) return exchange.json(200, list("5"));
    if (exchange.count === 1) {
      exchange.events({ type: "ADDED", object: thing("a", "6") });
      exchange.response.end(JSON.stringify({ type: "ADDED", object: thing("b", "7") }).slice(0, -9));
    } else exchange.events({ type: "ADDED", object: thing("b", "7") });
  });
  await eventually(() => log.includes("ADDED b"));
  expect(log).toEqual(["list", "ADDED a", "ADDED b"]);
  expect(watches()).toEqual(["5", "6"]);
});

test.each([
  ["as an event", (exchange: Exchange) => exchange.events(EXPIRED)],
  ["as an answer", (exchange: Exchange) => exchange.status(410, "Expired", "too old resource version: 1 (9)")],
])("lists again when its version has expired (410 %s)", async (_, expire) => {
  const { log, lists } = await supervise((exchange) => {
    if (!exchange.query.has("watch")) {
      return exchange.json(200, exchange.count === 1 ? list("5", [thing("a", "3")]) : list("20", [thing("b", "19")]));
    }
    if (exchange.count === 1) expire(exchange);
    else exchange.events({ type: "MODIFIED", object: thing("b", "21") });
  });
  await eventually(() => log.includes("MODIFIED b"));
  expect(log).toEqual(["list a", "list b", "MODIFIED b"]);
  expect(lists()).toBe(2);
});

test("begins a list anew when its continuation has expired", async () => {
  const { log } = await supervise((exchange) => {
    if (exchange.query.has("watch")) return exchange.events(bookmark("9"));
    if (exchange.query.has("continue"))
      return exchange.status(410, "Expired", "The provided continue parameter is too old");
    return exchange.json(
      200,
      exchange.count === 1 ? list("5", [thing("a", "3")], "page-2") : list("9", [thing("b", "8")]),
    );
  });
  await eventually(() => log.length > 0);
  expect(log).toEqual(["list b"]);
});

test("a watch that hangs is given up after its silence and opened again", async () => {
  const { watches, log } = await supervise((exchange) => {
    if (!exchange.query.has("watch")) exchange.json(200, list("5"));
    else if (exchange.count === 1) exchange.events();
    else exchange.events({ type: "ADDED", object: thing("a", "6") });
  });
  await eventually(() => log.includes("ADDED a"));
  expect(watches()).toEqual(["5", "5"]);
});

test("lists again after a loss that was long", async () => {
  const { log, lists } = await supervise(
    (exchange) => {
      if (!exchange.query.has("watch")) return exchange.json(200, list(String(exchange.count)));
      if (exchange.count <= 3) exchange.status(503, "ServiceUnavailable", "starting");
      else exchange.events({ type: "ADDED", object: thing("a", "6") });
    },
    { ...QUICK, relistAfterMs: -1 },
  );
  await eventually(() => log.includes("ADDED a"));
  expect(lists()).toBe(4);
});

test("reports what is wrong, goes on trying, and is healthy again when that succeeds", async () => {
  let isForbidden = true;
  const { watch } = await supervise((exchange) => {
    if (isForbidden) exchange.status(403, "Forbidden", "things is forbidden");
    else if (exchange.query.has("watch")) exchange.events(bookmark("6"));
    else exchange.json(200, list("5"));
  });
  await eventually(() => watch.state.error !== null);
  expect(watch.state).toMatchObject({ hasSynced: false, brokenSinceMs: expect.any(Number) });
  expect(watch.state.error).toMatchObject({ status: 403, message: "things is forbidden" });
  isForbidden = false;
  await eventually(() => watch.state.brokenSinceMs === null);
  expect(watch.state).toMatchObject({ hasSynced: true, error: null });
});

test("does not ask in a tight loop when the server ends every watch at once", async () => {
  const { watch, watches } = await supervise(
    (exchange) => {
      if (exchange.query.has("watch")) exchange.response.writeHead(200).end();
      else exchange.json(200, list("5"));
    },
    { ...QUICK, backoffMs: 60_000, maxBackoffMs: 60_000 },
  );
  await eventually(() => watch.state.error !== null);
  expect(watches()).toEqual(["5"]);
});
