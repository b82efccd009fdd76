import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fields, type KubeObject, records } from "@openpatio/core/model";
import type { ClusterRow, TimelineItem } from "@openpatio/core/view";
import { openDatabase } from "@openpatio/db";
import { parseKubeconfig, rbacManifest } from "@openpatio/k8s";
import { createSandbox, SANDBOX_RACKS } from "@openpatio/k8s/sim";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { createTestServer, RefusedCall, type TestServer, type TestServerOptions } from "../src/testing/index.ts";
import { startForbiddingProxy } from "./forbidding-proxy.ts";
import { httpKube, type Kube, sandboxKube } from "./kube.ts";
import { PAIR, SetUnderTest, uidsOf } from "./set-under-test.ts";

/** As in earnest, ten times as fast. */
const FAST = { lookMs: 300, renewMs: 1_500, validMs: 1_500, pauseMs: 4_000, durationMs: 6_000 };
const LEASES = "leases.coordination.k8s.io";

/** A cluster without a control plane. */
type Land = {
  readonly kubeconfig: string;
  kube(namespace: string): Kube;
  /** The same cluster with credentials that may not use Leases. */
  withoutLeases(namespace: string): Promise<{ readonly kubeconfig: string; readonly close: () => Promise<void> }>;
  close(): Promise<void>;
};

async function sandboxLand(): Promise<Land> {
  const sandbox = await createSandbox({ clusters: [SANDBOX_RACKS], timing: "fast" });
  const cluster = sandbox.cluster(SANDBOX_RACKS.name);
  return {
    kubeconfig: cluster.kubeconfigYaml,
    kube: (namespace) => sandboxKube(cluster.api, namespace),
    withoutLeases: async () => {
      const url = new URL(parseKubeconfig(cluster.kubeconfigYaml).server);
      const proxy = await startForbiddingProxy(url, (path) => path.includes("/leases"));
      const kubeconfig = cluster.kubeconfigYaml.replaceAll(url.host, `127.0.0.1:${proxy.port}`);
      return { kubeconfig, close: () => proxy.close() };
    },
    close: () => sandbox.close(),
  };
}

async function realLand(): Promise<Land> {
  const kubeconfig = readFileSync(kubeconfigPath, "utf8");
  return {
    kubeconfig,
    kube: (namespace) => httpKube(kubeconfig, namespace),
    withoutLeases: (namespace) => restricted(kubeconfig, namespace),
    close: async () => {},
  };
}

/** A service account with everything but the rights to Leases. */
async function restricted(kubeconfig: string, namespace: string): ReturnType<Land["withoutLeases"]> {
  const kube = httpKube(kubeconfig, namespace);
  const rbac = "rbac.authorization.k8s.io";
  const name = `no-leases-${namespace}`;
  const roles = parseAllDocuments(rbacManifest()).map((document) => document.toJS() as KubeObject);
  const rules = records(roles.find(({ kind }) => kind === "ClusterRole")?.["rules"]).filter(
    ({ apiGroups }) => !(apiGroups as readonly string[]).includes("coordination.k8s.io"),
  );
  const account = { name, namespace };
  await kube.create("serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  await kube.create(`clusterroles.${rbac}`, {
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRole",
    metadata: { name },
    rules,
  });
  await kube.create(`clusterrolebindings.${rbac}`, {
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  const answer = await kube.create(`serviceaccounts/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { name },
    spec: { expirationSeconds: 3600 },
  });
  const admin = parseKubeconfig(kubeconfig).kubeconfig.getCurrentUser()?.token ?? "";
  return {
    kubeconfig: kubeconfig.replaceAll(admin, String(fields(answer["status"])["token"])),
    close: async () => {
      await kube.delete(`clusterrolebindings.${rbac}`, name);
      await kube.delete(`clusterroles.${rbac}`, name);
    },
  };
}

const kubeconfigPath = process.env["CONTRACT_KUBECONFIG"] ?? "";

describeOn("on the sandbox", sandboxLand, false);
if (kubeconfigPath === "") describe.skip("on a real control plane: CONTRACT_KUBECONFIG names no kubeconfig", () => {});
else describeOn("on a real control plane", realLand, true);

function describeOn(target: string, open: () => Promise<Land>, isShared: boolean): void {
  describe(`to whom a cluster belongs, ${target}`, () => {
    let land: Land;
    let namespace: string;
    let kube: Kube;
    const servers: TestServer[] = [];
    const closing: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      land = await open();
    });
    afterAll(() => land.close());
    beforeEach(async () => {
      namespace = `scenarios-${Math.random().toString(36).slice(2, 10)}`;
      kube = land.kube(namespace);
      await kube.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    });
    afterEach(async () => {
      for (const server of servers.splice(0).reverse()) await server.close();
      for (const close of closing.splice(0)) await close();
      await kube.removeNamespace();
    });

    const start = async (
      options: TestServerOptions = {},
      namespaces: readonly string[] | null = [namespace],
    ): Promise<TestServer> => {
      const limit = namespaces === null ? {} : { namespaces };
      const server = await createTestServer({ clusters: [], ownership: FAST, ...limit, ...options });
      servers.push(server);
      return server;
    };
    const register = (server: TestServer, more: object = {}) =>
      server.call<ClusterRow>("clusters.register", { name: "shared", kubeconfig: land.kubeconfig, ...more });
    const rowOf = async (server: TestServer): Promise<ClusterRow> => {
      const [row] = await server.call<readonly ClusterRow[]>("clusters.list");
      if (row === undefined) throw new Error("there is no cluster");
      return row;
    };
    const until = (server: TestServer, what: string, condition: (row: ClusterRow) => boolean) =>
      server.until(what, () => rowOf(server), condition);
    const owned = (server: TestServer) =>
      until(
        server,
        "the cluster to be its own",
        ({ health, ownership }) => health === "live" && ownership.state === "held",
      );
    const foreign = (server: TestServer) =>
      until(server, "the cluster to be another's", ({ health }) => health === "foreign");
    const setOf = (server: TestServer, name: string) =>
      new SetUnderTest({ server, kube, cluster: "shared", namespace, name });
    const running = async (server: TestServer, name: string): Promise<SetUnderTest> => {
      const set = setOf(server, name);
      await set.apply({ replicas: 2, roles: PAIR });
      await set.settled();
      return set;
    };
    const lines = async (server: TestServer, kind: TimelineItem["kind"]) => {
      const db = openDatabase(server.databaseUrl, 1);
      const rows = await db.timelineRow.findMany({ where: { kind }, orderBy: { id: "asc" } });
      await db.$disconnect();
      return rows;
    };
    const leaseSpec = async () => fields((await kube.get(LEASES, "openpatio"))?.["spec"]);
    const writesOf = (server: TestServer) => server.app.fleet.get("shared")?.port.info().apiWrites;

    test("a second control plane is refused, says whose it is, and after a take-over the first has stopped", async () => {
      const first = await start();
      await register(first);
      await owned(first);
      const set = await running(first, "first");
      const pods = uidsOf(await set.pods());

      const second = await start();
      const refusal = (await register(second).catch((error: unknown) => error)) as RefusedCall;
      expect(refusal).toBeInstanceOf(RefusedCall);
      expect(refusal).toMatchObject({ status: 409, data: { reason: "cluster.foreign" } });
      expect(refusal.message).toContain(`by the Lease ${namespace}/openpatio`);
      const holder = String((await leaseSpec())["holderIdentity"]).split("_")[1] ?? "";
      expect(refusal.message).toContain(`the control plane test (${holder.slice(0, 8)})`);
      expect(await second.call("clusters.list")).toEqual([]);

      await register(second, { takeOver: true });
      await until(second, "the pause", ({ health, ownership }) => health !== "live" && ownership.state === "pausing");
      const row = await foreign(first);
      expect(row.ownership.message).toMatch(/^It belongs to the control plane test \([0-9a-f]{8}\), by the Lease/);
      const writes = writesOf(first);
      // What it is told to do now waits.
      await set.scale(3);
      await owned(second);
      expect(fields(await leaseSpec())).toMatchObject({ leaseTransitions: 1 });
      const other = await running(second, "second");
      expect(writesOf(first)).toBe(writes);
      expect(uidsOf(await set.pods())).toEqual(pods);
      const { groups } = await set.get();
      expect(groups.map(({ phase, message }) => [phase, message])).toContainEqual([
        "Unknown",
        "shared belongs to another control plane; nothing there is touched.",
      ]);
      expect(await lines(first, "cluster.ousted")).toHaveLength(1);

      const others = uidsOf(await other.pods());
      await first.call("clusters.takeOver", { name: "shared" });
      await owned(first);
      await foreign(second);
      await set.until("the third group", ({ groups }) => groups.length === 3);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...pods]));
      expect(await set.incarnations()).toEqual([1, 1, 1]);
      expect(uidsOf(await other.pods())).toEqual(others);
      expect(await lines(first, "cluster.taken")).toHaveLength(1);
    });

    test("a copy of the database is refused, also at its start, until it takes over", async () => {
      const first = await start();
      await register(first);
      await owned(first);
      const set = await running(first, "copied");
      const copy = await start({ copyOf: first });
      await foreign(copy);
      await owned(first);
      await sleep(2 * FAST.renewMs);
      expect((await rowOf(first)).ownership.state).toBe("held");
      await expect(copy.call("clusters.cordonNode", { cluster: "shared", node: "none" })).rejects.toMatchObject({
        data: { reason: "cluster.foreign" },
      });

      // What the original did not say any more when it was copied is not known to the copy.
      const pods = uidsOf(await set.pods());
      await copy.call("clusters.takeOver", { name: "shared" });
      await owned(copy);
      await foreign(first);
      const [pod] = await set.pods(0, "decode");
      await kube.delete("pods", pod?.metadata.name ?? "");
      const same = setOf(copy, "copied");
      await same.reaches(0, 2);
      await same.settled();
      expect(uidsOf(await same.pods(1))).toEqual(uidsOf(await set.pods(1)));
      expect(uidsOf(await same.pods()).filter((uid) => pods.includes(uid))).toHaveLength(2);
      expect(await lines(first, "group.failed")).toHaveLength(0);
    });

    test("a database that went back to an earlier state of itself is told by the renewals that it has not seen", async () => {
      const first = await start();
      await register(first);
      await owned(first);
      // What it knew of its renewals is set back, as a snapshot of its disk would.
      const before = await ownershipRow(first);
      await sleep(2 * FAST.renewMs + FAST.lookMs);
      await first.restart(async () => {
        const db = openDatabase(first.databaseUrl, 1);
        await db.clusterOwnershipRow.update({
          where: { cluster: "shared" },
          data: { nonces: before.nonces as object },
        });
        await db.$disconnect();
      });
      const row = await foreign(first);
      expect(row.ownership.owner?.isCopy).toBe(true);
      expect(row.ownership.message).toContain("copied or restored");
    });
    const ownershipRow = async (server: TestServer) => {
      const db = openDatabase(server.databaseUrl, 1);
      const row = await db.clusterOwnershipRow.findUniqueOrThrow({ where: { cluster: "shared" } });
      await db.$disconnect();
      return row;
    };

    test("a server that is killed goes on at once, and is the same owner", async () => {
      const server = await start({ isKilled: true });
      await register(server);
      await owned(server);
      const set = await running(server, "killed");
      const pods = uidsOf(await set.pods());
      const { holderIdentity } = await leaseSpec();
      for (const _ of [1, 2]) {
        const beganMs = Date.now();
        await server.restart();
        await owned(server);
        expect(Date.now() - beganMs).toBeLessThan(30_000); // Of a Lease that lasts a minute.
      }
      await set.scale(1);
      await set.until("one group", ({ groups }) => groups.length === 1);
      expect(pods).toEqual(expect.arrayContaining([...uidsOf(await set.pods())]));
      expect(await leaseSpec()).toMatchObject({ holderIdentity, leaseTransitions: 0 });
    });

    test("a Lease that somebody deletes is put back by its holder, and nobody else takes it in between", async () => {
      const first = await start();
      await register(first);
      await owned(first);
      const copy = await start({ copyOf: first });
      await foreign(copy);
      const { holderIdentity } = await leaseSpec();
      await kube.delete(LEASES, "openpatio");
      await first.until("the Lease to be back", leaseSpec, (spec) => spec["holderIdentity"] === holderIdentity);
      await sleep(2 * FAST.lookMs);
      expect((await rowOf(copy)).health).toBe("foreign");
      expect((await rowOf(first)).health).toBe("live");
    });

    test("who removes the cluster leaves no Lease behind, so that the next one need not take over", async () => {
      const first = await start();
      await register(first);
      await owned(first);
      await first.call("clusters.remove", { name: "shared" });
      expect(await kube.get(LEASES, "openpatio")).toBeNull();
      const second = await start();
      await register(second);
      await owned(second);
      expect(await lines(second, "cluster.taken")).toHaveLength(0);
    });

    test("control planes with namespaces of their own share a cluster", async () => {
      const elsewhere = land.kube(`${namespace}-b`);
      await elsewhere.create("namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: `${namespace}-b` },
      });
      closing.push(() => elsewhere.removeNamespace());
      const first = await start();
      await register(first);
      const second = await start({ namespaces: [`${namespace}-b`] });
      await register(second);
      await owned(first);
      await owned(second);
      expect(await elsewhere.get(LEASES, "openpatio")).not.toBeNull();
    });

    // A real control plane may be shared with scenarios that are limited to their namespaces.
    test.skipIf(isShared)("one that is limited to namespaces and one that is not are kept apart", async () => {
      const system = land.kube("kube-system");
      const first = await start();
      await register(first);
      await owned(first);
      const whole = await start({}, null);
      await expect(register(whole)).rejects.toMatchObject({ data: { reason: "cluster.foreign" } });
      await register(whole, { takeOver: true });
      await owned(whole);
      const row = await foreign(first);
      expect(row.ownership.owner?.lease).toBe("kube-system/openpatio");
      expect(await kube.get(LEASES, "openpatio")).toBeNull();
      await first.call("clusters.takeOver", { name: "shared" });
      await owned(first);
      await foreign(whole);
      expect(await system.get(LEASES, "openpatio")).toBeNull();
      expect(await kube.get(LEASES, "openpatio")).not.toBeNull();
    });

    test("credentials that may not use Leases work, and it is said that nothing keeps others away", async () => {
      const server = await start();
      const { kubeconfig, close } = await land.withoutLeases(namespace);
      closing.push(close);
      await register(server, { kubeconfig });
      const row = await until(server, "contact", ({ health }) => health === "live");
      expect(row.ownership.state).toBe("unprotected");
      expect(row.message).toContain("nothing keeps a second control plane away from this cluster");
      await running(server, "unprotected");
    });
  });
}
