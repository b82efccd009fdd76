import { MINIMAL_EXAMPLE } from "@openpatio/core/spec";
import type { TimelineItem } from "@openpatio/core/view";
import { SANDBOX_RACKS } from "@openpatio/k8s/sim";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createTestDatabase, createTestServer, type TestServer } from "../testing/index.ts";

/** Keeps Postgres running from one test to the next. */
let held: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  held = await createTestDatabase();
});
afterAll(() => held.drop());

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(): Promise<TestServer> {
  const server = await createTestServer();
  servers.push(server);
  return server;
}

/** One group of it fills a rack: 4 nodes of 8 GPUs. */
const rackSized = (name: string, groups = 1) =>
  MINIMAL_EXAMPLE.replace("name: demo-group", `name: ${name}`)
    .replace(/replicas: 2( +# two)/, `replicas: ${groups}$1`)
    .replaceAll(/nvidia.com\/gpu: "?\d+"?/g, "nvidia.com/gpu: 8");
const small = (name: string) => rackSized(name).replaceAll("nvidia.com/gpu: 8", "nvidia.com/gpu: 1");
const apply = (server: TestServer, yaml: string) => server.call("sets.apply", { yaml, cluster: "sandbox-racks" });
const ready = (server: TestServer, name: string) =>
  server.until(
    `${name} to be ready`,
    () => server.set(name),
    ({ detail, groups }) => detail.phase === "Ready" && groups.length > 0,
  );

test("of sets that are placed at the same moment, no two get the same room", async () => {
  const server = await start();
  const names = Array.from({ length: 8 }, (_, i) => `set-${i}`);
  await Promise.all(names.map((name) => apply(server, rackSized(name))));
  const groups = await server.until(
    "all to be decided",
    async () => (await Promise.all(names.map((name) => server.set(name)))).flatMap((set) => set.groups),
    (all) => all.length === 8 && all.filter((group) => group.phase === "Ready").length === 6,
  );
  const domains = groups.flatMap((group) => group.domain ?? []);
  expect(new Set(domains).size).toBe(6);
  const waiting = groups.filter((group) => group.domain === null);
  expect(waiting.map((group) => group.phase)).toEqual(["Pending", "Pending"]);
  expect(waiting[0]?.refusals).toHaveLength(6);
  expect(waiting[0]?.message).toContain("Closest: rack-");
});

test("a cluster that answers slowly delays the sets that go there, and no others", async () => {
  const server = await createTestServer({ clusters: [SANDBOX_RACKS, { ...SANDBOX_RACKS, name: "slow" }] });
  servers.push(server);
  const slow = Array.from({ length: 5 }, (_, i) => `slow-${i}`);
  const onSlow = (name: string) => server.call("sets.apply", { yaml: small(name), cluster: "slow" });
  await Promise.all([...slow.map(onSlow), apply(server, small("quick"))]);
  for (const name of [...slow, "quick"]) await ready(server, name);
  server.cluster("slow").slow(2_500);
  // Each asks its cluster for what the next group needs, before that is placed.
  for (const name of [...slow, "quick"]) await server.call("sets.scale", { name, replicas: 2 });
  const places = async (name: string) =>
    (await server.set(name)).groups.filter(({ cluster }) => cluster !== null).length;
  await server.until(
    "quick to be placed",
    () => places("quick"),
    (count) => count === 2,
  );
  expect(await Promise.all(slow.map(places))).toEqual([1, 1, 1, 1, 1]);
});

test("a group that waits for room is placed when another set gives some back", async () => {
  const server = await start();
  await apply(server, rackSized("first", 6));
  await ready(server, "first");
  await apply(server, rackSized("second"));
  await server.until(
    "second to wait",
    () => server.set("second"),
    ({ groups }) => groups[0]?.phase === "Pending",
  );
  await server.call("sets.scale", { name: "first", replicas: 5 });
  await ready(server, "second");
});

test("a group that waits for room is placed as soon as a role of another set is scaled in", async () => {
  const server = await start();
  await apply(server, rackSized("large", 6));
  await ready(server, "large");
  await apply(server, rackSized("small").replaceAll(/replicas: 2$/gm, "replicas: 1"));
  await server.until(
    "small to wait",
    () => server.set("small"),
    ({ groups }) => groups[0]?.phase === "Pending",
  );
  await server.call("sets.scale", { name: "large", role: "decode", replicas: 0 });
  await ready(server, "small");
});

test("two servers on one database do not reconcile at once, and the second takes over when the first is gone", async () => {
  const server = await start();
  const second = await server.startSecond();
  expect(second.services.system.info().isReconciling).toBe(false);
  await second.services.sets.apply("operator", { yaml: MINIMAL_EXAMPLE, cluster: "sandbox-racks" });
  await server.until(
    "the first to notice the set",
    () => server.call<{ name: string }[]>("sets.list"),
    (rows) => rows.length === 1,
  );
  await ready(server, "demo-group");
  await server.app.stop();
  await server.until(
    "the second to take over",
    async () => second.services.system.info().isReconciling,
    (isReconciling) => isReconciling,
  );
  await second.services.sets.scale("operator", { namespace: "default", name: "demo-group", replicas: 1 });
  const answer = await server.until(
    "one group",
    async () => second.services.sets.get({ namespace: "default", name: "demo-group" }),
    ({ groups, detail }) => groups.length === 1 && detail.phase === "Ready",
  );
  expect(answer.groups.map((group) => group.incarnation)).toEqual([1]);
  await second.stop();
});

test("an object of somebody else under a name that is needed is told once, and taken up when it is gone", async () => {
  const server = await start();
  await apply(server, MINIMAL_EXAMPLE);
  await ready(server, "demo-group");
  const { api } = server.cluster();
  const stranger = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s-demo-group-2-prefill", namespace: "default" },
    spec: { ports: [{ port: 80 }], selector: { app: "other" } },
  };
  api.create("services", stranger);
  await server.call("sets.scale", { name: "demo-group", replicas: 3 });
  const blocked = await server.until(
    "the conflict to be told",
    () => server.set("demo-group"),
    ({ groups }) => groups[2]?.message?.includes("s-demo-group-2-prefill") ?? false,
  );
  expect(blocked.groups.slice(0, 2).map((group) => group.phase)).toEqual(["Ready", "Ready"]);
  expect(api.get("services", "default", "s-demo-group-2-prefill")?.["spec"]).toMatchObject({
    selector: { app: "other" },
  });
  api.delete("services", "default", "s-demo-group-2-prefill");
  await server.until(
    "three ready groups",
    () => server.set("demo-group"),
    ({ groups }) => groups.length === 3 && groups.every((group) => group.phase === "Ready" && group.message === null),
  );
  const lines = await server.call<TimelineItem[]>("sets.timeline", { name: "demo-group", limit: 500 });
  expect(lines.filter((line) => line.kind === "object.conflict")).toHaveLength(1);
});

test("a group whose pods the cluster refuses to make says why, and goes on when it may", async () => {
  const server = await start();
  const { api } = server.cluster();
  const robot = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace: "default" } };
  api.create("serviceaccounts", robot);
  const yaml = MINIMAL_EXAMPLE.replaceAll(
    "          spec:\n",
    "          spec:\n            serviceAccountName: robot\n",
  );
  await apply(server, yaml);
  await ready(server, "demo-group");
  api.delete("serviceaccounts", "default", "robot");
  await server.call("sets.scale", { name: "demo-group", role: "prefill", replicas: 3 });
  await server.until(
    "the reason to be told",
    () => server.set("demo-group"),
    ({ groups }) => groups.every((group) => group.message?.includes('serviceaccount "robot" not found') ?? false),
  );
  // A group that has yet to start is not placed where what its pods name does not exist.
  await server.call("sets.scale", { name: "demo-group", replicas: 3 });
  await server.until(
    "the missing object to be named",
    () => server.set("demo-group"),
    ({ groups }) => groups[2]?.message?.startsWith("ServiceAccount robot does not exist in namespace default") ?? false,
  );
  api.create("serviceaccounts", robot);
  await server.until(
    "three ready groups without a word",
    () => server.set("demo-group"),
    ({ groups }) => groups.length === 3 && groups.every((group) => group.phase === "Ready" && group.message === null),
  );
});

test("a group is made with few writes, and what is settled is not written again", async () => {
  const server = await start();
  const writes = () => server.app.fleet.get("sandbox-racks")?.port.info().apiWrites ?? -1;
  await server.until(
    "the set-up writes",
    async () => writes(),
    (count) => count > 0,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = writes();
  await apply(server, MINIMAL_EXAMPLE);
  await ready(server, "demo-group");
  // The last status write may be under way for up to its delay.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const settled = writes();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(writes()).toBe(settled);
  // Per group the owner, two ConfigMaps, a Service and a workload per role, and at most three statuses.
  const dryRun = 4;
  expect(settled - before).toBeLessThanOrEqual(dryRun + 2 * (1 + 2 + 2 + 2 + 3));
});

test("a database that went away for a moment is found again", async () => {
  const server = await start();
  await apply(server, MINIMAL_EXAMPLE);
  await server.cutDatabase();
  await ready(server, "demo-group");
  await server.call("sets.scale", { name: "demo-group", replicas: 1 });
  await server.until(
    "one group",
    () => server.set("demo-group"),
    ({ groups }) => groups.length === 1,
  );
});

test("a restarted server re-arms what waits: a backoff that was under way ends", async () => {
  const server = await start();
  const yaml = `${MINIMAL_EXAMPLE}  recovery:\n    backoff: { baseSeconds: 2, maxSeconds: 2, stableAfterSeconds: 600 }\n`;
  await apply(server, yaml);
  for (const incarnation of [2, 3]) {
    await ready(server, "demo-group");
    await server.call("sandbox.killPod", { cluster: "sandbox-racks", pod: "demo-group-0-prefill-0" });
    if (incarnation === 3) {
      await server.until(
        "the backoff",
        () => server.set("demo-group"),
        ({ groups }) => groups[0]?.untilMs !== null && groups[0]?.phase === "Recovering",
      );
      await server.restart();
    }
    await server.until(
      `incarnation ${incarnation}`,
      () => server.set("demo-group"),
      ({ groups }) => groups[0]?.incarnation === incarnation,
    );
  }
});
