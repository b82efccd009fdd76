/* oxlint-disable unicorn/no-thenable -- `then` is what becomes of a group, and nobody awaits one */
import type { PreviewGroup } from "@openpatio/core/view";
import { describe, expect, test } from "vitest";
import { orderGroups, prepareStartup } from "./prepare-startup.ts";

function group(index: number, part: Partial<PreviewGroup>): PreviewGroup {
  return {
    index,
    now: "Ready",
    then: "restarts",
    fromRevision: 1,
    toRevision: 2,
    cluster: "west",
    domain: "rack-a",
    podsStopped: 3,
    podsNow: 3,
    podsAfter: 3,
    why: "",
    refusals: [],
    ...part,
  };
}
const WAVES = [
  { wave: 1, roles: [{ role: "prefill", replicas: 2, size: 1 }], after: [] },
  { wave: 2, roles: [{ role: "decode", replicas: 4, size: 1 }], after: ["prefill"] },
];
const beginOf = (groups: readonly PreviewGroup[], budget: number) =>
  prepareStartup({ groups, waves: WAVES }, budget).lanes.map((lane) => [
    lane.group,
    lane.segments.find((segment) => segment.kind === "stops")?.from,
  ]);

describe("order", () => {
  test("not Ready first, then the highest index", () => {
    const groups = [group(0, {}), group(1, { now: "Recovering" }), group(2, {}), group(3, { then: "unplaced" })];
    expect(orderGroups(groups).map((each) => each.index)).toEqual([1, 2, 0, 3]);
  });

  test("new groups start in the order of their index", () => {
    const groups = [1, 0].map((index) => group(index, { then: "starts", now: "none" }));
    expect(orderGroups(groups).map((each) => each.index)).toEqual([0, 1]);
  });
});

describe("lanes", () => {
  test("a Ready group stops when the one before it serves again", () => {
    expect(beginOf([group(0, {}), group(1, {}), group(2, {})], 1)).toEqual([
      [2, 0],
      [1, 3],
      [0, 6],
    ]);
  });

  test("as many at once as the budget allows", () => {
    expect(beginOf([group(0, {}), group(1, {}), group(2, {})], 2)).toEqual([
      [2, 0],
      [1, 0],
      [0, 3],
    ]);
  });

  test("a group that is down begins at once, and Ready ones wait for it", () => {
    expect(beginOf([group(0, {}), group(1, { now: "Failed" }), group(2, { now: "Recovering" })], 1)).toEqual([
      [2, 0],
      [1, 0],
      [0, 3],
    ]);
  });

  test("waves follow the stop, and before and after it the group serves", () => {
    const { lanes, steps } = prepareStartup({ groups: [group(0, {}), group(1, {})], waves: WAVES }, 1);
    expect(steps).toBe(7);
    expect(lanes[1]?.segments).toEqual([
      { kind: "serves", from: 0, to: 3, text: "serves revision 1" },
      { kind: "stops", from: 3, to: 4, text: "stops" },
      { kind: "wave", from: 4, to: 5, text: "prefill" },
      { kind: "wave", from: 5, to: 6, text: "decode" },
      { kind: "serves", from: 6, to: 7, text: "serves revision 2" },
    ]);
  });

  test("what has no place says so, and what is removed ends", () => {
    const { lanes } = prepareStartup(
      {
        groups: [group(0, { then: "unplaced", cluster: null, domain: null }), group(1, { then: "removed" })],
        waves: WAVES,
      },
      1,
    );
    expect(lanes.map((lane) => [lane.where, lane.segments.map((segment) => segment.kind)])).toEqual([
      ["west/rack-a", ["stops", "gone"]],
      ["no place", ["waits"]],
    ]);
  });

  test("no group, one empty step", () => {
    expect(prepareStartup({ groups: [], waves: WAVES }, 1).lanes).toEqual([]);
  });
});
