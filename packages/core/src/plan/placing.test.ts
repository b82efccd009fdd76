import { expect, test } from "vitest";
import { reservationsOf } from "../placement/reservations.ts";
import { aNode, aPod, aRole, aSet, Operated, RACK, World } from "../testing/index.ts";
import { plan } from "./plan.ts";

const racks = (count: number) => Array.from({ length: count }, (_, i) => aNode(`n${i}`, { rack: `rack-${i}` }));
const draft = (fields: Readonly<Record<string, unknown>> = {}) => ({
  replicas: 2,
  roles: [aRole({ role: "engine", gpus: 8 })],
  placement: { topology: { key: RACK } },
  ...fields,
});
const racksOf = (set: Operated) => set.state.groups.map((group) => group.placement?.domain?.value ?? null);

test("each group gets a rack of its own room, and its pods run there", () => {
  const set = new Operated(new World(racks(3)), aSet(draft()));
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-0", "rack-1"]);
  expect([...set.world.pods.values()].map((pod) => pod.nodeName)).toEqual(["n0", "n1"]);
});

test("a group without room is Pending with the reason, holds nothing back, and is placed when room appears", () => {
  const set = new Operated(new World(racks(1)), aSet(draft()));
  set.run(10);
  expect(set.plan().status).toMatchObject({
    phase: "Pending",
    unplacedGroups: 1,
    readyGroups: 1,
    groups: [
      { phase: "Ready" },
      { phase: "Pending", message: "No rack has 8 free GPUs. Closest: rack-0, 0 free, short of 8." },
    ],
  });
  expect(set.told("group.unplaced")).toHaveLength(1);
  set.acted.length = 0;
  set.run(3);
  expect(set.acted).toEqual([]);
  set.world.nodes.push(aNode("n1", { rack: "rack-1" }));
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-0", "rack-1"]);
});

test("placements are reported with the cluster they are promised on", () => {
  const set = new Operated(new World(racks(2)), aSet(draft()));
  expect(set.reconcile().placedOn).toEqual(["north"]);
  expect(set.reconcile().placedOn).toEqual([]);
});

test("room is kept while a group recovers", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  set.world.crash("demo-0-engine-0");
  set.reconcile();
  expect(set.state.groups[0]?.stage).toBe("teardown");
  expect(reservationsOf(set.state)).toMatchObject([
    { group: 0, domain: { value: "rack-0" }, demands: [{ role: "engine" }] },
  ]);
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-0"]);
});

test("a group whose rack can no longer hold it moves as one, with its next incarnation", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  Object.assign(set.world.nodes[0] ?? {}, { isUnschedulable: true });
  set.world.deletePod("demo-0-engine-0");
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-1"]);
  expect(set.state.groups[0]?.incarnation).toBe(2);
  expect(set.told("group.placed").at(-1)?.decision).toBe("Move group 0 on north/rack-1");
});

test("a group whose room others took while it started is placed anew after the deadline", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1, rollout: { progressDeadlineSeconds: 30 } })));
  set.reconcile();
  const thief = aPod("thief", { nodeName: "n0", requests: { "nvidia.com/gpu": 8, pods: 1 } });
  set.world.pods.set("thief", thief);
  set.world.step();
  set.run(20);
  expect(set.plan().status.groups[0]?.message).toContain("engine-0 has no node: no node has room");
  set.untilReady(60);
  expect(racksOf(set)).toEqual(["rack-1"]);
});

test("a placement edit applies from the next incarnation", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  set.state = { ...set.state, spec: aSet(draft({ replicas: 1, placement: {} })).spec };
  set.run(3);
  expect(racksOf(set)).toEqual(["rack-0"]);
  set.world.crash("demo-0-engine-0");
  set.untilReady();
  expect(racksOf(set)).toEqual([null]);
});

test("with exclusive Group, a group that is going still holds its rack", () => {
  const placement = { topology: { key: RACK, exclusive: "Group" } };
  const set = new Operated(
    new World(racks(1)),
    aSet(draft({ replicas: 1, placement, roles: [aRole({ role: "engine" })] })),
  );
  set.untilReady();
  set.state = { ...set.state, spec: { ...set.state.spec, replicas: 0 } };
  set.reconcile();
  expect(reservationsOf(set.state)).toMatchObject([{ group: 0, exclusive: "Group", demands: [] }]);
});

test("exclusive sets do not share a rack, and what is without a topology stays off a rack that is held alone", () => {
  const placement = (exclusive: string) => ({ topology: { key: RACK, exclusive } });
  const engine = { replicas: 1, roles: [aRole({ role: "engine" })] };
  const world = new World(racks(2));
  const first = new Operated(world, aSet({ ...engine, placement: placement("Set") }, "first"));
  first.untilReady();
  const others = (...sets: readonly Operated[]) => sets.flatMap((set) => reservationsOf(set.state));
  const second = aSet({ ...engine, placement: placement("Set") }, "second");
  const clusters = () => new Map([["north", world.observe()]]);
  const decided = plan({ set: second, clusters: clusters(), reservations: others(first) }, world.nowMs);
  expect(decided.next.groups[0]?.placement?.domain?.value).toBe("rack-1");

  first.state = { ...first.state, spec: aSet({ ...engine, placement: placement("All") }).spec };
  const anywhere = plan({ set: aSet(engine, "third"), clusters: clusters(), reservations: others(first) }, world.nowMs);
  const [group] = anywhere.next.groups;
  expect(group?.placement).toMatchObject({ domain: null, avoid: [{ key: RACK, value: "rack-0" }] });
  expect(JSON.stringify(group?.rendering)).toContain(`{"key":"${RACK}","operator":"NotIn","values":["rack-0"]}`);
});
