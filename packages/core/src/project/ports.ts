import type { RevisionRole } from "../model/index.ts";

export type RolePort = {
  readonly container: string;
  /** As launchers know it: the port's own name, `port8000` when it has none, `<name>-<container>` for a second of one name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
};

type ContainerPorts = {
  readonly name?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number; readonly protocol?: string }[];
};

/** Every port of every container of a role's pods, in the order written, each with a name of its own. */
export function rolePorts(role: RevisionRole): readonly RolePort[] {
  const ports: RolePort[] = [];
  const names = new Set<string>();
  for (const container of containersOf(role.template)) {
    for (const port of container.ports ?? []) {
      if (port.containerPort === undefined) continue;
      const plain = port.name ?? `port${port.containerPort}`;
      const name = names.has(plain) ? `${plain}-${container.name ?? ""}` : plain;
      if (names.has(name)) continue;
      names.add(name);
      ports.push({
        container: container.name ?? "",
        name,
        port: port.containerPort,
        protocol: port.protocol ?? "TCP",
      });
    }
  }
  return ports;
}

/** Ports of the role's Service: a Service refuses a number twice per protocol, and names over 63 characters. */
export function servicePorts(role: RevisionRole): readonly Readonly<Record<string, unknown>>[] {
  const seen = new Set<string>();
  return rolePorts(role)
    .filter(({ port, protocol }) => {
      const key = `${protocol}/${port}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .map(({ name, port, protocol }) => ({
      name: name.slice(0, 63).replace(/-+$/, ""),
      port,
      targetPort: port,
      protocol,
    }));
}

function containersOf(template: Readonly<Record<string, unknown>>): readonly ContainerPorts[] {
  const spec = template["spec"] as
    | { containers?: readonly ContainerPorts[]; initContainers?: readonly SidecarPorts[] }
    | undefined;
  const sidecars = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...(spec?.containers ?? []), ...sidecars];
}

type SidecarPorts = ContainerPorts & { readonly restartPolicy?: string };
