import { DomainError } from "@openpatio/core/errors";
import { type Fields, fields, records } from "@openpatio/core/model";
import type { ClusterPort } from "@openpatio/core/ports";
import type { Problem, SetSpec } from "@openpatio/core/spec";

/** What a pod needs beside itself, and every place that names it. */
type Reference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly name: string;
  readonly paths: readonly string[];
};

export type ReferenceCheck = {
  /** What is missing, at every place that names it. */
  readonly problems: readonly Problem[];
  /** What may not be looked at with these credentials, e.g. `Secret models`. */
  readonly unchecked: readonly string[];
};

/**
 * Asks a cluster whether the namespace of a set and everything that its pod templates name exist there. Of Secrets too
 * only their existence is asked.
 *
 * Errors: DomainError `cluster.unreachable`.
 */
export async function checkReferences(port: ClusterPort, namespace: string, spec: SetSpec): Promise<ReferenceCheck> {
  const home = { apiVersion: "v1", kind: "Namespace", isNamespaced: false, name: namespace, paths: [NAMESPACE_PATH] };
  const isThere = await exists(port, namespace, home);
  if (isThere === false) return { problems: missing(port.name, namespace, home), unchecked: [] };
  const references = referencesOf(spec);
  const answers = await Promise.all(references.map((reference) => exists(port, namespace, reference)));
  const unchecked = [home, ...references].filter((_, at) => [isThere, ...answers][at] === null);
  return {
    problems: references.flatMap((one, at) => (answers[at] === false ? missing(port.name, namespace, one) : [])),
    unchecked: unchecked.map(({ kind, name }) => `${kind} ${name}`),
  };
}

const NAMESPACE_PATH = "metadata.namespace";

/** Null: it may not be looked at. */
async function exists(port: ClusterPort, namespace: string, reference: Reference): Promise<boolean | null> {
  try {
    return await port.exists(reference.apiVersion, reference.kind, namespace, reference.name);
  } catch (error) {
    if (error instanceof DomainError && error.code === "cluster.refused") return null;
    throw error;
  }
}

function missing(cluster: string, namespace: string, { kind, name, isNamespaced, paths }: Reference): Problem[] {
  const where = isNamespaced ? ` in namespace ${namespace} of cluster ${cluster}` : ` in cluster ${cluster}`;
  const remedy =
    kind === "Namespace" ? `Make it: kubectl create namespace ${name}` : "Make it there first, or name another one.";
  return paths.map((path) => ({ path, code: "cluster", message: `${kind} ${name} does not exist${where}. ${remedy}` }));
}

function referencesOf(spec: SetSpec): readonly Reference[] {
  const found = new Map<string, Reference>();
  const add = (kind: keyof typeof KINDS, name: unknown, path: string): void => {
    if (typeof name !== "string" || name === "") return;
    const known = found.get(`${kind}/${name}`);
    const paths = known?.paths ?? [];
    found.set(`${kind}/${name}`, { ...KINDS[kind], kind, name, paths: [...paths, path] });
  };
  for (const [index, role] of spec.groupTemplate.roles.entries()) {
    const path = `spec.groupTemplate.roles[${index}].template.spec`;
    const pod = role.template.spec as Fields;
    add("ServiceAccount", pod["serviceAccountName"] ?? pod["serviceAccount"], `${path}.serviceAccountName`);
    add("PriorityClass", pod["priorityClassName"], `${path}.priorityClassName`);
    add("RuntimeClass", pod["runtimeClassName"], `${path}.runtimeClassName`);
    for (const [at, volume] of records(pod["volumes"]).entries()) addVolume(volume, `${path}.volumes[${at}]`, add);
    for (const list of ["initContainers", "containers"]) {
      for (const [at, container] of records(pod[list]).entries()) addEnv(container, `${path}.${list}[${at}]`, add);
    }
  }
  return [...found.values()];
}

const KINDS = {
  Secret: { apiVersion: "v1", isNamespaced: true },
  ConfigMap: { apiVersion: "v1", isNamespaced: true },
  PersistentVolumeClaim: { apiVersion: "v1", isNamespaced: true },
  ServiceAccount: { apiVersion: "v1", isNamespaced: true },
  PriorityClass: { apiVersion: "scheduling.k8s.io/v1", isNamespaced: false },
  RuntimeClass: { apiVersion: "node.k8s.io/v1", isNamespaced: false },
} as const;

type Add = (kind: keyof typeof KINDS, name: unknown, path: string) => void;

function addVolume(volume: Fields, path: string, add: Add): void {
  addNeeded(volume["secret"], "Secret", "secretName", `${path}.secret`, add);
  addNeeded(volume["configMap"], "ConfigMap", "name", `${path}.configMap`, add);
  addNeeded(
    volume["persistentVolumeClaim"],
    "PersistentVolumeClaim",
    "claimName",
    `${path}.persistentVolumeClaim`,
    add,
  );
  for (const [at, source] of records(fields(volume["projected"])["sources"]).entries()) {
    const inside = `${path}.projected.sources[${at}]`;
    addNeeded(source["secret"], "Secret", "name", `${inside}.secret`, add);
    addNeeded(source["configMap"], "ConfigMap", "name", `${inside}.configMap`, add);
  }
}

function addEnv(container: Fields, path: string, add: Add): void {
  for (const [at, variable] of records(container["env"]).entries()) {
    const from = fields(variable["valueFrom"]);
    addNeeded(from["secretKeyRef"], "Secret", "name", `${path}.env[${at}].valueFrom.secretKeyRef`, add);
    addNeeded(from["configMapKeyRef"], "ConfigMap", "name", `${path}.env[${at}].valueFrom.configMapKeyRef`, add);
  }
  for (const [at, source] of records(container["envFrom"]).entries()) {
    addNeeded(source["secretRef"], "Secret", "name", `${path}.envFrom[${at}].secretRef`, add);
    addNeeded(source["configMapRef"], "ConfigMap", "name", `${path}.envFrom[${at}].configMapRef`, add);
  }
}

/** Pods start without what is optional. */
function addNeeded(reference: unknown, kind: keyof typeof KINDS, field: string, path: string, add: Add): void {
  const { optional, [field]: name } = fields(reference);
  if (optional !== true) add(kind, name, `${path}.${field}`);
}
