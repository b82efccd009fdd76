import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { pauseRollout } from "./rollout-controls.ts";

const roles = (image: string, decode = 1) => [
  aRole({ role: "prefill", image }),
  aRole({ role: "decode", image, replicas: decode, dependencies: ["prefill"] }),
];
const ROLLOUT = { onFailure: "Rollback", progressDeadlineSeconds: 30 };

function edit(set: Operated, draft: Parameters<typeof aSet>[0]): void {
  set.edit(aSet({ replicas: 3, rollout: ROLLOUT, ...draft }).spec);
}
function begun(): Operated {
  const draft = { replicas: 3, roles: roles("engine:1"), rollout: ROLLOUT };
  return new Operated(new World([aNode("n1"), aNode("n2")]), aSet(draft));
}
/** Revision 2 never becomes ready. */
function failing(): Operated {
  const set = begun();
  set.untilReady();
  set.timeline.length = 0;
  edit(set, { roles: roles("engine:2", 2) });
  set.world.neverReady = /demo-2-prefill/;
  return set;
}

test("a rollout that stalls returns to the last good revision by itself, under a new number and at the present counts", () => {
  const set = failing();
  set.until(({ state }) => state.rollout.target === 3);
  set.world.neverReady = null;
  set.untilReady();
  expect(set.revisions).toEqual([3, 3, 3]);
  expect(set.state.groups.map(({ incarnation }) => incarnation)).toEqual([1, 1, 3]);
  expect(set.state.spec).toEqual(aSet({ replicas: 3, rollout: ROLLOUT, roles: roles("engine:1", 2) }).spec);
  expect(set.state.generation).toBe(3);
  const [told] = set.told("rollout.rolled-back");
  expect(told?.decision).toBe("Return to revision 1, as revision 3");
  expect(told?.cause).toMatch(/^Revision 2 failed. Group 2 did not become ready at revision 2: prefill/);
  expect(set.told("rollout.rolled-back")).toHaveLength(1);
  expect(set.state.rollout).toMatchObject({ lastGood: 3, stalledReason: null });
  expect(set.state.rollout.returnedFrom?.revision).toBe(2);
  const condition = set.state.conditions.find(({ type }) => type === "Progressing");
  expect(condition).toMatchObject({ status: "True", reason: "RolledBack" });
  expect(condition?.message).toMatch(
    /^Went back from revision 2 by itself: Group 2 did not become ready at revision 2: prefill/,
  );
});

test("a process that dies with the rollback stored has done it, and does it once", () => {
  const set = failing();
  set.until(({ state }) => state.rollout.stalledReason !== null || state.rollout.target === 3);
  set.reconcile(true);
  set.world.neverReady = null;
  set.untilReady();
  expect(set.state.revisions.map(({ number }) => number)).toEqual([1, 2, 3]);
});

test("a rollback that stalls stops and waits for a person", () => {
  const set = failing();
  set.until(({ state }) => state.rollout.target === 3);
  set.run(200);
  expect(set.state.rollout).toMatchObject({ target: 3, lastGood: 1 });
  expect(set.state.rollout.stalledReason).toMatch(/^Group 2 did not become ready at revision 3/);
  expect(set.told("rollout.rolled-back")).toHaveLength(1);
  expect(set.told("rollout.stalled")).toHaveLength(2);
});

test("what failed is tried again when somebody asks for it", () => {
  const set = failing();
  set.until(({ state }) => state.rollout.target === 3);
  set.world.neverReady = null;
  set.untilReady();
  edit(set, { roles: roles("engine:2", 2) });
  set.untilReady();
  expect(set.revisions).toEqual([4, 4, 4]);
  expect(set.state.rollout.returnedFrom).toBeUndefined();
});

test("before any revision was good there is nothing to return to", () => {
  const set = begun();
  set.world.neverReady = /prefill/;
  set.run(3);
  edit(set, { roles: roles("engine:2") });
  set.run(100);
  expect(set.state.rollout.target).toBe(2);
  expect(set.state.rollout.stalledReason).not.toBeNull();
});

test("a rollout that a person has paused is left to that person", () => {
  const set = failing();
  set.run(10);
  set.take(pauseRollout(set.state));
  set.run(100);
  expect(set.state.rollout.target).toBe(2);
});
