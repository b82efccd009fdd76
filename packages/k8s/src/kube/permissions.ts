import { API_GROUP, fields } from "@openpatio/core/model";
import { LEASE_NAME } from "@openpatio/core/ownership";
import { stringify } from "yaml";
import type { ApiConnection } from "./connection.ts";
import { LEADER_WORKER_SET_GROUP } from "./resources.ts";

type Rule = {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only objects of this name. */
  readonly name?: string;
  /** For a kind that a cluster need not have: nothing is missing where it is not there. */
  readonly isOptional?: boolean;
};

const LEASE_GROUP = "coordination.k8s.io";
const WRITTEN = ["get", "list", "watch", "create", "patch", "delete"];

/** All that is asked of a cluster. Secrets are not in it: they are never read. */
const RULES: readonly Rule[] = [
  { group: "", resources: ["nodes"], verbs: ["get", "list", "watch", "patch"] },
  { group: "", resources: ["pods"], verbs: ["get", "list", "watch", "patch", "delete"] },
  { group: "", resources: ["pods/log"], verbs: ["get"] },
  { group: "", resources: ["pods/eviction"], verbs: ["create"] },
  { group: "", resources: ["events"], verbs: ["get", "list", "create", "patch"] },
  { group: "", resources: ["services", "configmaps"], verbs: WRITTEN },
  { group: "", resources: ["persistentvolumeclaims"], verbs: ["get", "list", "watch", "delete"] },
  { group: "", resources: ["persistentvolumes"], verbs: ["list", "watch"] },
  { group: "apps", resources: ["statefulsets", "deployments"], verbs: WRITTEN },
  { group: "apps", resources: ["statefulsets/scale", "deployments/scale"], verbs: ["patch"] },
  { group: LEADER_WORKER_SET_GROUP, resources: ["leaderworkersets"], verbs: WRITTEN, isOptional: true },
  { group: LEADER_WORKER_SET_GROUP, resources: ["leaderworkersets/scale"], verbs: ["patch"], isOptional: true },
  { group: LEASE_GROUP, resources: ["leases"], verbs: ["create"] },
  { group: LEASE_GROUP, resources: ["leases"], name: LEASE_NAME, verbs: ["get", "list", "update", "delete"] },
  { group: API_GROUP, resources: ["rolebasedgroups"], verbs: WRITTEN },
  { group: API_GROUP, resources: ["rolebasedgroups/status"], verbs: ["patch"] },
  { group: API_GROUP, resources: ["rolebasedgroupsets"], verbs: ["get", "list", "watch", "update", "patch", "delete"] },
  { group: API_GROUP, resources: ["rolebasedgroupsets/status"], verbs: ["patch"] },
  // Asked of whoever makes an object that blocks its owner's deletion, where OwnerReferencesPermissionEnforcement is on.
  { group: API_GROUP, resources: ["rolebasedgroups/finalizers"], verbs: ["update"] },
];

/** So that a definition that names what a cluster does not have is refused beforehand; works without. */
const LOOK_RULES: readonly Rule[] = [
  { group: "", resources: ["namespaces", "serviceaccounts"], verbs: ["get"] },
  { group: "scheduling.k8s.io", resources: ["priorityclasses"], verbs: ["get"] },
  { group: "node.k8s.io", resources: ["runtimeclasses"], verbs: ["get"] },
];

/** Only the installation of our own definitions needs this; where they exist, nothing is missing without it. */
const INSTALL_RULE: Rule = {
  group: "apiextensions.k8s.io",
  resources: ["customresourcedefinitions"],
  verbs: ["get", "create", "patch"],
};

/** Verbs that are needed and not granted, e.g. `create statefulsets.apps`, in the order of the rules. */
export async function observeMissingPermissions(
  connection: ApiConnection,
  hasLeaderWorkerSets: boolean,
): Promise<readonly string[]> {
  const rules = RULES.filter((rule) => hasLeaderWorkerSets || rule.isOptional !== true);
  const wanted = rules.flatMap((rule) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.map((verb) => ({ group: rule.group, resource, verb, name: rule.name })),
    ),
  );
  const answers = await Promise.all(wanted.map((one) => isAllowed(connection, one)));
  return wanted
    .filter((_, at) => answers[at] === false)
    .map(({ group, resource, verb }) => `${verb} ${resource}${group === "" ? "" : `.${group}`}`);
}

async function isAllowed(
  connection: ApiConnection,
  asked: {
    readonly group: string;
    readonly resource: string;
    readonly verb: string;
    readonly name: string | undefined;
  },
): Promise<boolean> {
  const [resource, subresource] = asked.resource.split("/");
  const attributes = {
    group: asked.group,
    resource,
    verb: asked.verb,
    ...(subresource ? { subresource } : {}),
    ...(asked.name === undefined ? {} : { name: asked.name }),
  };
  const answer = await connection.request({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: attributes },
    },
    isRead: true,
  });
  return fields(fields(answer)["status"])["allowed"] === true;
}

/**
 * YAML for `kubectl apply -f`: a service account in `namespace` with exactly the rights that are needed. Without
 * `canInstall` the custom resource definitions are to be applied by hand.
 */
export function rbacManifest(options: { readonly namespace?: string; readonly canInstall?: boolean } = {}): string {
  const namespace = options.namespace ?? "openpatio-system";
  const rules = [...RULES, ...LOOK_RULES, ...(options.canInstall === false ? [] : [INSTALL_RULE])];
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: NAME },
      rules: rules.map(({ group, resources, verbs, name }) => ({
        apiGroups: [group],
        resources,
        ...(name === undefined ? {} : { resourceNames: [name] }),
        verbs,
      })),
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: NAME },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
    },
  ];
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
}

const NAME = "openpatio";
