import type { KubeObject } from "@openpatio/core/model";
import { beforeEach, describe, expect, test } from "vitest";
import { createSteppedClock } from "./clock.ts";
import { ApiError } from "./status.ts";
import { createStore, type Store } from "./store.ts";

let store: Store;

beforeEach(() => {
  store = createStore({ clock: createSteppedClock(), seed: "s", name: "test" });
});

type Container = { readonly name: string; readonly [field: string]: unknown };

function workload(containers: readonly Container[], extra: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "w", namespace: "default" },
    spec: {
      selector: { matchLabels: { app: "w" } },
      template: { metadata: { labels: { app: "w" } }, spec: { containers } },
      ...extra,
    },
  };
}

function apply(object: KubeObject, fieldManager: string, force = false): KubeObject {
  return store.apply("statefulsets.apps", object, { fieldManager, force }).object;
}

function containersOf(object: KubeObject): readonly Container[] {
  const spec = object["spec"] as { template: { spec: { containers: Container[] } } };
  return spec.template.spec.containers;
}

function ownersOf(object: KubeObject): string[] {
  const entries = object.metadata.managedFields as { manager: string; operation: string; subresource?: string }[];
  return entries.map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(" "),
  );
}

function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("server-side apply", () => {
  test("creates what is missing and owns what it sent, not the defaults", () => {
    const { object, created } = store.apply("statefulsets.apps", workload([{ name: "c", image: "i:1" }]), {
      fieldManager: "me",
    });
    expect(created).toBe(true);
    expect(object.metadata.managedFields).toMatchObject([
      {
        manager: "me",
        operation: "Apply",
        fieldsV1: {
          "f:spec": {
            "f:selector": {},
            "f:template": {
              "f:metadata": { "f:labels": { "f:app": {} } },
              "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {} } } },
            },
          },
        },
      },
    ]);
  });

  test("a field that another manager set to another value is a conflict, named with its path", () => {
    store.create("statefulsets.apps", workload([{ name: "c", image: "i:1" }]), { fieldManager: "creator" });
    const error = refusal(() => apply(workload([{ name: "c", image: "i:2" }]), "me"));
    expect(error.message).toBe(
      'Apply failed with 1 conflict: conflict with "creator" using apps/v1: .spec.template.spec.containers[name="c"].image',
    );
    expect(error.body).toMatchObject({
      code: 409,
      reason: "Conflict",
      details: {
        causes: [{ reason: "FieldManagerConflict", field: '.spec.template.spec.containers[name="c"].image' }],
      },
    });
  });

  test("with force the field changes hands", () => {
    store.create("statefulsets.apps", workload([{ name: "c", image: "i:1" }]), { fieldManager: "creator" });
    expect(containersOf(apply(workload([{ name: "c", image: "i:2" }]), "me", true))[0]?.["image"]).toBe("i:2");
    expect(containersOf(apply(workload([{ name: "c", image: "i:3" }]), "me"))[0]?.["image"]).toBe("i:3");
  });

  test("an equal value is shared, and stays when one of its owners drops it", () => {
    const withEnv = [{ name: "c", image: "i:1", env: [{ name: "A", value: "1" }] }];
    apply(workload(withEnv), "one");
    apply(workload(withEnv), "two");
    const kept = apply(workload([{ name: "c", image: "i:1" }]), "one");
    expect(containersOf(kept)[0]?.["env"]).toEqual([{ name: "A", value: "1" }]);
    const gone = apply(workload([{ name: "c", image: "i:1" }]), "two");
    expect(containersOf(gone)[0]).not.toHaveProperty("env");
  });

  test("what is no longer applied is removed; what others added in the same list stays", () => {
    apply(
      workload([
        { name: "c", image: "i:1" },
        { name: "old", image: "o:1" },
      ]),
      "me",
    );
    const sidecar = { spec: { template: { spec: { containers: [{ name: "sidecar", image: "s:1" }] } } } };
    store.apply(
      "statefulsets.apps",
      { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "w", namespace: "default" }, ...sidecar },
      { fieldManager: "injector" },
    );
    const result = apply(workload([{ name: "c", image: "i:1" }]), "me");
    expect(
      containersOf(result)
        .map((container) => container.name)
        .sort(),
    ).toEqual(["c", "sidecar"]);
  });

  test("replicas that are applied once and then left out fall back to the default", () => {
    apply(workload([{ name: "c", image: "i:1" }], { replicas: 5 }), "me");
    expect(apply(workload([{ name: "c", image: "i:1" }]), "me")["spec"]).toMatchObject({ replicas: 1 });
  });

  test("fields of a POST keep their owner beside a later apply, so leaving them out does not remove them", () => {
    const withEnv = [{ name: "c", image: "i:1", env: [{ name: "A", value: "1" }] }];
    store.create("statefulsets.apps", workload(withEnv), { fieldManager: "me" });
    apply(workload(withEnv), "me");
    const result = apply(workload([{ name: "c", image: "i:1" }]), "me");
    expect(containersOf(result)[0]?.["env"]).toEqual([{ name: "A", value: "1" }]);
    expect(ownersOf(result)).toEqual(["me Apply", "me Update"]);
  });

  test("the same configuration again changes nothing", () => {
    const first = apply(workload([{ name: "c", image: "i:1" }]), "me");
    expect(apply(workload([{ name: "c", image: "i:1" }]), "me").metadata.resourceVersion).toBe(
      first.metadata.resourceVersion,
    );
  });

  test("a UID that is not the object's is refused, with and without an object", () => {
    const named = (uid: string): KubeObject => ({
      ...workload([{ name: "c", image: "i" }]),
      metadata: { name: "w", namespace: "default", uid },
    });
    expect(refusal(() => apply(named("123"), "me")).message).toBe(
      'Operation cannot be fulfilled on statefulsets.apps "w": uid mismatch: the provided object specified uid 123, and no existing object was found',
    );
    apply(workload([{ name: "c", image: "i" }]), "me");
    expect(refusal(() => apply(named("123"), "me")).message).toBe(
      'StatefulSet.apps "w" is invalid: metadata.uid: Invalid value: "123": field is immutable',
    );
  });

  test("a field that no type has is refused", () => {
    const error = refusal(() => apply(workload([{ name: "c", image: "i" }], { replica: 3 }), "me"));
    expect(error.message).toBe(
      "failed to create typed patch object (default/w; apps/v1, Kind=StatefulSet): .spec.replica: field not declared in schema",
    );
  });
});

describe("ownership of other writes", () => {
  test("status and scale are recorded with their subresource", () => {
    store.create("statefulsets.apps", workload([{ name: "c", image: "i" }]), { fieldManager: "creator" });
    store.patch(
      "statefulsets.apps",
      "default",
      "w",
      { status: { replicas: 1 } },
      { subresource: "status", fieldManager: "controller" },
    );
    const result = store.patch(
      "statefulsets.apps",
      "default",
      "w",
      { spec: { replicas: 3 } },
      { subresource: "scale", fieldManager: "hpa" },
    );
    expect(ownersOf(result).sort()).toEqual(["controller Update status", "creator Update", "hpa Update scale"]);
  });

  test("an applier that leaves replicas out does not conflict with whoever scales", () => {
    apply(workload([{ name: "c", image: "i:1" }]), "me");
    store.patch(
      "statefulsets.apps",
      "default",
      "w",
      { spec: { replicas: 4 } },
      { subresource: "scale", fieldManager: "hpa" },
    );
    expect(apply(workload([{ name: "c", image: "i:2" }]), "me")["spec"]).toMatchObject({ replicas: 4 });
  });
});
