import { expect, test } from "vitest";
import { reservationsOf } from "../placement/reservations.ts";
import { aNode, aPod, aRole, aSet, Operated, RACK, World } from "../testing/index.ts";
import { moveGroup } from "./moving.ts";
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
  expect(set.plan().status.groups[0]?.message).toContain("engine-0 has no node (no node has room)");
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

  // An edit is in effect from the next incarnation on.
  first.state = { ...first.state, spec: aSet({ ...engine, placement: placement("All") }).spec };
  expect(others(first)).toMatchObject([{ exclusive: "Set" }]);
  world.crash("first-0-engine-0");
  first.until((set) => set.state.groups[0]?.incarnation === 2);
  const anywhere = plan({ set: aSet(engine, "third"), clusters: clusters(), reservations: others(first) }, world.nowMs);
  const [group] = anywhere.next.groups;
  expect(group?.placement).toMatchObject({ domain: null, avoid: [{ key: RACK, value: "rack-0" }] });
  expect(JSON.stringify(group?.rendering)).toContain(`{"key":"${RACK}","operator":"NotIn","values":["rack-0"]}`);
});

const inRacks = (racks: number, nodesEach: number) =>
  Array.from({ length: racks * nodesEach }, (_, i) => aNode(`n${i}`, { rack: `rack-${Math.floor(i / nodesEach)}` }));
const nodesOf = (set: Operated) => [...set.world.pods.values()].map((pod) => pod.nodeName ?? "").sort();
const steal = (set: Operated, node: string, gpus: number) =>
  set.world.pods.set(
    `thief-${node}`,
    aPod(`thief-${node}`, { nodeName: node, requests: { "nvidia.com/gpu": gpus, pods: 1 } }),
  );

test("a preferred rack that holds the group is where its pods go", () => {
  const placement = { strategy: "Spread", topology: { key: RACK, mode: "Preferred" } };
  const set = new Operated(
    new World(inRacks(2, 2)),
    aSet(draft({ replicas: 1, placement, roles: [aRole({ role: "engine", replicas: 2, gpus: 8 })] })),
  );
  steal(set, "n0", 1);
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-1"]);
  set.world.pods.delete("thief-n0");
  expect(nodesOf(set)).toEqual(["n2", "n3"]);
  expect(set.state.groups[0]?.placement?.why).toContain("Its pods prefer it and need not stay in it.");
});

test("with no rack for all of it a group that prefers one spreads over the cluster, says so, and finds a rack next time", () => {
  const placement = { topology: { key: RACK, mode: "Preferred" } };
  const set = new Operated(
    new World(inRacks(2, 2)),
    aSet(draft({ replicas: 1, placement, roles: [aRole({ role: "engine", replicas: 2, gpus: 8 })] })),
  );
  steal(set, "n1", 8);
  steal(set, "n3", 8);
  set.reconcile();
  expect(set.plan().status.groups[0]?.message).toMatch(/No rack had room for all of it: it spreads over north\.$/);
  set.untilReady();
  expect(set.state.groups[0]?.placement).toEqual({
    cluster: "north",
    domain: null,
    prefers: { key: RACK, value: "rack-0" },
    avoid: [],
    why: "No rack has room for the whole group, so it spreads over north. Its pods prefer rack-0, which has room for 1 of 2.",
  });
  expect(nodesOf(set)).toEqual(["n0", "n1", "n2", "n3"]);
  set.world.pods.delete("thief-n3");
  set.world.crash("demo-0-engine-0");
  set.until(({ state }) => state.groups[0]?.incarnation === 2);
  expect(racksOf(set)).toEqual(["rack-1"]);
});

test("CreatePods makes the pods where they have no room, with the scheduler's words, and the group stays for the autoscaler", () => {
  const placement = { whenFull: "CreatePods", topology: { key: RACK } };
  const rollout = { progressDeadlineSeconds: 30 };
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1, placement, rollout })));
  steal(set, "n0", 8);
  steal(set, "n1", 4);
  set.run(10);
  expect(racksOf(set)).toEqual(["rack-1"]);
  expect(set.plan().status).toMatchObject({ unplacedGroups: 0, groups: [{ phase: "Starting" }] });
  expect(set.plan().status.groups[0]?.message).toContain("engine-0 has no node (no node has room)");
  set.run(40);
  expect(set.told("group.stopping")).toEqual([]);
  expect(set.plan().status.groups[0]?.message).toBe(
    "No progress within 30 s; engine-0 has no node (no node has room).",
  );
  set.world.nodes.push(aNode("n2", { rack: "rack-1" }));
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(1);
});

test("CreatePods after the deadline goes where there is room by then", () => {
  const placement = { whenFull: "CreatePods", topology: { key: RACK } };
  const rollout = { progressDeadlineSeconds: 30 };
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1, placement, rollout })));
  steal(set, "n0", 8);
  steal(set, "n1", 4);
  set.run(10);
  set.world.pods.delete("thief-n0");
  set.untilReady(60);
  expect(racksOf(set)).toEqual(["rack-0"]);
});

test("what its pods name and is missing keeps a group from starting, and it is looked for again", () => {
  const podSpec = { volumes: [{ name: "m", secret: { secretName: "keys" } }] };
  const set = new Operated(
    new World(racks(1)),
    aSet(draft({ replicas: 1, roles: [aRole({ role: "engine", podSpec })] })),
  );
  set.missing = new Map([["north", new Set(["Secret/keys", "Secret/other"])]]);
  const planned = set.reconcile();
  const reason =
    "Secret keys does not exist in namespace default of cluster north (spec.groupTemplate.roles[0].template.spec.volumes[0].secret.secretName).";
  expect(planned.status.groups[0]).toMatchObject({ phase: "Pending", message: reason });
  expect(planned.next.conditions).toContainEqual(
    expect.objectContaining({ type: "Placed", status: "False", message: `1 group not placed. ${reason}` }),
  );
  expect(planned.requeue).toEqual({ afterMs: 5000 });
  expect(set.reconcile().timeline).toEqual([]);
  set.missing = new Map();
  set.untilReady();
});

test("a group that is asked to move stops completely and starts on the best other rack, as no failure", () => {
  const set = new Operated(new World(racks(3)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  const move = moveGroup(set.state, 0, set.world.nowMs);
  expect(move?.state.groups[0]).toMatchObject({ stage: "teardown", lastCause: { kind: "move" } });
  set.state = move?.state ?? set.state;
  expect(moveGroup(set.state, 0, set.world.nowMs)).toBeNull();
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-1"]);
  expect(set.state.groups[0]).toMatchObject({ incarnation: 2, failuresInRow: 0 });
  expect(set.told("group.placed").at(-1)?.cause).toMatch(/^A move was asked for\. The fullest of 2 racks/);
  set.world.crash("demo-0-engine-0");
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-1"]);
});

test("a move survives a crash between any two of its steps, and happens once", () => {
  for (let lucky = 1; lucky <= 4; lucky++) {
    const set = new Operated(new World(racks(3)), aSet(draft({ replicas: 1 })));
    set.untilReady();
    set.state = moveGroup(set.state, 0, set.world.nowMs)?.state ?? set.state;
    for (let step = 0; step < 40; step++) {
      set.reconcile(step % lucky !== 0);
      set.world.step();
    }
    set.untilReady();
    expect(racksOf(set)).toEqual(["rack-1"]);
    expect(set.state.groups[0]?.incarnation).toBe(2);
    expect(set.told("group.placed")).toHaveLength(2);
  }
});

test("a group that is asked to move and finds no other room starts again where it was", () => {
  const set = new Operated(new World(racks(1)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  set.state = moveGroup(set.state, 0, set.world.nowMs)?.state ?? set.state;
  set.untilReady();
  expect(racksOf(set)).toEqual(["rack-0"]);
  expect(set.state.groups[0]?.incarnation).toBe(2);
});

test("a move brings an edited placement into effect", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  const placement = { topology: { key: RACK, exclusive: "All" } };
  set.state = { ...set.state, spec: aSet(draft({ replicas: 1, placement })).spec };
  expect(reservationsOf(set.state)).toMatchObject([{ exclusive: "None" }]);
  set.state = moveGroup(set.state, 0, set.world.nowMs)?.state ?? set.state;
  set.untilReady();
  expect(reservationsOf(set.state)).toMatchObject([{ domain: { value: "rack-0" }, exclusive: "All" }]);
});

test("the timeline says what is wrong with the rack that a group leaves", () => {
  const set = new Operated(new World(racks(2)), aSet(draft({ replicas: 1 })));
  set.untilReady();
  Object.assign(set.world.nodes[0] ?? {}, { isUnschedulable: true });
  set.world.deletePod("demo-0-engine-0");
  set.untilReady();
  expect(set.told("group.placed").at(-1)?.cause).toMatch(
    /^north\/rack-0 can no longer hold it: 0 of 1 nodes usable \(n0 is cordoned\), .* No room for engine-0\. The only rack/,
  );
});

test("a first start whose room others took is moved, a recovery's is one more failure; both go where there is room", () => {
  const rollout = { progressDeadlineSeconds: 30 };
  const set = new Operated(new World(racks(3)), aSet(draft({ replicas: 1, rollout })));
  set.untilReady();
  set.world.crash("demo-0-engine-0");
  set.until(({ state }) => state.groups[0]?.incarnation === 2);
  steal(set, "n0", 8);
  set.until(({ state }) => state.groups[0]?.incarnation === 3, 200);
  expect(racksOf(set)).toEqual(["rack-1"]);
  expect(set.state.groups[0]?.failuresInRow).toBe(2);
});

test("an extra group of a rollout holds a rack of its own too, and waits for one with the reason", () => {
  const placement = { topology: { key: RACK, exclusive: "Group" } };
  const fields = (image: string) => ({
    replicas: 2,
    placement,
    rollout: { maxSurge: 1, maxUnavailable: 0 },
    roles: [aRole({ role: "engine", image })],
  });
  const set = new Operated(new World(racks(2)), aSet(fields("engine:1")));
  set.untilReady();
  set.edit(aSet(fields("engine:2")).spec);
  set.run(5);
  expect(set.plan().status.groups.at(-1)).toMatchObject({ index: 2, phase: "Pending" });
  expect(set.plan().status.groups.at(-1)?.message).toMatch(/^No rack is free for this group\. rack-0: Holds group 0/);
  set.world.nodes.push(aNode("n2", { rack: "rack-2" }));
  set.until(({ state }) => state.groups.length === 3 && state.groups[2]?.stage === "running");
  expect(racksOf(set)).toEqual(["rack-0", "rack-1", "rack-2"]);
  set.until(({ state }) => state.groups.length === 2 && state.rollout.lastGood === 2);
  expect(new Set(racksOf(set)).size).toBe(2);
});
