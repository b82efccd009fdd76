import fc from "fast-check";
import { expect, test } from "vitest";
import type { ObservedCluster, ObservedParts, ObservedSet } from "../model/index.ts";
import type { SetSpec } from "../spec/schema.ts";
import { aNode, aRole, aSpec, Operated, World } from "../testing/index.ts";
import { PlanMemory } from "./memory.ts";
import { plan } from "./plan.ts";
import { pauseRollout, restartRollout, resumeRollout } from "./rollout-controls.ts";
import { acceptSpec, createSet, deleteSet } from "./spec-change.ts";
import type { Plan } from "./types.ts";

/** A view of a world as a cache gives it: what did not change is the same object as before. */
class Cache {
  private readonly known = new Map<string, { readonly text: string; readonly value: unknown }>();

  kept<T>(key: string, value: T): T {
    const text = JSON.stringify(value);
    const before = this.known.get(key);
    if (before?.text === text) return before.value as T;
    this.known.set(key, { text, value });
    return value;
  }

  observe(world: World): ObservedCluster {
    const observed = world.observe();
    const set = (namespace: string, name: string): ObservedSet => {
      const all = observed.set(namespace, name);
      const indices = new Set(
        [...all.owners, ...all.configMaps, ...all.services, ...all.workloads, ...all.pods].flatMap(
          ({ groupIndex }) => groupIndex ?? [],
        ),
      );
      const isOf = (index: number) => (one: { readonly groupIndex: number | null }) => one.groupIndex === index;
      const partsOf = (index: number): ObservedParts => ({
        owners: all.owners.filter(isOf(index)),
        configMaps: all.configMaps.filter(isOf(index)),
        services: all.services.filter(isOf(index)),
        workloads: all.workloads.filter(isOf(index)),
        pods: all.pods.filter(isOf(index)),
      });
      const byGroup = new Map([...indices].map((index) => [index, this.kept(`${name}/${index}`, partsOf(index))]));
      return { ...all, byGroup };
    };
    return { ...observed, nodes: this.kept("nodes", observed.nodes), set };
  }
}

/** Plans with the memory of all plans before, and each time without. */
class Remembering extends Operated {
  readonly memory = new PlanMemory();
  /** Of how many groups something was remembered when it was planned. */
  recalled = 0;
  private readonly cache = new Cache();

  override plan(): Plan {
    const { state, reservations, missing, lost, world } = this;
    const input = (cluster: ObservedCluster) =>
      ({ set: state, clusters: new Map([[world.name, cluster]]), reservations, missing, lost }) as const;
    this.recalled += this.memory.groups.size;
    const warm = plan(input(this.cache.observe(world)), world.nowMs, this.memory);
    const cold = plan(input(world.observe()), world.nowMs);
    // The text is quicker to compare, and the same in most plans.
    if (JSON.stringify(warm) !== JSON.stringify(cold)) expect(warm).toEqual(cold);
    return warm;
  }
}

const spec = (replicas: number, image: string, minReadySeconds: number) =>
  aSpec({
    replicas,
    rollout: { maxUnavailable: 2, progressDeadlineSeconds: 20 },
    recovery: { backoff: { baseSeconds: 2, maxSeconds: 4, stableAfterSeconds: 15 } },
    roles: [
      aRole({ role: "prefill", replicas: 2, image }),
      aRole({ role: "decode", replicas: 1, dependencies: ["prefill"], minReadySeconds }),
    ],
  });

const acts = {
  nothing: () => undefined,
  crash: ({ world }: Operated, at: number) => {
    const names = [...world.pods.keys()].sort();
    const name = names[at % Math.max(1, names.length)];
    if (name !== undefined) world.crash(name);
  },
  deletePod: ({ world }: Operated, at: number) => {
    const names = [...world.pods.keys()].sort();
    const name = names[at % Math.max(1, names.length)];
    if (name !== undefined) world.deletePod(name);
  },
  scale: (operated: Operated, at: number) => edit(operated, { ...operated.state.spec, replicas: at % 5 }),
  rollOut: (operated: Operated, at: number) =>
    edit(operated, spec(operated.state.spec.replicas, `engine:${at % 3}`, at % 4)),
  loseNode: ({ world }: Operated, at: number) => {
    const node = world.nodes[at % world.nodes.length];
    if (node !== undefined) node.isReady = !node.isReady;
  },
  loseCluster: ({ world }: Operated) => {
    world.health = world.health === "live" ? "unreachable" : "live";
  },
  hang: ({ world }: Operated, at: number) => {
    world.neverReady = at % 2 === 0 ? /prefill-1$/ : null;
  },
  setClock: ({ world }: Operated, at: number) => {
    world.nowMs += (at % 40) * 1000 - 15_000;
  },
  runAhead: ({ world }: Operated, at: number) => {
    world.aheadMs = (at % 3) * 4_000;
  },
  tamper: ({ world }: Operated, at: number) => {
    const keys = [...world.objects.keys()].filter((key) => key.startsWith("ConfigMap/")).sort();
    const key = keys[at % Math.max(1, keys.length)];
    if (key !== undefined) world.tamper(key, { data: { mine: String(at) } }, "somebody");
  },
  restart: (operated: Operated) => take(operated, restartRollout(operated.state, operated.world.nowMs)),
  pause: (operated: Operated) => take(operated, pauseRollout(operated.state)),
  resume: (operated: Operated) => take(operated, resumeRollout(operated.state, operated.world.nowMs)),
  remove: (operated: Operated, at: number) => {
    if (at % 10 === 0) take(operated, deleteSet(operated.state));
  },
};

function edit(operated: Operated, spec: SetSpec): void {
  take(operated, acceptSpec(operated.state, spec, operated.world.nowMs));
}

function take(operated: Operated, change: ReturnType<typeof acceptSpec>): void {
  if (change !== null) operated.take(change);
}

const ACTS = Object.keys(acts) as (keyof typeof acts)[];

function aSettledSet(): Remembering {
  const world = new World([aNode("node-a"), aNode("node-b"), aNode("node-c")]);
  const operated = new Remembering(
    world,
    createSet({ id: "id-demo", namespace: "default", name: "demo" }, spec(3, "engine:1", 0), 0).state,
  );
  operated.untilReady();
  return operated;
}

test("a plan with the memory of the plans before it equals the plan without, whatever happened in between", () => {
  const steps = fc.array(fc.record({ act: fc.constantFrom(...ACTS), at: fc.nat(1000), seconds: fc.nat(6) }), {
    minLength: 4,
    maxLength: 14,
  });
  fc.assert(
    fc.property(steps, (history) => {
      const operated = aSettledSet();
      for (const { act, at, seconds } of history) {
        acts[act](operated, at);
        operated.run(1 + seconds);
      }
      expect(operated.recalled).toBeGreaterThan(0);
    }),
    { numRuns: 25 },
  );
});

test("of a settled set, only the group whose pod changed is looked at again", () => {
  const operated = aSettledSet();
  const cluster = operated.world.observe();
  const shown = cluster.set("default", "demo");
  const looks = new Map<string, number>();
  const watched = (one: ObservedSet["pods"][number]) => ({
    ...one,
    get isReady() {
      looks.set(one.name, (looks.get(one.name) ?? 0) + 1);
      return one.isReady;
    },
  });
  const pods = shown.pods.map(watched);
  const byGroup = new Map(
    [0, 1, 2].map((index): [number, ObservedParts] => {
      const isOf = (one: { readonly groupIndex: number | null }): boolean => one.groupIndex === index;
      const { owners, configMaps, services, workloads } = shown;
      const parts = { owners: owners.filter(isOf), configMaps: configMaps.filter(isOf), pods: pods.filter(isOf) };
      return [index, { ...parts, services: services.filter(isOf), workloads: workloads.filter(isOf) }];
    }),
  );
  const planned = () => {
    const seen = { ...shown, byGroup: new Map(byGroup) };
    const clusters = new Map([["north", { ...cluster, set: () => seen }]]);
    looks.clear();
    return plan({ set: operated.state, clusters, reservations: [] }, operated.world.nowMs, memory);
  };
  const memory = new PlanMemory();
  planned();
  expect(looks.size).toBe(9);
  const changed = byGroup.get(1);
  if (changed === undefined) throw new Error("there is no group 1");
  byGroup.set(1, { ...changed, pods: changed.pods.map((pod) => watched({ ...pod, isReady: false })) });
  expect(planned().status.groups.map(({ phase }) => phase)).toEqual(["Ready", "Degraded", "Ready"]);
  expect([...looks.keys()].sort()).toEqual(["demo-1-decode-0", "demo-1-prefill-0", "demo-1-prefill-1"]);
});

test("a node that is gone is noticed, although nothing of the group itself changed", () => {
  const operated = aSettledSet();
  operated.run(3);
  const lost = operated.world.pod("demo-1-prefill-0").nodeName;
  operated.world.nodes = operated.world.nodes.filter(({ name }) => name !== lost);
  expect(operated.plan().timeline.map(({ kind }) => kind)).toContain("group.failed");
});

test("a clock that is set back is noticed: what was Ready for long enough is not any more", () => {
  const world = new World([aNode("node-a")]);
  const { state } = createSet({ id: "id-demo", namespace: "default", name: "demo" }, spec(1, "engine:1", 3), 0);
  const operated = new Remembering(world, state);
  operated.untilReady();
  operated.run(1);
  world.nowMs -= 3_000;
  expect(operated.plan().status.phase).not.toBe("Ready");
});
