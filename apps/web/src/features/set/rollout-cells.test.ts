import { describe, expect, it } from "vitest";
import { groupView, roleView, setDetail } from "#features/topology/testing.ts";
import { rolloutCells } from "./rollout-cells.ts";

const ROLES = [roleView("decode", 4)];
const rollout = { ...setDetail(ROLES).rollout, target: 2, current: 1, isActive: true };

describe("rolloutCells", () => {
  it("a cell says how much of its group is ready on the wanted revision", () => {
    const working = groupView(2, ROLES, {
      phase: "Updating",
      revision: 2,
      roles: [
        {
          role: "decode",
          ready: 1,
          replicas: 4,
          size: 1,
          stage: "starting",
          waitsFor: [],
          restart: null,
          behind: null,
        },
      ],
    });
    const cells = rolloutCells(rollout, [working, groupView(0, ROLES), groupView(3, ROLES, { revision: 2 })]);
    expect(cells.map((cell) => [cell.first, cell.isNew, cell.fraction])).toEqual([
      [0, false, 0],
      [2, true, 0.25],
      [3, true, 1],
    ]);
  });

  it("many groups become ranges: before the front, in work, done", () => {
    const groups = Array.from({ length: 40 }, (_, index) =>
      groupView(index, ROLES, {
        revision: index >= 30 ? 2 : 1,
        phase: index === 30 ? "Updating" : index === 3 ? "Failed" : "Ready",
      }),
    );
    expect(rolloutCells(rollout, groups).map((cell) => [cell.first, cell.last, cell.state])).toEqual([
      [0, 29, "failed"],
      [30, 30, "updating"],
      [31, 39, "ready"],
    ]);
  });

  it("an extra group is marked and stands apart, and so does what the partition holds back", () => {
    const groups = [0, 1, 2, 3].map((index) =>
      groupView(index, ROLES, { revision: index < 2 ? 1 : 2, isSurge: index === 3 }),
    );
    expect(
      rolloutCells({ ...rollout, partition: 2 }, groups).map((cell) => [cell.first, cell.isHeld, cell.isExtra]),
    ).toEqual([
      [0, true, false],
      [1, true, false],
      [2, false, false],
      [3, false, true],
    ]);
  });
});
