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

/** The metrics API as the autoscaler asks it: every pod of the namespace uses that much memory. */
async function serveMetrics(bench: Bench, memory: string): Promise<number> {
  const server = createServer({ key: readFileSync(KEY), cert: readFileSync(CERT) }, (request, response) => {
    const answer = async (): Promise<unknown> => {
      const group = "metrics.k8s.io/v1beta1";
      if (request.url === `/apis/${group}`) {
        const pods = { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] };
        return { kind: "APIResourceList", apiVersion: "v1", groupVersion: group, resources: [pods] };
      }
      if (!request.url?.startsWith(`/apis/${group}/namespaces/${bench.namespace}/pods`)) return null;
      const items = (await bench.kube.list("pods")).map(({ metadata }) => ({
        metadata: { name: metadata.name, namespace: metadata.namespace },
        timestamp: new Date().toISOString(),
        window: "1s",
        containers: [{ name: "engine", usage: { cpu: "10m", memory } }],
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

describeOnTargets("an autoscaler", (bench) => {
  test("drives the groups of a set through its scale subresource", async ({ skip }) => {
    if (!isThere || bench().server.sandbox.clusters.length > 0) skip("there is no autoscaler");
    const { namespace } = bench();
    const set = await applyThere(bench(), "driven", { roles: [{ role: "engine" }] });
    await set.settled();
    const before = await set.pods();
    const port = await serveMetrics(bench(), "64Mi");
    const metadata = { name: "driven", namespace };
    const file = path.join(dir, "hpa.json");
    const items = [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata,
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
          service: { namespace, name: "driven", port },
        },
      },
      {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata,
        spec: {
          scaleTargetRef: { apiVersion: "openpatio.io/v1alpha1", kind: "RoleBasedGroupSet", name: "driven" },
          maxReplicas: 2,
          metrics: [
            { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "32Mi" } } },
          ],
        },
      },
    ];
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const kubeconfig = ["--kubeconfig", process.env["CONTRACT_KUBECONFIG"] ?? ""];
    await run(KUBECTL, [...kubeconfig, "apply", "-f", file]);
    try {
      const isScaled = (object: Awaited<ReturnType<typeof untilThere>>) => fields(object?.["spec"])["replicas"] === 2;
      await untilThere(bench(), "driven", "more groups", isScaled);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      const uids = (await set.pods()).map((pod) => pod.metadata.uid);
      expect(uids).toEqual(expect.arrayContaining(before.map((pod) => pod.metadata.uid)));
      expect((await bench().kube.get(SETS, "driven"))?.metadata.generation).toBe(3);
      expect((await set.timeline("scaled")).map(({ cause }) => cause)).toEqual([expect.stringMatching(/^Applied by /)]);
    } finally {
      await run(KUBECTL, [...kubeconfig, "delete", "-f", file]);
    }
  });
});
