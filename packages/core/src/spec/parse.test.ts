import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Problem, parseSetYaml } from "./index.ts";

const VALID = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata: { name: demo-group }
spec:
  groupTemplate:
    roles:
      - role: prefill
        template: { spec: { containers: [{ name: engine, image: "a:1" }] } }
      - role: decode
        replicas: 2
        dependencies: [prefill]
        template: { spec: { containers: [{ name: engine, image: "a:1" }] } }
`;

const problemsOf = (text: string): readonly Problem[] => {
  const parsed = parseSetYaml(text);
  return parsed.ok ? [] : parsed.problems;
};

describe("a valid set", () => {
  test("gets every default and its namespace", () => {
    const parsed = parseSetYaml(VALID, { namespace: "models" });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.manifest.metadata).toEqual({ name: "demo-group", namespace: "models" });
    expect(parsed.spec).toMatchObject({
      replicas: 1,
      startupPolicy: "Ordered",
      placement: { strategy: "Pack", whenFull: "Wait" },
      rollout: { strategy: "GroupRolling", maxUnavailable: 1, progressDeadlineSeconds: 1800 },
      recovery: { policy: "RecreateGroup", backoff: { baseSeconds: 30, maxSeconds: 600, stableAfterSeconds: 1200 } },
    });
    expect(parsed.spec.groupTemplate.roles.map(({ role, replicas }) => [role, replicas])).toEqual([
      ["prefill", 1],
      ["decode", 2],
    ]);
  });

  test("keeps the present number of groups where the update names none", () => {
    const present = parseSetYaml(VALID.replace("spec:\n", "spec:\n  replicas: 7\n"));
    if (!present.ok) throw new Error();
    const update = parseSetYaml(VALID, { present: present.spec });
    expect(update.ok && update.spec.replicas).toBe(7);
    const zero = parseSetYaml(VALID.replace("spec:\n", "spec:\n  replicas: 0\n"), { present: present.spec });
    expect(zero.ok && zero.spec.replicas).toBe(0);
  });

  test("may be what kubectl prints: fields of the server are ignored, and named", () => {
    const parsed = parseSetYaml(
      `${VALID.replace("demo-group", "demo-group, uid: x, generation: 3")}status: { phase: Ready }\n`,
    );
    expect(parsed.ok && parsed.warnings.map(({ path }) => path)).toEqual([
      "metadata.uid",
      "metadata.generation",
      "status",
    ]);
  });

  test("reads an empty value as an absent one, except inside a pod", () => {
    const parsed = parseSetYaml(
      VALID.replace("dependencies: [prefill]", "dependencies:").replace(
        'image: "a:1" }] } }\n',
        'image: "a:1", command: }] } }\n',
      ),
    );
    expect(parsed.ok && parsed.spec.groupTemplate.roles.map(({ dependencies }) => dependencies)).toEqual([[], []]);
    expect(parsed.ok && parsed.spec.groupTemplate.roles[0]?.template.spec.containers[0]).toHaveProperty(
      "command",
      null,
    );
  });

  test("reads anchors, merge keys and octal modes as Kubernetes does", () => {
    const parsed = parseSetYaml(
      VALID.replace("template: { spec", "template: &pod { spec").replace(
        /template: \{ spec: \{ containers: \[\{ name: engine, image: "a:1" \}\] \} \}\n$/,
        'template:\n          <<: *pod\n          mode: 0755\n          word: "0755"\n',
      ),
    );
    expect(parsed.ok && parsed.spec.groupTemplate.roles[1]?.template).toEqual({
      spec: { containers: [{ name: "engine", image: "a:1" }] },
      mode: 493,
      word: "0755",
    });
  });
});

test("reports everything at once: structure and rules, in the order of the text, each with its place", () => {
  const problems = problemsOf(`apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: demo
  labels: { version: 1 }
spec:
  replcas: 2
  startupPolicy: ordered
  groupTemplate:
    roles:
      - role: Router
        replicas: -1
        dependencies: [decode]
        template:
          spec:
            contianers:
              - name: a
      - role: decode
        replicas: "2"
        dependencies: [Router, decde]
        template:
          spec:
            containers: [{ name: a, env: [{ name: A }, { name: A }], ports: [{ containerPort: 99999 }] }]
  rollout: { maxSurge: 1, maxUnavailable: 120%, paused: yes }
`);
  expect(
    problems.map(({ line, column, path, code, suggestion }) => [`${line}:${column}`, path, code, suggestion]),
  ).toEqual([
    ["5:22", "metadata.labels.version", "type", '"1"'],
    ["7:3", "spec.replcas", "unknown-field", "replicas"],
    ["8:18", "spec.startupPolicy", "value", "Ordered"],
    ["11:15", "spec.groupTemplate.roles[0].role", "value", "router"],
    ["12:19", "spec.groupTemplate.roles[0].replicas", "value", undefined],
    ["15:11", "spec.groupTemplate.roles[0].template.spec.containers", "type", undefined],
    ["19:19", "spec.groupTemplate.roles[1].replicas", "type", "2"],
    ["20:24", "spec.groupTemplate.roles[1].dependencies[0]", "cycle", undefined],
    ["20:32", "spec.groupTemplate.roles[1].dependencies[1]", "unknown-role", undefined],
    ["23:64", "spec.groupTemplate.roles[1].template.spec.containers[0].env[1].name", "duplicate", undefined],
    ["23:95", "spec.groupTemplate.roles[1].template.spec.containers[0].ports[0].containerPort", "value", undefined],
    ["24:43", "spec.rollout.maxUnavailable", "value", undefined],
    ["24:57", "spec.rollout.paused", "type", "true"],
  ]);
  expect(problems.find(({ code }) => code === "unknown-field")?.message).toContain("Was replicas meant?");
  expect(problems.find(({ path }) => path.endsWith("containers"))?.message).toContain("contianers is here");
});

test.each([
  ["nothing", "", "syntax", undefined],
  ["comments only", "# only a comment\n", "syntax", undefined],
  ["a list", "- 1\n", "type", 1],
  ["an open bracket", "a: [1,\n", "syntax", 2],
  ["a tab", "a:\n\t- b\n", "syntax", 2],
  ["an unknown alias", "a: *x\n", "syntax", 1],
  ["an alias inside its anchor", "a: &x [*x]\n", "syntax", 1],
  ["a key given twice", "a: 1\nb: 2\na: 3\n", "duplicate", 3],
  ["a key that is a list", "? [a]\n: 1\n", "syntax", 1],
  ["a prototype key", "a: 1\n__proto__: { polluted: true }\n", "value", 2],
  ["a number beyond JSON", "a: .inf\n", "value", 1],
  ["deep nesting", `a: ${"[".repeat(100)}${"]".repeat(100)}\n`, "too-large", undefined],
  ["very deep nesting", "[".repeat(20_000), "too-large", undefined],
  ["very deep indentation", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""), "too-large", 66],
  ["very many list dashes", `${"- ".repeat(100)}a\n`, "too-large", 1],
  ["five megabytes", "a".repeat(5_000_000), "too-large", undefined],
  ["a megabyte in another script", "ü".repeat(600_000), "too-large", undefined],
  ["half a megabyte of commas", `a: [${",".repeat(500_000)}]`, "too-large", undefined],
  ["a flood of documents", "--- a\n".repeat(300), "too-large", undefined],
  ["another API", "apiVersion: v1\nkind: Pod\n", "value", 1],
  ["another dialect", "apiVersion: workloads.x-k8s.io/v1alpha2\nkind: RoleBasedGroup\n", "value", 1],
])("%s is one problem with its place", (_, text, code, line) => {
  const problems = problemsOf(text);
  expect(problems.map((problem) => problem.code)).toEqual([code]);
  expect(problems[0]?.line).toBe(line);
});

test("what is wrong before the schema is asked has its path, too", () => {
  const twice = VALID.replace("replicas: 2\n", "replicas: 2\n        replicas: 3\n");
  expect(problemsOf(twice)).toEqual([
    expect.objectContaining({ path: "spec.groupTemplate.roles[1]", code: "duplicate", line: 11, column: 9 }),
  ]);
  expect(problemsOf("a:\n  b: [1, .nan]\n")[0]).toMatchObject({ path: "a.b[1]", line: 2, column: 10 });
});

test("a flood of problems is cut off, and the rest counted", () => {
  const env = Array.from({ length: 5_000 }, () => "{ name: A }").join(", ");
  const problems = problemsOf(VALID.replace("name: engine", `name: engine, env: [${env}]`));
  expect(problems).toHaveLength(201);
  expect(problems.at(-1)?.message).toContain("4799 more problems");
  expect(problemsOf(`a: "b" ${'"x" '.repeat(20_000)}`).length).toBeLessThanOrEqual(20);
});

test("an alias bomb is refused by the number of its values", () => {
  const letters = "abcdefghij";
  const bomb = letters
    .split("")
    .map(
      (letter, i) =>
        `${letter}: &${letter} [${Array(9)
          .fill(i === 0 ? "x" : `*${letters[i - 1]}`)
          .join(",")}]`,
    )
    .join("\n");
  expect(problemsOf(bomb).map(({ code }) => code)).toEqual(["too-large"]);
});

test("several documents are named", () => {
  expect(problemsOf(`${VALID}---\nkind: Service\nmetadata: { name: web }\n`)[0]?.message).toContain(
    "2 documents (RoleBasedGroupSet demo-group, Service web)",
  );
  expect(parseSetYaml(`---\n${VALID}---\n`).ok).toBe(true);
});

test("keys that objects inherit are ordinary keys", () => {
  const parsed = parseSetYaml(
    VALID.replace("demo-group }", "demo-group, labels: { constructor: a, toString: b, hasOwnProperty: c } }"),
  );
  expect(parsed.ok && parsed.manifest.metadata.labels).toEqual({
    constructor: "a",
    toString: "b",
    hasOwnProperty: "c",
  });
  expect(problemsOf(VALID.replace("replicas", "constructor")).map(({ code }) => code)).toEqual(["unknown-field"]);
});

describe("hostile input", () => {
  const fragment = fc.constantFrom(
    ..."\n|\n  |: |- |? |[|]|{|}|,|&a |*a|\"|'|\t|# |---\n|...\n|!!map |!<x> |%YAML 1.1\n|<<: |>-\n|\\|\u0000|\ufeff|\ud800|~|0x1F|1e999|spec:|roles:|__proto__:".split(
      "|",
    ),
  );
  const noise = fc
    .array(fc.oneof(fragment, fc.string({ maxLength: 5 })), { maxLength: 60 })
    .map((parts) => parts.join(""));

  test("never throws and pollutes nothing, whatever the text", () => {
    fc.assert(
      fc.property(noise, (text) => {
        const parsed = parseSetYaml(text);
        expect(parsed.ok).toBe(false);
        expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("never throws when a valid document is damaged anywhere", () => {
    fc.assert(
      fc.property(fc.nat(VALID.length), fc.nat(40), noise, (at, cut, insert) => {
        const parsed = parseSetYaml(VALID.slice(0, at) + insert + VALID.slice(at + cut));
        if (!parsed.ok) for (const { message } of parsed.problems) expect(message).not.toMatch(/undefined|\[object/);
      }),
      { numRuns: 300 },
    );
  });

  test("never throws on any values in the places of the schema", () => {
    const base = (value: unknown): unknown => ({
      apiVersion: "openpatio.io/v1alpha1",
      kind: "RoleBasedGroupSet",
      metadata: value,
      spec: {
        groupTemplate: { metadata: value, roles: [value, { role: value, dependencies: value, template: value }] },
        rollout: value,
        recovery: value,
        entry: value,
      },
    });
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        expect(parseSetYaml(JSON.stringify(base(value))).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
