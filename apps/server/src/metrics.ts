import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Fleet } from "./clusters/fleet.ts";

export type Metrics = {
  readonly registry: Registry;
  readonly runs: Histogram<"outcome">;
  readonly actions: Counter<"cluster" | "kind" | "outcome">;
};

export type MetricSources = {
  readonly fleet: Fleet;
  readonly queueDepth: () => number;
  readonly isReconciling: () => boolean;
  readonly streamReaders: () => number;
  readonly sets: () => number;
  readonly nowMs: () => number;
};

/** Figures for Prometheus. Gauges are read when they are asked for. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("openpatio_queue_depth", "Sets that wait for a reconcile", sources.queueDepth);
  gauge("openpatio_is_reconciling", "1 while this process holds the lease", () => Number(sources.isReconciling()));
  gauge("openpatio_stream_readers", "Live subscriptions", sources.streamReaders);
  gauge("openpatio_sets", "Sets", sources.sets);
  const perCluster = (name: string, help: string, value: (info: ReturnType<Fleet["all"]>[number]) => number | null) =>
    new Gauge({
      name,
      help,
      registers,
      labelNames: ["cluster"],
      collect() {
        this.reset();
        for (const member of sources.fleet.all()) {
          const figure = value(member);
          if (figure !== null) this.set({ cluster: member.name }, figure);
        }
      },
    });
  perCluster("openpatio_cluster_is_live", "1 while the cluster answers", ({ port }) =>
    Number(port.info().health === "live"),
  );
  perCluster("openpatio_cluster_contact_age_seconds", "Time since the API server last said anything", ({ port }) => {
    const { lastContactMs } = port.info();
    return lastContactMs === null ? null : (sources.nowMs() - lastContactMs) / 1000;
  });
  perCluster(
    "openpatio_cluster_api_requests",
    "API requests since the connection",
    ({ port }) => port.info().apiRequests,
  );
  perCluster("openpatio_cluster_api_errors", "API requests that failed", ({ port }) => port.info().apiErrors);
  perCluster("openpatio_cluster_api_writes", "API requests that wrote", ({ port }) => port.info().apiWrites);
  return {
    registry,
    runs: new Histogram({
      name: "openpatio_reconcile_seconds",
      help: "One reconcile of one set, actions included",
      labelNames: ["outcome"],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    actions: new Counter({
      name: "openpatio_actions_total",
      help: "Actions sent to clusters",
      labelNames: ["cluster", "kind", "outcome"],
      registers,
    }),
  };
}
