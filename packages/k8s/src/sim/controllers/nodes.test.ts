import { describe, expect, test } from "vitest";
import { conditionOf, type Node, typed } from "./objects.ts";
import { createWorld, node, pod, type World, workload } from "./testing.ts";

function nodeOf(world: World, name: string): Node {
  const found = world.store.get("nodes", undefined, name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return typed<Node>(found);
}

function ready(world: World, name: string) {
  return conditionOf(nodeOf(world, name).status?.conditions, "Ready");
}

function taints(world: World, name: string): readonly string[] {
  return (nodeOf(world, name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
}

function setKubelet(world: World, name: string, state: "stopped" | "running"): void {
  world.store.patch("nodes", undefined, name, { metadata: { labels: { "sandbox.openpatio.io/kubelet": state } } });
}

/** A set of one pod on the only node. */
function worldWithPod(template = {}): World {
  const world = createWorld({ nodes: [node("n0")] });
  world.store.create("statefulsets.apps", workload("StatefulSet", "web", {}, template));
  world.advance(2000);
  return world;
}

test("a node posts its conditions, and has addresses for its pods", () => {
  const world = createWorld();
  world.advance(0);
  expect(ready(world, "n0")).toMatchObject({ status: "True", reason: "KubeletReady" });
  expect(nodeOf(world, "n0").spec?.podCIDR).toBe("10.128.0.0/24");
  expect(nodeOf(world, "n2").spec?.podCIDR).toBe("10.128.2.0/24");
});

test("a cordoned node carries the taint until it is uncordoned", () => {
  const world = createWorld();
  world.store.patch("nodes", undefined, "n0", { spec: { unschedulable: true } });
  world.advance(0);
  expect(taints(world, "n0")).toEqual(["node.kubernetes.io/unschedulable:NoSchedule"]);
  world.store.patch("nodes", undefined, "n0", { spec: { unschedulable: false } });
  world.advance(0);
  expect(taints(world, "n0")).toEqual([]);
});

test("not-ready: the node is NotReady at once and its pods with it; both heal", () => {
  const world = worldWithPod();
  const annotation = "sandbox.openpatio.io/not-ready";
  world.store.patch("nodes", undefined, "n0", { metadata: { annotations: { [annotation]: "GPU fell off the bus" } } });
  world.advance(0);
  expect(ready(world, "n0")).toMatchObject({
    status: "False",
    reason: "KubeletNotReady",
    message: "GPU fell off the bus",
  });
  expect(taints(world, "n0")).toEqual([
    "node.kubernetes.io/not-ready:NoSchedule",
    "node.kubernetes.io/not-ready:NoExecute",
  ]);
  expect(world.summary()).toEqual(["web-0 Running"]);
  expect(world.condition("web-0", "ContainersReady")?.status).toBe("True");
  world.store.patch("nodes", undefined, "n0", { metadata: { annotations: { [annotation]: null } } });
  world.advance(0);
  expect([taints(world, "n0"), world.summary()]).toEqual([[], ["web-0 Running ready"]]);
});

describe("a kubelet that is gone", () => {
  test("counts as lost after 16 s, then its pods lose Ready, and are evicted after 30 s more", () => {
    const world = worldWithPod();
    setKubelet(world, "n0", "stopped");
    world.advance(15_000);
    expect([ready(world, "n0")?.status, world.summary()]).toEqual(["True", ["web-0 Running ready"]]);
    world.advance(2000);
    expect(ready(world, "n0")).toMatchObject({ status: "Unknown", reason: "NodeStatusUnknown" });
    expect(taints(world, "n0")).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
    expect(world.summary()).toEqual(["web-0 Running"]);
    world.advance(31_000);
    expect(world.summary()).toEqual(["web-0 Running terminating"]);
    expect(world.condition("web-0", "DisruptionTarget")).toMatchObject({ reason: "DeletionByTaintManager" });
  });

  test("leaves pods Terminating until it is back", () => {
    const world = worldWithPod();
    const { uid } = world.pod("web-0").metadata;
    setKubelet(world, "n0", "stopped");
    world.advance(600_000);
    expect(world.summary()).toEqual(["web-0 Running terminating"]);
    setKubelet(world, "n0", "running");
    world.advance(2000);
    expect([taints(world, "n0"), world.summary()]).toEqual([[], ["web-0 Running ready"]]);
    expect(world.pod("web-0").metadata.uid).not.toBe(uid);
  });

  test("that is back in time gives its pods Ready again, the same containers", () => {
    const world = worldWithPod();
    const { containerID } = world.container("web-0");
    setKubelet(world, "n0", "stopped");
    world.advance(20_000);
    setKubelet(world, "n0", "running");
    world.advance(60_000);
    expect(world.summary()).toEqual(["web-0 Running ready"]);
    expect(world.container("web-0")).toMatchObject({ containerID, restartCount: 0 });
  });

  test("and whose node is deleted and registers anew in time gives its pods Ready again", () => {
    const world = worldWithPod();
    const { uid } = world.pod("web-0").metadata;
    const { apiVersion, kind, status } = nodeOf(world, "n0");
    setKubelet(world, "n0", "stopped");
    world.advance(20_000);
    expect(world.summary()).toEqual(["web-0 Running"]);
    world.store.delete("nodes", undefined, "n0");
    world.store.create("nodes", { apiVersion, kind, metadata: { name: "n0" }, status });
    world.advance(2000);
    expect([world.summary(), world.pod("web-0").metadata.uid]).toEqual([["web-0 Running ready"], uid]);
  });

  test("does not start what is bound to it, nor stop what is deleted", () => {
    const world = createWorld({ nodes: [node("n0", { labels: { "sandbox.openpatio.io/kubelet": "stopped" } })] });
    world.store.create("pods", pod("p", { nodeName: "n0" }));
    world.advance(5000);
    expect(world.summary()).toEqual(["p Pending"]);
  });

  test("a pod deleted by force is gone at once, and is replaced elsewhere", () => {
    const world = worldWithPod();
    world.store.create("nodes", node("n1"));
    setKubelet(world, "n0", "stopped");
    world.advance(60_000);
    world.store.delete("pods", "default", "web-0", { gracePeriodSeconds: 0 });
    world.advance(2000);
    expect(world.summary()).toEqual(["web-0 Running ready"]);
    expect(world.pod("web-0").spec.nodeName).toBe("n1");
  });

  test("pods of a node whose object is deleted are collected after a while", () => {
    const world = worldWithPod();
    world.store.create("nodes", node("n1"));
    world.store.delete("nodes", undefined, "n0");
    world.advance(39_000);
    expect(world.summary()).toEqual(["web-0 Running ready"]);
    world.advance(5000);
    expect(world.pod("web-0").spec.nodeName).toBe("n1");
  });

  test("a node taken out of service gives up its terminating pods", () => {
    const world = worldWithPod();
    world.store.create("nodes", node("n1"));
    setKubelet(world, "n0", "stopped");
    world.advance(60_000);
    expect(world.summary()).toEqual(["web-0 Running terminating"]);
    const present = nodeOf(world, "n0").spec?.taints ?? [];
    const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
    world.store.patch("nodes", undefined, "n0", { spec: { taints: [...present, taint] } });
    world.advance(2000);
    expect(world.pod("web-0").spec.nodeName).toBe("n1");
  });

  test("is lost also when the sandbox was restarted meanwhile", () => {
    const world = worldWithPod();
    setKubelet(world, "n0", "stopped");
    world.advance(10_000);
    world.stop();
    world.start();
    world.advance(17_000);
    expect(ready(world, "n0")?.status).toBe("Unknown");
    world.stop();
    world.start();
    world.advance(31_000);
    expect(world.summary()).toEqual(["web-0 Running terminating"]);
  });
});

test("tolerations decide who stays on a tainted node, and for how long", () => {
  const world = createWorld({ nodes: [node("n0")] });
  const toleration = { key: "drain", operator: "Exists", effect: "NoExecute" };
  world.store.create("pods", pod("forever", { tolerations: [toleration] }));
  world.store.create("pods", pod("awhile", { tolerations: [{ ...toleration, tolerationSeconds: 10 }] }));
  world.store.create("pods", pod("never"));
  world.advance(1000);
  world.store.patch("nodes", undefined, "n0", { spec: { taints: [{ key: "drain", effect: "NoExecute" }] } });
  world.advance(5000);
  expect(world.pods().map(({ metadata }) => metadata.name)).toEqual(["awhile", "forever"]);
  world.advance(15_000);
  expect(world.pods().map(({ metadata }) => metadata.name)).toEqual(["forever"]);
});
