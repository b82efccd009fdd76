import type { Controller, ControllerContext } from "./context.ts";
import { createObjectIndex } from "./object-index.ts";
import {
  isTerminal,
  isTerminating,
  keyOf,
  type PersistentVolumeClaim,
  type Pod,
  splitKey,
  typed,
  uidOf,
} from "./objects.ts";

const CLASS = "standard";
const PROTECTION = "kubernetes.io/pvc-protection";

/** The provisioner of class `standard`: every claim is bound at once to a volume that holds nothing and goes with it. */
export function createVolumeController(context: ControllerContext): Controller {
  const { api } = context;
  const queue = context.queue("persistentvolume-binder", reconcile);
  const podsByClaim = createObjectIndex<Pod>(api, "pods", claimsOf);

  function reconcile(key: string): undefined {
    const object = api.get("persistentvolumeclaims", ...splitKey(key));
    if (object === undefined) return;
    const claim = typed<PersistentVolumeClaim>(object);
    if (isTerminating(claim)) {
      releaseUnused(claim);
      return;
    }
    if ((claim.spec.storageClassName ?? CLASS) !== CLASS) return;
    const volumeName = claim.spec.volumeName ?? `pvc-${uidOf(claim)}`;
    const capacity = claim.spec.resources?.requests ?? {};
    if (claim.spec.volumeName === undefined) {
      if (api.get("persistentvolumes", undefined, volumeName) === undefined) {
        const volume = api.create("persistentvolumes", {
          apiVersion: "v1",
          kind: "PersistentVolume",
          metadata: {
            name: volumeName,
            annotations: { "pv.kubernetes.io/provisioned-by": "sandbox.openpatio.io/volume" },
          },
          spec: {
            storageClassName: CLASS,
            persistentVolumeReclaimPolicy: "Delete",
            accessModes: claim.spec.accessModes ?? [],
            capacity,
            hostPath: { path: "/nowhere" },
            claimRef: {
              apiVersion: "v1",
              kind: "PersistentVolumeClaim",
              name: claim.metadata.name,
              namespace: claim.metadata.namespace,
              uid: uidOf(claim),
            },
          },
        });
        api.update("persistentvolumes", { ...volume, status: { phase: "Bound" } }, { subresource: "status" });
      }
      api.patch("persistentvolumeclaims", claim.metadata.namespace, claim.metadata.name, { spec: { volumeName } });
    }
    if (claim.status?.phase === "Bound") return;
    const latest = api.get("persistentvolumeclaims", ...splitKey(key));
    if (latest === undefined) return;
    const status = { phase: "Bound", accessModes: claim.spec.accessModes ?? [], capacity };
    api.update("persistentvolumeclaims", { ...latest, status }, { subresource: "status" });
  }

  /** A deleted claim stays as long as a pod uses it. */
  function releaseUnused({ metadata }: PersistentVolumeClaim): void {
    if (metadata.finalizers?.includes(PROTECTION) !== true) return;
    const users = podsByClaim.get(`${metadata.namespace ?? ""}/${metadata.name}`);
    if (users.some((pod) => !isTerminal(pod))) return;
    const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== PROTECTION);
    api.patch("persistentvolumeclaims", metadata.namespace, metadata.name, { metadata: { finalizers } });
  }

  /** A volume goes with its claim. */
  const released = context.queue("persistentvolume-recycler", (name) => {
    if (api.get("persistentvolumes", undefined, name) !== undefined) api.delete("persistentvolumes", undefined, name);
    return undefined;
  });

  return {
    observe({ type, resource, object }) {
      if (resource === "pods") {
        const pod = typed<Pod>(object);
        if (type === "DELETED" || isTerminal(pod)) for (const claim of claimsOf(pod)) queue.add(claim);
        return;
      }
      if (resource !== "persistentvolumeclaims") return;
      if (type === "DELETED") released.add(`pvc-${uidOf(object)}`);
      else queue.add(keyOf(object));
    },
    start() {
      for (const claim of api.list("persistentvolumeclaims")) queue.add(keyOf(claim));
    },
    stop() {
      queue.stop();
      released.stop();
      podsByClaim.stop();
    },
  };
}

function claimsOf({ metadata, spec }: Pod): readonly string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [`${metadata.namespace ?? ""}/${claim.claimName}`],
  );
}
