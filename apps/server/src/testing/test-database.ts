import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "@openpatio/db";
import { startPostgres } from "@openpatio/db/embedded";
import { migrate } from "@openpatio/db/migrate";

const MIGRATIONS = fileURLToPath(new URL("../../../../prisma/migrations", import.meta.url));
const TEMPLATE = "openpatio_template";

type Running = {
  readonly url: string;
  readonly dir: string;
  readonly postgres: Awaited<ReturnType<typeof startPostgres>>;
};

let running: Promise<Running> | null = null;
let users = 0;
let made = 0;

/** A migrated database of its own, copied from a template in about a tenth of a second. The last user stops Postgres. */
export async function createTestDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  users += 1;
  running ??= start();
  const { url, dir, postgres } = await running;
  made += 1;
  const name = `test_${made}`;
  await onServer(url, `create database ${name} template ${TEMPLATE}`);
  return {
    url: databaseUrl(url, name),
    drop: async () => {
      users -= 1;
      if (users > 0) return;
      running = null;
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function start(): Promise<Running> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-test-"));
  const postgres = await startPostgres({
    dataDir: path.join(dir, "postgres"),
    database: TEMPLATE,
    flags: ["-c", "fsync=off", "-c", "max_connections=200"],
  });
  await migrate(postgres.url, MIGRATIONS);
  return { url: postgres.url, dir, postgres };
}

async function onServer(url: string, statement: string): Promise<void> {
  const admin = openDatabase(databaseUrl(url, "postgres"), 1);
  try {
    await admin.$executeRawUnsafe(statement);
  } finally {
    await admin.$disconnect();
  }
}

function databaseUrl(url: string, database: string): string {
  const named = new URL(url);
  named.pathname = `/${database}`;
  return named.href;
}
