import { describe, expect, test } from "vitest";
import { groupRoles, type ObservedPod } from "../model/index.ts";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { retryGroupNow } from "./rollout-controls.ts";

/** a ← b ← c, and d alone. */
const ROLES = [
  aRole({ role: "a", replicas: 2 }),
  aRole({ role: "b", replicas: 2, dependencies: ["a"] }),
  aRole({ role: "c", dependencies: ["b"], kind: "Deployment" }),
  aRole({ role: "d" }),
];

function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const recovery = { policy: "RecreateRole", backoff: { baseSeconds: 30, maxSeconds: 600, stableAfterSeconds: 1200 } };
  const nodes = [aNode("n1"), aNode("n2")];
  const { recovery: own, ...fields } = draft;
  const set = new Operated(
    new World(nodes),
    aSet({ replicas: 1, roles: ROLES, recovery: { ...recovery, ...(own as object | undefined) }, ...fields }),
  );
  set.untilReady();
  set.timeline.length = 0;
  return set;
}

const group = (set: Operated) => {
  const [found] = set.state.groups;
  if (found === undefined) throw new Error("no group");
  return found;
};
const livesOf = (set: Operated): Readonly<Record<string, number>> =>
  Object.fromEntries(group(set).roleRestarts.map(({ role, restart }) => [role, restart]));
const podsOf = (set: Operated, role: string): readonly ObservedPod[] =>
  [...set.world.pods.values()].filter((pod) => pod.role === role);
const uidsOf = (set: Operated, ...roles: readonly string[]): readonly string[] =>
  roles.flatMap((role) => podsOf(set, role).map(({ uid }) => uid)).sort();

/** Runs, and sees that no role has two lives at once and none starts before what it depends on. */
function watched(set: Operated, steps: number): void {
  for (let i = 0; i < steps; i++) {
    const before = new Set([...set.world.pods.values()].map(({ uid }) => uid));
    set.run(1);
    const pods = [...set.world.pods.values()];
    for (const pod of pods.filter(({ uid }) => !before.has(uid))) {
      const { revision } = group(set);
      const roles = groupRoles(set.state, revision);
      const { dependencies = [] } = roles.find(({ role }) => role === pod.role) ?? {};
      for (const name of dependencies) {
        const wanted = roles.find(({ role }) => role === name)?.replicas;
        expect(podsOf(set, name).filter(({ isReady }) => isReady)).toHaveLength(wanted ?? 0);
      }
      // Nothing of the lives that were ended is left when the first of the next ones starts.
      for (const other of pods) expect(other.roleRestart).toBe(livesOf(set)[other.role ?? ""] ?? 0);
    }
  }
}

test.each<[string, (set: Operated) => void, string, readonly string[], readonly string[]]>([
  [
    "a container that restarts",
    (set) => set.world.crash("demo-0-b-1"),
    "b-1: engine exited 137",
    ["b", "c"],
    ["a", "d"],
  ],
  ["a pod that is deleted", (set) => set.world.deletePod("demo-0-a-0"), "a-0 was deleted", ["a", "b", "c"], ["d"]],
  ["a role that nothing depends on", (set) => set.world.crash("demo-0-d-0"), "d-0: engine", ["d"], ["a", "b", "c"]],
  [
    "a workload that is deleted",
    (set) => set.world.workloads.delete("StatefulSet/demo-0-b"),
    "The StatefulSet of b was deleted",
    ["b", "c"],
    ["a", "d"],
  ],
])("%s recreates its role and what depends on it, once, in order", (_, fault, cause, ended, untouched) => {
  const set = ready();
  const before = uidsOf(set, ...untouched);
  const old = uidsOf(set, ...ended);
  fault(set);
  watched(set, 40);
  expect(set.plan().status.phase).toBe("Ready");
  expect(group(set).incarnation).toBe(1);
  expect(livesOf(set)).toEqual(Object.fromEntries(ended.map((role) => [role, 1])));
  expect(uidsOf(set, ...untouched)).toEqual(before);
  for (const uid of old) expect(uidsOf(set, ...ended)).not.toContain(uid);
  expect(set.told("group.failed")).toHaveLength(1);
  expect(set.told("group.failed")[0]).toMatchObject({ cause: expect.stringContaining(cause), incarnation: 1 });
  expect(set.told("group.ready")).toHaveLength(1);
});

test("many failures at once are one restart of each role", () => {
  const set = ready();
  for (const pod of ["a-0", "a-1", "b-0"]) set.world.crash(`demo-0-${pod}`);
  set.world.deletePod("demo-0-b-1");
  watched(set, 40);
  expect(livesOf(set)).toEqual({ a: 1, b: 1, c: 1 });
  expect(set.told("group.failed")).toHaveLength(1);
});

test("the numbers are stored before anything is deleted, and a crash in between changes nothing", () => {
  const set = ready();
  set.world.crash("demo-0-b-1");
  const planned = set.reconcile(true);
  expect(planned.actions.map(({ kind }) => kind)).toContain("delete");
  expect(set.world.workloads.size).toBe(4);
  expect(livesOf(set)).toEqual({ b: 1, c: 1 });
  watched(set, 40);
  expect(livesOf(set)).toEqual({ b: 1, c: 1 });
  expect(set.told("group.failed")).toHaveLength(1);
});

test("later lives carry their number on workload and pods, and in the selector", () => {
  const set = ready();
  set.world.crash("demo-0-d-0");
  set.acted.length = 0;
  set.run(20);
  const creation = set.acted.find((action) => action.kind === "create");
  expect(creation?.kind === "create" ? creation.object : null).toMatchObject({
    metadata: { labels: { "openpatio.io/role-restart": "1" } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { "openpatio.io/role-restart": "1" } },
      template: { metadata: { labels: { "openpatio.io/role-restart": "1", "openpatio.io/incarnation": "1" } } },
    },
  });
});

test("an unrelated role that fails meanwhile is recreated on its own, at once", () => {
  const set = ready();
  set.world.crash("demo-0-b-1");
  set.run(2);
  set.world.crash("demo-0-d-0");
  watched(set, 40);
  expect(set.plan().status.phase).toBe("Ready");
  expect(livesOf(set)).toEqual({ b: 1, c: 1, d: 1 });
});

test("a role that others wait for and that fails meanwhile takes them along again", () => {
  const set = ready();
  set.world.crash("demo-0-b-1");
  set.until(() => podsOf(set, "b").some((pod) => pod.roleRestart === 1 && pod.isReady));
  set.world.crash("demo-0-a-0");
  watched(set, 60);
  expect(set.plan().status.phase).toBe("Ready");
  expect(livesOf(set)).toMatchObject({ a: 1, b: 2 });
  expect(group(set).incarnation).toBe(1);
});

describe("the whole group is recreated all the same when", () => {
  test("its RoleBasedGroup is deleted while a role is recreated", () => {
    const set = ready();
    set.world.crash("demo-0-b-1");
    set.run(2);
    set.world.owners.delete("demo-0");
    set.untilReady();
    expect(group(set)).toMatchObject({ incarnation: 2, roleRestarts: [] });
    expect([...set.world.pods.values()].every((pod) => pod.incarnation === 2 && pod.roleRestart === 0)).toBe(true);
  });

  test("a rollout takes it while a role is recreated", () => {
    const set = ready();
    set.world.neverReady = /demo-0-b-/;
    set.world.crash("demo-0-b-1");
    set.run(5);
    set.world.neverReady = null;
    const roles = ROLES.map((role) => role as { readonly role: string });
    const next = aSet({
      replicas: 1,
      recovery: { policy: "RecreateRole" },
      roles: roles.map(({ role }) => aRole({ role, image: "engine:2" })),
    }).spec;
    set.edit(next);
    set.untilReady();
    expect(group(set)).toMatchObject({ incarnation: 2, revision: 2, roleRestarts: [] });
  });

  test("no node has room for the role where the group is", () => {
    const set = ready({ rollout: { progressDeadlineSeconds: 60 } });
    for (const node of set.world.nodes) node.allocatable = { ...node.allocatable, pods: 0 };
    set.world.crash("demo-0-d-0");
    set.run(90);
    expect(group(set).incarnation).toBe(1);
    expect(group(set).lastCause?.message).toContain("d made no progress for 1 min");
    expect(group(set).stage).not.toBe("running");
  });
});

test("pods on a machine that is gone fail all of their roles as one", () => {
  const set = ready();
  const gone = set.world.pod("demo-0-b-0").nodeName;
  set.world.nodes = set.world.nodes.filter(({ name }) => name !== gone);
  watched(set, 60);
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.told("group.failed")).toHaveLength(1);
});

test("a creation of an earlier life that arrives late stands beside nothing", () => {
  const set = ready();
  const late = set.acted.find((action) => action.kind === "create" && action.object.metadata.name === "demo-0-b");
  if (late === undefined) throw new Error("b was never created");
  set.world.crash("demo-0-b-1");
  do set.run(1);
  while (set.world.workloads.has("StatefulSet/demo-0-b"));
  set.world.apply(late);
  watched(set, 60);
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.world.workloads.get("StatefulSet/demo-0-b")?.shown.roleRestart).toBe(1);
});

test("failures of one role in a row back off and are given up; the others run on, and a person can start it again", () => {
  const set = ready({ recovery: { maxRecoveries: 2 } });
  const others = uidsOf(set, "a", "b", "c");
  const fails = () => {
    set.world.crash("demo-0-d-0");
    set.reconcile();
  };
  fails();
  set.untilReady();
  fails();
  set.run(10);
  expect(podsOf(set, "d")).toEqual([]);
  expect(set.plan().status.groups[0]).toMatchObject({ phase: "Recovering", untilMs: expect.any(Number) });
  expect(set.plan().status.groups[0]?.message).toBe(
    "d-0: engine exited 137 (OOMKilled). 2 failures in a row. d is next.",
  );
  set.untilReady();
  fails();
  set.run(700);
  expect(set.plan().status.groups[0]).toMatchObject({
    phase: "Failed",
    message: "d-0: engine exited 137 (OOMKilled). d given up after 3 failures in a row; all other roles run on.",
  });
  expect(set.plan().requeue).toBe("on-change");
  expect(set.told("group.gave-up")).toHaveLength(1);
  expect(uidsOf(set, "a", "b", "c")).toEqual(others);
  const change = retryGroupNow(set.state, 0, set.world.nowMs);
  expect(change?.timeline[0]?.decision).toBe("Start d of group 0 now");
  set.state = change?.state ?? set.state;
  set.untilReady();
  expect(livesOf(set)).toEqual({ d: 3 });
  expect(retryGroupNow(set.state, 0, set.world.nowMs)).toBeNull();
});

test("a role's start that makes no progress for the deadline is a new failure with backoff", () => {
  const set = ready({ rollout: { progressDeadlineSeconds: 60 } });
  set.world.neverReady = /demo-0-d-/;
  set.world.crash("demo-0-d-0");
  set.run(75);
  expect(livesOf(set)).toEqual({ d: 2 });
  expect(group(set).lastCause?.message).toBe("d made no progress for 1 min: d has 0 of 1 pods ready; d-0 is not ready");
  set.world.neverReady = null;
  set.run(5);
  expect(podsOf(set, "d")).toEqual([]);
  set.untilReady();
});

test("failures are forgotten after a while of Ready; the number of the life is not", () => {
  const set = ready();
  set.world.crash("demo-0-d-0");
  set.untilReady();
  set.world.nowMs += 1_300_000;
  set.reconcile();
  expect(group(set)).toMatchObject({ roleRestarts: [{ role: "d", restart: 1, failuresInRow: 0 }] });
});

test("a role that is removed while it is recreated holds nothing up", () => {
  const set = ready({ recovery: { maxRecoveries: 0 } });
  set.world.crash("demo-0-d-0");
  set.run(10);
  expect(set.plan().status.phase).toBe("Failed");
  const { groupTemplate, ...spec } = set.state.spec;
  const roles = groupTemplate.roles.filter(({ role }) => role !== "d");
  set.edit({ ...spec, groupTemplate: { ...groupTemplate, roles } });
  set.untilReady();
  expect(group(set).incarnation).toBe(1);
});

describe("with policy None", () => {
  const none = () => ready({ recovery: { policy: "None" } });

  test("a failed pod is left to its workload, and the group says so", () => {
    const set = none();
    set.world.neverReady = /demo-0-b-1/;
    Object.assign(set.world.pod("demo-0-b-1"), { phase: "Failed", isReady: false, reason: "Evicted" });
    set.run(8);
    expect(set.plan().status.groups[0]).toMatchObject({ phase: "Degraded", message: "b-1 is not ready." });
    set.world.neverReady = null;
    set.untilReady();
    expect(group(set)).toMatchObject({ incarnation: 1, roleRestarts: [], failuresInRow: 0 });
    expect(set.told("group.failed")).toEqual([]);
    expect(group(set).readyPods).toHaveLength(6);
  });

  test("a crash is told with its reason while it lasts", () => {
    const set = none();
    set.world.neverReady = /demo-0-b-1/;
    set.world.crash("demo-0-b-1");
    const pod = set.world.pod("demo-0-b-1");
    pod.containers = pod.containers.map((one) => ({ ...one, state: "waiting", reason: "CrashLoopBackOff" }));
    set.reconcile();
    expect(set.plan().status.groups[0]?.message).toBe(
      "b-1 is not ready; b-1 has CrashLoopBackOff in engine, exited 137 (OOMKilled).",
    );
  });

  test("a workload that is deleted by hand is made again", () => {
    const set = none();
    set.world.workloads.delete("StatefulSet/demo-0-b");
    set.untilReady();
    set.run(5);
    expect(set.plan().status.phase).toBe("Ready");
    expect(podsOf(set, "b")).toHaveLength(2);
    expect(group(set).incarnation).toBe(1);
  });

  test("a RoleBasedGroup that is deleted by hand takes everything with it, so the group starts again", () => {
    const set = none();
    set.world.owners.delete("demo-0");
    set.untilReady();
    expect(group(set).incarnation).toBe(2);
  });
});
