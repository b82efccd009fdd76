import type { KubeObject } from "@openpatio/core/model";
import { ORDERED_TEARDOWN } from "@openpatio/core/resource";
import type { ClusterRow, SetRow } from "@openpatio/core/view";
import { createSandbox, SANDBOX_ZONES } from "@openpatio/k8s/sim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestServer, type TestServer } from "../src/testing/index.ts";
import { sandboxKube } from "./kube.ts";
import { SETS } from "./kubectl.ts";
import { type Pair, type Side, SpanningSet } from "./pair.ts";
import { manifest, PAIR, uidsOf } from "./set-under-test.ts";

/** Clusters come and go here, so each is a sandbox cluster of its own that is registered as any other. */
describe("removing a cluster", () => {
  const namespace = "default";
  let server: TestServer;
  let b: Side;
  const closes: (() => Promise<void>)[] = [];

  async function register(name: string): Promise<Side> {
    const sandbox = await createSandbox({ clusters: [SANDBOX_ZONES], timing: "fast", seed: name });
    closes.push(() => sandbox.close());
    const cluster = sandbox.cluster(SANDBOX_ZONES.name);
    await server.call("clusters.register", { name, kubeconfig: cluster.kubeconfigYaml });
    await server.until(
      `${name} to be live`,
      async () => (await rows()).find((row) => row.name === name)?.health,
      (health) => health === "live",
    );
    return { name, kube: sandboxKube(cluster.api, namespace), cut: (isCut) => cluster.cut(isCut) };
  }
  const rows = () => server.call<readonly ClusterRow[]>("clusters.list");
  const isGone = (name: string) =>
    server.until(`${name} to be removed`, rows, (all) => !all.some((row) => row.name === name));
  const started = async (pair: Pair, name: string, names: readonly string[]) => {
    const set = new SpanningSet(pair, name);
    await set.apply({ replicas: 1, roles: PAIR, placement: { clusters: { names } } });
    await set.ready();
    return set;
  };

  beforeAll(async () => {
    server = await createTestServer({ clusters: [] });
    b = await register("b");
  });
  afterAll(async () => {
    await server.close();
    for (const close of closes) await close();
  });

  test("with move its groups go to the other clusters of their set without an outage, over a restart; a set without one keeps it", async () => {
    const a = await register("a");
    const pair: Pair = { server, namespace, a, b };
    const bound = await started(pair, "bound", ["a"]);
    const set = await started(pair, "leaver", ["a", "b"]);
    expect(await set.places()).toEqual(["a"]);
    await expect(server.call("clusters.remove", { name: "a" })).rejects.toThrow("Say what becomes of their groups");
    await expect(server.call("clusters.remove", { name: "a", groups: "move" })).rejects.toThrow(
      "default/bound can run on a only",
    );
    await bound.end();
    expect(await server.call("clusters.remove", { name: "a", groups: "move" })).toMatchObject({ isUnderWay: true });
    await server.restart();
    await isGone("a");
    await set.ready();
    expect(await set.places()).toEqual(["b"]);
    expect(await set.pods(a)).toEqual([]);
    expect((await set.timeline("group.moved"))[0]?.cause).toContain("is ready on b");
    await set.end();
  });

  test("with orphan what runs goes on without our labels and owner, and a set with another cluster starts there anew", async () => {
    const a = await register("a");
    const pair: Pair = { server, namespace, a, b };
    const bound = await started(pair, "bound", ["a"]);
    const set = await started(pair, "staying", ["a", "b"]);
    const before = [uidsOf(await bound.pods(a)), uidsOf(await set.pods(a))];
    await server.call("clusters.remove", { name: "a", groups: "orphan" });
    await isGone("a");
    await set.ready();
    expect(await set.places()).toEqual(["b"]);
    expect([uidsOf(await bound.pods(a)), uidsOf(await set.pods(a))]).toEqual(before);
    for (const name of ["bound-0-decode", "staying-0-decode"]) {
      const workload = await a.kube.get("statefulsets.apps", name);
      expect(workload?.metadata.ownerReferences ?? []).toEqual([]);
      expect(Object.keys(workload?.metadata.labels ?? {}).filter((key) => key.includes("openpatio.io"))).toEqual([]);
    }
    expect(await a.kube.list("rolebasedgroups.openpatio.io")).toEqual([]);
    const sets = await server.call<readonly { readonly name: string }[]>("sets.list");
    expect(sets.map(({ name }) => name)).toEqual(["staying"]);
    await set.end();
  });

  test("with delete nothing of its groups is left there", async () => {
    const a = await register("a");
    const pair: Pair = { server, namespace, a, b };
    const bound = await started(pair, "bound", ["a"]);
    const set = await started(pair, "moved", ["a", "b"]);
    await server.call("clusters.remove", { name: "a", groups: "delete" });
    await isGone("a");
    await set.ready();
    expect(await set.places()).toEqual(["b"]);
    expect([...(await bound.pods(a)), ...(await set.pods(a))]).toEqual([]);
    expect(await a.kube.list("rolebasedgroups.openpatio.io")).toEqual([]);
    await set.end();
  });

  test("that does not answer it can only be forgotten", async () => {
    const a = await register("a");
    const set = await started({ server, namespace, a, b }, "forgotten", ["a"]);
    a.cut(true);
    await server.until(
      "a to be lost",
      async () => (await rows()).find(({ name }) => name === "a")?.health,
      (health) => health === "unreachable",
    );
    await expect(server.call("clusters.remove", { name: "a", groups: "orphan" })).rejects.toThrow("does not answer");
    expect(await server.call("clusters.remove", { name: "a", groups: "forget" })).toMatchObject({
      isUnderWay: false,
      leftBehind: ["default/forgotten-0"],
    });
    await set.end();
    a.cut(false);
    expect(await set.pods(a)).toHaveLength(2);
  });
});

test("a cluster that is removed keeps the finalizers of sets in namespaces that are not looked after", async () => {
  const server = await createTestServer({ clusters: [], namespaces: ["mine"] });
  const sandbox = await createSandbox({ clusters: [SANDBOX_ZONES], timing: "fast", seed: "shared" });
  const { api, kubeconfigYaml } = sandbox.cluster(SANDBOX_ZONES.name);
  const finalizersIn = (namespace: string) => api.get(SETS, namespace, "set")?.metadata.finalizers ?? [];
  await server.call("clusters.register", { name: "shared", kubeconfig: kubeconfigYaml });
  await server.until(
    "the definitions to be there",
    async () => api.list("customresourcedefinitions.apiextensions.k8s.io"),
    (definitions) => definitions.some(({ metadata }) => metadata.name === SETS),
  );
  for (const namespace of ["mine", "theirs"]) {
    api.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const object = JSON.parse(manifest(namespace, "set", { replicas: 0, roles: PAIR })) as KubeObject;
    const finalizers = namespace === "theirs" ? [ORDERED_TEARDOWN] : [];
    api.create(SETS, { ...object, metadata: { ...object.metadata, finalizers } });
  }
  await server.until(
    "its own set to be followed",
    () => server.call<readonly SetRow[]>("sets.list"),
    (sets) => sets.length === 1 && finalizersIn("mine").includes(ORDERED_TEARDOWN),
  );
  await server.call("clusters.remove", { name: "shared", groups: "forget" });
  expect([finalizersIn("mine"), finalizersIn("theirs")]).toEqual([[], [ORDERED_TEARDOWN]]);
  await server.close();
  await sandbox.close();
});
