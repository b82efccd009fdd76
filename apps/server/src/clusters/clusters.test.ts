import { MINIMAL_EXAMPLE } from "@openpatio/core/spec";
import type { ClusterRow, SetAnswer, TimelineItem } from "@openpatio/core/view";
import { openDatabase } from "@openpatio/db";
import { createSandbox, SANDBOX_ZONES } from "@openpatio/k8s/sim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestServer, RefusedCall, type TestServer } from "../testing/index.ts";

let server: TestServer;
beforeAll(async () => {
  server = await createTestServer();
});
afterAll(() => server.close());

const refusal = (procedure: string, input: unknown) =>
  server.call(procedure, input).catch((error: unknown) => error as RefusedCall);
const healthOf = async (name: string) => {
  const rows = await server.call<ClusterRow[]>("clusters.list");
  return rows.find((row) => row.name === name)?.health;
};

describe("registering", () => {
  test("stores the kubeconfig encrypted and connects; removing forgets it", async () => {
    const other = await createSandbox({ clusters: [SANDBOX_ZONES] });
    const kubeconfig = other.cluster("sandbox-zones").kubeconfigYaml;
    expect(await server.call("clusters.register", { name: "north", kubeconfig })).toMatchObject({ isSimulated: false });
    await server.until(
      "north to be live",
      () => healthOf("north"),
      (health) => health === "live",
    );
    const db = openDatabase(server.databaseUrl, 1);
    const row = await db.clusterRow.findUniqueOrThrow({ where: { name: "north" } });
    await db.$disconnect();
    expect(Buffer.from(row.kubeconfig).includes("server:")).toBe(false);
    expect(await refusal("clusters.register", { name: "north", kubeconfig })).toMatchObject({
      status: 409,
      data: { reason: "cluster.name-taken" },
    });
    expect(await refusal("sandbox.cut", { cluster: "north", cut: true })).toMatchObject({
      data: { reason: "cluster.not-simulated" },
    });
    await server.call("clusters.remove", { name: "north" });
    expect(await healthOf("north")).toBeUndefined();
    await other.close();
  });

  test("refuses a kubeconfig that would run a program, and says where", async () => {
    const kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: "https://example.invalid" } }],
      users: [{ name: "u", user: { exec: { command: "/bin/sh" } } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
    const error = (await refusal("clusters.register", { name: "evil", kubeconfig })) as RefusedCall;
    expect(error).toMatchObject({ status: 400, data: { reason: "kubeconfig.invalid" } });
    expect(error.data.problems[0]?.path).toContain("exec");
    expect(await healthOf("evil")).toBeUndefined();
  });
});

describe("a cluster that is cut off", () => {
  test("is told as lost, its groups stay untouched, and all goes on when it is back", async () => {
    await server.call("sets.apply", { yaml: MINIMAL_EXAMPLE, cluster: "sandbox-racks" });
    const read = () => server.set("demo-group");
    await server.until("the set to be ready", read, ({ detail }) => detail.phase === "Ready");
    await server.call("sandbox.cut", { cluster: "sandbox-racks", cut: true });
    const lost = await server.until("the loss to be noticed", read, ({ groups }) =>
      groups.every((g) => g.phase === "Unknown"),
    );
    expect(lost.pods.every((pod) => pod.isStale && pod.state === "unknown")).toBe(true);
    expect((await server.call<{ faults: unknown }[]>("clusters.list")).length).toBe(1);
    await server.call("sets.scale", { name: "demo-group", replicas: 3 });
    await server.call("sandbox.cut", { cluster: "sandbox-racks", cut: false });
    const found: SetAnswer = await server.until(
      "three ready groups",
      read,
      ({ groups }) => groups.length === 3 && groups.every((group) => group.phase === "Ready"),
    );
    expect(found.groups.map((group) => group.incarnation)).toEqual([1, 1, 1]);
  });

  test("can't be removed while a set is there, nor can the sandbox's own", async () => {
    expect(await refusal("clusters.remove", { name: "sandbox-racks" })).toMatchObject({
      status: 409,
      data: { reason: "cluster.in-use" },
    });
  });
});

test("acts on nodes are in the timeline, with who asked for them", async () => {
  const [node] = server.cluster().api.list("nodes");
  const name = node?.metadata.name ?? "";
  await server.call("clusters.cordonNode", { cluster: "sandbox-racks", node: name });
  expect(server.cluster().api.get("nodes", undefined, name)?.["spec"]).toMatchObject({ unschedulable: true });
  const lines = await server.app.services.live.watch(["activity"], {}, () => 0, undefined).next();
  const event = lines.value;
  const items = event?.type === "snapshot" ? (Object.values(event.entries) as TimelineItem[]) : [];
  expect(items).toContainEqual(expect.objectContaining({ actor: "operator", decision: `Cordon node ${name}` }));
});
