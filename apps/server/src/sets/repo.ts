import {
  type Condition,
  type GroupState,
  homeOf,
  type Revision,
  type RolloutState,
  type SetResource,
  type SetState,
} from "@openpatio/core/model";
import type { SetSpec } from "@openpatio/core/spec";
import { type Database, type GroupRow, Prisma, type SetRow, type Transaction } from "@openpatio/db";

/** A set as it is stored: the planner's state and what belongs to the row. */
export type StoredSet = {
  readonly state: SetState;
  /** The definition as its author wrote it. */
  readonly yaml: string;
  /** Compare-and-set: every change of the set or of one of its groups increments it. */
  readonly version: number;
  readonly nextDueAtMs: number | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
};

/** A write that found another version than it was made for. The transaction it was part of is rolled back. */
export class LostRace extends Error {}

type Loaded = SetRow & { groups: GroupRow[] };

export async function loadSets(db: Database, ids?: readonly string[]): Promise<readonly StoredSet[]> {
  const rows = await db.setRow.findMany({
    ...(ids === undefined ? {} : { where: { id: { in: [...ids] } } }),
    include: { groups: { orderBy: { index: "asc" } } },
  });
  return rows.map(toStored);
}

export function loadVersions(db: Database): Promise<readonly { id: string; version: number }[]> {
  return db.setRow.findMany({ select: { id: true, version: true } });
}

/** Errors: LostRace when a set of that name exists already. */
export async function insertSet(tx: Transaction, set: StoredSet): Promise<void> {
  const { state } = set;
  const { count } = await tx.setRow.createMany({
    data: [
      {
        id: state.id,
        namespace: state.namespace,
        name: state.name,
        home: homeOf(state) ?? "",
        version: set.version,
        createdAt: new Date(set.createdAtMs),
        ...columnsOf(set),
      },
    ],
    skipDuplicates: true,
  });
  if (count === 0) throw new LostRace();
  await writeGroups(tx, state.id, [], state.groups);
}

/** Errors: LostRace when the row's version is not `before.version` any more. */
export async function replaceSet(tx: Transaction, before: StoredSet, after: StoredSet): Promise<void> {
  const { count } = await tx.setRow.updateMany({
    where: { id: before.state.id, version: before.version },
    data: { version: after.version, ...columnsOf(after) },
  });
  if (count === 0) throw new LostRace();
  await writeGroups(tx, before.state.id, before.state.groups, after.state.groups);
}

/** Errors: LostRace, as {@link replaceSet}. */
export async function removeSet(tx: Transaction, set: StoredSet): Promise<void> {
  const { count } = await tx.setRow.deleteMany({ where: { id: set.state.id, version: set.version } });
  if (count === 0) throw new LostRace();
}

/** Only groups that changed are written: the planner keeps the identity of the others. */
async function writeGroups(
  tx: Transaction,
  setId: string,
  before: readonly GroupState[],
  after: readonly GroupState[],
): Promise<void> {
  const known = new Map(before.map((group) => [group.index, group]));
  const changed = after.filter((group) => known.get(group.index) !== group);
  const kept = new Set(after.map((group) => group.index));
  const removed = before.filter((group) => !kept.has(group.index)).map((group) => group.index);
  if (removed.length > 0) await tx.groupRow.deleteMany({ where: { setId, index: { in: removed } } });
  if (changed.length === 0) return;
  await tx.$executeRaw`
    insert into groups (set_id, index, state)
    select ${setId}::uuid, (value ->> 'index')::int, value from json_array_elements(${JSON.stringify(changed)}::json)
    on conflict (set_id, index) do update set state = excluded.state`;
}

function columnsOf(set: StoredSet) {
  const { state } = set;
  return {
    yaml: set.yaml,
    resource: state.resource === null ? Prisma.DbNull : json(state.resource),
    spec: json(state.spec),
    generation: state.generation,
    isDeleting: state.isDeleting,
    deletesVolumes: state.deletesVolumes,
    rollout: json(state.rollout),
    revisions: json(state.revisions),
    conditions: json(state.conditions),
    nextDueAt: set.nextDueAtMs === null ? null : new Date(set.nextDueAtMs),
    changedAt: new Date(set.changedAtMs),
  };
}

/** State is JSON by its types; Prisma's own JSON type has an index signature that they lack. */
const json = (value: unknown): Prisma.InputJsonValue => value as Prisma.InputJsonValue;

/** What rows from before these fields leave out. */
const ABSENT = { roleRestarts: [], stuckPods: [], moveTo: null, leaving: [], undone: 0 };

function toStored(row: Loaded): StoredSet {
  return {
    state: {
      id: row.id,
      namespace: row.namespace,
      name: row.name,
      resource: row.resource as unknown as SetResource | null,
      spec: row.spec as unknown as SetSpec,
      generation: row.generation,
      isDeleting: row.isDeleting,
      deletesVolumes: row.deletesVolumes,
      revisions: row.revisions as unknown as readonly Revision[],
      rollout: row.rollout as unknown as RolloutState,
      groups: row.groups.map(({ state }) => ({ ...ABSENT, ...(state as object) }) as unknown as GroupState),
      conditions: row.conditions as unknown as readonly Condition[],
    },
    yaml: row.yaml,
    version: row.version,
    nextDueAtMs: row.nextDueAt?.getTime() ?? null,
    createdAtMs: row.createdAt.getTime(),
    changedAtMs: row.changedAt.getTime(),
  };
}
