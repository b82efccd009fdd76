import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { fields } from "@openpatio/core/model";
import { afterAll, expect, test } from "vitest";
import { applyThere, SETS, untilThere } from "./kubectl.ts";
import { PAIR, uidsOf } from "./set-under-test.ts";
import { type Bench, describeOnTargets } from "./targets.ts";

/** The HorizontalPodAutoscaler's own controller runs in a real control plane only; beside its kubeconfig lie these. */
const BESIDE = path.dirname(process.env["CONTRACT_KUBECONFIG"] ?? "");
const [KUBECTL, KEY, CERT] = [
  path.join(BESIDE, "kubectl"),
  path.join(BESIDE, "server.key"),
  path.join(BESIDE, "server.crt"),
];
const isThere = [KUBECTL, KEY, CERT].every((file) => BESIDE !== "." && existsSync(file));
const run = promisify(execFile);

const dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-hpa-"));
const servers: Server[] = [];
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  for (const server of servers) server.close();
});

/** The metrics API as the autoscaler asks it: every pod that it asks for uses that much memory. */
async function serveMetrics(bench: Bench, memory: () => string): Promise<number> {
  const server = createServer({ key: readFileSync(KEY), cert: readFileSync(CERT) }, (request, response) => {
    const answer = async (): Promise<unknown> => {
      const group = "metrics.k8s.io/v1beta1";
      if (request.url === `/apis/${group}`) {
        const pods = { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] };
        return { kind: "APIResourceList", apiVersion: "v1", groupVersion: group, resources: [pods] };
      }
      if (!request.url?.startsWith(`/apis/${group}/namespaces/${bench.namespace}/pods`)) return null;
      const selector = new URL(request.url, "https://localhost").searchParams.get("labelSelector") ?? "";
      const labels = Object.fromEntries(selector.split(",").map((term) => term.split("=") as [string, string]));
      const items = (await bench.kube.list("pods", selector === "" ? {} : labels)).map(({ metadata }) => ({
        metadata: { name: metadata.name, namespace: metadata.namespace },
        timestamp: new Date().toISOString(),
        window: "1s",
        containers: [{ name: "engine", usage: { cpu: "10m", memory: memory() } }],
      }));
      return { kind: "PodMetricsList", apiVersion: group, metadata: {}, items };
    };
    void answer().then((body) => {
      response.writeHead(body === null ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

type Target = { readonly apiVersion: string; readonly kind: string; readonly name: string };

/** Makes an autoscaler that wants 32Mi for each pod, and the metrics that it reads, for as long as `act` takes. */
async function autoscaled(bench: Bench, target: Target, memory: () => string, act: () => Promise<void>): Promise<void> {
  const { namespace } = bench;
  const port = await serveMetrics(bench, memory);
  const metadata = { name: target.name, namespace };
  const items = [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `${target.name}-metrics`, namespace },
      spec: { type: "ExternalName", externalName: "127.0.0.1", ports: [{ port }] },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io" },
      spec: {
        group: "metrics.k8s.io",
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace, name: `${target.name}-metrics`, port },
      },
    },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: {
        scaleTargetRef: target,
        maxReplicas: 2,
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
        metrics: [
          { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "32Mi" } } },
        ],
      },
    },
  ];
  const file = path.join(dir, "hpa.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const kubeconfig = ["--kubeconfig", process.env["CONTRACT_KUBECONFIG"] ?? ""];
  await run(KUBECTL, [...kubeconfig, "apply", "-f", file]);
  try {
    await act();
  } finally {
    await run(KUBECTL, [...kubeconfig, "delete", "-f", file]);
  }
}

describeOnTargets("an autoscaler (its controller runs in a real control plane only)", (bench) => {
  const isMissing = () => !isThere || bench().server.sandbox.clusters.length > 0;

  test("drives the groups of a set through its scale subresource", async ({ skip }) => {
    if (isMissing()) skip("there is no autoscaler");
    const set = await applyThere(bench(), "driven", { roles: [{ role: "engine" }] });
    await set.settled();
    const before = await set.pods();
    const target = { apiVersion: "openpatio.io/v1alpha1", kind: "RoleBasedGroupSet", name: "driven" };
    await autoscaled(
      bench(),
      target,
      () => "64Mi",
      async () => {
        const isScaled = (object: Awaited<ReturnType<typeof untilThere>>) => fields(object?.["spec"])["replicas"] === 2;
        await untilThere(bench(), "driven", "more groups", isScaled);
        await set.until("two groups", ({ groups }) => groups.length === 2);
        await set.settled();
        const uids = (await set.pods()).map((pod) => pod.metadata.uid);
        expect(uids).toEqual(expect.arrayContaining(before.map((pod) => pod.metadata.uid)));
        expect((await bench().kube.get(SETS, "driven"))?.metadata.generation).toBe(3);
        expect((await set.timeline("scaled")).map(({ cause }) => cause)).toEqual([
          expect.stringMatching(/^Applied by /),
        ]);
      },
    );
  });

  test("drives one role of one group out and in: its pods alone come and go, and nothing is put back or has failed", async ({
    skip,
  }) => {
    if (isMissing()) skip("there is no autoscaler");
    const [prefill = { role: "prefill" }, decode = { role: "decode" }] = PAIR;
    const roles = [prefill, { ...decode, scaling: { external: true } }];
    const set = await bench().start("drawn", { replicas: 2, roles });
    const before = uidsOf(await set.pods());
    const target = { apiVersion: "apps/v1", kind: "StatefulSet", name: "drawn-1-decode" };
    const ready = (count: number) =>
      set.until(`${count} ready decode pods`, ({ groups }) => {
        const { phase, roles: shown } = groups[1] ?? {};
        return phase === "Ready" && shown?.find(({ role }) => role === "decode")?.ready === count;
      });
    let memory = "64Mi";
    await autoscaled(
      bench(),
      target,
      () => memory,
      async () => {
        await ready(2);
        expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...before]));
        expect(await set.pods(1, "decode")).toHaveLength(2);
        const config = await bench().kube.get("configmaps", "drawn-1-config");
        expect(JSON.stringify(config?.["data"])).toContain("drawn-1-decode-1.");
        memory = "8Mi";
        await ready(1);
      },
    );
    await bench().server.until(
      "the second pod to be gone",
      () => set.pods(1, "decode"),
      (pods) => pods.length === 1,
    );
    expect(uidsOf(await set.pods())).toEqual(before);
    expect(await set.incarnations()).toEqual([1, 1]);
    expect(await set.timeline("group.failed")).toEqual([]);
    expect(await set.timeline("object.restored")).toEqual([]);
  });
});
