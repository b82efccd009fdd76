import { type Path, WORKLOADS, type YamlEdit } from "@openpatio/core/spec";
import { type Design, type DesignRole, GPU } from "./design.ts";

/** What the form and the canvas do to the document, as edits of its syntax tree: comments and order survive. */

const ROLES = ["spec", "groupTemplate", "roles"] as const;
const set = (path: readonly (string | number)[], value: unknown): YamlEdit => ({ path, value });
const drop = (path: readonly (string | number)[]): YamlEdit => ({ path, delete: true });

export const rolePath = (role: number, ...rest: readonly (string | number)[]) => [...ROLES, role, ...rest];
/** Where the pod template of a role stands: the leader's, or the one that its workers have of their own. */
export const templatePath = (role: number, part: "leader" | "workers" = "leader") =>
  part === "leader" ? rolePath(role, "template") : rolePath(role, "leaderWorker", "workerTemplate");
export const containerPath = (template: Path, container: number, ...rest: readonly (string | number)[]) => [
  ...template,
  "spec",
  "containers",
  container,
  ...rest,
];

/** Sets a field, or takes it away when the value is empty or the default: documents stay as short as their author wrote them. */
export const setOrDrop = (
  path: readonly (string | number)[],
  value: unknown,
  fallback: unknown = "",
): readonly YamlEdit[] => [value === fallback || value === "" ? drop(path) : set(path, value)];

export const addDependency = (role: DesignRole, on: string): readonly YamlEdit[] => [
  role.dependencies.length === 0
    ? set(rolePath(role.index, "dependencies"), [on])
    : set(rolePath(role.index, "dependencies", role.dependencies.length), on),
];

export function removeDependency(role: DesignRole, on: string): readonly YamlEdit[] {
  if (role.dependencies.every((name) => name === on)) return [drop(rolePath(role.index, "dependencies"))];
  const places = role.dependencies.flatMap((name, place) => (name === on ? [place] : []));
  // From the end: what is dropped moves the places behind it.
  return places.toReversed().map((place) => drop(rolePath(role.index, "dependencies", place)));
}

/** Renames a role everywhere it is named. */
export function renameRole(design: Design, role: DesignRole, name: string): readonly YamlEdit[] {
  const followers = design.roles.flatMap((other) =>
    other.dependencies.flatMap((dependency, at) =>
      dependency === role.name && role.name !== "" ? [set(rolePath(other.index, "dependencies", at), name)] : [],
    ),
  );
  return [set(rolePath(role.index, "role"), name), ...followers];
}

export function removeRole(design: Design, role: DesignRole): readonly YamlEdit[] {
  const followers = design.roles.filter((other) => other !== role && other.dependencies.includes(role.name));
  // Dependencies first: removing the role moves the indices behind it.
  return [...followers.flatMap((other) => removeDependency(other, role.name)), drop(rolePath(role.index))];
}

function freeName(design: Design, wish: string): string {
  const taken = new Set(design.roles.map((role) => role.name));
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}-${n}`;
  return name;
}

/** A role that is valid from the start, so that adding one never turns the whole document red. */
export function addRole(design: Design): { readonly edits: readonly YamlEdit[]; readonly name: string } {
  const name = freeName(design, "role");
  const like = design.roles.at(-1)?.containers[0];
  const value = {
    role: name,
    replicas: 1,
    template: {
      spec: {
        containers: [
          {
            name: "main",
            image: like?.image || "lmsysorg/sglang:v0.5.9",
            ports: [{ name: "http", containerPort: 8000 }],
          },
        ],
      },
    },
  };
  return { edits: [set(rolePath(design.roles.length), value)], name };
}

export function duplicateRole(
  design: Design,
  role: DesignRole,
  content: unknown,
): { readonly edits: readonly YamlEdit[]; readonly name: string } {
  const name = freeName(design, role.name);
  return { edits: [set(rolePath(design.roles.length), { ...(content as object), role: name })], name };
}

const asQuantity = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

/** Limits are what a pod is packed by; a request of the same name is dropped, or it would contradict. */
export function setResource(container: Path, name: "cpu" | "memory" | typeof GPU, value: string): readonly YamlEdit[] {
  const resources = [...container, "resources"];
  const limit = [...resources, "limits", name];
  if (value === "") return [drop(limit), drop([...resources, "requests", name])];
  return name === GPU
    ? [set(limit, asQuantity(value)), drop([...resources, "requests", name])]
    : [set(limit, asQuantity(value))];
}

export function setReadiness(
  container: Path,
  probe: { readonly path: string; readonly port: string; readonly delaySeconds: string } | null,
): readonly YamlEdit[] {
  const at = [...container, "readinessProbe"];
  if (probe === null) return [drop(at)];
  return [
    set([...at, "httpGet", "path"], probe.path),
    set([...at, "httpGet", "port"], asQuantity(probe.port)),
    ...setOrDrop([...at, "initialDelaySeconds"], Number(probe.delaySeconds) || 0, 0),
  ];
}

/** A constraint without a key is none: the mode and what is shared go with it. */
export const setTopologyKey = (key: string): readonly YamlEdit[] => {
  const at = ["spec", "placement", "topology"];
  return key === "" ? [drop(at)] : [set([...at, "key"], key)];
};

export function setKind(role: DesignRole, kind: string): readonly YamlEdit[] {
  const at = rolePath(role.index, "workload");
  const known = WORKLOADS.find((each) => each.endsWith(`/${kind}`));
  const apiVersion = known?.slice(0, -kind.length - 1) ?? "apps/v1";
  return [kind === "StatefulSet" ? drop(at) : set(at, { apiVersion, kind })];
}

/** One pod is the absence of it, unless its workers are told about. */
export function setInstanceSize(role: DesignRole, size: number): readonly YamlEdit[] {
  if (size === role.size) return [];
  return size <= 1 && role.workers === null
    ? [drop(rolePath(role.index, "leaderWorker"))]
    : [set(rolePath(role.index, "leaderWorker", "size"), Math.max(size, 1))];
}

/** The Service of the set: its role, and a port of it; without a role there is none. */
export function setEntry(design: Design, roleName: string): readonly YamlEdit[] {
  const at = ["spec", "entry"];
  if (roleName === "") return [drop(at)];
  const role = design.roles.find((each) => each.name === roleName);
  const names = role === undefined ? [] : portNames(role);
  return [set([...at, "role"], roleName), set([...at, "port"], names[0] ?? "http")];
}

export const portNames = (role: DesignRole): readonly string[] => [
  ...new Set(role.containers.flatMap((each) => each.ports.map((port) => port.name)).filter((name) => name !== "")),
];

/** A claim that is valid from the start, mounted nowhere yet. */
export function addClaim(role: DesignRole): readonly YamlEdit[] {
  const taken = new Set(role.claims.map((claim) => claim.name));
  let name = "data";
  for (let n = 2; taken.has(name); n++) name = `data-${n}`;
  const claim = {
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "100Gi" } } },
  };
  const at = rolePath(role.index, "volumeClaimTemplates");
  return [role.claims.length === 0 ? set(at, [claim]) : set([...at, role.claims.length], claim)];
}

/** Takes the claim and what mounts it. */
export function removeClaim(role: DesignRole, index: number): readonly YamlEdit[] {
  const name = role.claims[index]?.name;
  const mounts = mountLists(role).flatMap(({ list, volumes }) => {
    const at = volumes.flatMap((volume, place) => (volume === name ? [place] : []));
    if (at.length === volumes.length) return at.length === 0 ? [] : [drop(list)];
    // From the end, so that those that are still to go keep their places.
    return at.reverse().map((place) => drop([...list, place]));
  });
  const claims = rolePath(role.index, "volumeClaimTemplates");
  return [...mounts, drop(role.claims.length === 1 ? claims : [...claims, index])];
}

/** Renames the claim and what mounts it. */
export function renameClaim(role: DesignRole, index: number, name: string): readonly YamlEdit[] {
  const before = role.claims[index]?.name;
  const mounts = mountLists(role).flatMap(({ list, volumes }) =>
    volumes.flatMap((volume, at) => (volume === before ? [set([...list, at, "name"], name)] : [])),
  );
  return [set(rolePath(role.index, "volumeClaimTemplates", index, "metadata", "name"), name), ...mounts];
}

/** The volumes that each container of a role mounts, those of workers with a template of their own included. */
function mountLists({ index, containers, workers }: DesignRole) {
  const listsOf = (part: "leader" | "workers", of: DesignRole["containers"]) =>
    of.map(({ mounts }, place) => ({
      list: containerPath(templatePath(index, part), place, "volumeMounts"),
      volumes: mounts.map(({ volume }) => volume),
    }));
  return [...listsOf("leader", containers), ...listsOf("workers", workers?.containers ?? [])];
}

/** Mounts a claim in the first container, or takes its mount away with an empty path. */
export function mountClaim(role: DesignRole, name: string, path: string): readonly YamlEdit[] {
  const mounts = role.containers[0]?.mounts ?? [];
  const list = containerPath(templatePath(role.index), 0, "volumeMounts");
  const at = mounts.findIndex((mount) => mount.volume === name);
  if (path === "") return at === -1 ? [] : [drop(mounts.length === 1 ? list : [...list, at])];
  if (at !== -1) return [set([...list, at, "mountPath"], path)];
  const mount = { name, mountPath: path };
  return [mounts.length === 0 ? set(list, [mount]) : set([...list, mounts.length], mount)];
}
