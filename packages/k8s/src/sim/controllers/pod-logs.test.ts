import { expect, test } from "vitest";
import type { LogLine } from "./container-log.ts";
import { createWorld, pod, type World } from "./testing.ts";

function worldWith(name: string, annotations: Readonly<Record<string, string>> = {}): World {
  const world = createWorld();
  world.store.create("pods", pod(name));
  world.annotate(name, { "ready-delay": "4s", ...annotations });
  world.advance(1000);
  return world;
}

function read(world: World, name: string, more = {}): readonly string[] {
  return world
    .controllers()
    .readLog({ namespace: "default", pod: name, ...more })
    .map(({ text }) => text);
}

test("tells a start, and then how it serves", () => {
  const world = worldWith("demo-decode-0");
  world.advance(2000);
  expect(read(world, "demo-decode-0").at(-1)).toMatch(/^INFO loading weights: \d of 4 shards/u);
  world.advance(30_000);
  const lines = read(world, "demo-decode-0");
  expect(lines).toContain("INFO ready");
  expect(lines.at(-1)).toMatch(/^INFO decode: \d+ running, \d+ tokens\/s/u);
});

test("reads the same after a restart of the sandbox", () => {
  const world = worldWith("engine-0");
  world.advance(60_000);
  const before = read(world, "engine-0");
  world.stop();
  world.start();
  expect(read(world, "engine-0")).toEqual(before);
});

test("the end of the life before is in the previous log", () => {
  const world = worldWith("engine-0");
  world.advance(10_000);
  world.annotate("engine-0", { crash: "137" });
  world.advance(5000);
  expect(read(world, "engine-0", { previous: true }).at(-1)).toContain("out of memory");
  expect(read(world, "engine-0").join("\n")).not.toContain("out of memory");
});

test("sinceMs leaves out what was written before", () => {
  const world = worldWith("engine-0");
  world.advance(60_000);
  const sinceMs = world.clock.nowMs() - 15_000;
  const lines = world.controllers().readLog({ namespace: "default", pod: "engine-0", sinceMs });
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.every(({ atMs }) => atMs > sinceMs)).toBe(true);
});

test.each([
  [{ pod: "nobody" }, 'pods "nobody" not found'],
  [{ container: "other" }, "container other is not valid for pod held"],
  [{}, 'container "engine" in pod "held" is waiting to start: ImagePullBackOff'],
  [{ previous: true }, 'previous terminated container "engine" in pod "held" not found'],
])("refuses %o in the words of a kubelet", (query, message) => {
  const world = worldWith("held", { waiting: "ImagePullBackOff" });
  const ask = () => world.controllers().readLog({ namespace: "default", pod: "held", ...query });
  expect(ask).toThrow(message);
});

test("following gives every line once, in order, and ends with the container", () => {
  const world = worldWith("engine-0");
  const seen: LogLine[] = [];
  let hasEnded = false;
  world.controllers().followLog(
    { namespace: "default", pod: "engine-0" },
    (lines) => seen.push(...lines),
    () => {
      hasEnded = true;
    },
  );
  world.advance(30_000);
  expect(seen).toEqual(world.controllers().readLog({ namespace: "default", pod: "engine-0" }));
  expect(hasEnded).toBe(false);
  world.annotate("engine-0", { crash: "1" });
  world.advance(2000);
  expect(hasEnded).toBe(true);
  expect(seen.at(-1)?.text).toBe("ERROR exiting with code 1");
  expect(seen.map(({ atMs }) => atMs)).toEqual(seen.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
});

test("following what has ended and was read ends at once", () => {
  const world = createWorld();
  world.store.create("pods", pod("once", { restartPolicy: "Never" }));
  world.advance(5000);
  const seen: LogLine[] = [];
  let hasEnded = false;
  world.controllers().followLog(
    { namespace: "default", pod: "once", sinceMs: world.clock.nowMs() },
    (lines) => seen.push(...lines),
    () => {
      hasEnded = true;
    },
  );
  expect([hasEnded, seen]).toEqual([true, []]);
});

test("a follower that leaves costs nothing more", () => {
  const world = worldWith("engine-0");
  const stop = world.controllers().followLog(
    { namespace: "default", pod: "engine-0" },
    () => {},
    () => {},
  );
  world.advance(10_000);
  stop();
  world.stop();
  expect(world.clock.nextDueMs()).toBeUndefined();
});
