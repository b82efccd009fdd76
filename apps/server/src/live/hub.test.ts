import type { LiveEntry, LiveEvent } from "@openpatio/core/view";
import { afterEach, expect, test } from "vitest";
import { type Entries, LiveHub } from "./hub.ts";

/** Entries are told apart by their key and one number; the hub looks at nothing else. */
const entry = (changedAtMs: number) => ({ changedAtMs }) as unknown as LiveEntry;

let stop: (() => void)[] = [];
afterEach(() => {
  for (const end of stop.splice(0)) end();
});

function setUp(initial: Record<string, number> | null = { a: 1 }) {
  let content = initial;
  const hub = new LiveHub({
    source: (): Entries | null =>
      content === null ? null : new Map(Object.entries(content).map(([key, value]) => [key, entry(value)])),
    nowMs: () => Date.now(),
    onError: (error) => {
      throw error;
    },
  });
  stop.push(() => hub.close());
  return {
    hub,
    change: (next: Record<string, number> | null) => {
      content = next;
      hub.markDirty("topic");
    },
    watch: (since: Record<string, number> = {}, bufferedBytes: () => number = () => 0) => {
      const abort = new AbortController();
      stop.push(() => abort.abort());
      const events = hub.watch(["topic"], since, bufferedBytes, abort.signal);
      const next = async (): Promise<LiveEvent> => {
        const { value } = await events.next();
        if (value === undefined) throw new Error("the subscription ended");
        return value;
      };
      return { next, end: () => abort.abort() };
    },
  };
}

test("a reader gets a snapshot, then only what changed", async () => {
  const { watch, change } = setUp({ a: 1, b: 1 });
  const reader = watch();
  const snapshot = await reader.next();
  expect(snapshot).toMatchObject({ type: "snapshot", entries: { a: entry(1), b: entry(1) } });
  change({ a: 2, c: 1 });
  expect(await reader.next()).toEqual({
    type: "delta",
    topic: "topic",
    seq: snapshot.seq + 1,
    set: { a: entry(2), c: entry(1) },
    removed: ["b"],
  });
});

test("a reader that comes back gets what it missed, merged into one delta", async () => {
  const { watch, change } = setUp();
  const before = watch();
  const observer = watch();
  const { seq } = await before.next();
  await observer.next();
  before.end();
  change({ a: 2 });
  await observer.next();
  change({ a: 3, b: 1 });
  await observer.next();
  const event = await watch({ topic: seq }).next();
  expect(event).toEqual({
    type: "delta",
    topic: "topic",
    seq: seq + 2,
    set: { a: entry(3), b: entry(1) },
    removed: [],
  });
});

test("a sequence of another process gets a snapshot", async () => {
  const { watch } = setUp();
  expect(await watch({ topic: 7 }).next()).toMatchObject({ type: "snapshot" });
  expect(await watch({ topic: Number.MAX_SAFE_INTEGER }).next()).toMatchObject({ type: "snapshot" });
});

test("a reader that does not read holds no queue: it gets the last state when it reads again", async () => {
  const { watch, change } = setUp({ a: 0 });
  let buffered = 0;
  const slow = watch({}, () => buffered);
  const fast = watch();
  const { seq } = await slow.next();
  await fast.next();
  buffered = Number.POSITIVE_INFINITY;
  const late = slow.next();
  for (let value = 1; value <= 3; value++) {
    change({ a: value });
    await fast.next();
  }
  buffered = 0;
  expect(await late).toMatchObject({ type: "delta", seq: seq + 3, set: { a: entry(3) } });
});

test("a topic that vanishes is told as gone, and comes back with a snapshot", async () => {
  const { watch, change } = setUp();
  const reader = watch();
  await reader.next();
  change(null);
  expect(await reader.next()).toMatchObject({ type: "gone" });
  change({ a: 1 });
  expect(await reader.next()).toMatchObject({ type: "snapshot", entries: { a: entry(1) } });
});

test("an unchanged recomputation sends nothing", async () => {
  const { watch, change } = setUp();
  const reader = watch();
  const { seq } = await reader.next();
  change({ a: 1 });
  change({ a: 1 });
  const next = reader.next();
  await new Promise((resolve) => setTimeout(resolve, 150));
  change({ a: 2 });
  expect((await next).seq).toBe(seq + 1);
});

test("a topic that nobody reads any more does not hold back the others", async () => {
  const { hub, watch, change } = setUp();
  const abort = new AbortController();
  const idle = hub.watch(["idle"], {}, () => 0, abort.signal);
  await idle.next();
  abort.abort();
  await idle.next();
  const reader = watch();
  const { seq } = await reader.next();
  change({ a: 2 });
  expect(await reader.next()).toMatchObject({ type: "delta", seq: seq + 1 });
});
