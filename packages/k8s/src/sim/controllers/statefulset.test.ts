import { expect, test } from "vitest";
import { REVISION_LABEL } from "./statefulset-revisions.ts";
import { createWorld, workload } from "./testing.ts";

const SETS = "statefulsets.apps";

function image(name: string) {
  return { spec: { template: { spec: { containers: [{ name: "engine", image: name }] } } } };
}

test("an ordered set starts one pod after the other has become ready", () => {
  const world = createWorld({ timing: "demo" });
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 3 }));
  const seen = new Set<string>();
  for (let step = 0; step < 400; step += 1) {
    world.advance(100);
    seen.add(world.summary().join(", "));
  }
  expect([...seen]).toEqual([
    "web-0 Pending",
    "web-0 Running",
    "web-0 Running ready, web-1 Pending",
    "web-0 Running ready, web-1 Running",
    "web-0 Running ready, web-1 Running ready, web-2 Pending",
    "web-0 Running ready, web-1 Running ready, web-2 Running",
    "web-0 Running ready, web-1 Running ready, web-2 Running ready",
  ]);
});

test("a parallel set creates all pods at once, with the identity that Kubernetes gives them", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, podManagementPolicy: "Parallel" }));
  world.advance(0);
  expect(world.summary()).toEqual(["web-0 Pending", "web-1 Pending"]);
  world.advance(1000);
  const { metadata, spec } = world.pod("web-1");
  const revision = String(world.status(SETS, "web")["updateRevision"]);
  expect(metadata.labels).toEqual({
    app: "web",
    "apps.kubernetes.io/pod-index": "1",
    "statefulset.kubernetes.io/pod-name": "web-1",
    [REVISION_LABEL]: revision,
  });
  expect([spec.hostname, spec.subdomain]).toEqual(["web-1", "web"]);
  expect(world.status(SETS, "web")).toEqual({
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    currentReplicas: 2,
    updatedReplicas: 2,
    currentRevision: revision,
    updateRevision: revision,
    collisionCount: 0,
  });
});

test("ordinals can start elsewhere than at 0", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, ordinals: { start: 5 } }));
  world.advance(3000);
  expect(world.summary()).toEqual(["web-5 Running ready", "web-6 Running ready"]);
});

test("scaling in takes the highest pods first and leaves the others alone", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 3 }));
  world.advance(3000);
  const uid = world.pod("web-0").metadata.uid;
  world.store.patch(SETS, "default", "web", { spec: { replicas: 1 } });
  world.advance(0);
  expect(world.summary()).toEqual(["web-0 Running ready", "web-1 Running ready", "web-2 Running ready terminating"]);
  world.advance(3000);
  expect(world.summary()).toEqual(["web-0 Running ready"]);
  expect(world.pod("web-0").metadata.uid).toBe(uid);
});

test("a deleted pod comes back under its name, but not before the old one is gone", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, podManagementPolicy: "Parallel" }));
  world.advance(1000);
  const uid = world.pod("web-0").metadata.uid;
  world.annotate("web-0", { "stop-delay": "5s" });
  world.store.delete("pods", "default", "web-0");
  world.advance(4000);
  expect(world.pod("web-0").metadata.uid).toBe(uid);
  world.advance(3000);
  expect(world.pod("web-0").metadata.uid).not.toBe(uid);
  expect(world.summary()).toEqual(["web-0 Running ready", "web-1 Running ready"]);
});

test("a failed pod is replaced", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web"));
  world.advance(1000);
  const uid = world.pod("web-0").metadata.uid;
  world.annotate("web-0", { fail: "Evicted" });
  world.advance(1000);
  expect(world.pod("web-0").metadata.uid).not.toBe(uid);
});

test("an ordered rolling update replaces from the highest ordinal, one ready pod at a time", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 3 }));
  world.advance(3000);
  const old = String(world.status(SETS, "web")["currentRevision"]);
  world.store.patch(SETS, "default", "web", image("engine:2"));
  const seen = new Set<string>();
  for (let step = 0; step < 60; step += 1) {
    world.advance(50);
    const revisions = world.pods().map((pod) => (pod.metadata.labels?.[REVISION_LABEL] === old ? "old" : "new"));
    seen.add(revisions.join(" "));
    expect(world.summary().filter((line) => !line.endsWith("ready")).length).toBeLessThanOrEqual(1);
  }
  expect([...seen].filter((line) => line.split(" ").length === 3)).toEqual([
    "old old old",
    "old old new",
    "old new new",
    "new new new",
  ]);
  const status = world.status(SETS, "web");
  expect(status["currentRevision"]).toBe(status["updateRevision"]);
  expect(status["currentRevision"]).not.toBe(old);
});

test("a partition holds the lower ordinals at the old revision, also when they are recreated", () => {
  const world = createWorld();
  const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, updateStrategy }));
  world.advance(3000);
  world.store.patch(SETS, "default", "web", image("engine:2"));
  world.advance(3000);
  world.store.delete("pods", "default", "web-0");
  world.advance(3000);
  const images = world.pods().map((pod) => pod.spec.containers[0]?.image);
  expect(images).toEqual(["engine:1", "engine:2"]);
  expect(world.status(SETS, "web")).toMatchObject({ replicas: 2, currentReplicas: 1, updatedReplicas: 1 });
});

test("OnDelete leaves pods until somebody deletes them", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, updateStrategy: { type: "OnDelete" } }));
  world.advance(3000);
  world.store.patch(SETS, "default", "web", image("engine:2"));
  world.advance(3000);
  world.store.delete("pods", "default", "web-0");
  world.advance(3000);
  expect(world.pods().map((pod) => pod.spec.containers[0]?.image)).toEqual(["engine:2", "engine:1"]);
});

test("going back to an earlier template reuses its revision under a new number", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web"));
  world.advance(1000);
  const first = world.status(SETS, "web")["updateRevision"];
  for (const name of ["engine:2", "engine:1"]) {
    world.store.patch(SETS, "default", "web", image(name));
    world.advance(2000);
  }
  expect(world.status(SETS, "web")["updateRevision"]).toBe(first);
  const numbers = world.store.list("controllerrevisions.apps").map((revision) => revision["revision"]);
  expect(new Set(numbers)).toEqual(new Set([2, 3]));
});

test("only as many old revisions are kept as the set wants", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { revisionHistoryLimit: 1 }));
  for (let version = 2; version < 6; version += 1) {
    world.advance(2000);
    world.store.patch(SETS, "default", "web", image(`engine:${version}`));
  }
  world.advance(2000);
  expect(world.store.list("controllerrevisions.apps")).toHaveLength(2);
});

test("minReadySeconds delays availability, not readiness", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", { minReadySeconds: 10 }));
  world.advance(5000);
  expect(world.status(SETS, "web")).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
  world.advance(8000);
  expect(world.status(SETS, "web")).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
});

test("claims are made from templates, bound, and kept when the set scales in", () => {
  const world = createWorld();
  const volumeClaimTemplates = [
    {
      metadata: { name: "cache" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "standard",
        resources: { requests: { storage: "1Gi" } },
      },
    },
  ];
  world.store.create(SETS, workload("StatefulSet", "web", { replicas: 2, volumeClaimTemplates }));
  world.advance(3000);
  const claims = () => world.store.list("persistentvolumeclaims").map((claim) => claim.metadata.name);
  expect(claims()).toEqual(["cache-web-0", "cache-web-1"]);
  expect(world.status("persistentvolumeclaims", "cache-web-1")).toMatchObject({ phase: "Bound" });
  expect(world.pod("web-1").spec.volumes?.[0]).toEqual({
    name: "cache",
    persistentVolumeClaim: { claimName: "cache-web-1" },
  });
  world.store.patch(SETS, "default", "web", { spec: { replicas: 1 } });
  world.advance(3000);
  expect(claims()).toEqual(["cache-web-0", "cache-web-1"]);
});

test("a retention policy deletes the claim with the pod that is scaled away, and the rest with the set", () => {
  const world = createWorld();
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  world.store.create(
    SETS,
    workload("StatefulSet", "web", {
      replicas: 2,
      persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete", whenDeleted: "Delete" },
      volumeClaimTemplates: [{ metadata: { name: "cache" }, spec }],
    }),
  );
  world.advance(3000);
  world.store.patch(SETS, "default", "web", { spec: { replicas: 1 } });
  world.advance(3000);
  const claims = () => world.store.list("persistentvolumeclaims").map((claim) => claim.metadata.name);
  expect(claims()).toEqual(["cache-web-0"]);
  world.store.delete(SETS, "default", "web");
  world.advance(3000);
  expect([claims(), world.summary()]).toEqual([[], []]);
});

test("a set adopts pods that were orphaned, and leaves strangers alone", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web"));
  world.advance(1000);
  const uid = world.pod("web-0").metadata.uid;
  world.store.delete(SETS, "default", "web", { propagation: "Orphan" });
  world.advance(1000);
  expect(world.summary()).toEqual(["web-0 Running ready"]);
  world.store.create(SETS, workload("StatefulSet", "web"));
  world.advance(1000);
  expect(world.pod("web-0").metadata.uid).toBe(uid);
  expect(world.pod("web-0").metadata.ownerReferences?.[0]?.uid).toBe(
    world.store.get(SETS, "default", "web")?.metadata.uid,
  );
});

test("a pod that the API refuses is told as an event and tried again", () => {
  const world = createWorld();
  world.store.create(SETS, workload("StatefulSet", "web", {}, { serviceAccountName: "robot" }));
  world.advance(1000);
  expect(world.summary()).toEqual([]);
  expect(world.events("web")[0]).toContain("FailedCreate: Create Pod web-0 in StatefulSet web failed error: ");
  world.store.create("serviceaccounts", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "robot", namespace: "default" },
  });
  world.advance(31_000);
  expect(world.summary()).toEqual(["web-0 Running ready"]);
});
