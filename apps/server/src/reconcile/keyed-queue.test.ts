import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { KeyedQueue } from "./keyed-queue.ts";

function setUp(run: (key: string) => Promise<void>) {
  return new KeyedQueue(run, () => Date.now());
}

test("a key that is asked for many times runs once", async () => {
  const runs: string[] = [];
  const queue = setUp(async (key) => {
    runs.push(key);
  });
  for (let i = 0; i < 100; i++) queue.add("a");
  queue.add("b");
  await sleep(20);
  expect(runs.toSorted()).toEqual(["a", "b"]);
});

test("a key waits for the earliest time it was asked for", async () => {
  const runs: string[] = [];
  const queue = setUp(async (key) => {
    runs.push(key);
  });
  queue.add("a", 60_000);
  queue.add("a", 10);
  queue.add("a", 30_000);
  await sleep(60);
  expect(runs).toEqual(["a"]);
  expect(queue.depth).toBe(0);
});

test("what is asked for while a key runs is done after it, never beside it", async () => {
  let active = 0;
  let most = 0;
  let runs = 0;
  const queue = setUp(async (key) => {
    active += 1;
    most = Math.max(most, active);
    runs += 1;
    if (runs < 3) queue.add(key);
    await sleep(5);
    active -= 1;
  });
  queue.add("a");
  await sleep(60);
  expect({ most, runs }).toEqual({ most: 1, runs: 3 });
});

test("stopping waits for what runs and starts nothing more", async () => {
  let ended = false;
  const queue = setUp(async (key) => {
    await sleep(20);
    queue.add(key);
    ended = true;
  });
  queue.add("a");
  await sleep(5);
  await queue.stop();
  expect(ended).toBe(true);
  expect(queue.depth).toBe(0);
});
