import {
  ANNOTATION,
  API_VERSION,
  configMapName,
  envMapName,
  type GroupState,
  groupName,
  groupRoles,
  type KubeObject,
  type OwnerReference,
  renderedRoles,
  type SetState,
  serviceName,
  WORKLOAD_API_VERSION,
} from "../model/index.ts";
import { ORDERED_TEARDOWN } from "../resource/names.ts";
import { renderDiscovery } from "./discovery.ts";
import { groupLabels, roleLabels, roleSelector, withContentHash, withOwner } from "./labels.ts";
import { servicePorts } from "./ports.ts";

type SetFacts = Pick<SetState, "name" | "namespace" | "spec" | "revisions">;
type GroupFacts = Pick<GroupState, "index" | "revision" | "incarnation" | "rendering" | "external">;

/**
 * The RoleBasedGroup: owner of everything else of the group and its face to kubectl. Made by us only. Its finalizer is
 * given to it on creation and counts for no difference: one that lacks it is left without.
 */
export function renderOwner(set: SetFacts & Pick<SetState, "id">, group: GroupFacts): KubeObject {
  const { metadata, ...object } = renderPlainOwner(set, group);
  return { ...object, metadata: { ...metadata, finalizers: [ORDERED_TEARDOWN] } };
}

function renderPlainOwner(set: SetFacts & Pick<SetState, "id">, group: GroupFacts): KubeObject {
  return withContentHash({
    apiVersion: API_VERSION,
    kind: "RoleBasedGroup",
    metadata: {
      name: groupName(set.name, group.index),
      namespace: set.namespace,
      labels: groupLabels(set, group.index),
      annotations: { [ANNOTATION.setId]: set.id },
    },
    spec: {
      set: set.name,
      index: group.index,
      incarnation: group.incarnation,
      roles: renderedRoles(set, group).map(({ role, replicas, dependencies, kind }) => ({
        role,
        replicas,
        dependencies,
        workload: { apiVersion: WORKLOAD_API_VERSION[kind], kind },
      })),
    },
  });
}

/** What lives as long as the group, over all incarnations: both ConfigMaps and one headless Service per role. */
export function renderGroupObjects(set: SetFacts, group: GroupFacts, owner: OwnerReference): readonly KubeObject[] {
  return [...renderConfigMaps(set, group, owner), ...renderServices(set, group, owner)];
}

export function renderConfigMaps(set: SetFacts, group: GroupFacts, owner: OwnerReference): readonly KubeObject[] {
  const { configYaml, env } = renderDiscovery(set, group);
  const configMap = (name: string, data: Readonly<Record<string, string>>): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: set.namespace, labels: groupLabels(set, group.index) },
    data,
  });
  return [
    configMap(configMapName(set.name, group.index), { "config.yaml": configYaml }),
    configMap(envMapName(set.name, group.index), env),
  ].map((object) => withOwner(withContentHash(object), owner));
}

export function renderServices(set: SetFacts, group: GroupFacts, owner: OwnerReference): readonly KubeObject[] {
  return groupRoles(set, group.revision).map((role) => {
    const ports = servicePorts(role.content);
    const service: KubeObject = {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: serviceName(set.name, group.index, role.role),
        namespace: set.namespace,
        labels: roleLabels(set, group.index, role.role),
      },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: roleSelector(set, group.index, role.role),
        ...(ports.length === 0 ? {} : { ports }),
      },
    };
    return withOwner(withContentHash(service), owner);
  });
}
