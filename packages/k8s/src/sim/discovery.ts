/** What the cluster serves: legacy and aggregated discovery documents. */
import { isEqual } from "./store-json.ts";
import type { CustomVersion, ResourceDefinition } from "./store-resources.ts";

export const SERVER_VERSION = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.2+openpatio.sandbox",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64",
} as const;

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const SUBRESOURCE_VERBS = ["get", "patch", "update"];

type Subresource = {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
};

/** Virtual resources: they answer a question and store nothing. */
export const REVIEWS = [
  { kind: "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews", singular: "selfsubjectaccessreview" },
  { kind: "SelfSubjectRulesReview", plural: "selfsubjectrulesreviews", singular: "selfsubjectrulesreview" },
] as const;
export const REVIEW_GROUP = "authorization.k8s.io";

/** The definition as one version serves it; undefined when it does not. */
export function servedVersion(definition: ResourceDefinition, version: string): CustomVersion | undefined {
  if (definition.custom !== undefined)
    return definition.custom.versions.find((one) => one.name === version && one.served);
  if (version !== definition.version) return undefined;
  const { hasStatus, scale } = definition;
  return {
    name: version,
    served: true,
    schema: undefined,
    columns: [],
    hasStatus,
    ...(scale === undefined ? {} : { scale }),
  };
}

export type GroupVersion = { readonly group: string; readonly version: string };

/** Groups in discovery order with their versions, most preferred first; the core group is not among them. */
export function groupsOf(
  definitions: readonly ResourceDefinition[],
): readonly { group: string; versions: readonly string[] }[] {
  const groups = new Map<string, string[]>();
  for (const definition of definitions) {
    if (definition.group === "") continue;
    const versions = groups.get(definition.group) ?? [];
    const served = definition.custom?.versions.filter((one) => one.served).map((one) => one.name) ?? [
      definition.version,
    ];
    for (const version of served) if (!versions.includes(version)) versions.push(version);
    groups.set(definition.group, versions);
  }
  groups.set(REVIEW_GROUP, ["v1"]);
  return [...groups].map(([group, versions]) => ({ group, versions: versions.sort(compareVersions) }));
}

/** v2 before v1 before v1beta2 before v1alpha1, as Kubernetes orders versions. */
function compareVersions(a: string, b: string): number {
  const rank = (version: string) => {
    const [, major = "0", stage = "", minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
    return [stage === "" ? 2 : stage === "beta" ? 1 : 0, Number(major), Number(minor)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) if (value !== right[index]) return (right[index] ?? 0) - value;
  return a < b ? -1 : 1;
}

function subresourcesOf(definition: ResourceDefinition, served: CustomVersion): readonly Subresource[] {
  const own = { group: definition.group, version: served.name, kind: definition.kind };
  const out: Subresource[] = [];
  if (definition.id === "pods") {
    out.push({ name: "binding", kind: "Binding", group: "", version: "v1", verbs: ["create"] });
    out.push({ name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] });
    out.push({ name: "log", ...own, verbs: ["get"] });
  }
  if (definition.id === "namespaces") out.push({ name: "finalize", ...own, verbs: ["update"] });
  if (served.scale !== undefined)
    out.push({ name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: SUBRESOURCE_VERBS });
  if (served.hasStatus) out.push({ name: "status", ...own, verbs: SUBRESOURCE_VERBS });
  return out;
}

function resourcesIn(definitions: readonly ResourceDefinition[], { group, version }: GroupVersion) {
  return definitions
    .filter((definition) => definition.group === group)
    .map((definition) => ({ definition, served: servedVersion(definition, version) }))
    .filter((one): one is { definition: ResourceDefinition; served: CustomVersion } => one.served !== undefined);
}

export function apiVersions(host: string) {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: host }],
  };
}

function groupDocument({ group, versions }: { group: string; versions: readonly string[] }) {
  const all = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: all, preferredVersion: all[0] };
}

export function apiGroupList(definitions: readonly ResourceDefinition[]) {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupsOf(definitions).map(groupDocument) };
}

export function apiGroup(definitions: readonly ResourceDefinition[], group: string) {
  const found = groupsOf(definitions).find((one) => one.group === group);
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...groupDocument(found) };
}

/** Undefined when the group version is not served. */
export function apiResourceList(definitions: readonly ResourceDefinition[], groupVersion: GroupVersion) {
  const { group, version } = groupVersion;
  const resources: Record<string, unknown>[] = [];
  for (const { definition, served } of resourcesIn(definitions, groupVersion)) {
    resources.push({
      name: definition.plural,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: VERBS,
      ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
      ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    });
    for (const subresource of subresourcesOf(definition, served)) {
      const isForeign = !isEqual([subresource.group, subresource.version], [group, version]);
      resources.push({
        name: `${definition.plural}/${subresource.name}`,
        singularName: "",
        namespaced: definition.namespaced,
        ...(isForeign ? { group: subresource.group, version: subresource.version } : {}),
        kind: subresource.kind,
        verbs: subresource.verbs,
      });
    }
  }
  if (group === REVIEW_GROUP && version === "v1") {
    for (const { kind, plural, singular } of REVIEWS) {
      resources.push({ name: plural, singularName: singular, namespaced: false, kind, verbs: ["create"] });
    }
  }
  if (resources.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources,
  };
}

/** Aggregated discovery: `legacy` is the document of /api, otherwise that of /apis. */
export function aggregatedDiscovery(definitions: readonly ResourceDefinition[], legacy: boolean) {
  const groups = legacy ? [{ group: "", versions: ["v1"] }] : groupsOf(definitions);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: [
          ...resourcesIn(definitions, { group, version }).map(({ definition, served }) =>
            discoveredResource(definition, served),
          ),
          ...(group === REVIEW_GROUP ? REVIEWS.map(discoveredReview) : []),
        ],
        freshness: "Current",
      })),
    })),
  };
}

function discoveredResource(definition: ResourceDefinition, served: CustomVersion) {
  const subresources = subresourcesOf(definition, served).map(({ name, kind, group, version, verbs }) => ({
    subresource: name,
    responseKind: { group, version, kind },
    verbs,
  }));
  return {
    resource: definition.plural,
    responseKind: { group: definition.group, version: served.name, kind: definition.kind },
    scope: definition.namespaced ? "Namespaced" : "Cluster",
    singularResource: definition.singular,
    verbs: VERBS,
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

function discoveredReview({ kind, plural, singular }: (typeof REVIEWS)[number]) {
  return {
    resource: plural,
    responseKind: { group: REVIEW_GROUP, version: "v1", kind },
    scope: "Cluster",
    singularResource: singular,
    verbs: ["create"],
  };
}
