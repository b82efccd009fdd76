import type { KubeObject } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { createWorld, node, pod, type World, workload } from "./testing.ts";

const CLAIMS = "persistentvolumeclaims";
const VOLUMES = "persistentvolumes";
const ZONE = "topology.kubernetes.io/zone";

function claim(name: string, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  };
}

function volume(name: string, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "2Gi" }, hostPath: { path: "/data" }, ...spec },
  };
}

const phaseOf = (world: World, resource: string, name: string) => {
  const namespace = resource === CLAIMS ? "default" : undefined;
  return (world.store.get(resource, namespace, name)?.["status"] as { phase?: string } | undefined)?.phase;
};
const boundTo = (world: World, name: string) =>
  (world.store.get(CLAIMS, "default", name)?.["spec"] as { volumeName?: string } | undefined)?.volumeName;
const using = (name: string) => ({ volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }] });
const only = (zone: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: "In", values: [zone] }] }] },
});
const zones = () => [node("a", { labels: { [ZONE]: "east" } }), node("b", { labels: { [ZONE]: "west" } })];

test("a claim of the default class gets a volume of its own, which goes with it", () => {
  const world = createWorld();
  world.store.create(CLAIMS, claim("data"));
  world.advance(0);
  const name = boundTo(world, "data") ?? "";
  expect([phaseOf(world, CLAIMS, "data"), phaseOf(world, VOLUMES, name)]).toEqual(["Bound", "Bound"]);
  world.store.delete(CLAIMS, "default", "data");
  world.advance(1_000);
  expect([world.store.get(CLAIMS, "default", "data"), world.store.get(VOLUMES, undefined, name)]).toEqual([
    undefined,
    undefined,
  ]);
});

test("a claim without a class takes the smallest volume that will do, and that one is kept when the claim goes", () => {
  const world = createWorld();
  world.store.create(CLAIMS, claim("data", { storageClassName: "" }));
  world.store.create(VOLUMES, volume("large", { capacity: { storage: "9Gi" } }));
  world.advance(0);
  expect(boundTo(world, "data")).toBe("large");
  world.store.create(VOLUMES, volume("tiny", { capacity: { storage: "100Mi" } }));
  world.store.create(VOLUMES, volume("right"));
  world.store.create(CLAIMS, claim("more", { storageClassName: "" }));
  world.advance(0);
  expect(boundTo(world, "more")).toBe("right");
  world.store.delete(CLAIMS, "default", "data");
  world.advance(1_000);
  expect(["large", "right", "tiny"].map((name) => phaseOf(world, VOLUMES, name))).toEqual([
    "Released",
    "Bound",
    "Available",
  ]);
});

test("a volume that a claim names is bound to it, unless it is another claim's", () => {
  const world = createWorld();
  const claimRef = { namespace: "default", name: "mine" };
  world.store.create(VOLUMES, volume("kept", { claimRef }));
  world.store.create(CLAIMS, claim("stranger", { storageClassName: "", volumeName: "kept" }));
  world.advance(0);
  expect(phaseOf(world, CLAIMS, "stranger")).toBe("Pending");
  world.store.create(CLAIMS, claim("mine", { storageClassName: "", volumeName: "kept" }));
  world.advance(0);
  expect(phaseOf(world, CLAIMS, "mine")).toBe("Bound");
});

test("a pod goes where its volume can be reached, and says so when it can't", () => {
  const world = createWorld({ nodes: zones() });
  world.store.create(VOLUMES, volume("west", { nodeAffinity: only("west") }));
  world.store.create(CLAIMS, claim("data", { storageClassName: "", volumeName: "west" }));
  world.store.create("pods", pod("p", using("data")));
  world.advance(1_000);
  expect(world.pod("p").spec.nodeName).toBe("b");
  world.store.patch("nodes", undefined, "b", { spec: { unschedulable: true } });
  world.store.create("pods", pod("q", using("data")));
  world.advance(1_000);
  expect(world.condition("q", "PodScheduled")?.message).toContain(
    "1 node(s) didn't match PersistentVolume's node affinity",
  );
});

test("a zonal volume is made where its first pod goes, and keeps later pods there", () => {
  const world = createWorld({ nodes: zones() });
  world.store.create(CLAIMS, claim("data", { storageClassName: "zonal" }));
  world.advance(1_000);
  expect(phaseOf(world, CLAIMS, "data")).toBe("Pending");
  world.store.create("pods", pod("p", { ...using("data"), nodeSelector: { [ZONE]: "west" } }));
  world.advance(1_000);
  expect([world.pod("p").spec.nodeName, phaseOf(world, CLAIMS, "data")]).toEqual(["b", "Bound"]);
  world.store.delete("pods", "default", "p");
  world.store.create("pods", pod("q", using("data")));
  world.advance(1_000);
  expect(world.pod("q").spec.nodeName).toBe("b");
});

test("a claim that is used stays until its last pod is gone", () => {
  const world = createWorld();
  world.store.create(CLAIMS, claim("data"));
  world.store.create("pods", pod("p", using("data")));
  world.advance(1_000);
  world.store.delete(CLAIMS, "default", "data");
  world.advance(1_000);
  expect(world.store.get(CLAIMS, "default", "data")?.metadata.deletionTimestamp).toBeDefined();
  world.store.delete("pods", "default", "p");
  world.advance(1_000);
  expect(world.store.get(CLAIMS, "default", "data")).toBeUndefined();
});

test("the pods of a set find their volumes again after their workload was made anew", () => {
  const world = createWorld();
  const set = workload("StatefulSet", "web", {
    replicas: 2,
    volumeClaimTemplates: [{ metadata: { name: "data", labels: { tier: "cache" } }, spec: claim("x")["spec"] }],
  });
  world.store.create("statefulsets.apps", set);
  world.advance(2_000);
  const before = [boundTo(world, "data-web-0"), boundTo(world, "data-web-1")];
  world.store.delete("statefulsets.apps", "default", "web", { propagation: "Foreground" });
  world.advance(2_000);
  expect(world.summary()).toEqual([]);
  world.store.create("statefulsets.apps", set);
  world.advance(2_000);
  expect([boundTo(world, "data-web-0"), boundTo(world, "data-web-1")]).toEqual(before);
  expect(world.store.get(CLAIMS, "default", "data-web-0")?.metadata.labels).toEqual({ app: "web", tier: "cache" });
  expect(world.summary()).toEqual(["web-0 Running ready", "web-1 Running ready"]);
});
