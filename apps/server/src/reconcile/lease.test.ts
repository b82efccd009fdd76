import { type Database, openDatabase } from "@openpatio/db";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../log.ts";
import { createTestDatabase } from "../testing/index.ts";
import { type Held, Lease } from "./lease.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, 2);
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

function lease(over: Database, onAcquired: (held: Held) => void = () => {}): Lease {
  return new Lease({
    db: over,
    databaseUrl: database.url,
    holder: "test",
    log: silentLog(),
    onAcquired,
    onLost: () => {},
  });
}

test("a lease that gets no token gives its lock back", async () => {
  const failing: Pick<Database, "$queryRaw"> = {
    $queryRaw: (() => Promise.reject(new Error("connection pool timeout"))) as unknown as Database["$queryRaw"],
  };
  const first = lease(failing as Database); // it runs no other query
  await first.start();
  expect(first.isHeld).toBe(false);
  const tokens: bigint[] = [];
  const second = lease(db, ({ token }) => tokens.push(token));
  await second.start();
  expect(second.isHeld).toBe(true);
  expect(tokens).toEqual([1n]);
  await Promise.all([first.stop(), second.stop()]);
});
