import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { acceptSpec, deleteSet } from "./spec-change.ts";

const fields = {
  replicas: 2,
  roles: [
    aRole({ role: "prefill" }),
    aRole({ role: "decode", dependencies: ["prefill"] }),
    aRole({ role: "router", dependencies: ["decode"] }),
  ],
};

function ready(more: Parameters<typeof aSet>[0] = {}): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ ...fields, ...more }));
  set.untilReady();
  set.acted.length = 0;
  return set;
}

const deletedWorkloads = (set: Operated): readonly string[] =>
  set.acted.flatMap((action) => (action.kind === "delete" && action.ref.kind === "StatefulSet" ? action.ref.name : []));
const rolesOf = (set: Operated, group: number): readonly string[] =>
  [...new Set([...set.world.pods.values()].filter(({ groupIndex }) => groupIndex === group).map(({ role }) => role))]
    .map(String)
    .sort();

test("a RoleBasedGroup that is deleted by hand is one failure: its roles end in order, then it goes, then the next one starts", () => {
  const set = ready();
  const uid = set.world.owners.get("demo-1")?.uid;
  set.world.deleteOwner("demo-1");
  const seen: string[] = [];
  set.until((operated) => {
    const text = rolesOf(operated, 1).join(" ");
    if (seen.at(-1) !== text) seen.push(text);
    return operated.world.owners.get("demo-1")?.uid !== uid;
  });
  expect(seen).toEqual(["decode prefill router", "decode prefill", "prefill", ""]);
  set.untilReady();
  expect(set.incarnations).toEqual([1, 2]);
  expect(set.told("group.failed").map(({ cause }) => cause)).toEqual(["The RoleBasedGroup was deleted"]);
  expect(new Set(deletedWorkloads(set))).toEqual(new Set(["demo-1-router", "demo-1-decode", "demo-1-prefill"]));
});

test("a Parallel group whose RoleBasedGroup is deleted ends at once", () => {
  const set = ready({ startupPolicy: "Parallel" });
  set.world.deleteOwner("demo-1");
  set.reconcile();
  expect(deletedWorkloads(set)).toHaveLength(3);
  set.untilReady();
  expect(set.incarnations).toEqual([1, 2]);
});

test("one without the finalizer, of an older version, goes as it is deleted", () => {
  const set = ready();
  const owner = set.world.owners.get("demo-1");
  if (owner !== undefined) owner.isHeld = false;
  expect(set.plan().actions).toEqual([]);
  set.world.deleteOwner("demo-1");
  expect(set.world.owners.has("demo-1")).toBe(false);
  set.untilReady();
  expect(set.incarnations).toEqual([1, 2]);
});

test("one that is deleted before anything started takes along what holds its names, and the incarnation starts under another", () => {
  const set = ready();
  set.world.crash("demo-1-decode-0");
  const isReserved = ({ state, world }: Operated): boolean =>
    state.groups[1]?.incarnation === 2 &&
    state.groups[1].startedRoles.length === 0 &&
    [...world.workloads.values()].filter(({ shown }) => shown.incarnation === 2).length === 3;
  for (let i = 0; i < 50 && !isReserved(set); i++) {
    set.reconcile();
    if (!isReserved(set)) set.world.step();
  }
  expect(isReserved(set)).toBe(true);
  set.world.deleteOwner("demo-1");
  set.untilReady();
  expect(set.incarnations).toEqual([1, 2]);
  expect(set.told("group.failed")).toHaveLength(1);
});

test.each([
  [
    "scaled in",
    (set: Operated) => set.take(acceptSpec(set.state, { ...set.state.spec, replicas: 0 }, set.world.nowMs)),
  ],
  ["deleted", (set: Operated) => set.take(deleteSet(set.state))],
  ["deleted, and leaves what runs", (set: Operated) => set.take(deleteSet(set.state, { orphan: true }))],
])("whatever is %s loses its finalizers, also by hands that die in between", (_, act) => {
  for (let deaths = 0; deaths < 4; deaths++) {
    const set = ready();
    act(set);
    set.world.deleteOwner("demo-0");
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < deaths; j++) set.reconcile(true);
      set.run(1);
    }
    expect(set.world.owners.size).toBe(0);
  }
});

test("what is left running by an orphaning deletion stays, also when its RoleBasedGroup is deleted meanwhile", () => {
  const set = ready();
  const before = [...set.world.pods.keys()];
  set.take(deleteSet(set.state, { orphan: true }));
  set.reconcile(true);
  set.world.deleteOwner("demo-0");
  set.until((operated) => operated.isGone);
  set.world.step();
  expect([...set.world.pods.keys()]).toEqual(before);
});
