import type { KubeObject } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { createWorld, type World } from "../controllers/testing.ts";
import { KEY, RESOURCE } from "./types.ts";

const SETS = "statefulsets.apps";
const TEMPLATE = { spec: { containers: [{ name: "engine", image: "engine:1" }] } };

type Change = {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly template?: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

function leaderWorkerSet({ spec, template, name = "lws", annotations = {} }: Change = {}): KubeObject {
  return {
    apiVersion: "leaderworkerset.x-k8s.io/v1",
    kind: "LeaderWorkerSet",
    metadata: { name, namespace: "default", annotations },
    spec: { replicas: 2, leaderWorkerTemplate: { workerTemplate: TEMPLATE, size: 3, ...template }, ...spec },
  };
}

const newWorld = () => createWorld({ hasLeaderWorkerSets: true });

function running(change: Change = {}): World {
  const world = newWorld();
  world.store.create(RESOURCE, leaderWorkerSet(change));
  world.advance(5_000);
  return world;
}

const image = (name: string) => ({
  spec: {
    leaderWorkerTemplate: { workerTemplate: { spec: { containers: [{ name: "engine", image: name }] } } },
  },
});

const conditions = (world: World) =>
  (world.status(RESOURCE, "lws")["conditions"] as readonly { type: string; status: string }[]).map(
    ({ type, status }) => `${type}=${status}`,
  );

const uids = (world: World) => new Map(world.pods().map((pod) => [pod.metadata.name, pod.metadata.uid]));

test("each group has a leader and its workers, numbered from 1", () => {
  const world = running();
  expect(world.summary()).toEqual([
    "lws-0 Running ready",
    "lws-0-1 Running ready",
    "lws-0-2 Running ready",
    "lws-1 Running ready",
    "lws-1-1 Running ready",
    "lws-1-2 Running ready",
  ]);
  expect(world.status(RESOURCE, "lws")).toMatchObject({
    replicas: 2,
    readyReplicas: 2,
    updatedReplicas: 2,
    observedGeneration: 1,
    hpaPodSelector: `${KEY.setName}=lws,${KEY.workerIndex}=0`,
  });
  expect(conditions(world)).toEqual(["Progressing=False", "Available=True"]);
});

test("pods carry the identity that launchers read, before the environment of the template", () => {
  const container = { name: "engine", image: "engine:1", env: [{ name: "LWS_GROUP_SIZE", value: "7" }, { name: "A" }] };
  const world = running({ template: { workerTemplate: { spec: { containers: [container] } } } });
  const { metadata, spec } = world.pod("lws-1-2");
  expect(metadata.labels).toMatchObject({
    [KEY.setName]: "lws",
    [KEY.groupIndex]: "1",
    [KEY.workerIndex]: "2",
    [KEY.groupHash]: world.pod("lws-1").metadata.labels?.[KEY.groupHash],
    [KEY.revision]: world.pod("lws-1").metadata.labels?.[KEY.revision],
  });
  expect(metadata.annotations).toMatchObject({ [KEY.size]: "3", [KEY.leaderName]: "lws-1" });
  expect([spec.hostname, spec.subdomain]).toEqual(["lws-1-2", "lws"]);
  expect(spec.containers[0]?.env).toEqual([
    { name: "LWS_LEADER_ADDRESS", value: "lws-1.lws.default" },
    { name: "LWS_GROUP_SIZE", value: "3" },
    { name: "LWS_WORKER_INDEX", value: "2" },
    { name: "A" },
  ]);
  expect(world.pod("lws-1").metadata.labels).toMatchObject({ [KEY.groupIndex]: "1", [KEY.workerIndex]: "0" });
  expect(world.store.get("services", "default", "lws")?.["spec"]).toMatchObject({
    clusterIP: "None",
    publishNotReadyAddresses: true,
    selector: { [KEY.setName]: "lws" },
  });
});

test("with UniquePerReplica each group has a headless Service of its own, that goes with its leader", () => {
  const world = running({ spec: { networkConfig: { subdomainPolicy: "UniquePerReplica" }, replicas: 1 } });
  expect(world.store.list("services").map(({ metadata }) => metadata.name)).toEqual(["lws-0"]);
  expect(world.pod("lws-0-1").spec.subdomain).toBe("lws-0");
  expect(world.pod("lws-0-1").spec.containers[0]?.env?.[0]).toMatchObject({ value: "lws-0.lws-0.default" });
});

test("with LeaderReady the workers wait for their leader", () => {
  const world = newWorld();
  const notReady = {
    metadata: { annotations: { "sandbox.openpatio.io/ready": "false" } },
    spec: TEMPLATE.spec,
  };
  const template = { leaderTemplate: notReady };
  world.store.create(RESOURCE, leaderWorkerSet({ template, spec: { replicas: 1, startupPolicy: "LeaderReady" } }));
  world.advance(5_000);
  expect(world.summary()).toEqual(["lws-0 Running"]);
  world.annotate("lws-0", { ready: null });
  world.advance(5_000);
  expect(world.summary()).toEqual(["lws-0 Running ready", "lws-0-1 Running ready", "lws-0-2 Running ready"]);
});

test("scaling keeps the groups that stay, and a group goes with its leader", () => {
  const world = running();
  const before = uids(world);
  world.store.patch(RESOURCE, "default", "lws", { spec: { replicas: 1 } });
  world.advance(5_000);
  expect(world.summary()).toEqual(["lws-0 Running ready", "lws-0-1 Running ready", "lws-0-2 Running ready"]);
  for (const pod of world.pods()) expect(pod.metadata.uid).toBe(before.get(pod.metadata.name));
  world.store.patch(RESOURCE, "default", "lws", { spec: { replicas: 0 } });
  world.advance(5_000);
  expect(world.summary()).toEqual([]);
  expect(world.store.list(SETS).map(({ metadata }) => metadata.name)).toEqual(["lws"]);
});

test("a group of one has no workers", () => {
  const world = running({ template: { size: 1 }, spec: { replicas: 1 } });
  expect(world.summary()).toEqual(["lws-0 Running ready"]);
  expect(world.status(RESOURCE, "lws")).toMatchObject({ readyReplicas: 1, updatedReplicas: 1 });
});

test("a container that restarts recreates its whole group, and no other", () => {
  const world = running();
  const before = uids(world);
  world.annotate("lws-1-1", { crash: "1" });
  world.advance(10_000);
  expect(world.summary()).toHaveLength(6);
  const isNew = (name: string) => world.pod(name).metadata.uid !== before.get(name);
  expect(["lws-0", "lws-0-1", "lws-0-2", "lws-1", "lws-1-1", "lws-1-2"].map(isNew)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(world.status(RESOURCE, "lws")).toMatchObject({ readyReplicas: 2 });
});

test("with restart policy None only the pod itself restarts; its old name Default becomes None", () => {
  const world = running({ template: { restartPolicy: "Default" } });
  expect(world.store.get(RESOURCE, "default", "lws")?.["spec"]).toMatchObject({
    leaderWorkerTemplate: { restartPolicy: "None" },
  });
  const before = uids(world);
  world.annotate("lws-1-1", { crash: "1" });
  world.advance(10_000);
  expect(uids(world)).toEqual(before);
  expect(world.container("lws-1-1").restartCount).toBe(1);
  world.store.delete("pods", "default", "lws-1-1");
  world.advance(10_000);
  expect(world.pod("lws-1").metadata.uid).toBe(before.get("lws-1"));
  expect(world.pod("lws-1-1").metadata.uid).not.toBe(before.get("lws-1-1"));
});

test("a new template replaces group after group from the highest, and waits for each", () => {
  const world = running({ spec: { replicas: 3 } });
  world.store.patch(RESOURCE, "default", "lws", image("engine:2"));
  const seen = new Set<string>();
  for (let step = 0; step < 300; step += 1) {
    world.advance(50);
    const images = ["lws-0", "lws-1", "lws-2"].map((name) => {
      const pod = world.store.get("pods", "default", name);
      return (pod?.["spec"] as { containers: readonly { image: string }[] } | undefined)?.containers[0]?.image.at(-1);
    });
    const { readyReplicas = 0, updatedReplicas = 0 } = world.status(RESOURCE, "lws") as Record<string, number>;
    if (images.every((one) => one !== undefined)) seen.add(`${images.join("")} ${readyReplicas} ${updatedReplicas}`);
    expect(readyReplicas).toBeGreaterThanOrEqual(2);
  }
  const order = [...seen].map((one) => one.slice(0, 3));
  expect([...new Set(order)]).toEqual(["111", "112", "122", "222"]);
  expect(world.pods().map((pod) => pod.spec.containers[0]?.image)).toEqual(Array(9).fill("engine:2"));
  expect(conditions(world).toSorted()).toEqual(["Available=True", "Progressing=False", "UpdateInProgress=False"]);
  const partition = world.store.get(SETS, "default", "lws")?.["spec"];
  expect(partition).toMatchObject({ updateStrategy: { rollingUpdate: { partition: 0 } } });
});

test("a broken template stops at the first group, and going back heals it", () => {
  const waiting = (reason: string | null) => ({
    metadata: { annotations: { "sandbox.openpatio.io/waiting": reason } },
  });
  const world = running({ template: { workerTemplate: { ...TEMPLATE, metadata: { annotations: {} } } } });
  const before = uids(world);
  const spec = { leaderWorkerTemplate: { workerTemplate: waiting("ImagePullBackOff") } };
  world.store.patch(RESOURCE, "default", "lws", { spec });
  world.advance(60_000);
  expect(world.pod("lws-0").metadata.uid).toBe(before.get("lws-0"));
  expect(world.pod("lws-1").status?.phase).toBe("Pending");
  expect(conditions(world)).toContain("UpdateInProgress=True");
  const healthy = { leaderWorkerTemplate: { workerTemplate: waiting(null) } };
  world.store.patch(RESOURCE, "default", "lws", { spec: healthy });
  world.advance(60_000);
  expect(world.status(RESOURCE, "lws")).toMatchObject({ readyReplicas: 2, updatedReplicas: 2 });
  expect(world.pod("lws-0").metadata.uid).toBe(before.get("lws-0"));
});

test("a partition holds the groups below it, a surge group goes when the update is through", () => {
  const rolloutStrategy = {
    type: "RollingUpdate",
    rollingUpdateConfiguration: { partition: 1, maxSurge: 1, maxUnavailable: 1 },
  };
  const world = running({ spec: { replicas: 2, rolloutStrategy } });
  world.store.patch(RESOURCE, "default", "lws", image("engine:2"));
  world.advance(60_000);
  const imageOf = (name: string) => world.pod(name).spec.containers[0]?.image;
  expect([imageOf("lws-0"), imageOf("lws-1")]).toEqual(["engine:1", "engine:2"]);
  world.store.patch(RESOURCE, "default", "lws", {
    spec: { rolloutStrategy: { rollingUpdateConfiguration: { partition: 0 } } },
  });
  world.advance(60_000);
  expect([imageOf("lws-0"), imageOf("lws-1")]).toEqual(["engine:2", "engine:2"]);
  expect(world.summary()).toHaveLength(6);
});

test("deleting the set takes all along", () => {
  const world = running();
  world.store.delete(RESOURCE, "default", "lws", { propagation: "Foreground" });
  world.advance(5_000);
  expect(world.summary()).toEqual([]);
  expect(world.store.get(RESOURCE, "default", "lws")).toBeUndefined();
  expect(world.store.list(SETS)).toEqual([]);
  expect(world.store.list("services")).toEqual([]);
  expect(world.store.list("controllerrevisions.apps")).toEqual([]);
});

test("the webhook names every problem at once", () => {
  const world = newWorld();
  const rolloutStrategy = {
    type: "RollingUpdate",
    rollingUpdateConfiguration: { maxUnavailable: "110%", partition: -1 },
  };
  const set = leaderWorkerSet({ name: "1lws", spec: { replicas: -1, rolloutStrategy }, template: { size: 0 } });
  expect(() => world.store.create(RESOURCE, set)).toThrow(
    /^admission webhook "vleaderworkerset\.kb\.io" denied the request: \[metadata\.name: Invalid value: "1lws": .*, spec\.replicas: Invalid value: -1: replicas must be equal or greater than 0, spec\.leaderWorkerTemplate\.size: Invalid value: 0: .*, .*maxUnavailable: Invalid value: "110%": must not be greater than 100%, .*partition: Invalid value: -1: must be greater than or equal to 0\]$/u,
  );
});

test("the schema refuses what the type does not have, before the webhook is asked", () => {
  const world = newWorld();
  const refused = () => world.store.create(RESOURCE, leaderWorkerSet({ spec: { startupPolicy: "Whenever" } }));
  expect(refused).toThrow('supported values: "LeaderCreated", "LeaderReady"');
});

test("an exclusive group shares its rack with no other group", () => {
  const world = createWorld({
    hasLeaderWorkerSets: true,
    nodes: ["a", "b", "c"].map((name) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": name, rack: name } },
      status: { allocatable: { cpu: "8", memory: "16Gi", pods: "110" } },
    })),
  });
  world.store.create(RESOURCE, leaderWorkerSet({ annotations: { [KEY.exclusiveTopology]: "rack" } }));
  world.advance(10_000);
  const nodesOf = (prefix: string) =>
    new Set(world.pods().flatMap((pod) => (pod.metadata.name.startsWith(prefix) ? [pod.spec.nodeName] : [])));
  expect([nodesOf("lws-0").size, nodesOf("lws-1").size]).toEqual([1, 1]);
  expect([...nodesOf("lws-0")]).not.toEqual([...nodesOf("lws-1")]);
});
