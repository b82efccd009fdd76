/** Whole sandbox clusters in this process: store, journal, controllers and HTTP face put together. */
import { join } from "node:path";
import type { SimClock } from "./api.ts";
import { realClock } from "./clock.ts";
import { type ControllerOptions, type Controllers, type PodLogs, startControllers } from "./controllers/index.ts";
import { type ApiServer, startApiServer } from "./http.ts";
import { openJournal } from "./journal.ts";
import { kubeconfigYaml } from "./kubeconfig.ts";
import { createStore, type Store } from "./store.ts";
import { settleWorld, type World, webhooksOf } from "./world.ts";

export type SandboxOptions = {
  readonly clusters: readonly World[];
  /** Keeps the clusters over restarts; without it they live in memory only. */
  readonly dataDir?: string;
  readonly clock?: SimClock;
  /** Equal seeds, clocks and calls give equal runs. Default `sandbox`. */
  readonly seed?: string;
  readonly timing?: NonNullable<ControllerOptions["timing"]>;
  /** Port per cluster name; any free one where absent or 0. */
  readonly ports?: Readonly<Record<string, number>>;
  /** How long pods tolerate a lost node, in seconds. Default 30; a real cluster has 300. */
  readonly tolerationSeconds?: number;
  /** How many changes per cluster a watch may still ask for; asked for older ones, it gets 410 Expired. */
  readonly historyLimit?: number;
  /** Told what a controller threw; the controller tries again. */
  readonly onError?: (cluster: string, controller: string, key: string, error: unknown) => void;
};

export type SandboxCluster = {
  readonly name: string;
  readonly api: Store;
  readonly url: string;
  readonly port: number;
  readonly kubeconfigYaml: string;
  readonly nodes: number;
  /** Cuts the cluster off the network, or connects it again. */
  cut(isCut: boolean): void;
  /** Delays every request by `delayMs`. */
  slow(delayMs: number): void;
  state(): { readonly isCut: boolean; readonly delayMs: number };
  close(): Promise<void>;
};

export type Sandbox = {
  readonly clusters: readonly SandboxCluster[];
  /** Errors: RangeError when there is no such cluster. */
  cluster(name: string): SandboxCluster;
  close(): Promise<void>;
};

/** Errors: EADDRINUSE for a port that is taken, and what the file system reports for the data folder. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const clusters: SandboxCluster[] = [];
  for (const world of options.clusters) clusters.push(await startCluster(world, options));
  return {
    clusters,
    cluster(name) {
      const found = clusters.find((cluster) => cluster.name === name);
      if (found === undefined) throw new RangeError(`no sandbox cluster ${JSON.stringify(name)}`);
      return found;
    },
    async close() {
      await Promise.all(clusters.map((cluster) => cluster.close()));
    },
  };
}

async function startCluster(world: World, options: SandboxOptions): Promise<SandboxCluster> {
  const { name } = world;
  const seed = options.seed ?? "sandbox";
  const journal = options.dataDir === undefined ? undefined : openJournal(join(options.dataDir, name));
  const store = createStore({
    clock: options.clock ?? realClock(),
    seed,
    name,
    tolerationSeconds: options.tolerationSeconds ?? 30,
    webhooks: webhooksOf(world),
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
    ...(journal === undefined ? {} : { onCommit: (event) => journal.append(event) }),
    ...(journal?.restored === undefined ? {} : { restored: journal.restored }),
  });
  journal?.attach(() => store.state());
  let server: ApiServer;
  let controllers: Controllers | undefined;
  const running = () => {
    if (controllers === undefined) throw new Error("the kubelets have not started");
    return controllers;
  };
  const logs: PodLogs = {
    read: (query) => running().readLog(query),
    follow: (query, onLines, onEnd) => running().followLog(query, onLines, onEnd),
  };
  try {
    server = await startApiServer({ store, logs, port: options.ports?.[name] ?? 0 });
  } catch (error) {
    journal?.close();
    throw error;
  }
  settleWorld(store, world, server.port);
  controllers = startControllers(store, {
    seed: `${seed}/${name}`,
    hasLeaderWorkerSets: world.hasLeaderWorkerSets === true,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    onError: (controller, key, error) => options.onError?.(name, controller, key, error),
  });
  return {
    name,
    api: store,
    url: server.url,
    port: server.port,
    kubeconfigYaml: kubeconfigYaml(name, server.url),
    nodes: world.nodes.length,
    cut: (isCut) => server.cut(isCut),
    slow: (delayMs) => server.slow(delayMs),
    state: server.state,
    async close() {
      controllers?.stop();
      await server.close();
      journal?.close();
    },
  };
}
