import type { TimelineDraft, TimelineKind } from "@openpatio/core/plan";
import type { TimelineItem } from "@openpatio/core/view";
import type { Database, TimelineRow, Transaction } from "@openpatio/db";

/** Who caused a line: the person, this control plane, or what happened in a cluster. */
export type Actor = string;

export type TimelineEntry = TimelineDraft & {
  readonly actor: Actor;
  readonly setId: string | null;
  readonly namespace: string | null;
  readonly set: string | null;
  /** Of the set; absent for one made in the console, and where there is none. */
  readonly home?: string | null;
  readonly cluster: string | null;
};

/** Newest lines that are kept. Groups that fail in turn write a few a minute; a person reads some hundred. */
export const KEPT_LINES = { perSet: 10_000, inAll: 100_000 } as const;

/**
 * The append-only record of what happened, why, and what was done. Lines are written in the transaction of the change
 * that they tell about, and published when it has committed.
 */
export class TimelineStore {
  private readonly db: Database;
  private readonly listeners = new Set<(items: readonly TimelineItem[]) => void>();

  constructor(db: Database) {
    this.db = db;
  }

  async write(tx: Transaction, entries: readonly TimelineEntry[], nowMs: number): Promise<readonly TimelineItem[]> {
    if (entries.length === 0) return [];
    const rows = await tx.timelineRow.createManyAndReturn({
      data: entries.map((entry) => ({
        at: new Date(nowMs),
        kind: entry.kind,
        actor: entry.actor,
        setId: entry.setId,
        namespace: entry.namespace,
        setName: entry.set,
        home: entry.home ?? "",
        cluster: entry.cluster,
        groupIndex: entry.group,
        incarnation: entry.incarnation,
        cause: entry.cause,
        decision: entry.decision,
        actions: [...entry.actions],
      })),
    });
    return rows.map(toItem);
  }

  /** Tells the listeners; call after the commit. */
  publish(items: readonly TimelineItem[]): void {
    if (items.length === 0) return;
    for (const listener of this.listeners) listener(items);
  }

  /** Writes and publishes lines that tell about no change of our own state. */
  async record(entries: readonly TimelineEntry[], nowMs: number): Promise<void> {
    this.publish(await this.write(this.db, entries, nowMs));
  }

  /** Forgets all but the newest lines, of each set (by its name and home) and of all together; answers how many went. */
  async prune(kept: { readonly perSet: number; readonly inAll: number } = KEPT_LINES): Promise<number> {
    const ofSets = await this.db.$executeRaw`
      delete from timeline using (
        select id, row_number() over (partition by namespace, set_name, home order by id desc) as place
        from timeline where set_name is not null
      ) ranked where timeline.id = ranked.id and ranked.place > ${kept.perSet}`;
    const ofAll = await this.db.$executeRaw`
      delete from timeline where id <= (select id from timeline order by id desc offset ${kept.inAll} limit 1)`;
    return ofSets + ofAll;
  }

  onItems(listener: (items: readonly TimelineItem[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Newest first, of one set or (null) of all; `before` is the id of the last item of the page before. */
  async list(
    set: { readonly namespace: string; readonly name: string; readonly home: string | null } | null,
    limit: number,
    before?: string,
  ): Promise<readonly TimelineItem[]> {
    const rows = await this.db.timelineRow.findMany({
      where: {
        ...(set === null ? {} : { namespace: set.namespace, setName: set.name, home: set.home ?? "" }),
        ...(before === undefined ? {} : { id: { lt: BigInt(before) } }),
      },
      orderBy: { id: "desc" },
      take: limit,
    });
    return rows.map(toItem);
  }
}

function toItem(row: TimelineRow): TimelineItem {
  return {
    id: String(row.id),
    atMs: row.at.getTime(),
    kind: row.kind as TimelineKind, // written by us from the closed set
    actor: row.actor,
    namespace: row.namespace,
    set: row.setName,
    home: row.home === "" ? null : row.home,
    cluster: row.cluster,
    group: row.groupIndex,
    incarnation: row.incarnation,
    cause: row.cause,
    decision: row.decision,
    actions: row.actions as string[],
  };
}
