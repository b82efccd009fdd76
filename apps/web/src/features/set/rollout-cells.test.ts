import { describe, expect, it } from "vitest";
import { groupView, roleView, setDetail } from "#features/topology/testing.ts";
import { canaryText } from "./canary-text.ts";
import { restSentence, rolloutCells } from "./rollout-cells.ts";

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

describe("under the track", () => {
  const waiting = groupView(0, ROLES, { phase: "Pending", incarnation: 0 });
  it.each([
    [[], "No groups are asked for."],
    [[waiting], "No group has started yet; they begin at revision 2."],
    [[waiting, groupView(1, ROLES)], "1 of 2 groups have started, at revision 2."],
    [[groupView(1, ROLES)], "Every group is on revision 2."],
  ])("what is said is true of groups that have not started, too", (groups, sentence) => {
    expect(restSentence(rollout, groups)).toContain(sentence);
  });

  it.each([
    [
      { heldBack: 2, isActive: false, partition: 2, target: 4, updatedGroups: 1 },
      "Canary: 1 of 3 groups on revision 4; partition 2 holds 2 back.",
    ],
    [
      { heldBack: 0, isActive: false, partition: 2, target: 4, updatedGroups: 3 },
      "Partition 2: a new revision goes to groups from 2 up first.",
    ],
    [
      { heldBack: 0, isActive: false, partition: 3, target: 4, updatedGroups: 3 },
      "Partition 3: no group takes a new revision until it is lowered.",
    ],
    [
      { heldBack: 2, isActive: true, partition: 2, target: 4, updatedGroups: 1 },
      "Partition 2 holds 2 of 3 groups back.",
    ],
  ])("a canary says how far it is", (facts, sentence) => {
    expect(canaryText({ replicas: 3, rollout: facts })).toBe(sentence);
  });
});
