import { API_GROUP, API_VERSION, LABEL, WORKLOAD_API_VERSION } from "@openpatio/core/model";
import { ApiError } from "./api-error.ts";

/** Where kinds live in the API. */

export type Resource = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
};

const resource = (apiVersion: string, kind: string, plural: string, isNamespaced = true): Resource => ({
  apiVersion,
  kind,
  plural,
  isNamespaced,
});

export const NODE = resource("v1", "Node", "nodes", false);
export const POD = resource("v1", "Pod", "pods");
export const SET = resource(API_VERSION, "RoleBasedGroupSet", "rolebasedgroupsets");
export const LEASE = resource("coordination.k8s.io/v1", "Lease", "leases");
export const EVENT = resource("v1", "Event", "events");
export const CRD = resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false);

/**
 * One watch each per cluster. Nodes and pods are watched whole, since placement counts what others run; claims and
 * volumes too, since a template may name any claim.
 */
export const WATCHED = {
  nodes: NODE,
  pods: POD,
  statefulsets: resource("apps/v1", "StatefulSet", "statefulsets"),
  deployments: resource("apps/v1", "Deployment", "deployments"),
  leaderworkersets: resource(WORKLOAD_API_VERSION.LeaderWorkerSet, "LeaderWorkerSet", "leaderworkersets"),
  services: resource("v1", "Service", "services"),
  configmaps: resource("v1", "ConfigMap", "configmaps"),
  rolebasedgroups: resource(API_VERSION, "RoleBasedGroup", "rolebasedgroups"),
  persistentvolumeclaims: resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  persistentvolumes: resource("v1", "PersistentVolume", "persistentvolumes", false),
} as const satisfies Record<string, Resource>;
export type WatchedKind = keyof typeof WATCHED;
export const WATCHED_KINDS = Object.keys(WATCHED) as readonly WatchedKind[];

export const LEADER_WORKER_SET_GROUP = "leaderworkerset.x-k8s.io";

export const ROLE_BASED_GROUP_CRD = `rolebasedgroups.${API_GROUP}`;

/** RoleBasedGroups are few, and one without our labels was made by hand, which is to be answered. */
const WATCHED_WHOLE: readonly WatchedKind[] = [
  "nodes",
  "pods",
  "rolebasedgroups",
  "persistentvolumeclaims",
  "persistentvolumes",
];

/** Undefined where everything is watched. */
export const watchSelector = (kind: WatchedKind): string | undefined =>
  WATCHED_WHOLE.includes(kind) ? undefined : LABEL.set;

/** Kinds that the console may show although it does not watch them. */
const READABLE: readonly Resource[] = [
  ...Object.values(WATCHED),
  CRD,
  resource("apps/v1", "ReplicaSet", "replicasets"),
  resource("v1", "Namespace", "namespaces", false),
  resource("v1", "ServiceAccount", "serviceaccounts"),
  resource("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false),
  resource("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false),
  SET,
];

export function findResource(apiVersion: string, kind: string): Resource | undefined {
  return READABLE.find((one) => one.apiVersion === apiVersion && one.kind === kind);
}

export function watchedKindOf(apiVersion: string, kind: string): WatchedKind | undefined {
  return WATCHED_KINDS.find((one) => WATCHED[one].apiVersion === apiVersion && WATCHED[one].kind === kind);
}

export type ResourceTarget = {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
};

/**
 * URL path below the server. Without a namespace: all of them.
 *
 * Errors: {@link ApiError} 404 for a name that would climb to another path; nothing can be called so.
 */
export function resourcePath(of: Resource, target: ResourceTarget = {}): string {
  const root = of.apiVersion.includes("/") ? `/apis/${of.apiVersion}` : `/api/${of.apiVersion}`;
  const parts = [root];
  if (of.isNamespaced && target.namespace !== undefined) parts.push("namespaces", segment(target.namespace));
  parts.push(of.plural);
  if (target.name !== undefined) parts.push(segment(target.name));
  if (target.subresource !== undefined) parts.push(target.subresource);
  return parts.join("/");
}

/** No encoding protects dots: URLs resolve "%2e%2e" like "..". */
function segment(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new ApiError(404, "NotFound", `nothing can be named ${JSON.stringify(name)}`);
  }
  return encodeURIComponent(name);
}
