import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { editYaml, positionOf, renameRoleInYaml, setReplicasInYaml, setToYaml, type YamlEdit } from "./document.ts";

const TEXT = `# A demo.
apiVersion: openpatio.io/v1alpha1
kind:   RoleBasedGroupSet   # padded
metadata: {name: demo,   namespace: default}

spec:
  replicas: 2     # groups
  groupTemplate:
    roles:
    # First prefill,
    # then decode.
    - role: prefill   # compute-bound
      replicas: 2
      dependencies: []
      template: &pod
        spec:
          containers:
          - name: 'engine'
            image: "lmsysorg/sglang:v0.5.9"
            args: [--port, "8000"]   # one line
            command:
            - sh
            - |
              echo one
              echo two

    # The second role.
    - role: decode
      dependencies: [ prefill ]
      template:
        spec:
          containers: [{ name: engine, image: a }]
  # How changes come.
  rollout:
    paused: false
`;

const ROLES = "spec.groupTemplate.roles";

/** Lines of the result that differ from the original: what was removed and what was added. */
function changes(text: string, before = TEXT): { removed: string[]; added: string[] } {
  const [old, now] = [before.split("\n"), text.split("\n")];
  let start = 0;
  while (start < old.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return { removed: old.slice(start, old.length - end), added: now.slice(start, now.length - end) };
}

const edit = (...edits: YamlEdit[]): ReturnType<typeof changes> => changes(editYaml(TEXT, edits));

test("changes only the characters of a scalar", () => {
  expect(edit({ path: "spec.replicas", value: 3 })).toEqual({
    removed: ["  replicas: 2     # groups"],
    added: ["  replicas: 3     # groups"],
  });
  expect(edit({ path: "metadata.name", value: "other" }).added).toEqual([
    "metadata: {name: other,   namespace: default}",
  ]);
});

test("keeps the kind of quotes", () => {
  const container = `${ROLES}[0].template.spec.containers[0]`;
  expect(edit({ path: `${container}.image`, value: 'a"b' }).added).toEqual(['            image: "a\\"b"']);
  expect(edit({ path: `${container}.name`, value: "it's" }).added).toEqual(["          - name: 'it''s'"]);
  expect(edit({ path: `${container}.args[0]`, value: "true" }).added).toEqual([
    '            args: ["true", "8000"]   # one line',
  ]);
});

test("adds fields and items in the style of their surroundings", () => {
  expect(edit({ path: `${ROLES}[1].replicas`, value: 4 })).toEqual({ removed: [], added: ["      replicas: 4"] });
  expect(edit({ path: "metadata.labels", value: { a: "b" } }).added).toEqual([
    "metadata: {name: demo,   namespace: default, labels: { a: b }}",
  ]);
  expect(edit({ path: `${ROLES}[1].dependencies[1]`, value: "router" }).added).toEqual([
    "      dependencies: [ prefill, router ]",
  ]);
  expect(edit({ path: `${ROLES}[0].template.spec.containers[0].command[2]`, value: "x" })).toEqual({
    removed: [],
    added: ["            - x"],
  });
  expect(
    edit({ path: `${ROLES}[2]`, value: { role: "router", template: { spec: { containers: [] } } } }).added,
  ).toEqual(["    - role: router", "      template:", "        spec:", "          containers: []"]);
  expect(edit({ path: "spec.placement.topology.key", value: "rack" }).added).toEqual([
    "  placement:",
    "    topology:",
    "      key: rack",
  ]);
});

test("gives an empty list or map its first entry", () => {
  expect(edit({ path: `${ROLES}[0].dependencies[0]`, value: "decode" })).toEqual({
    removed: ["      dependencies: []"],
    added: ["      dependencies:", "        - decode"],
  });
});

test("replaces block text and collections", () => {
  const command = `${ROLES}[0].template.spec.containers[0].command`;
  expect(edit({ path: `${command}[1]`, value: "echo\nthree\n" })).toEqual({
    removed: ["              echo one", "              echo two"],
    added: ["              echo", "              three"],
  });
  expect(edit({ path: command, value: ["a"] }).added).toEqual(["              - a"]);
});

test("deletes an entry with the comment that is about it", () => {
  expect(edit({ path: "spec.rollout.paused", delete: true })).toEqual({
    removed: ["  rollout:", "    paused: false"],
    added: ["  rollout: {}"],
  });
  expect(edit({ path: "spec.rollout", delete: true })).toEqual({
    removed: ["  # How changes come.", "  rollout:", "    paused: false"],
    added: [],
  });
  expect(edit({ path: `${ROLES}[1]`, delete: true }).removed[0]).toBe("    # The second role.");
  expect(edit({ path: `${ROLES}[1].dependencies[0]`, delete: true }).added).toEqual(["      dependencies: []"]);
  expect(edit({ path: `${ROLES}[0].template.spec.containers[0].args[0]`, delete: true }).added).toEqual([
    '            args: ["8000"]   # one line',
  ]);
  expect(edit({ path: `${ROLES}[1].role`, delete: true }).added).toEqual(["    - dependencies: [ prefill ]"]);
});

test("an edit that changes nothing leaves the text alone, and so does text that cannot be read", () => {
  expect(
    editYaml(TEXT, [
      { path: "spec.replicas", value: 2 },
      { path: "spec.nothing", delete: true },
    ]),
  ).toBe(TEXT);
  expect(editYaml("a: [1", [{ path: "a", value: 2 }])).toBe("a: [1");
});

test("writes aliases out where an edit would otherwise reach their anchor", () => {
  const text = "a: &x { n: 1 } # kept\nb: *x\n";
  expect(parse(editYaml(text, [{ path: "b.n", value: 2 }]))).toEqual({ a: { n: 1 }, b: { n: 2 } });
  expect(editYaml(text, [{ path: "c", value: 2 }])).toBe(`${text}c: 2\n`);
});

test("leaves an alias bomb alone", () => {
  const bomb =
    "a: &a [x]\n" +
    "bcdefghij"
      .split("")
      .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefghi"[i]}`).join()}]`)
      .join("\n");
  expect(editYaml(bomb, [{ path: "k", value: 1 }])).toBe(bomb);
  expect(renameRoleInYaml(bomb, "a", "b")).toBe(bomb);
});

test("begins a document from nothing", () => {
  expect(parse(editYaml("", [{ path: "spec.replicas", value: 1 }]))).toEqual({ spec: { replicas: 1 } });
});

test("scales groups and roles", () => {
  expect(changes(setReplicasInYaml(TEXT, null, 5)).added).toEqual(["  replicas: 5     # groups"]);
  expect(changes(setReplicasInYaml(TEXT, "prefill", 0)).added).toEqual(["      replicas: 0"]);
  expect(setReplicasInYaml(TEXT, "nobody", 1)).toBe(TEXT);
});

test("renames a role and the dependencies on it", () => {
  const renamed = renameRoleInYaml(TEXT, "prefill", "pre");
  expect(renamed).toBe(TEXT.replace("role: prefill ", "role: pre ").replace("[ prefill ]", "[ pre ]"));
});

test("tells where a path stands", () => {
  expect(positionOf(TEXT, "spec.replicas")).toEqual({ line: 7, column: 13 });
  expect(positionOf(TEXT, `${ROLES}[1].dependencies[0]`)).toEqual({ line: 29, column: 23 });
  expect(positionOf(TEXT, "spec.rollout.maxSurge")).toEqual({ line: 34, column: 3 });
});

test("prints a manifest that reads back", () => {
  const manifest = { kind: "X", spec: { text: "yes", lines: "a\nb\n", none: undefined } };
  expect(setToYaml(manifest)).toBe("kind: X\nspec:\n  text: yes\n  lines: |\n    a\n    b\n");
});

test("any sequence of edits leads to the data that was asked for, and keeps the comments outside", () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      "x",
      "yes",
      "a: b",
      "# no",
      "two\nlines\n",
      "",
      " pad ",
      "'q'",
      7,
      true,
      null,
      [],
      {},
      ["a", { b: 1 }],
      { c: ["d"], e: { f: "g" } },
    ),
    fc.string({ maxLength: 8 }),
  );
  const path = fc.constantFrom(
    "metadata.labels.app",
    "metadata.name",
    "spec.replicas",
    "spec.new.deep",
    "spec.rollout.paused",
    "spec.rollout.extra",
    `${ROLES}[0].role`,
    `${ROLES}[0].dependencies`,
    `${ROLES}[1].dependencies[0]`,
    `${ROLES}[1].template.spec.containers[0].image`,
    `${ROLES}[0].template.spec.containers[0].command[1]`,
    `${ROLES}[0].template.spec.containers[0].args`,
    `${ROLES}[0].x`,
  );
  const edits = fc.array(fc.tuple(path, value), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(edits, (list) => {
      const text = editYaml(
        TEXT,
        list.map(([at, to]) => ({ path: at, value: to })),
      );
      const [at, to] = list.at(-1) ?? ["", null];
      const read = at
        .match(/[^.[\]]+/g)
        ?.reduce<unknown>((data, key) => (data as Record<string, unknown>)[key], parse(text));
      expect(read).toEqual(to);
      expect(text).toContain("# A demo.");
      expect(text).toContain("# How changes come.");
    }),
    { numRuns: 200 },
  );
});
