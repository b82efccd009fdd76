import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "../generated/client.ts";

export type { ClusterRow, GroupRow, SetRow, TimelineRow } from "../generated/client.ts";
export { acquireSessionLock, type SessionLock } from "./session-lock.ts";
export { Prisma };

export type Database = PrismaClient;
/** What is inside an interactive transaction. */
export type Transaction = Prisma.TransactionClient;

/** Opens a pool of at most `connections`; the first query connects. */
export function openDatabase(url: string, connections = 10): Database {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: connections }) });
}
