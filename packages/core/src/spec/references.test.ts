import { expect, test } from "vitest";
import { objectReferences } from "./references.ts";

test("everything that a pod needs beside itself is found, each once with every place that names it", () => {
  const container = {
    env: [
      { name: "A", valueFrom: { secretKeyRef: { name: "keys", key: "a" } } },
      { name: "B", valueFrom: { configMapKeyRef: { name: "settings", key: "b" } } },
      { name: "C", valueFrom: { secretKeyRef: { name: "perhaps", key: "c", optional: true } } },
    ],
    envFrom: [{ secretRef: { name: "keys" } }, { configMapRef: { name: "maybe", optional: true } }],
  };
  const spec = {
    serviceAccountName: "runner",
    priorityClassName: "high",
    runtimeClassName: "kata",
    imagePullSecrets: [{ name: "registry" }],
    volumes: [
      { name: "a", secret: { secretName: "keys" } },
      { name: "b", configMap: { name: "settings" } },
      { name: "c", persistentVolumeClaim: { claimName: "models" } },
      {
        name: "d",
        projected: { sources: [{ secret: { name: "token" } }, { configMap: { name: "x", optional: true } }] },
      },
      { name: "e", csi: { driver: "d", nodePublishSecretRef: { name: "driver" } } },
      { name: "f", emptyDir: {} },
    ],
    initContainers: [{ env: [{ name: "D", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }],
    containers: [container],
  };
  const found = objectReferences([{ path: "roles[0].template", template: { spec } }]);
  expect(found.map(({ kind, name }) => `${kind}/${name}`).sort()).toEqual([
    "ConfigMap/settings",
    "PersistentVolumeClaim/models",
    "PriorityClass/high",
    "RuntimeClass/kata",
    "Secret/driver",
    "Secret/keys",
    "Secret/registry",
    "Secret/token",
    "ServiceAccount/runner",
  ]);
  expect(found.find(({ name }) => name === "keys")?.paths).toEqual([
    "roles[0].template.spec.volumes[0].secret.secretName",
    "roles[0].template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
    "roles[0].template.spec.containers[0].envFrom[0].secretRef.name",
  ]);
});
