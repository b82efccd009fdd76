import { resolveIntOrPercent } from "./int-or-percent.ts";
import {
  type Condition,
  conditionOf,
  type Deployment,
  type DeploymentStatus,
  type ReplicaSet,
  timeOf,
  timestamp,
  withCondition,
  withoutZeros,
} from "./objects.ts";

type Bounds = { readonly maxSurge: number; readonly maxUnavailable: number };

/** How far a rolling update may go above and below the wanted replicas. */
export function boundsOf(deployment: Deployment): Bounds {
  const replicas = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, replicas, "up", "25%");
  const unavailable = resolveIntOrPercent(maxUnavailable, replicas, "down", "25%");
  // Both can round to nothing; then one pod at a time is replaced.
  const least = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge: surge, maxUnavailable: Math.min(replicas, least) };
}

export function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((total, set) => total + (count(set) ?? 0), 0);
}

/** The deadline applies unless it is absent or the largest 32-bit number, which stands for none. */
function deadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds ?? 600;
  return seconds === 2 ** 31 - 1 ? undefined : seconds * 1000;
}

/**
 * The status after the replica sets have been looked at. `estimatesProgress` is false for paused and scaled deployments,
 * where the Progressing condition stays as it is.
 */
export function deploymentStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  estimatesProgress: boolean,
  nowMs: number,
): { readonly status: DeploymentStatus; readonly dueMs: number | undefined } {
  const wanted = deployment.spec.replicas ?? 1;
  const available = sum(sets, ({ status }) => status?.availableReplicas);
  const { collisionCount } = deployment.status ?? {};
  const counts = {
    replicas: sum(sets, ({ status }) => status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(sets, ({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, ({ spec }) => spec.replicas) - available),
  };
  const isAvailable = available >= wanted - boundsOf(deployment).maxUnavailable;
  const availability: Condition = isAvailable
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
  let conditions = set(deployment.status?.conditions, availability, nowMs);
  let dueMs: number | undefined;
  if (estimatesProgress) {
    const progress = progressOf(deployment, counts, newSet, nowMs);
    if (progress.condition !== undefined) conditions = set(conditions, progress.condition, nowMs, progress.isNews);
    dueMs = progress.dueMs;
  }
  const failure = conditionOf(newSet?.status?.conditions, "ReplicaFailure");
  conditions =
    failure === undefined
      ? conditions.filter(({ type }) => type !== "ReplicaFailure")
      : set(conditions, failure, nowMs);
  const status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...withoutZeros(counts),
    terminatingReplicas: sum(sets, (item) => item.status?.terminatingReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions,
  };
  return { status, dueMs };
}

function set(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  nowMs: number,
  isNews = false,
): readonly Condition[] {
  const present = conditionOf(conditions, next.type);
  if (!isNews && present?.status === next.status && present.reason === next.reason) return conditions ?? [];
  return withCondition(conditions, { ...next, lastUpdateTime: timestamp(nowMs) }, nowMs);
}

type Counts = {
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
};

type Progress = { readonly condition?: Condition; readonly isNews?: boolean; readonly dueMs: number | undefined };

function progressOf(deployment: Deployment, counts: Counts, newSet: ReplicaSet | undefined, nowMs: number): Progress {
  const limitMs = deadlineMs(deployment);
  const present = conditionOf(deployment.status?.conditions, "Progressing");
  const isDone = counts.replicas === counts.updatedReplicas && present?.reason === "NewReplicaSetAvailable";
  if (limitMs === undefined || isDone) return { dueMs: undefined };
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  const wanted = deployment.spec.replicas ?? 1;
  const isComplete =
    counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas === wanted;
  if (isComplete) {
    const message = `${subject} has successfully progressed.`;
    return {
      condition: { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message },
      dueMs: undefined,
    };
  }
  const before = deployment.status ?? {};
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0);
  const hasProgressed =
    counts.updatedReplicas > (before.updatedReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < oldBefore ||
    counts.readyReplicas > (before.readyReplicas ?? 0) ||
    counts.availableReplicas > (before.availableReplicas ?? 0);
  if (hasProgressed) {
    const message = `${subject} is progressing.`;
    const condition: Condition = { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message };
    return { condition, isNews: true, dueMs: nowMs + limitMs };
  }
  if (present === undefined || present.reason === "ProgressDeadlineExceeded") return { dueMs: undefined };
  const sinceMs = timeOf(present.lastUpdateTime ?? present.lastTransitionTime);
  if (nowMs < sinceMs + limitMs) return { dueMs: sinceMs + limitMs };
  const message = `${subject} has timed out progressing.`;
  return {
    condition: { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message },
    dueMs: undefined,
  };
}
