/**
 * Volumes that hold nothing: binds claims to volumes that exist, or makes them by the rules of their storage class,
 * keeps what is in use, and gives back what is not.
 */
import type { KubeObject } from "@openpatio/core/model";
import { quantityValue } from "../store-quantity.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { createObjectIndex } from "./object-index.ts";
import {
  isTerminal,
  isTerminating,
  keyOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  splitKey,
  typed,
  uidOf,
} from "./objects.ts";

export const PROVISIONER = "sandbox.openpatio.io/volume";
/** A class parameter: the node label whose value a volume is bound to. */
export const TOPOLOGY_PARAMETER = "topologyKey";
/** What the scheduler writes on a claim that waits for its first pod. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const CLAIMS = "persistentvolumeclaims";
const VOLUMES = "persistentvolumes";
const PROTECTION = "kubernetes.io/pvc-protection";

type StorageClass = KubeObject & {
  readonly provisioner?: string;
  readonly reclaimPolicy?: string;
  readonly volumeBindingMode?: string;
  readonly parameters?: Readonly<Record<string, string>>;
};

export function createVolumeController(context: ControllerContext): Controller {
  const { api, events } = context;
  const queue = context.queue("persistentvolume-binder", reconcile);
  const released = context.queue("persistentvolume-recycler", release);
  const podsByClaim = createObjectIndex<Pod>(api, "pods", claimsOf);
  const claimsByPhase = createObjectIndex<PersistentVolumeClaim>(api, CLAIMS, ({ status }) => [status?.phase ?? ""]);

  function reconcile(key: string): undefined {
    const object = api.get(CLAIMS, ...splitKey(key));
    if (object === undefined) return;
    const claim = typed<PersistentVolumeClaim>(object);
    if (isTerminating(claim)) {
      releaseUnused(claim);
      return;
    }
    if (claim.status?.phase === "Bound") return;
    const volume = volumeFor(claim);
    if (volume !== undefined) bind(claim, volume);
  }

  /** The volume that the claim names, else the smallest that will do, else a new one as its class says. */
  function volumeFor(claim: PersistentVolumeClaim): PersistentVolume | undefined {
    const { volumeName, storageClassName } = claim.spec;
    if (volumeName !== undefined) {
      const found = api.get(VOLUMES, undefined, volumeName);
      const named = found === undefined ? undefined : typed<PersistentVolume>(found);
      return named !== undefined && isFreeFor(named, claim) ? named : undefined;
    }
    const object =
      storageClassName === undefined || storageClassName === ""
        ? undefined
        : api.get("storageclasses.storage.k8s.io", undefined, storageClassName);
    const storage = object as StorageClass | undefined;
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (storage?.volumeBindingMode === "WaitForFirstConsumer" && node === undefined) return undefined;
    const [fitting] = api
      .list(VOLUMES)
      .map((one) => typed<PersistentVolume>(one))
      .filter((one) => fits(one, claim))
      .sort((a, b) => sizeOf(a.spec.capacity) - sizeOf(b.spec.capacity));
    if (fitting !== undefined) return fitting;
    return storage?.provisioner === PROVISIONER ? provision(claim, storage, node) : undefined;
  }

  function provision(claim: PersistentVolumeClaim, storage: StorageClass, nodeName: string | undefined) {
    const name = `pvc-${uidOf(claim)}`;
    const present = api.get(VOLUMES, undefined, name);
    if (present !== undefined) return typed<PersistentVolume>(present);
    const key = storage.parameters?.[TOPOLOGY_PARAMETER];
    const node = nodeName === undefined ? undefined : api.get("nodes", undefined, nodeName);
    const domain = key === undefined ? undefined : node?.metadata.labels?.[key];
    const volume = api.create(VOLUMES, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
      spec: {
        storageClassName: storage.metadata.name,
        persistentVolumeReclaimPolicy: storage.reclaimPolicy ?? "Delete",
        accessModes: claim.spec.accessModes ?? [],
        capacity: claim.spec.resources?.requests ?? {},
        hostPath: { path: "/nowhere" },
        claimRef: referenceTo(claim),
        ...(key === undefined || domain === undefined
          ? {}
          : {
              nodeAffinity: {
                required: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [domain] }] }],
                },
              },
            }),
      },
    });
    events.record({
      about: claim,
      type: "Normal",
      reason: "ProvisioningSucceeded",
      message: `Successfully provisioned volume ${name}`,
      component: PROVISIONER,
    });
    return typed<PersistentVolume>(volume);
  }

  function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): void {
    const { namespace, name } = claim.metadata;
    const { name: volumeName } = volume.metadata;
    if (volume.spec.claimRef?.uid !== uidOf(claim)) {
      api.patch(VOLUMES, undefined, volumeName, { spec: { claimRef: referenceTo(claim) } });
    }
    setPhase(VOLUMES, undefined, volumeName, "Bound");
    if (claim.spec.volumeName === undefined) {
      const annotations = { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" };
      api.patch(CLAIMS, namespace, name, { metadata: { annotations }, spec: { volumeName } });
    }
    const latest = api.get(CLAIMS, namespace, name);
    if (latest === undefined) return;
    const { accessModes = [], capacity = {} } = volume.spec;
    api.update(CLAIMS, { ...latest, status: { phase: "Bound", accessModes, capacity } }, { subresource: "status" });
  }

  function setPhase(resource: string, namespace: string | undefined, name: string, phase: string): void {
    const latest = api.get(resource, namespace, name);
    if (latest === undefined || (latest["status"] as { phase?: string } | undefined)?.phase === phase) return;
    api.update(resource, { ...latest, status: { phase } }, { subresource: "status" });
  }

  /** A deleted claim stays as long as a pod uses it. */
  function releaseUnused({ metadata }: PersistentVolumeClaim): void {
    if (metadata.finalizers?.includes(PROTECTION) !== true) return;
    const users = podsByClaim.get(`${metadata.namespace ?? ""}/${metadata.name}`);
    if (users.some((pod) => !isTerminal(pod))) return;
    const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== PROTECTION);
    api.patch(CLAIMS, metadata.namespace, metadata.name, { metadata: { finalizers } });
  }

  /** A volume whose claim is gone goes with it, or stays as it is for a person to decide, as its policy says. */
  function release(name: string): undefined {
    const found = api.get(VOLUMES, undefined, name);
    if (found === undefined) return;
    const { spec } = typed<PersistentVolume>(found);
    const { claimRef } = spec;
    if (claimRef?.uid === undefined) {
      setPhase(VOLUMES, undefined, name, "Available");
      for (const claim of claimsByPhase.get("Pending")) queue.add(keyOf(claim));
      return;
    }
    const claim = api.get(CLAIMS, claimRef.namespace, claimRef.name);
    if (claim !== undefined && uidOf(claim) === claimRef.uid) return;
    if (spec.persistentVolumeReclaimPolicy === "Delete") api.delete(VOLUMES, undefined, name);
    else setPhase(VOLUMES, undefined, name, "Released");
  }

  return {
    observe({ type, resource, object }) {
      if (resource === "pods") {
        const pod = typed<Pod>(object);
        if (type === "DELETED" || isTerminal(pod)) for (const claim of claimsOf(pod)) queue.add(claim);
      } else if (resource === VOLUMES) {
        if (type !== "DELETED") released.add(object.metadata.name);
      } else if (resource === CLAIMS) {
        const { volumeName } = typed<PersistentVolumeClaim>(object).spec;
        if (type !== "DELETED") queue.add(keyOf(object));
        else if (volumeName !== undefined) released.add(volumeName);
      }
    },
    start() {
      for (const claim of api.list(CLAIMS)) queue.add(keyOf(claim));
      for (const volume of api.list(VOLUMES)) released.add(volume.metadata.name);
    },
    stop() {
      queue.stop();
      released.stop();
      podsByClaim.stop();
      claimsByPhase.stop();
    },
  };
}

function referenceTo(claim: PersistentVolumeClaim) {
  const { name, namespace = "default" } = claim.metadata;
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid: uidOf(claim) };
}

/** Not taken, or kept for this very claim. */
function isFreeFor({ spec, status }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  if (claimRef === undefined) return status?.phase === "Available" || status?.phase === "Pending";
  const isNamed = claimRef.name === claim.metadata.name && claimRef.namespace === claim.metadata.namespace;
  return isNamed && (claimRef.uid === undefined || claimRef.uid === uidOf(claim));
}

function fits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { accessModes = [], storageClassName = "", capacity } = volume.spec;
  return (
    isFreeFor(volume, claim) &&
    storageClassName === (claim.spec.storageClassName ?? "") &&
    (claim.spec.accessModes ?? []).every((mode) => accessModes.includes(mode)) &&
    sizeOf(capacity) >= sizeOf(claim.spec.resources?.requests)
  );
}

function sizeOf(amounts: Readonly<Record<string, string>> | undefined): number {
  return quantityValue(amounts?.["storage"] ?? "0");
}

export function claimsOf({ metadata, spec }: Pod): readonly string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [`${metadata.namespace ?? ""}/${claim.claimName}`],
  );
}
