import { expect, it } from "vitest";
import { describeSelection, moveSelection, NOTHING } from "./keyboard.ts";
import { prepareTopology } from "./model.ts";
import { groupView, podsOf, roleView, setDetail } from "./testing.ts";

const ROLES = [roleView("prefill", 2), roleView("decode", 2, ["prefill"])];
const MODEL = prepareTopology(
  setDetail(ROLES),
  [0, 1, 2, 3].map((index) => groupView(index, ROLES)),
  [0, 1, 2, 3].flatMap((index) => podsOf(index, ROLES)),
);

it("the first arrow selects the first group", () => {
  expect(moveSelection(MODEL, NOTHING, "ArrowDown", null)).toEqual({ group: 0, pod: null });
});

it("up and down walk groups and stop at the ends", () => {
  expect(moveSelection(MODEL, { group: 1, pod: null }, "ArrowDown", null)).toEqual({ group: 2, pod: null });
  expect(moveSelection(MODEL, { group: 3, pod: null }, "ArrowDown", null)).toEqual({ group: 3, pod: null });
});

it("right and left walk the pods of a group and come back to the group", () => {
  const first = moveSelection(MODEL, { group: 1, pod: null }, "ArrowRight", null);
  expect(first).toEqual({ group: 1, pod: "demo-1-prefill-0" });
  expect(moveSelection(MODEL, { group: 1, pod: "demo-1-decode-1" }, "ArrowRight", null)?.pod).toBe("demo-1-decode-1");
  expect(first === null ? null : moveSelection(MODEL, first, "ArrowLeft", null)).toEqual({ group: 1, pod: null });
});

it("in a grid all four arrows walk groups", () => {
  expect(moveSelection(MODEL, { group: 0, pod: null }, "ArrowDown", 2)).toEqual({ group: 2, pod: null });
  expect(moveSelection(MODEL, { group: 0, pod: null }, "ArrowRight", 2)).toEqual({ group: 1, pod: null });
});

it("other keys lead nowhere", () => {
  expect(moveSelection(MODEL, NOTHING, "a", null)).toBeNull();
});

it("says what is selected", () => {
  expect(describeSelection(MODEL, { group: 2, pod: null })).toBe("Group 2: Ready, 4 of 4 pods ready.");
  expect(describeSelection(MODEL, { group: 2, pod: "demo-2-decode-0" })).toBe(
    "Pod decode-0 of group 2: Ready, ready, on node-1.",
  );
});
