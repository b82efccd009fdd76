import { findCycles, type Path, type Problem, parsePath, parseSetYaml } from "@openpatio/core/spec";
import { parseDocument } from "yaml";

/**
 * Text → what the canvas and the inspector show. The YAML is the document: nothing here is state. Reading is tolerant:
 * a role is drawn as far as it can be understood, and what is wrong with it comes from the same schema as the server's.
 */

export type DesignPort = { readonly name: string; readonly port: number | null };
export type DesignEnv = { readonly name: string; readonly value: string; readonly isReference: boolean };

export type DesignContainer = {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly gpus: string;
  readonly cpu: string;
  readonly memory: string;
  readonly ports: readonly DesignPort[];
  readonly env: readonly DesignEnv[];
  readonly readiness: { readonly path: string; readonly port: string; readonly delaySeconds: string } | null;
  readonly mounts: readonly { readonly volume: string; readonly path: string }[];
};

export type DesignClaim = { readonly name: string; readonly size: string; readonly storageClass: string };

/** Of a multi-node instance: the containers of the workers, where they have a template of their own. */
export type DesignWorkers = {
  readonly containers: readonly DesignContainer[];
  readonly volumes: readonly DesignVolume[];
  readonly gpusPerPod: number;
};

export type DesignVolume = { readonly name: string; readonly kind: string };

export type DesignRole = {
  readonly index: number;
  readonly name: string;
  readonly replicas: number;
  readonly dependencies: readonly string[];
  readonly kind: string;
  readonly onPodFailure: string;
  /** Pods of one instance: a leader with its workers, or 1. */
  readonly size: number;
  /** Null: one pod per instance, or workers like the leader. */
  readonly workers: DesignWorkers | null;
  readonly claims: readonly DesignClaim[];
  readonly isExternal: boolean;
  readonly containers: readonly DesignContainer[];
  readonly volumes: readonly DesignVolume[];
  /** Of the leader, in a multi-node instance. */
  readonly gpusPerPod: number;
  readonly gpusPerInstance: number;
  readonly problems: readonly Problem[];
};

export type Design = {
  /** False when the text is no YAML at all, or holds no list of roles: the canvas then shows nothing. */
  readonly isReadable: boolean;
  /** False while the text has syntax errors or is too large: form and canvas can't patch it then. */
  readonly isEditable: boolean;
  /** The document as plain data; null where it could not be read. */
  readonly data: unknown;
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number | null;
  readonly startupPolicy: string;
  readonly clusters: readonly string[];
  readonly topologyKey: string;
  readonly entry: { readonly role: string; readonly port: string } | null;
  readonly roles: readonly DesignRole[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

export const GPU = "nvidia.com/gpu";

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown, fallback = ""): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : fallback;
const count = (value: unknown, fallback: number): number =>
  typeof value === "number" && value >= 0 ? Math.floor(value) : fallback;

/** Guarantees: never throws, whatever the text; bounded time, because what the schema finds too large is not read further. */
export function readDesign(source: string): Design {
  const isEmpty = source.trim() === "";
  const parsed = parseSetYaml(source);
  // While there is nothing, nothing is wrong yet.
  const problems = parsed.ok || isEmpty ? [] : parsed.problems;
  const isTooLarge = problems.some((problem) => problem.code === "too-large");
  const read = isTooLarge ? { data: null, hasErrors: true } : readData(source);
  const data = object(read.data);
  const metadata = object(data["metadata"]);
  const spec = object(data["spec"]);
  const placement = object(spec["placement"]);
  const topology = object(placement["topology"]);
  const roles = object(spec["groupTemplate"])["roles"];
  return {
    isReadable: Array.isArray(roles),
    isEditable: !read.hasErrors,
    data: read.data,
    name: text(metadata["name"]),
    namespace: text(metadata["namespace"], "default"),
    replicas: typeof spec["replicas"] === "number" ? spec["replicas"] : null,
    startupPolicy: text(spec["startupPolicy"], "Ordered"),
    clusters: list(object(placement["clusters"])["names"]).map((name) => text(name)),
    topologyKey: text(topology["key"]),
    entry: isObject(spec["entry"]) ? { role: text(spec["entry"]["role"]), port: text(spec["entry"]["port"]) } : null,
    roles: list(roles).map((role, index) => readRole(object(role), index, problems)),
    problems,
    warnings: parsed.ok ? parsed.warnings : [],
  };
}

function readData(source: string): { readonly data: unknown; readonly hasErrors: boolean } {
  try {
    const tree = parseDocument(source, { uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
    return { data: tree.toJS({ maxAliasCount: 50 }), hasErrors: tree.errors.length > 0 };
  } catch {
    return { data: null, hasErrors: true }; // the schema names what is wrong, with its line
  }
}

function readRole(role: Json, index: number, problems: readonly Problem[]): DesignRole {
  const { containers, volumes, gpusPerPod } = readTemplate(role["template"]);
  const leaderWorker = object(role["leaderWorker"]);
  const size = Math.max(count(leaderWorker["size"], 1), 1);
  const workers = isObject(leaderWorker["workerTemplate"]) ? readTemplate(leaderWorker["workerTemplate"]) : null;
  return {
    index,
    name: text(role["role"]),
    replicas: count(role["replicas"], 1),
    dependencies: list(role["dependencies"]).map((name) => text(name)),
    kind: text(object(role["workload"])["kind"], "StatefulSet"),
    onPodFailure: text(role["onPodFailure"], "Recreate"),
    size,
    workers,
    claims: list(role["volumeClaimTemplates"]).map((entry) => {
      const claim = object(entry);
      const wanted = object(claim["spec"]);
      return {
        name: text(object(claim["metadata"])["name"]),
        size: text(object(object(wanted["resources"])["requests"])["storage"]),
        storageClass: text(wanted["storageClassName"]),
      };
    }),
    isExternal: object(role["scaling"])["external"] === true,
    containers,
    volumes,
    gpusPerPod,
    gpusPerInstance: gpusPerPod + (size - 1) * (workers?.gpusPerPod ?? gpusPerPod),
    problems: problems.filter((problem) => roleIndexOf(problem) === index),
  };
}

function readTemplate(template: unknown): DesignWorkers {
  const pod = object(object(template)["spec"]);
  const containers = list(pod["containers"]).map((container) => readContainer(object(container)));
  return {
    containers,
    volumes: list(pod["volumes"]).map((volume) => {
      const { name, ...kinds } = object(volume);
      return { name: text(name), kind: Object.keys(kinds)[0] ?? "emptyDir" };
    }),
    gpusPerPod: containers.reduce((sum, container) => sum + (Number(container.gpus) || 0), 0),
  };
}

/** "4 pods", or "2 × 4 pods" of two instances over four nodes each. */
export function podsText({ replicas, size }: Pick<DesignRole, "replicas" | "size">): string {
  if (size > 1) return `${replicas} × ${size} pods`;
  return `${replicas} ${replicas === 1 ? "pod" : "pods"}`;
}

function readContainer(container: Json): DesignContainer {
  const resources = object(container["resources"]);
  const amount = (name: string) => text(object(resources["limits"])[name] ?? object(resources["requests"])[name]);
  const probe = object(container["readinessProbe"]);
  const http = object(probe["httpGet"]);
  return {
    name: text(container["name"]),
    image: text(container["image"]),
    command: list(container["command"]).map((part) => text(part)),
    args: list(container["args"]).map((part) => text(part)),
    gpus: amount(GPU),
    cpu: amount("cpu"),
    memory: amount("memory"),
    ports: list(container["ports"]).map((entry) => {
      const port = object(entry);
      return {
        name: text(port["name"]),
        port: typeof port["containerPort"] === "number" ? port["containerPort"] : null,
      };
    }),
    env: list(container["env"]).map((entry) => {
      const variable = object(entry);
      const isReference = variable["valueFrom"] !== undefined;
      return {
        name: text(variable["name"]),
        value: isReference ? referenceText(variable["valueFrom"]) : text(variable["value"]),
        isReference,
      };
    }),
    readiness: isObject(probe["httpGet"])
      ? {
          path: text(http["path"], "/"),
          port: text(http["port"]),
          delaySeconds: text(probe["initialDelaySeconds"], "0"),
        }
      : null,
    mounts: list(container["volumeMounts"]).map((entry) => {
      const mount = object(entry);
      return { volume: text(mount["name"]), path: text(mount["mountPath"]) };
    }),
  };
}

/** Where a value comes from, never the value: "secret hf-token/token". */
function referenceText(source: unknown): string {
  const [kind, reference] = Object.entries(object(source))[0] ?? ["", {}];
  const { name, key, fieldPath } = object(reference);
  const where = [name, key, fieldPath].filter((part) => part !== undefined).map((part) => text(part));
  return `${kind.replace(/(Key)?Ref$/, "")} ${where.join("/")}`.trim();
}

/** What stands at a path of the document; undefined where nothing does. */
export function dataAt(data: unknown, path: Path): unknown {
  let at = data;
  for (const part of path) {
    if (typeof part === "number") at = list(at)[part];
    else at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }
  return at;
}

/** Index of the role that a problem is about; null when it is about the set. */
export function roleIndexOf(problem: Pick<Problem, "path">): number | null {
  const [spec, template, roles, index] = parsePath(problem.path);
  return spec === "spec" && template === "groupTemplate" && roles === "roles" && typeof index === "number"
    ? index
    : null;
}

/** Names of dependencies that no role has. */
export function unknownDependencies(roles: readonly DesignRole[], role: DesignRole): readonly string[] {
  return role.dependencies.filter((name) => !roles.some((other) => other.name === name));
}

/** Arrows that close a ring, as `dependency > waiting`. */
export function ringArrows(roles: readonly Pick<DesignRole, "name" | "dependencies">[]): ReadonlySet<string> {
  const rings = findCycles(roles.map((role) => ({ role: role.name, dependencies: role.dependencies })));
  return new Set(
    rings.flatMap(({ roles: names }) => names.slice(1).map((dependency, i) => `${dependency} > ${names[i]}`)),
  );
}

/**
 * The ring that would arise if `waiting` waited for `dependency`, as role names in the order of their starts, first and
 * last the same (the shortest one); null when there would be none.
 */
export function ringIfWaiting(
  roles: readonly Pick<DesignRole, "name" | "dependencies">[],
  waiting: string,
  dependency: string,
): readonly string[] | null {
  const dependenciesOf = new Map(roles.map((role) => [role.name, role.dependencies]));
  const seen = new Set([dependency]);
  let ways: readonly (readonly string[])[] = [[dependency]];
  while (ways.length > 0) {
    const found = ways.find((way) => way[0] === waiting);
    if (found !== undefined) return [...found, waiting];
    ways = ways.flatMap((way) =>
      (dependenciesOf.get(way[0] ?? "") ?? []).flatMap((next) => {
        if (seen.has(next)) return [];
        seen.add(next);
        return [[next, ...way]];
      }),
    );
  }
  return null;
}
