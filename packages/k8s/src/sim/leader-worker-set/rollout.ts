/** How far the rolling update of a LeaderWorkerSet is: the partition and the size of its StatefulSet of leaders. */

export type GroupState = {
  /** The leader and all its workers. */
  readonly isReady: boolean;
  readonly isUpdated: boolean;
};

export type RolloutFacts = {
  readonly replicas: number;
  /** Groups below it stay as they are. */
  readonly partition: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** The template changed since the leaders were last written. */
  readonly isNewRevision: boolean;
  /** Undefined when there are no leaders yet. */
  readonly leaders:
    | {
        readonly replicas: number;
        readonly partition: number;
        /** `replicas` of the set when the leaders were last written. */
        readonly wantedReplicas: number;
        /** By group index, one for each of `replicas`. */
        readonly states: readonly GroupState[];
      }
    | undefined;
};

export type RolloutStep = { readonly partition: number; readonly replicas: number };

/** At rest the partition is that of the set, and no surge group is left. */
export function rolloutStep(facts: RolloutFacts): RolloutStep {
  const step = unheldStep(facts);
  return { ...step, partition: Math.max(step.partition, facts.partition) };
}

function unheldStep({ replicas, leaders, isNewRevision, maxUnavailable, ...facts }: RolloutFacts): RolloutStep {
  if (leaders === undefined) return { partition: 0, replicas };
  const maxSurge = Math.min(facts.maxSurge, replicas);
  const withSurge = replicas + maxSurge;
  // Surge groups go one by one, as no more groups than they stand for are left to come.
  const leadersFor = (unready: number): number =>
    unready <= maxSurge ? replicas + Math.max(0, unready - 1) : withSurge;
  if (isNewRevision) return { partition: Math.min(replicas, leaders.replicas), replicas: leadersFor(replicas) };
  const { states } = leaders;
  if (leaders.partition === 0 && leaders.replicas === replicas) return { partition: 0, replicas };
  const unready = Array.from({ length: replicas }, (_, index) => states[index]).filter((state) => !isDone(state));
  if (leaders.wantedReplicas !== replicas) {
    return { partition: Math.min(leaders.partition, withSurge), replicas: leadersFor(unready.length) };
  }
  const batch = maxUnavailable + maxSurge - (withSurge - leaders.replicas);
  return { partition: nextPartition(states, batch, leaders.partition), replicas: leadersFor(unready.length) };
}

function isDone(state: GroupState | undefined): boolean {
  return state?.isReady === true && state.isUpdated;
}

/** It only goes down, and by no more groups than may be unavailable. */
function nextPartition(states: readonly GroupState[], batch: number, present: number): number {
  const firstNotDone = states.findLastIndex((state) => !isDone(state));
  const doneAtEnd = states.length - 1 - firstNotDone;
  const lowest = Math.max(0, states.length - doneAtEnd - batch);
  // Those below that are down already take their part of the batch.
  let partition = lowest + states.slice(0, lowest).filter((state) => !state.isReady).length;
  // What is down or updated costs no availability.
  for (let index = Math.min(partition, states.length - 1); index >= lowest; index -= 1) {
    const state = states[index];
    if (state === undefined || (state.isReady && !state.isUpdated)) break;
    partition = index;
  }
  return Math.min(partition, present);
}
