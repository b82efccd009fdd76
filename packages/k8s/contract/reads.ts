import { expect, test } from "vitest";
import { eventually, type World } from "./world.ts";

/** What is fetched when somebody looks. */
export function describeReads(world: () => World): void {
  const running = async (): Promise<string> => {
    const w = world();
    const set = w.name("read");
    await w.created(w.statefulSet(set, 1));
    await eventually(() => w.set(set).pods[0]?.isReady === true);
    return w.set(set).pods[0]?.name ?? "";
  };
  const collect = async (lines: AsyncIterable<string>, most: number): Promise<readonly string[]> => {
    const all: string[] = [];
    for await (const line of lines) {
      all.push(line);
      if (all.length >= most) break;
    }
    return all;
  };
  const request = (pod: string) => ({
    namespace: world().namespace,
    pod,
    container: "engine",
    follow: false,
    previous: false,
    tailLines: null,
  });

  test("an object is read without the API server's bookkeeping; what does not exist is null", async () => {
    const w = world();
    const pod = await running();
    const object = await w.cluster.read("v1", "Pod", w.namespace, pod);
    expect(object).toMatchObject({ apiVersion: "v1", kind: "Pod", metadata: { name: pod } });
    expect(object?.metadata.managedFields).toBeUndefined();
    expect(await w.cluster.read("v1", "Pod", w.namespace, "no-such-pod")).toBeNull();
    expect(await w.cluster.read("v1", "Namespace", "", w.namespace)).toMatchObject({ kind: "Namespace" });
  });

  test("Secrets are never read", async () => {
    const w = world();
    await expect(w.cluster.read("v1", "Secret", w.namespace, "x")).rejects.toMatchObject({ code: "cluster.refused" });
  });

  test("whether something exists is answered of Secrets too", async () => {
    const w = world();
    const exists = (apiVersion: string, kind: string, name: string) =>
      w.cluster.exists(apiVersion, kind, w.namespace, name);
    expect(await exists("v1", "Namespace", w.namespace)).toBe(true);
    expect(await exists("v1", "Namespace", "no-such-namespace")).toBe(false);
    expect(await exists("v1", "Secret", "no-such-secret")).toBe(false);
    expect(await exists("scheduling.k8s.io/v1", "PriorityClass", "system-node-critical")).toBe(true);
    expect(await exists("node.k8s.io/v1", "RuntimeClass", "no-such-class")).toBe(false);
  });

  test("a StatefulSet whose pods are refused carries its controller's reason until they are made", async () => {
    const w = world();
    const set = w.name("refused");
    const sts = w.statefulSet(set, 1);
    const template = (sts["spec"] as { template: { spec: object } }).template;
    const spec = {
      ...(sts["spec"] as object),
      template: { ...template, spec: { ...template.spec, serviceAccountName: "robot" } },
    };
    await w.created({ ...sts, spec });
    await eventually(() => /serviceaccount "robot" not found/.test(w.set(set).workloads[0]?.failureMessage ?? ""));
  });

  test("a kind that the cluster does not have is refused by name", async () => {
    const w = world();
    await expect(w.cluster.read("example.com/v1", "Widget", w.namespace, "x")).rejects.toMatchObject({
      code: "cluster.refused",
      message: expect.stringContaining("Widget"),
    });
  });

  test("a log is read to its end, or its last lines only", async () => {
    const w = world();
    const pod = await running();
    await eventually(
      async () => (await collect(w.cluster.logs(request(pod), new AbortController().signal), 2)).length > 0,
    );
    const tail = await collect(w.cluster.logs({ ...request(pod), tailLines: 1 }, new AbortController().signal), 5);
    expect(tail).toHaveLength(1);
  });

  test("a log that is followed ends when the reader goes away", async () => {
    const w = world();
    const pod = await running();
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const line of w.cluster.logs({ ...request(pod), follow: true }, abort.signal)) {
      seen.push(line);
      abort.abort();
    }
    expect(seen.length).toBeGreaterThan(0);
  });

  test("the log of a pod that does not exist, or has no such container, is refused", async () => {
    const w = world();
    const pod = await running();
    const read = (name: string, container: string) =>
      collect(w.cluster.logs({ ...request(name), container }, new AbortController().signal), 1);
    await expect(read("no-such-pod", "engine")).rejects.toMatchObject({ code: "pod.not-found" });
    await expect(read(pod, "no-such-container")).rejects.toMatchObject({
      code: "cluster.refused",
      message: expect.stringContaining(`container no-such-container is not valid for pod ${pod}`),
    });
  });

  test("events name their object, oldest first", async () => {
    const w = world();
    const pod = await running();
    const workload = pod.replace(/-0$/, "");
    await eventually(async () => (await w.cluster.events(w.namespace, workload)).length > 0);
    const events = await w.cluster.events(w.namespace, workload);
    expect(events[0]).toMatchObject({
      type: "Normal",
      reason: "SuccessfulCreate",
      message: `Create Pod ${pod} in StatefulSet ${workload} successful`,
      object: `StatefulSet/${workload}`,
      lastAtMs: expect.any(Number),
    });
  });

  test("says which version it is, how fast it answers and that nothing is missing", async () => {
    const info = world().cluster.info();
    expect(info.version).toMatch(/^v1\.\d+\.\d+/);
    expect(info.latencyMs).toBeGreaterThanOrEqual(0);
    await eventually(() => world().cluster.info().missingPermissions.length === 0);
    expect(info).toMatchObject({ health: "live", message: null });
  });
}
