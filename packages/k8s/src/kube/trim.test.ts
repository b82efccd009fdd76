import { ANNOTATION, type KubeObject, LABEL, LWS_LABEL, MANAGER } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { trimNode, trimObject, trimPod, trimWorkload } from "./trim.ts";

const LABELS = {
  [LABEL.set]: "demo",
  [LABEL.groupIndex]: "3",
  [LABEL.role]: "decode",
  [LABEL.incarnation]: "7",
  [LABEL.revisionHash]: "abc",
};

const pod = (
  parts: Readonly<Record<string, unknown>> = {},
  metadata: Partial<KubeObject["metadata"]> = {},
): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "demo-3-decode-12",
    namespace: "ns",
    uid: "u",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: LABELS,
    ownerReferences: [
      { apiVersion: "apps/v1", kind: "StatefulSet", name: "demo-3-decode", uid: "s", controller: true },
    ],
    ...metadata,
  },
  ...parts,
});

test("a pod of ours keeps what says where it belongs and how it is", () => {
  const trimmed = trimPod(
    pod({
      spec: {
        nodeName: "node-1",
        initContainers: [
          { name: "fetch", image: "i" },
          { name: "proxy", image: "p", restartPolicy: "Always" },
        ],
        containers: [
          {
            name: "engine",
            image: "e:1",
            resources: { limits: { "nvidia.com/gpu": "2" } },
            ports: [{ containerPort: 1, hostPort: 80 }],
          },
        ],
      },
      status: {
        phase: "Running",
        podIP: "10.0.0.1",
        conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:05Z" }],
        initContainerStatuses: [{ name: "fetch", state: { terminated: { exitCode: 0, reason: "Completed" } } }],
        containerStatuses: [
          {
            name: "engine",
            image: "docker.io/e:1",
            containerID: "containerd://2",
            restartCount: 1,
            ready: true,
            state: { running: { startedAt: "2026-01-01T00:00:04Z" } },
            lastState: {
              terminated: {
                containerID: "containerd://1",
                exitCode: 137,
                reason: "OOMKilled",
                finishedAt: "2026-01-01T00:00:03Z",
              },
            },
          },
        ],
      },
    }),
  );
  expect(trimmed).toMatchObject({
    set: "demo",
    groupIndex: 3,
    role: "decode",
    incarnation: 7,
    revisionHash: "abc",
    ordinal: 12,
    ownerUid: "s",
    ownerKind: "StatefulSet",
    ownerName: "demo-3-decode",
    nodeName: "node-1",
    phase: "Running",
    isReady: true,
    readySinceMs: Date.UTC(2026, 0, 1, 0, 0, 5),
    createdAtMs: Date.UTC(2026, 0, 1),
    deletionAtMs: null,
    unschedulableMessage: null,
    requests: { "nvidia.com/gpu": 2, pods: 1 },
    hostPorts: [80],
    ip: "10.0.0.1",
  });
  expect(trimmed.containers.map((one) => [one.name, one.kind, one.state, one.exitCode])).toEqual([
    ["fetch", "init", "terminated", 0],
    ["proxy", "sidecar", "waiting", null],
    ["engine", "main", "running", null],
  ]);
  expect(trimmed.containers[2]).toMatchObject({
    containerId: "containerd://2",
    restartCount: 1,
    startedAtMs: Date.UTC(2026, 0, 1, 0, 0, 4),
    lastTermination: {
      containerId: "containerd://1",
      exitCode: 137,
      reason: "OOMKilled",
      finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 3),
    },
  });
  expect(JSON.stringify(trimmed).length).toBeLessThan(2048);
});

test("a pod that the scheduler can't place carries its words, one that merely waits does not", () => {
  const scheduled = (reason: string) =>
    trimPod(
      pod({
        status: {
          phase: "Pending",
          conditions: [{ type: "PodScheduled", status: "False", reason, message: "0/4 nodes" }],
        },
      }),
    );
  expect(scheduled("Unschedulable").unschedulableMessage).toBe("0/4 nodes");
  expect(scheduled("SchedulingGated").unschedulableMessage).toBeNull();
});

test("a pod of others has no set; its labels may say anything", () => {
  const foreign = trimPod(
    pod(
      {},
      {
        labels: { [LABEL.groupIndex]: "-1", [LABEL.incarnation]: "1e3" },
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "d", controller: true }],
      },
    ),
  );
  expect(foreign).toMatchObject({
    set: null,
    groupIndex: null,
    incarnation: null,
    isDaemonSetPod: true,
    ordinal: null,
  });
});

test("objects of unexpected shape do not throw", () => {
  for (const odd of [null, "text", [], { conditions: "none", containerStatuses: { a: 1 } }]) {
    expect(trimPod(pod({ spec: odd, status: odd })).phase).toBe("Pending");
    expect(trimNode(pod({ spec: odd, status: odd })).isReady).toBe(false);
    expect(trimWorkload(pod({ spec: odd, status: odd }), "StatefulSet")?.replicas).toBe(1);
  }
});

test("a node that is not Ready says why", () => {
  const node = (conditions: unknown) =>
    trimNode({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n", uid: "u", labels: { zone: "a" } },
      spec: { unschedulable: true, taints: [{ key: "k", effect: "NoSchedule" }] },
      status: { conditions, allocatable: { cpu: "3900m", memory: "1Gi", "nvidia.com/gpu": "8" } },
    });
  expect(node([{ type: "Ready", status: "True", message: "kubelet is posting ready status" }])).toEqual({
    name: "n",
    uid: "u",
    labels: { zone: "a" },
    taints: [{ key: "k", value: "", effect: "NoSchedule" }],
    isUnschedulable: true,
    isReady: true,
    notReadyMessage: null,
    allocatable: { cpu: 3900, memory: 1024 ** 3, "nvidia.com/gpu": 8 },
  });
  expect(
    node([{ type: "Ready", status: "Unknown", message: "Kubelet stopped posting node status." }]).notReadyMessage,
  ).toBe("Kubelet stopped posting node status.");
  expect(node([]).notReadyMessage).toBe("not ready yet");
});

test("a workload without our labels is of no interest; one with them shows how far it is", () => {
  const workload = (labels: Readonly<Record<string, string>>): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "w",
      namespace: "ns",
      uid: "u",
      generation: 4,
      labels,
      ownerReferences: [{ apiVersion: "openpatio.io/v1alpha1", kind: "RoleBasedGroup", name: "demo-3", uid: "g" }],
    },
    spec: { replicas: 2 },
    status: {
      observedGeneration: 3,
      readyReplicas: 1,
      conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }],
    },
  });
  expect(trimWorkload(workload({ [LABEL.set]: "demo" }), "Deployment")).toBeNull();
  expect(trimWorkload(workload(LABELS), "Deployment")).toMatchObject({
    kind: "Deployment",
    ownerUid: "g",
    generation: 4,
    observedGeneration: 3,
    replicas: 2,
    readyReplicas: 1,
    failureMessage: "exceeded quota",
  });
});

test("only a RoleBasedGroup keeps its status", () => {
  const managedFields = [
    { manager: "helm", time: "2026-01-01T00:00:01Z", fieldsV1: { "f:data": { "f:a": {} } } },
    { manager: "kubectl-edit", time: "2026-01-01T00:00:02Z", fieldsV1: { "f:data": { "f:b": {} } } },
    { manager: "kubectl-label", time: "2026-01-01T00:00:03Z", fieldsV1: { "f:metadata": {} } },
    { manager: MANAGER, time: "2026-01-01T00:00:04Z", fieldsV1: { "f:data": { "f:c": {} } } },
    { manager: "somebody", subresource: "status", time: "2026-01-01T00:00:05Z", fieldsV1: { "f:spec": {} } },
  ];
  const one = (kind: "RoleBasedGroup" | "ConfigMap") =>
    trimObject(
      {
        apiVersion: "v1",
        kind,
        metadata: {
          name: "x",
          uid: "u",
          labels: LABELS,
          annotations: { [ANNOTATION.contentHash]: "h", [ANNOTATION.setId]: "set-1" },
          managedFields,
        },
        status: { phase: "Ready" },
        data: { big: "value" },
      },
      kind,
    );
  expect(one("RoleBasedGroup")).toMatchObject({
    status: { phase: "Ready" },
    contentHash: "h",
    role: "decode",
    groupIndex: 3,
  });
  expect(one("RoleBasedGroup")).toMatchObject({ dataHash: null, setId: "set-1" });
  expect(one("ConfigMap")).toMatchObject({ status: null, changedBy: "kubectl-edit" });
  expect(JSON.stringify(one("ConfigMap"))).not.toContain("big");
});

test("a pod of a multi-node instance says which instance it is of, and its place there", () => {
  const labels = { ...LABELS, [LABEL.instance]: "2" };
  const owned = (name: string) => [{ apiVersion: "apps/v1", kind: "StatefulSet", name, uid: "s", controller: true }];
  const place = (metadata: Partial<KubeObject["metadata"]>) => {
    const { ordinal, worker, ownerKind, ownerName } = trimPod(pod({}, metadata));
    return [ordinal, worker, ownerKind, ownerName];
  };
  const one = { name: "demo-3-decode-2-1", labels, ownerReferences: owned("demo-3-decode-2") };
  expect(place(one)).toEqual([2, 1, "StatefulSet", "demo-3-decode-2"]);
  const own = { name: "demo-3-decode-2-w-1", labels, ownerReferences: owned("demo-3-decode-2-w") };
  expect(place(own)).toEqual([2, 1, "StatefulSet", "demo-3-decode-2-w"]);
  const lws = {
    ...LABELS,
    [LWS_LABEL.name]: "demo-3-decode",
    [LWS_LABEL.groupIndex]: "2",
    [LWS_LABEL.workerIndex]: "1",
  };
  const ofLws = { name: "demo-3-decode-2-1", labels: lws, ownerReferences: owned("demo-3-decode-2") };
  expect(place(ofLws)).toEqual([2, 1, "LeaderWorkerSet", "demo-3-decode"]);
});

test("a LeaderWorkerSet that does not tell what it has observed is taken as it is", () => {
  const object = {
    apiVersion: "leaderworkerset.x-k8s.io/v1",
    kind: "LeaderWorkerSet",
    metadata: { name: "demo-3-decode", namespace: "ns", uid: "u", labels: LABELS, generation: 4 },
    spec: { replicas: 2 },
  };
  expect(trimWorkload(object, "LeaderWorkerSet")).toMatchObject({ generation: 4, observedGeneration: 4, replicas: 2 });
  const told = { ...object, status: { observedGeneration: 3 } };
  expect(trimWorkload(told, "LeaderWorkerSet")).toMatchObject({ observedGeneration: 3 });
});
