import type { LiveEntry, LiveEvent, SetRow } from "@openpatio/core/view";
import { describe, expect, it } from "vitest";
import { LiveStore, type Since } from "./live-store.ts";

const row = (name: string, readyGroups = 0) => ({ name, readyGroups }) as SetRow;
const snapshot = (seq: number, entries: Record<string, LiveEntry>): LiveEvent => ({
  type: "snapshot",
  topic: "sets",
  seq,
  entries,
});
const delta = (seq: number, set: Record<string, LiveEntry>, removed: string[] = []): LiveEvent => ({
  type: "delta",
  topic: "sets",
  seq,
  set,
  removed,
});

function createStore() {
  const streams: { since: Since; event: (event: LiveEvent) => void; end: () => void; isStopped: boolean }[] = [];
  const timers: { run: () => void; isCancelled: boolean }[] = [];
  let frame: (() => void) | null = null;
  let nowMs = 1_000;
  const store = new LiveStore({
    watch: (_topic, since, on) => {
      const stream = { since, ...on, isStopped: false };
      streams.push(stream);
      return () => {
        stream.isStopped = true;
      };
    },
    onNextFrame: (run) => {
      frame = run;
    },
    after: (_ms, run) => {
      const timer = { run, isCancelled: false };
      timers.push(timer);
      return () => {
        timer.isCancelled = true;
      };
    },
    nowMs: () => nowMs,
  });
  return {
    store,
    streams,
    drawFrame: () => {
      const run = frame;
      frame = null;
      run?.();
    },
    runTimers: () => {
      for (const timer of timers.splice(0)) if (!timer.isCancelled) timer.run();
    },
    setNow: (ms: number) => {
      nowMs = ms;
    },
  };
}

describe("LiveStore", () => {
  it("shows a snapshot and then deltas, once per frame", () => {
    const { store, streams, drawFrame } = createStore();
    let changes = 0;
    store.subscribe("sets", () => {
      changes += 1;
    });
    streams[0]?.event(snapshot(1, { "a/x": row("x") }));
    streams[0]?.event(delta(2, { "a/y": row("y") }, ["a/x"]));
    expect(store.topic("sets").status).toBe("loading");
    drawFrame();
    expect([...store.topic("sets").entries.keys()]).toEqual(["a/y"]);
    expect(changes).toBe(1);
  });

  it("drops a delta that it has seen", () => {
    const { store, streams, drawFrame } = createStore();
    store.subscribe("sets", () => {});
    streams[0]?.event(snapshot(5, { "a/x": row("x", 1) }));
    streams[0]?.event(delta(5, { "a/x": row("x", 0) }));
    drawFrame();
    expect(store.topic("sets").entries.get("a/x")).toMatchObject({ readyGroups: 1 });
  });

  it("accepts a snapshot with a lower sequence, because the server may have been restarted", () => {
    const { store, streams, drawFrame } = createStore();
    store.subscribe("sets", () => {});
    streams[0]?.event(snapshot(50, { "a/x": row("x") }));
    streams[0]?.event(snapshot(1, { "a/y": row("y") }));
    streams[0]?.event(delta(2, { "a/z": row("z") }));
    drawFrame();
    expect([...store.topic("sets").entries.keys()]).toEqual(["a/y", "a/z"]);
  });

  it("asks again after a stream ended, from the last sequence", () => {
    const { store, streams, runTimers } = createStore();
    store.subscribe("sets", () => {});
    streams[0]?.event(snapshot(7, {}));
    streams[0]?.end();
    runTimers();
    expect(streams).toHaveLength(2);
    expect(streams[1]?.since).toEqual({ sets: 7 });
  });

  it("keeps a topic for a while after the last view left, then stops it", () => {
    const { store, streams, drawFrame, runTimers } = createStore();
    const leave = store.subscribe("sets", () => {});
    streams[0]?.event(snapshot(1, { "a/x": row("x") }));
    drawFrame();
    leave();
    const leaveAgain = store.subscribe("sets", () => {});
    expect(streams).toHaveLength(1);
    expect(store.topic("sets").status).toBe("ready");
    leaveAgain();
    runTimers();
    expect(streams[0]?.isStopped).toBe(true);
    expect(store.topic("sets").status).toBe("loading");
  });

  it("keeps the identity of a list as long as none of its entries changed", () => {
    const { store, streams, drawFrame } = createStore();
    store.subscribe("set/a/x", () => {});
    const entry = row("x");
    streams[0]?.event({ type: "snapshot", topic: "set/a/x", seq: 1, entries: { "group/0": entry, "pod/1": row("p") } });
    drawFrame();
    const before = store.list("set/a/x", "group/");
    streams[0]?.event({ type: "delta", topic: "set/a/x", seq: 2, set: { "pod/1": row("q") }, removed: [] });
    drawFrame();
    expect(store.list("set/a/x", "group/")).toBe(before);
    expect(store.list("set/a/x", "pod/")).toEqual([row("q")]);
  });

  it("says since when the connection is lost and as of when the data is", () => {
    const { store, streams, setNow } = createStore();
    store.subscribe("sets", () => {});
    store.setOnline(true);
    setNow(2_000);
    streams[0]?.event(snapshot(1, {}));
    setNow(3_000);
    store.setOnline(false);
    store.setOnline(false);
    expect(store.connection()).toEqual({ status: "reconnecting", sinceMs: 3_000, lastEventMs: 2_000 });
  });
});
