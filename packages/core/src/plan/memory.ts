import type { GroupState, GroupStatus, ObservedNode, SetState } from "../model/index.ts";
import { type AssessedGroup, assessGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import type { ObservedGroup } from "./observed-group.ts";
import { planOwnerStatus } from "./owner-status.ts";
import { groupStatus } from "./status.ts";

/**
 * What the last plan of a set came to, group by group, so that the next one need not think again about the groups of which
 * nothing has changed: of a thousand groups, one in which a pod failed is planned, and the others are looked up.
 *
 * A group is remembered only where planning it again would come to the same by the rules alone:
 * - it runs, it is not on its way to anywhere else, and planning it changed nothing of its state and told nothing;
 * - everything it depends on is the very same value: its state, what its cluster shows of it, the nodes there, the set
 *   without its groups. Values never change, so the same identity is the same content;
 * - the clock is between the moment it was planned and the first one at which it asked to be looked at again.
 *
 * Guarantees: a plan with a memory equals the plan without. It may be thrown away at any time, and is lost with the
 * process. It belongs to one set and to one caller; no two plans use it at once.
 */
export class PlanMemory {
  /** The set of the last plan; of its groups and conditions nothing is read. */
  set: SetState | null = null;
  clusters: ReadonlyMap<string, ClusterFacts> = new Map();
  readonly groups = new Map<number, Remembered>();
}

/** What planning a running group reads of its cluster, beside what is of the group there. */
type ClusterFacts = {
  readonly nodes: readonly ObservedNode[];
  readonly hasLeaderWorkerSets: boolean;
};

type Remembered = {
  readonly group: GroupState;
  readonly observed: ObservedGroup;
  readonly fromMs: number;
  /** The first moment at which it may come out differently; Infinity where there is none. */
  readonly untilMs: number;
  readonly assessed: AssessedGroup;
  readonly assessNotes: Said;
  readonly advanced: AssessedGroup;
  readonly advanceNotes: Said;
  /** Null while it is written to the cluster: that has the time in it. */
  readonly told: Told | null;
};

type Told = {
  /** As the plan left it. */
  readonly set: SetState;
  readonly status: GroupStatus;
  readonly notes: Said;
};

/** Without timeline: what tells something is not remembered. */
type Said = Pick<PlanNotes, "actions" | "wakeAtMs">;

type Draft = {
  readonly group: GroupState;
  readonly assessed: AssessedGroup;
  readonly assessNotes: Said;
  advanced?: { readonly item: AssessedGroup; readonly notes: Said };
  told?: Told;
};

/** The steps of one plan that are taken group by group, each from memory where that is the same. */
export class GroupSteps {
  private readonly context: PlanContext;
  private readonly notes: PlanNotes;
  private readonly memory: PlanMemory;
  private readonly recalled = new Map<number, Remembered>();
  private readonly drafts = new Map<number, Draft>();
  private readonly clusters: ReadonlyMap<string, ClusterFacts>;
  /** Clusters that are as they were. */
  private readonly unchanged: ReadonlySet<string>;

  constructor(context: PlanContext, notes: PlanNotes, memory: PlanMemory) {
    this.context = context;
    this.notes = notes;
    this.memory = memory;
    this.clusters = factsOf(context);
    this.unchanged = new Set(
      [...this.clusters].filter(([name, facts]) => isSame(facts, memory.clusters.get(name))).map(([name]) => name),
    );
    if (memory.set === null || !isSameButGroups(memory.set, context.set)) memory.groups.clear();
  }

  assess(group: GroupState): AssessedGroup {
    const known = this.recall(group);
    if (known !== null) {
      this.recalled.set(group.index, known);
      return this.repeat(known.assessed, known.assessNotes);
    }
    const from = this.mark();
    const assessed = assessGroup(this.context, group, this.notes);
    const said = this.since(from);
    if (said !== null && isCalm(group) && assessed.group === group && assessed.running !== null)
      this.drafts.set(group.index, { group, assessed, assessNotes: said });
    return assessed;
  }

  /** `advance` is taken where it is not known what it comes to. */
  advance(item: AssessedGroup, advance: () => AssessedGroup | null): AssessedGroup | null {
    const { index } = item.group;
    const known = this.recalled.get(index);
    if (known !== undefined && known.assessed === item) return this.repeat(known.advanced, known.advanceNotes);
    this.recalled.delete(index);
    const from = this.mark();
    const advanced = advance();
    const said = this.since(from);
    const draft = this.drafts.get(index);
    if (draft === undefined) return advanced;
    const isSettled = said !== null && draft.assessed === item && advanced?.group === draft.group;
    if (isSettled && advanced.running !== null) draft.advanced = { item: advanced, notes: said };
    else this.drafts.delete(index);
    return advanced;
  }

  /** Status of a group, and what of it is written to its cluster. `set` is the set after this plan. */
  tell(set: SetState, item: AssessedGroup): GroupStatus {
    const { index } = item.group;
    const known = this.recalled.get(index);
    const isKnown = known !== undefined && known.advanced === item;
    if (isKnown && known.told !== null && isToldOf(known.told.set, set))
      return this.repeat(known.told.status, known.told.notes);
    const from = this.mark();
    const status = groupStatus(this.context, set, item);
    planOwnerStatus(this.context, set, item, status, this.notes);
    const said = this.since(from);
    const told = said === null || said.actions.length > 0 ? null : { set, status, notes: said };
    if (isKnown) {
      const untilMs = Math.min(known.untilMs, ...(told?.notes.wakeAtMs ?? []));
      this.recalled.set(index, { ...known, told, fromMs: this.context.nowMs, untilMs });
    }
    const draft = this.drafts.get(index);
    if (draft?.advanced?.item === item && told !== null) draft.told = told;
    return status;
  }

  /** Keeps for the next plan what this one has come to. */
  remember(): void {
    const { context, memory } = this;
    memory.set = context.set;
    memory.clusters = this.clusters;
    memory.groups.clear();
    for (const [index, known] of this.recalled) memory.groups.set(index, known);
    for (const [index, { group, assessed, assessNotes, advanced, told }] of this.drafts) {
      if (advanced === undefined || assessed.running === null) continue;
      const { observed } = assessed.running;
      const wakes = [...assessNotes.wakeAtMs, ...advanced.notes.wakeAtMs, ...(told?.notes.wakeAtMs ?? [])];
      memory.groups.set(index, {
        group,
        observed,
        fromMs: context.nowMs,
        untilMs: Math.min(Number.POSITIVE_INFINITY, ...wakes, ...readyAhead(observed, context.nowMs)),
        assessed,
        assessNotes,
        advanced: advanced.item,
        advanceNotes: advanced.notes,
        told: told ?? null,
      });
    }
  }

  private recall(group: GroupState): Remembered | null {
    const known = this.memory.groups.get(group.index);
    if (known === undefined || known.group !== group) return null;
    const { nowMs } = this.context;
    if (nowMs < known.fromMs || nowMs >= known.untilMs) return null;
    const { cluster } = known.observed;
    return this.unchanged.has(cluster) && this.context.observed(cluster, group.index) === known.observed ? known : null;
  }

  private repeat<T>(result: T, said: Said): T {
    for (const action of said.actions) this.notes.actions.push(action);
    for (const atMs of said.wakeAtMs) this.notes.wakeAtMs.push(atMs);
    return result;
  }

  private mark(): { readonly actions: number; readonly wakeAtMs: number; readonly timeline: number } {
    const { actions, wakeAtMs, timeline } = this.notes;
    return { actions: actions.length, wakeAtMs: wakeAtMs.length, timeline: timeline.length };
  }

  /** Null when something was told. */
  private since(from: ReturnType<GroupSteps["mark"]>): Said | null {
    const { actions, wakeAtMs, timeline } = this.notes;
    if (timeline.length > from.timeline) return null;
    return { actions: actions.slice(from.actions), wakeAtMs: wakeAtMs.slice(from.wakeAtMs) };
  }
}

/**
 * Nothing of it waits for anything but its own pods and its own clock: no place, no copy elsewhere, no roles that are
 * recreated or updated, nothing that was put back or may still be taken. What is late says so, and asks for room.
 */
function isCalm(group: GroupState): boolean {
  return (
    group.stage === "running" &&
    group.moveTo === null &&
    group.leaving.length === 0 &&
    group.roleUpdate === null &&
    group.stalledReason === null &&
    group.restorations.length === 0 &&
    group.stuckPods.length === 0 &&
    group.roleRestarts.every(({ stage }) => stage === "ready") &&
    group.asked.every(({ mayTake }) => mayTake.length === 0)
  );
}

/** A cluster whose clock is ahead shows pods that are Ready from a later moment on. */
function readyAhead({ pods }: ObservedGroup, nowMs: number): readonly number[] {
  return pods.flatMap(({ readySinceMs }) => (readySinceMs !== null && readySinceMs > nowMs ? [readySinceMs] : []));
}

/** A cluster that is being removed is not among them: what becomes of its groups is asked each time. */
function factsOf(context: PlanContext): ReadonlyMap<string, ClusterFacts> {
  const facts = new Map<string, ClusterFacts>();
  for (const name of context.input.clusters.keys()) {
    const cluster = context.live(name);
    if (cluster === null) continue;
    const { nodes, hasLeaderWorkerSets, removal } = cluster;
    if ((removal ?? null) === null) facts.set(name, { nodes, hasLeaderWorkerSets });
  }
  return facts;
}

function isSame(a: ClusterFacts, b: ClusterFacts | undefined): boolean {
  return b !== undefined && a.nodes === b.nodes && a.hasLeaderWorkerSets === b.hasLeaderWorkerSets;
}

function isSameButGroups(a: SetState, b: SetState): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof SetState>;
  return [...keys].every((key) => key === "groups" || key === "conditions" || a[key] === b[key]);
}

/** Of two sets of which one plan began with the same: these are the parts that a plan may change. */
function isToldOf(a: SetState, b: SetState): boolean {
  return a.rollout === b.rollout && a.spec === b.spec && a.revisions === b.revisions && a.generation === b.generation;
}
