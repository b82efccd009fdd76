import type { ClusterRemovalMode } from "@openpatio/core/model";
import type { ClusterRow, Database, Transaction } from "@openpatio/db";
import { LostRace } from "../sets/repo.ts";

export type { ClusterRow };

export function loadClusters(db: Database): Promise<readonly ClusterRow[]> {
  return db.clusterRow.findMany({ orderBy: { name: "asc" } });
}

/** False when the name is taken. */
export async function insertCluster(
  tx: Transaction,
  row: Omit<ClusterRow, "placementVersion" | "labels" | "lostMs" | "removal"> & Partial<Pick<ClusterRow, "labels">>,
): Promise<boolean> {
  const { count } = await tx.clusterRow.createMany({
    data: [{ ...row, kubeconfig: bytes(row.kubeconfig), labels: row.labels ?? {} }],
    skipDuplicates: true,
  });
  return count === 1;
}

/** False when there is no such cluster. Marks its placements: what is chosen by labels is planned again. */
export async function replaceLabels(
  tx: Transaction,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { count } = await tx.clusterRow.updateMany({ where: { name }, data: { labels: { ...labels } } });
  await advancePlacements(tx, [{ name, version: null }]);
  return count === 1;
}

export async function replaceKubeconfig(tx: Transaction, name: string, kubeconfig: Uint8Array): Promise<void> {
  await tx.clusterRow.update({ where: { name }, data: { kubeconfig: bytes(kubeconfig) } });
}

export async function storeLoss(db: Database, name: string, lostMs: number | null): Promise<void> {
  await db.clusterRow.updateMany({ where: { name }, data: { lostMs } });
}

export async function markRemoval(tx: Transaction, name: string, removal: ClusterRemovalMode): Promise<void> {
  await tx.clusterRow.updateMany({ where: { name }, data: { removal } });
}

export async function removeCluster(tx: Transaction, name: string): Promise<void> {
  await tx.clusterRow.deleteMany({ where: { name } });
}

/**
 * Marks that room on these clusters was promised or given back.
 *
 * Errors: LostRace when another promise was made since `version` was read. A cluster without `version` is marked only.
 */
export async function advancePlacements(
  tx: Transaction,
  clusters: readonly { readonly name: string; readonly version: number | null }[],
): Promise<void> {
  for (const { name, version } of clusters) {
    const { count } = await tx.clusterRow.updateMany({
      where: version === null ? { name } : { name, placementVersion: version },
      data: { placementVersion: { increment: 1 } },
    });
    if (count === 0 && version !== null) throw new LostRace();
  }
}

/** Prisma wants bytes over a plain ArrayBuffer. */
const bytes = (value: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(value);
