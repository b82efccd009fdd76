import { type KubeObject, MANAGER } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { planMergePatch } from "./owned-fields.ts";

const leaves = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [`f:${name}`, {}]));
const owned = (fieldsV1: unknown, manager: string = MANAGER, subresource?: string) => ({
  manager,
  operation: "Update",
  fieldsV1,
  ...(subresource === undefined ? {} : { subresource }),
});

const configMap = (metadata: Partial<KubeObject["metadata"]>, data?: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c", uid: "u", resourceVersion: "5", ...metadata },
  ...(data === undefined ? {} : { data }),
});
const guarded = { uid: "u", resourceVersion: "5" };

test("nothing differs, nothing is sent", () => {
  const live = configMap(
    { labels: { ours: "1", theirs: "2" }, managedFields: [owned({ "f:metadata": { "f:labels": leaves("ours") } })] },
    { a: "1" },
  );
  expect(planMergePatch(live, configMap({ labels: { ours: "1" } }, { a: "1" }))).toBeNull();
});

test("labels that we wrote and want no longer go, those of others stay", () => {
  const live = configMap({
    labels: { keep: "1", dropped: "1", theirs: "2" },
    managedFields: [
      owned({ "f:metadata": { "f:labels": { ".": {}, ...leaves("keep", "dropped") } } }),
      owned({ "f:metadata": { "f:labels": leaves("theirs") } }, "kubectl"),
    ],
  });
  expect(planMergePatch(live, configMap({ labels: { keep: "1", added: "3" } }))).toEqual({
    metadata: { ...guarded, labels: { dropped: null, added: "3" } },
  });
});

test("a ConfigMap's data is ours, whoever added to it", () => {
  const live = configMap({ managedFields: [] }, { a: "1", theirs: "2" });
  expect(planMergePatch(live, configMap({}, { a: "1" }))).toEqual({ metadata: guarded, data: { theirs: null } });
  expect(planMergePatch(live, configMap({}))).toEqual({ metadata: guarded, data: null });
});

test("replicas that are not sent are left alone, whether an autoscaler or our own scaling set them", () => {
  const live = {
    ...configMap({ managedFields: [owned({ "f:spec": leaves("replicas") }, MANAGER, "scale")] }),
    spec: { replicas: 5 },
  };
  expect(planMergePatch(live, { ...configMap({}), spec: {} })).toBeNull();
});

test.each(["StatefulSet", "Deployment", "LeaderWorkerSet"])(
  "the replicas that a %s was created with stay, for they are written on their own",
  (kind) => {
    const workload = (spec: object): KubeObject => ({ ...configMap({}), kind, spec });
    const live = {
      ...workload({ replicas: 3, template: 1 }),
      metadata: { ...configMap({}).metadata, managedFields: [owned({ "f:spec": leaves("replicas", "template") })] },
    };
    expect(planMergePatch(live, workload({ template: 2 }))).toEqual({ metadata: guarded, spec: { template: 2 } });
  },
);

test("defaults that the server filled into a Service are not undone, dropped fields are", () => {
  const live: KubeObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "s",
      uid: "u",
      resourceVersion: "5",
      managedFields: [
        owned({
          "f:spec": leaves("type", "sessionAffinity", "publishNotReadyAddresses", "clusterIP", "internalTrafficPolicy"),
        }),
      ],
    },
    spec: {
      clusterIP: "None",
      clusterIPs: ["None"],
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      publishNotReadyAddresses: true,
      selector: { a: "1", b: "2" },
      ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 80 }],
    },
  };
  const wanted = (spec: Readonly<Record<string, unknown>>): KubeObject => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { a: "1", b: "2" },
      ports: [{ name: "http", port: 80 }],
      ...spec,
    },
  });
  expect(planMergePatch(live, wanted({}))).toBeNull();
  expect(planMergePatch(live, wanted({ publishNotReadyAddresses: undefined, selector: { a: "1" } }))).toEqual({
    metadata: guarded,
    spec: { publishNotReadyAddresses: null, selector: { b: null } },
  });
  expect(planMergePatch(live, wanted({ ports: [{ port: 80 }] }))).toEqual({
    metadata: guarded,
    spec: { ports: [{ port: 80 }] },
  });
});

test("an owner reference is added without removing those of others", () => {
  const owner = (uid: string) => ({ apiVersion: "v1", kind: "Thing", name: uid, uid });
  const live = configMap({ ownerReferences: [owner("theirs")] });
  expect(planMergePatch(live, configMap({ ownerReferences: [owner("ours")] }))).toEqual({
    metadata: { ...guarded, ownerReferences: [owner("theirs"), owner("ours")] },
  });
  expect(planMergePatch(live, configMap({}))).toBeNull();
});
