import { findCycles, type Problem, parsePath, parseSetYaml } from "@openpatio/core/spec";
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

export type DesignRole = {
  readonly index: number;
  readonly name: string;
  readonly replicas: number;
  readonly dependencies: readonly string[];
  readonly kind: string;
  readonly onPodFailure: string;
  readonly minReadySeconds: number;
  readonly containers: readonly DesignContainer[];
  readonly volumes: readonly { readonly name: string; readonly kind: string }[];
  readonly gpusPerPod: number;
  readonly problems: readonly Problem[];
};

export type Design = {
  /** False when the text is no YAML at all, or holds no list of roles: the canvas then shows nothing. */
  readonly isReadable: boolean;
  readonly name: string;
  readonly namespace: string;
  readonly replicas: number | null;
  readonly startupPolicy: string;
  readonly clusters: readonly string[];
  readonly topologyKey: string;
  readonly exclusive: string;
  readonly strategy: string;
  readonly maxUnavailable: string;
  readonly roles: readonly DesignRole[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

export const GPU = "nvidia.com/gpu";
/** Above this the schema refuses the text anyway; parsing it on every keystroke would only freeze the page. */
const MAX_DRAWN_CHARACTERS = 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown, fallback = ""): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : fallback;
const count = (value: unknown, fallback: number): number =>
  typeof value === "number" && value >= 0 ? Math.floor(value) : fallback;

export function readDesign(source: string): Design {
  const parsed = parseSetYaml(source);
  const problems = parsed.ok ? [] : parsed.problems;
  const data = source.length > MAX_DRAWN_CHARACTERS ? {} : object(readData(source));
  const metadata = object(data["metadata"]);
  const spec = object(data["spec"]);
  const placement = object(spec["placement"]);
  const topology = object(placement["topology"]);
  const roles = object(spec["groupTemplate"])["roles"];
  return {
    isReadable: Array.isArray(roles),
    name: text(metadata["name"]),
    namespace: text(metadata["namespace"], "default"),
    replicas: typeof spec["replicas"] === "number" ? spec["replicas"] : null,
    startupPolicy: text(spec["startupPolicy"], "Ordered"),
    clusters: list(object(placement["clusters"])["names"]).map((name) => text(name)),
    topologyKey: text(topology["key"]),
    exclusive: text(topology["exclusive"], "None"),
    strategy: text(placement["strategy"], "Pack"),
    maxUnavailable: text(object(spec["rollout"])["maxUnavailable"], "1"),
    roles: list(roles).map((role, index) => readRole(object(role), index, problems)),
    problems,
    warnings: parsed.ok ? parsed.warnings : [],
  };
}

function readData(source: string): unknown {
  try {
    return parseDocument(source, { uniqueKeys: false }).toJS({ maxAliasCount: 50 });
  } catch {
    return null; // the schema names what is wrong, with its line
  }
}

function readRole(role: Json, index: number, problems: readonly Problem[]): DesignRole {
  const pod = object(object(role["template"])["spec"]);
  const containers = list(pod["containers"]).map((container) => readContainer(object(container)));
  return {
    index,
    name: text(role["role"]),
    replicas: count(role["replicas"], 1),
    dependencies: list(role["dependencies"]).map((name) => text(name)),
    kind: text(object(role["workload"])["kind"], "StatefulSet"),
    onPodFailure: text(role["onPodFailure"], "Recreate"),
    minReadySeconds: count(role["minReadySeconds"], 0),
    containers,
    volumes: list(pod["volumes"]).map((volume) => {
      const { name, ...kinds } = object(volume);
      return { name: text(name), kind: Object.keys(kinds)[0] ?? "emptyDir" };
    }),
    gpusPerPod: containers.reduce((sum, container) => sum + (Number(container.gpus) || 0), 0),
    problems: problems.filter((problem) => roleIndexOf(problem) === index),
  };
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

/** Index of the role that a problem is about; null when it is about the set. */
export function roleIndexOf(problem: Problem): number | null {
  const [spec, template, roles, index] = parsePath(problem.path);
  return spec === "spec" && template === "groupTemplate" && roles === "roles" && typeof index === "number"
    ? index
    : null;
}

/**
 * The ring that would arise if `waiting` waited for `dependency`, as role names, first and last the same; null when
 * there would be none.
 */
export function ringIfWaiting(
  roles: readonly Pick<DesignRole, "name" | "dependencies">[],
  waiting: string,
  dependency: string,
): readonly string[] | null {
  if (waiting === dependency) return [waiting, waiting];
  const graph = roles.map((role) => ({
    role: role.name,
    dependencies: role.name === waiting ? [dependency, ...role.dependencies] : role.dependencies,
  }));
  // Rings that are there already are named elsewhere; the one that matters runs through the new arrow.
  const ring = findCycles(graph).find(({ roles: names }) =>
    names.some((name, i) => name === waiting && names[i + 1] === dependency),
  );
  return ring?.roles ?? null;
}
