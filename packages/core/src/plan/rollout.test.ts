import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { pauseRollout, restartRollout, resumeRollout } from "./rollout-controls.ts";
import { abortRollout, acceptSpec, rollbackTo } from "./spec-change.ts";

const roles = (image: string, decode = 2) => [
  aRole({ role: "prefill", replicas: 2, image }),
  aRole({ role: "decode", replicas: decode, image, dependencies: ["prefill"] }),
];
const nodes = () => [aNode("n1"), aNode("n2"), aNode("n3")];

function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const set = new Operated(new World(nodes()), aSet({ replicas: 3, roles: roles("engine:1"), ...draft }));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
function edit(set: Operated, draft: Parameters<typeof aSet>[0]): void {
  set.edit(aSet({ replicas: 3, ...draft }).spec);
}
const stages = (set: Operated) => set.state.groups.map((group) => group.stage);

test("groups leave the old revision one after another, highest index first", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  const order: number[] = [];
  for (let i = 0; i < 80; i++) {
    set.reconcile();
    const down = set.state.groups.filter((group) => group.takenDown);
    expect(down.length).toBeLessThanOrEqual(1);
    for (const { index } of down) if (order.at(-1) !== index) order.push(index);
    for (const index of [0, 1, 2]) {
      const hashes = new Set(
        [...set.world.pods.values()].filter((pod) => pod.groupIndex === index).map((pod) => pod.revisionHash),
      );
      expect(hashes.size).toBeLessThanOrEqual(1);
    }
    set.world.step();
  }
  expect(order).toEqual([2, 1, 0]);
  expect(set.plan().status).toMatchObject({ phase: "Ready", updatedGroups: 3, currentRevision: 2 });
  expect(set.incarnations).toEqual([2, 2, 2]);
  expect(set.told("rollout.finished")).toHaveLength(1);
});

test("maxUnavailable groups go at once, and a percentage is rounded down", () => {
  const set = ready({ replicas: 3, rollout: { maxUnavailable: "70%" } });
  edit(set, { roles: roles("engine:2"), rollout: { maxUnavailable: "70%" } });
  set.reconcile();
  expect(stages(set)).toEqual(["running", "teardown", "teardown"]);
});

test("groups that are broken on the old revision are replaced at any time, before the others", () => {
  const set = ready();
  set.world.neverReady = /demo-0-prefill-0$/;
  Object.assign(set.world.pod("demo-0-prefill-0"), { isReady: false });
  set.run(2);
  edit(set, { roles: roles("engine:2") });
  set.reconcile();
  expect(stages(set)).toEqual(["teardown", "running", "running"]);
});

test("a bad revision does not spread, and can always be replaced", () => {
  const set = ready({ rollout: { progressDeadlineSeconds: 30 } });
  edit(set, { roles: roles("engine:2"), rollout: { progressDeadlineSeconds: 30 } });
  set.world.neverReady = /demo-2-prefill/;
  set.run(60);
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.plan().status).toMatchObject({ phase: "Degraded" });
  expect(set.state.rollout.stalledReason).toMatch(/^Group 2 did not become ready at revision 2: prefill/);
  expect(set.told("rollout.stalled")).toHaveLength(1);
  set.world.neverReady = null;
  edit(set, { roles: roles("engine:3"), rollout: { progressDeadlineSeconds: 30 } });
  set.untilReady(200);
  expect(set.revisions).toEqual([3, 3, 3]);
});

test("paused stops before the next group, and resuming goes on", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.run(2);
  set.take(pauseRollout(set.state));
  set.run(40);
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.plan().status.phase).toBe("Paused");
  set.take(resumeRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(set.revisions).toEqual([2, 2, 2]);
});

test("a group that is recreated while paused keeps its revision", () => {
  const set = ready();
  set.take(pauseRollout(set.state));
  edit(set, { roles: roles("engine:2") });
  set.world.crash("demo-0-decode-0");
  set.run(30);
  expect(set.incarnations).toEqual([2, 1, 1]);
  expect(set.revisions).toEqual([1, 1, 1]);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === set.state.revisions[0]?.hash)).toBe(true);
});

test("an edit back to earlier content during a rollout touches only the groups that had left it", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until((operated) => operated.state.groups[2]?.revision === 2);
  edit(set, { roles: roles("engine:1") });
  set.untilReady(200);
  expect(set.incarnations).toEqual([1, 1, 3]);
  expect(set.revisions).toEqual([3, 3, 3]);
  expect(set.state.revisions.map((revision) => revision.hash)[0]).toBe(set.state.revisions[2]?.hash);
});

test("abort returns to the last revision at which every group was ready", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until((operated) => operated.state.groups[2]?.revision === 2);
  set.take(abortRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(set.state.rollout).toMatchObject({ target: 1, lastGood: 1 });
  expect(set.incarnations).toEqual([1, 1, 3]);
  expect(set.state.spec).toEqual(aSet({ replicas: 3, roles: roles("engine:1") }).spec);
  expect(abortRollout(set.state, set.world.nowMs)).toBeNull();
});

test("a rollback is a new revision with the old content, at the present counts", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.untilReady(200);
  edit(set, { roles: roles("engine:2", 3) });
  set.untilReady(200);
  set.take(rollbackTo(set.state, 1, set.world.nowMs));
  set.untilReady(200);
  expect(set.state.rollout.target).toBe(3);
  expect(set.state.spec).toEqual(aSet({ replicas: 3, roles: roles("engine:1", 3) }).spec);
  expect(set.incarnations).toEqual([3, 3, 3]);
  // Later edits build on what was rolled back to.
  edit(set, { roles: roles("engine:1", 2) });
  expect(set.state.revisions).toHaveLength(3);
});

test("restart takes every group to its next incarnation with the same content and budget", () => {
  const set = ready();
  set.take(restartRollout(set.state, set.world.nowMs));
  for (let i = 0; i < 80; i++) {
    set.reconcile();
    expect(set.state.groups.filter((group) => group.takenDown).length).toBeLessThanOrEqual(1);
    set.world.step();
  }
  expect(set.incarnations).toEqual([2, 2, 2]);
  expect(set.revisions).toEqual([1, 1, 1]);
});

test("template and replicas changed in one edit never take more than the budget down", () => {
  const set = ready();
  edit(set, { replicas: 4, roles: roles("engine:2", 4) });
  set.run(1);
  for (let i = 0; i < 80; i++) {
    set.reconcile();
    expect(set.state.groups.filter((group) => group.takenDown).length).toBeLessThanOrEqual(1);
    set.world.step();
  }
  expect(set.revisions).toEqual([2, 2, 2, 2]);
  expect(set.world.pods.size).toBe(24);
});

test("a group that waits out its backoff on the old revision is taken to the new one at once", () => {
  const set = ready();
  for (let i = 0; i < 2; i++) {
    set.world.crash("demo-0-decode-0");
    set.run(8);
  }
  expect(stages(set)[0]).toBe("waiting");
  edit(set, { roles: roles("engine:2") });
  set.reconcile();
  expect(set.state.groups[0]).toMatchObject({ stage: "running", revision: 2, failuresInRow: 0 });
});

test("new groups of a paused rollout take the revision that is proven", () => {
  const set = ready();
  set.take(pauseRollout(set.state));
  edit(set, { replicas: 4, roles: roles("engine:2") });
  set.run(10);
  expect(set.revisions).toEqual([1, 1, 1, 1]);
});

test("revisions beyond the history limit are forgotten, those in use never", () => {
  const set = ready({ revisionHistoryLimit: 2 });
  for (const image of ["engine:2", "engine:3", "engine:4"]) edit(set, { roles: roles(image), revisionHistoryLimit: 2 });
  set.reconcile();
  expect(set.state.revisions.map((revision) => revision.number)).toEqual([1, 3, 4]);
  set.untilReady(200);
  set.reconcile();
  expect(set.state.revisions.map((revision) => revision.number)).toEqual([3, 4]);
});

test("a spec that is the present one changes nothing", () => {
  const set = ready();
  expect(acceptSpec(set.state, { ...set.state.spec }, 0)).toBeNull();
});

const DEADLINE = { rollout: { progressDeadlineSeconds: 60 }, recovery: { backoff: { baseSeconds: 1, maxSeconds: 2 } } };
const condition = (set: Operated) => set.plan().status.conditions.find((candidate) => candidate.type === "Progressing");

test("a revision on which a group comes up and fails, again and again, is stopped at the deadline", () => {
  const set = ready(DEADLINE);
  edit(set, { ...DEADLINE, roles: roles("engine:2") });
  set.world.neverReady = /demo-2-decode/;
  for (let i = 0; i < 140 && set.state.rollout.stalledReason === null; i++) {
    set.run(1);
    const group = set.state.groups[2];
    if (group?.revision === 2 && group.readyPods.length === 2) set.world.crash("demo-2-prefill-0");
  }
  expect(set.state.rollout.stalledReason).toMatch(
    /^Group 2 did not become ready at revision 2: prefill-0: engine exited 137 \(OOMKilled\)/,
  );
  expect(condition(set)).toMatchObject({ status: "False", reason: "RolloutStalled" });
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.told("rollout.stalled")).toHaveLength(1);
});

test("a group that finds no place for the new revision stops the rollout at the deadline, with the reason", () => {
  const gpus = (count: number) => [aRole({ role: "engine", gpus: count })];
  const set = ready({ ...DEADLINE, replicas: 2, roles: gpus(8) });
  edit(set, { ...DEADLINE, replicas: 2, roles: gpus(9) });
  set.run(70);
  expect(set.state.rollout.stalledReason).toMatch(
    /^Group 1 did not become ready at revision 2: No node can hold engine-0: it asks for 9 GPUs/,
  );
  expect(condition(set)?.status).toBe("False");
});

test("the deadline begins anew with every group that becomes ready, and with a resume", () => {
  const set = ready(DEADLINE);
  edit(set, { ...DEADLINE, roles: roles("engine:2") });
  set.until((operated) => operated.state.rollout.mostReady === 1);
  expect(set.state.rollout.progressAtMs).toBe(set.world.nowMs);
  set.take(pauseRollout(set.state));
  set.world.nowMs += 3_600_000;
  set.run(2);
  expect(set.state.rollout.stalledReason).toBeNull();
  set.take(resumeRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(set.revisions).toEqual([2, 2, 2]);
});

test("with no group there is nothing proven: abort still knows the way back", () => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 0, roles: roles("engine:1") });
  set.run(15);
  edit(set, { replicas: 0, roles: roles("engine:2") });
  set.run(3);
  set.world.neverReady = /./;
  edit(set, { replicas: 1, roles: roles("engine:2") });
  set.run(5);
  expect(set.state.rollout.lastGood).toBe(1);
  set.take(abortRollout(set.state, set.world.nowMs));
  set.world.neverReady = null;
  set.untilReady(200);
  expect(set.state.rollout).toMatchObject({ target: 1, lastGood: 1 });
});

test("a group that never had a place holds neither the end of a rollout nor the way back", () => {
  const engine = (image: string) => [aRole({ role: "engine", gpus: 8, image })];
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 2, roles: engine("engine:1") }));
  set.run(10);
  expect(set.state.rollout.lastGood).toBe(1);
  edit(set, { replicas: 2, roles: engine("engine:2") });
  set.run(20);
  expect(set.told("rollout.finished")).toHaveLength(1);
  expect(set.state.rollout).toMatchObject({ lastGood: 2, startedAtMs: null });
});

test("a group that is not ready goes before the others, also when all it lacks may fail", () => {
  const side = (image: string) => [aRole({ role: "a", image }), aRole({ role: "side", onPodFailure: "Ignore" })];
  const set = ready({ roles: side("engine:1") });
  set.world.neverReady = /demo-0-side/;
  set.world.crash("demo-0-side-0");
  set.run(3);
  edit(set, { roles: side("engine:2") });
  set.reconcile();
  expect(stages(set)).toEqual(["teardown", "running", "running"]);
});

test("a rollback while paused is taken, and waits like any other revision", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until((operated) => operated.state.groups[2]?.revision === 2);
  set.take(pauseRollout(set.state));
  set.run(30);
  set.take(rollbackTo(set.state, 1, set.world.nowMs));
  set.run(30);
  expect(set.state.rollout).toMatchObject({ target: 3, isPaused: true });
  expect(set.revisions).toEqual([3, 3, 2]);
  expect(set.incarnations).toEqual([1, 1, 2]);
  set.take(resumeRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(set.incarnations).toEqual([1, 1, 3]);
});

test.each([
  ["probe", { readinessProbe: { tcpSocket: { port: 80 } } }],
  ["securityContext", { securityContext: { runAsNonRoot: true } }],
])("an edit of the %s alone is a revision of its own and is rolled out", (_, extra) => {
  const engine = (fields: object) => [
    { role: "engine", template: { spec: { containers: [{ name: "engine", image: "engine:1", ...fields }] } } },
  ];
  const set = ready({ roles: engine({}) });
  edit(set, { roles: engine(extra) });
  set.untilReady(200);
  expect(set.revisions).toEqual([2, 2, 2]);
  expect(set.incarnations).toEqual([2, 2, 2]);
});
