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
  expect(kinds).toEqual(["ConfigMap", "ConfigMap", "Service", "Service", "StatefulSet"]);
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
