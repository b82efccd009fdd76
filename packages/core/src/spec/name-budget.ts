import { groupName, instanceName, serviceName, workloadName } from "../model/names.ts";
import { workersOf } from "../project/addresses.ts";
import { amountOf } from "./amount.ts";
import { formatPath } from "./path.ts";
import type { Problem } from "./problem.ts";
import { DNS_LABEL, MAX_ROLES, type RoleSpec } from "./schema.ts";
import { countAt, isRecord, listAt, member, textAt, valueAt } from "./shape.ts";

/** Characters. The StatefulSet controller puts its name and a hash into one label value of its pods. */
export const MAX_STATEFULSET_NAME = 52;
/** Characters of a pod's, a Service's and a label's value: each becomes a DNS label or is bound like one. */
export const MAX_LABEL = 63;

/** Names that would not fit, judged at the largest index that the wanted counts lead to. */
export function nameProblems(manifest: unknown, presentReplicas: number): readonly Problem[] {
  const set = textAt(manifest, ["metadata", "name"]);
  // The schema speaks about names that are no DNS labels.
  if (set === undefined || !DNS_LABEL.test(set)) return [];

  const groups = countAt(manifest, ["spec", "replicas"], presentReplicas);
  const lastGroup = Math.max(groups + surgeOf(valueAt(manifest, ["spec", "rollout", "maxSurge"]), groups) - 1, 0);
  const problems: Problem[] = [];
  const check = (path: string, what: string, name: string, limit: number): boolean => {
    if (name.length <= limit) return true;
    problems.push({
      path,
      code: "name-too-long",
      message: `${what} ${name} would have ${name.length} characters; at most ${limit} are possible. Shorten the name by ${name.length - limit}.`,
    });
    return false;
  };

  check("metadata.name", "The group", groupName(set, lastGroup), MAX_LABEL);
  for (const [index, role] of listAt(manifest, ["spec", "groupTemplate", "roles"]).slice(0, MAX_ROLES).entries()) {
    const name = textAt(role, ["role"]);
    if (name === undefined || !DNS_LABEL.test(name)) continue;
    const path = formatPath(["spec", "groupTemplate", "roles", index, "role"]);
    const lastPod = Math.max(countAt(role, ["replicas"], 1) - 1, 0);
    const workload = workloadName(set, lastGroup, name);
    const size = multiNodeSize(role);
    // One problem per role: the shortest limit that is broken covers the others.
    if (textAt(role, ["workload", "kind"]) === "Deployment")
      check(path, "The Service", serviceName(set, lastGroup, name), MAX_LABEL);
    else if (size !== null) {
      // Also of a LeaderWorkerSet, which makes a StatefulSet per instance itself.
      const instance = instanceName(set, lastGroup, name, lastPod);
      const last = hasWorkersTemplate(role) ? workersOf(instance) : instance;
      if (check(path, "The StatefulSet", last, MAX_STATEFULSET_NAME))
        check(path, "The pod", `${last}-${size - 1}`, MAX_LABEL);
    } else if (check(path, "The StatefulSet", workload, MAX_STATEFULSET_NAME))
      check(path, "The pod", `${workload}-${lastPod}`, MAX_LABEL);
  }
  return problems;
}

/** Extra groups of a rollout have the indices above. */
function surgeOf(value: unknown, groups: number): number {
  if (typeof value === "number") return Number.isInteger(value) ? Math.max(value, 0) : 0;
  return typeof value === "string" && /^\d{1,3}%$/.test(value) ? amountOf(value, groups, Math.ceil) : 0;
}

/** Pods per instance of a role whose instances have names of their own; null for any other. */
function multiNodeSize(role: unknown): number | null {
  const isMultiNode =
    isRecord(member(role, "leaderWorker")) || textAt(role, ["workload", "kind"]) === "LeaderWorkerSet";
  return isMultiNode ? Math.max(countAt(role, ["leaderWorker", "size"], 1), 1) : null;
}

const hasWorkersTemplate = (role: unknown): boolean => isRecord(valueAt(role, ["leaderWorker", "workerTemplate"]));

/**
 * Roles of one set whose objects could share a name: `prefill` with multi-node instances has StatefulSets `S-i-prefill-0`
 * and `S-i-prefill-0-w`, which are those of roles `prefill-0` and `prefill-0-w`. At whatever index.
 */
export function roleNameProblems(manifest: unknown): readonly Problem[] {
  const roles = listAt(manifest, ["spec", "groupTemplate", "roles"]).slice(0, MAX_ROLES);
  const named = roles.flatMap((role, index) => {
    const name = textAt(role, ["role"]);
    return name === undefined ? [] : [{ name, index, isMultiNode: multiNodeSize(role) !== null }];
  });
  return named.flatMap(({ name, index }) => {
    const rival = named.find((other) => other.isMultiNode && isInstanceName(name, other.name));
    return rival === undefined
      ? []
      : [
          {
            path: formatPath(["spec", "groupTemplate", "roles", index, "role"]),
            code: "name-collision" as const,
            message: `Role ${name} would have the name of an instance of ${rival.name}, which is a multi-node role. Rename one of them.`,
          },
        ];
  });
}

/** `prefill-0`, `prefill-0-w`, and what begins so: their own instances would be named like its pods. */
function isInstanceName(name: string, role: string): boolean {
  if (!name.startsWith(`${role}-`)) return false;
  return /^(0|[1-9]\d*)(-w)?(-(0|[1-9]\d*))?$/.test(name.slice(role.length + 1));
}

/** What decides the names of a set's objects. */
export type SetNames = {
  readonly namespace: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Roles whose instances have names of their own. */
  readonly multiNode?: readonly string[];
};

/** What decides the names of a set's objects, of a definition that is valid. */
export function setNames(namespace: string, name: string, roles: readonly RoleSpec[]): SetNames {
  return {
    namespace,
    name,
    roles: roles.map(({ role }) => role),
    multiNode: roles.filter((role) => multiNodeSize(role) !== null).map(({ role }) => role),
  };
}

/**
 * Names that a set could come to share with another set of its namespace, at whatever index: `a` with role `0-b` and
 * `a-0` with role `b` both have `a-0-0-b`. Also refused is `a-b` with role `c` beside `a` with role `b-c`: no object of
 * theirs has one name, but no person can tell `a-b-0-c` from `a-0-b-c` by heart.
 */
export function validateAgainst(set: SetNames, others: readonly SetNames[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const other of others) {
    if (other.namespace !== set.namespace || other.name === set.name) continue;
    for (const [index, role] of set.roles.entries()) {
      const rival = other.roles.find(
        (candidate) =>
          couldCollide(set.name, role, other.name, candidate) ||
          isInstanceOf(other.name, candidate, set, role) ||
          isInstanceOf(set.name, role, other, candidate),
      );
      if (rival !== undefined)
        problems.push({
          path: formatPath(["spec", "groupTemplate", "roles", index, "role"]),
          code: "name-collision",
          message: `Set ${set.name} with role ${role} and set ${other.name} with role ${rival} in namespace ${set.namespace} would have names that are the same or cannot be told apart. Rename the set or the role.`,
        });
    }
  }
  return problems;
}

/** Whether the objects of a role could have the names of instances of a multi-node role `of` of another set. */
function isInstanceOf(set: string, role: string, { name, multiNode = [] }: SetNames, of: string): boolean {
  const end = /^(.*)-(0|[1-9]\d*)(-w)?$/.exec(role);
  return multiNode.includes(of) && end !== null && couldCollide(set, end[1] ?? "", name, of);
}

function couldCollide(setA: string, roleA: string, setB: string, roleB: string): boolean {
  if (`${setA}-${roleA}` === `${setB}-${roleB}`) return true;
  const [shortSet, shortRole, longSet, longRole] =
    setA.length < setB.length ? [setA, roleA, setB, roleB] : [setB, roleB, setA, roleA];
  if (!longSet.startsWith(`${shortSet}-`)) return false;
  // longSet-j-longRole read as shortSet-i-shortRole: what follows shortSet- must begin with the index i.
  const rest = longSet.slice(shortSet.length + 1);
  const index = /^(0|[1-9]\d*)(?:-|$)/.exec(rest)?.[1];
  if (index === undefined) return false;
  const between = rest.slice(index.length + 1);
  const head = between === "" ? "" : `${between}-`;
  if (!shortRole.startsWith(head) || !shortRole.endsWith(`-${longRole}`)) return false;
  return /^(0|[1-9]\d*)$/.test(shortRole.slice(head.length, shortRole.length - longRole.length - 1));
}
