import { type KubeObject, LABEL } from "@openpatio/core/model";
import type { ClusterChange } from "@openpatio/core/ports";
import { expect, test } from "vitest";
import type { KubeCluster } from "../src/index.ts";
import { eventually, type World } from "./world.ts";

const QUICK_PROBE = { everyMs: 200, retryMs: 100, timeoutMs: 500, graceMs: 300 };

/** What the cache shows, whatever happens to the connection. */
export function describeWatches(world: () => World): void {
  const configMapNames = (cluster: KubeCluster, set: string): readonly string[] =>
    cluster
      .observe()
      .set(world().namespace, set)
      .configMaps.map((one) => one.name);

  test("shows what others create, change and delete, and says which set it was", async () => {
    const w = world();
    const set = w.name("watched");
    const changes: ClusterChange[] = [];
    const unlisten = w.cluster.onChange((change) => changes.push(change));
    const object = await w.others.create(w.configMap(set, { a: "1" }));
    await eventually(() => w.set(set).configMaps[0]?.uid === object.metadata.uid);
    const path = w.others.path("v1", "ConfigMap", w.namespace, object.metadata.name);
    await w.others.patch(path, { metadata: { labels: { [LABEL.groupIndex]: "4" } } });
    await eventually(() => w.set(set).configMaps[0]?.groupIndex === 4);
    await w.others.remove(path);
    await eventually(() => w.set(set).configMaps.length === 0);
    expect(changes).toContainEqual({ kind: "set", namespace: w.namespace, set });
    unlisten();
  });

  test("an object that loses its label leaves its set", async () => {
    const w = world();
    const set = w.name("unlabelled");
    const object = await w.others.create(w.configMap(set, {}));
    await eventually(() => w.set(set).configMaps.length === 1);
    await w.others.patch(w.others.path("v1", "ConfigMap", w.namespace, object.metadata.name), {
      metadata: { labels: { [LABEL.set]: null } },
    });
    await eventually(() => w.set(set).configMaps.length === 0);
  });

  test("the same content keeps its identity, so that views need not be made again", async () => {
    const w = world();
    const set = w.name("identity");
    const ref = await w.created(w.configMap(set, { a: "1" }));
    const before = w.set(set);
    const path = w.others.path("v1", "ConfigMap", w.namespace, ref.name);
    await w.others.patch(path, { metadata: { annotations: { "example.com/unused": "x" } } });
    const marker = await w.created(w.configMap(w.name("marker"), {}));
    await eventually(
      () => w.cluster.observe().set(w.namespace, marker.name.replace("-0-config", "")).configMaps.length === 1,
    );
    expect(w.set(set)).toBe(before);
  });

  test("goes on after every connection was cut and misses nothing", async () => {
    const w = world();
    const { proxy, kubeconfig } = await w.proxied();
    const cluster = w.open({ kubeconfig });
    await w.live(cluster);
    const set = w.name("cut");
    const gone = await w.others.create(w.configMap(set, {}, `${set}-0-gone`));
    await eventually(() => configMapNames(cluster, set).length === 1);
    proxy.cut();
    await w.others.remove(w.others.path("v1", "ConfigMap", w.namespace, gone.metadata.name));
    await w.others.create(w.configMap(set, {}, `${set}-0-new`));
    await eventually(() => configMapNames(cluster, set).join() === `${set}-0-new`);
    await w.live(cluster);
  });

  test("a cluster that refuses connections is unreachable, keeps its last view, and catches up when it is back", async () => {
    const w = world();
    const { proxy, kubeconfig } = await w.proxied();
    const cluster = w.open({ kubeconfig, probeTiming: QUICK_PROBE });
    const health: string[] = [];
    cluster.onChange((change) => change.kind === "health" && health.push(change.health));
    await w.live(cluster);
    const set = w.name("lost");
    const gone = await w.others.create(w.configMap(set, {}, `${set}-0-gone`));
    await eventually(() => configMapNames(cluster, set).length === 1);
    proxy.refuse(true);
    proxy.cut();
    await eventually(() => cluster.observe().health === "unreachable");
    expect(configMapNames(cluster, set)).toEqual([gone.metadata.name]);
    expect(cluster.info().message).toMatch(/does not answer/);
    await expect(cluster.create(w.configMap(set, {}))).rejects.toMatchObject({
      code: "cluster.unreachable",
      retry: "backoff",
    });
    await w.others.remove(w.others.path("v1", "ConfigMap", w.namespace, gone.metadata.name));
    await w.others.create(w.configMap(set, {}, `${set}-0-new`));
    proxy.refuse(false);
    await w.live(cluster);
    await eventually(() => configMapNames(cluster, set).join() === `${set}-0-new`);
    expect(health[0]).toBe("live");
    expect(health).toContain("unreachable");
    await eventually(() => health.at(-1) === "live");
  });

  test("a cluster that hangs without closing anything is noticed, and trusted only after reconnecting", async () => {
    const w = world();
    const { proxy, kubeconfig } = await w.proxied();
    const cluster = w.open({ kubeconfig, probeTiming: QUICK_PROBE });
    await w.live(cluster);
    const set = w.name("hung");
    proxy.hold(true);
    await eventually(() => cluster.observe().health === "unreachable");
    await w.others.create(w.configMap(set, {}));
    proxy.cut();
    proxy.hold(false);
    await w.live(cluster);
    await eventually(() => configMapNames(cluster, set).length === 1);
  });

  test("stays live while the server ends its watches as usual", async () => {
    const w = world();
    const cluster = w.open({ watchTiming: { watchSeconds: 1 } });
    await w.live(cluster);
    const health: string[] = [];
    cluster.onChange((change) => change.kind === "health" && health.push(change.health));
    for (const at of [1, 2, 3]) {
      const set = w.name("ended");
      await w.others.create(w.configMap(set, { at: String(at) }));
      await eventually(() => configMapNames(cluster, set).length === 1);
      await new Promise((resolve) => setTimeout(resolve, 800));
    }
    // The news that it is live may still have been on its way.
    expect(health.filter((one) => one !== "live")).toEqual([]);
  });

  test("a watch from a version that is too old ends with 410 Expired", async () => {
    const w = world();
    // The API server's cache of a custom resource begins when its definition is created, far beyond version 1.
    await w.target.expireVersions?.();
    const path = `/apis/openpatio.io/v1alpha1/namespaces/${w.namespace}/rolebasedgroups`;
    const events = await w.others.watch(path, { watch: true, resourceVersion: "1", timeoutSeconds: 3 });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", status: "Failure", reason: "Expired", code: 410 },
    });
    expect(events[0]?.object["message"]).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  test("loses no deletion when its version has expired while it was away (where versions can be made to expire)", async ({
    skip,
  }) => {
    const w = world();
    const { expireVersions } = w.target;
    if (expireVersions === undefined) return skip("versions of this target can't be made to expire");
    const { proxy, kubeconfig } = await w.proxied();
    const cluster = w.open({ kubeconfig, probeTiming: QUICK_PROBE });
    await w.live(cluster);
    const set = w.name("expired");
    for (const name of ["a", "b"]) await w.others.create(w.configMap(set, {}, name + set));
    await eventually(() => configMapNames(cluster, set).length === 2);
    proxy.refuse(true);
    proxy.cut();
    await w.others.remove(w.others.path("v1", "ConfigMap", w.namespace, `a${set}`));
    await w.others.create(w.configMap(set, {}, `c${set}`));
    await expireVersions();
    proxy.refuse(false);
    await eventually(() => configMapNames(cluster, set).join() === `b${set},c${set}`);
    await w.live(cluster);
  });
}

/** API servers send a bookmark about once a minute, so this is begun before all others and asked about after them. */
export function beginBookmarks(w: World): Promise<KubeObject | undefined> {
  return w.others
    .watch(
      `/api/v1/namespaces/${w.namespace}/pods`,
      { watch: true, allowWatchBookmarks: true, timeoutSeconds: 85 },
      (event) => event.type === "BOOKMARK",
    )
    .then((events) => events.at(-1)?.object);
}

export function describeBookmarks(bookmark: () => Promise<KubeObject | undefined>): void {
  test("a watch gets bookmarks: a version to go on from and nothing else", { timeout: 120_000 }, async () => {
    const object = await bookmark();
    expect(object?.kind).toBe("Pod");
    expect(object?.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(Object.keys(object?.metadata ?? {})).not.toContain("name");
  });
}
