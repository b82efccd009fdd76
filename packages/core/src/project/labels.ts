import {
  ANNOTATION,
  API_VERSION,
  type KubeObject,
  LABEL,
  type Labels,
  MANAGER,
  type OwnerReference,
  type SetState,
} from "../model/index.ts";
import { contentHash } from "../spec/hash.ts";

export function groupLabels(set: Pick<SetState, "name">, index: number): Labels {
  return { [LABEL.set]: set.name, [LABEL.groupIndex]: String(index), [LABEL.managedBy]: MANAGER };
}

export function roleLabels(set: Pick<SetState, "name">, index: number, role: string): Labels {
  return { ...groupLabels(set, index), [LABEL.role]: role };
}

/** What picks the pods of one role of one group, whatever their incarnation. */
export function roleSelector(set: Pick<SetState, "name">, index: number, role: string): Labels {
  return { [LABEL.set]: set.name, [LABEL.groupIndex]: String(index), [LABEL.role]: role };
}

/** The group's RoleBasedGroup as the controlling owner of everything else of the group. */
export function ownerReference(name: string, uid: string): OwnerReference {
  return { apiVersion: API_VERSION, kind: "RoleBasedGroup", name, uid, controller: true, blockOwnerDeletion: true };
}

export function withOwner(object: KubeObject, owner: OwnerReference): KubeObject {
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}

/** Adds the annotation by which a later plan sees whether the object is still as it was last sent. */
export function withContentHash(object: KubeObject): KubeObject {
  const annotations = { ...object.metadata.annotations, [ANNOTATION.contentHash]: contentHash(object) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export function contentHashOf(object: KubeObject): string | null {
  return object.metadata.annotations?.[ANNOTATION.contentHash] ?? null;
}
