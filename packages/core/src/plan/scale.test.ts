import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { deleteSet } from "./spec-change.ts";

const roles = (prefill: number, decode: number) => [
  aRole({ role: "prefill", replicas: prefill }),
  aRole({ role: "decode", replicas: decode, dependencies: ["prefill"] }),
];
function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ replicas: 2, ...draft }));
  set.untilReady();
  set.acted.length = 0;
  return set;
}
function edit(set: Operated, draft: Parameters<typeof aSet>[0]): void {
  set.edit(aSet(draft).spec);
}
const uids = (set: Operated) => new Set([...set.world.pods.values()].map((pod) => pod.uid));

test("scaling groups out adds the next indices and touches no other", () => {
  const set = ready();
  const before = uids(set);
  edit(set, { replicas: 4 });
  set.untilReady();
  expect(set.state.groups.map((group) => group.index)).toEqual([0, 1, 2, 3]);
  expect([...uids(set)]).toEqual(expect.arrayContaining([...before]));
  expect(set.told("scaled")[0]?.decision).toBe("Scale groups from 2 to 4");
});

test("scaling groups in removes the highest indices and everything of them", () => {
  const set = ready();
  edit(set, { replicas: 1 });
  set.run(15);
  expect(set.state.groups.map((group) => group.index)).toEqual([0]);
  expect([...set.world.owners.keys()]).toEqual(["demo-0"]);
  expect([...set.world.objects.keys()].filter((key) => key.includes("demo-1"))).toEqual([]);
  expect(set.plan().status.phase).toBe("Ready");
});

test("a group that is wanted again while it goes is finished off and starts anew", () => {
  const set = ready();
  edit(set, { replicas: 1 });
  set.run(1);
  edit(set, { replicas: 2 });
  set.untilReady();
  expect(set.state.groups[1]).toMatchObject({ index: 1, incarnation: 2, stage: "running" });
});

test("a group that is wanted again when its RoleBasedGroup is being deleted goes first, and comes as a new one", () => {
  const set = ready();
  edit(set, { replicas: 1 });
  while (set.state.groups[1]?.teardown?.isOwnerGoing !== true) set.run(1);
  // The deletion may be late: whatever stays under that owner would go with it.
  edit(set, { replicas: 2 });
  set.untilReady();
  expect(set.state.groups[1]).toMatchObject({ index: 1, incarnation: 1, stage: "running" });
  expect(set.told("group.failed")).toEqual([]);
});

test("scaling a role replaces no running pod, and is no new revision", () => {
  const set = ready();
  const before = uids(set);
  edit(set, { replicas: 2, roles: roles(2, 4) });
  set.untilReady();
  expect([...uids(set)]).toEqual(expect.arrayContaining([...before]));
  expect(set.world.pods.size).toBe(12);
  expect(set.state.revisions).toHaveLength(1);
});

test("the ConfigMaps are written before a role is scaled in", () => {
  const set = ready({ replicas: 1, roles: roles(2, 4) });
  edit(set, { replicas: 1, roles: roles(2, 2) });
  expect(set.reconcile().actions.map((action) => action.kind)).not.toContain("scale");
  expect(set.reconcile().actions.map((action) => action.kind)).toContain("scale");
});

test("the ConfigMaps are written as soon as a role is scaled out", () => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 1, roles: roles(2, 3) });
  const kinds = set.reconcile().actions.map((action) => action.kind);
  expect(kinds).toContain("scale");
  expect(kinds).toContain("update");
});

test("pods that go by a scale-in are no failure, also when it is scaled out again at once", () => {
  const set = ready({ replicas: 1, roles: roles(2, 4) });
  edit(set, { replicas: 1, roles: roles(2, 2) });
  set.reconcile();
  set.reconcile();
  edit(set, { replicas: 1, roles: roles(2, 4) });
  set.untilReady();
  set.run(5);
  expect(set.state.groups[0]?.incarnation).toBe(1);
});

test("pods that a Deployment takes away by a scale-in are no failure, those that vanish are", () => {
  const at = (replicas: number) => ({
    replicas: 1,
    roles: [aRole({ role: "router", replicas, kind: "Deployment" as const })],
  });
  const set = ready(at(3));
  edit(set, at(2));
  set.untilReady();
  set.run(3);
  expect(set.state.groups[0]?.incarnation).toBe(1);
  set.world.deletePod("demo-0-router-0");
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(2);
});

test("added roles start and removed roles stop, alone", () => {
  const set = ready({ replicas: 1 });
  const before = uids(set);
  edit(set, { replicas: 1, roles: [...roles(2, 2), aRole({ role: "router", dependencies: ["decode"] })] });
  set.untilReady();
  expect([...uids(set)]).toEqual(expect.arrayContaining([...before]));
  expect(set.world.pods.has("demo-0-router-0")).toBe(true);
  edit(set, { replicas: 1 });
  set.untilReady();
  set.run(5);
  expect(uids(set)).toEqual(before);
  expect([...set.world.objects.keys()]).not.toContain("Service/s-demo-0-router");
  expect(set.state.groups[0]).toMatchObject({ incarnation: 1, revision: 3 });
});

/** The workloads of the role `side`, as they are now. */
const sideOf = (set: Operated) =>
  [...set.world.workloads]
    .filter(([, { shown }]) => shown.role === "side")
    .map(([key, record]) => [key, { ...record, shown: { ...record.shown } }] as const);

test("a workload that a removed role left behind gives way to a role of its name and another kind", () => {
  const set = ready({ replicas: 1 });
  const side = aRole({ role: "side", kind: "Deployment" });
  edit(set, { replicas: 1, roles: [...roles(2, 2), side] });
  set.untilReady();
  const left = sideOf(set);
  expect(left).toHaveLength(1);
  edit(set, { replicas: 1 });
  set.untilReady();
  set.run(5);
  // Its deletion was asked for and never arrived.
  for (const [key, record] of left) set.world.workloads.set(key, record);
  edit(set, { replicas: 1, roles: [...roles(2, 2), aRole({ role: "side" })] });
  set.untilReady();
  set.run(5);
  const kinds = [...set.world.workloads.values()].filter(({ shown }) => shown.role === "side");
  expect(kinds.map(({ shown }) => shown.kind)).toEqual(["StatefulSet"]);
});

test.each([
  ["one workload", "a workload per instance"],
  ["a workload per instance", "one workload"],
] as const)("%s that a removed role left behind gives way to %s of a role of its name", (from, to) => {
  const side = { "one workload": {}, "a workload per instance": { leaderWorker: { size: 2 } } };
  const set = ready({ replicas: 1, roles: [...roles(2, 2), aRole({ role: "side", ...side[from] })] });
  const left = sideOf(set);
  expect(left).toHaveLength(1);
  edit(set, { replicas: 1 });
  set.untilReady();
  set.run(5);
  for (const [key, record] of left) set.world.workloads.set(key, record);
  edit(set, { replicas: 1, roles: [...roles(2, 2), aRole({ role: "side", ...side[to] })] });
  set.untilReady();
  set.run(10);
  const names = [...set.world.workloads.values()].filter(({ shown }) => shown.role === "side");
  expect(names.map(({ shown }) => shown.name)).toEqual([to === "one workload" ? "demo-0-side" : "demo-0-side-0"]);
});

test("deleting removes roles in reverse dependency order and leaves nothing", () => {
  const set = ready();
  set.take(deleteSet(set.state));
  for (let i = 0; i < 30 && !set.isGone; i++) {
    set.reconcile();
    const decode = [...set.world.pods.values()].some((pod) => pod.role === "decode");
    const isPrefillTouched = [...set.world.workloads.values()].some(
      ({ shown }) => shown.role === "prefill" && shown.deletionAtMs !== null,
    );
    expect(decode && isPrefillTouched).toBe(false);
    set.world.step();
  }
  expect(set.isGone).toBe(true);
  expect([set.world.pods.size, set.world.workloads.size, set.world.owners.size, set.world.objects.size]).toEqual([
    0, 0, 0, 0,
  ]);
});

test("deleting a Parallel set removes all roles at once", () => {
  const set = ready({ replicas: 1, startupPolicy: "Parallel" });
  set.take(deleteSet(set.state));
  expect(set.reconcile().actions.filter((action) => action.kind === "delete")).toHaveLength(2);
});

test("a set can be deleted while it starts, recovers or waits for room", () => {
  for (const steps of [0, 1, 2, 3, 5]) {
    const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1 }));
    set.run(steps);
    set.take(deleteSet(set.state));
    set.until((operated) => operated.isGone, 40);
    expect(set.world.owners.size).toBe(0);
  }
});

test("scaling to 0 groups is Ready with nothing left", () => {
  const set = ready();
  edit(set, { replicas: 0 });
  set.run(15);
  expect(set.plan().status).toMatchObject({ phase: "Ready", groups: [] });
  expect(set.isGone).toBe(false);
});

test("a scale-in that was taken back and arrives late all the same is no failure", () => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 1, roles: roles(2, 0) });
  set.reconcile();
  const late = set.reconcile(true).actions.find((action) => action.kind === "scale");
  if (late === undefined) throw new Error("nothing was scaled in");
  edit(set, { replicas: 1 });
  set.run(3);
  set.world.apply(late);
  set.untilReady();
  set.run(5);
  expect(set.state.groups[0]?.incarnation).toBe(1);
  expect(set.world.pods.size).toBe(4);
});

test("a role that is scaled by hand is scaled back, and its group goes on", () => {
  const set = ready({ replicas: 1 });
  const decode = set.world.workloads.get("StatefulSet/demo-0-decode");
  Object.assign(decode?.shown ?? {}, { replicas: 1, generation: 2 });
  set.run(2);
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(1);
  expect(set.world.pods.size).toBe(4);
});

test("a pod that a scale-in took is no failure, however late it is heard after the scale-out that followed", () => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 1, roles: roles(2, 1) });
  set.reconcile();
  expect(set.reconcile().actions).toMatchObject([{ kind: "scale", replicas: 1 }]);
  edit(set, { replicas: 1 });
  set.reconcile();
  // Its controller has seen both; what it did to the pod is still on its way.
  const decode = set.world.workloads.get("StatefulSet/demo-0-decode");
  Object.assign(decode?.shown ?? {}, { observedGeneration: decode?.shown.generation });
  set.reconcile();
  set.reconcile();
  set.world.deletePod("demo-0-decode-1");
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(1);
  set.world.deletePod("demo-0-decode-1");
  set.untilReady();
  expect(set.state.groups[0]?.incarnation).toBe(2);
});

test("replicas that somebody else changes are set back and told, at most once in ten seconds", () => {
  const set = ready({ replicas: 1 });
  set.run(1);
  const decode = set.world.workloads.get("StatefulSet/demo-0-decode");
  for (let i = 0; i < 6; i++) {
    Object.assign(decode?.shown ?? {}, { replicas: 3 });
    set.run(2);
  }
  expect(set.told("object.restored").map((draft) => draft.cause)).toEqual([
    "StatefulSet demo-0-decode was scaled to 3 replicas; 2 are wanted",
    "StatefulSet demo-0-decode was scaled to 3 replicas; 2 are wanted",
  ]);
  expect(set.acted.filter((action) => action.kind === "scale")).toHaveLength(2);
  expect(set.state.groups[0]?.incarnation).toBe(1);
  set.run(12);
  expect(decode?.shown.replicas).toBe(2);
});
