import { describe, expect, test } from "vitest";
import { findCycles, type Problem, parseSetData, validateAgainst } from "./index.ts";

type Change = (manifest: Record<string, Record<string, unknown>>, roles: Record<string, unknown>[]) => void;

const container = (extra: object = {}): object => ({ name: "engine", image: "a:1", ...extra });
const role = (name: string, extra: object = {}, inContainer: object = {}): Record<string, unknown> => ({
  role: name,
  template: { spec: { containers: [container(inContainer)] } },
  ...extra,
});

function problemsAfter(change: Change): readonly Problem[] {
  const roles = [role("prefill"), role("decode", { dependencies: ["prefill"] }), role("router")];
  const manifest = {
    apiVersion: "openpatio.io/v1alpha1",
    kind: "RoleBasedGroupSet",
    metadata: { name: "demo" } as Record<string, unknown>,
    spec: { groupTemplate: { roles } } as Record<string, unknown>,
  };
  change(manifest as unknown as Record<string, Record<string, unknown>>, roles);
  const parsed = parseSetData(manifest);
  return parsed.ok ? [] : parsed.problems;
}

const inSpec =
  (fields: object): Change =>
  (manifest) =>
    void Object.assign(manifest["spec"] ?? {}, fields);
const withRole =
  (...added: Record<string, unknown>[]): Change =>
  (_, roles) =>
    void roles.push(...added);
const ROLE = "spec.groupTemplate.roles";

describe("a multi-node role", () => {
  const multi = (name: string, more: Record<string, unknown> = {}) =>
    role(name, { leaderWorker: { size: 4 }, ...more });
  const messages = (change: Change) => problemsAfter(change).map(({ path, message }) => `${path}: ${message}`);

  test("is fine as StatefulSet and as LeaderWorkerSet, with or without a template of the workers", () => {
    const kind = { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" };
    const { template } = role("x");
    const workers = { leaderWorker: { size: 2, workerTemplate: template } };
    for (const draft of [
      multi("a"),
      multi("a", workers),
      multi("a", { workload: kind }),
      role("a", { workload: kind }),
    ])
      expect(problemsAfter(withRole(draft))).toEqual([]);
  });

  test("cannot be a Deployment, and its leader's address is made of RBG_ROLE_INDEX", () => {
    const template = {
      spec: { containers: [{ name: "c", image: "c", env: [{ name: "RBG_ROLE_INDEX", value: "1" }] }] },
    };
    expect(
      messages(withRole(multi("a", { workload: { apiVersion: "apps/v1", kind: "Deployment" }, template }))),
    ).toEqual([
      expect.stringContaining("The pods of a Deployment have no stable names") as unknown,
      expect.stringContaining("RBG_ROLE_INDEX is what the leader's address is made of") as unknown,
    ]);
  });

  test("its workers' template is checked like any other", () => {
    const metadata = { labels: { "openpatio.io/role": "x" } };
    const mounts = [{ name: "v", mountPath: "/etc/rbg" }];
    const workerTemplate = { metadata, spec: { containers: [{ name: "c", image: "c", volumeMounts: mounts }] } };
    expect(messages(withRole(multi("a", { leaderWorker: { size: 2, workerTemplate } })))).toEqual([
      expect.stringContaining("leaderWorker.workerTemplate.spec.containers[0].volumeMounts[0].mountPath") as unknown,
      expect.stringContaining("The label openpatio.io/role is set by OpenPatio itself") as unknown,
    ]);
  });

  test("has names of its own for each instance, which no other role may have", () => {
    for (const name of ["a-0", "a-12", "a-0-w", "a-0-3"])
      expect(messages(withRole(multi("a"), role(name)))).toEqual([
        expect.stringContaining(`Role ${name} would have the name of an instance of a`) as unknown,
      ]);
    for (const name of ["a-01", "a-b", "a-0-x", "a-00"]) expect(messages(withRole(multi("a"), role(name)))).toEqual([]);
    expect(messages(withRole(role("a"), role("a-0")))).toEqual([]);
  });

  test("its names have to fit at the last instance and its last pod", () => {
    const long = "r".repeat(45);
    expect(problemsAfter(withRole(multi(long, { replicas: 100 }))).map(({ code }) => code)).toEqual(["name-too-long"]);
  });
});

test("the set that the cases start from is valid", () => {
  expect(problemsAfter(() => undefined)).toEqual([]);
});

type Case = readonly [string, Change, string, Problem["code"], RegExp];

const CASES: readonly Case[] = [
  [
    "a cycle, as its path",
    (_, roles) => Object.assign(roles[0] ?? {}, { dependencies: ["decode"] }),
    `${ROLE}[1].dependencies[0]`,
    "cycle",
    /decode → prefill → decode/,
  ],
  [
    "a role that depends on itself",
    withRole(role("a", { dependencies: ["a"] })),
    `${ROLE}[3].dependencies[0]`,
    "cycle",
    /depends on itself/,
  ],
  [
    "an unknown dependency, with the known roles",
    withRole(role("a", { dependencies: ["prefil"] })),
    `${ROLE}[3].dependencies[0]`,
    "unknown-role",
    /prefill, decode, router/,
  ],
  ["a role that is there twice", withRole(role("decode")), `${ROLE}[3].role`, "duplicate", /decode/],
  [
    "a dependency that is there twice",
    withRole(role("a", { dependencies: ["decode", "decode"] })),
    `${ROLE}[3].dependencies[1]`,
    "duplicate",
    /already/,
  ],
  [
    "an env name that is there twice",
    withRole(role("a", {}, { env: [{ name: "A" }, { name: "A" }] })),
    `${ROLE}[3].template.spec.containers[0].env[1].name`,
    "duplicate",
    /A/,
  ],
  [
    "a port name that is there twice",
    withRole(
      role(
        "a",
        {},
        {
          ports: [
            { name: "x", containerPort: 1 },
            { name: "x", containerPort: 2 },
          ],
        },
      ),
    ),
    `${ROLE}[3].template.spec.containers[0].ports[1].name`,
    "duplicate",
    /x/,
  ],
  [
    "a port that is there twice",
    withRole(role("a", {}, { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "TCP" }] })),
    `${ROLE}[3].template.spec.containers[0].ports[1].containerPort`,
    "duplicate",
    /80\/TCP/,
  ],
  [
    "port 0",
    withRole(role("a", {}, { ports: [{ containerPort: 0 }] })),
    `${ROLE}[3].template.spec.containers[0].ports[0].containerPort`,
    "value",
    /1 to 65535/,
  ],
  [
    "a port without a number",
    withRole(role("a", {}, { ports: [{ name: "x" }] })),
    `${ROLE}[3].template.spec.containers[0].ports[0].containerPort`,
    "value",
    /missing/,
  ],
  [
    "host port 70000",
    withRole(role("a", {}, { ports: [{ containerPort: 1, hostPort: 70_000 }] })),
    `${ROLE}[3].template.spec.containers[0].ports[0].hostPort`,
    "value",
    /70000/,
  ],
  [
    "two containers of one name",
    withRole(role("a", { template: { spec: { containers: [container(), container()] } } })),
    `${ROLE}[3].template.spec.containers[1].name`,
    "duplicate",
    /engine/,
  ],
  [
    "no container",
    withRole(role("a", { template: { spec: { containers: [] } } })),
    `${ROLE}[3].template.spec.containers`,
    "value",
    /At least 1/,
  ],
  [
    "a mount over the discovery file",
    withRole(role("a", {}, { volumeMounts: [{ name: "v", mountPath: "/etc//rbg/" }] })),
    `${ROLE}[3].template.spec.containers[0].volumeMounts[0].mountPath`,
    "value",
    /discovery/,
  ],
  [
    "a label of ours in a pod template",
    withRole(
      role("a", {
        template: { metadata: { labels: { "openpatio.io/set": "x" } }, spec: { containers: [container()] } },
      }),
    ),
    `${ROLE}[3].template.metadata.labels["openpatio.io/set"]`,
    "value",
    /remove it/,
  ],
  [
    "a workload that is no workload",
    withRole(role("a", { workload: { apiVersion: "apps/v1", kind: "StatefulSets" } })),
    `${ROLE}[3].workload.kind`,
    "value",
    /StatefulSet and Deployment/,
  ],
  [
    "a workload of the wrong API version",
    withRole(role("a", { workload: { apiVersion: "v1", kind: "Deployment" } })),
    `${ROLE}[3].workload.apiVersion`,
    "value",
    /apps\/v1/,
  ],
  [
    "more roles than possible",
    (_, roles) => void roles.push(...Array.from({ length: 30 }, (__, i) => role(`r${i}`))),
    ROLE,
    "too-large",
    /At most 32/,
  ],
  ...["/etc/./rbg", "/etc/x/../rbg/", "etc/rbg", "/etc/rbg/own"].map(
    (mountPath): Case => [
      `a mount at ${mountPath}, which is the place of the discovery file`,
      withRole(role("a", {}, { volumeMounts: [{ name: "v", mountPath }] })),
      `${ROLE}[3].template.spec.containers[0].volumeMounts[0].mountPath`,
      "value",
      /discovery/,
    ],
  ),
  [
    "a discovery file that the ports of sidecars make too large",
    withRole(
      role("a", {
        replicas: 2000,
        template: {
          spec: {
            containers: [{ name: "engine" }],
            initContainers: [
              {
                name: "proxy",
                restartPolicy: "Always",
                ports: Array.from({ length: 30 }, (_, i) => ({ name: `p${i}`, containerPort: 1000 + i })),
              },
            ],
          },
        },
      }),
    ),
    ROLE,
    "too-large",
    /900 KiB/,
  ],
  ["a discovery file without room", withRole(role("a", { replicas: 20_000 })), ROLE, "too-large", /900 KiB/],
  [
    "a rollout that could not begin",
    inSpec({ rollout: { maxUnavailable: "0%" } }),
    "spec.rollout.maxUnavailable",
    "value",
    /could ever begin/,
  ],
  [
    "a percentage over 100",
    inSpec({ rollout: { maxUnavailable: "101%" } }),
    "spec.rollout.maxUnavailable",
    "value",
    /0% to 100%/,
  ],
  ["a negative count", inSpec({ replicas: -1 }), "spec.replicas", "value", /too small/],
  ["part of a group", inSpec({ replicas: 1.5 }), "spec.replicas", "type", /whole number/],
  ["groups without end", inSpec({ replicas: 2_000_000 }), "spec.replicas", "value", /most is 10000/],
  [
    "a backoff that starts over its limit",
    inSpec({ recovery: { backoff: { baseSeconds: 700 } } }),
    "spec.recovery.backoff.baseSeconds",
    "value",
    /maxSeconds \(600\)/,
  ],
  [
    "a domain that is only preferred and yet to be held alone",
    inSpec({ placement: { topology: { key: "a/b", mode: "Preferred", exclusive: "Group" } } }),
    "spec.placement.topology.exclusive",
    "value",
    /needs mode Required/,
  ],
  [
    "a set's name with dots",
    (manifest) => Object.assign(manifest["metadata"] ?? {}, { name: "a.b" }),
    "metadata.name",
    "value",
    /DNS-1123/,
  ],
];

test.each(CASES)("refuses %s", (_, change, path, code, message) => {
  expect(problemsAfter(change)).toEqual([
    expect.objectContaining({ path, code, message: expect.stringMatching(message) as unknown }),
  ]);
});

test("a variable of ours may be set by the user, and a mount beside the discovery file is fine", () => {
  expect(
    problemsAfter(
      withRole(
        role(
          "a",
          {},
          {
            env: [{ name: "RBG_GROUP_NAME", value: "mine" }],
            volumeMounts: [{ name: "v", mountPath: "/etc/rbg-own" }],
          },
        ),
      ),
    ),
  ).toEqual([]);
});

test("several clusters, their labels and a failover are all that placement can be asked for", () => {
  expect(
    problemsAfter(
      inSpec({
        placement: {
          clusters: { names: ["a", "b"], selector: { matchLabels: { region: "eu" } } },
          strategy: "Spread",
          topology: { key: "a/b", mode: "Required", exclusive: "All" },
          whenFull: "CreatePods",
          failover: { afterSeconds: 300 },
        },
      }),
    ),
  ).toEqual([]);
});

describe("name budget", () => {
  const named =
    (set: string, groups: number, roleName: string, extra: object = {}): Change =>
    (manifest, roles) => {
      Object.assign(manifest["metadata"] ?? {}, { name: set });
      Object.assign(manifest["spec"] ?? {}, { replicas: groups });
      roles.splice(0, roles.length, role(roleName, extra));
    };

  test("a StatefulSet's name may have 52 characters at the largest index", () => {
    expect(problemsAfter(named("a".repeat(20), 10, "b".repeat(29)))).toEqual([]); // 20+1+1+1+29
    const [problem] = problemsAfter(named("a".repeat(20), 11, "b".repeat(29)));
    expect(problem).toMatchObject({ path: `${ROLE}[0].role`, code: "name-too-long" });
    expect(problem?.message).toContain(`${"a".repeat(20)}-10-${"b".repeat(29)} would have 53 characters; at most 52`);
  });

  test("a Deployment's is bound by its Service: 63", () => {
    const workload = { workload: { apiVersion: "apps/v1", kind: "Deployment" } };
    expect(problemsAfter(named("a".repeat(20), 10, "b".repeat(38), workload))).toEqual([]); // s- + 20+1+1+1+38
    expect(problemsAfter(named("a".repeat(20), 10, "b".repeat(39), workload))[0]?.message).toContain("64 characters");
  });

  test("an update without replicas is judged at the present number of groups", () => {
    const manifest = {
      apiVersion: "openpatio.io/v1alpha1",
      kind: "RoleBasedGroupSet",
      metadata: { name: "a".repeat(20) },
      spec: { groupTemplate: { roles: [role("b".repeat(29))] } },
    };
    const first = parseSetData({ ...manifest, spec: { ...manifest.spec, replicas: 10 } });
    expect(first.ok && parseSetData(manifest, { present: first.spec }).ok).toBe(true);
    expect(first.ok && parseSetData(manifest, { present: { ...first.spec, replicas: 11 } }).ok).toBe(false);
  });
});

test.each([
  ["a-b", "c", "a", "b-c", true],
  ["a-0", "b", "a", "0-b", true], // a-0-0-b
  ["a-0-x", "b", "a", "x-7-b", true], // a-0-x-7-b
  ["a-1", "b", "a", "b", false],
  ["a-b", "c", "a", "d", false],
  ["ab", "c", "a", "c", false],
  ["a-01", "b", "a", "0-b", false],
])("set %s with role %s beside set %s with role %s collides: %s", (set, own, other, theirs, collides) => {
  const one = { namespace: "n", name: set, roles: [own] };
  const two = { namespace: "n", name: other, roles: [theirs] };
  expect(validateAgainst(one, [two]).length > 0).toBe(collides);
  expect(validateAgainst(two, [one]).length > 0).toBe(collides);
  expect(validateAgainst({ ...one, namespace: "m" }, [two])).toEqual([]);
  expect(validateAgainst(one, [one])).toEqual([]);
});

test("every cycle is found, whatever the order of roles", () => {
  const graph = [
    { role: "router", dependencies: ["decode", "a"] },
    { role: "decode", dependencies: ["router", "unknown"] },
    { role: "a", dependencies: ["b"] },
    { role: "b", dependencies: ["c"] },
    { role: "c", dependencies: ["a"] },
  ];
  for (const roles of [graph, [...graph].reverse()])
    expect(
      findCycles(roles)
        .map((cycle) => cycle.roles.join(" → "))
        .sort(),
    ).toEqual(["a → b → c → a", "decode → router → decode"]);
  expect(
    findCycles([
      { role: "a", dependencies: [] },
      { role: "b", dependencies: ["a"] },
      { role: "c", dependencies: ["a", "b"] },
    ]),
  ).toEqual([]);
});
