import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type StatusAction, StatusWriter } from "./status-writer.ts";

const status = (phase: string, ready: number, group = 0): StatusAction => ({
  kind: "status",
  group,
  ref: {
    cluster: "c",
    apiVersion: "openpatio.io/v1alpha1",
    kind: "RoleBasedGroup",
    namespace: "n",
    name: "g",
    uid: "u",
  },
  status: { phase, ready },
});

function setUp(answer: () => boolean = () => true) {
  const written: unknown[] = [];
  const writer = new StatusWriter(
    async (_, action) => {
      written.push(action.status);
      return answer();
    },
    () => Date.now(),
  );
  return { writer, written };
}

test("a new phase is written at once, what only counts waits and the last value wins", async () => {
  const { writer, written } = setUp();
  writer.offer("s", [status("Starting", 0)]);
  await sleep(20);
  for (const ready of [1, 2, 3]) writer.offer("s", [status("Starting", ready)]);
  await sleep(50);
  expect(written).toEqual([{ phase: "Starting", ready: 0 }]);
  await sleep(1_000);
  expect(written).toEqual([
    { phase: "Starting", ready: 0 },
    { phase: "Starting", ready: 3 },
  ]);
});

test("a status that was just written is not written again while the watch has not shown it", async () => {
  const { writer, written } = setUp();
  writer.offer("s", [status("Ready", 4)]);
  await sleep(20);
  writer.offer("s", [status("Ready", 4)]);
  await sleep(1_050);
  expect(written).toHaveLength(1);
});

test("the same status with a later time in its condition is not written again", async () => {
  const { writer, written } = setUp();
  const since = (lastTransitionTime: string): StatusAction => ({
    ...status("Ready", 4),
    status: { phase: "Ready", conditions: [{ type: "Ready", status: "True", lastTransitionTime }] },
  });
  writer.offer("s", [since("2026-01-01T00:00:00Z")]);
  await sleep(20);
  writer.offer("s", [since("2026-01-01T00:00:01Z")]);
  await sleep(1_050);
  expect(written).toHaveLength(1);
});

test("a status that is not wanted any more is not written", async () => {
  const { writer, written } = setUp();
  writer.offer("s", [status("Ready", 4), status("Ready", 4, 1)]);
  writer.offer("s", [status("Ready", 4, 1)]);
  await sleep(20);
  expect(written).toHaveLength(1);
});

test("a status that failed is written when it is offered again", async () => {
  let isUp = false;
  const { writer, written } = setUp(() => isUp);
  writer.offer("s", [status("Ready", 4)]);
  await sleep(20);
  isUp = true;
  writer.offer("s", [status("Ready", 4)]);
  await sleep(20);
  expect(written).toHaveLength(2);
});
