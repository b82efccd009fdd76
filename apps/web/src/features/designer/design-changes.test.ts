import { describe, expect, test } from "vitest";
import { readDesign } from "./design.ts";
import { changesOf, countChanges, wasText } from "./design-changes.ts";
import { COMMENTED } from "./testing.ts";

const stored = readDesign(COMMENTED);
const changed = (...replacements: readonly (readonly [string, string])[]) =>
  readDesign(replacements.reduce((text, [from, to]) => text.replaceAll(from, to), COMMENTED));

describe("counting", () => {
  test.each([
    ["nothing", [], 0],
    ["a comment", [["# in front", "# at the front"]], 0],
    ["one number", [["replicas: 4", "replicas: 5"]], 1],
    ["an image in two roles", [["sglang:0.5.9", "sglang:0.5.10"]], 2],
    ["a role renamed is one gone and one new", [["role: kv-store", "role: store"]], 2],
  ] as const)("%s", (_, replacements, count) => {
    expect(countChanges(stored.data, changed(...replacements).data)).toBe(count);
  });

  test("roles in another order are no change", () => {
    const list = [{ role: "a", replicas: 1 }, { role: "b" }];
    expect(countChanges(list, list.toReversed())).toBe(0);
  });

  test("a section that came is one change", () => {
    expect(countChanges({ spec: {} }, { spec: { placement: { topology: { key: "rack", mode: "Required" } } } })).toBe(
      1,
    );
  });
});

describe("cards", () => {
  test("a role of a stored set that is not stored is new", () => {
    const [kv, prefill] = changed(["role: kv-store", "role: store"]).roles;
    if (kv === undefined || prefill === undefined) throw new Error("no roles");
    expect(changesOf(kv, stored)).toEqual({ isNew: true, before: null });
    expect(changesOf(prefill, stored)).toMatchObject({ isNew: false, before: { name: "prefill" } });
  });

  test("in a set that is not stored nothing is marked as new", () => {
    const [kv] = stored.roles;
    if (kv === undefined) throw new Error("no role");
    expect(changesOf(kv, null)).toEqual({ isNew: false, before: null });
  });
});

test("a field says what it was only where it differs", () => {
  expect(wasText("5", "4")).toBe("was 4");
  expect(wasText("5", "")).toBe("was not set");
  expect(wasText("5", "5")).toBeUndefined();
  expect(wasText("5", undefined)).toBeUndefined();
});
