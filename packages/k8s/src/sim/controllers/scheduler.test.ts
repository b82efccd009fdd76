import { expect, test } from "vitest";
import { createWorld, node, pod, type World, workload } from "./testing.ts";

const GPU = "nvidia.com/gpu";

function gpus(count: number, more = {}) {
  return {
    containers: [{ name: "engine", image: "engine:1", resources: { limits: { [GPU]: String(count) }, ...more } }],
  };
}

function affinity(...matchExpressions: readonly unknown[]) {
  const nodeSelectorTerms = [{ matchExpressions }];
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

function place(world: World, name: string, spec: Readonly<Record<string, unknown>>): string | undefined {
  world.store.create("pods", pod(name, spec));
  world.advance(0);
  return world.pod(name).spec.nodeName;
}

function why(world: World, name: string): string | undefined {
  return world.condition(name, "PodScheduled")?.message;
}

test("pods spread over the emptiest nodes, ties by name", () => {
  const world = createWorld();
  expect(["a", "b", "c", "d"].map((name) => place(world, name, gpus(4)))).toEqual(["n0", "n1", "n2", "n0"]);
});

test("a limit counts as a request, and a full cluster says what it lacks", () => {
  const world = createWorld();
  for (const name of ["a", "b", "c"]) place(world, name, gpus(8));
  expect(place(world, "d", gpus(1))).toBeUndefined();
  expect(world.condition("d", "PodScheduled")).toMatchObject({ status: "False", reason: "Unschedulable" });
  expect(why(world, "d")).toBe(
    "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
  );
  expect(world.events("d")).toEqual([`FailedScheduling: ${why(world, "d")}`]);
});

test("each node counts with its own reason", () => {
  const world = createWorld({
    nodes: [
      node("cordoned", { spec: { unschedulable: true } }),
      node("tainted", { spec: { taints: [{ key: "team", value: "a", effect: "NoSchedule" }] } }),
      node("elsewhere", { labels: { zone: "b" } }),
      node("full", { labels: { zone: "a" }, status: { allocatable: { cpu: "1", memory: "1Gi", pods: "110" } } }),
    ],
  });
  world.advance(0);
  place(world, "p", {
    nodeSelector: { zone: "a" },
    containers: [{ name: "engine", image: "engine:1", resources: { requests: { cpu: "2", memory: "2Gi" } } }],
  });
  expect(why(world, "p")).toBe(
    "0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
  );
});

test("no nodes at all", () => {
  const world = createWorld({ nodes: [] });
  place(world, "p", {});
  expect(why(world, "p")).toBe("no nodes available to schedule pods");
});

test.each([
  ["In", ["b"], "n1"],
  ["NotIn", ["a", "c"], "n1"],
  ["Exists", undefined, "n0"],
  ["DoesNotExist", undefined, "n3"],
  ["Gt", ["2"], "n2"],
  ["Lt", ["2"], "n0"],
] as const)("required node affinity with operator %s", (operator, values, expected) => {
  const world = createWorld({
    nodes: [
      node("n0", { labels: { rack: "a", number: "1" } }),
      node("n1", { labels: { rack: "b", number: "2" } }),
      node("n2", { labels: { rack: "c", number: "3" } }),
      node("n3"),
    ],
  });
  world.advance(0);
  const key = operator === "Gt" || operator === "Lt" ? "number" : "rack";
  const rule = { key, operator, ...(values === undefined ? {} : { values: [...values] }) };
  const others = operator === "NotIn" ? [{ key: "rack", operator: "Exists" }] : [];
  expect(place(world, "p", affinity(rule, ...others))).toBe(expected);
});

test("a preferred node wins over an emptier one", () => {
  const world = createWorld({ nodes: [node("n0"), node("n1"), node("n2", { labels: { fast: "yes" } })] });
  world.advance(0);
  const preference = { matchExpressions: [{ key: "fast", operator: "Exists" }] };
  const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 100, preference }];
  const spec = { ...gpus(2), affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } };
  expect([place(world, "a", spec), place(world, "b", spec)]).toEqual(["n2", "n2"]);
});

test("host ports are taken once per node", () => {
  const world = createWorld();
  const containers = [{ name: "engine", image: "engine:1", ports: [{ containerPort: 80, hostPort: 80 }] }];
  expect(["a", "b", "c", "d"].map((name) => place(world, name, { containers }))).toEqual(["n0", "n1", "n2", undefined]);
  expect(why(world, "d")).toContain("3 node(s) didn't have free ports for the requested pod ports");
});

test("no more pods than a node takes", () => {
  const small = { allocatable: { cpu: "96", memory: "1Ti", pods: "1" } };
  const world = createWorld({ nodes: [node("n0", { status: small })] });
  world.advance(0);
  place(world, "a", {});
  expect(place(world, "b", {})).toBeUndefined();
  expect(why(world, "b")).toContain("1 Too many pods");
});

test("required pod anti-affinity keeps pods apart, affinity brings them together", () => {
  const world = createWorld({
    nodes: [
      node("n0", { labels: { rack: "a" } }),
      node("n1", { labels: { rack: "a" } }),
      node("n2", { labels: { rack: "b" } }),
    ],
  });
  world.advance(0);
  const term = { topologyKey: "rack", labelSelector: { matchLabels: { app: "x" } } };
  const rule = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
  const create = (name: string, app: string, how: string): string | undefined => {
    world.store.create("pods", pod(name, { affinity: { [how]: rule } }, { labels: { app } }));
    world.advance(0);
    return world.pod(name).spec.nodeName;
  };
  expect(create("first", "x", "podAntiAffinity")).toBe("n0");
  expect(create("second", "x", "podAntiAffinity")).toBe("n2");
  expect(create("third", "x", "podAntiAffinity")).toBeUndefined();
  world.store.delete("pods", "default", "second");
  world.store.delete("pods", "default", "third");
  world.advance(1000);
  expect(create("near", "y", "podAffinity")).toBe("n1");
});

test("a scheduling gate holds a pod until it is removed", () => {
  const world = createWorld();
  expect(place(world, "p", { schedulingGates: [{ name: "example.com/hold" }] })).toBeUndefined();
  world.store.patch("pods", "default", "p", { spec: { schedulingGates: null } });
  world.advance(0);
  expect(world.pod("p").spec.nodeName).toBe("n0");
});

test("a pod waits for its claim", () => {
  const world = createWorld();
  const claim = { persistentVolumeClaim: { claimName: "data" } };
  place(world, "p", { volumes: [{ name: "data", ...claim }] });
  expect(why(world, "p")).toContain('persistentvolumeclaim "data" not found');
  world.store.create("persistentvolumeclaims", {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "standard", resources: { requests: { storage: "1Gi" } } },
  });
  world.advance(0);
  expect(world.pod("p").spec.nodeName).toBe("n0");
});

test.each([
  ["a pod ends", (world: World) => world.store.delete("pods", "default", "a")],
  ["a node is added", (world: World) => world.store.create("nodes", node("n1"))],
  [
    "a node is uncordoned",
    (world: World) => world.store.patch("nodes", undefined, "n9", { spec: { unschedulable: null } }),
  ],
  [
    "a node grows",
    (world: World) => {
      const found = world.store.get("nodes", undefined, "n0");
      if (found === undefined) throw new Error("no node");
      const status = {
        ...(found["status"] as object),
        allocatable: { cpu: "96", memory: "1Ti", pods: "110", [GPU]: "16" },
      };
      world.store.update("nodes", { ...found, status }, { subresource: "status" });
    },
  ],
])("a pod that did not fit is placed when %s", (_when, change) => {
  const world = createWorld({ nodes: [node("n0"), node("n9", { spec: { unschedulable: true } })] });
  world.advance(0);
  place(world, "a", gpus(8));
  expect(place(world, "b", gpus(8))).toBeUndefined();
  change(world);
  world.advance(1000);
  expect(world.pod("b").spec.nodeName).toBeDefined();
});

test("the pod with the higher priority goes first", () => {
  const world = createWorld({ nodes: [node("n0")] });
  world.store.create("priorityclasses.scheduling.k8s.io", {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "high" },
    value: 1000,
  });
  world.store.create("pods", pod("a-low", gpus(8)));
  world.store.create("pods", pod("b-high", { ...gpus(8), priorityClassName: "high" }));
  world.advance(0);
  expect(world.pods().map((item) => item.spec.nodeName)).toEqual([undefined, "n0"]);
});

test("a settled cluster is silent, also with pods that do not fit", () => {
  const world = createWorld();
  world.store.create(
    "statefulsets.apps",
    workload("StatefulSet", "web", { replicas: 20, podManagementPolicy: "Parallel" }, gpus(2)),
  );
  world.advance(10_000);
  expect(world.summary().filter((line) => line.endsWith("ready"))).toHaveLength(12);
  const before = world.store.version();
  world.advance(600_000);
  expect(world.store.version()).toBe(before);
});
