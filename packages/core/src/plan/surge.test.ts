import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, RACK, World } from "../testing/index.ts";
import { pauseRollout, restartRollout, resumeRollout } from "./rollout-controls.ts";
import { abortRollout, deleteSet } from "./spec-change.ts";

const roles = (image: string, gpus = 0) => [
  aRole({ role: "prefill", image, gpus }),
  aRole({ role: "decode", image, dependencies: ["prefill"] }),
];
const SURGE = { maxSurge: 1, maxUnavailable: 0, progressDeadlineSeconds: 60 };

type Draft = Parameters<typeof aSet>[0];

function ready(draft: Draft = {}, nodes = [aNode("n1"), aNode("n2"), aNode("n3")]): Operated {
  const spec = { replicas: 3, roles: roles("engine:1"), rollout: SURGE, ...draft };
  const set = new Operated(new World(nodes), aSet(spec));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
function edit(set: Operated, draft: Draft): void {
  const { spec } = aSet({ replicas: 3, roles: roles("engine:1"), rollout: SURGE, ...draft });
  set.edit(spec);
}
const indices = (set: Operated) => set.state.groups.map((group) => group.index);

/** Groups with every pod Ready, judged by the cluster alone. */
function serving({ world }: Operated): number {
  const ready = new Map<number, number>();
  for (const pod of world.pods.values())
    if (pod.isReady && pod.deletionAtMs === null && pod.groupIndex !== null)
      ready.set(pod.groupIndex, (ready.get(pod.groupIndex) ?? 0) + 1);
  return [...ready.values()].filter((count) => count === 2).length;
}

/** Runs until the set is at rest and says what was seen on the way. */
function watch(set: Operated, limit = 200): { fewestServing: number; mostExtra: number } {
  let [fewestServing, mostExtra] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < limit; i++) {
    set.reconcile();
    fewestServing = Math.min(fewestServing, serving(set));
    mostExtra = Math.max(mostExtra, set.state.groups.filter((group) => group.isSurge).length);
    const { status, actions } = set.plan();
    if (status.phase === "Ready" && actions.length === 0 && set.state.rollout.startedAtMs === null) break;
    set.world.step();
  }
  return { fewestServing, mostExtra };
}

test("an extra group comes first, every group is replaced without one being missed, and then it goes", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.reconcile();
  expect(indices(set)).toEqual([0, 1, 2, 3]);
  expect(set.state.groups.map(({ stage }) => stage)).toEqual(["running", "running", "running", "running"]);
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  set.until(({ state }) => state.groups.length === 3);
  expect(set.revisions).toEqual([2, 2, 2]);
  expect(set.incarnations).toEqual([2, 2, 2]);
  expect(set.told("scaled").map(({ cause, decision }) => [cause, decision])).toEqual([
    ["maxSurge 1; 3 of 3 groups are still to be replaced", "Make extra group 3 at revision 2"],
  ]);
  expect(set.plan().status).toMatchObject({ phase: "Ready", readyGroups: 3, updatedGroups: 3 });
});

test("a percentage is rounded up, and never more extra groups are made than are still to be replaced", () => {
  const rollout = { maxSurge: "70%", maxUnavailable: "0%" };
  const set = ready({ rollout });
  edit(set, { rollout, roles: roles("engine:2") });
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 3 });
  set.until(({ state }) => state.groups.length === 3);
  expect(set.incarnations).toEqual([2, 2, 2]);
});

test("a restart has its extra group too", () => {
  const set = ready();
  set.take(restartRollout(set.state, set.world.nowMs));
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  expect(set.incarnations.slice(0, 3)).toEqual([2, 2, 2]);
});

test("a bad revision shows in the extra group: nothing that serves is taken down, and abort removes it", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.world.neverReady = /demo-3/;
  set.run(90);
  expect(set.revisions).toEqual([1, 1, 1, 2]);
  expect(set.incarnations).toEqual([1, 1, 1, 1]);
  expect(set.state.rollout.stalledReason).toMatch(/^Group 3 did not become ready at revision 2: prefill/);
  set.take(abortRollout(set.state, set.world.nowMs));
  set.until(({ state }) => state.groups.length === 3);
  set.run(3);
  expect(set.incarnations).toEqual([1, 1, 1]);
  expect(set.plan().status.phase).toBe("Ready");
});

test("an edit replaces an extra group that does not serve, and leaves one that does", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.world.neverReady = /demo-3/;
  set.run(5);
  set.world.neverReady = null;
  edit(set, { roles: roles("engine:3") });
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  expect(set.revisions.slice(0, 3)).toEqual([3, 3, 3]);
  set.until(({ state }) => state.groups.length === 3);
  edit(set, { roles: roles("engine:4") });
  set.until(({ state }) => state.groups[3]?.readySinceMs != null);
  edit(set, { roles: roles("engine:5") });
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  expect(set.told("group.stopping").filter(({ group }) => group === 3)).toHaveLength(3);
});

const small = (count: number) => Array.from({ length: count }, (_, i) => aNode(`n${i}`, { rack: `r${i}`, gpus: 8 }));
const exclusive = { placement: { topology: { key: RACK, exclusive: "Group" } } };

test("without room for it and with none to miss, the rollout waits and says why; room lets it go on", () => {
  const draft = { ...exclusive, roles: roles("engine:1", 8) };
  const set = ready(draft, small(3));
  edit(set, { ...exclusive, roles: roles("engine:2", 8) });
  set.run(70);
  expect(set.incarnations).toEqual([1, 1, 1, 0]);
  expect(set.state.rollout.stalledReason).toMatch(/^Group 3 did not become ready at revision 2: /);
  set.world.nodes.push(aNode("n9", { rack: "r9", gpus: 8 }));
  set.take(resumeRollout(set.state, set.world.nowMs));
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  expect(set.incarnations.slice(0, 3)).toEqual([2, 2, 2]);
});

test("without room for it but with one to miss, the rollout goes on without it", () => {
  const rollout = { maxSurge: 1, maxUnavailable: 1 };
  const set = ready({ ...exclusive, rollout, roles: roles("engine:1", 8) }, small(3));
  edit(set, { ...exclusive, rollout, roles: roles("engine:2", 8) });
  expect(watch(set)).toEqual({ fewestServing: 2, mostExtra: 1 });
  expect(set.incarnations.slice(0, 3)).toEqual([2, 2, 2]);
});

test("a scale-out makes the extra group regular, as it is; another one comes while it is needed", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until(({ state }) => state.groups[3]?.readySinceMs != null);
  edit(set, { replicas: 4, roles: roles("engine:2") });
  watch(set);
  set.until(({ state }) => state.groups.length === 4);
  expect(set.incarnations).toEqual([2, 2, 2, 1]);
  expect(set.revisions).toEqual([2, 2, 2, 2]);
});

test("a scale-in takes the regular groups; the extra one stays as long as it is needed", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until(({ state }) => state.groups[3]?.readySinceMs != null);
  edit(set, { replicas: 1, roles: roles("engine:2") });
  expect(watch(set).fewestServing).toBeGreaterThanOrEqual(1);
  set.until(({ state }) => state.groups.length === 1);
  expect(set.revisions).toEqual([2]);
});

test("with a partition, the extra group is there only for groups that are to be replaced", () => {
  const rollout = { ...SURGE, partition: 2 };
  const set = ready({ rollout });
  edit(set, { rollout, roles: roles("engine:2") });
  expect(watch(set)).toEqual({ fewestServing: 3, mostExtra: 1 });
  set.until(({ state }) => state.groups.length === 3);
  expect(set.revisions).toEqual([1, 1, 2]);
  edit(set, { rollout: { ...SURGE, partition: 3 }, roles: roles("engine:3") });
  set.run(10);
  expect(set.revisions).toEqual([1, 1, 2]);
});

test("paused, no extra group is made, and one that is there stays", () => {
  const set = ready();
  set.take(pauseRollout(set.state));
  edit(set, { roles: roles("engine:2") });
  set.run(5);
  expect(indices(set)).toEqual([0, 1, 2]);
  set.take(resumeRollout(set.state, set.world.nowMs));
  set.until(({ state }) => state.groups[3]?.readySinceMs != null);
  set.take(pauseRollout(set.state));
  set.run(20);
  expect(indices(set)).toEqual([0, 1, 2, 3]);
  set.take(resumeRollout(set.state, set.world.nowMs));
  expect(watch(set).fewestServing).toBe(3);
});

test("deleting the set in the middle takes the extra group along", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.run(3);
  set.take(deleteSet(set.state));
  set.until(({ isGone }) => isGone);
  expect([set.world.pods.size, set.world.owners.size]).toEqual([0, 0]);
});

test("an extra group that fails makes room for no one: what is down then is all that may be", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until(({ state }) => state.groups[2]?.takenDown === true);
  set.world.neverReady = /demo-3/;
  set.world.crash("demo-3-prefill-0");
  set.run(40);
  expect(serving(set)).toBe(3);
  expect(set.state.groups.filter((group) => group.takenDown)).toEqual([]);
});

test("an extra group without room that a scale-out makes regular is no extra group any more", () => {
  const rollout = { ...SURGE, maxSurge: 2 };
  const draft = { replicas: 2, rollout, roles: roles("engine:1", 8) };
  const set = ready(draft, [aNode("n1", { gpus: 8 }), aNode("n2", { gpus: 8 })]);
  edit(set, { ...draft, roles: roles("engine:2", 8) });
  set.run(3);
  expect(indices(set)).toEqual([0, 1, 2, 3]);
  edit(set, { ...draft, replicas: 3, roles: roles("engine:2", 8) });
  set.run(3);
  expect(set.state.groups.filter((group) => group.isSurge).map((group) => group.index)).toEqual([3, 4]);
});
