import type { ObservedCluster, ObservedParts, ObservedSet } from "@openpatio/core/model";
import { PlanMemory, plan } from "@openpatio/core/plan";
import { median } from "./report.ts";
import { newSet, settle } from "./subject.ts";

export type PlanFigures = {
  readonly groups: number;
  /** Median milliseconds of a plan from nothing but its inputs. */
  readonly fullMs: number;
  /** With the memory of the plan before, when a pod of one group has changed since. */
  readonly changedMs: number;
  /** With that memory, when nothing has. */
  readonly settledMs: number;
};

/** Nothing but the planner: everything it is given lies in memory, as a cluster's cache keeps it. */
export function measurePlan(groups: number, rounds: number): PlanFigures {
  const { world, state } = settle(newSet({ groups, order: "ordered" }, "default", "bench"));
  const cluster = world.observe();
  const parts = partsOf(cluster.set("default", "bench"));
  const memory = new PlanMemory();
  const timed = (byGroup: ReadonlyMap<number, ObservedParts>, known?: PlanMemory): number => {
    const input = { set: state, clusters: showing(cluster, byGroup), missing: new Map(), reservations: [] };
    const fromMs = performance.now();
    plan(input, world.nowMs, known);
    return performance.now() - fromMs;
  };
  // Each round another group loses a pod, and has it back in the next: so two groups have changed since the last plan.
  const times = Array.from({ length: rounds + WARM_UP }, (_, round) => {
    const changed = new Map(parts).set(round % groups, withoutReadyPod(parts.get(round % groups)));
    const copied = new Map([...changed].map(([index, one]) => [index, { ...one }]));
    const fullMs = timed(copied);
    timed(parts, memory);
    return { fullMs, changedMs: timed(changed, memory), settledMs: timed(changed, memory) };
  }).slice(WARM_UP);
  const of = (part: keyof (typeof times)[number]): number => median(times.map((time) => time[part]));
  return { groups, fullMs: of("fullMs"), changedMs: of("changedMs"), settledMs: of("settledMs") };
}

/** Compiled code. */
const WARM_UP = 5;

function showing(
  cluster: ObservedCluster,
  byGroup: ReadonlyMap<number, ObservedParts>,
): ReadonlyMap<string, ObservedCluster> {
  const set: ObservedSet = { owners: [], configMaps: [], services: [], workloads: [], pods: [], claims: [], byGroup };
  return new Map([[cluster.name, { ...cluster, set: () => set }]]);
}

function partsOf(set: ObservedSet): ReadonlyMap<number, ObservedParts> {
  const indices = new Set(set.owners.flatMap(({ groupIndex }) => groupIndex ?? []));
  const of = <T extends { readonly groupIndex: number | null }>(items: readonly T[]): ReadonlyMap<number, T[]> => {
    const byIndex = new Map([...indices].map((index): [number, T[]] => [index, []]));
    for (const item of items) if (item.groupIndex !== null) byIndex.get(item.groupIndex)?.push(item);
    return byIndex;
  };
  const [owners, configMaps, services] = [of(set.owners), of(set.configMaps), of(set.services)];
  const [workloads, pods] = [of(set.workloads), of(set.pods)];
  const some = <T>(items: ReadonlyMap<number, T[]>, index: number): readonly T[] => items.get(index) ?? [];
  return new Map(
    [...indices].map((index) => [
      index,
      {
        owners: some(owners, index),
        configMaps: some(configMaps, index),
        services: some(services, index),
        workloads: some(workloads, index),
        pods: some(pods, index),
      },
    ]),
  );
}

function withoutReadyPod(parts: ObservedParts | undefined): ObservedParts {
  if (parts === undefined) throw new Error("there is no such group");
  const pods = parts.pods.map((pod, i) => (i === 0 ? { ...pod, isReady: false, readySinceMs: null } : pod));
  return { ...parts, pods };
}

/** Exponent of growth: 1 is linear. By least squares over the logarithms. */
export function slope(figures: readonly PlanFigures[]): number {
  const points = figures.map(({ groups, fullMs }) => [Math.log(groups), Math.log(fullMs)] as const);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const up = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return up / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}
