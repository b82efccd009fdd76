import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startPostgres } from "./embedded.mjs";
import { acquireSessionLock, openDatabase } from "./index.ts";
import { migrate } from "./migrate.mjs";

const MIGRATIONS = fileURLToPath(new URL("../migrations", import.meta.url));
const FLAGS = ["-c", "fsync=off"];

let dir: string;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
const dataDir = () => path.join(dir, "postgres");
beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-db-"));
  postgres = await startPostgres({ dataDir: dataDir(), database: "app", flags: FLAGS });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("migrations", () => {
  test("are applied once, also by two processes at once", async () => {
    const applied = await Promise.all([migrate(postgres.url, MIGRATIONS), migrate(postgres.url, MIGRATIONS)]);
    const all = readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(applied.flat()).toEqual(all.map(({ name }) => name).sort());
    expect(await migrate(postgres.url, MIGRATIONS)).toEqual([]);
  });

  test("of a newer version make an older one refuse to start", async () => {
    const newer = path.join(dir, "newer");
    cpSync(MIGRATIONS, newer, { recursive: true });
    mkdirSync(path.join(newer, "9999_future"));
    writeFileSync(path.join(newer, "9999_future", "migration.sql"), "create table future (id int);");
    const database = await startPostgres({ dataDir: dataDir(), database: "newer" });
    await migrate(database.url, newer);
    await expect(migrate(database.url, MIGRATIONS)).rejects.toThrow("newer schema (9999_future)");
  });

  test("that fail leave nothing half done", async () => {
    const broken = path.join(dir, "broken");
    mkdirSync(path.join(broken, "0001_bad"), { recursive: true });
    writeFileSync(path.join(broken, "0001_bad", "migration.sql"), "create table half (id int); select nonsense();");
    const database = await startPostgres({ dataDir: dataDir(), database: "broken" });
    await expect(migrate(database.url, broken)).rejects.toThrow("nonsense");
    const db = openDatabase(database.url, 1);
    const [row] = await db.$queryRaw<{ half: string | null }[]>`select to_regclass('half')::text as half`;
    await db.$disconnect();
    expect(row?.half).toBeNull();
  });
});

describe("the embedded server", () => {
  test("is adopted, not doubled, by a second start on the same folder", async () => {
    const second = await startPostgres({ dataDir: dataDir(), database: "app" });
    expect(second).toMatchObject({ isAdopted: true, url: postgres.url });
  });
});

describe("a session lock", () => {
  test("has one holder, and is free again when that lets go", async () => {
    const first = await acquireSessionLock(postgres.url, "test");
    expect(first).not.toBeNull();
    expect(await acquireSessionLock(postgres.url, "test")).toBeNull();
    await first?.release();
    const next = await acquireSessionLock(postgres.url, "test");
    expect(next).not.toBeNull();
    await next?.release();
  });

  test("tells its holder when the connection is gone", async () => {
    const lock = await acquireSessionLock(postgres.url, "lost");
    const lost = new Promise<void>((resolve) => {
      lock?.onLost(resolve);
    });
    const db = openDatabase(postgres.url, 1);
    await db.$queryRaw`select pg_terminate_backend(pid)::text from pg_locks where locktype = 'advisory'`;
    await db.$disconnect();
    await lost;
    const next = await acquireSessionLock(postgres.url, "lost");
    expect(next).not.toBeNull();
    await next?.release();
  });
});
