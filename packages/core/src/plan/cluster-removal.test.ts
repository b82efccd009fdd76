import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

function spanning() {
  const [a, b] = ["a", "b"].map((name) => new World([aNode(`${name}-0`)], name)) as [World, World];
  const placement = { clusters: { names: ["a", "b"] } };
  const roles = [aRole({ role: "prefill" }), aRole({ role: "decode", dependencies: ["prefill"] })];
  const operated = new Operated(a, aSet({ replicas: 2, roles, placement }), [b]);
  operated.untilReady();
  expect(operated.state.groups.map((group) => group.placement?.cluster)).toEqual(["a", "a"]);
  return { operated, a, b };
}
const places = ({ state }: Operated) => state.groups.map(({ placement }) => placement?.cluster);
const left = (world: World) => [world.owners.size, world.workloads.size, world.objects.size];

test("groups that are moved off a cluster wait where it is full elsewhere, and serve all the time", () => {
  const { operated, a, b } = spanning();
  for (const node of b.nodes) node.isUnschedulable = true;
  const before = [...a.pods.values()].map(({ uid }) => uid);
  a.removal = "move";
  operated.run(5);
  expect([...a.pods.values()].map(({ uid }) => uid)).toEqual(before);
  const waits = "Cluster a is being removed, and nowhere else has room for the group; it serves here until there is.";
  const { status } = operated.plan();
  expect(status).toMatchObject({ phase: "Ready", message: `Group 0: ${waits} 1 other group too.` });
  expect(status.groups[0]).toMatchObject({ phase: "Ready", message: waits });
  for (const node of b.nodes) node.isUnschedulable = false;
  operated.until(({ state }) =>
    state.groups.every(({ leaving, placement }) => leaving.length === 0 && placement?.cluster === "b"),
  );
  operated.untilReady();
  expect([a.pods.size, ...left(a)]).toEqual([0, 0, 0, 0]);
  expect(operated.state.groups.map(({ incarnation }) => incarnation)).toEqual([2, 2]);
});

test("groups that are let go run on there and start anew elsewhere, also when the process dies in between", () => {
  for (let at = 0; at < 6; at++) {
    const { operated, a, b } = spanning();
    const before = [...a.pods.values()].map(({ uid }) => uid);
    a.removal = "orphan";
    for (let step = 0; step < 8; step++) {
      if (step === at) operated.reconcile(true);
      operated.run(1);
    }
    operated.untilReady();
    expect(places(operated)).toEqual(["b", "b"]);
    expect([...a.pods.values()].filter(({ deletionAtMs }) => deletionAtMs === null).map(({ uid }) => uid)).toEqual(
      before,
    );
    expect(left(a)).toEqual([0, 0, 0]);
    expect(b.pods.size).toBe(4);
    operated.run(3);
    expect(operated.plan().actions).toEqual([]);
  }
});

test("groups that are deleted from a cluster are gone there before they start elsewhere", () => {
  const { operated, a, b } = spanning();
  a.removal = "delete";
  for (let step = 0; step < 10; step++) {
    operated.run(1);
    const running = [...b.pods.values()].map(({ groupIndex }) => groupIndex);
    for (const pod of a.pods.values()) expect(running).not.toContain(pod.groupIndex);
  }
  operated.untilReady();
  expect(places(operated)).toEqual(["b", "b"]);
  expect([a.pods.size, ...left(a)]).toEqual([0, 0, 0, 0]);
});

test("groups that find no place elsewhere leave nothing on the cluster that they are deleted from", () => {
  const { operated, a, b } = spanning();
  for (const node of b.nodes) node.isUnschedulable = true;
  a.removal = "delete";
  operated.run(15);
  expect(operated.state.groups.map(({ stage }) => stage)).toEqual(["unplaced", "unplaced"]);
  expect([a.pods.size, ...left(a)]).toEqual([0, 0, 0, 0]);
  expect(operated.plan().actions).toEqual([]);
});

test("a group that waits for its next start when its cluster is moved off leaves nothing behind there", () => {
  const { operated, a } = spanning();
  for (const [times, index] of [
    [2, 0],
    [2, 1],
  ] as const)
    for (let i = 0; i < times; i++) {
      operated.untilReady();
      a.crash(`demo-${index}-prefill-0`);
      operated.run(4);
    }
  operated.until(({ state }) => state.groups.some(({ stage }) => stage === "waiting"));
  a.removal = "move";
  operated.until(({ state }) =>
    state.groups.every(({ leaving, placement }) => leaving.length === 0 && placement?.cluster === "b"),
  );
  operated.untilReady();
  expect([a.pods.size, ...left(a)]).toEqual([0, 0, 0, 0]);
  const released = operated.acted.flatMap((action) => (action.kind === "release" ? action.ref.kind : []));
  expect([...new Set(released)]).toEqual(["RoleBasedGroup"]);
});

test("the Service of a set without groups goes with the cluster that is removed", () => {
  const placement = { clusters: { names: ["a"] } };
  const world = new World([aNode("a-0")], "a");
  const entry = { role: "router", port: "http" };
  const operated = new Operated(world, aSet({ replicas: 1, roles: [aRole({ role: "router" })], entry, placement }));
  operated.untilReady();
  operated.edit({ ...operated.state.spec, replicas: 0 });
  operated.run(15);
  expect(world.objects.size).toBe(1);
  world.removal = "delete";
  operated.run(3);
  expect(world.objects.size).toBe(0);
});
