import { type GroupRole, instanceName, type SetState, serviceName, workloadName } from "../model/index.ts";

type SetName = Pick<SetState, "name" | "namespace">;

/** One instance of a role as a cluster publishes it. */
export type InstanceAddresses = {
  /** Its pod's, or its leader's. */
  readonly address: string;
  /** Of a multi-node instance, in the order of their indices from 1; null where an instance is one pod. */
  readonly workers: readonly string[] | null;
};

export function serviceAddress(set: SetName, index: number, role: string): string {
  return `${serviceName(set.name, index, role)}.${set.namespace}.svc`;
}

/** The headless Service under whose name a cluster publishes the names of a role's pods. */
function podDomain(set: SetName, index: number, role: GroupRole): string {
  return role.kind === "LeaderWorkerSet"
    ? `${workloadName(set.name, index, role.role)}.${set.namespace}.svc`
    : serviceAddress(set, index, role.role);
}

/**
 * Address of the leader of an instance. The index may be a reference to a variable, for templates that all instances
 * share.
 */
export function leaderAddress(set: SetName, index: number, role: GroupRole, instance: number | string): string {
  const name = instanceName(set.name, index, role.role, instance);
  return `${role.isPerInstance ? `${name}-0` : name}.${podDomain(set, index, role)}`;
}

/**
 * The addresses of a role's instances, by the form of its workload (docs/concepts.md has them as a table):
 *
 * StatefulSet `S-i-R-k.s-S-i-R` · Deployment none, for its pods have no stable names, and the Service stands for them ·
 * a StatefulSet per instance `S-i-R-k-j.s-S-i-R`, the leader is j = 0 · LeaderWorkerSet `S-i-R-k.S-i-R` and its workers
 * `S-i-R-k-j.S-i-R`, under the Service that it makes itself.
 */
export function instanceAddresses(set: SetName, index: number, role: GroupRole): readonly InstanceAddresses[] {
  if (role.kind === "Deployment") return [];
  const domain = podDomain(set, index, role);
  const isMultiNode = role.isPerInstance || role.kind === "LeaderWorkerSet";
  return Array.from({ length: role.replicas }, (_, instance) => ({
    address: leaderAddress(set, index, role, instance),
    workers: isMultiNode
      ? Array.from({ length: role.size - 1 }, (__, j) => {
          const name = instanceName(set.name, index, role.role, instance);
          return `${role.isPerInstance && hasWorkersTemplate(role) ? workersOf(name) : name}-${j + 1}.${domain}`;
        })
      : null,
  }));
}

/** A StatefulSet's name is the beginning of its pods' names: leader and workers cannot both have the instance's. */
export const workersOf = (instance: string): string => `${instance}-w`;

/** Its instances are of two StatefulSets, since the pods of one have one template. */
export const hasWorkersTemplate = ({ content }: GroupRole): boolean =>
  (content.leaderWorker?.workerTemplate ?? null) !== null && (content.leaderWorker?.size ?? 1) > 1;
