import { fields, type KubeObject, records } from "../model/index.ts";
import { hasSelector } from "../placement/hosts.ts";
import { type ParsedSet, type Problem, parseSetObject, type SetSpec, setToYaml } from "../spec/index.ts";

/**
 * A RoleBasedGroupSet in a cluster, as its author wrote it there with kubectl.
 *
 * `present` is the accepted spec of the set, which gives `replicas` where the resource has none. A set stays in the
 * cluster that it was applied to, so it may name that cluster or none.
 */
export function readResource(
  object: KubeObject,
  cluster: string,
  present: SetSpec | null,
): ParsedSet | { readonly ok: false; readonly problems: readonly Problem[] } {
  const parsed = parseSetObject(authored(object), present === null ? {} : { present });
  if (!parsed.ok) return parsed;
  const { clusters } = parsed.spec.placement;
  const others = clusters.names.filter((name) => name !== cluster);
  if (others.length > 0) return { ok: false, problems: [elsewhere(cluster, others)] };
  if (hasSelector(clusters)) return { ok: false, problems: [selects(cluster)] };
  const placement = { ...parsed.spec.placement, clusters: { ...clusters, names: [cluster] } };
  return { ...parsed, spec: { ...parsed.spec, placement } };
}

/** The definition as the API server has it, without what servers write; comments were lost on the way there. */
export const resourceYaml = (object: KubeObject): string => setToYaml(authored(object));

function authored(object: KubeObject): Readonly<Record<string, unknown>> {
  const { apiVersion, kind, metadata, spec } = object;
  const { name, namespace, labels, annotations } = metadata;
  const kept = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== LAST_APPLIED));
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      ...(Object.keys(labels ?? {}).length === 0 ? {} : { labels }),
      ...(Object.keys(kept).length === 0 ? {} : { annotations: kept }),
    },
    spec,
  };
}

/** The object with what a person wrote into its text: the spec, the labels and the annotations. The rest is the server's. */
export function withAuthored(object: KubeObject, data: Readonly<Record<string, unknown>>): KubeObject {
  const { metadata } = object;
  const written = fields(data["metadata"]);
  const applied = metadata.annotations?.[LAST_APPLIED];
  const labels = textMap(written["labels"]);
  const annotations = {
    ...textMap(written["annotations"]),
    ...(applied === undefined ? {} : { [LAST_APPLIED]: applied }),
  };
  const rest = Object.fromEntries(Object.entries(metadata).filter(([key]) => !["labels", "annotations"].includes(key)));
  return {
    ...object,
    metadata: {
      ...rest,
      name: metadata.name,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: data["spec"],
  };
}

const textMap = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fields(value)).flatMap(([key, text]) => (typeof text === "string" ? [[key, text] as const] : [])),
  );

/** kubectl's note of what it applied: the same definition once more. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const TOOLS: readonly { readonly tool: string; readonly marks: readonly string[]; readonly managers: RegExp }[] = [
  {
    tool: "Argo CD",
    marks: ["argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id"],
    managers: /^argocd-/,
  },
  {
    tool: "Flux",
    marks: ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"],
    managers: /^(kustomize|helm)-controller$/,
  },
];

/** The GitOps tool that writes this object, by the labels, annotations and field managers that it leaves; null: none. */
export function managedBy({ metadata }: KubeObject): string | null {
  const marks = new Set([...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})]);
  const managers = managersOf(metadata).map(({ manager }) => manager);
  const found = TOOLS.find(
    (one) => one.marks.some((mark) => marks.has(mark)) || managers.some((name) => one.managers.test(name)),
  );
  return found?.tool ?? null;
}

/** Who wrote the definition last, by name, writes of status aside; null where the API server does not tell. */
export function wroteLast({ metadata }: KubeObject): string | null {
  const writes = managersOf(metadata).filter(({ subresource }) => subresource !== "status");
  const [last] = writes.sort((a, b) => (a.time < b.time ? 1 : -1));
  return last === undefined || last.manager === "" ? null : last.manager;
}

function managersOf(metadata: KubeObject["metadata"]) {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return records(metadata.managedFields).map((entry) => ({
    manager: text(fields(entry)["manager"]),
    time: text(fields(entry)["time"]),
    subresource: text(fields(entry)["subresource"]),
  }));
}

const selects = (cluster: string): Problem => ({
  path: "spec.placement.clusters.selector",
  code: "cluster",
  message: `This set was applied to ${cluster} and stays there, but it chooses clusters by their labels. Leave the selector out, or make the set in the console.`,
});

const elsewhere = (cluster: string, others: readonly string[]): Problem => ({
  path: "spec.placement.clusters.names",
  code: "cluster",
  message: `This set was applied to ${cluster} and stays there, but it names ${others.join(", ")}. Leave names empty, or apply it there.`,
});
