import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

/** One group on `a` that may also run on `b`, and goes there 10 s after a loss of `a`. */
function onTwo() {
  const roles = [aRole({ role: "prefill" }), aRole({ role: "decode", dependencies: ["prefill"] })];
  const placement = { clusters: { names: ["a", "b"] }, failover: { afterSeconds: 10 } };
  const [a, b] = ["a", "b"].map((name) => new World([aNode(`${name}-0`), aNode(`${name}-1`)], name));
  if (a === undefined || b === undefined) throw new Error("two clusters");
  const operated = new Operated(a, aSet({ replicas: 1, roles, placement }), [b]);
  operated.untilReady();
  return { operated, a, b };
}

test("a cluster that belongs to another control plane is left alone and says so, and nothing fails over because of it", () => {
  const { operated, a, b } = onTwo();
  const before = [...a.pods.keys()];
  a.health = "foreign";
  operated.lost = new Map([["a", { sinceMs: operated.world.nowMs, isCounting: true }]]);
  a.crash("demo-0-decode-0");
  operated.run(60);
  expect(operated.plan().actions).toEqual([]);
  expect(operated.plan().status.groups[0]).toMatchObject({
    phase: "Unknown",
    message: "a belongs to another control plane; nothing there is touched.",
  });
  expect([...a.pods.keys()]).toEqual(before);
  expect(b.pods.size).toBe(0);
});

test("what failed there meanwhile is one failure when the cluster is ours again", () => {
  const { operated, a } = onTwo();
  a.health = "foreign";
  operated.run(5);
  a.crash("demo-0-decode-0");
  operated.run(5);
  a.health = "live";
  operated.untilReady();
  expect(operated.state.groups[0]).toMatchObject({ incarnation: 2, placement: { cluster: "a" } });
  expect(operated.told("group.failed")).toHaveLength(1);
});

test("no group is placed on a cluster that belongs to another control plane", () => {
  const world = new World([aNode("a-0")], "a");
  world.health = "foreign";
  const set = aSet({ replicas: 1, roles: [aRole({ role: "engine" })], placement: { clusters: { names: ["a"] } } });
  const operated = new Operated(world, set);
  operated.run(3);
  expect(operated.state.groups[0]?.stage).toBe("unplaced");
  expect(operated.plan().status.groups[0]?.message).toContain(
    "a belongs to another control plane; nothing is placed there",
  );
});
