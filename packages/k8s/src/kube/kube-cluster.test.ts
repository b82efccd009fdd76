import type { KubeObject } from "@openpatio/core/model";
import type { ClusterChange } from "@openpatio/core/ports";
import { afterEach, expect, test } from "vitest";
import { KubeCluster, type KubeClusterOptions } from "./kube-cluster.ts";
import { type Exchange, eventually, startScriptedServer } from "./testing/scripted-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const emptyList = { kind: "List", metadata: { resourceVersion: "1" }, items: [] };

/** A healthy, empty cluster, but for what `answer` takes care of (it returns true then). */
async function clusterOn(answer: (exchange: Exchange) => boolean, options: Partial<KubeClusterOptions> = {}) {
  const server = await startScriptedServer((exchange) => {
    if (answer(exchange)) return;
    if (exchange.path === "/version") exchange.json(200, { gitVersion: "v1.30.1" });
    else if (exchange.path.endsWith("/selfsubjectaccessreviews")) exchange.json(201, { status: { allowed: true } });
    else if (exchange.path.includes("customresourcedefinitions/"))
      exchange.json(200, { metadata: { name: "x", uid: "u" } });
    else if (exchange.query.has("watch")) exchange.events();
    else if (exchange.method === "GET") exchange.json(200, emptyList);
    else exchange.json(200, exchange.body);
  });
  const cluster = new KubeCluster({
    name: "scripted",
    kubeconfig: server.kubeconfig,
    isSimulated: false,
    limits: { requestTimeoutMs: 2000 },
    watchTiming: { backoffMs: 5, maxBackoffMs: 20 },
    probeTiming: { everyMs: 60, retryMs: 20, timeoutMs: 200, graceMs: 20 },
    ...options,
  });
  closers.push(async () => {
    await cluster.stop();
    await server.close();
  });
  return { cluster, server };
}

const configMap: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "ns", name: "c", labels: { "openpatio.io/set": "s", "openpatio.io/group-index": "0" } },
};
const ref = { cluster: "scripted", apiVersion: "v1", kind: "ConfigMap", namespace: "ns", name: "c", uid: "u" };

test("is live only after every kind has been listed", async () => {
  let release = (): void => {};
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.path !== "/api/v1/pods" || exchange.query.has("watch")) return false;
    release = () => exchange.json(200, emptyList);
    return true;
  });
  expect(cluster.observe().health).toBe("connecting");
  cluster.start();
  await eventually(() => cluster.info().message === "Reading pods.");
  expect(cluster.observe().health).toBe("connecting");
  release();
  await eventually(() => cluster.observe().health === "live");
  expect(cluster.info()).toMatchObject({ version: "v1.30.1", message: null, missingPermissions: [] });
});

test("a server that nobody listens at is unreachable, with the reason", async () => {
  const { cluster, server } = await clusterOn(() => false);
  await server.close();
  cluster.start();
  await eventually(() => cluster.observe().health === "unreachable");
  expect(cluster.info().message).toBe("The API server does not answer: the connection was refused.");
  await expect(cluster.delete(ref, "Background")).rejects.toMatchObject({
    code: "cluster.unreachable",
    retry: "backoff",
  });
});

test("a server that accepts and never answers is unreachable", async () => {
  const { cluster } = await clusterOn(() => true, {
    probeTiming: { everyMs: 60, retryMs: 20, timeoutMs: 30, graceMs: 20 },
  });
  cluster.start();
  await eventually(() => cluster.observe().health === "unreachable");
  expect(cluster.info().message).toBe("The API server does not answer: no answer within 0.03 s.");
});

test("says so when the credentials are not accepted (any more)", async () => {
  const { cluster } = await clusterOn((exchange) => {
    exchange.status(401, "Unauthorized", "Unauthorized");
    return true;
  });
  cluster.start();
  await eventually(() => cluster.observe().health === "unreachable");
  expect(cluster.info().message).toBe("The API server does not accept the credentials. Register the cluster anew.");
});

test("a server that keeps its version to itself is live all the same", async () => {
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.path !== "/version") return false;
    exchange.status(403, "Forbidden", 'forbidden: User "ci" cannot get path "/version"');
    return true;
  });
  cluster.start();
  await eventually(() => cluster.observe().health === "live");
  expect(cluster.info().version).toBeNull();
});

test("names the permissions that are missing, and what may not be watched", async () => {
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.path === "/api/v1/nodes") {
      exchange.status(403, "Forbidden", 'nodes is forbidden: User "ci" cannot list resource "nodes"');
      return true;
    }
    if (!exchange.path.endsWith("/selfsubjectaccessreviews")) return false;
    const { spec } = exchange.body as { spec: { resourceAttributes: Readonly<Record<string, string>> } };
    const { resource, verb, subresource } = spec.resourceAttributes;
    const isDenied =
      resource === "nodes" || (resource === "statefulsets" && verb === "create") || subresource === "eviction";
    exchange.json(201, { status: { allowed: !isDenied } });
    return true;
  });
  cluster.start();
  await eventually(() => cluster.info().missingPermissions.length > 0);
  expect(cluster.info().missingPermissions).toEqual([
    "get nodes",
    "list nodes",
    "watch nodes",
    "patch nodes",
    "create pods/eviction",
    "create statefulsets.apps",
  ]);
  await eventually(() => cluster.info().message?.startsWith("These credentials may not watch nodes") === true);
  expect(cluster.observe().health).toBe("connecting");
});

test("installs the definitions that are missing", async () => {
  let isInstalled = false;
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.path.includes("/rolebasedgroups") && !isInstalled)
      exchange.response.writeHead(404).end("404 page not found\n");
    else if (exchange.path.includes("customresourcedefinitions/")) exchange.status(404, "NotFound", "not found");
    else if (exchange.method === "POST" && exchange.path.endsWith("/customresourcedefinitions")) {
      isInstalled = true;
      exchange.json(201, exchange.body);
    } else return false;
    return true;
  });
  cluster.start();
  await eventually(() => cluster.observe().health === "live");
  expect(isInstalled).toBe(true);
});

test("names the manifest when it may not install them", async () => {
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.path.includes("/rolebasedgroups")) exchange.response.writeHead(404).end("404 page not found\n");
    else if (exchange.path.includes("customresourcedefinitions")) exchange.status(403, "Forbidden", "no");
    else return false;
    return true;
  });
  cluster.start();
  await eventually(() => cluster.info().message?.includes("kubectl apply -f http://localhost:3000/crds.yaml") === true);
  expect(cluster.observe().health).toBe("connecting");
});

test("a cluster that works with an outdated definition says so, and what to do", async () => {
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.method !== "PATCH" || !exchange.path.includes("customresourcedefinitions")) return false;
    exchange.status(403, "Forbidden", "no");
    return true;
  });
  cluster.start();
  await eventually(() => cluster.observe().health === "live");
  await eventually(() => cluster.info().message?.includes("is missing or outdated") === true);
});

test("tells of a burst of changes once, and never from within the call that made them", async () => {
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.method !== "POST" || !exchange.path.endsWith("/configmaps")) return false;
    const body = exchange.body as KubeObject;
    exchange.json(201, { ...body, metadata: { ...body.metadata, uid: body.metadata.name, resourceVersion: "9" } });
    return true;
  });
  const changes: ClusterChange[] = [];
  cluster.onChange((change) => changes.push(change));
  await Promise.all(
    [0, 1, 2].map((at) => cluster.create({ ...configMap, metadata: { ...configMap.metadata, name: `c${at}` } })),
  );
  expect(cluster.observe().set("ns", "s").configMaps).toHaveLength(3);
  await eventually(() => changes.length > 0);
  expect(changes).toEqual([{ kind: "set", namespace: "ns", set: "s" }]);
});

test("a creation whose answer was lost finds its own object on the second try", async () => {
  let created: KubeObject | null = null;
  const { cluster } = await clusterOn((exchange) => {
    if (exchange.method === "GET" && exchange.path.endsWith("/configmaps/c")) exchange.json(200, created);
    else if (exchange.method === "POST" && exchange.count === 1) {
      const body = exchange.body as KubeObject;
      created = { ...body, metadata: { ...body.metadata, uid: "u", resourceVersion: "9" } };
      exchange.response.destroy();
    } else if (exchange.method === "POST") exchange.status(409, "AlreadyExists", 'configmaps "c" already exists');
    else return false;
    return true;
  });
  await cluster.create(configMap);
  expect(cluster.observe().set("ns", "s").configMaps[0]?.uid).toBe("u");
});

test.each([
  [
    403,
    "Forbidden",
    "exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4",
    "cluster.refused",
    "backoff",
  ],
  [422, "Invalid", "spec: Invalid value", "cluster.refused", "never"],
  [400, "BadRequest", "strict decoding error", "cluster.refused", "never"],
  [409, "Conflict", "the object has been modified", "cluster.conflict", "backoff"],
  [500, "InternalError", "failed calling webhook", "cluster.unreachable", "backoff"],
  [504, "Timeout", "request did not complete", "cluster.unreachable", "backoff"],
] as const)(
  "an answer of %i %s reaches the caller in the server's words",
  async (code, reason, message, domainCode, retry) => {
    const { cluster } = await clusterOn((exchange) => {
      if (exchange.method !== "POST") return false;
      exchange.status(code, reason, message);
      return true;
    });
    await expect(cluster.create(configMap)).rejects.toMatchObject({
      code: domainCode,
      retry,
      message: expect.stringContaining(message),
      params: { cluster: "scripted", what: "create ConfigMap ns/c", status: code, reason },
    });
  },
);

test("draining evicts what it may and names what a disruption budget protects", async () => {
  const pod = (name: string, kind = "StatefulSet") => ({
    metadata: { namespace: "ns", name, uid: name, ownerReferences: [{ kind, controller: true }] },
    status: { phase: "Running" },
  });
  const { cluster, server } = await clusterOn((exchange) => {
    if (exchange.method === "PATCH")
      exchange.json(200, { metadata: { name: "n", uid: "n", resourceVersion: "3" }, spec: { unschedulable: true } });
    else if (exchange.path === "/api/v1/pods")
      exchange.json(200, { items: [pod("a"), pod("b"), pod("agent", "DaemonSet")] });
    else if (exchange.path.endsWith("/b/eviction"))
      exchange.status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
    else if (exchange.path.endsWith("/eviction")) exchange.json(201, { kind: "Status", status: "Success" });
    else return false;
    return true;
  });
  await expect(cluster.drainNode("n")).rejects.toMatchObject({
    code: "cluster.refused",
    retry: "backoff",
    message: expect.stringContaining("ns/b: Cannot evict pod as it would violate the pod's disruption budget."),
    params: { evicted: 1, blocked: 1 },
  });
  expect(server.requests.filter((one) => one.includes("eviction"))).toHaveLength(2);
});
