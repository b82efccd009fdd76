import { MINIMAL_EXAMPLE } from "@openpatio/core/spec";
import type { ClusterAnswer, DiscoveryAnswer, LogsAnswer, PodAnswer } from "@openpatio/core/view";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestServer, RefusedCall, type TestServer } from "../testing/index.ts";

let server: TestServer;
const pod = { cluster: "sandbox-racks", namespace: "default", pod: "demo-group-0-prefill-0" };

beforeAll(async () => {
  server = await createTestServer();
  await server.call("sets.apply", { yaml: MINIMAL_EXAMPLE, cluster: "sandbox-racks" });
  await server.until(
    "the set to be ready",
    () => server.set("demo-group"),
    ({ detail }) => detail.phase === "Ready",
  );
});
afterAll(() => server.close());

test("a pod is shown with its state, its live object without machine fields, and its events", async () => {
  const answer = await server.call<PodAnswer>("pods.get", pod);
  expect(answer.pod).toMatchObject({ state: "ready", group: 0, role: "prefill", ordinal: 0, incarnation: 1 });
  expect(answer.yaml).toContain("kind: Pod");
  expect(answer.yaml).not.toContain("managedFields");
  expect(answer.events.map((event) => event.reason)).toContain("Started");
});

test("logs are the last lines of the container", async () => {
  const all = await server.call<LogsAnswer>("pods.logs", pod);
  const tail = await server.call<LogsAnswer>("pods.logs", { ...pod, tailLines: 2 });
  expect(all.lines.length).toBeGreaterThan(2);
  expect(tail.lines).toHaveLength(2);
});

test("a followed log yields lines and ends when the reader leaves", async () => {
  const abort = new AbortController();
  const input = { ...pod, previous: false, tailLines: 5 };
  const batches = server.app.services.pods.followLogs(input, () => 0, abort.signal);
  const { value } = await batches.next();
  expect(value?.lines.length).toBeGreaterThan(0);
  abort.abort();
  expect((await batches.return()).done).toBe(true);
});

test("discovery of a group is what its ConfigMaps hold", async () => {
  const { configYaml, env } = await server.call<DiscoveryAnswer>("sets.discovery", { name: "demo-group", group: 0 });
  const map = (name: string) => server.cluster().api.get("configmaps", "default", name)?.["data"];
  expect(map("demo-group-0-config")).toEqual({ "config.yaml": configYaml });
  expect(map("demo-group-0-env")).toEqual(env);
});

test("the cluster page holds every pod and what is used of each node", async () => {
  const { cluster, nodes, pods } = await server.call<ClusterAnswer>("clusters.get", { name: "sandbox-racks" });
  expect(pods).toHaveLength(8);
  expect(cluster).toMatchObject({ groups: 2, readyGroups: 2, pods: 8, readyPods: 8 });
  expect(nodes.reduce((sum, node) => sum + node.gpusUsed, 0)).toBe(cluster.gpusUsed);
});

test("a deletion that names another life of the pod is refused, and touches nothing", async () => {
  const { pod: shown } = await server.call<PodAnswer>("pods.get", pod);
  const refused = server.call("pods.delete", { ...pod, force: true, uid: "another" });
  await expect(refused).rejects.toMatchObject({ status: 404, data: { reason: "pod.not-found" } });
  expect((await server.call<PodAnswer>("pods.get", pod)).pod.uid).toBe(shown.uid);
});

test("a pod that is not there, a cluster that is not there and a set that is not there answer 404 with the reason", async () => {
  for (const [procedure, input, reason] of [
    ["pods.get", { ...pod, pod: "none" }, "pod.not-found"],
    ["pods.get", { ...pod, cluster: "mars" }, "cluster.not-found"],
    ["sets.get", { name: "none" }, "set.not-found"],
    ["sets.discovery", { name: "demo-group", group: 9 }, "group.not-found"],
  ] as const) {
    const error = await server.call(procedure, input).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedCall);
    expect(error).toMatchObject({ status: 404, data: { reason } });
  }
});
