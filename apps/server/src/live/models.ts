import { leavingClusters, type SetStatus } from "@openpatio/core/model";
import { openLedger, placeGroup, type Refusal, type Reservation } from "@openpatio/core/placement";
import { plan } from "@openpatio/core/plan";
import { parseSetYaml } from "@openpatio/core/spec";
import type { ClusterModel, SetModel } from "@openpatio/core/view";
import type { Fleet, Member } from "../clusters/fleet.ts";
import type { Ownership } from "../clusters/ownership.ts";
import { type Executor, isForPerson } from "../reconcile/executor.ts";
import type { MissingReferences } from "../reconcile/missing-references.ts";
import type { Reservations } from "../reconcile/reservations.ts";
import type { SandboxControl } from "../sandbox/control.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";

export type ModelsOptions = {
  readonly sets: SetStore;
  readonly fleet: Fleet;
  readonly ownership: Ownership;
  readonly reservations: Reservations;
  readonly missing: MissingReferences;
  readonly executor: Executor;
  readonly sandbox: SandboxControl;
  readonly nowMs: () => number;
};

/** Brings together what is stored, what the planner last said and what the clusters show, for the views to read. */
export class Models {
  private readonly options: ModelsOptions;
  private readonly statuses = new Map<string, SetStatus>();
  private readonly labels = new WeakMap<StoredSet, Readonly<Record<string, string>>>();

  constructor(options: ModelsOptions) {
    this.options = options;
    options.sets.onChange((id, set) => {
      if (set === null) this.statuses.delete(id);
    });
  }

  /** True when it differs from what was known. */
  setStatus(id: string, status: SetStatus): boolean {
    const before = this.statuses.get(id);
    this.statuses.set(id, status);
    return before === undefined || JSON.stringify(before) !== JSON.stringify(status);
  }

  set(stored: StoredSet): SetModel {
    const { fleet, reservations, missing, executor, nowMs } = this.options;
    const { state } = stored;
    const clusters = fleet.observe();
    let known: readonly Reservation[] | undefined;
    const others = () => {
      known ??= reservations.except(state.id);
      return known;
    };
    // Of what was asked for before it is not the answer: what is asked for now is told from the first look on.
    const last = this.statuses.get(state.id);
    const status =
      last?.observedGeneration === state.generation
        ? last
        : plan({ set: state, clusters, reservations: others(), missing: missing.known(state) }, nowMs()).status;
    return {
      state,
      status,
      clusters,
      labels: this.labelsOf(stored),
      createdAtMs: stored.createdAtMs,
      changedAtMs: stored.changedAtMs,
      reservations: others,
      refusalsOf: (index) => this.refusalsOf(stored, index),
      refusedOf: (index) =>
        executor.failuresOf(state.id).find((failure) => failure.action.group === index && isForPerson(failure))?.error
          .message ?? null,
    };
  }

  sets(): readonly SetModel[] {
    return [...this.options.sets.all()].map((stored) => this.set(stored));
  }

  cluster(member: Member, sets: readonly SetModel[] = this.sets()): ClusterModel {
    return {
      observed: this.options.fleet.observed(member),
      info: member.port.info(),
      ownership: this.options.ownership.model(member.name),
      registeredAtMs: member.registeredAtMs,
      sets,
      reservations: this.options.reservations.except(null),
      faults: member.isSimulated ? this.options.sandbox.faults(member.name) : null,
    };
  }

  private refusalsOf({ state }: StoredSet, index: number): readonly Refusal[] {
    const group = state.groups.find((candidate) => candidate.index === index);
    if (group === undefined) return [];
    const { fleet, reservations, missing } = this.options;
    const leaving = leavingClusters(group);
    const ledger = openLedger(fleet.observe(), () => reservations.except(null));
    const request = { set: state, group: index, revision: group.revision, missing: missing.known(state), leaving };
    return placeGroup(request, ledger).refusals;
  }

  private labelsOf(stored: StoredSet): Readonly<Record<string, string>> {
    let labels = this.labels.get(stored);
    if (labels === undefined) {
      const parsed = parseSetYaml(stored.yaml, { present: stored.state.spec });
      labels = parsed.ok ? (parsed.manifest.metadata.labels ?? {}) : {};
      this.labels.set(stored, labels);
    }
    return labels;
  }
}
