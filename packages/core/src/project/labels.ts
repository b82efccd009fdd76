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

/**
 * Hash of what a ConfigMap or Service says, over the fields that are ours as a whole: what an API server fills in makes no
 * difference. Equal for a rendered object and for the live one, until somebody changes it. Null for other kinds.
 */
export function dataHash(object: KubeObject): string | null {
  if (object.kind === "ConfigMap") {
    const binary = object["binaryData"];
    const isPlain = typeof binary !== "object" || binary === null || Object.keys(binary).length === 0;
    return contentHash({ data: object["data"] ?? {}, ...(isPlain ? {} : { binary }) });
  }
  if (object.kind !== "Service") return null;
  const spec = (object["spec"] ?? {}) as ServiceFields;
  const ports = Array.isArray(spec.ports) ? (spec.ports as readonly ServicePortFields[]) : [];
  return contentHash({
    selector: spec.selector ?? {},
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
    ports: ports.map(({ name, port, targetPort, protocol }) => ({
      name: name ?? "",
      port,
      targetPort: targetPort ?? port,
      protocol: protocol ?? "TCP",
    })),
  });
}

type ServiceFields = {
  readonly selector?: unknown;
  readonly publishNotReadyAddresses?: unknown;
  readonly ports?: unknown;
};
type ServicePortFields = {
  readonly name?: unknown;
  readonly port?: unknown;
  readonly targetPort?: unknown;
  readonly protocol?: unknown;
};
