/** Labels, annotations and names that appear in clusters. Changing one breaks running groups and users' launch scripts. */

export const API_GROUP = "openpatio.io";
export const API_VERSION = "openpatio.io/v1alpha1";
/** Value of app.kubernetes.io/managed-by, and the field manager of our writes. */
export const MANAGER = "openpatio";

export const LABEL = {
  set: "openpatio.io/set",
  groupIndex: "openpatio.io/group-index",
  role: "openpatio.io/role",
  incarnation: "openpatio.io/incarnation",
  /** Which life of its role within the incarnation; absent or 0: the first. */
  roleRestart: "openpatio.io/role-restart",
  revisionHash: "openpatio.io/revision-hash",
  /** On StatefulSets and pods of a multi-node role that runs as one StatefulSet per instance: index of the instance. */
  instance: "openpatio.io/instance",
  /** On the two StatefulSets of an instance whose workers have a template of their own: `leader` or `workers`. */
  part: "openpatio.io/part",
  managedBy: "app.kubernetes.io/managed-by",
} as const;

export const ANNOTATION = {
  /** Hash of what we last sent for this object; a differing hash means that it is due for an update. */
  contentHash: "openpatio.io/content-hash",
  /** On a custom resource definition: a number that grows, so that an older server leaves a newer definition alone. */
  schemaVersion: "openpatio.io/schema-version",
  /** In a pod template: the number of the restart that it was made for, so that it differs from the one before. */
  restart: "openpatio.io/restart",
  /** On a RoleBasedGroup, an entry and every pod: the id of the set that made it. The same name under another id is a stranger's. */
  setId: "openpatio.io/set-id",
} as const;

/** What the LeaderWorkerSet controller puts on the pods that it makes. */
export const LWS_LABEL = {
  name: "leaderworkerset.sigs.k8s.io/name",
  groupIndex: "leaderworkerset.sigs.k8s.io/group-index",
  workerIndex: "leaderworkerset.sigs.k8s.io/worker-index",
} as const;

/** Failure triggers that the sandbox and the test control plane honour on pods and pod templates. */
export const SANDBOX_ANNOTATION_PREFIX = "sandbox.openpatio.io/";

export const groupName = (set: string, index: number): string => `${set}-${index}`;
export const workloadName = (set: string, index: number, role: string): string => `${set}-${index}-${role}`;
/** One instance of a multi-node role: its leader's pod and its workers' in a LeaderWorkerSet, else its StatefulSet. */
export const instanceName = (set: string, index: number, role: string, instance: number | string): string =>
  `${workloadName(set, index, role)}-${instance}`;
/** What stands after a role in the name of one of its pods: `2`, of a multi-node instance `2-1`, of a worker with a template of its own `2-w-0`. */
export const isPlaceInRole = (text: string): boolean => /^\d+(-(w-)?\d+)?$/.test(text);
export const serviceName = (set: string, index: number, role: string): string => `s-${set}-${index}-${role}`;
export const configMapName = (set: string, index: number): string => `${set}-${index}-config`;
export const envMapName = (set: string, index: number): string => `${set}-${index}-env`;
