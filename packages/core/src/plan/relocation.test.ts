import { describe, expect, test } from "vitest";
import { keptCopy } from "../model/index.ts";
import { aNode, aRole, aSet, Operated, RACK, World } from "../testing/index.ts";
import { moveGroup } from "./moving.ts";
import { deleteSet } from "./spec-change.ts";

const nodes = (name: string, count = 2) =>
  Array.from({ length: count }, (_, i) => aNode(`${name}-${i}`, { rack: `${name}-rack-${i}` }));

/** A set of one group of two roles on `a`, which may also run on `b`. */
function spanning(draft: Parameters<typeof aSet>[0] = {}, clusters = ["a", "b"]) {
  const { placement, ...fields } = draft as { placement?: object };
  const set = aSet({
    replicas: 1,
    roles: [aRole({ role: "prefill", gpus: 8 }), aRole({ role: "decode", dependencies: ["prefill"] })],
    ...fields,
    placement: { clusters: { names: clusters }, ...placement },
  });
  const [first = new World([], "a"), ...others] = clusters.map((name) => new World(nodes(name), name));
  const operated = new Operated(first, set, others);
  operated.untilReady();
  return { operated, a: first, b: others[0] as World };
}

const group = ({ state }: Operated, index = 0) => state.groups.find((one) => one.index === index);
const incarnationsOn = (world: World) => [...new Set([...world.pods.values()].map(({ incarnation }) => incarnation))];

function ask(operated: Operated, cluster: string | null = "b"): void {
  const change = moveGroup(operated.state, 0, operated.world.nowMs, {
    wish: { cluster, domain: null },
    isAcross: true,
  });
  if (change === null) throw new Error("it can't be moved");
  operated.state = change.state;
}

test("a group of which nothing was made yet is planned again at once when a move ends it", () => {
  const { operated } = spanning({}, ["a"]);
  ask(operated, null);
  for (const world of [operated.world, ...operated.others]) {
    world.owners.clear();
    world.objects.clear();
    world.workloads.clear();
    world.pods.clear();
  }
  const nothing = { startedRoles: [], readyPods: [], firstReadyAtMs: null, readySinceMs: null, roleRestarts: [] };
  operated.state = { ...operated.state, groups: operated.state.groups.map((one) => ({ ...one, ...nothing })) };
  const { next, requeue } = operated.plan();
  expect(next.groups[0]?.stage).toBe("teardown");
  expect(requeue).toEqual({ afterMs: 0 });
});

/** One second in which the old copy must serve and no cluster may have two incarnations. */
function watched(operated: Operated, step: () => void): void {
  step();
  for (const world of [operated.world, ...operated.others]) {
    const alive = [...world.pods.values()].filter(({ deletionAtMs }) => deletionAtMs === null);
    expect(new Set(alive.map(({ incarnation }) => incarnation)).size).toBeLessThanOrEqual(1);
  }
}

describe("a planned move to another cluster", () => {
  test("starts the new copy first, and removes the old one when that is ready", () => {
    const { operated, a, b } = spanning();
    const before = [...a.pods.values()].map(({ uid }) => uid);
    ask(operated);
    while (group(operated)?.firstReadyAtMs === null || incarnationsOn(b).length === 0)
      watched(operated, () => {
        operated.run(1);
        if (keptCopy(group(operated) ?? { leaving: [] }) !== null)
          expect(
            [...a.pods.values()].filter(({ deletionAtMs }) => deletionAtMs === null).map(({ uid }) => uid),
          ).toEqual(before);
      });
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    expect(a.pods.size + a.workloads.size + a.owners.size).toBe(0);
    expect(incarnationsOn(b)).toEqual([2]);
    expect(group(operated)).toMatchObject({ incarnation: 2, placement: { cluster: "b" }, moveTo: null });
    expect(operated.told("group.failed")).toEqual([]);
    expect(operated.told("group.moving").at(-1)?.decision).toBe(
      "Start incarnation 2 of group 0 on b; incarnation 1 serves on a until it is ready",
    );
    expect(operated.told("group.moved")[0]?.decision).toBe("Remove incarnation 1 of group 0 from a");
    operated.run(3);
    expect(operated.plan().actions).toEqual([]);
  });

  test("comes to the same end when the process dies after any of its plans", () => {
    for (let at = 0; at < 16; at++) {
      const { operated, a, b } = spanning();
      ask(operated);
      for (let step = 0; step < 16; step++)
        watched(operated, () => {
          if (step === at) operated.reconcile(true);
          operated.run(1);
        });
      operated.untilReady();
      operated.run(3);
      expect(incarnationsOn(a)).toEqual([]);
      expect(incarnationsOn(b)).toEqual([2]);
      expect(operated.plan().actions).toEqual([]);
    }
  });

  test("is undone when the new copy does not become ready in time, and the old one was never touched", () => {
    const { operated, a, b } = spanning({ rollout: { progressDeadlineSeconds: 20 } });
    const before = [...a.pods.values()].map(({ uid }) => uid);
    b.neverReady = /decode/;
    ask(operated);
    operated.run(5);
    expect(operated.plan().status.groups[0]).toMatchObject({
      phase: "Updating",
      message: expect.stringContaining("Incarnation 1 on a serves until it is ready."),
    });
    operated.until(({ state }) => state.groups[0]?.incarnation === 1);
    operated.untilReady();
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    expect([...a.pods.values()].map(({ uid }) => uid)).toEqual(before);
    expect(b.pods.size + b.owners.size).toBe(0);
    expect(operated.told("group.returned")[0]).toMatchObject({
      cause: "The copy on b did not become ready within 20 s",
      decision: "Undo the move: group 0 stays incarnation 1 on a",
    });
    expect(group(operated)?.history.map(({ incarnation }) => incarnation)).toEqual([2]);
    // Its number is used up: what is late of it never passes for a later one.
    b.neverReady = null;
    ask(operated);
    operated.until(({ state }) => state.groups[0]?.incarnation === 3 && state.groups[0].leaving.length === 0);
    expect(incarnationsOn(b)).toEqual([3]);
  });

  test("is undone when the new copy fails before it is ready, and that is no failure of the group", () => {
    const { operated, a, b } = spanning();
    b.neverReady = /decode/;
    ask(operated);
    operated.until(() => b.pods.get("demo-0-prefill-0")?.isReady === true);
    operated.run(2);
    b.crash("demo-0-prefill-0");
    operated.until(({ state }) => state.groups[0]?.incarnation === 1);
    operated.untilReady();
    expect(group(operated)).toMatchObject({ failuresInRow: 0, incarnation: 1 });
    expect(incarnationsOn(a)).toEqual([1]);
    expect(operated.told("group.returned")[0]?.cause).toBe("prefill-0: engine exited 137 (OOMKilled)");
  });

  test("stops the group first when it is to take another revision: two never run at the same time", () => {
    const { operated, a, b } = spanning();
    const { groupTemplate } = aSet({ roles: [aRole({ role: "prefill", image: "engine:2" })] }).spec;
    ask(operated);
    operated.edit({ ...operated.state.spec, groupTemplate });
    for (let step = 0; step < 12; step++)
      watched(operated, () => {
        operated.run(1);
        if (incarnationsOn(b).length > 0) expect(incarnationsOn(a)).toEqual([]);
      });
    operated.untilReady();
    expect(group(operated)).toMatchObject({ incarnation: 2, revision: 2 });
  });

  test("ends before a rollout takes the group", () => {
    const { operated, a, b } = spanning();
    b.neverReady = /decode/;
    ask(operated);
    operated.run(4);
    const roles = [aRole({ role: "prefill", image: "engine:2" }), aRole({ role: "decode", image: "engine:2" })];
    const { groupTemplate } = aSet({ roles }).spec;
    operated.edit({ ...operated.state.spec, groupTemplate });
    operated.run(5);
    expect(incarnationsOn(a)).toEqual([1]);
    expect(incarnationsOn(b)).toEqual([2]);
    b.neverReady = null;
    operated.untilReady();
    expect(group(operated)).toMatchObject({ incarnation: 3, revision: 2, placement: { cluster: "b" } });
    expect(incarnationsOn(a)).toEqual([]);
  });

  test("keeps the entry of the old cluster while its copy serves, and removes it with that", () => {
    const { operated, a, b } = spanning({ entry: { role: "decode", port: "http" } });
    b.neverReady = /decode/;
    ask(operated);
    operated.run(6);
    expect([...a.objects.keys()]).toContain("Service/demo");
    b.neverReady = null;
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    operated.run(2);
    expect([...a.objects.keys()]).toEqual([]);
    expect([...b.objects.keys()]).toContain("Service/demo");
  });

  test("ends with nothing anywhere when the set is deleted in the middle", () => {
    for (let at = 0; at < 10; at++) {
      const { operated, a, b } = spanning();
      ask(operated);
      operated.run(at);
      operated.take(deleteSet(operated.state));
      operated.until(({ isGone }) => isGone);
      expect([a, b].map((world) => world.pods.size + world.owners.size + world.objects.size)).toEqual([0, 0]);
    }
  });

  test("holds the old place for the old copy until that is gone", () => {
    const { operated, b } = spanning({ replicas: 1, placement: { topology: { key: RACK, exclusive: "Set" } } });
    b.neverReady = /decode/;
    ask(operated);
    operated.run(4);
    const state = { ...operated.state, spec: { ...operated.state.spec, replicas: 4 } };
    operated.state = state;
    operated.run(3);
    const places = operated.state.groups.map(({ placement }) => placement?.domain?.value);
    const kept = keptCopy(operated.state.groups[0] ?? { leaving: [] })?.copy.placement?.domain?.value;
    expect(new Set([...places.filter((place) => place !== undefined), kept]).size).toBe(4);
  });
});

describe("failover", () => {
  const failing = { placement: { failover: { afterSeconds: 10 } } };
  const lose = (operated: Operated, world: World) => {
    world.health = "unreachable";
    operated.lost = new Map([[world.name, { sinceMs: operated.world.nowMs, isCounting: true }]]);
  };
  const find = (operated: Operated, world: World) => {
    world.health = "live";
    operated.lost = new Map();
  };

  test("starts the group elsewhere when its cluster has not answered for so long, and not before", () => {
    const { operated, a, b } = spanning(failing);
    lose(operated, a);
    operated.run(5);
    expect(operated.plan().status.groups[0]).toMatchObject({
      phase: "Unknown",
      message:
        "a does not answer; nothing there is touched. When that has lasted 10 s, the group is started elsewhere.",
    });
    expect(operated.plan().status.groups[0]?.untilMs).toBe((operated.lost.get("a")?.sinceMs ?? 0) + 10_000);
    operated.run(5);
    expect(b.pods.size).toBe(0);
    operated.untilReady();
    expect(group(operated)).toMatchObject({ incarnation: 2, placement: { cluster: "b" } });
    expect(operated.told("group.moving")[0]?.cause).toMatch(/^a has not answered for 10 s/);
    // What is there runs on, and is removed before anything else happens there.
    expect(incarnationsOn(a)).toEqual([1]);
    find(operated, a);
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    expect(a.pods.size + a.owners.size).toBe(0);
    expect(incarnationsOn(b)).toEqual([2]);
  });

  test("is undone when the cluster answers before the new copy is ready: the old one ran all the time", () => {
    const { operated, a, b } = spanning(failing);
    const before = [...a.pods.values()].map(({ uid }) => uid);
    b.neverReady = /decode/;
    lose(operated, a);
    operated.until(() => b.pods.size > 1);
    find(operated, a);
    operated.untilReady();
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    expect(group(operated)).toMatchObject({ incarnation: 1, placement: { cluster: "a" } });
    expect([...a.pods.values()].map(({ uid }) => uid)).toEqual(before);
    expect(b.pods.size + b.owners.size).toBe(0);
    expect(operated.told("group.failed")).toEqual([]);
  });

  test("that is undone judges what happened to the old copy meanwhile, once", () => {
    const { operated, a, b } = spanning(failing);
    b.neverReady = /decode/;
    lose(operated, a);
    operated.until(() => b.pods.size > 1);
    a.crash("demo-0-decode-0");
    find(operated, a);
    operated.untilReady();
    expect(group(operated)).toMatchObject({ incarnation: 3, placement: { cluster: "a" } });
    expect(operated.told("group.failed")).toHaveLength(1);
  });

  test("never happens without failover.afterSeconds, while nothing is counted, or for a short loss", () => {
    const never = spanning();
    lose(never.operated, never.a);
    never.operated.run(60);
    expect(never.b.pods.size).toBe(0);
    const { operated, a, b } = spanning(failing);
    lose(operated, a);
    operated.lost = new Map([["a", { sinceMs: 0, isCounting: false }]]);
    operated.run(30);
    expect(b.pods.size).toBe(0);
    expect(operated.plan().status.groups[0]?.message).toContain("No other cluster answers either");
    lose(operated, a);
    operated.run(8);
    find(operated, a);
    operated.run(30);
    expect(b.pods.size).toBe(0);
    expect(group(operated)?.incarnation).toBe(1);
  });

  test("waits for room with the reason, and takes it when there is some", () => {
    const { operated, a, b } = spanning(failing);
    for (const node of b.nodes) node.isUnschedulable = true;
    lose(operated, a);
    operated.run(15);
    expect(operated.plan().status.groups[0]?.message).toMatch(/^a does not answer\. Nowhere else has room for it\. /);
    for (const node of b.nodes) node.isUnschedulable = false;
    operated.untilReady();
    expect(group(operated)?.placement?.cluster).toBe("b");
  });

  test("goes on to a third cluster when the second is lost too, and everything old is removed in the end", () => {
    const { operated, a, b } = spanning(failing, ["a", "b", "c"]);
    const c = operated.others[1] as World;
    lose(operated, a);
    operated.untilReady();
    expect(group(operated)?.placement?.cluster).toBe("b");
    b.health = "unreachable";
    operated.lost = new Map(["a", "b"].map((name) => [name, { sinceMs: operated.world.nowMs, isCounting: true }]));
    operated.run(12);
    operated.untilReady();
    expect(group(operated)).toMatchObject({ incarnation: 3, placement: { cluster: "c" } });
    find(operated, a);
    b.health = "live";
    operated.until(({ state }) => state.groups[0]?.leaving.length === 0);
    expect([a, b].map((world) => world.pods.size + world.owners.size)).toEqual([0, 0]);
    expect(incarnationsOn(c)).toEqual([3]);
  });

  test("leaves a set that is deleted waiting for the cluster that does not answer", () => {
    const { operated, a } = spanning(failing);
    lose(operated, a);
    operated.untilReady();
    operated.take(deleteSet(operated.state));
    operated.run(20);
    expect(operated.isGone).toBe(false);
    find(operated, a);
    operated.until(({ isGone }) => isGone);
    expect(a.pods.size + a.owners.size).toBe(0);
  });
});

test("a copy that is left on a cluster runs on when its set is let go of", () => {
  const { operated, a, b } = spanning({ deletion: { orphan: true } });
  const before = [...a.pods.values()].map(({ uid }) => uid);
  b.neverReady = /decode/;
  ask(operated);
  operated.until(({ state }) => state.groups[0]?.placement?.cluster === "b");
  operated.run(2);
  b.health = "unreachable";
  operated.run(1);
  operated.take(deleteSet(operated.state));
  operated.run(10);
  expect([...a.pods.values()].filter(({ deletionAtMs }) => deletionAtMs === null).map(({ uid }) => uid)).toEqual(
    before,
  );
  expect(a.owners.size).toBe(0);
  b.health = "live";
  operated.until(({ isGone }) => isGone);
  expect([...a.pods.values()].filter(({ deletionAtMs }) => deletionAtMs === null).map(({ uid }) => uid)).toEqual(
    before,
  );
});
