import { describe, expect, test } from "vitest";
import type { KubeObject, SetStatus } from "../model/index.ts";
import { aRole, aSet } from "../testing/index.ts";
import {
  managedBy,
  readResource,
  refusedStatus,
  resourceStatus,
  resourceYaml,
  withAuthored,
  wroteLast,
} from "./index.ts";

const object = (changes: Partial<KubeObject["metadata"]> = {}, spec: object = {}): KubeObject => ({
  apiVersion: "openpatio.io/v1alpha1",
  kind: "RoleBasedGroupSet",
  metadata: { name: "demo", namespace: "default", uid: "u1", resourceVersion: "7", generation: 3, ...changes },
  spec: { groupTemplate: { roles: [aRole({ role: "prefill" })] }, ...spec },
});

describe("reading", () => {
  test("a set stays in the cluster that it was applied to, whether it names it or none", () => {
    for (const clusters of [undefined, { names: [] }, { names: ["west"] }]) {
      const read = readResource(object({}, clusters === undefined ? {} : { placement: { clusters } }), "west", null);
      expect(read.ok && read.spec.placement.clusters.names).toEqual(["west"]);
    }
    const elsewhere = readResource(object({}, { placement: { clusters: { names: ["east"] } } }), "west", null);
    expect(elsewhere).toMatchObject({ ok: false, problems: [{ path: "spec.placement.clusters.names" }] });
  });

  test("replicas that are absent keep the present value, and are 1 in a new set", () => {
    const first = readResource(object(), "west", null);
    expect(first.ok && first.spec.replicas).toBe(1);
    const present = first.ok ? { ...first.spec, replicas: 4 } : null;
    const again = readResource(object(), "west", present);
    expect(again.ok && again.spec.replicas).toBe(4);
  });

  test("what servers and kubectl add is not part of the text", () => {
    const live = object({
      finalizers: ["a/b"],
      labels: { team: "a" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "x" },
    });
    const yaml = resourceYaml({ ...live, status: { phase: "Ready" } });
    expect(yaml).toContain("team: a");
    expect(yaml).toContain("note: x");
    expect(yaml).not.toMatch(/last-applied|finalizers|status|uid/);
  });

  test("an edited text changes the spec, the labels and the annotations, and nothing that is the server's", () => {
    const applied = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    const live = object({ finalizers: ["a/b"], labels: { old: "1" }, annotations: { ...applied, gone: "1" } });
    const edited = withAuthored(live, { metadata: { name: "other", labels: { team: "a" } }, spec: { replicas: 2 } });
    expect(edited).toEqual({
      ...live,
      metadata: { ...live.metadata, labels: { team: "a" }, annotations: applied },
      spec: { replicas: 2 },
    });
  });
});

describe("who writes it", () => {
  test.each([
    [{ labels: { "argocd.argoproj.io/instance": "x" } }, "Argo CD"],
    [{ annotations: { "argocd.argoproj.io/tracking-id": "x" } }, "Argo CD"],
    [{ labels: { "kustomize.toolkit.fluxcd.io/name": "x" } }, "Flux"],
    [{ managedFields: [{ manager: "helm-controller" }] }, "Flux"],
    [{ managedFields: [{ manager: "kubectl" }], labels: { "app.kubernetes.io/instance": "x" } }, null],
  ])("%j is managed by %s", (metadata, tool) => {
    expect(managedBy(object(metadata))).toBe(tool);
  });

  test("the last writer is the newest one that did not write the status", () => {
    const managedFields = [
      { manager: "kubectl-edit", time: "2026-01-01T00:00:02Z" },
      { manager: "kubectl-create", time: "2026-01-01T00:00:01Z" },
      { manager: "openpatio", time: "2026-01-01T00:00:03Z", subresource: "status" },
    ];
    expect(wroteLast(object({ managedFields }))).toBe("kubectl-edit");
    expect(wroteLast(object())).toBeNull();
  });
});

describe("status", () => {
  const groups = Array.from({ length: 60 }, (_, index) => ({
    index,
    phase: index === 55 ? ("Failed" as const) : ("Ready" as const),
    cluster: "west",
    domain: null,
    revision: 1,
    incarnation: 1,
    roles: [],
    message: null,
    untilMs: null,
  }));
  const status: SetStatus = {
    phase: "Ready",
    message: null,
    replicas: 60,
    readyGroups: 59,
    updatedGroups: 60,
    unplacedGroups: 0,
    currentRevision: null,
    updateRevision: 1,
    observedGeneration: 1,
    conditions: [{ type: "Available", status: "False", reason: "NotReady", message: "No.", lastTransitionMs: 1000 }],
    groups,
  };
  const state = {
    ...aSet({ roles: [aRole({ role: "prefill" })] }),
    resource: { cluster: "west", uid: "u1", generation: 9, problems: [], contentHash: "", managedBy: null },
  };

  test("tells at most 50 groups, those that are not ready first, for the generation that was judged", () => {
    const told = resourceStatus(state, status);
    const indices = (told["groups"] as { index: number }[]).map(({ index }) => index);
    expect(indices).toHaveLength(50);
    expect(indices.slice(0, 3)).toEqual([55, 0, 1]);
    expect(told).toMatchObject({
      observedGeneration: 9,
      conditions: [{ type: "Available", lastTransitionTime: "1970-01-01T00:00:01Z", observedGeneration: 9 }],
    });
    expect(Object.values(told)).not.toContain(null);
  });

  test("a refusal keeps its time while it stays one", () => {
    const refusal = { status: "False", reason: "Invalid", message: "a" } as const;
    const first = refusedStatus(undefined, 1, refusal, 1_000);
    const second = refusedStatus(first, 2, { ...refusal, message: "b" }, 99_000);
    expect(second["conditions"]).toMatchObject([{ lastTransitionTime: "1970-01-01T00:00:01Z", message: "b" }]);
  });
});
