import { describe, expect, test } from "vitest";
import { BUILTIN_TYPES } from "./openapi-schema.ts";
import { jsonPatch } from "./patch-json.ts";
import { mergePatch } from "./patch-merge.ts";
import { strategicPatch } from "./patch-strategic.ts";

const POD_SPEC = BUILTIN_TYPES["io.k8s.api.core.v1.PodSpec"];

describe("JSON merge patch", () => {
  test.each([
    [{ a: 1 }, { a: null }, {}],
    [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: "x" }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ])("%j patched with %j is %j", (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
});

describe("JSON patch", () => {
  test("adds, replaces, moves, copies and removes by pointer", () => {
    const target = { "a/b": 1, list: [1, 2, 3], keep: { x: 1 } };
    const patch = [
      { op: "test", path: "/a~1b", value: 1 },
      { op: "add", path: "/list/1", value: 9 },
      { op: "add", path: "/list/-", value: 4 },
      { op: "remove", path: "/list/0" },
      { op: "move", from: "/a~1b", path: "/moved" },
      { op: "copy", from: "/keep", path: "/copied" },
      { op: "replace", path: "/keep/x", value: 2 },
    ];
    expect(jsonPatch(target, patch)).toEqual({ list: [9, 2, 3, 4], moved: 1, copied: { x: 1 }, keep: { x: 2 } });
  });

  test.each([
    [{ op: "remove", path: "/nope" }],
    [{ op: "test", path: "/a", value: 2 }],
    [{ op: "replace", path: "/list/7", value: 2 }],
    [{ op: "add", path: "/no/where", value: 2 }],
  ])("%j does not apply", (step) => {
    expect(() => jsonPatch({ a: 1, list: [] }, [step])).toThrow(
      "the server rejected our request due to an error in our request",
    );
  });
});

describe("strategic merge patch", () => {
  const target = {
    containers: [
      {
        name: "a",
        image: "i:1",
        env: [
          { name: "X", value: "1" },
          { name: "Y", value: "2" },
        ],
        command: ["run"],
      },
      { name: "b", image: "j:1" },
    ],
    nodeSelector: { zone: "z" },
  };

  test("merges keyed lists item by item and replaces the others", () => {
    const patch = { containers: [{ name: "a", command: ["go"], env: [{ name: "Y", value: "3" }] }] };
    expect(strategicPatch(target, patch, POD_SPEC)).toMatchObject({
      containers: [
        { name: "a", image: "i:1", command: ["go"], env: [{ name: "X" }, { name: "Y", value: "3" }] },
        { name: "b" },
      ],
    });
  });

  test("deletes items and fields, and orders items, by directive", () => {
    const patch = {
      "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
      containers: [{ name: "a", env: [{ name: "X", $patch: "delete" }] }],
      nodeSelector: null,
    };
    const result = strategicPatch(target, patch, POD_SPEC);
    expect(result).toMatchObject({ containers: [{ name: "b" }, { name: "a", env: [{ name: "Y" }] }] });
    expect(result).not.toHaveProperty("nodeSelector");
  });

  test("an item without its merge key fails in the words of the API server", () => {
    expect(() => strategicPatch(target, { containers: [{ image: "z" }] }, POD_SPEC)).toThrow(
      "map: map[image:z] does not contain declared merge key: name",
    );
  });
});
