import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

const roles = (image = "engine:1", replicas = 2) => [
  aRole({ role: "router" }),
  aRole({ role: "decode", replicas, image, dependencies: ["router"], isExternal: true }),
];

function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ replicas: 1, roles: roles(), ...draft }));
  set.untilReady();
  set.run(3);
  set.acted.length = 0;
  return set;
}
/** What an autoscaler does. */
function scale(set: Operated, replicas: number, group = 0): void {
  const workload = set.world.workloads.get(`StatefulSet/demo-${group}-decode`);
  if (workload === undefined) throw new Error("there is no such workload");
  workload.shown.replicas = replicas;
  workload.shown.generation += 1;
}
const decodePods = (set: Operated) => [...set.world.pods.values()].filter(({ role }) => role === "decode");
const config = (set: Operated) => JSON.stringify(set.world.objects.get("ConfigMap/demo-0-config")?.object["data"]);

test("an autoscaler's number is read, discovery and status follow, and nothing is put back", () => {
  const set = ready();
  scale(set, 4);
  set.run(10);
  expect(decodePods(set)).toHaveLength(4);
  expect(set.acted.filter(({ kind }) => kind === "scale")).toEqual([]);
  expect(config(set)).toContain("demo-0-decode-3");
  expect(set.plan().status.groups[0]?.roles).toContainEqual({ role: "decode", ready: 4, replicas: 4 });
  expect(set.told("object.restored")).toEqual([]);
});

test("its scale-in is no failure, also where the end of a pod is heard of before the number", () => {
  const set = ready();
  set.world.deletePod("demo-0-decode-1");
  set.run(1);
  scale(set, 1);
  set.run(10);
  expect(decodePods(set)).toHaveLength(1);
  expect(set.told("group.failed")).toEqual([]);
  expect(set.state.groups[0]).toMatchObject({ incarnation: 1, readyPods: [{ role: "router" }, { role: "decode" }] });
});

test("a pod that is deleted without a scale-in is a failure a moment later", () => {
  const set = ready();
  set.world.deletePod("demo-0-decode-1");
  set.run(2);
  expect(set.told("group.failed")).toEqual([]);
  set.run(4);
  expect(set.told("group.failed").map(({ cause }) => cause)).toEqual(["decode-1 was deleted"]);
});

test("scaled while its set rolls out, the next incarnation starts with the autoscaler's number", () => {
  const set = ready();
  scale(set, 3);
  set.run(3);
  set.edit(aSet({ replicas: 1, roles: roles("engine:2") }).spec);
  set.until((operated) => operated.state.groups[0]?.incarnation === 2);
  set.untilReady();
  expect(decodePods(set)).toHaveLength(3);
  expect(config(set)).toContain("demo-0-decode-2");
});

test("each group has its own number, and a new group starts with the definition's", () => {
  const set = ready({ replicas: 2 });
  scale(set, 3, 0);
  set.run(8);
  set.edit(aSet({ replicas: 3, roles: roles() }).spec);
  set.untilReady();
  expect(decodePods(set).map(({ groupIndex }) => groupIndex)).toEqual(expect.arrayContaining([0, 0, 0, 1, 1, 2, 2]));
  expect(decodePods(set)).toHaveLength(7);
});

test("scaled to zero and up again from outside, the role stops and starts", () => {
  const set = ready();
  scale(set, 0);
  set.run(6);
  expect(decodePods(set)).toEqual([]);
  expect(set.plan().status.phase).toBe("Ready");
  scale(set, 1);
  set.run(6);
  expect(decodePods(set)).toHaveLength(1);
  expect(set.told("object.restored")).toEqual([]);
});

test("taken back by the definition, the role has the definition's number again", () => {
  const set = ready();
  scale(set, 4);
  set.run(5);
  const own = [aRole({ role: "router" }), aRole({ role: "decode", replicas: 2, dependencies: ["router"] })];
  set.edit(aSet({ replicas: 1, roles: own }).spec);
  set.run(6);
  expect(decodePods(set)).toHaveLength(2);
  expect(set.told("group.failed")).toEqual([]);
});
