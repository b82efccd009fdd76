/** A small cluster on a stepped clock, for the tests of the controllers. */
import type { KubeObject } from "@openpatio/core/model";
import type { ResourceName } from "../api.ts";
import { createSteppedClock } from "../clock.ts";
import { LEADER_WORKER_SETS } from "../leader-worker-set/definition.ts";
import { createStore, type Store } from "../store.ts";
import { STORAGE_CLASSES, webhooksOf } from "../world.ts";
import { type ControllerOptions, startControllers } from "./index.ts";
import { type ContainerStatus, conditionOf, isPodReady, type Pod, typed } from "./objects.ts";

export type World = ReturnType<typeof createWorld>;

export function node(name: string, change: Readonly<Record<string, unknown>> = {}): KubeObject {
  const size = { cpu: "96", memory: "1Ti", "ephemeral-storage": "2Ti", pods: "110", "nvidia.com/gpu": "8" };
  const { labels, status, ...rest } = change;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...(labels as Record<string, string>) } },
    status: { capacity: size, allocatable: size, ...(status as object) },
    ...rest,
  };
}

const CONTAINER = { name: "engine", image: "engine:1" };

export function pod(name: string, spec: Readonly<Record<string, unknown>> = {}, metadata = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", ...metadata },
    spec: { containers: [CONTAINER], ...spec },
  };
}

/** A workload with selector `app: name`. `template` goes into the pod template's spec. */
export function workload(
  kind: "StatefulSet" | "Deployment" | "ReplicaSet",
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  template: Readonly<Record<string, unknown>> = {},
): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: { app: name } },
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      template: { metadata: { labels: { app: name } }, spec: { containers: [CONTAINER], ...template } },
      ...spec,
    },
  };
}

/** `fast` unless told otherwise, with nodes n0, n1... */
export function createWorld(
  options: {
    readonly nodes?: readonly KubeObject[];
    readonly timing?: ControllerOptions["timing"];
    readonly hasLeaderWorkerSets?: boolean;
  } = {},
) {
  const clock = createSteppedClock();
  const { hasLeaderWorkerSets = false } = options;
  const webhooks = webhooksOf({ name: "test", nodes: [], hasLeaderWorkerSets });
  const store: Store = createStore({ clock, seed: "test", name: "test", tolerationSeconds: 30, webhooks });
  for (const storage of STORAGE_CLASSES) store.create("storageclasses.storage.k8s.io", storage);
  if (hasLeaderWorkerSets) store.create("customresourcedefinitions.apiextensions.k8s.io", LEADER_WORKER_SETS);
  for (const object of options.nodes ?? ["n0", "n1", "n2"].map((name) => node(name))) store.create("nodes", object);
  const start = () =>
    startControllers(store, {
      seed: "test",
      timing: options.timing ?? "fast",
      hasLeaderWorkerSets,
      onError: (_controller, _key, error) => {
        throw error;
      },
    });
  let controllers = start();

  const world = {
    clock,
    store,
    controllers: () => controllers,
    /** The control plane and the kubelets stop; the store stays. */
    stop: () => controllers.stop(),
    start: () => {
      controllers = start();
    },
    advance: (ms: number) => clock.advance(ms),
    pods: (): readonly Pod[] => store.list("pods").map((object) => typed<Pod>(object)),
    pod(name: string): Pod {
      const found = store.get("pods", "default", name);
      if (found === undefined) throw new Error(`no pod ${name}`);
      return typed<Pod>(found);
    },
    container(name: string, index = 0): ContainerStatus {
      const status = world.pod(name).status?.containerStatuses?.[index];
      if (status === undefined) throw new Error(`pod ${name} has no container status`);
      return status;
    },
    /** The status of a condition of the pod. */
    condition: (name: string, type: string) => conditionOf(world.pod(name).status?.conditions, type),
    /** `web-0 Running ready`, `web-1 Pending`, `web-2 Running ready terminating`... in the order of names. */
    summary: (): readonly string[] =>
      world.pods().map((item) => {
        const ready = isPodReady(item) ? " ready" : "";
        const terminating = item.metadata.deletionTimestamp === undefined ? "" : " terminating";
        return `${item.metadata.name} ${item.status?.phase}${ready}${terminating}`;
      }),
    status(resource: ResourceName, name: string): Readonly<Record<string, unknown>> {
      const namespace = resource === "nodes" ? undefined : "default";
      return (store.get(resource, namespace, name)?.["status"] ?? {}) as Readonly<Record<string, unknown>>;
    },
    annotate: (name: string, annotations: Readonly<Record<string, string | null>>) =>
      store.patch("pods", "default", name, {
        metadata: {
          annotations: Object.fromEntries(
            Object.entries(annotations).map(([key, value]) => [`sandbox.openpatio.io/${key}`, value]),
          ),
        },
      }),
    /** `reason: message` of the events about an object, oldest first. */
    events: (about: string): readonly string[] =>
      store
        .list("events")
        .filter((event) => (event["involvedObject"] as { readonly name: string }).name === about)
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map((event) => `${String(event["reason"])}: ${String(event["message"])}`),
  };
  return world;
}
