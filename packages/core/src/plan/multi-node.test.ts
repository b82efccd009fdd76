import { describe, expect, test } from "vitest";
import type { WorkloadKind } from "../model/index.ts";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";

const NODES = [1, 2, 3, 4].map((n) => aNode(`node-${n}`));

type Sketch = {
  readonly instances?: number;
  readonly size?: number;
  readonly kind?: WorkloadKind;
  readonly image?: string;
  readonly workers?: string;
};

/** One group: prefill with instances of a leader and workers, then a router. */
function specOf({ instances = 2, size = 2, kind = "StatefulSet", image = "engine:1", workers }: Sketch) {
  const own =
    workers === undefined ? {} : { workerTemplate: { spec: { containers: [{ name: "w", image: workers }] } } };
  return {
    replicas: 1,
    roles: [
      aRole({ role: "prefill", replicas: instances, kind, image, leaderWorker: { size, ...own } }),
      aRole({ role: "router", dependencies: ["prefill"] }),
    ],
  };
}

function operate(sketch: Sketch = {}, options: { readonly hasLeaderWorkerSets?: boolean } = {}): Operated {
  const world = new World(NODES);
  world.hasLeaderWorkerSets = options.hasLeaderWorkerSets ?? false;
  return new Operated(world, aSet(specOf(sketch)));
}

function edit(operated: Operated, sketch: Sketch): void {
  operated.edit(aSet(specOf(sketch)).spec);
}

const podsOf = ({ world }: Operated): readonly string[] =>
  [...world.pods.values()]
    .filter((pod) => pod.deletionAtMs === null)
    .map(({ name }) => name)
    .sort();
const workloadsOf = ({ world }: Operated): readonly string[] => [...world.workloads.keys()].sort();
const uidOf = ({ world }: Operated, pod: string): string => world.pod(pod).uid;
const incarnationOf = ({ state }: Operated): number => state.groups[0]?.incarnation ?? 0;
const messageOf = (operated: Operated): string => operated.plan().status.groups[0]?.message ?? "";

const FORMS = [
  { form: "one StatefulSet per instance", sketch: {}, options: {} },
  { form: "two StatefulSets per instance", sketch: { workers: "worker:1" }, options: {} },
  { form: "a LeaderWorkerSet", sketch: { kind: "LeaderWorkerSet" }, options: { hasLeaderWorkerSets: true } },
] as const;

describe.each(FORMS)("a multi-node role as $form", ({ sketch, options }) => {
  test("is ready when every instance is whole, and only then what depends on it starts", () => {
    const operated = operate(sketch, options);
    operated.world.neverReady = /prefill-1-(w-)?1$/;
    operated.run(15);
    expect(operated.plan().status.groups[0]?.roles[0]).toEqual({ role: "prefill", ready: 1, replicas: 2 });
    expect(podsOf(operated).filter((name) => name.includes("router"))).toEqual([]);
    operated.world.neverReady = null;
    operated.untilReady();
    expect(podsOf(operated)).toHaveLength(5);
    expect(operated.plan().actions).toEqual([]);
  });

  test("waits while the leader of an instance is pending", () => {
    const operated = operate(sketch, options);
    operated.world.neverReady = /prefill-0(-0)?$/;
    operated.run(15);
    expect(messageOf(operated)).toBe("Wave 1 of 2: prefill 1 of 2 ready. router waits for prefill.");
    operated.world.neverReady = null;
    operated.untilReady();
  });

  test("is scaled by whole instances, and those that stay are not touched", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    const stays = podsOf(operated).filter((name) => name.startsWith("demo-0-prefill-0"));
    const uids = stays.map((name) => uidOf(operated, name));
    edit(operated, { ...sketch, instances: 1 });
    operated.untilReady();
    operated.run(5);
    expect(podsOf(operated)).toEqual([...stays, "demo-0-router-0"]);
    edit(operated, { ...sketch, instances: 3 });
    operated.untilReady();
    expect(podsOf(operated)).toHaveLength(7);
    expect(stays.map((name) => uidOf(operated, name))).toEqual(uids);
    expect(incarnationOf(operated)).toBe(1);
    expect(operated.told("group.failed")).toEqual([]);
    expect(operated.plan().actions).toEqual([]);
  });

  test("scaled out again before the scale-in was done, it fails nothing", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    edit(operated, { ...sketch, instances: 1 });
    operated.reconcile();
    edit(operated, { ...sketch, instances: 2 });
    operated.run(1);
    operated.untilReady();
    operated.run(10);
    expect(podsOf(operated)).toHaveLength(5);
    expect(incarnationOf(operated)).toBe(1);
    expect(operated.told("group.failed")).toEqual([]);
  });

  test("a worker that fails recreates the group once, as a whole", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    const before = new Set([...operated.world.pods.values()].map(({ uid }) => uid));
    const worker = podsOf(operated).find((name) => /prefill-1-(w-)?1$/.test(name)) ?? "";
    operated.world.crash(worker);
    operated.until(({ state }) => state.groups[0]?.incarnation === 2);
    operated.untilReady();
    operated.run(10);
    expect(operated.told("group.failed").map(({ cause }) => cause)).toEqual([
      `${worker.replace("demo-0-", "")}: engine exited 137 (OOMKilled)`,
    ]);
    expect(incarnationOf(operated)).toBe(2);
    expect([...operated.world.pods.values()].filter(({ uid }) => before.has(uid))).toEqual([]);
    expect(podsOf(operated)).toHaveLength(5);
  });

  test("a later incarnation holds all its names before anything of it runs", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    operated.world.crash("demo-0-router-0");
    operated.until(({ state }) => state.groups[0]?.incarnation === 2);
    const names = workloadsOf(operated);
    operated.until(({ world }) => [...world.pods.values()].some((pod) => pod.incarnation === 2));
    expect(workloadsOf(operated)).toEqual(expect.arrayContaining([...names]));
    expect(operated.world.workloads.size).toBe(sketch === FORMS[0].sketch ? 3 : sketch === FORMS[1].sketch ? 5 : 2);
    operated.untilReady();
  });

  test("a new image replaces the whole group", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    edit(operated, { ...sketch, image: "engine:2" });
    operated.until(({ state }) => state.groups[0]?.incarnation === 2);
    operated.untilReady();
    expect(podsOf(operated)).toHaveLength(5);
  });

  test("deleted, it leaves nothing", () => {
    const operated = operate(sketch, options);
    operated.untilReady();
    operated.state = { ...operated.state, isDeleting: true };
    operated.until((each) => each.isGone);
    expect(operated.world.workloads.size + operated.world.pods.size).toBe(0);
  });

  test("scaled from 0 and to 0, it starts and stops", () => {
    const operated = operate({ ...sketch, instances: 0 }, options);
    operated.untilReady();
    edit(operated, { ...sketch, instances: 1 });
    operated.run(1);
    operated.untilReady();
    expect(podsOf(operated)).toHaveLength(3);
    edit(operated, { ...sketch, instances: 0 });
    operated.run(8);
    operated.untilReady();
    expect(podsOf(operated)).toEqual(["demo-0-router-0"]);
    expect(operated.told("group.failed")).toEqual([]);
  });

  test("a crash of the control plane between storing and acting changes nothing", () => {
    const operated = operate(sketch, options);
    for (let i = 0; i < 40; i++) {
      operated.reconcile(i % 2 === 0);
      operated.world.step();
    }
    operated.untilReady();
    edit(operated, { ...sketch, instances: 1 });
    operated.reconcile(true);
    operated.world.step();
    operated.run(10);
    operated.untilReady();
    expect(podsOf(operated)).toHaveLength(3);
    expect(operated.told("group.failed")).toEqual([]);
  });
});

describe("a StatefulSet per instance", () => {
  test("names: S-i-R-k, its pods S-i-R-k-j, its workers' own S-i-R-k-w", () => {
    const one = operate({ instances: 1, size: 3 });
    one.untilReady();
    expect(workloadsOf(one)).toEqual(["StatefulSet/demo-0-prefill-0", "StatefulSet/demo-0-router"]);
    expect(podsOf(one)).toEqual(["demo-0-prefill-0-0", "demo-0-prefill-0-1", "demo-0-prefill-0-2", "demo-0-router-0"]);
    const two = operate({ instances: 1, size: 3, workers: "worker:1" });
    two.untilReady();
    expect(podsOf(two)).toEqual([
      "demo-0-prefill-0-0",
      "demo-0-prefill-0-w-1",
      "demo-0-prefill-0-w-2",
      "demo-0-router-0",
    ]);
  });

  test("is made with no pods, so that a creation that arrives late runs nothing", () => {
    const operated = operate({ instances: 1 });
    operated.until(({ world }) => world.workloads.size > 0);
    expect(operated.acted.flatMap((action) => (action.kind === "create" ? [action.object] : []))).toContainEqual(
      expect.objectContaining({ kind: "StatefulSet", spec: expect.objectContaining({ replicas: 0 }) as unknown }),
    );
  });

  test("deleted by hand, it is a failure that names the instance", () => {
    const operated = operate();
    operated.untilReady();
    operated.world.workloads.delete("StatefulSet/demo-0-prefill-1");
    operated.run(2);
    expect(operated.told("group.failed")[0]?.cause).toBe("The StatefulSet of prefill-1 was deleted");
  });

  test("scaled by somebody else, it is put back and nothing fails", () => {
    const operated = operate({ instances: 2, size: 3 });
    operated.untilReady();
    const record = operated.world.workloads.get("StatefulSet/demo-0-prefill-1");
    if (record === undefined) throw new Error("no such workload");
    record.shown.replicas = 1;
    record.shown.generation += 1;
    operated.run(3);
    operated.untilReady();
    expect(operated.told("object.restored").map(({ cause }) => cause)).toEqual([
      "StatefulSet demo-0-prefill-1 was scaled to 1 replica; 3 are wanted",
    ]);
    expect(operated.told("group.failed")).toEqual([]);
  });

  test("one of an instance that is not wanted, made by a late write, is removed", () => {
    const operated = operate({ instances: 2 });
    operated.untilReady();
    edit(operated, { instances: 1 });
    operated.run(6);
    const late = operated.acted.find(
      (action) => action.kind === "create" && action.object.metadata.name === "demo-0-prefill-1",
    );
    if (late === undefined) throw new Error("it was never made");
    operated.world.apply(late);
    operated.run(4);
    expect(workloadsOf(operated)).toEqual(["StatefulSet/demo-0-prefill-0", "StatefulSet/demo-0-router"]);
    expect(operated.told("group.failed")).toEqual([]);
  });
});

describe("a LeaderWorkerSet", () => {
  test("where the cluster has none, becomes StatefulSets, which is said", () => {
    const operated = operate({ kind: "LeaderWorkerSet" });
    operated.untilReady();
    expect(workloadsOf(operated)).toContain("StatefulSet/demo-0-prefill-0");
    expect(operated.told("group.starting")[0]?.actions).toEqual([
      "run prefill as one StatefulSet per instance: north has no LeaderWorkerSet API",
    ]);
  });

  test("installed later, is used from the next incarnation on", () => {
    const operated = operate({ kind: "LeaderWorkerSet" });
    operated.untilReady();
    operated.world.hasLeaderWorkerSets = true;
    edit(operated, { kind: "LeaderWorkerSet", instances: 3 });
    operated.run(1);
    operated.untilReady();
    expect(workloadsOf(operated)).toContain("StatefulSet/demo-0-prefill-2");
    operated.world.crash("demo-0-router-0");
    operated.until(({ state }) => state.groups[0]?.incarnation === 2);
    operated.untilReady();
    expect(workloadsOf(operated)).toEqual(["LeaderWorkerSet/demo-0-prefill", "StatefulSet/demo-0-router"]);
  });

  test("that a cluster does not show any more is no failure while its pods are there", () => {
    const operated = operate({ kind: "LeaderWorkerSet" }, { hasLeaderWorkerSets: true });
    operated.untilReady();
    operated.world.hasLeaderWorkerSets = false;
    operated.world.workloads.delete("LeaderWorkerSet/demo-0-prefill");
    operated.reconcile();
    expect(operated.told("group.failed")).toEqual([]);
    operated.world.step();
    operated.reconcile();
    expect(operated.told("group.failed")).toHaveLength(1);
  });

  test("deleted by hand is a failure", () => {
    const operated = operate({ kind: "LeaderWorkerSet" }, { hasLeaderWorkerSets: true });
    operated.untilReady();
    operated.world.workloads.delete("LeaderWorkerSet/demo-0-prefill");
    operated.run(2);
    expect(operated.told("group.failed")[0]?.cause).toBe("The LeaderWorkerSet of prefill was deleted");
  });
});

test("room is needed for leaders and workers, each by its own template", () => {
  const world = new World([aNode("node-1", { gpus: 8 }), aNode("node-2", { gpus: 4 })]);
  const workerTemplate = {
    spec: { containers: [{ name: "w", image: "w:1", resources: { limits: { "nvidia.com/gpu": "4" } } }] },
  };
  const role = (size: number) =>
    aRole({ role: "prefill", replicas: 1, gpus: 2, leaderWorker: { size, workerTemplate } });
  const fits = new Operated(world, aSet({ replicas: 1, roles: [role(3)] }));
  fits.untilReady();
  const full = new Operated(new World(world.nodes), aSet({ replicas: 1, roles: [role(4)] }));
  full.reconcile();
  expect(full.state.groups[0]?.unplacedReason).toBe(
    "No cluster has 14 free GPUs. Closest: north, 12 free, short of 2.",
  );
});
