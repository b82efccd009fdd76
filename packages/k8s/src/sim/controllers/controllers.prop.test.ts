import fc from "fast-check";
import { expect, test } from "vitest";
import { isPodReady } from "./objects.ts";
import { createWorld, node, type World, workload } from "./testing.ts";

const SETS = "statefulsets.apps";
const NODES = ["n0", "n1", "n2", "n3"];
const CONTAINERS = [{ name: "engine", image: "engine:1", resources: { limits: { "nvidia.com/gpu": "1" } } }];

type Step = (world: World) => void;

function patchNode(name: string, patch: Readonly<Record<string, unknown>>): Step {
  return (world) => {
    world.store.patch("nodes", undefined, name, patch);
  };
}

/** Does something to the pod, if it is there. */
function toPod(name: string, act: (world: World) => void): Step {
  return (world) => {
    if (world.store.get("pods", "default", name) !== undefined) act(world);
  };
}

const podName = fc.integer({ min: 0, max: 5 }).map((ordinal) => `web-${ordinal}`);
const nodeName = fc.constantFrom(...NODES);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 0, max: 6 }).map(
    (replicas): Step =>
      (world) => {
        world.store.patch(SETS, "default", "web", { spec: { replicas } });
      },
  ),
  fc.integer({ min: 1, max: 3 }).map(
    (version): Step =>
      (world) => {
        const containers = CONTAINERS.map((item) => ({ ...item, image: `engine:${version}` }));
        world.store.patch(SETS, "default", "web", { spec: { template: { spec: { containers } } } });
      },
  ),
  podName.map((name) => toPod(name, (world) => world.store.delete("pods", "default", name))),
  podName.map((name) => toPod(name, (world) => world.annotate(name, { crash: "137" }))),
  podName.map((name) => toPod(name, (world) => world.annotate(name, { fail: "Evicted" }))),
  podName.map((name) => toPod(name, (world) => world.annotate(name, { ready: "false" }))),
  nodeName.map((name) => patchNode(name, { spec: { unschedulable: true } })),
  nodeName.map((name) => patchNode(name, { metadata: { labels: { "sandbox.openpatio.io/kubelet": "stopped" } } })),
  nodeName.map((name) =>
    patchNode(name, { metadata: { annotations: { "sandbox.openpatio.io/not-ready": "broken" } } }),
  ),
  fc.constant<Step>((world) => {
    world.stop();
    world.start();
  }),
);

function heal(world: World): void {
  for (const name of NODES) {
    world.store.patch("nodes", undefined, name, {
      metadata: {
        labels: { "sandbox.openpatio.io/kubelet": "running" },
        annotations: { "sandbox.openpatio.io/not-ready": null },
      },
      spec: { unschedulable: false },
    });
  }
  for (const { metadata } of world.pods()) world.annotate(metadata.name, { ready: null });
}

function checkNodes(world: World): void {
  for (const name of NODES) {
    const here = world.pods().filter(({ spec, status }) => spec.nodeName === name && status?.phase !== "Failed");
    expect(here.length).toBeLessThanOrEqual(8);
  }
}

test.each(["Parallel", "OrderedReady"])(
  "whatever happens, a %s set gets ready again when all is well, and is then silent",
  (podManagementPolicy) => {
    const steps = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 40_000 })), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(steps, (acts) => {
        const world = createWorld({ nodes: NODES.map((name) => node(name)) });
        world.store.create(
          SETS,
          workload("StatefulSet", "web", { replicas: 3, podManagementPolicy }, { containers: CONTAINERS }),
        );
        for (const [act, waitMs] of acts) {
          world.advance(waitMs);
          act(world);
          checkNodes(world);
        }
        heal(world);
        world.advance(300_000);
        const set = world.store.get(SETS, "default", "web")?.["spec"] as {
          readonly replicas: number;
          readonly template: { readonly spec: object };
        };
        expect(world.pods().map(({ metadata }) => metadata.name)).toEqual(
          Array.from({ length: set.replicas }, (_, ordinal) => `web-${ordinal}`),
        );
        for (const pod of world.pods()) {
          expect(isPodReady(pod)).toBe(true);
          expect(pod.metadata.labels?.["controller-revision-hash"]).toBe(world.status(SETS, "web")["updateRevision"]);
        }
        const settled = world.store.version();
        world.advance(600_000);
        expect(world.store.version()).toBe(settled);
        world.stop();
        expect(world.clock.nextDueMs()).toBeUndefined();
      }),
      { numRuns: 25, seed: 1 },
    );
  },
  60_000,
);
