import { expect, test } from "vitest";
import { createWorld, node, type World, workload } from "./testing.ts";

type Endpoint = {
  readonly addresses: readonly string[];
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
};

function slices(world: World) {
  return world.store.list("endpointslices.discovery.k8s.io", { namespace: "default" });
}

function endpoints(world: World): readonly Endpoint[] {
  return slices(world).flatMap((slice) => (slice["endpoints"] ?? []) as readonly Endpoint[]);
}

function createService(world: World, spec: Readonly<Record<string, unknown>>): void {
  const ports = [{ name: "http", port: 80, targetPort: "http" }];
  world.store.create("services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { selector: { app: "web" }, ports, ...spec },
  });
}

function createSet(world: World, replicas: number): void {
  const containers = [{ name: "engine", image: "engine:1", ports: [{ name: "http", containerPort: 8000 }] }];
  world.store.create(
    "statefulsets.apps",
    workload("StatefulSet", "web", { replicas, podManagementPolicy: "Parallel" }, { containers }),
  );
}

test("a headless service publishes host names, nodes, zones and the named port of its pods", () => {
  const world = createWorld({ nodes: [node("n0", { labels: { "topology.kubernetes.io/zone": "a" } })] });
  createService(world, { clusterIP: "None" });
  createSet(world, 2);
  world.advance(2000);
  const [slice] = slices(world);
  expect(slice).toMatchObject({
    addressType: "IPv4",
    ports: [{ name: "http", port: 8000, protocol: "TCP" }],
    metadata: {
      labels: {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "service.kubernetes.io/headless": "",
      },
    },
  });
  expect(endpoints(world)).toMatchObject([
    { hostname: "web-0", nodeName: "n0", zone: "a", addresses: [world.pod("web-0").status?.podIP] },
    { hostname: "web-1", nodeName: "n0", zone: "a", addresses: [world.pod("web-1").status?.podIP] },
  ]);
});

test.each([
  [true, true],
  [false, false],
])("publishNotReadyAddresses %s: an unready pod counts as ready: %s", (publishNotReadyAddresses, ready) => {
  const world = createWorld();
  createService(world, { clusterIP: "None", publishNotReadyAddresses });
  createSet(world, 1);
  world.advance(2000);
  world.annotate("web-0", { ready: "false" });
  world.advance(0);
  expect(endpoints(world)[0]?.conditions).toEqual({ ready, serving: false, terminating: false });
});

test("a terminating pod is told apart, a gone one is removed, the slice goes with the service", () => {
  const world = createWorld();
  createService(world, {});
  createSet(world, 1);
  world.advance(2000);
  world.store.patch("statefulsets.apps", "default", "web", { spec: { replicas: 0 } });
  world.advance(0);
  expect(endpoints(world)[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  world.advance(2000);
  expect(endpoints(world)).toEqual([]);
  world.store.delete("services", "default", "web");
  world.advance(0);
  expect(slices(world)).toEqual([]);
});

test("more than a hundred endpoints take several slices", () => {
  const world = createWorld();
  createService(world, {});
  createSet(world, 105);
  world.advance(2000);
  expect(slices(world)).toHaveLength(2);
  expect(endpoints(world)).toHaveLength(105);
});

test("a slice that somebody deletes is put back", () => {
  const world = createWorld();
  createService(world, {});
  createSet(world, 1);
  world.advance(2000);
  world.store.delete("endpointslices.discovery.k8s.io", "default", slices(world)[0]?.metadata.name ?? "");
  world.advance(0);
  expect(endpoints(world)).toHaveLength(1);
});
