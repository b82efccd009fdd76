/** The resources of the sandbox: what discovery, routing, tables and the store need to know of each kind. */

export type PrinterColumn = {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
};

export type ScalePaths = {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
};

export type ResourceDefinition = {
  /** Plural, then the group unless it is core: `pods`, `statefulsets.apps`. */
  readonly id: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
  /** Only for custom resources. */
  readonly custom?: CustomResource;
};

export type CustomResource = {
  readonly versions: readonly CustomVersion[];
};

export type CustomVersion = {
  readonly name: string;
  readonly served: boolean;
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  readonly columns: readonly PrinterColumn[];
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
};

type Options = {
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
  readonly cluster?: boolean;
  readonly status?: boolean;
  readonly scale?: ScalePaths;
};

const REPLICAS: ScalePaths = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
};

function builtin(groupVersion: string, kind: string, plural: string, options: Options = {}): ResourceDefinition {
  const [group, version] = groupVersion.includes("/") ? groupVersion.split("/") : ["", groupVersion];
  return {
    id: group === "" ? plural : `${plural}.${group}`,
    group: group ?? "",
    version: version ?? "",
    kind,
    plural,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: options.short ?? [],
    categories: options.categories ?? [],
    namespaced: options.cluster !== true,
    hasStatus: options.status === true,
    ...(options.scale === undefined ? {} : { scale: options.scale }),
  };
}

const ALL = ["all"];

export const BUILTIN_RESOURCES: readonly ResourceDefinition[] = [
  builtin("v1", "ConfigMap", "configmaps", { short: ["cm"] }),
  builtin("v1", "Endpoints", "endpoints", { short: ["ep"] }),
  builtin("v1", "Event", "events", { short: ["ev"] }),
  builtin("v1", "Namespace", "namespaces", { short: ["ns"], cluster: true, status: true }),
  builtin("v1", "Node", "nodes", { short: ["no"], cluster: true, status: true }),
  builtin("v1", "PersistentVolume", "persistentvolumes", { short: ["pv"], cluster: true, status: true }),
  builtin("v1", "PersistentVolumeClaim", "persistentvolumeclaims", { short: ["pvc"], status: true }),
  builtin("v1", "Pod", "pods", { short: ["po"], categories: ALL, status: true }),
  builtin("v1", "ResourceQuota", "resourcequotas", { short: ["quota"], status: true }),
  builtin("v1", "Secret", "secrets"),
  builtin("v1", "Service", "services", { short: ["svc"], categories: ALL, status: true }),
  builtin("v1", "ServiceAccount", "serviceaccounts", { short: ["sa"] }),
  builtin("apps/v1", "ControllerRevision", "controllerrevisions"),
  builtin("apps/v1", "Deployment", "deployments", {
    short: ["deploy"],
    categories: ALL,
    status: true,
    scale: REPLICAS,
  }),
  builtin("apps/v1", "ReplicaSet", "replicasets", { short: ["rs"], categories: ALL, status: true, scale: REPLICAS }),
  builtin("apps/v1", "StatefulSet", "statefulsets", { short: ["sts"], categories: ALL, status: true, scale: REPLICAS }),
  builtin("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
  builtin("coordination.k8s.io/v1", "Lease", "leases"),
  builtin("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", {
    short: ["crd", "crds"],
    categories: ["api-extensions"],
    cluster: true,
    status: true,
  }),
  builtin("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", { short: ["pc"], cluster: true }),
  builtin("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", { cluster: true }),
  builtin("storage.k8s.io/v1", "StorageClass", "storageclasses", { short: ["sc"], cluster: true }),
];
