import { describe, expect, test } from "vitest";
import { readDesign, ringArrows, ringIfWaiting, roleIndexOf, unknownDependencies } from "./design.ts";
import { COMMENTED } from "./testing.ts";

describe("reading a definition", () => {
  test("gives roles with what a card shows", () => {
    const design = readDesign(COMMENTED);
    expect(design.problems).toEqual([]);
    expect(design).toMatchObject({
      name: "qwen-pd",
      namespace: "default",
      replicas: 2,
      isReadable: true,
      isEditable: true,
    });
    expect(
      design.roles.map(({ name, replicas, gpusPerPod, dependencies }) => [name, replicas, gpusPerPod, dependencies]),
    ).toEqual([
      ["kv-store", 1, 0, []],
      ["prefill", 2, 4, ["kv-store"]],
      ["decode", 4, 0, ["kv-store", "prefill"]],
      ["router", 1, 0, ["prefill", "decode"]],
    ]);
    expect(design.roles[1]?.containers[0]).toMatchObject({
      image: "sglang:0.5.9",
      gpus: "4",
      ports: [{ name: "http", port: 8000 }],
    });
  });

  test("finds nothing wrong while there is nothing", () => {
    expect(readDesign(" \n")).toMatchObject({ problems: [], roles: [], isReadable: false, isEditable: true });
  });

  test("keeps drawing what can be understood of half-typed text", () => {
    const typed = `${COMMENTED}      - role:\n`;
    const design = readDesign(typed);
    expect(design.roles.map((role) => role.name)).toEqual(["kv-store", "prefill", "decode", "router", ""]);
    expect(design.roles[4]?.problems).not.toEqual([]);
    expect(design.roles[0]?.problems).toEqual([]);
  });

  test.each([
    ["a scalar", "hello"],
    ["a list", "- a\n- b"],
    ["roles that are no list", "spec: { groupTemplate: { roles: 3 } }"],
    ["a role that is no map", "spec: { groupTemplate: { roles: [3, null, [x]] } }"],
    [
      "containers that are no list",
      "spec: { groupTemplate: { roles: [{ role: a, template: { spec: { containers: x } } }] } }",
    ],
    ["an open bracket", "spec: [a, {b"],
    ["tabs", "spec:\n\tx: 1"],
    ["an unknown alias", "spec: *nowhere"],
    ["aliases of aliases", "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]"],
    ["prototype keys", "__proto__: { roles: [] }\nconstructor: 1"],
  ])("does not throw on %s, and says what is wrong", (_, text) => {
    expect(readDesign(text).problems).not.toEqual([]);
  });

  test("can't be patched while it has syntax errors", () => {
    expect(readDesign(`${COMMENTED}  placement: [a`).isEditable).toBe(false);
  });

  test.each([
    ["5 MB of comments", `${COMMENTED}# ${"x".repeat(5_000_000)}`],
    ["a megabyte of commas", `a: [${",".repeat(1_000_000)}`],
  ])("reads no further into %s", (_, text) => {
    const design = readDesign(text);
    expect(design.problems.map((problem) => problem.code)).toEqual(["too-large"]);
    expect(design).toMatchObject({ data: null, roles: [], isEditable: false });
  });

  test("shows where a value comes from, never the value", () => {
    const { roles } = readDesign(
      "spec: { groupTemplate: { roles: [{ role: a, template: { spec: { containers: [{ name: c, env: [{ name: T, valueFrom: { secretKeyRef: { name: hf, key: token } } }] }] } } }] } }",
    );
    expect(roles[0]?.containers[0]?.env).toEqual([{ name: "T", value: "secret hf/token", isReference: true }]);
  });
});

describe("dependencies", () => {
  const roles = [
    { name: "kv-store", dependencies: [] },
    { name: "prefill", dependencies: ["kv-store"] },
    { name: "router", dependencies: ["prefill"] },
  ];

  test("a ring is named in the order of starts, from the role that would wait", () => {
    expect(ringIfWaiting(roles, "kv-store", "router")).toEqual(["kv-store", "prefill", "router", "kv-store"]);
    expect(ringIfWaiting(roles, "prefill", "prefill")).toEqual(["prefill", "prefill"]);
  });

  test("what only shortens the way is no ring", () => {
    expect(ringIfWaiting(roles, "router", "kv-store")).toBeNull();
  });

  test("a ring that is there already does not hide another one, nor end the search", () => {
    const ringed = [...roles, { name: "a", dependencies: ["b"] }, { name: "b", dependencies: ["a"] }];
    expect(ringIfWaiting(ringed, "kv-store", "prefill")).toEqual(["kv-store", "prefill", "kv-store"]);
    expect(ringIfWaiting(ringed, "router", "a")).toBeNull();
  });

  test("the arrows of a ring in the text are marked, the others are not", () => {
    const ringed = [{ name: "kv-store", dependencies: ["router"] }, ...roles.slice(1)];
    expect([...ringArrows(ringed)].sort()).toEqual(["kv-store > prefill", "prefill > router", "router > kv-store"]);
    expect(ringArrows(roles).size).toBe(0);
  });

  test("a dependency that no role has is known", () => {
    const { roles: read } = readDesign(COMMENTED.replace("[prefill, decode]", "[prefil, decode]"));
    expect(read.map((role) => unknownDependencies(read, role))).toEqual([[], [], [], ["prefil"]]);
    expect(read[3]?.problems.map(({ code, suggestion }) => ({ code, suggestion }))).toEqual([
      { code: "unknown-role", suggestion: "prefill" },
    ]);
  });
});

test("a problem belongs to the role of its path", () => {
  expect(roleIndexOf({ path: "spec.groupTemplate.roles[2].template" })).toBe(2);
  expect(roleIndexOf({ path: "spec.groupTemplate.roles" })).toBeNull();
  expect(roleIndexOf({ path: "metadata.name" })).toBeNull();
});
