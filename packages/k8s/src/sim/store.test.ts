import type { KubeObject } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { createSteppedClock } from "./clock.ts";
import { ApiError } from "./status.ts";
import { createStore, type LoggedEvent, type Store } from "./store.ts";

function newStore() {
  const clock = createSteppedClock();
  return { clock, store: createStore({ clock, seed: "s", name: "test" }) };
}

function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

function statefulSet(name: string, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: { app: name } },
      serviceName: name,
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "i:1" }] } },
      ...spec,
    },
  };
}

function pod(name: string, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "i:1" }], ...spec },
  };
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return `${error.code} ${error.reason}: ${error.message}`;
    throw error;
  }
  return "no failure";
}

describe("writes", () => {
  test("every commit gets the next resourceVersion, also a deletion", () => {
    const { store } = newStore();
    const seen: LoggedEvent[] = [];
    store.subscribe((event) => seen.push(event));
    const created = store.create("configmaps", configMap("a"));
    store.update("configmaps", { ...created, data: { x: "1" } });
    store.delete("configmaps", "default", "a");
    expect(seen.map((event) => event.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    const versions = seen.map((event) => Number(event.object.metadata.resourceVersion));
    expect(versions.map((version) => version - (versions[0] ?? 0))).toEqual([0, 1, 2]);
  });

  test("a write that changes nothing makes no event and keeps the resourceVersion", () => {
    const { store } = newStore();
    const created = store.create("configmaps", configMap("a", { x: "1" }));
    const again = store.update("configmaps", created);
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });

  test("generation counts changes of the spec, not of status, labels or annotations", () => {
    const { store } = newStore();
    const created = store.create("statefulsets.apps", statefulSet("w"));
    expect(created.metadata.generation).toBe(1);
    store.patch("statefulsets.apps", "default", "w", { metadata: { labels: { a: "b" } } });
    store.patch("statefulsets.apps", "default", "w", { status: { replicas: 3 } }, { subresource: "status" });
    expect(store.get("statefulsets.apps", "default", "w")?.metadata.generation).toBe(1);
    store.patch("statefulsets.apps", "default", "w", { spec: { replicas: 2 } });
    expect(store.get("statefulsets.apps", "default", "w")?.metadata.generation).toBe(2);
  });

  test("the main endpoint leaves the status alone and the status endpoint leaves the spec alone", () => {
    const { store } = newStore();
    store.create("statefulsets.apps", statefulSet("w"));
    store.patch("statefulsets.apps", "default", "w", { spec: { replicas: 5 }, status: { replicas: 9 } });
    const both = { spec: { replicas: 7 }, status: { replicas: 4, currentReplicas: 4 } };
    const result = store.patch("statefulsets.apps", "default", "w", both, { subresource: "status" });
    expect(result["spec"]).toMatchObject({ replicas: 5 });
    expect(result["status"]).toMatchObject({ replicas: 4 });
  });

  test("objects that come out are frozen all the way down", () => {
    const { store } = newStore();
    const created = store.create("statefulsets.apps", statefulSet("w"));
    expect(Object.isFrozen(created["spec"])).toBe(true);
    expect(Object.isFrozen((created["spec"] as { template: unknown }).template)).toBe(true);
  });

  test("a listener that writes does not change the order in which others see events", () => {
    const { store } = newStore();
    const seen: string[] = [];
    store.subscribe((event) => {
      if (event.object.metadata.name === "a") store.create("configmaps", configMap("b"));
    });
    store.subscribe((event) => seen.push(event.object.metadata.name));
    store.create("configmaps", configMap("a"));
    expect(seen).toEqual(["a", "b"]);
  });

  test("equal seeds give equal UIDs, and a UID is never given twice", () => {
    const [first, second] = [newStore().store, newStore().store];
    expect(first.create("configmaps", configMap("a")).metadata.uid).toBe(
      second.create("configmaps", configMap("a")).metadata.uid,
    );
    const before = first.get("configmaps", "default", "a")?.metadata.uid;
    first.delete("configmaps", "default", "a");
    expect(first.create("configmaps", configMap("a")).metadata.uid).not.toBe(before);
  });
});

describe("refusals, in the words of the API server", () => {
  test.each<[string, string, (store: Store) => unknown]>([
    ["a name twice", 'configmaps "a" already exists', (s) => s.create("configmaps", configMap("a"))],
    ["an absent object", 'statefulsets.apps "x" not found', (s) => s.patch("statefulsets.apps", "default", "x", {})],
    [
      "an absent namespace",
      'namespaces "nope" not found',
      (s) => s.create("configmaps", { ...configMap("b"), metadata: { name: "b", namespace: "nope" } }),
    ],
    [
      "another UID in a patch",
      'ConfigMap "a" is invalid: metadata.uid: Invalid value: "123": field is immutable',
      (s) => s.patch("configmaps", "default", "a", { metadata: { uid: "123" } }),
    ],
    [
      "an old resourceVersion",
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      (s) =>
        s.update("configmaps", {
          ...configMap("a"),
          metadata: { name: "a", namespace: "default", resourceVersion: "1" },
        }),
    ],
    [
      "a resourceVersion at creation",
      "resourceVersion should not be set on objects to be created",
      (s) => s.create("configmaps", { ...configMap("b"), metadata: { name: "b", resourceVersion: "5" } }),
    ],
  ])("%s", (_title, message, run) => {
    const { store } = newStore();
    store.create("configmaps", configMap("a"));
    expect(failure(() => run(store))).toContain(message);
  });

  test("a delete with another UID names the kind and both UIDs", () => {
    const { store } = newStore();
    const { uid } = store.create("configmaps", configMap("a")).metadata;
    expect(failure(() => store.delete("configmaps", "default", "a", { uid: "123" }))).toBe(
      `409 Conflict: Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (123) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  });

  test("a StatefulSet without selector, labels and containers lists all three", () => {
    const { store } = newStore();
    const empty = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "w" }, spec: {} };
    expect(failure(() => store.create("statefulsets.apps", empty))).toBe(
      '422 Invalid: StatefulSet.apps "w" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]',
    );
  });

  test("a StatefulSet's service name is immutable", () => {
    const { store } = newStore();
    store.create("statefulsets.apps", statefulSet("w"));
    expect(failure(() => store.patch("statefulsets.apps", "default", "w", { spec: { serviceName: "z" } }))).toBe(
      '422 Invalid: StatefulSet.apps "w" is invalid: spec.serviceName: Invalid value: "z": field is immutable',
    );
  });
});

describe("defaults", () => {
  test("a StatefulSet gets what a real API server writes", () => {
    const { store } = newStore();
    const created = store.create("statefulsets.apps", statefulSet("w"));
    expect(created["spec"]).toMatchObject({
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: 1 } },
      revisionHistoryLimit: 10,
      template: {
        spec: {
          restartPolicy: "Always",
          terminationGracePeriodSeconds: 30,
          dnsPolicy: "ClusterFirst",
          securityContext: {},
          schedulerName: "default-scheduler",
          containers: [{ imagePullPolicy: "IfNotPresent", terminationMessagePolicy: "File", resources: {} }],
        },
      },
    });
  });

  test.each([
    ["1000m", "1"],
    ["1500m", "1500m"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1000", "1k"],
    [2, "2"],
    ["100Ki", "100Ki"],
    ["1e3", "1e3"],
  ])("the quantity %s is stored as %s", (given, stored) => {
    const { store } = newStore();
    const container = { name: "c", image: "i", resources: { limits: { cpu: given } } };
    const created = store.create("pods", pod("p", { containers: [container] }));
    expect(created["spec"]).toMatchObject({
      containers: [{ resources: { limits: { cpu: stored }, requests: { cpu: stored } } }],
    });
  });

  test("Services get distinct addresses and headless ones keep None", () => {
    const { store } = newStore();
    const service = (name: string, spec: Record<string, unknown>) =>
      store.create("services", {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { ports: [{ port: 80 }], ...spec },
      });
    const addresses = [service("a", {}), service("b", {}), service("c", { clusterIP: "None" })].map(
      (one) => (one["spec"] as { clusterIP: string }).clusterIP,
    );
    expect(new Set(addresses).size).toBe(3);
    expect(addresses[2]).toBe("None");
  });
});

describe("deletion", () => {
  test("a bound pod waits for its kubelet, one without a node goes at once", () => {
    const { store } = newStore();
    store.create("pods", pod("free"));
    store.delete("pods", "default", "free");
    expect(store.get("pods", "default", "free")).toBeUndefined();
    store.create("pods", pod("bound", { nodeName: "n" }));
    store.delete("pods", "default", "bound");
    const waiting = store.get("pods", "default", "bound");
    expect(waiting?.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: "2026-01-01T00:00:30Z",
    });
    store.delete("pods", "default", "bound", { gracePeriodSeconds: 0 });
    expect(store.get("pods", "default", "bound")).toBeUndefined();
  });

  test("an object with finalizers stays until the last one is removed", () => {
    const { store } = newStore();
    store.create("configmaps", { ...configMap("a"), metadata: { name: "a", finalizers: ["x/y"] } });
    store.delete("configmaps", "default", "a", { propagation: "Foreground" });
    expect(store.get("configmaps", "default", "a")?.metadata.finalizers).toEqual(["x/y", "foregroundDeletion"]);
    store.patch("configmaps", "default", "a", { metadata: { finalizers: ["x/y"] } });
    expect(store.get("configmaps", "default", "a")).toBeDefined();
    store.patch("configmaps", "default", "a", { metadata: { finalizers: null } });
    expect(store.get("configmaps", "default", "a")).toBeUndefined();
  });
});
