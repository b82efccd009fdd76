import type { ObservedSet } from "@openpatio/core/model";
import { plan } from "@openpatio/core/plan";
import { median } from "./report.ts";
import { newSet, settle } from "./subject.ts";

export type PlanFigures = {
  readonly groups: number;
  /** Median milliseconds of a plan of the settled set. */
  readonly settledMs: number;
  /** The same when one pod is not Ready any more. */
  readonly changedMs: number;
};

/** Nothing but the planner: everything it is given lies in memory. */
export function measurePlan(groups: number, rounds: number): PlanFigures {
  const operated = settle(newSet({ groups, order: "ordered" }, "default", "bench"));
  const { world, state } = operated;
  const cluster = world.observe();
  const seen = cluster.set("default", "bench");
  const nothing: ObservedSet = { owners: [], configMaps: [], services: [], workloads: [], pods: [], claims: [] };
  const showing = (set: ObservedSet) => ({
    set: state,
    clusters: new Map([
      [cluster.name, { ...cluster, set: (_: string, of: string) => (of === "bench" ? set : nothing) }],
    ]),
    missing: new Map(),
    reservations: [],
  });
  const timed = (set: ObservedSet): number => {
    const input = showing(set);
    const fromMs = performance.now();
    plan(input, world.nowMs);
    return performance.now() - fromMs;
  };
  const changed = {
    ...seen,
    pods: seen.pods.map((pod, i) => (i === 0 ? { ...pod, isReady: false, readySinceMs: null } : pod)),
  };
  timed(seen);
  const times = Array.from({ length: rounds }, () => ({ settledMs: timed(seen), changedMs: timed(changed) }));
  return {
    groups,
    settledMs: median(times.map(({ settledMs }) => settledMs)),
    changedMs: median(times.map(({ changedMs }) => changedMs)),
  };
}

/** Exponent of growth: 1 is linear. By least squares over the logarithms. */
export function slope(figures: readonly PlanFigures[]): number {
  const points = figures.map(({ groups, settledMs }) => [Math.log(groups), Math.log(settledMs)] as const);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const up = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return up / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}
