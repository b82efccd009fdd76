import { type KubeObject, LABEL, type ObservedPod } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { eventually, type World } from "./world.ts";

const SANDBOX = "sandbox.openpatio.io";
const STUCK = { [`${SANDBOX}/waiting`]: "ImagePullBackOff" };
const SLOW = { [`${SANDBOX}/ready-delay`]: "300ms" };

/** The rolling updates of workloads, and the claims of a StatefulSet. */
export function describeRolling(world: () => World): void {
  const pods = (set: string): readonly ObservedPod[] => world().set(set).pods;
  const areReady = (set: string, count: number): boolean =>
    pods(set).length === count && pods(set).every((pod) => pod.isReady);

  /** The object with another template: its label of the revision and annotations of its pods. */
  function told(object: KubeObject, revision: string, annotations: Readonly<Record<string, string>>): KubeObject {
    const { replicas: _, ...spec } = object["spec"] as Record<string, unknown>;
    const { template } = spec as { template: { metadata: KubeObject["metadata"] } };
    const labels = { ...template.metadata.labels, [LABEL.revisionHash]: revision };
    return { ...object, spec: { ...spec, template: { ...template, metadata: { labels, annotations } } } };
  }
  /** Looks until `isDone`; every look in between must be sound. */
  async function watching(set: string, isDone: () => boolean, judge: () => void): Promise<void> {
    await eventually(() => {
      judge();
      return (
        isDone() ||
        pods(set)
          .map((pod) => `${pod.name} ${pod.revisionHash} ${pod.isReady}`)
          .join()
      );
    });
  }

  test("a StatefulSet takes its pods to another template one by one, the highest first, each Ready before the next", async () => {
    const w = world();
    const set = w.name("one-by-one");
    const object = w.statefulSet(set, 3, { annotations: SLOW });
    const ref = await w.created(object);
    await eventually(() => areReady(set, 3));
    await w.cluster.update(ref, told(object, "second", SLOW));
    const isNew = (pod: ObservedPod) => pod.revisionHash === "second";
    await watching(
      set,
      () => pods(set).every(isNew) && areReady(set, 3),
      () => {
        const old = pods(set).flatMap((pod) => (isNew(pod) ? [] : [pod.ordinal ?? 0]));
        const renewed = pods(set).flatMap((pod) => (isNew(pod) ? [pod.ordinal ?? 0] : []));
        expect(Math.min(...renewed)).toBeGreaterThan(Math.max(-1, ...old));
        expect(pods(set).filter((pod) => pod.isReady && pod.deletionAtMs === null).length).toBeGreaterThanOrEqual(2);
      },
    );
  });

  test("a StatefulSet stops at the first pod that does not get Ready, and returns when it is told the old template", async () => {
    const w = world();
    const set = w.name("stops");
    const object = w.statefulSet(set, 3);
    const ref = await w.created(object);
    await eventually(() => areReady(set, 3));
    const before = pods(set).map((pod) => pod.uid);
    await w.cluster.update(ref, told(object, "broken", STUCK));
    await eventually(() => pods(set)[2]?.containers[0]?.reason === "ImagePullBackOff");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(pods(set).map((pod) => pod.revisionHash)).toEqual(["abc123", "abc123", "broken"]);
    expect(pods(set).map((pod) => pod.isReady)).toEqual([true, true, false]);
    await w.cluster.update(ref, told(object, "abc123", {}));
    await eventually(() => areReady(set, 3) && pods(set).every((pod) => pod.revisionHash === "abc123"));
    expect(pods(set).map((pod) => before.indexOf(pod.uid))).toEqual([0, 1, -1]);
  });

  test("a Deployment starts a new pod before an old one goes, stops at one that does not get Ready, and returns", async () => {
    const w = world();
    const set = w.name("deployed");
    const {
      podManagementPolicy: _,
      serviceName: __,
      ...spec
    } = w.statefulSet(set, 2)["spec"] as Record<string, unknown>;
    const object = { ...w.statefulSet(set, 2), kind: "Deployment", spec };
    const ref = await w.created(object);
    await eventually(() => areReady(set, 2));
    const before = pods(set).map((pod) => pod.uid);
    const keepsTwo = () => expect(pods(set).filter((pod) => pod.isReady).length).toBeGreaterThanOrEqual(2);
    await w.cluster.update(ref, told(object, "broken", STUCK));
    const stuck = () => pods(set).find((pod) => pod.containers[0]?.reason === "ImagePullBackOff");
    await watching(set, () => stuck() !== undefined, keepsTwo);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(pods(set).filter((pod) => !pod.isReady)).toHaveLength(1);
    await w.cluster.update(ref, told(object, "abc123", {}));
    await watching(set, () => areReady(set, 2), keepsTwo);
    expect(
      pods(set)
        .map((pod) => pod.uid)
        .sort(),
    ).toEqual([...before].sort());
    await w.cluster.update(ref, told(object, "second", {}));
    await watching(set, () => areReady(set, 2) && pods(set).every((pod) => pod.revisionHash === "second"), keepsTwo);
  });

  test("claims are made with their pods, outlive them and their StatefulSet, and go along only where it is told so", async () => {
    const w = world();
    const claims = async (set: string): Promise<readonly (readonly [string, string])[]> => {
      const all = await w.others.list(`/api/v1/namespaces/${w.namespace}/persistentvolumeclaims`);
      return all
        .filter(({ metadata }) => metadata.name.startsWith(`data-${set}-`))
        .map(({ metadata }) => [metadata.name, metadata.uid ?? ""] as const)
        .sort(([a], [b]) => a.localeCompare(b));
    };
    const stateful = (set: string, retention: object): KubeObject => {
      const object = w.statefulSet(set, 2, { container: { volumeMounts: [{ name: "data", mountPath: "/data" }] } });
      const wanted = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      const volumeClaimTemplates = [{ metadata: { name: "data" }, spec: { ...wanted, storageClassName: "standard" } }];
      return { ...object, spec: { ...(object["spec"] as object), volumeClaimTemplates, ...retention } };
    };
    const kept = w.name("kept");
    const ref = await w.created(stateful(kept, {}));
    await eventually(() => areReady(kept, 2));
    const made = await claims(kept);
    expect(made.map(([name]) => name)).toEqual([0, 1].map((ordinal) => `data-${kept}-0-web-${ordinal}`));
    await w.cluster.scale(ref, 0);
    await eventually(() => pods(kept).length === 0);
    await w.cluster.scale(ref, 1);
    await eventually(() => areReady(kept, 1));
    await w.cluster.delete(ref, "Foreground");
    await eventually(() => pods(kept).length === 0);
    expect(await claims(kept)).toEqual(made);

    const gone = w.name("gone");
    const persistentVolumeClaimRetentionPolicy = { whenScaled: "Delete", whenDeleted: "Delete" };
    const other = await w.created(stateful(gone, { persistentVolumeClaimRetentionPolicy }));
    await eventually(() => areReady(gone, 2));
    await w.cluster.scale(other, 1);
    await eventually(async () => (await claims(gone)).length === 1);
    await w.cluster.delete(other, "Foreground");
    await eventually(async () => (await claims(gone)).length === 0);
  });

  test("what is released is nobody's: it outlives its owner, and its pods go on", async () => {
    const w = world();
    const set = w.name("released");
    const owner = await w.created(w.group(set));
    const object = w.statefulSet(set, 1, { owner });
    const noted = { ...object, metadata: { ...object.metadata, annotations: { "openpatio.io/content-hash": "x" } } };
    const ref = await w.created(noted);
    await eventually(() => areReady(set, 1));
    const [pod] = pods(set);
    await w.others.patch(w.others.path("apps/v1", "StatefulSet", w.namespace, ref.name), {
      metadata: { labels: { "example.com/theirs": "y" } },
    });
    await w.cluster.release(ref);
    await w.cluster.release(ref);
    const after = await w.get(object);
    expect(after.metadata.labels).toEqual({ "example.com/theirs": "y" });
    expect([after.metadata.annotations, after.metadata.ownerReferences]).toEqual([undefined, undefined]);
    await w.cluster.delete(owner, "Foreground");
    await eventually(async () => (await w.find(w.group(set))) === null);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await w.get(object)).metadata.uid).toBe(ref.uid);
    const path = w.others.path("v1", "Pod", w.namespace, pod?.name);
    expect((await w.others.get(path))["metadata"]).toMatchObject({ uid: pod?.uid });
    await expect(w.cluster.release({ ...ref, uid: owner.uid })).rejects.toMatchObject({ code: "cluster.conflict" });
    await w.cluster.release({ ...ref, name: `${ref.name}-gone` });
  });

  test("a RoleBasedGroup that is held outlives its deletion with all that it owns, until it is released", async () => {
    const w = world();
    const set = w.name("held");
    const group = w.group(set);
    const finalizers = ["openpatio.io/ordered-teardown", "example.com/theirs"];
    const owner = await w.created({ ...group, metadata: { ...group.metadata, finalizers } });
    const object = w.statefulSet(set, 1, { owner });
    await w.created(object);
    await w.cluster.delete(owner, "Background");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await w.get(object)).metadata.deletionTimestamp).toBeUndefined();
    await w.cluster.release(owner);
    await w.cluster.release(owner);
    const { labels, finalizers: left } = (await w.get(group)).metadata;
    expect([labels, left]).toEqual([group.metadata.labels, ["example.com/theirs"]]);
    const path = w.others.path(group.apiVersion, group.kind, w.namespace, group.metadata.name);
    await w.others.patch(path, { metadata: { finalizers: null } });
    await eventually(async () => (await w.find(group)) === null && (await w.find(object)) === null);
    await w.cluster.release(owner);
  });

  test("with Orphan a workload goes at once and its pods stay, without it as their owner", async () => {
    const w = world();
    const set = w.name("orphaned");
    const ref = await w.created(w.statefulSet(set, 1));
    await eventually(() => areReady(set, 1));
    const [pod] = pods(set);
    await w.cluster.delete(ref, "Orphan");
    await eventually(() => w.set(set).workloads.length === 0);
    await eventually(() => pods(set)[0]?.ownerUid === null);
    expect(pods(set)[0]).toMatchObject({ uid: pod?.uid, isReady: true, deletionAtMs: null });
  });
}
