import { homeOf, type SetState } from "@openpatio/core/model";
import type { StateChange } from "@openpatio/core/plan";
import type { Database, Transaction } from "@openpatio/db";
import { advancePlacements } from "../clusters/repo.ts";
import type { TimelineEntry, TimelineStore } from "../timeline/timeline-store.ts";
import { insertSet, LostRace, loadSets, loadVersions, removeSet, replaceSet, type StoredSet } from "./repo.ts";

export type { StoredSet };

/** Writes what a person decided about a set to its resource, and waits until the row has followed. */
export interface ResourceDoor {
  /** Whether the cluster that the set is kept in is still registered; else all that can be done is to forget the set. */
  isRegistered(state: SetState): boolean;
  write(before: StoredSet, decision: Decided, decide: (set: StoredSet) => Decided | null): Promise<StoredSet>;
}
type Decided = StateChange & { readonly yaml?: string };

/** One transaction: the next state, the timeline that tells about it, and what it is conditional on. */
export type Commit = {
  readonly before: StoredSet;
  /** Null removes the set. */
  readonly after: { readonly state: SetState; readonly yaml?: string; readonly nextDueAtMs?: number | null } | null;
  readonly timeline: readonly TimelineEntry[];
  readonly placements?: readonly { readonly name: string; readonly version: number | null }[];
  /** Must still be the reconciler's token when this commits. */
  readonly fence?: bigint;
  /** True when what a person asked for changed, and so `changedAtMs`. */
  readonly isChange?: boolean;
};

/**
 * All sets, kept in memory by version and written through. Reads cost nothing; every write is compare-and-set on the
 * row, so a stale copy can't overwrite: it loses, is loaded again, and the caller decides anew.
 */
export class SetStore {
  /** Where the definitions of sets are written that are kept in a cluster. */
  resources: ResourceDoor | null = null;
  private readonly db: Database;
  private readonly timeline: TimelineStore;
  private readonly nowMs: () => number;
  private readonly byId = new Map<string, StoredSet>();
  private readonly idsByName = new Map<string, ReadonlySet<string>>();
  private readonly listeners = new Set<(id: string, set: StoredSet | null) => void>();

  constructor(db: Database, timeline: TimelineStore, nowMs: () => number) {
    this.db = db;
    this.timeline = timeline;
    this.nowMs = nowMs;
  }

  async load(): Promise<void> {
    for (const set of await loadSets(this.db)) this.keep(set.state.id, set);
  }

  all(): Iterable<StoredSet> {
    return this.byId.values();
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: string): StoredSet | null {
    return this.byId.get(id) ?? null;
  }

  /** Of one home: a cluster, or null for the console. */
  find(namespace: string, name: string, home: string | null): StoredSet | null {
    return this.named(namespace, name).find(({ state }) => homeOf(state) === home) ?? null;
  }

  /** Of every home. */
  named(namespace: string, name: string): readonly StoredSet[] {
    return [...(this.idsByName.get(`${namespace}/${name}`) ?? [])].flatMap((id) => this.get(id) ?? []);
  }

  /** Called after each change of the copy in memory: ours, or another process's that was noticed. */
  onChange(listener: (id: string, set: StoredSet | null) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Loads what other processes changed. */
  async refresh(): Promise<void> {
    const versions = new Map((await loadVersions(this.db)).map((row) => [row.id, row.version]));
    const newer = [...versions].filter(([id, version]) => (this.get(id)?.version ?? -1) < version).map(([id]) => id);
    if (newer.length > 0) for (const set of await loadSets(this.db, newer)) this.keep(set.state.id, set);
    // A set that was inserted while the versions were read is not gone.
    for (const id of this.byId.keys()) if (!versions.has(id)) await this.reload(id);
  }

  async reload(id: string): Promise<StoredSet | null> {
    const [set] = await loadSets(this.db, [id]);
    this.keep(id, set ?? null);
    return set ?? null;
  }

  /** Null when the name is taken. */
  async insert(state: SetState, yaml: string, timeline: readonly TimelineEntry[]): Promise<StoredSet | null> {
    const nowMs = this.nowMs();
    const set: StoredSet = { state, yaml, version: 1, nextDueAtMs: null, createdAtMs: nowMs, changedAtMs: nowMs };
    return this.transaction(set.state.id, set, async (tx) => {
      await insertSet(tx, set);
      return this.timeline.write(tx, timeline, nowMs);
    });
  }

  /** Null when it lost the race: the copy in memory is fresh then, and the caller decides again. */
  async commit(commit: Commit): Promise<StoredSet | "removed" | null> {
    const { before } = commit;
    const nowMs = this.nowMs();
    const after: StoredSet | null =
      commit.after === null
        ? null
        : {
            state: commit.after.state,
            yaml: commit.after.yaml ?? before.yaml,
            version: before.version + 1,
            nextDueAtMs: commit.after.nextDueAtMs === undefined ? before.nextDueAtMs : commit.after.nextDueAtMs,
            createdAtMs: before.createdAtMs,
            changedAtMs: commit.isChange === true ? nowMs : before.changedAtMs,
          };
    const done = await this.transaction(before.state.id, after ?? "removed", async (tx) => {
      if (commit.fence !== undefined) await holdFence(tx, commit.fence);
      if (after === null) await removeSet(tx, before);
      else await replaceSet(tx, before, after);
      await advancePlacements(tx, commit.placements ?? []);
      return this.timeline.write(tx, commit.timeline, nowMs);
    });
    return done;
  }

  private async transaction<T extends StoredSet | "removed">(
    id: string,
    result: T,
    run: (tx: Transaction) => Promise<Parameters<TimelineStore["publish"]>[0]>,
  ): Promise<T | null> {
    try {
      const items = await this.db.$transaction(run, { timeout: 15_000, maxWait: 15_000 });
      this.keep(id, result === "removed" ? null : result);
      this.timeline.publish(items);
      return result;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
      await this.reload(id);
      return null;
    }
  }

  private keep(id: string, set: StoredSet | null): void {
    const known = this.byId.get(id);
    if (set === null) {
      if (known === undefined) return;
      this.byId.delete(id);
      const name = `${known.state.namespace}/${known.state.name}`;
      const others = new Set([...(this.idsByName.get(name) ?? [])].filter((other) => other !== id));
      if (others.size === 0) this.idsByName.delete(name);
      else this.idsByName.set(name, others);
    } else {
      if (known !== undefined && known.version >= set.version) return;
      this.byId.set(id, set);
      const name = `${set.state.namespace}/${set.state.name}`;
      this.idsByName.set(name, new Set([...(this.idsByName.get(name) ?? []), id]));
    }
    for (const listener of this.listeners) listener(id, set);
  }
}

/** Errors: LostRace when another process reconciles now. Locks the row, so that the token can't change before we commit. */
async function holdFence(tx: Transaction, token: bigint): Promise<void> {
  const rows = await tx.$queryRaw<{ token: bigint }[]>`select token from leases where name = 'reconcile' for share`;
  if (rows[0]?.token !== token) throw new LostRace();
}
