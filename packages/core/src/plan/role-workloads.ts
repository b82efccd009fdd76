import type { GroupRole, GroupState, ObservedPod, ObservedWorkload } from "../model/index.ts";
import { type WantedWorkload, wantedWorkloads } from "../project/workloads.ts";
import { isOfThisLife, type ObservedGroup } from "./observed-group.ts";

/**
 * The workloads of one role of a running incarnation. Most roles have one; a multi-node role without a LeaderWorkerSet
 * has a StatefulSet per instance (two, where its workers have a template of their own), and scaling it makes and deletes
 * whole StatefulSets.
 */
export type RoleWorkloads = {
  /** What the role is to have, by instance, with what there is of it. */
  readonly parts: readonly RolePart[];
  /** StatefulSets of instances above the wanted count, the highest first. */
  readonly surplus: readonly ObservedWorkload[];
};

export type RolePart = {
  readonly wanted: WantedWorkload;
  /** Of this incarnation; null when there is none (yet). */
  readonly workload: ObservedWorkload | null;
};

export function roleWorkloads(group: GroupState, role: GroupRole, observed: ObservedGroup): RoleWorkloads {
  const rendered = group.rendering.find((candidate) => candidate.role === role.role);
  const present = observed.workloads.filter(
    (candidate) =>
      candidate.role === role.role && candidate.kind === role.kind && isOfThisLife(candidate, group, observed),
  );
  const parts = (rendered === undefined ? [] : wantedWorkloads(rendered, role.replicas)).map((wanted) => ({
    wanted,
    workload: present.find((candidate) => candidate.name === wanted.name) ?? null,
  }));
  if (!role.isPerInstance) return { parts, surplus: [] };
  const surplus = present
    .filter(({ instance }) => instance !== null && instance >= role.replicas)
    .sort((a, b) => (b.instance ?? 0) - (a.instance ?? 0) || (a.name < b.name ? -1 : 1));
  return { parts, surplus };
}

/** What a pod, or a place for one, is within its role. */
export type PlaceInRole = { readonly ordinal: number; readonly worker: number };

export const placeOf = (pod: Pick<ObservedPod, "ordinal" | "worker">): PlaceInRole => ({
  ordinal: pod.ordinal ?? 0,
  worker: pod.worker ?? 0,
});

/** The part of a role that a pod belongs to. */
export function partOf({ parts }: RoleWorkloads, { ordinal, worker }: PlaceInRole): RolePart | undefined {
  return parts.find(
    ({ wanted: { instance, firstWorker, replicas } }) =>
      instance === null || (instance === ordinal && worker >= firstWorker && worker < firstWorker + replicas),
  );
}

/** How many of its pods a workload has been told to have; null while there is no such workload. */
export function isWithinTold({ wanted, workload }: RolePart, { ordinal, worker }: PlaceInRole): boolean {
  if (workload === null) return true;
  return wanted.instance === null ? ordinal < workload.replicas : worker - wanted.firstWorker < workload.replicas;
}

/** Pods of a role when all of it is there. */
export const wantedPods = (role: GroupRole): number => role.replicas * role.size;

/** Every workload is there: so its name is ours. */
export function areHeld({ parts }: RoleWorkloads): boolean {
  return parts.every(({ workload }) => workload !== null && workload.deletionAtMs === null);
}

/** Every workload is there, as it is to be, and its controller has taken it in. */
export function areSettled({ parts, surplus }: RoleWorkloads): boolean {
  return surplus.length === 0 && parts.every(({ wanted, workload }) => isSettled(workload, wanted.replicas));
}

function isSettled(workload: ObservedWorkload | null, replicas: number): boolean {
  return (
    workload !== null &&
    workload.deletionAtMs === null &&
    workload.observedGeneration >= workload.generation &&
    workload.replicas === replicas
  );
}
