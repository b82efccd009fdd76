import { stringify } from "yaml";
import {
  type GroupRole,
  type GroupState,
  groupName,
  groupRoles,
  type SetState,
  serviceName,
  workloadName,
} from "../model/index.ts";
import { rolePorts } from "./ports.ts";

/**
 * What the pods of a group learn about each other, once as a file and once as environment variables. Both follow the
 * wanted counts, so scaling changes them and never a pod template. Keys may be added, never renamed: launch scripts read
 * them.
 */
export type Discovery = {
  /** `/etc/rbg/config.yaml` */
  readonly configYaml: string;
  /** Data of the ConfigMap that every container takes its environment from. */
  readonly env: Readonly<Record<string, string>>;
};

type Instance = { readonly address: string; readonly ports: Readonly<Record<string, number>> };

export function renderDiscovery(
  set: Pick<SetState, "name" | "namespace" | "spec" | "revisions">,
  group: Pick<GroupState, "index" | "revision">,
): Discovery {
  const roles = groupRoles(set, group.revision);
  const sorted = [...roles].sort((a, b) => (a.role < b.role ? -1 : 1));
  const described = sorted.map((role) => ({
    role,
    service: serviceAddress(set, group.index, role.role),
    instances: roleInstances(set, group.index, role),
  }));
  const config = {
    group: { name: groupName(set.name, group.index), size: roles.length, roles: sorted.map((role) => role.role) },
    roles: Object.fromEntries(
      described.map(({ role, service, instances }) => [role.role, { size: role.replicas, service, instances }]),
    ),
  };
  const env: Record<string, string> = { RBG_GROUP_SIZE: String(roles.length) };
  for (const { role, service, instances } of described) {
    const prefix = `ROLES_${variableName(role.role)}`;
    env[`${prefix}_SIZE`] = String(role.replicas);
    env[`${prefix}_SERVICE`] = service;
    for (const [k, instance] of instances.entries()) {
      env[`${prefix}_${k}_ADDRESS`] = instance.address;
      for (const [port, number] of Object.entries(instance.ports))
        env[`${prefix}_${k}_${variableName(port)}_PORT`] = String(number);
    }
  }
  return { configYaml: stringify(config, { lineWidth: 0, aliasDuplicateObjects: false }), env };
}

/**
 * The addresses under which a cluster publishes the instances of a role.
 *
 * StatefulSet: pods by ordinal under the role's headless Service. Deployment: its pods have no stable names, so there
 * are none and the Service stands for them.
 */
function roleInstances(set: Pick<SetState, "name" | "namespace">, index: number, role: GroupRole): readonly Instance[] {
  if (role.kind === "Deployment") return [];
  const ports = Object.fromEntries(rolePorts(role.content).map(({ name, port }) => [name.replaceAll("-", "_"), port]));
  const service = serviceAddress(set, index, role.role);
  return Array.from({ length: role.replicas }, (_, ordinal) => ({
    address: `${workloadName(set.name, index, role.role)}-${ordinal}.${service}`,
    ports,
  }));
}

function serviceAddress(set: Pick<SetState, "name" | "namespace">, index: number, role: string): string {
  return `${serviceName(set.name, index, role)}.${set.namespace}.svc`;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
}
