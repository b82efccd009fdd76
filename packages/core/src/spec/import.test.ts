import { describe, expect, test } from "vitest";
import roleDependencies from "./fixtures/basic--rbg--dependency--role-dependencies.yaml?raw";
import leaderWorker from "./fixtures/basic--rbg--patterns--leader-worker-pattern.yaml?raw";
import roleTemplates from "./fixtures/basic--rbg--role-template--rbg-with-roletemplates.yaml?raw";
import exclusiveGroup from "./fixtures/basic--rbg--scheduling--exclusive-topology.yaml?raw";
import rollingUpdate from "./fixtures/basic--rbg--update-strategy--rolling-update.yaml?raw";
import setBase from "./fixtures/basic--rbgs--rbgs-base.yaml?raw";
import exclusiveSet from "./fixtures/basic--rbgs--rbgs-exclusive-topology.yaml?raw";
import olderLeaderWorker from "./fixtures/deprecated--v1alpha1--basics--rbg-with-lws-workload.yaml?raw";
import olderSet from "./fixtures/deprecated--v1alpha1--rbgs--rbgs-base.yaml?raw";
import pdDisagg from "./fixtures/inference--pd-disagg-standalone.yaml?raw";
import { type ImportedSet, importManifests, MINIMAL_EXAMPLE, parseSetYaml, type SetSpec } from "./index.ts";
import { strategicMerge } from "./strategic-merge.ts";

function only(text: string): ImportedSet {
  const { sets, skipped, problems } = importManifests(text);
  expect({ sets: sets.length, skipped, problems }).toEqual({ sets: 1, skipped: [], problems: [] });
  const [set] = sets;
  if (set === undefined) throw new Error();
  return set;
}

function specOf({ yaml }: ImportedSet): SetSpec {
  const parsed = parseSetYaml(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

const notes = (set: ImportedSet, action: string): string[] =>
  set.report.filter((note) => note.action === action).map(({ path }) => path);

const roles = (spec: SetSpec): unknown[] =>
  spec.groupTemplate.roles.map(({ role, replicas, dependencies, workload }) => [
    role,
    replicas,
    dependencies,
    workload.kind,
  ]);

test("a set of v1alpha2 keeps its groups, roles and labels", () => {
  const set = only(setBase);
  const spec = specOf(set);
  expect(set).toMatchObject({ name: "rbgs-base", namespace: "default" });
  expect(spec.replicas).toBe(2);
  expect(spec.groupTemplate.metadata.labels).toEqual({ app: "inference-cluster" });
  expect(roles(spec)).toEqual([
    ["prefill", 1, [], "StatefulSet"],
    ["decode", 2, ["prefill"], "StatefulSet"],
  ]);
  expect(set.report.map(({ path, action }) => [path, action])).toEqual([
    ["apiVersion", "mapped"],
    ["spec.groupTemplate.spec.roles[0].name", "mapped"],
    ["spec.groupTemplate.spec.roles[1].name", "mapped"],
  ]);
});

test("a set of v1alpha1 has its roles under template, and may use Deployments", () => {
  const set = only(olderSet);
  expect(set.namespace).toBeNull();
  expect(roles(specOf(set))).toEqual([
    ["role-1", 1, [], "StatefulSet"],
    ["role-2", 2, [], "Deployment"],
  ]);
});

test("a single group becomes a set of one, and the addresses of its own roles are rewritten and listed", () => {
  const set = only(pdDisagg);
  const spec = specOf(set);
  expect(spec.replicas).toBe(1);
  expect(spec.groupTemplate.roles[0]?.template.spec.containers[0]?.["command"]).toEqual([
    "python3",
    "-m",
    "sglang_router.launch_router",
    "--pd-disaggregation",
    "--prefill",
    "http://sglang-pd-inference-0-prefill-0.s-sglang-pd-inference-0-prefill:8000",
    "--decode",
    "http://sglang-pd-inference-0-decode-0.s-sglang-pd-inference-0-decode:8000",
    "--host",
    "0.0.0.0",
    "--port",
    "8000",
  ]);
  expect(notes(set, "rewritten")).toEqual(
    [5, 7].map((at) => `spec.roles[0].standalonePattern.template.spec.containers[0].command[${at}]`),
  );
  const rolling = "spec.roles[1].rolloutStrategy.rollingUpdate";
  expect(notes(set, "dropped")).toEqual([`${rolling}.type`, `${rolling}.inPlaceUpdateStrategy`]);
  expect(spec.rollout.strategy).toBe("RoleRolling");
  expect(notes(set, "mapped")).toContain("kind");
});

test("addresses are rewritten only where they are whole names of the group's own roles", () => {
  const group = `apiVersion: workloads.x-k8s.io/v1alpha2
kind: RoleBasedGroup
metadata: { name: g }
spec:
  roles:
    - name: a
      template:
        spec:
          containers:
            - name: g-a-0
              image: g-a-0
              args: [g-a-0.s-g-a.ns.svc:80, s-g-a, "g-a-2-1,s-g-a-2", g-a, xg-a-0, s-g-b, g-a-0x, my-s-g-a]
    - { name: a-2, template: { spec: { containers: [{ name: c }] } } }
`;
  const container = specOf(only(group)).groupTemplate.roles[0]?.template.spec.containers[0];
  expect(container).toMatchObject({ name: "g-a-0", image: "g-a-0" });
  expect(container?.["args"]).toEqual([
    "g-0-a-0.s-g-0-a.ns.svc:80",
    "s-g-0-a",
    "g-0-a-2-1,s-g-0-a-2",
    "g-a",
    "xg-a-0",
    "s-g-b",
    "g-a-0x",
    "my-s-g-a",
  ]);
});

test("in a set, and behind a variable for the group, only the pods of multi-node roles get other names", () => {
  const set = only(`apiVersion: workloads.x-k8s.io/v1alpha2
kind: RoleBasedGroupSet
metadata: { name: s }
spec:
  groupTemplate:
    spec:
      roles:
        - { name: many, leaderWorkerPattern: { size: 2, template: { spec: { containers: [{ name: c }] } } } }
        - { name: one, standalonePattern: { template: { spec: { containers: [{ name: c, args: [
            "s-0-many-1.s-s-0-many:80", "$(GROUP_NAME)-many-0.s-$(GROUP_NAME)-many",
            "$(RBG_GROUP_NAME)-one-0.s-$(RBG_GROUP_NAME)-one", s-0-one-0] }] } } } }
`);
  expect(specOf(set).groupTemplate.roles[1]?.template.spec.containers[0]?.["args"]).toEqual([
    "s-0-many-1-0.s-s-0-many:80",
    "$(GROUP_NAME)-many-0-0.s-$(GROUP_NAME)-many",
    "$(RBG_GROUP_NAME)-one-0.s-$(RBG_GROUP_NAME)-one",
    "s-0-one-0",
  ]);
  const at = "spec.groupTemplate.spec.roles[1].standalonePattern.template.spec.containers[0].args";
  expect(notes(set, "rewritten")).toEqual([`${at}[0]`, `${at}[1]`]);
});

test("role templates are expanded with their patches", () => {
  const spec = specOf(only(roleTemplates));
  expect(spec.groupTemplate.roles.map(({ template }) => template.spec.containers)).toEqual([
    [expect.objectContaining({ name: "nginx", resources: { requests: { memory: "64Mi", cpu: "100m" } } })],
    [
      expect.objectContaining({
        name: "nginx",
        image: expect.stringContaining("nginx:1.14.1") as unknown,
        ports: [{ containerPort: 8080, name: "http" }],
        resources: { requests: { memory: "128Mi", cpu: "200m" } },
      }),
    ],
  ]);
});

test.each([
  ["a set", exclusiveSet],
  ["a single group", exclusiveGroup],
  ["the newer key", exclusiveSet.replace("rolebasedgroup.workloads", "rbg.workloads")],
])("the exclusive topology of %s becomes a placement", (_, text) => {
  const set = only(text);
  const spec = specOf(set);
  expect(spec.placement.topology).toEqual({ key: "kubernetes.io/hostname", mode: "Required", exclusive: "Set" });
  expect(set.yaml).not.toContain("exclusive-topology");
});

test("what has no equivalent is listed with its path", () => {
  expect(notes(only(exclusiveGroup), "not supported")).toEqual([
    'spec.roles[0].standalonePattern.template.metadata.annotations["rolebasedgroup.workloads.x-k8s.io/disable-exclusive-topology"]',
  ]);
  expect(notes(only(rollingUpdate), "not supported")).toEqual([
    "spec.roles[1].rolloutStrategy.rollingUpdate.type",
    "spec.roles[2].rolloutStrategy.rollingUpdate.maxSurge",
  ]);
  const extra = setBase
    .replace("replicas: 2\n", "replicas: 2\n  priority: 3\n")
    .replace(
      "- name: prefill\n          replicas",
      "- name: prefill\n          engineRuntimes: []\n          restartPolicy: None\n          replicas",
    );
  const set = only(extra);
  expect(notes(set, "not supported").sort()).toEqual([
    "spec.groupTemplate.spec.roles[0].engineRuntimes",
    "spec.priority",
  ]);
  expect(specOf(set).groupTemplate.roles[0]?.onPodFailure).toBe("Ignore");
});

test("roles over several nodes become leaderWorker, in either version", () => {
  const set = only(leaderWorker);
  expect(notes(set, "mapped")).toEqual(
    expect.arrayContaining(["spec.roles[0].name", "spec.roles[1].leaderWorkerPattern.templateRef.name"]),
  );
  const [role] = specOf(set).groupTemplate.roles;
  expect(role?.leaderWorker?.size).toBeGreaterThan(1);
  expect(role?.workload.kind).toBe("StatefulSet");
  const [, older] = specOf(only(olderLeaderWorker)).groupTemplate.roles;
  expect(older?.workload.kind).toBe("LeaderWorkerSet");
  expect(older?.leaderWorker).toMatchObject({
    size: 2,
    workerTemplate: { metadata: { labels: { role: "worker", appVersion: "v1" } } },
  });
});

test("the leader of a multi-node instance has the name here that its role's form gives it", () => {
  const yaml = (workload: string, args: string) =>
    `apiVersion: workloads.x-k8s.io/v1alpha2
kind: RoleBasedGroup
metadata: { name: g }
spec:
  roles:
    - name: prefill
      ${workload}
      leaderWorkerPattern:
        size: 2
        template: { spec: { containers: [{ name: e, image: e }] } }
    - name: router
      standalonePattern: { template: { spec: { containers: [{ name: r, image: r, args: ["${args}"] }] } } }
`;
  const argsOf = (text: string): unknown =>
    specOf(only(text)).groupTemplate.roles[1]?.template.spec.containers[0]?.["args"];
  expect(argsOf(yaml("replicas: 1", "http://g-prefill-0.s-g-prefill:8000"))).toEqual([
    "http://g-0-prefill-0-0.s-g-0-prefill:8000",
  ]);
  expect(argsOf(yaml("replicas: 1", "g-prefill-1-1.s-g-prefill"))).toEqual(["g-0-prefill-1-1.s-g-0-prefill"]);
  const lws = "workload: { apiVersion: leaderworkerset.x-k8s.io/v1, kind: LeaderWorkerSet }";
  expect(argsOf(yaml(lws, "g-prefill-0-1.g-prefill"))).toEqual(["g-0-prefill-0-1.g-0-prefill"]);
  expect(argsOf(yaml(lws, "http://g-prefill-0.g-prefill:8000"))).toEqual(["http://g-0-prefill-0.g-0-prefill:8000"]);
});

const group = (roles: string): string =>
  `apiVersion: workloads.x-k8s.io/v1alpha1
kind: RoleBasedGroup
metadata: { name: g }
spec:
  roles:
${roles}`;
const role = (name: string, more: string): string =>
  `    - { name: ${name}, template: { spec: { containers: [{ name: c }] } }${more === "" ? "" : `, ${more}`} }\n`;

describe("what roles say about failures becomes the recovery of the set:", () => {
  const recreateGroup = "restartPolicy: RecreateRBGOnPodRestart";
  const recreateInstance = "restartPolicy: RecreateRoleInstanceOnPodRestart";
  const none = "restartPolicy: None";
  test.each([
    ["nothing", ["", ""], "RecreateGroup", ["Recreate", "Recreate"]],
    ["one recreates the group, one is left alone", [recreateGroup, none], "RecreateGroup", ["Recreate", "Ignore"]],
    [
      "the group comes before an instance",
      [recreateGroup, recreateInstance],
      "RecreateGroup",
      ["Recreate", "Recreate"],
    ],
    ["an instance", [recreateInstance, none], "RecreateRole", ["Recreate", "Ignore"]],
    ["all are left alone", [none, none], "None", ["Recreate", "Recreate"]],
    ["one is left alone, one says nothing", [none, ""], "RecreateGroup", ["Ignore", "Recreate"]],
  ])("%s", (_, [a = "", b = ""], policy, onPodFailure) => {
    const set = only(group(role("a", a) + role("b", b)));
    const spec = specOf(set);
    expect(spec.recovery.policy).toBe(policy);
    expect(spec.groupTemplate.roles.map((each) => each.onPodFailure)).toEqual(onPodFailure);
    const said = [a, b].flatMap((text, index) => (text === "" ? [] : [`spec.roles[${index}].restartPolicy`]));
    expect(set.report.map(({ path }) => path)).toEqual(expect.arrayContaining(said));
  });

  test("delays of a pattern are the set's backoff, and a second pair is listed", () => {
    const pattern = (base: number): string =>
      `leaderWorkerPattern: { size: 2, restartPolicy: { type: None, baseDelaySeconds: ${base}, maxDelaySeconds: 60 } }`;
    const set = only(group(role("a", pattern(5)) + role("b", pattern(7))));
    expect(specOf(set).recovery).toMatchObject({ policy: "None", backoff: { baseSeconds: 5, maxSeconds: 60 } });
    expect(notes(set, "not supported")).toEqual(["spec.roles[1].leaderWorkerPattern.restartPolicy.baseDelaySeconds"]);
  });
});

test("labels, annotations and the workload of a role are those of its pods and its workload", () => {
  const set = only(
    group(
      role(
        "a",
        "labels: { tier: x }, annotations: { note: y, rbg.workloads.x-k8s.io/role-workload-type: apps/v1/Deployment }",
      ),
    ),
  );
  const [a] = specOf(set).groupTemplate.roles;
  expect(a?.workload.kind).toBe("Deployment");
  expect(a?.template.metadata).toEqual({ labels: { tier: "x" }, annotations: { note: "y" } });
});

test("an adapter for autoscalers is mapped, or named as long as it would be refused", () => {
  const set = only(group(role("a", "scalingAdapter: { enable: true }")));
  const isExternal = specOf(set).groupTemplate.roles[0]?.scaling.external === true;
  expect(notes(set, isExternal ? "mapped" : "not supported").join()).toContain("spec.roles[0].scalingAdapter");
});

test("gang scheduling and coordination are named", () => {
  const text = group(role("a", "")).replace(
    "  roles:",
    "  podGroupPolicy: { kubeScheduling: { scheduleTimeoutSeconds: 9 } }\n  coordination: [{ name: pd, roles: [a] }]\n  roles:",
  );
  expect(notes(only(text), "dropped")).toEqual(["spec.podGroupPolicy"]);
  expect(notes(only(text), "not supported")).toEqual(["spec.coordination[0]"]);
});

test("a file of several documents imports what it can and names the rest", () => {
  const service =
    "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { selector: { rbg.workloads.x-k8s.io/group-name: x } }\n";
  const lws = "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: { name: l }\n";
  const result = importManifests(
    `${[setBase, service, lws, "kind: ConfigMap\nmetadata: { name: c }\n", "a: [1\n"].join("\n---\n")}`,
  );
  expect(result.sets.map(({ index, kind, name }) => [index, kind, name])).toEqual([
    [0, "RoleBasedGroupSet", "rbgs-base"],
    [2, "LeaderWorkerSet", "l"],
  ]);
  expect(result.skipped.map(({ index, kind, name }) => [index, kind, name])).toEqual([
    [1, "Service", "web"],
    [3, "ConfigMap", "c"],
    [4, "unknown", ""],
  ]);
  expect(result.skipped[0]?.reason).toContain("openpatio.io/role");
  expect(result.problems.map(({ code }) => code)).toEqual(["syntax"]);
  expect(importManifests(roleDependencies).sets.map(({ name }) => name)).toEqual([
    "router-workers-basic",
    "pd-inference-deps",
    "master-workers-pattern",
  ]);
  expect(
    importManifests(
      `kind: List\nitems:\n  - ${JSON.stringify({ apiVersion: "workloads.x-k8s.io/v1alpha2", kind: "RoleBasedGroup", metadata: { name: "x" } })}\n`,
    ).sets[0]?.name,
  ).toBe("x");
});

describe("our own language", () => {
  test("is taken as it is, comments included", () => {
    expect(only(MINIMAL_EXAMPLE)).toEqual({
      index: 0,
      kind: "RoleBasedGroupSet",
      yaml: MINIMAL_EXAMPLE,
      name: "demo-group",
      namespace: "default",
      report: [],
    });
    const two = importManifests(`${MINIMAL_EXAMPLE}---\n${MINIMAL_EXAMPLE}`);
    expect(two.sets).toHaveLength(2);
    for (const { yaml } of two.sets) {
      expect(yaml).toContain("# two identical groups");
      expect(parseSetYaml(yaml).ok).toBe(true);
    }
  });

  test("may come without the envelope of a Kubernetes object", () => {
    const short = `name: demo-group
replicas: 2
groupTemplate:
  roles:
    - { role: prefill, replicas: 2, template: { spec: { containers: [{ name: c, image: i }] } } }
    - { role: decode, replicas: 2, dependencies: [prefill], template: { spec: { containers: [{ name: c, image: i }] } } }
`;
    const set = only(short);
    expect(set.name).toBe("demo-group");
    expect(specOf(set).replicas).toBe(2);
    expect(specOf(only(`metadata: { name: x }\nspec:\n  ${short.split("\n").slice(1).join("\n  ")}`)).replicas).toBe(2);
  });
});

test("patches lists by their keys and honours directives", () => {
  const base = {
    spec: {
      containers: [{ name: "a", env: [{ name: "A", value: "1" }, { name: "B" }], args: ["x"] }, { name: "b" }],
      volumes: [{ name: "v", emptyDir: {} }],
      dnsPolicy: "None",
    },
  };
  const patch = {
    spec: {
      containers: [
        {
          name: "a",
          env: [{ name: "A", value: "2" }, { name: "B", $patch: "delete" }, { name: "C" }],
          args: ["y", "z"],
        },
        { name: "c" },
      ],
      volumes: [{ name: "v", $patch: "replace", hostPath: {} }],
      dnsPolicy: null,
    },
  };
  expect(strategicMerge(base, patch)).toEqual({
    spec: {
      containers: [
        { name: "a", env: [{ name: "A", value: "2" }, { name: "C" }], args: ["y", "z"] },
        { name: "b" },
        { name: "c" },
      ],
      volumes: [{ name: "v", hostPath: {} }],
    },
  });
});

test("a small file does not grow without limit by its role templates", { timeout: 60_000 }, () => {
  const env = Array.from({ length: 3000 }, (_, i) => `{ name: V${i}, value: x }`).join(", ");
  const role = (i: number): string => `    - { name: r${i}, standalonePattern: { templateRef: { name: t } } }\n`;
  const group = (roles: number): string => `apiVersion: workloads.x-k8s.io/v1alpha2
kind: RoleBasedGroup
metadata: { name: g }
spec:
  roleTemplates: [{ name: t, template: { spec: { containers: [{ name: c, env: [${env}] }] } } }]
  roles:
${Array.from({ length: roles }, (_, i) => role(i)).join("")}`;
  expect(importManifests(group(2)).sets).toHaveLength(1);
  expect(importManifests(group(32)).skipped[0]?.reason).toContain("too large");
  const many = only(group(40).replace(env, ""));
  expect(notes(many, "not supported")).toEqual(["spec.roles"]);
  expect(specOf(many).groupTemplate.roles).toHaveLength(32);
});
