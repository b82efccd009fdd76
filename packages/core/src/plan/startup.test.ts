import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

const world = () => new World([aNode("n1"), aNode("n2")]);
const running = (state = aSet({ replicas: 1 })) => new Operated(world(), state);
const roles = (operated: Operated) => [...operated.world.workloads.values()].map(({ shown }) => shown.role);

test("the owner is made first, and everything else once its UID is known", () => {
  const set = running();
  expect(set.reconcile().actions.map((action) => action.kind === "create" && action.object.kind)).toEqual([
    "RoleBasedGroup",
  ]);
  set.world.step();
  const kinds = set.reconcile().actions.flatMap((action) => (action.kind === "create" ? [action.object.kind] : []));
  expect(kinds).toEqual(["ConfigMap", "ConfigMap", "Service", "Service"]);
  expect(set.reconcile().actions.flatMap((action) => (action.kind === "create" ? [action.object.kind] : []))).toEqual([
    "StatefulSet",
  ]);
});

test("a role is created only when every role it depends on is ready", () => {
  const set = running();
  set.world.neverReady = /prefill-1$/;
  set.run(10);
  expect(roles(set)).toEqual(["prefill"]);
  expect(set.plan().status.groups[0]?.message).toBe("Wave 1 of 2: prefill 1 of 2 ready. decode waits for prefill.");
  set.world.neverReady = null;
  set.untilReady();
  expect(roles(set)).toEqual(["prefill", "decode"]);
});

test("Parallel starts all roles at once", () => {
  const set = running(aSet({ replicas: 1, startupPolicy: "Parallel" }));
  set.world.neverReady = /./;
  set.run(3);
  expect(roles(set)).toEqual(["prefill", "decode"]);
});

test("a started role is not held back when its dependency becomes unready", () => {
  const set = running();
  set.untilReady();
  set.world.pod("demo-0-prefill-0").isReady = false;
  set.world.neverReady = /prefill-0$/;
  const spec = aSet({
    replicas: 1,
    roles: [aRole({ role: "prefill", replicas: 2 }), aRole({ role: "decode", replicas: 4, dependencies: ["prefill"] })],
  }).spec;
  set.state = { ...set.state, spec };
  set.run(4);
  expect(set.world.workloads.get("StatefulSet/demo-0-decode")?.shown.replicas).toBe(4);
});

test("a role waits until its dependency was ready for minReadySeconds", () => {
  const set = running(
    aSet({
      replicas: 1,
      roles: [aRole({ role: "a", minReadySeconds: 30 }), aRole({ role: "b", dependencies: ["a"] })],
    }),
  );
  set.run(10);
  expect(roles(set)).toEqual(["a"]);
  const { requeue } = set.plan();
  expect(requeue).not.toBe("on-change");
  set.run(30);
  expect(roles(set)).toEqual(["a", "b"]);
});

test("a role with 0 replicas is ready, and its scale-out from 0 waits for its dependencies", () => {
  const at = (replicas: number) =>
    aSet({
      replicas: 1,
      roles: [
        aRole({ role: "a" }),
        aRole({ role: "b", replicas, dependencies: ["a"] }),
        aRole({ role: "c", dependencies: ["b"] }),
      ],
    });
  const set = running(at(0));
  set.untilReady();
  expect(set.plan().status.groups[0]?.phase).toBe("Ready");
  set.world.neverReady = /-a-0$/;
  set.world.pod("demo-0-a-0").isReady = false;
  set.state = { ...set.state, spec: at(2).spec };
  set.run(5);
  expect([...set.world.pods.keys()]).not.toContain("demo-0-b-0");
  set.world.neverReady = null;
  set.untilReady();
  expect([...set.world.pods.keys()]).toContain("demo-0-b-1");
});

test("a settled group costs no further write, and a start at most three status writes", () => {
  const names = ["a", "b", "c", "d"];
  const roles = names.map((role, i) => aRole({ role, replicas: 3, dependencies: names.slice(Math.max(0, i - 1), i) }));
  const set = running(aSet({ replicas: 1, roles }));
  set.untilReady();
  set.run(2);
  expect(set.acted.flatMap((action) => (action.kind === "status" ? [action.status["message"]] : []))).toEqual([
    "Starts a, then b, c and d.",
    "Started a; b, c and d follow in order.",
    "demo-0 is ready.",
  ]);
  set.acted.length = 0;
  set.run(5);
  expect(set.acted).toEqual([]);
  expect(set.told("group.ready")).toHaveLength(1);
});

test("planning again from the stored state emits what is still missing, and nothing twice", () => {
  const set = running();
  for (let i = 0; i < 12; i++) {
    const died = set.reconcile(true);
    const again = set.reconcile();
    expect(again.actions).toEqual(died.actions);
    expect(again.timeline).toEqual([]);
    set.world.step();
  }
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.told("group.role-started").map((draft) => draft.decision)).toEqual([
    "Start prefill of group 0",
    "Start decode of group 0",
  ]);
});

test("a start without progress for the deadline says what it waits for", () => {
  const set = running(aSet({ replicas: 1, rollout: { progressDeadlineSeconds: 60 } }));
  set.world.neverReady = /prefill-1$/;
  set.run(70);
  const { status } = set.plan();
  expect(status.groups[0]?.phase).toBe("Degraded");
  expect(status.conditions.find((condition) => condition.type === "Progressing")).toMatchObject({
    status: "False",
    reason: "ProgressDeadlineExceeded",
    message: "Group 0: prefill has 1 of 2 pods ready; prefill-1 is not ready",
  });
  expect(set.told("group.stalled")).toHaveLength(1);
});

test("on a cluster that does not answer nothing is touched and nothing is assumed", () => {
  const set = running();
  set.untilReady();
  const before = set.state.groups;
  set.world.health = "unreachable";
  set.world.pods.clear();
  const planned = set.reconcile();
  expect(planned.actions).toEqual([]);
  expect(planned.next.groups).toBe(before);
  expect(planned.status.groups[0]?.phase).toBe("Unknown");
});

const HOUR_MS = 3_600_000;
const progressing = (set: Operated) =>
  set.plan().status.conditions.find((condition) => condition.type === "Progressing")?.status;

test("a group that was up for longer than the deadline has the whole deadline to come up again", () => {
  const set = running();
  set.untilReady();
  set.world.nowMs += HOUR_MS;
  set.run(1);
  set.world.neverReady = /decode-0$/;
  Object.assign(set.world.pod("demo-0-decode-0"), { isReady: false, readySinceMs: null });
  set.run(5);
  expect(progressing(set)).toBe("True");
  set.world.nowMs += HOUR_MS;
  set.run(1);
  expect(progressing(set)).toBe("False");
  const roles = [
    aRole({ role: "prefill", replicas: 2 }),
    aRole({ role: "decode", replicas: 3, dependencies: ["prefill"] }),
  ];
  set.state = { ...set.state, spec: aSet({ replicas: 1, roles }).spec };
  set.run(1);
  expect(progressing(set)).toBe("True");
});

test("no role starts on a ConfigMap that is a stranger's or out of date", () => {
  const set = running();
  set.reconcile();
  set.reconcile();
  const config = set.world.objects.get("ConfigMap/demo-0-config");
  if (config === undefined) throw new Error("there is no ConfigMap");
  const stranger = { ...config, shown: { ...config.shown, ownerUid: null } };
  set.world.objects.set("ConfigMap/demo-0-config", stranger);
  set.run(10);
  expect(set.world.pods.size).toBe(0);
  expect(set.plan().status.groups[0]?.message).toBe("Its ConfigMaps are being created.");
  set.world.objects.set("ConfigMap/demo-0-config", config);
  set.world.tamper("ConfigMap/demo-0-config", { data: { "config.yaml": "other" } }, "kubectl");
  const written = set.plan().actions.filter(({ kind }) => kind !== "status");
  expect(written.map(({ kind }) => kind)).toEqual(["update"]);
  set.untilReady();
});

test("a dependency that is added to a running set restarts and holds nothing, and orders the next incarnation", () => {
  const at = (dependencies: readonly string[]) =>
    aSet({ replicas: 1, roles: [aRole({ role: "a" }), aRole({ role: "b", dependencies })] });
  const set = running(at([]));
  set.untilReady();
  set.acted.length = 0;
  set.edit(at(["a"]).spec);
  set.run(3);
  expect(set.state.revisions).toHaveLength(1);
  expect(set.acted.filter((action) => action.kind === "delete" || action.kind === "scale")).toEqual([]);
  set.world.crash("demo-0-a-0");
  set.world.neverReady = /-a-0$/;
  set.run(15);
  expect([...set.world.pods.keys()]).toEqual(["demo-0-a-0"]);
});

test("minReadySeconds pass although the cluster's clock is an hour ahead of ours", () => {
  const role = aRole({ role: "a", minReadySeconds: 5 });
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1, roles: [role] }));
  set.world.aheadMs = 3_600_000;
  set.run(4);
  expect(set.state.groups[0]?.readySinceMs).toBe(null);
  set.run(10);
  expect(set.state.groups[0]?.readySinceMs).not.toBe(null);
});

test("a change of minReadySeconds restarts nothing and is judged from then on", () => {
  const at = (minReadySeconds: number) => aSet({ replicas: 1, roles: [aRole({ role: "a", minReadySeconds })] });
  const set = running(at(0));
  set.untilReady();
  const { uid } = set.world.pod("demo-0-a-0");
  set.edit(at(3600).spec);
  set.run(3);
  expect(set.state.revisions).toHaveLength(1);
  expect(set.world.pod("demo-0-a-0").uid).toBe(uid);
  expect(set.plan().status.groups[0]?.phase).toBe("Starting");
});

test("what an older version rendered for a running incarnation stays until the next one", () => {
  const set = running();
  set.untilReady();
  const older = set.state.groups.map((group) => ({
    ...group,
    rendering: group.rendering.map((rendered) => ({
      ...rendered,
      object: { ...rendered.object, spec: { older: true } },
    })),
  }));
  set.state = { ...set.state, groups: older };
  set.acted.length = 0;
  set.run(3);
  expect(set.acted).toEqual([]);
  expect(set.state.groups[0]?.rendering).toBe(older[0]?.rendering);
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  expect(JSON.stringify(set.state.groups[0]?.rendering)).not.toContain("older");
});

test("the condition of a RoleBasedGroup keeps its time while it says the same, and never goes back", () => {
  const set = running();
  const shown = () =>
    (set.world.owners.get("demo-0")?.status as { conditions: readonly Record<string, string>[] } | undefined)
      ?.conditions[0];
  set.untilReady();
  set.run(2);
  const ready = shown();
  set.world.nowMs += HOUR_MS;
  set.world.neverReady = /decode-0$/;
  Object.assign(set.world.pod("demo-0-decode-0"), { isReady: false });
  set.run(3);
  const unready = shown();
  expect([ready?.["status"], unready?.["status"]]).toEqual(["True", "False"]);
  expect(Number(new Date(unready?.["lastTransitionTime"] ?? 0))).toBeGreaterThanOrEqual(
    Number(new Date(ready?.["lastTransitionTime"] ?? 0)) + HOUR_MS,
  );
});

test("a group without pods whose RoleBasedGroup can not be made says that it waits for that", () => {
  const roles = [aRole({ role: "decode", replicas: 0 })];
  const set = running(aSet({ replicas: 1, roles, rollout: { progressDeadlineSeconds: 60 } }));
  for (let i = 0; i < 70; i++) {
    set.world.owners.clear();
    set.run(1);
  }
  expect(set.told("group.stalled").map(({ cause }) => cause)).toEqual(["it has no RoleBasedGroup yet"]);
});
