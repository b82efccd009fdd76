import type { YamlEdit } from "@openpatio/core/spec";
import { type Design, type DesignRole, GPU } from "./design.ts";

/** What the form and the canvas do to the document, as edits of its syntax tree: comments and order survive. */

const ROLES = ["spec", "groupTemplate", "roles"] as const;
const set = (path: readonly (string | number)[], value: unknown): YamlEdit => ({ path, value });
const drop = (path: readonly (string | number)[]): YamlEdit => ({ path, delete: true });

export const rolePath = (role: number, ...rest: readonly (string | number)[]) => [...ROLES, role, ...rest];
export const containerPath = (role: number, container: number, ...rest: readonly (string | number)[]) =>
  rolePath(role, "template", "spec", "containers", container, ...rest);

/** Sets a field, or takes it away when the value is empty or the default: documents stay as short as their author wrote them. */
export const setOrDrop = (
  path: readonly (string | number)[],
  value: unknown,
  fallback: unknown = "",
): readonly YamlEdit[] => [value === fallback || value === "" ? drop(path) : set(path, value)];

/** Pods per instance: 1 is what a role without `leaderWorker` has. */
export function setInstanceSize(role: DesignRole, size: number): readonly YamlEdit[] {
  if (size === 1) return role.size === null ? [] : [drop(rolePath(role.index, "leaderWorker"))];
  return role.size === null
    ? [set(rolePath(role.index, "leaderWorker"), { size })]
    : [set(rolePath(role.index, "leaderWorker", "size"), size)];
}

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
export function setResource(
  role: number,
  container: number,
  name: "cpu" | "memory" | typeof GPU,
  value: string,
): readonly YamlEdit[] {
  const resources = containerPath(role, container, "resources");
  const limit = [...resources, "limits", name];
  if (value === "") return [drop(limit), drop([...resources, "requests", name])];
  return name === GPU
    ? [set(limit, asQuantity(value)), drop([...resources, "requests", name])]
    : [set(limit, asQuantity(value))];
}

export function setReadiness(
  role: number,
  container: number,
  probe: { readonly path: string; readonly port: string; readonly delaySeconds: string } | null,
): readonly YamlEdit[] {
  const at = containerPath(role, container, "readinessProbe");
  if (probe === null) return [drop(at)];
  return [
    set([...at, "httpGet", "path"], probe.path),
    set([...at, "httpGet", "port"], asQuantity(probe.port)),
    ...setOrDrop([...at, "initialDelaySeconds"], Number(probe.delaySeconds) || 0, 0),
  ];
}

export function setTopology(key: string, exclusive: string): readonly YamlEdit[] {
  const at = ["spec", "placement", "topology"];
  return key === "" ? [drop(at)] : [set([...at, "key"], key), ...setOrDrop([...at, "exclusive"], exclusive, "None")];
}
