import { randomUUID } from "node:crypto";
import { clustersOfGroup, homeOf, type SetStatus } from "@openpatio/core/model";
import type { MissingObjects, Reservation } from "@openpatio/core/placement";
import { type Plan, PlanMemory, plan, type TimelineDraft } from "@openpatio/core/plan";
import type { ClusterChange } from "@openpatio/core/ports";
import { resourceStatusAction } from "../adoption/resource-status.ts";
import type { Fleet } from "../clusters/fleet.ts";
import type { LostContacts } from "../clusters/lost-contacts.ts";
import type { Logger } from "../log.ts";
import { yamlWithTemplate } from "../sets/change-set.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import type { TimelineEntry, TimelineStore } from "../timeline/timeline-store.ts";
import { clusterOf, type Executor, type Failure, isForPerson } from "./executor.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { Held } from "./lease.ts";
import { Limiter } from "./limiter.ts";
import type { LogTails } from "./log-tails.ts";
import type { MissingReferences } from "./missing-references.ts";
import type { Reservations } from "./reservations.ts";
import { type StatusAction, StatusWriter } from "./status-writer.ts";

/**
 * The loop. A key is a set; a run is
 *
 *   desired (cached row) + observed (cluster caches) → plan → store in one transaction → execute → look again when due
 *
 * Nothing is done in a cluster before the state that explains it is stored, and nothing is remembered here that a
 * restart would miss: what is lost with the process is planned again from the same rows and the same clusters.
 */

const RESYNC_MS = 60_000;
/** Sets of other processes are noticed by a look at the versions. */
const REFRESH_MS = 1_000;
const PLANS_AT_ONCE = 4;
/** A plan that loses its race this often waits a moment. */
const MAX_RACES = 5;
const RACE_PAUSE_MS = 250;
const STATUS_RETRY_MS = 2_000;
/**
 * What a cluster shows is planned at once, and then not again before this has passed since: so a change costs no waiting,
 * and a burst of watch events becomes one run.
 */
const SETTLE_MS = 20;
/** Planning one set takes at most so much of the time, however much happens to it. */
const MOST_OF_TIME = 1 / 4;

export type ReconcilerOptions = {
  readonly sets: SetStore;
  readonly fleet: Fleet;
  readonly timeline: TimelineStore;
  readonly reservations: Reservations;
  readonly missing: MissingReferences;
  readonly lost: LostContacts;
  readonly executor: Executor;
  readonly logTails: LogTails;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly onPlanned: (setId: string, status: SetStatus) => void;
  /** What clusters refuse of a set changed. */
  readonly onRefusals: (setId: string) => void;
  readonly onRun: (seconds: number, isOk: boolean) => void;
};

export class Reconciler {
  private readonly options: ReconcilerOptions;
  private readonly queue: KeyedQueue;
  private readonly planning = new Limiter(PLANS_AT_ONCE);
  private readonly statusWriter: StatusWriter;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly unsubscribe: (() => void)[] = [];
  private readonly failedRuns = new Map<string, number>();
  /** What plans came to before, by set: only to be quicker. */
  private readonly memories = new Map<string, PlanMemory>();
  /** When each set was last planned, by the process's own clock, and how long that took. */
  private readonly paces = new Map<string, { readonly startedMs: number; readonly tookMs: number }>();
  private held: Held | null = null;
  private isRefreshing = false;

  constructor(options: ReconcilerOptions) {
    this.options = options;
    this.queue = new KeyedQueue((id) => this.run(id), options.nowMs);
    this.statusWriter = new StatusWriter((setId, action) => this.writeStatus(setId, action), options.nowMs);
  }

  get queueDepth(): number {
    return this.queue.depth;
  }

  mayAct(): boolean {
    return this.held?.isHeld() ?? false;
  }

  start(): void {
    const { sets, fleet } = this.options;
    this.unsubscribe.push(
      sets.onChange((id, set) => {
        if (set === null) this.forget(id);
        else this.queue.add(id);
      }),
      fleet.subscribe({
        onChange: (cluster, change) => this.clusterChanged(cluster, change),
        onMembers: () => this.addAll(),
      }),
    );
    this.timers.push(
      setInterval(() => this.addAll(), RESYNC_MS),
      setInterval(() => void this.refresh(), REFRESH_MS),
    );
    this.addAll();
  }

  /** From now on plans are stored and acted on. */
  hold(held: Held): void {
    this.held = held;
    this.addAll();
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const stop of this.unsubscribe) stop();
    this.statusWriter.stop();
    await this.queue.stop();
  }

  private addAll(): void {
    for (const set of this.options.sets.all()) this.queue.add(set.state.id);
  }

  private async refresh(): Promise<void> {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      await this.options.sets.refresh();
    } catch (error) {
      this.options.log.warn({ err: error }, "the database did not answer");
    } finally {
      this.isRefreshing = false;
    }
  }

  private clusterChanged(cluster: string, change: ClusterChange): void {
    const { sets } = this.options;
    if (change.kind === "set") {
      for (const { state } of sets.named(change.namespace, change.set)) {
        if ((homeOf(state) ?? cluster) === cluster) this.addSettled(state.id);
      }
      return;
    }
    if (change.kind === "resource") {
      const set = sets.find(change.namespace, change.name, cluster);
      if (set !== null) this.addSettled(set.state.id);
      return;
    }
    for (const set of sets.all()) {
      if (change.kind === "resources" && homeOf(set.state) !== cluster) continue;
      const isHere = set.state.groups.some((group) => clustersOfGroup(group).includes(cluster));
      const mayComeHere = isWaitingForRoom(set);
      if (change.kind === "capacity" ? mayComeHere : isHere || mayComeHere) this.addSettled(set.state.id);
    }
  }

  private forget(id: string): void {
    this.queue.forget(id);
    this.statusWriter.forget(id);
    this.options.executor.forget(id);
    this.failedRuns.delete(id);
    this.memories.delete(id);
    this.paces.delete(id);
    this.roomChanged();
  }

  /** After a change in a cluster. */
  private addSettled(id: string): void {
    const pace = this.paces.get(id);
    const gapMs = pace === undefined ? 0 : Math.max(SETTLE_MS, pace.tookMs / MOST_OF_TIME);
    this.queue.add(id, pace === undefined ? 0 : Math.max(0, pace.startedMs + gapMs - performance.now()));
  }

  private memoryOf(id: string): PlanMemory {
    const memory = this.memories.get(id) ?? new PlanMemory();
    this.memories.set(id, memory);
    return memory;
  }

  /** Room was given back: whoever waits for some looks again. */
  private roomChanged(): void {
    for (const set of this.options.sets.all()) if (isWaitingForRoom(set)) this.addSettled(set.state.id);
  }

  private async run(id: string): Promise<void> {
    const log = this.options.log.child({ reconcileId: randomUUID(), setId: id });
    const startedMs = performance.now();
    try {
      await this.reconcile(id, log);
      this.failedRuns.delete(id);
      this.options.onRun((performance.now() - startedMs) / 1000, true);
    } catch (error) {
      const failures = (this.failedRuns.get(id) ?? 0) + 1;
      this.failedRuns.set(id, failures);
      log.error({ err: error, failures }, "reconcile failed");
      this.queue.add(id, Math.min(30_000, 500 * 2 ** failures));
      this.options.onRun((performance.now() - startedMs) / 1000, false);
    }
  }

  private async reconcile(id: string, log: Logger): Promise<void> {
    const outcome = await this.planAndStore(id, log);
    if (outcome === null) return;
    const { set, planned } = outcome;
    const actions = planned.actions.filter((action) => action.kind !== "status");
    const ofResource = resourceStatusAction(set.state, planned.status, this.options.fleet);
    this.statusWriter.offer(id, [
      ...planned.actions.filter((action): action is StatusAction => action.kind === "status"),
      ...(ofResource === null ? [] : [ofResource]),
    ]);
    if (actions.length > 0) log.info({ set: set.state.name, actions: actions.map((action) => action.kind) }, "acting");
    const hadFailures = this.options.executor.failuresOf(id).length > 0;
    const { failures, isMoreToDo } = await this.options.executor.execute(id, actions, log);
    if (isMoreToDo) this.queue.add(id);
    await this.tell(set, failures);
    for (const failure of failures) this.queue.add(id, Math.max(50, failure.retryAtMs - this.options.nowMs()));
    if (hadFailures || failures.length > 0) this.options.onRefusals(id);
    if (planned.requeue !== "on-change") this.queue.add(id, planned.requeue.afterMs);
  }

  /** Null when there is nothing to act on: no such set, not our turn, or the set is gone now. */
  private async planAndStore(id: string, log: Logger): Promise<Planned | null> {
    for (let race = 0; race < MAX_RACES; race++) {
      const asked = this.options.sets.get(id);
      if (asked === null) return null;
      // Clusters are asked before it takes its turn: a slow one delays nobody else.
      const missing = await this.options.missing.of(asked.state);
      const outcome = await this.planning.run(() => this.planOnce(id, missing));
      if (outcome !== "lost") return outcome;
      log.info({ race }, "lost a race, planning again");
    }
    this.queue.add(id, RACE_PAUSE_MS);
    return null;
  }

  private async planOnce(id: string, missing: MissingObjects): Promise<Planned | "lost" | null> {
    const { sets, fleet, reservations, nowMs } = this.options;
    // It may have changed while clusters were asked.
    const set = sets.get(id);
    if (set === null) return null;
    const clusters = fleet.observe();
    const versions = new Map([...clusters.keys()].map((name) => [name, fleet.placementVersion(name)]));
    const startedMs = performance.now();
    const planned = plan(
      {
        set: set.state,
        clusters,
        missing,
        lost: this.options.lost.known(),
        // Read only when something is to be placed, which is rare.
        get reservations(): readonly Reservation[] {
          return reservations.except(id);
        },
      },
      nowMs(),
      this.memoryOf(id),
    );
    this.paces.set(id, { startedMs, tookMs: performance.now() - startedMs });
    const { held } = this;
    if (held === null || !held.isHeld()) {
      this.options.onPlanned(id, planned.status);
      return null;
    }
    if (!isWorthStoring(set, planned)) {
      this.options.onPlanned(id, planned.status);
      return { set, planned };
    }
    const stored = await sets.commit({
      before: set,
      after: planned.isGone
        ? null
        : {
            state: { ...set.state, ...planned.next },
            // The text of a resource is what the resource says; a return from it is our state.
            yaml:
              set.state.resource === null ? yamlWithTemplate(set.yaml, set.state.spec, planned.next.spec) : set.yaml,
            nextDueAtMs: dueAtMs(planned, nowMs()),
          },
      timeline: linesOf(planned, set).map((draft) => toEntry(set, planned, draft)),
      placements: planned.placedOn.map((name) => ({ name, version: versions.get(name) ?? 0 })),
      fence: held.token,
    });
    if (stored === null) {
      await this.catchUp();
      return "lost";
    }
    for (const name of planned.placedOn) fleet.advancePlacementVersion(name, (versions.get(name) ?? 0) + 1);
    if (stored === "removed") return null;
    this.options.onPlanned(id, planned.status);
    this.options.logTails.collect(set, stored, held);
    if (hasGivenBack(set, stored)) this.roomChanged();
    return { set: stored, planned };
  }

  /** The sets are read after the versions that they must cover. */
  private async catchUp(): Promise<void> {
    const { sets, fleet } = this.options;
    const versions = await fleet.readPlacementVersions();
    await sets.refresh();
    for (const [name, version] of versions) fleet.advancePlacementVersion(name, version);
  }

  private async writeStatus(setId: string, action: StatusAction): Promise<boolean> {
    if (!this.mayAct()) return false;
    const isWritten = await this.options.executor.sendStatus(action);
    if (!isWritten) this.queue.add(setId, STATUS_RETRY_MS);
    return isWritten;
  }

  /** A refusal that a person must mend is told once, when it appears. */
  private async tell(set: StoredSet, failures: readonly Failure[]): Promise<void> {
    const entries = failures
      .filter((failure) => failure.isNew && isForPerson(failure))
      .map((failure) => refusalEntry(set, failure));
    const { timeline, nowMs, log } = this.options;
    if (entries.length === 0) return;
    try {
      await timeline.record(entries, nowMs());
    } catch (error) {
      log.warn({ err: error }, "a refusal was not recorded");
    }
  }
}

type Planned = { readonly set: StoredSet; readonly planned: Plan };

const isWaitingForRoom = (set: StoredSet): boolean =>
  set.state.groups.some((group) => group.stage === "unplaced") ||
  set.state.groups.length < set.state.spec.replicas ||
  set.state.spec.placement.failover.afterSeconds !== null;

function isWorthStoring(set: StoredSet, planned: Plan): boolean {
  const { state } = set;
  const { next } = planned;
  return (
    planned.isGone ||
    planned.timeline.length > 0 ||
    planned.placedOn.length > 0 ||
    next.rollout !== state.rollout ||
    next.revisions !== state.revisions ||
    next.conditions !== state.conditions ||
    next.groups.length !== state.groups.length ||
    next.groups.some((group, position) => group !== state.groups[position])
  );
}

function hasGivenBack(before: StoredSet, after: StoredSet): boolean {
  const placed = (set: StoredSet) =>
    new Set(
      set.state.groups
        .flatMap((group) => [group, ...group.leaving.map(({ copy }) => copy)])
        .flatMap(({ index, placement }) =>
          placement === null ? [] : [`${index} ${placement.cluster} ${placement.domain?.value ?? ""}`],
        ),
    );
  const now = placed(after);
  return [...placed(before)].some((place) => !now.has(place));
}

function linesOf(planned: Plan, set: StoredSet): readonly TimelineDraft[] {
  if (!planned.isGone || planned.timeline.some((draft) => draft.kind === "set.deleted")) return planned.timeline;
  const gone: TimelineDraft = {
    kind: "set.deleted",
    group: null,
    incarnation: null,
    cause: null,
    decision: `Nothing of ${set.state.namespace}/${set.state.name} is left in any cluster`,
    actions: [],
  };
  return [...planned.timeline, gone];
}

const dueAtMs = (planned: Plan, nowMs: number): number | null =>
  planned.requeue === "on-change" ? null : nowMs + planned.requeue.afterMs;

function toEntry(set: StoredSet, planned: Plan, draft: TimelineDraft): TimelineEntry {
  const { id, namespace, name, groups } = set.state;
  const cluster =
    draft.group === null
      ? null
      : ([...planned.next.groups, ...groups].find((group) => group.index === draft.group)?.placement?.cluster ?? null);
  return { ...draft, actor: "openpatio", setId: id, namespace, set: name, home: homeOf(set.state), cluster };
}

function refusalEntry(set: StoredSet, { action, error }: Failure): TimelineEntry {
  const { id, namespace, name, groups } = set.state;
  return {
    kind: "object.conflict",
    actor: "cluster",
    setId: id,
    namespace,
    set: name,
    home: homeOf(set.state),
    cluster: clusterOf(action),
    group: action.group,
    incarnation: groups.find((group) => group.index === action.group)?.incarnation ?? null,
    cause: error.message,
    decision: "Try again until the cluster accepts it",
    actions: [],
  };
}
