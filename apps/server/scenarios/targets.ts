import { readFileSync } from "node:fs";
import type { ClusterRow } from "@openpatio/core/view";
import { parseKubeconfig } from "@openpatio/k8s";
import { SANDBOX_RACKS } from "@openpatio/k8s/sim";
import { afterAll, beforeAll, describe } from "vitest";
import { createTestServer, type TestServer, type TestServerOptions } from "../src/testing/index.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { httpKube, type Kube, sandboxKube } from "./kube.ts";
import { type SetSketch, SetUnderTest } from "./set-under-test.ts";

/** A server, one cluster that it looks after, and somebody else with access to that cluster. */
export type Bench = {
  readonly server: TestServer;
  readonly kube: Kube;
  /** Name under which the server knows the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  /** Cuts the server off the cluster, or connects it again. */
  cut(isCut: boolean): void;
  /** The set of that name, watched from its first pod on. */
  watch(name: string): SetUnderTest;
  /** As {@link watch}, applied and settled. */
  start(name: string, sketch: SetSketch): Promise<SetUnderTest>;
};

type Opened = Pick<Bench, "server" | "kube" | "cluster" | "cut"> & { readonly close: () => Promise<void> };

async function openSandbox(namespace: string, options: TestServerOptions): Promise<Opened> {
  const server = await createTestServer(options);
  const cluster = server.cluster();
  return {
    server,
    kube: sandboxKube(cluster.api, namespace),
    cluster: SANDBOX_RACKS.name,
    cut: (isCut) => cluster.cut(isCut),
    close: () => server.close(),
  };
}

/** The server reaches the cluster through a proxy; everybody else goes straight there. */
async function openControlPlane(path: string, namespace: string, options: TestServerOptions): Promise<Opened> {
  const kubeconfig = readFileSync(path, "utf8");
  const url = new URL(parseKubeconfig(kubeconfig).server);
  const proxy = await startCuttingProxy(url);
  // Other scenarios share the control plane, with servers of their own.
  const server = await createTestServer({ ...options, clusters: [], namespaces: [namespace] });
  await server.call("clusters.register", {
    name: "real",
    kubeconfig: kubeconfig.replaceAll(url.host, `127.0.0.1:${proxy.port}`),
  });
  await server.until(
    "the control plane to be live",
    () => server.call<readonly ClusterRow[]>("clusters.list"),
    (rows) => rows[0]?.health === "live",
  );
  return {
    server,
    kube: httpKube(kubeconfig, namespace),
    cluster: "real",
    cut: (isCut) => proxy.cut(isCut),
    close: async () => {
      await server.close();
      await proxy.close();
    },
  };
}

const kubeconfigPath = process.env["CONTRACT_KUBECONFIG"] ?? "";

const TARGETS = [
  { name: "the sandbox", open: openSandbox, isThere: true },
  {
    name: "a real control plane",
    open: (namespace: string, options: TestServerOptions) => openControlPlane(kubeconfigPath, namespace, options),
    isThere: kubeconfigPath !== "",
  },
];

/**
 * The same scenarios on every cluster there is: the sandbox always, a real control plane where CONTRACT_KUBECONFIG names
 * one. Scenarios of one theme share a server; each has sets of its own.
 */
export function describeOnTargets(
  theme: string,
  scenarios: (bench: () => Bench) => void,
  options: TestServerOptions = {},
): void {
  for (const { name, open, isThere } of TARGETS) {
    describeOn(`${theme}, on ${name}`, (namespace) => open(namespace, options), isThere, scenarios);
  }
}

function describeOn(
  title: string,
  open: (namespace: string) => Promise<Opened>,
  isThere: boolean,
  scenarios: (bench: () => Bench) => void,
): void {
  if (!isThere) {
    describe.skip(`${title}: CONTRACT_KUBECONFIG names no kubeconfig`, () => scenarios(unopened));
    return;
  }
  describe(title, () => {
    let bench: Bench | undefined;
    let stop: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      // A real cluster keeps what an earlier run could not clean up.
      const namespace = `scenarios-${Math.random().toString(36).slice(2, 10)}`;
      const opened = await open(namespace);
      const watched: SetUnderTest[] = [];
      await opened.kube.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      const unwatch = await opened.kube.watchPods((event) => {
        for (const set of watched) set.history.see(event);
      });
      const watch = (name: string): SetUnderTest => {
        const set = new SetUnderTest({ ...opened, name, namespace });
        watched.push(set);
        return set;
      };
      bench = {
        server: opened.server,
        kube: opened.kube,
        cluster: opened.cluster,
        cut: opened.cut,
        namespace,
        watch,
        async start(name, sketch) {
          const set = watch(name);
          await set.apply(sketch);
          await set.settled();
          return set;
        },
      };
      stop = async () => {
        unwatch();
        await opened.close();
        await opened.kube.removeNamespace();
      };
    });
    afterAll(() => stop?.());
    scenarios(() => bench ?? unopened());
  });
}

function unopened(): never {
  throw new Error("the bench is opened before the first test");
}
