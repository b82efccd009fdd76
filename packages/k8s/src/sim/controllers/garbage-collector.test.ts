import type { KubeObject } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { controllerReference } from "./objects.ts";
import { createWorld, type World, workload } from "./testing.ts";

function configMap(world: World, name: string, ...owners: readonly KubeObject[]): KubeObject {
  return world.store.create("configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: "default",
      ...(owners.length === 0
        ? {}
        : { ownerReferences: owners.map((owner) => ({ ...controllerReference(owner), controller: false })) }),
    },
  });
}

function names(world: World): readonly string[] {
  return world.store.list("configmaps").map(({ metadata }) => metadata.name);
}

describe("deletion", () => {
  test("in the background: the owner goes at once, its dependents follow, to any depth", () => {
    const world = createWorld();
    const a = configMap(world, "a");
    const b = configMap(world, "b", a);
    configMap(world, "c", b);
    configMap(world, "stranger");
    world.store.delete("configmaps", "default", "a", { propagation: "Background" });
    expect(names(world)).toEqual(["b", "c", "stranger"]);
    world.advance(0);
    expect(names(world)).toEqual(["stranger"]);
  });

  test("in the foreground: the owner waits for its dependents", () => {
    const world = createWorld();
    world.store.create("statefulsets.apps", workload("StatefulSet", "web"));
    world.advance(2000);
    world.store.delete("statefulsets.apps", "default", "web", { propagation: "Foreground" });
    world.advance(0);
    expect(world.store.get("statefulsets.apps", "default", "web")?.metadata.deletionTimestamp).toBeDefined();
    expect(world.summary()).toEqual(["web-0 Running ready terminating"]);
    world.advance(2000);
    expect([world.store.list("statefulsets.apps"), world.summary()]).toEqual([[], []]);
  });

  test("with orphans: dependents stay, without the reference", () => {
    const world = createWorld();
    const a = configMap(world, "a");
    configMap(world, "b", a);
    world.store.delete("configmaps", "default", "a", { propagation: "Orphan" });
    world.advance(0);
    expect(names(world)).toEqual(["b"]);
    expect(world.store.get("configmaps", "default", "b")?.metadata.ownerReferences ?? []).toEqual([]);
  });
});

test("an object with another owner left stays, and forgets the one that is gone", () => {
  const world = createWorld();
  const [a, b] = [configMap(world, "a"), configMap(world, "b")];
  configMap(world, "c", a, b);
  world.store.delete("configmaps", "default", "a");
  world.advance(0);
  expect(world.store.get("configmaps", "default", "c")?.metadata.ownerReferences?.map(({ name }) => name)).toEqual([
    "b",
  ]);
});

test("an object that names an owner which never existed is collected, by UID and not by name", () => {
  const world = createWorld();
  const a = configMap(world, "a");
  configMap(world, "b", { ...a, metadata: { ...a.metadata, uid: "another-life" } });
  world.advance(0);
  expect(names(world)).toEqual(["a"]);
});

test("dependents of custom resources are collected", () => {
  const world = createWorld();
  world.store.create("customresourcedefinitions.apiextensions.k8s.io", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "groups.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "groups", kind: "Group" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  });
  const owner = world.store.create("groups.example.com", {
    apiVersion: "example.com/v1",
    kind: "Group",
    metadata: { name: "g", namespace: "default" },
  });
  configMap(world, "a", owner);
  world.stop();
  world.start();
  world.advance(0);
  expect(names(world)).toEqual(["a"]);
  world.store.delete("groups.example.com", "default", "g");
  world.advance(0);
  expect(names(world)).toEqual([]);
});

test("an owner that vanished while the sandbox was down is noticed", () => {
  const world = createWorld();
  const a = configMap(world, "a");
  configMap(world, "b", a);
  world.advance(0);
  world.stop();
  world.store.delete("configmaps", "default", "a");
  world.start();
  world.advance(0);
  expect(names(world)).toEqual([]);
});

test("a namespace is emptied before it goes", () => {
  const world = createWorld();
  world.store.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
  const set = workload("StatefulSet", "web");
  world.store.create("statefulsets.apps", { ...set, metadata: { ...set.metadata, namespace: "team" } });
  world.advance(2000);
  expect(world.summary()).toEqual(["web-0 Running ready"]);
  world.store.delete("namespaces", undefined, "team");
  world.advance(0);
  expect(world.store.get("namespaces", undefined, "team")?.["status"]).toEqual({ phase: "Terminating" });
  world.advance(5000);
  expect(world.store.get("namespaces", undefined, "team")).toBeUndefined();
  expect(world.summary()).toEqual([]);
});
