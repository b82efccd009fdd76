import { DomainError } from "@openpatio/core/errors";
import type { ClusterPort } from "@openpatio/core/ports";
import { type ObjectReference, objectReferences, type Problem, type SetSpec } from "@openpatio/core/spec";

export type ReferenceCheck = {
  /** What is missing, at every place that names it. */
  readonly problems: readonly Problem[];
  /** What may not be looked at with these credentials, e.g. `Secret models`. */
  readonly unchecked: readonly string[];
};

type Reference = Omit<ObjectReference, "kind"> & { readonly kind: ObjectReference["kind"] | "Namespace" };

/**
 * Asks a cluster whether the namespace of a set and everything that its pod templates name exist there. Of Secrets too
 * only their existence is asked.
 *
 * Errors: DomainError `cluster.unreachable`.
 */
export async function checkReferences(port: ClusterPort, namespace: string, spec: SetSpec): Promise<ReferenceCheck> {
  const home: Reference = {
    apiVersion: "v1",
    kind: "Namespace",
    isNamespaced: false,
    name: namespace,
    paths: [NAMESPACE_PATH],
  };
  const isThere = await exists(port, namespace, home);
  if (isThere === false) return { problems: missing(port.name, namespace, home), unchecked: [] };
  const references: readonly Reference[] = objectReferences(podTemplatesOf(spec));
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

/** Every pod template of a definition, with where it stands. */
export function podTemplatesOf(spec: SetSpec): readonly {
  readonly path: string;
  readonly template: SetSpec["groupTemplate"]["roles"][number]["template"];
  readonly role: string;
}[] {
  return spec.groupTemplate.roles.flatMap(({ role, template, leaderWorker }, index) => {
    const path = `spec.groupTemplate.roles[${index}]`;
    const leaders = { role, path: `${path}.template`, template };
    const workers = leaderWorker?.workerTemplate;
    return workers === undefined
      ? [leaders]
      : [leaders, { role, path: `${path}.leaderWorker.workerTemplate`, template: workers }];
  });
}
