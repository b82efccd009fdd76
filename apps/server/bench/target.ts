import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "@openpatio/core/model";
import type { ClusterRow } from "@openpatio/core/view";
import { createTestServer, type TestServer } from "../src/testing/index.ts";
import { ApiClient } from "./api-client.ts";
import { collection } from "./bare-client.ts";

/** A server, a cluster that it looks after, and a client that goes past it. */
export type Target = {
  readonly title: string;
  readonly server: TestServer;
  readonly cluster: string;
  readonly api: ApiClient;
  readonly namespace: string;
  close(): Promise<void>;
};

export async function openTarget(kubeconfigPath: string | null): Promise<Target> {
  const server = await createTestServer(kubeconfigPath === null ? {} : { clusters: [] });
  const kubeconfig =
    kubeconfigPath === null ? server.sandbox.clusters[0]?.kubeconfigYaml : readFileSync(kubeconfigPath, "utf8");
  if (kubeconfig === undefined) throw new Error("the sandbox has no cluster");
  if (kubeconfigPath !== null) await server.call("clusters.register", { name: "real", kubeconfig, takeOver: true });
  const rows = await server.until(
    "the cluster to be live",
    () => server.call<readonly ClusterRow[]>("clusters.list"),
    ([row]) => row?.health === "live",
  );
  const api = new ApiClient(kubeconfig);
  const namespace = `bench-${process.pid}`;
  await api.json("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  return {
    title: kubeconfigPath === null ? "the sandbox" : "a real control plane",
    server,
    cluster: rows[0]?.name ?? "",
    api,
    namespace,
    async close() {
      // With our Lease: the next run has a database of its own.
      if (kubeconfigPath !== null) await server.call("clusters.remove", { name: "real" }).catch(() => null);
      await server.close();
      await api.json("DELETE", `/api/v1/namespaces/${namespace}`).catch(() => null);
      api.close();
    },
  };
}

/** Milliseconds from `start` until `count` pods that fit are Ready at the same time, by a watch of their own. */
export async function untilReady(
  { api, namespace }: Target,
  count: number,
  start: () => Promise<unknown>,
  fits: (pod: KubeObject) => boolean = () => true,
): Promise<number> {
  const ready = new Set<string>();
  let done = (): void => {};
  const reached = new Promise<void>((resolve) => {
    done = resolve;
  });
  const unwatch = await api.watch(`/api/v1/namespaces/${namespace}/pods`, (type, pod) => {
    const isLeaving = type === "DELETED" || pod.metadata.deletionTimestamp !== undefined;
    const uid = pod.metadata.uid ?? "";
    if (isLeaving || !isReady(pod) || !fits(pod)) ready.delete(uid);
    else ready.add(uid);
    if (ready.size === count) done();
  });
  const fromMs = performance.now();
  const started = start();
  await Promise.all([reached, started]);
  const tookMs = performance.now() - fromMs;
  unwatch();
  return tookMs;
}

function isReady(pod: KubeObject): boolean {
  const { conditions } = (pod["status"] ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/** Until nothing of any set is left in the namespace. */
export async function untilEmpty({ api, namespace }: Target): Promise<void> {
  const kinds = ["RoleBasedGroup", "ConfigMap", "Service", "StatefulSet"].map((kind) => collection(kind, namespace));
  for (;;) {
    const lists = await Promise.all([...kinds, `/api/v1/namespaces/${namespace}/pods`].map((path) => api.list(path)));
    if (lists.flat().every(({ metadata }) => metadata.name === "kube-root-ca.crt")) return;
    await sleep(200);
  }
}

/** Removes what the bare client made. */
export async function removeOwners({ api, namespace }: Target): Promise<void> {
  const owners = collection("RoleBasedGroup", namespace);
  for (const { metadata } of await api.list(owners))
    await api.json("DELETE", `${owners}/${metadata.name}`, { propagationPolicy: "Background" });
}
