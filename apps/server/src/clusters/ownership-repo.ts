import { randomUUID } from "node:crypto";
import { fields } from "@openpatio/core/model";
import type { Nonces } from "@openpatio/core/ownership";
import { type Database, Prisma, type Transaction } from "@openpatio/db";

/** Who this control plane is: the same for every server on this database, and for no copy of it. */
export type Identity = { readonly id: string; readonly host: string };

/** Whose a cluster is, as it was told. */
export type RefusedBy = { readonly term: string; readonly holder: string; readonly holderName: string };

/** What this control plane knows of its right to one cluster. */
export type StoredOwnership = {
  readonly nonces: Readonly<Record<string, Nonces>>;
  readonly takes: readonly string[];
  readonly isPausing: boolean;
  readonly refusedBy: RefusedBy | null;
  /** 0: nothing is stored yet. */
  readonly version: number;
};

const NOTHING: Omit<StoredOwnership, "version"> = { nonces: {}, takes: [], isPausing: false, refusedBy: null };

/**
 * The id that the database was given at its first start. A database that was copied or restored elsewhere is another
 * control plane, so it gives itself another id: which database of which Postgres it is, it asks Postgres.
 */
export async function loadIdentity(db: Database, host: string): Promise<Identity> {
  const body = await bodyOf(db);
  await db.controlPlaneRow.createMany({ data: [{ id: randomUUID(), body }], skipDuplicates: true });
  await db.controlPlaneRow.updateMany({ where: { body: { not: body } }, data: { id: randomUUID(), body } });
  const { id } = await db.controlPlaneRow.findFirstOrThrow();
  return { id, host };
}

async function bodyOf(db: Database): Promise<string> {
  const [database] = await db.$queryRaw<
    { oid: string }[]
  >`select oid::text from pg_database where datname = current_database()`;
  // Some hosts keep it from their users; then the nonces of the Leases alone tell a copy.
  const [system] = await db.$queryRaw<
    { id: string }[]
  >`select system_identifier::text as id from pg_control_system()`.catch(() => []);
  return `${system?.id ?? "unknown"}/${database?.oid ?? "unknown"}`;
}

/** What another control plane knew, of which this database is a copy, counts as nothing. */
export async function loadOwnership(db: Database, cluster: string, identity: Identity): Promise<StoredOwnership> {
  const row = await db.clusterOwnershipRow.findUnique({ where: { cluster } });
  if (row === null) return { ...NOTHING, version: 0 };
  if (row.controlPlane !== identity.id) return { ...NOTHING, version: row.version };
  return {
    nonces: fields(row.nonces) as StoredOwnership["nonces"], // written below, nowhere else
    takes: row.takes as readonly string[],
    isPausing: row.isPausing,
    refusedBy: row.refusedBy as RefusedBy | null,
    version: row.version,
  };
}

/** Null when it was changed meanwhile, or the cluster is registered no more. */
export async function storeOwnership(
  tx: Database | Transaction,
  cluster: string,
  identity: Identity,
  { version, ...next }: StoredOwnership,
): Promise<StoredOwnership | null> {
  const { nonces, takes, isPausing, refusedBy } = next;
  const data = {
    controlPlane: identity.id,
    nonces: nonces as Prisma.InputJsonObject,
    takes: [...takes],
    isPausing,
    refusedBy: refusedBy === null ? Prisma.DbNull : { ...refusedBy },
    version: version + 1,
  };
  if (version > 0) {
    const { count } = await tx.clusterOwnershipRow.updateMany({ where: { cluster, version }, data });
    return count === 0 ? null : { ...next, version: version + 1 };
  }
  if ((await tx.clusterRow.count({ where: { name: cluster } })) === 0) return null;
  const { count } = await tx.clusterOwnershipRow.createMany({ data: [{ cluster, ...data }], skipDuplicates: true });
  return count === 0 ? null : { ...next, version: 1 };
}
