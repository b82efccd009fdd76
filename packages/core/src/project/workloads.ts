import {
  fields,
  findRevision,
  type GroupState,
  groupRoles,
  type KubeObject,
  LABEL,
  type OwnerReference,
  type RenderedWorkload,
  type SetState,
  serviceName,
  workloadName,
} from "../model/index.ts";
import { roleLabels, roleSelector, withOwner } from "./labels.ts";
import { renderPodTemplate } from "./pod-template.ts";

/**
 * The workloads of a group's incarnation, one per role, as they are stored with it: without replicas and owner, which
 * are filled in on creation.
 *
 * The selector holds the incarnation, so a workload can never adopt pods of another life of the group.
 */
export function renderWorkloads(
  set: Pick<SetState, "id" | "name" | "namespace" | "spec" | "revisions">,
  group: Pick<GroupState, "index" | "incarnation" | "revision" | "placement">,
): readonly RenderedWorkload[] {
  const { hash, content } = findRevision(set, group.revision);
  const prefers = group.placement?.prefers ?? null;
  return groupRoles(set, group.revision).map((role) => {
    const incarnation = String(group.incarnation);
    const template = renderPodTemplate({
      set,
      index: group.index,
      incarnation: group.incarnation,
      revisionHash: hash,
      groupMetadata: content.groupMetadata,
      role,
      domain: prefers === null ? (group.placement?.domain ?? null) : null,
      prefers,
      avoid: group.placement?.avoid ?? [],
    });
    const selector = {
      matchLabels: { ...roleSelector(set, group.index, role.role), [LABEL.incarnation]: incarnation },
    };
    const minReady = role.minReadySeconds === 0 ? {} : { minReadySeconds: role.minReadySeconds };
    const { volumeClaimTemplates } = role.content;
    const spec =
      role.kind === "StatefulSet"
        ? {
            serviceName: serviceName(set.name, group.index, role.role),
            podManagementPolicy: "Parallel",
            ...minReady,
            selector,
            template,
            ...(volumeClaimTemplates.length === 0 ? {} : { volumeClaimTemplates }),
          }
        : { ...minReady, selector, template };
    return {
      role: role.role,
      kind: role.kind,
      object: {
        apiVersion: "apps/v1",
        kind: role.kind,
        metadata: {
          name: workloadName(set.name, group.index, role.role),
          namespace: set.namespace,
          labels: {
            ...roleLabels(set, group.index, role.role),
            [LABEL.incarnation]: incarnation,
            [LABEL.revisionHash]: hash,
          },
        },
        spec,
      },
    };
  });
}

/**
 * The object to POST for a stored rendering. `roleRestart` is the life of its role within the incarnation: later ones
 * carry its number on the workload, on its pods and in its selector, so that lives never mix.
 */
export function workloadObject(
  rendered: RenderedWorkload,
  replicas: number,
  owner: OwnerReference,
  roleRestart = 0,
): KubeObject {
  const object = roleRestart === 0 ? rendered.object : withRoleRestart(rendered.object, String(roleRestart));
  return withOwner({ ...object, spec: { replicas, ...fields(object["spec"]) } }, owner);
}

/** In every place of a workload that has our incarnation label. */
function withRoleRestart(object: KubeObject, restart: string): KubeObject {
  return labelled(object, restart) as KubeObject;
}

function labelled(value: unknown, restart: string): unknown {
  if (Array.isArray(value)) return value.map((item) => labelled(item, restart));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const isLabels = (key === "labels" || key === "matchLabels") && fields(inner)[LABEL.incarnation] !== undefined;
    return [key, isLabels ? { ...fields(inner), [LABEL.roleRestart]: restart } : labelled(inner, restart)] as const;
  });
  return Object.fromEntries(entries);
}
