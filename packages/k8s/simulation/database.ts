import type { SetState } from "@openpatio/core/model";
import type { Reservation } from "@openpatio/core/placement";
import type { StateChange, TimelineDraft } from "@openpatio/core/plan";
import { reservationsOf } from "@openpatio/core/plan";

/**
 * What is durable: a row per set, with the conditions under which the server's own store takes a write. A commit counts
 * only on the version of the row that it was planned on, on the placement version of the cluster where it promises room,
 * and under the newest lease.
 */

export type Row = { readonly state: SetState; readonly version: number };

type Commit = {
  readonly before: Row;
  /** Null: nothing is left of the set. */
  readonly after: SetState | null;
  readonly timeline: readonly TimelineDraft[];
  /** Where room is promised, the placement version of each cluster that it was planned on. */
  readonly placedOn: ReadonlyMap<string, number>;
  readonly token: number;
};

type CommitListener = {
  /** A user's act. */
  acknowledged(after: SetState): void;
  /** The planner's. */
  committed(before: SetState, after: SetState | null, timeline: readonly TimelineDraft[]): void;
};

export class Database {
  readonly timeline: string[] = [];
  readonly #rows = new Map<string, Row>();
  readonly #listener: CommitListener;
  #token = 0;
  readonly #placementVersions = new Map<string, number>();

  constructor(listener: CommitListener) {
    this.#listener = listener;
  }

  ids(): readonly string[] {
    return [...this.#rows.keys()];
  }

  read(id: string): Row | null {
    return this.#rows.get(id) ?? null;
  }

  /** As a process that starts reads it: nothing lives on that does not survive being text. */
  reload(): void {
    for (const [id, row] of this.#rows)
      this.#rows.set(id, { ...row, state: JSON.parse(JSON.stringify(row.state)) as SetState });
  }

  /** A user's act: acknowledged, hence durable, before it returns. */
  change(id: string, changed: StateChange): void {
    const version = (this.#rows.get(id)?.version ?? 0) + 1;
    this.#rows.set(id, { state: changed.state, version });
    this.#tell(changed.state.name, changed.timeline);
    this.#listener.acknowledged(changed.state);
  }

  reservationsExcept(id: string): readonly Reservation[] {
    return [...this.#rows].flatMap(([other, { state }]) => (other === id ? [] : reservationsOf(state)));
  }

  takeLease(): number {
    this.#token += 1;
    return this.#token;
  }

  placementVersion(cluster: string): number {
    return this.#placementVersions.get(cluster) ?? 0;
  }

  commit({ before, after, timeline, placedOn, token }: Commit): "stored" | "conflict" | "fenced" {
    if (token !== this.#token) return "fenced";
    const { id } = before.state;
    if (this.#rows.get(id)?.version !== before.version) return "conflict";
    const isOutrun = [...placedOn].some(([cluster, version]) => version !== this.placementVersion(cluster));
    if (isOutrun) return "conflict";
    for (const [cluster, version] of placedOn) this.#placementVersions.set(cluster, version + 1);
    if (after === null) this.#rows.delete(id);
    else this.#rows.set(id, { state: after, version: before.version + 1 });
    this.#tell(before.state.name, timeline);
    this.#listener.committed(before.state, after, timeline);
    return "stored";
  }

  #tell(set: string, timeline: readonly TimelineDraft[]): void {
    for (const { kind, group, decision, cause } of timeline)
      this.timeline.push(`${set} ${kind} ${group ?? ""}: ${decision} (${cause ?? "no cause"})`);
  }
}
