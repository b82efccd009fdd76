import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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

  test("refuses a cluster that is there under another name, and says which", async () => {
    const [known] = await server.call<ClusterRow[]>("clusters.list");
    const kubeconfig = server.cluster().kubeconfigYaml;
    const error = (await refusal("clusters.register", { name: "twice", kubeconfig })) as RefusedCall;
    expect(error).toMatchObject({ status: 409, data: { reason: "cluster.name-taken" } });
    expect(error.message).toContain(`registered as ${known?.name}`);
    expect(await healthOf("twice")).toBeUndefined();
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

describe("registering a cluster that can't be had", () => {
  const kubeconfigOf = (url: string, token: string) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: url } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  const answering = async (status: number, body: string) => {
    const http = createServer((_, response) => response.writeHead(status, { "content-type": "text/plain" }).end(body));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return { http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
  };

  test.each([
    ["nobody listens", null, "the connection was refused"],
    ["it is no API server", [200, "<html>hello</html>"], "no JSON object"],
    ["it does not take the credentials", [401, '{"kind":"Status","message":"Unauthorized"}'], "credentials"],
  ] as const)("says why when %s, and stores nothing", async (_, answer, why) => {
    const { http, url } = await answering(answer?.[0] ?? 200, answer?.[1] ?? "");
    if (answer === null) http.close();
    const error = (await refusal("clusters.register", {
      name: "nowhere",
      kubeconfig: kubeconfigOf(url, "secret-token"),
    })) as RefusedCall;
    http.close();
    expect(error).toMatchObject({ status: 422, data: { reason: "cluster.unreachable" } });
    expect(error.message).toContain(url);
    expect(error.message).toContain(why);
    expect(error.message).not.toContain("secret-token");
    expect(await healthOf("nowhere")).toBeUndefined();
  });
});

describe("removing a cluster on which groups are placed", () => {
  /** A registered cluster with one running set. */
  async function occupied(name: string) {
    const other = await createSandbox({ clusters: [SANDBOX_ZONES], timing: "fast", seed: name });
    const cluster = other.cluster("sandbox-zones");
    await server.call("clusters.register", { name, kubeconfig: cluster.kubeconfigYaml });
    await server.until(
      `${name} to be live`,
      () => healthOf(name),
      (health) => health === "live",
    );
    const yaml = MINIMAL_EXAMPLE.replace("name: demo-group", `name: on-${name}`).replace("/rack ", "/zone ");
    await server.call("sets.apply", { yaml, cluster: name });
    await server.until(
      "the set to be ready",
      () => server.set(`on-${name}`),
      ({ detail }) => detail.phase === "Ready",
    );
    return { cluster, close: () => other.close() };
  }
  const isGone = (set: string) =>
    server.until(
      `${set} to be gone`,
      () => server.call<{ name: string }[]>("sets.list"),
      (rows) => !rows.some((row) => row.name === set),
    );

  test("is refused with both ways out, and leaves everything there behind when that is asked for", async () => {
    const { cluster, close } = await occupied("east");
    const error = (await refusal("clusters.remove", { name: "east" })) as RefusedCall;
    expect(error).toMatchObject({ status: 409, data: { reason: "cluster.in-use" } });
    expect(error.message).toMatch(/default\/on-east.*orphan.*delete.*move.*forget/);
    expect(await server.call("clusters.remove", { name: "east", groups: "forget" })).toEqual({
      isUnderWay: false,
      name: "east",
      leftBehind: ["default/on-east-0", "default/on-east-1"],
    });
    const groups = cluster.api.list("rolebasedgroups.openpatio.io");
    expect(groups.map(({ metadata }) => [metadata.name, metadata.finalizers ?? []])).toEqual([
      ["on-east-0", []],
      ["on-east-1", []],
    ]);
    await server.call("sets.delete", { name: "on-east" });
    await isGone("on-east");
    expect(cluster.api.list("pods", { namespace: "default" })).toHaveLength(8);
    const db = openDatabase(server.databaseUrl, 1);
    const [line] = await db.timelineRow.findMany({ where: { kind: "cluster.removed", cluster: "east" } });
    await db.$disconnect();
    expect(line?.actions).toEqual(["leave behind what is there of default/on-east-0, default/on-east-1"]);
    await close();
  });

  test("goes by itself for sets that are being deleted where nothing answers any more", async () => {
    const { close } = await occupied("west");
    await close();
    await server.until(
      "the loss to be noticed",
      () => healthOf("west"),
      (health) => health === "unreachable",
    );
    await server.call("sets.delete", { name: "on-west" });
    // To connect anew is no reason to let go of anything.
    await server.call("clusters.retry", { name: "west" });
    expect((await server.set("on-west")).detail.isDeleting).toBe(true);
    expect(await server.call("clusters.remove", { name: "west" })).toMatchObject({
      leftBehind: ["default/on-west-0", "default/on-west-1"],
    });
    await isGone("on-west");
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
