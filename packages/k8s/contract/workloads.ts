import { ANNOTATION, type KubeObject, LABEL, type ObservedPod } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { eventually, type World } from "./world.ts";

const SANDBOX = "sandbox.openpatio.io";

/** What controllers, scheduler and kubelets make of the objects, as far as the product relies on it. */
export function describeWorkloads(world: () => World): void {
  const pods = (set: string): readonly ObservedPod[] => world().set(set).pods;
  const describePods = (set: string): string =>
    pods(set)
      .map((pod) => `${pod.name} ${pod.phase} ready=${pod.isReady} ${pod.unschedulableMessage ?? ""}`)
      .join(", ");
  const areReady = (set: string, count: number): boolean | string =>
    (pods(set).length === count && pods(set).every((pod) => pod.isReady)) || describePods(set);

  test("a StatefulSet's pods are named, labelled, scheduled and become Ready; scaling removes the highest first", async () => {
    const w = world();
    const set = w.name("scaled");
    const ref = await w.created(
      w.statefulSet(set, 3, { container: { resources: { requests: { cpu: "250m", memory: "1Gi" } } } }),
    );
    await eventually(() => areReady(set, 3));
    expect(pods(set).map((pod) => [pod.name, pod.ordinal, pod.role, pod.groupIndex, pod.incarnation])).toEqual(
      [0, 1, 2].map((ordinal) => [`${set}-0-web-${ordinal}`, ordinal, "web", 0, 1]),
    );
    const [first] = pods(set);
    expect(first).toMatchObject({
      phase: "Running",
      ownerUid: ref.uid,
      ownerKind: "StatefulSet",
      requests: { cpu: 250, memory: 1024 ** 3, pods: 1 },
      isDaemonSetPod: false,
      deletionAtMs: null,
    });
    // Stamps are whole seconds.
    expect((first?.readySinceMs ?? 0) - (first?.createdAtMs ?? 0)).toBeGreaterThanOrEqual(0);
    expect(w.cluster.observe().podsOnNode(first?.nodeName ?? "")).toContain(first);
    expect(first?.containers[0]).toMatchObject({
      name: "engine",
      kind: "main",
      state: "running",
      isReady: true,
      restartCount: 0,
    });
    await eventually(() => w.set(set).workloads[0]?.readyReplicas === 3);
    const kept = pods(set)[0]?.uid;
    await w.cluster.scale(ref, 1);
    await eventually(() => areReady(set, 1));
    expect(pods(set)[0]?.uid).toBe(kept);
    await w.cluster.scale(ref, 2);
    await eventually(() => areReady(set, 2));
    expect(pods(set)[0]?.uid).toBe(kept);
    await eventually(() => {
      const workload = w.set(set).workloads[0];
      return workload?.observedGeneration === workload?.generation && workload?.readyReplicas === 2;
    });
  });

  test("a container that crashes gets a new ID and one more restart, and says how it ended", async () => {
    const w = world();
    const set = w.name("crash");
    await w.created(w.statefulSet(set, 1));
    await eventually(() => areReady(set, 1));
    const before = pods(set)[0];
    await w.cluster.annotatePod(w.namespace, before?.name ?? "", { [`${SANDBOX}/crash`]: "137" });
    await eventually(
      () => (pods(set)[0]?.containers[0]?.restartCount === 1 && pods(set)[0]?.isReady === true) || describePods(set),
    );
    const after = pods(set)[0];
    expect(after?.uid).toBe(before?.uid);
    expect(after?.containers[0]?.containerId).not.toBe(before?.containers[0]?.containerId);
    expect(after?.containers[0]?.lastTermination).toMatchObject({
      exitCode: 137,
      reason: "OOMKilled",
      containerId: before?.containers[0]?.containerId,
    });
  });

  test("a pod that fails is replaced by its StatefulSet", async () => {
    const w = world();
    const set = w.name("fail");
    await w.created(w.statefulSet(set, 1));
    await eventually(() => areReady(set, 1));
    const before = pods(set)[0];
    await w.cluster.annotatePod(w.namespace, before?.name ?? "", {
      [`${SANDBOX}/fail`]: "Evicted",
      [`${SANDBOX}/fail-message`]: "low on memory",
    });
    await eventually(() => pods(set)[0]?.uid !== before?.uid && areReady(set, 1) === true);
  });

  test("a pod whose image can't be pulled says so", async () => {
    const w = world();
    const set = w.name("waiting");
    await w.created(w.statefulSet(set, 1, { annotations: { [`${SANDBOX}/waiting`]: "ImagePullBackOff" } }));
    await eventually(() => pods(set)[0]?.containers[0]?.reason === "ImagePullBackOff");
    expect(pods(set)[0]).toMatchObject({ phase: "Pending", isReady: false });
  });

  test("a pod that fits nowhere says why in the scheduler's words", async () => {
    const w = world();
    const set = w.name("unschedulable");
    const resources = { requests: { "nvidia.com/gpu": "99" }, limits: { "nvidia.com/gpu": "99" } };
    await w.created(w.statefulSet(set, 1, { container: { resources } }));
    await eventually(() => pods(set)[0]?.unschedulableMessage !== null && pods(set).length === 1);
    const nodes = w.cluster.observe().nodes.length;
    expect(pods(set)[0]?.unschedulableMessage).toMatch(
      new RegExp(`^0/${nodes} nodes are available: .*Insufficient nvidia\\.com/gpu`),
    );
    expect(pods(set)[0]?.nodeName).toBeNull();
    await eventually(async () => {
      const events = await w.cluster.events(w.namespace, pods(set)[0]?.name ?? "");
      return events.some((event) => event.reason === "FailedScheduling" && event.type === "Warning");
    });
  });

  test("deleting a pod gives a new one of the same name; by force it goes at once", async () => {
    const w = world();
    const set = w.name("killed");
    await w.created(w.statefulSet(set, 1, { annotations: { [`${SANDBOX}/stop-delay`]: "2s" } }));
    await eventually(() => areReady(set, 1));
    const first = pods(set)[0];
    await w.cluster.deletePod(w.namespace, first?.name ?? "", { force: false });
    expect(pods(set)[0]).toMatchObject({ uid: first?.uid, deletionAtMs: expect.any(Number) });
    await w.cluster.deletePod(w.namespace, first?.name ?? "", { force: true });
    await eventually(() => pods(set)[0]?.uid !== first?.uid && areReady(set, 1) === true);
    await expect(w.cluster.deletePod(w.namespace, "no-such-pod", { force: false })).rejects.toMatchObject({
      code: "pod.not-found",
    });
  });

  test("deleting the RoleBasedGroup takes along all that it owns and nothing else", async () => {
    const w = world();
    const set = w.name("owned");
    const owner = await w.created(w.group(set));
    const stranger = await w.created(w.configMap(set, {}, `${set}-0-stranger`));
    const owned = [
      w.statefulSet(set, 1, { owner }),
      {
        ...w.configMap(set, {}),
        metadata: {
          ...w.configMap(set, {}).metadata,
          ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid }],
        },
      },
    ];
    for (const object of owned) await w.cluster.create(object);
    await eventually(() => areReady(set, 1));
    expect(w.set(set).workloads[0]?.ownerUid).toBe(owner.uid);
    await w.cluster.delete(owner, "Foreground");
    expect(w.set(set).owners.every((one) => one.deletionAtMs !== null)).toBe(true);
    await eventually(() => {
      const { owners, workloads, pods: left, configMaps } = w.set(set);
      const isGone = owners.length + workloads.length + left.length === 0;
      return (
        (isGone && configMaps.length === 1) ||
        `${owners.length} ${workloads.length} ${left.length} ${configMaps.length}`
      );
    });
    expect(w.set(set).configMaps[0]?.uid).toBe(stranger.uid);
  });

  test("with Foreground a workload stays visible until its pods are gone, with Background it goes first", async () => {
    const w = world();
    for (const propagation of ["Foreground", "Background"] as const) {
      const set = w.name("propagation");
      const ref = await w.created(w.statefulSet(set, 1, { annotations: { [`${SANDBOX}/stop-delay`]: "1s" } }));
      await eventually(() => areReady(set, 1));
      await w.cluster.delete(ref, propagation);
      await eventually(() => pods(set)[0]?.deletionAtMs !== null);
      expect(w.set(set).workloads.length).toBe(propagation === "Foreground" ? 1 : 0);
      await eventually(() => pods(set).length === 0 && w.set(set).workloads.length === 0);
    }
  });

  test("a Deployment's pods belong to its ReplicaSet and have no ordinals", async () => {
    const w = world();
    const set = w.name("deployment");
    const {
      podManagementPolicy: _,
      serviceName: __,
      ...spec
    } = w.statefulSet(set, 2)["spec"] as Record<string, unknown>;
    const deployment = { ...w.statefulSet(set, 2), kind: "Deployment", spec };
    const ref = await w.created(deployment);
    await eventually(() => areReady(set, 2));
    expect(pods(set).map((pod) => [pod.ownerKind, pod.ordinal, pod.role])).toEqual(
      [0, 1].map(() => ["ReplicaSet", null, "web"]),
    );
    await eventually(() => w.set(set).workloads[0]?.readyReplicas === 2);
    expect(w.set(set).workloads[0]).toMatchObject({ kind: "Deployment", uid: ref.uid, failureMessage: null });
    await w.cluster.scale(ref, 1);
    await eventually(() => areReady(set, 1));
    await w.cluster.delete(ref, "Foreground");
    await eventually(() => pods(set).length === 0 && w.set(set).workloads.length === 0);
  });

  test.each(["StatefulSet", "Deployment"])(
    "a %s that is told another template replaces its pods, and keeps the replicas that somebody else gave it",
    async (kind) => {
      const w = world();
      const set = w.name(`rolls-${kind.toLowerCase()}`);
      const { serviceName, podManagementPolicy, ...spec } = w.statefulSet(set, 1)["spec"] as Record<string, unknown>;
      const own = kind === "StatefulSet" ? { serviceName, podManagementPolicy } : {};
      const object = { ...w.statefulSet(set, 1), kind, spec: { ...spec, ...own } };
      const ref = await w.created(object);
      await w.cluster.scale(ref, 2);
      await eventually(() => areReady(set, 2));
      const before = pods(set).map((pod) => pod.uid);
      const { replicas: _, ...rest } = object.spec as Record<string, unknown>;
      const { template } = spec as { template: { metadata: KubeObject["metadata"]; spec: unknown } };
      const labels = { ...template.metadata.labels, [LABEL.revisionHash]: "bbbbbbbbbb" };
      const annotations = { [`${SANDBOX}/ready-delay`]: "200ms" };
      const told: KubeObject = {
        ...object,
        metadata: {
          ...object.metadata,
          labels: { ...object.metadata.labels, [LABEL.revisionHash]: "bbbbbbbbbb" },
          annotations: { [ANNOTATION.contentHash]: "second" },
        },
        spec: { ...rest, template: { ...template, metadata: { ...template.metadata, labels, annotations } } },
      };
      await w.cluster.update(ref, told);
      // The answer of the write is in the cache: what was told is seen, and that no controller has looked at it yet.
      const [answered] = w.set(set).workloads;
      expect(answered).toMatchObject({ uid: ref.uid, replicas: 2, contentHash: "second" });
      await eventually(() => {
        const [workload] = w.set(set).workloads;
        const isDone =
          workload?.observedGeneration === workload?.generation &&
          workload?.updatedReplicas === 2 &&
          pods(set).every((pod) => pod.revisionHash === "bbbbbbbbbb");
        return (isDone && areReady(set, 2) === true) || describePods(set);
      });
      expect(pods(set).filter((pod) => before.includes(pod.uid))).toEqual([]);
      expect(w.set(set).workloads[0]).toMatchObject({ uid: ref.uid, replicas: 2, revisionHash: "bbbbbbbbbb" });
      const { generation } = w.set(set).workloads[0] ?? {};
      await w.cluster.update(ref, told);
      expect(w.set(set).workloads[0]?.generation).toBe(generation);
      await w.cluster.delete(ref, "Foreground");
      await w.cluster.update(ref, told).catch(() => undefined);
      await eventually(() => pods(set).length === 0 && w.set(set).workloads.length === 0);
    },
  );

  test("a headless Service publishes each pod under its name, also before it is Ready", async () => {
    const w = world();
    const set = w.name("published");
    await w.cluster.create(w.service(set, [{ name: "http", port: 8000 }]));
    await w.created(w.statefulSet(set, 2, { annotations: { [`${SANDBOX}/ready`]: "false" } }));
    const service = `s-${set}-0-web`;
    const path = `/apis/discovery.k8s.io/v1/namespaces/${w.namespace}/endpointslices`;
    await eventually(async () => {
      const slices = await w.others.list(path, { labelSelector: `kubernetes.io/service-name=${service}` });
      const endpoints = slices.flatMap((slice) => (slice["endpoints"] ?? []) as readonly { hostname?: string }[]);
      const names = new Set(endpoints.map((endpoint) => endpoint.hostname));
      const isComplete = names.has(`${set}-0-web-0`) && names.has(`${set}-0-web-1`) && names.size === 2;
      return isComplete || [...names].join();
    });
    expect(pods(set).some((pod) => pod.isReady)).toBe(false);
  });
}
