/**
 * The garbage collector: what belongs to nobody any more goes, by owner references and UIDs, in the background, in the
 * foreground (dependents first) or not at all (orphans).
 */
import type { KubeObject, OwnerReference } from "@openpatio/core/model";
import type { ResourceName } from "../api.ts";
import { BUILTIN_RESOURCES } from "../store-resources.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { isTerminating, uidOf } from "./objects.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

type Entry = { readonly resource: ResourceName; readonly object: KubeObject };

/** Everything the store holds, by resource; custom resources as their definitions say. */
export function everyResource({ api }: Pick<ControllerContext, "api">): readonly ResourceName[] {
  const custom = api.list("customresourcedefinitions.apiextensions.k8s.io").map((definition) => {
    const { group, names } = definition["spec"] as {
      readonly group: string;
      readonly names: { readonly plural: string };
    };
    return `${names.plural}.${group}`;
  });
  return [...BUILTIN_RESOURCES.map(({ id }) => id), ...custom];
}

export function createGarbageCollector(context: ControllerContext): Controller {
  const { api } = context;
  const byUid = new Map<string, Entry>();
  /** UIDs of the objects that name an owner, by the owner's UID. */
  const dependents = new Map<string, Set<string>>();
  const queue = context.queue("garbage-collector", reconcile);

  function index(resource: ResourceName, object: KubeObject, previous?: KubeObject): void {
    const uid = uidOf(object);
    if (previous !== undefined) unindex(previous);
    byUid.set(uid, { resource, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const set = dependents.get(owner.uid) ?? new Set<string>();
      set.add(uid);
      dependents.set(owner.uid, set);
    }
  }

  function unindex(object: KubeObject): void {
    const uid = uidOf(object);
    byUid.delete(uid);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const set = dependents.get(owner.uid);
      set?.delete(uid);
      if (set?.size === 0) dependents.delete(owner.uid);
    }
  }

  function dependentsOf(uid: string): readonly Entry[] {
    return [...(dependents.get(uid) ?? [])].flatMap((dependent) => byUid.get(dependent) ?? []);
  }

  function reconcile(uid: string): undefined {
    const entry = byUid.get(uid);
    if (entry === undefined) return;
    const { object } = entry;
    if (isTerminating(object)) {
      if (hasFinalizer(object, ORPHAN)) orphanDependents(entry);
      else if (hasFinalizer(object, FOREGROUND)) deleteDependentsFirst(entry);
      return;
    }
    collect(entry);
  }

  /** Deletes the object when no owner is left, and drops references to owners that are gone. */
  function collect({ resource, object }: Entry): void {
    const references = object.metadata.ownerReferences ?? [];
    if (references.length === 0) return;
    const owners = references.map((reference) => ({ reference, owner: ownerOf(object, reference) }));
    const isWaiting = (owner: KubeObject): boolean => isTerminating(owner) && hasFinalizer(owner, FOREGROUND);
    const solid = owners.filter(({ owner }) => owner !== undefined && !isWaiting(owner));
    const waiting = owners.filter(({ owner }) => owner !== undefined && isWaiting(owner));
    const { namespace, name } = object.metadata;
    if (solid.length > 0) {
      if (solid.length < owners.length) {
        const ownerReferences = solid.map(({ reference }) => reference);
        api.patch(resource, namespace, name, { metadata: { uid: uidOf(object), ownerReferences } });
      }
      return;
    }
    const hasDependents = (dependents.get(uidOf(object))?.size ?? 0) > 0;
    const propagation = hasFinalizer(object, ORPHAN)
      ? "Orphan"
      : waiting.length > 0 && hasDependents
        ? "Foreground"
        : "Background";
    api.delete(resource, namespace, name, { propagation, uid: uidOf(object) });
  }

  function ownerOf(object: KubeObject, reference: OwnerReference): KubeObject | undefined {
    const owner = byUid.get(reference.uid)?.object;
    if (owner === undefined) return undefined;
    const { namespace } = owner.metadata;
    // An owner in another namespace does not count.
    return namespace === undefined || namespace === object.metadata.namespace ? owner : undefined;
  }

  function orphanDependents(owner: Entry): void {
    const uid = uidOf(owner.object);
    for (const { resource, object } of dependentsOf(uid)) {
      const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      api.patch(resource, object.metadata.namespace, object.metadata.name, {
        metadata: { uid: uidOf(object), ownerReferences },
      });
    }
    removeFinalizer(owner, ORPHAN);
  }

  function deleteDependentsFirst(owner: Entry): void {
    const uid = uidOf(owner.object);
    const present = dependentsOf(uid);
    const isBlocking = ({ object }: Entry): boolean =>
      object.metadata.ownerReferences?.some((item) => item.uid === uid && item.blockOwnerDeletion === true) === true;
    if (!present.some(isBlocking)) {
      removeFinalizer(owner, FOREGROUND);
      return;
    }
    for (const { object } of present) if (!isTerminating(object)) queue.add(uidOf(object));
  }

  function removeFinalizer({ resource, object }: Entry, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((item) => item !== finalizer);
    api.patch(resource, object.metadata.namespace, object.metadata.name, {
      metadata: { uid: uidOf(object), finalizers },
    });
  }

  return {
    observe({ type, resource, object, previous }) {
      const uid = uidOf(object);
      if (type === "DELETED") {
        for (const dependent of dependents.get(uid) ?? []) queue.add(dependent);
        for (const owner of object.metadata.ownerReferences ?? []) queue.add(owner.uid);
        unindex(previous ?? object);
        return;
      }
      index(resource, object, previous);
      const { ownerReferences } = object.metadata;
      if (isTerminating(object) || ownersOf(object) !== ownersOf(previous)) queue.add(uid);
      // A reference that was dropped may have been the last that held its owner.
      for (const owner of previous?.metadata.ownerReferences ?? []) {
        if (ownerReferences?.some((item) => item.uid === owner.uid) !== true) queue.add(owner.uid);
      }
    },
    start() {
      for (const resource of everyResource(context)) {
        for (const object of api.list(resource)) index(resource, object);
      }
      for (const uid of byUid.keys()) queue.add(uid);
    },
    stop: queue.stop,
  };
}

function ownersOf(object: KubeObject | undefined): string {
  return object?.metadata.ownerReferences?.map(({ uid }) => uid).join(" ") ?? "";
}

function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}
