import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { pauseRollout, restartRollout } from "./rollout-controls.ts";
import { abortRollout } from "./spec-change.ts";

const roles = (image: string) => [
  aRole({ role: "prefill", image }),
  aRole({ role: "decode", image, dependencies: ["prefill"] }),
];

function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const nodes = [aNode("n1"), aNode("n2"), aNode("n3")];
  const set = new Operated(new World(nodes), aSet({ replicas: 3, roles: roles("engine:1"), ...draft }));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
function edit(set: Operated, image: string, partition: number, draft: Parameters<typeof aSet>[0] = {}): void {
  const { spec } = aSet({ replicas: 3, roles: roles(image), rollout: { partition }, ...draft });
  set.edit(spec);
}
const condition = (set: Operated) => set.plan().status.conditions.find(({ type }) => type === "Progressing");

/** Group 2 runs revision 2; groups 0 and 1 are held at revision 1. */
function canary(): Operated {
  const set = ready();
  edit(set, "engine:2", 2);
  set.untilReady();
  return set;
}

test("only groups from the partition up take a new revision, and then the rollout has ended as a canary", () => {
  const set = canary();
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.incarnations).toEqual([1, 1, 2]);
  expect(set.plan().status).toMatchObject({
    phase: "Ready",
    updatedGroups: 1,
    currentRevision: 1,
    updateRevision: 2,
  });
  expect(condition(set)).toMatchObject({
    status: "True",
    message: "Canary: 1 of 3 groups at revision 2; partition 2 holds 2 back.",
  });
  expect(set.told("rollout.finished").map(({ decision }) => decision)).toEqual([
    "Canary: 1 of 3 groups is ready at revision 2; the partition 2 holds 2 back",
  ]);
  expect(set.state.rollout).toMatchObject({ lastGood: 1, startedAtMs: null });
  expect(set.plan().requeue).toBe("on-change");
});

test("lowering the partition goes on from there, highest index first, and at 0 the revision is good", () => {
  const set = canary();
  edit(set, "engine:2", 1);
  set.untilReady();
  expect(set.revisions).toEqual([1, 2, 2]);
  expect(set.state.rollout.lastGood).toBe(1);
  edit(set, "engine:2", 0);
  expect(set.told("rollout.started").map(({ decision }) => decision)).toEqual([
    "Roll revision 2 out, to groups from 2 up",
    "Take revision 2 to groups from 1 up",
    "Take revision 2 to groups from 0 up",
  ]);
  set.untilReady();
  expect(set.revisions).toEqual([2, 2, 2]);
  expect(set.incarnations).toEqual([2, 2, 2]);
  expect(set.state.rollout).toMatchObject({ lastGood: 2, current: 2 });
});

test("a group below the partition that fails, or is restarted, comes back at its revision", () => {
  const set = canary();
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  expect(set.revisions).toEqual([1, 1, 2]);
  set.take(restartRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.incarnations).toEqual([3, 2, 3]);
  const [first, second] = set.state.revisions.map(({ hash }) => hash);
  const hashes = [0, 1, 2].map((index) => set.world.pod(`demo-${index}-decode-0`).revisionHash);
  expect(hashes).toEqual([first, first, second]);
});

test("a group below the partition that is scaled out again starts at the old revision, however many came since", () => {
  const set = ready({ revisionHistoryLimit: 1 });
  for (const image of ["engine:2", "engine:3", "engine:4"]) {
    edit(set, image, 2, { revisionHistoryLimit: 1 });
    set.untilReady();
  }
  edit(set, "engine:4", 2, { replicas: 0, revisionHistoryLimit: 1 });
  set.until(({ state }) => state.groups.length === 0);
  set.run(3);
  edit(set, "engine:4", 2, { revisionHistoryLimit: 1 });
  set.untilReady();
  expect(set.revisions).toEqual([1, 1, 4]);
  expect(set.state.revisions.map(({ number }) => number)).toEqual([1, 4]);
});

test("an edit back to the old content ends a canary: the groups that were held are at the target, untouched", () => {
  const set = canary();
  edit(set, "engine:1", 2);
  set.untilReady();
  expect(set.revisions).toEqual([3, 3, 3]);
  expect(set.incarnations).toEqual([1, 1, 3]);
  expect(set.state.rollout).toMatchObject({ lastGood: 3, current: 3 });
  // The next canary is held against this content.
  edit(set, "engine:5", 2);
  set.untilReady();
  expect(set.revisions).toEqual([3, 3, 4]);
});

test("before any revision was good, groups are held at the newest that was meant for all", () => {
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1, roles: roles("engine:1") }));
  set.world.neverReady = /./;
  set.run(4);
  edit(set, "engine:2", 0, { replicas: 1 });
  set.run(8);
  edit(set, "engine:3", 2, { replicas: 3 });
  set.world.neverReady = null;
  set.untilReady();
  expect(set.revisions).toEqual([2, 2, 3]);
});

test("a canary can be aborted, also after it has ended", () => {
  const set = canary();
  set.take(abortRollout(set.state, set.world.nowMs));
  set.untilReady();
  expect(set.revisions).toEqual([1, 1, 1]);
  expect(set.incarnations).toEqual([1, 1, 3]);
});

test("a partition that is raised in the middle holds what was not reached yet, and takes nothing back", () => {
  const set = ready();
  edit(set, "engine:2", 0);
  set.until(({ state }) => state.groups[2]?.revision === 2);
  edit(set, "engine:2", 3);
  set.untilReady();
  expect(set.revisions).toEqual([1, 1, 2]);
  set.world.crash("demo-2-decode-0");
  set.untilReady();
  expect(set.revisions).toEqual([1, 1, 2]);
});

test("a broken group below the partition keeps the canary within the budget, and the deadline says so", () => {
  const rollout = { partition: 2, progressDeadlineSeconds: 60 };
  const set = ready({ rollout });
  set.world.neverReady = /demo-0-decode/;
  set.world.crash("demo-0-decode-0");
  set.run(5);
  edit(set, "engine:2", 2, { rollout });
  set.run(100);
  expect(set.revisions).toEqual([1, 1, 1]);
  expect(set.state.rollout.stalledReason).toMatch(/^Group 0 is not ready, so no other may be taken down: /);
});

test("lowering the partition of a paused or stalled rollout waits for its word", () => {
  const set = canary();
  set.take(pauseRollout(set.state));
  edit(set, "engine:2", 0);
  set.run(20);
  expect(set.revisions).toEqual([1, 1, 2]);
  expect(set.plan().status.phase).toBe("Paused");
});
