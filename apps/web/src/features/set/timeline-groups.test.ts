import type { TimelineItem } from "@openpatio/core/view";
import { expect, it } from "vitest";
import { timelineMinutes } from "./timeline-groups.ts";

const NOON = Date.UTC(2026, 0, 2, 12, 0, 0);
const item = (id: string, atMs: number, changes: Partial<TimelineItem> = {}): TimelineItem => ({
  id,
  atMs,
  kind: "group.ready",
  actor: "openpatio",
  namespace: "default",
  set: "demo",
  home: null,
  cluster: null,
  group: 0,
  incarnation: 1,
  cause: null,
  decision: "Group 0 is ready",
  actions: [],
  ...changes,
});

it("newest first, one heading per minute, a line that came twice counts once", () => {
  const lines = [item("9", NOON), item("10", NOON + 61_000), item("11", NOON + 62_000), item("9", NOON)];
  expect(timelineMinutes(lines, "all", null).map((minute) => minute.items.map((line) => line.id))).toEqual([
    ["11", "10"],
    ["9"],
  ]);
});

it("marks where a day begins", () => {
  const lines = [item("3", NOON), item("2", NOON - 60_000), item("1", NOON - 86_400_000)];
  expect(timelineMinutes(lines, "all", null).map((minute) => minute.isNewDay)).toEqual([true, false, true]);
});

it("filters by kind and by group", () => {
  const lines = [
    item("1", NOON, { kind: "group.failed", group: 1 }),
    item("2", NOON),
    item("3", NOON, { group: null }),
  ];
  expect(timelineMinutes(lines, "failures", null).flatMap((minute) => minute.items.map((line) => line.id))).toEqual([
    "1",
  ]);
  expect(timelineMinutes(lines, "all", 0).flatMap((minute) => minute.items.map((line) => line.id))).toEqual(["2"]);
});
