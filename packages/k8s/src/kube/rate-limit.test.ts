import { expect, test } from "vitest";
import { TokenBucket } from "./rate-limit.ts";

const never = new AbortController().signal;

test("lets a burst through at once and makes the next wait for its turn", async () => {
  let nowMs = 0;
  const bucket = new TokenBucket({ perSecond: 100, burst: 2, nowMs: () => nowMs });
  const order: string[] = [];
  const take = (name: string): Promise<void> => bucket.take(never).then(() => void order.push(name));
  await Promise.all([take("first"), take("second")]);
  const late = Promise.all([take("third"), take("fourth")]);
  await Promise.resolve();
  expect(order).toEqual(["first", "second"]);
  await late;
  expect(order).toEqual(["first", "second", "third", "fourth"]);
  nowMs = 1000;
  await take("after a rest");
});

test("a caller that gives up while it waits is told so", async () => {
  const bucket = new TokenBucket({ perSecond: 0.001, burst: 1, nowMs: () => 0 });
  await bucket.take(never);
  const abort = new AbortController();
  const waiting = expect(bucket.take(abort.signal)).rejects.toThrow();
  abort.abort();
  await waiting;
});
