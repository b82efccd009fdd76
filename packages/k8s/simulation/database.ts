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
  /** Where room is promised, the placement version that it was planned on. */
  readonly placementVersion: number | null;
  readonly token: number;
};

type CommitListener = (before: SetState, after: SetState | null) => void;

export class Database {
  readonly timeline: string[] = [];
  readonly #rows = new Map<string, Row>();
  readonly #onCommit: CommitListener;
  #token = 0;
  placementVersion = 0;

  constructor(onCommit: CommitListener) {
    this.#onCommit = onCommit;
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
  }

  reservationsExcept(id: string): readonly Reservation[] {
    return [...this.#rows].flatMap(([other, { state }]) => (other === id ? [] : reservationsOf(state)));
  }

  takeLease(): number {
    this.#token += 1;
    return this.#token;
  }

  commit({ before, after, timeline, placementVersion, token }: Commit): "stored" | "conflict" | "fenced" {
    if (token !== this.#token) return "fenced";
    const { id } = before.state;
    if (this.#rows.get(id)?.version !== before.version) return "conflict";
    if (placementVersion !== null && placementVersion !== this.placementVersion) return "conflict";
    if (placementVersion !== null) this.placementVersion += 1;
    if (after === null) this.#rows.delete(id);
    else this.#rows.set(id, { state: after, version: before.version + 1 });
    this.#tell(before.state.name, timeline);
    this.#onCommit(before.state, after);
    return "stored";
  }

  #tell(set: string, timeline: readonly TimelineDraft[]): void {
    for (const { kind, group, decision, cause } of timeline)
      this.timeline.push(`${set} ${kind} ${group ?? ""}: ${decision} (${cause ?? "no cause"})`);
  }
}
