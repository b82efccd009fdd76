// Applies prisma/migrations in order into Prisma's own table, so that `prisma migrate status` agrees. Plain JavaScript:
// the start script runs it before anything is built, and it takes milliseconds where the CLI takes seconds.
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";

/** The advisory lock that `prisma migrate` takes too. */
const MIGRATE_LOCK = 72707369;
const TABLE = `create table if not exists "_prisma_migrations" (
  id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
  migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
  started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;

/**
 * Brings the database at `url` to the newest schema in `directory`; returns the names of what was applied.
 *
 * Guarantees: each migration in one transaction; two callers at once apply everything once.
 * Errors: Error when the database knows a migration that `directory` does not (it was written by a newer version), or
 * when an applied migration was edited or had failed. Nothing is changed then.
 */
export async function migrate(url, directory) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [MIGRATE_LOCK]);
    await client.query(TABLE);
    const { rows } = await client.query(
      'select migration_name, checksum, finished_at from "_prisma_migrations" where rolled_back_at is null',
    );
    const applied = new Map(rows.map((row) => [row.migration_name, row]));
    const known = readMigrations(directory);
    const unknown = [...applied.keys()].filter((name) => !known.some((migration) => migration.name === name));
    if (unknown.length > 0) {
      throw new Error(
        `the database has a newer schema (${unknown.join(", ")}) than this version of OpenPatio: start the newer version, or restore a backup`,
      );
    }
    const names = [];
    for (const { name, sql, checksum } of known) {
      const row = applied.get(name);
      if (row === undefined) {
        await apply(client, { name, sql, checksum });
        names.push(name);
      } else if (row.finished_at === null) throw new Error(`migration ${name} failed before: resolve it first`);
      else if (row.checksum !== checksum) throw new Error(`migration ${name} was edited after it was applied`);
    }
    return names;
  } finally {
    await client.end();
  }
}

function readMigrations(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(directory, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

async function apply(client, { name, sql, checksum }) {
  await client.query("begin");
  try {
    await client.query(sql);
    await client.query(
      'insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count) values ($1, $2, $3, now(), 1)',
      [randomUUID(), checksum, name],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
