import { clustersOfGroup, type GroupState, type Revision, type RolloutState, type SetState } from "../model/index.ts";
import { openLedger } from "../placement/ledger.ts";
import { reservationsOf } from "../placement/reservations.ts";
import { advanceGroup } from "./advance.ts";
import type { AssessedGroup } from "./assess.ts";
import { planRollback } from "./auto-rollback.ts";
import { conditionsAfter } from "./conditions.ts";
import { type PlanContext, type PlanNotes, planContext } from "./context.ts";
import { planForeignHome } from "./deletion.ts";
import { planEntry } from "./entry.ts";
import { GroupSteps, PlanMemory } from "./memory.ts";
import type { ObservedGroup } from "./observed-group.ts";
import { hasOnlyPods, isOrphaning } from "./orphan.ts";
import { planOwnerEnds } from "./owner-end.ts";
import { planRollout, rolloutAfter } from "./rollout.ts";
import { planGroups } from "./scale.ts";
import { setStatus } from "./status.ts";
import { planSurge } from "./surge.ts";
import type { Plan, PlanInput } from "./types.ts";
import { areVolumesLeft, planVolumes } from "./volumes.ts";

/**
 * Decides everything for one set and does nothing. `nowMs` is the server's clock, epoch milliseconds. With the memory of
 * the plans before, what did not change since costs next to nothing; the plan is the same without.
 *
 * In order: which groups there are (scale, deletion) → what happened to each (failures, progress) → which of them leave
 * their revision (rollout) → each as far as it can go: teardown, backoff, placement, startup, and the difference between
 * what is and what should be → what the rollout came to → what to tell.
 *
 * Guarantees: equal inputs give equal plans. `next` is stored before the actions run, so planning again after a crash
 * re-emits what is missing and nothing else. What did not change keeps its identity. Each timeline line comes with the
 * change of state that causes it, so once. On a cluster that is not live nothing is touched and nothing is assumed.
 */
export function plan(input: PlanInput, nowMs: number, memory = new PlanMemory()): Plan {
  const context = planContext(input, nowMs);
  const { set } = context;
  const notes: PlanNotes = { actions: [], timeline: [], wakeAtMs: [] };
  const placing = {
    ledger: openLedger(input.clusters, () => [...input.reservations, ...reservationsOf(set)]),
    placedOn: new Set<string>(),
  };
  const steps = new GroupSteps(context, notes, memory);

  const wanted = planGroups(context, notes);
  const assessed = wanted.map((group) => steps.assess(group));
  const surged = planSurge(context, assessed, notes);
  const rolled = planRollout(context, surged, notes);
  const moved = rolled.flatMap((item) => steps.advance(item, () => advanceGroup(context, item, placing, notes)) ?? []);
  const advanced = planEntry(context, moved, notes);
  removeStrays(context, advanced, notes);
  planOwnerEnds(context, advanced, notes);
  if (advanced.length === 0) planVolumes(context, notes);

  const outcome = rolloutAfter(context, advanced, notes);
  const groups = unlessSame(
    set.groups,
    advanced.map(({ group }) => group),
  );
  const kept = prunedRevisions(set, outcome, groups);
  const after = planRollback({ ...set, rollout: outcome, groups, revisions: kept }, notes, nowMs);
  const { spec, generation, rollout, revisions } = after;
  const told = advanced.map((item) => steps.tell(after, item));
  const described = setStatus(context, after, advanced, told);
  const conditions = conditionsAfter(after, described, nowMs);
  steps.remember();

  return {
    actions: notes.actions,
    next: { spec, generation, rollout, revisions, conditions, groups },
    placedOn: [...placing.placedOn].sort(),
    status: { ...described, conditions },
    timeline: notes.timeline,
    isGone: set.isDeleting && groups.length === 0 && isNothingLeft(context) && !areVolumesLeft(context),
    requeue: requeue(notes, nowMs),
  };
}

/** What carries this set's labels where no group of it is. */
function removeStrays(context: PlanContext, advanced: readonly AssessedGroup[], notes: PlanNotes): void {
  if (isOrphaning(context.set)) return;
  const homes = new Map(advanced.map(({ group }) => [group.index, group]));
  for (const [cluster, groups] of context.everything) {
    // What was let go there runs on.
    if (context.live(cluster)?.removal === "orphan") continue;
    for (const [index, observed] of groups) {
      const group = homes.get(index);
      // One without a place is nowhere: where its cluster is being removed, nothing waits there for its return.
      const isAway = group?.placement !== null || (context.live(cluster)?.removal ?? null) !== null;
      const isElsewhere = group !== undefined && isAway && !clustersOfGroup(group).includes(cluster);
      if (group === undefined || (isElsewhere && group.teardown?.next !== "remove"))
        planForeignHome(index, observed, notes);
    }
  }
}

function isNothingLeft(context: PlanContext): boolean {
  return [...context.everything].every(([cluster, groups]) => {
    const isLetGo = isOrphaning(context.set) || context.live(cluster)?.removal === "orphan";
    const isLeft = (observed: ObservedGroup): boolean => !isLetGo || observed.owner !== null || !hasOnlyPods(observed);
    return context.entry(cluster) === null && ![...groups.values()].some(isLeft);
  });
}

/** Keeps the newest, and whatever is in use. */
function prunedRevisions(set: SetState, rollout: RolloutState, groups: readonly GroupState[]): readonly Revision[] {
  const limit = set.spec.revisionHistoryLimit;
  if (set.revisions.length <= limit) return set.revisions;
  const used = new Set([rollout.target, rollout.lastGood, rollout.current, ...groups.flatMap(revisionsOf)]);
  const newest = new Set([...set.revisions].sort((a, b) => b.number - a.number).slice(0, limit));
  const kept = set.revisions.filter((revision) => used.has(revision.number) || newest.has(revision));
  return kept.length === set.revisions.length ? set.revisions : kept;
}

function revisionsOf({ revision, roleUpdate, leaving }: GroupState): readonly number[] {
  const behind = (roleUpdate?.behind ?? []).map((late) => late.revision);
  return [revision, ...behind, ...leaving.flatMap(({ copy }) => revisionsOf(copy))];
}

function unlessSame(before: readonly GroupState[], after: readonly GroupState[]): readonly GroupState[] {
  return before.length === after.length && before.every((group, i) => group === after[i]) ? before : after;
}

function requeue({ wakeAtMs }: PlanNotes, nowMs: number): Plan["requeue"] {
  if (wakeAtMs.length === 0) return "on-change";
  return { afterMs: Math.max(0, Math.min(...wakeAtMs) - nowMs) };
}
