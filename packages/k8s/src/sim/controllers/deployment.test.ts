import { expect, test } from "vitest";
import { type Condition, conditionOf, type Deployment, isPodReady, type ReplicaSet, typed } from "./objects.ts";
import { createWorld, type World, workload } from "./testing.ts";

const DEPLOYMENTS = "deployments.apps";

function create(world: World, spec: Readonly<Record<string, unknown>>): void {
  world.store.create(DEPLOYMENTS, workload("Deployment", "web", spec));
}

function setImage(world: World, image: string): void {
  const template = { spec: { containers: [{ name: "engine", image }] } };
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { template } });
}

function condition(world: World, type: string): Condition | undefined {
  return conditionOf(world.status(DEPLOYMENTS, "web")["conditions"] as readonly Condition[], type);
}

function sets(world: World): readonly ReplicaSet[] {
  return world.store.list("replicasets.apps").map((object) => typed<ReplicaSet>(object));
}

test("pods of one template, with the hash in name and labels", () => {
  const world = createWorld();
  create(world, { replicas: 3 });
  world.advance(2000);
  const [set] = sets(world);
  const hash = set?.metadata.labels?.["pod-template-hash"];
  expect(set?.metadata.name).toBe(`web-${hash}`);
  expect(set?.metadata.annotations).toEqual({
    "deployment.kubernetes.io/revision": "1",
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
  });
  for (const pod of world.pods()) {
    expect(pod.metadata.name).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`, "u"));
    expect(pod.metadata.labels?.["pod-template-hash"]).toBe(hash);
  }
  expect(world.status(DEPLOYMENTS, "web")).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  });
  expect(condition(world, "Available")).toMatchObject({ status: "True", reason: "MinimumReplicasAvailable" });
  expect(condition(world, "Progressing")).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" });
});

test("a rolling update stays within maxSurge and maxUnavailable and ends at the new template", () => {
  const world = createWorld({ timing: "demo" });
  create(world, { replicas: 4, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } });
  world.advance(10_000);
  setImage(world, "engine:2");
  for (let step = 0; step < 300; step += 1) {
    world.advance(100);
    const living = world.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(living.length).toBeLessThanOrEqual(5);
    expect(living.filter(isPodReady).length).toBeGreaterThanOrEqual(3);
  }
  expect(world.pods().map(({ spec }) => spec.containers[0]?.image)).toEqual(Array(4).fill("engine:2"));
  expect(new Set(sets(world).map(({ spec }) => spec.replicas))).toEqual(new Set([0, 4]));
  expect(world.store.get(DEPLOYMENTS, "default", "web")?.metadata.annotations).toEqual({
    "deployment.kubernetes.io/revision": "2",
  });
});

test("Recreate never runs old and new pods together", () => {
  const world = createWorld({ timing: "demo" });
  create(world, { replicas: 2, strategy: { type: "Recreate" } });
  world.advance(10_000);
  setImage(world, "engine:2");
  for (let step = 0; step < 200; step += 1) {
    world.advance(50);
    expect(new Set(world.pods().map(({ spec }) => spec.containers[0]?.image)).size).toBeLessThanOrEqual(1);
  }
  expect(world.pods().map(({ spec }) => spec.containers[0]?.image)).toEqual(["engine:2", "engine:2"]);
});

test("scaling keeps the running pods", () => {
  const world = createWorld();
  create(world, { replicas: 2 });
  world.advance(2000);
  const before = world.pods().map(({ metadata }) => metadata.uid);
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { replicas: 5 } });
  world.advance(2000);
  const after = world.pods().map(({ metadata }) => metadata.uid);
  expect(after).toHaveLength(5);
  expect(after).toEqual(expect.arrayContaining(before));
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { replicas: 0 } });
  world.advance(2000);
  expect(world.pods()).toEqual([]);
});

test("going back to an earlier template reuses its replica set", () => {
  const world = createWorld();
  create(world, { replicas: 1 });
  world.advance(2000);
  const [first] = sets(world);
  setImage(world, "engine:2");
  world.advance(3000);
  setImage(world, "engine:1");
  world.advance(3000);
  expect(sets(world)).toHaveLength(2);
  const again = sets(world).find(({ metadata }) => metadata.uid === first?.metadata.uid);
  expect(again?.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
});

test("a rollout that does not get ready in time says so", () => {
  const world = createWorld();
  create(world, { replicas: 1, progressDeadlineSeconds: 60 });
  world.advance(2000);
  const template = { metadata: { annotations: { "sandbox.openpatio.io/ready": "false" } } };
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { template } });
  world.advance(70_000);
  expect(condition(world, "Progressing")).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" });
  expect(
    typed<Deployment>(world.store.list(DEPLOYMENTS)[0] ?? workload("Deployment", "x")).status?.availableReplicas,
  ).toBe(1);
});

test("a paused deployment does not roll, and rolls when resumed", () => {
  const world = createWorld();
  create(world, { replicas: 1 });
  world.advance(2000);
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { paused: true } });
  setImage(world, "engine:2");
  world.advance(5000);
  expect(sets(world)).toHaveLength(1);
  world.store.patch(DEPLOYMENTS, "default", "web", { spec: { paused: false } });
  world.advance(5000);
  expect(world.pods().map(({ spec }) => spec.containers[0]?.image)).toEqual(["engine:2"]);
});

test("a deleted deployment leaves nothing", () => {
  const world = createWorld();
  create(world, { replicas: 2 });
  world.advance(2000);
  world.store.delete(DEPLOYMENTS, "default", "web", { propagation: "Background" });
  world.advance(2000);
  expect([sets(world), world.pods()]).toEqual([[], []]);
});

test("a deployment takes over the replica sets and pods that an earlier one left", () => {
  const world = createWorld();
  create(world, { replicas: 2 });
  world.advance(2000);
  const before = world.pods().map(({ metadata }) => metadata.uid);
  world.store.delete(DEPLOYMENTS, "default", "web", { propagation: "Orphan" });
  world.advance(2000);
  create(world, { replicas: 2 });
  world.advance(2000);
  expect(sets(world)).toHaveLength(1);
  expect(world.pods().map(({ metadata }) => metadata.uid)).toEqual(before);
});
