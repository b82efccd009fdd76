import { expect, test } from "vitest";
import { podCells } from "./table-pods.ts";
import { humanDuration, selectorText } from "./table-text.ts";

const NOW_MS = Date.UTC(2026, 0, 1, 1);

function pod(status: Record<string, unknown>, metadata: Record<string, unknown> = {}) {
  return {
    metadata: { name: "p", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec: { nodeName: "n", containers: [{ name: "a" }, { name: "b" }], initContainers: [{ name: "i" }, { name: "j" }] },
    status,
  };
}

const running = (name: string, extra: Record<string, unknown> = {}) => ({
  name,
  ready: true,
  restartCount: 0,
  state: { running: { startedAt: "2026-01-01T00:00:01Z" } },
  ...extra,
});
const done = (name: string) => ({
  name,
  ready: true,
  restartCount: 0,
  state: { terminated: { exitCode: 0, reason: "Completed" } },
});

test.each([
  ["not scheduled", pod({ phase: "Pending" }), "0/2 Pending 0"],
  [
    "the second init container runs",
    pod({ phase: "Pending", initContainerStatuses: [done("i"), running("j")] }),
    "0/2 Init:1/2 0",
  ],
  ["running", pod({ phase: "Running", containerStatuses: [running("a"), running("b")] }), "2/2 Running 0"],
  [
    "a container in a crash loop",
    pod({
      phase: "Running",
      containerStatuses: [
        running("a"),
        {
          name: "b",
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { finishedAt: "2026-01-01T00:55:00Z" } },
        },
      ],
    }),
    "1/2 CrashLoopBackOff 3 (5m ago)",
  ],
  ["evicted", pod({ phase: "Failed", reason: "Evicted" }), "0/2 Evicted 0"],
  [
    "deleted",
    pod(
      { phase: "Running", containerStatuses: [running("a"), running("b")] },
      { deletionTimestamp: "2026-01-01T01:00:00Z" },
    ),
    "2/2 Terminating 0",
  ],
])("a pod that is %s", (_title, object, expected) => {
  expect(podCells(object, NOW_MS).slice(1, 4).join(" ")).toBe(expected);
});

test.each([
  [500, "0s"],
  [119_000, "119s"],
  [125_000, "2m5s"],
  [600_000, "10m"],
  [3 * 3_600_000 + 60_000, "3h1m"],
  [50 * 3_600_000, "2d2h"],
])("%i ms are %s old", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test("a selector reads as kubectl prints it", () => {
  const matchExpressions = [
    { key: "tier", operator: "In", values: ["b", "a"] },
    { key: "x", operator: "Exists" },
  ];
  expect(selectorText({ matchLabels: { app: "w" }, matchExpressions })).toBe("app=w,tier in (a,b),x");
});
