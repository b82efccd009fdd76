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

const TABLES = ["control_plane", "clusters", "cluster_ownership", "sets", "groups", "timeline"];

/** As a backup that is restored into an empty database does. */
export async function copyRows(fromUrl: string, toUrl: string): Promise<void> {
  const from = openDatabase(fromUrl, 1);
  const to = openDatabase(toUrl, 1);
  try {
    for (const table of TABLES) {
      const [found] = await from.$queryRawUnsafe<{ rows: string }[]>(
        `select coalesce(json_agg(t), '[]')::text as rows from ${table} t`,
      );
      await to.$executeRawUnsafe(
        `insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`,
        found?.rows ?? "[]",
      );
    }
    await to.$queryRaw`select setval(pg_get_serial_sequence('timeline', 'id'), (select coalesce(max(id), 1) from timeline))::text`;
  } finally {
    await Promise.all([from.$disconnect(), to.$disconnect()]);
  }
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
