import type { RevisionRole } from "../model/index.ts";

export type RolePort = {
  readonly container: string;
  /**
   * As launchers know it: the port's own name, `port8000` when it has none, `<name>-<container>` for a second of one name,
   * and with a number where that is taken too. Unique also with `_` for `-`, as launchers read it.
   */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
};

type ContainerPorts = {
  readonly name?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number; readonly protocol?: string }[];
};

/** Every port of every container of a role's pods (its leaders), in the order written, each with a name of its own. */
export function rolePorts(role: RevisionRole): readonly RolePort[] {
  return namedPorts(containersOf(role.template));
}

function namedPorts(containers: readonly ContainerPorts[]): readonly RolePort[] {
  const ports: RolePort[] = [];
  const names = new Set<string>();
  for (const container of containers) {
    for (const port of container.ports ?? []) {
      if (port.containerPort === undefined) continue;
      const name = freeName(port.name ?? `port${port.containerPort}`, container.name ?? "", names);
      names.add(name.replaceAll("-", "_"));
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

function freeName(plain: string, container: string, taken: ReadonlySet<string>): string {
  const isFree = (name: string): boolean => !taken.has(name.replaceAll("-", "_"));
  if (isFree(plain)) return plain;
  const longer = `${plain}-${container}`;
  let name = longer;
  for (let n = 2; !isFree(name); n++) name = `${longer}-${n}`;
  return name;
}

/** Ports of the role's Service: a Service refuses a number twice per protocol, and names over 63 characters. */
export function servicePorts(role: RevisionRole): readonly Readonly<Record<string, unknown>>[] {
  const seen = new Set<string>();
  const names = new Set<string>();
  const workers = role.leaderWorker?.workerTemplate ?? null;
  return namedPorts([...containersOf(role.template), ...(workers === null ? [] : containersOf(workers))])
    .filter(({ port, protocol }) => {
      const key = `${protocol}/${port}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .map(({ name, port, protocol }) => ({ name: serviceName(name), port, targetPort: port, protocol }));

  function serviceName(name: string): string {
    let short = name.slice(0, 63).replace(/-+$/, "");
    for (let n = 2; names.has(short); n++) short = `${name.slice(0, 59)}-${n}`;
    names.add(short);
    return short;
  }
}

function containersOf(template: Readonly<Record<string, unknown>>): readonly ContainerPorts[] {
  const spec = template["spec"] as
    | { containers?: readonly ContainerPorts[]; initContainers?: readonly SidecarPorts[] }
    | undefined;
  const sidecars = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...(spec?.containers ?? []), ...sidecars];
}

type SidecarPorts = ContainerPorts & { readonly restartPolicy?: string };
