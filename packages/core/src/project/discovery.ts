import { stringify } from "yaml";
import { type GroupRole, type GroupState, groupName, renderedRoles, type SetState } from "../model/index.ts";
import { instanceAddresses, serviceAddress } from "./addresses.ts";
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

type Instance = {
  /** Of a multi-node instance its leader's: that is where requests go. */
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  /** Of a multi-node instance. */
  readonly workers?: readonly { readonly address: string }[];
};

export function renderDiscovery(
  set: Pick<SetState, "name" | "namespace" | "spec" | "revisions">,
  group: Pick<GroupState, "index" | "revision" | "rendering" | "external">,
): Discovery {
  const roles = renderedRoles(set, group);
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

function roleInstances(set: Pick<SetState, "name" | "namespace">, index: number, role: GroupRole): readonly Instance[] {
  const ports = Object.fromEntries(rolePorts(role.content).map(({ name, port }) => [name.replaceAll("-", "_"), port]));
  return instanceAddresses(set, index, role).map(({ address, workers }) => ({
    address,
    ports,
    ...(workers === null ? {} : { workers: workers.map((each) => ({ address: each })) }),
  }));
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
}
