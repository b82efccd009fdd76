#!/usr/bin/env node
// Speaks the schema-engine's JSON-RPC on stdio and answers from the WASM build + a driver adapter.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import readline from "node:readline";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import pg from "pg";

const argv = process.argv.slice(2);
if (argv.includes("--version")) {
  console.log("schema-engine-wasm (shim)");
  process.exit(0);
}
const flag = argv.indexOf("--datasource");
const url = flag >= 0 ? JSON.parse(argv[flag + 1]).url : undefined;
const sub = argv.indexOf("cli") >= 0 ? argv[argv.indexOf("cli") + 1] : undefined;
const connect = async (u) => {
  const c = new pg.Client({ connectionString: u, connectionTimeoutMillis: 5000 });
  c.on("error", () => {});
  await c.connect();
  return c;
};
if (sub) {
  const u = new URL(url);
  const db = decodeURIComponent(u.pathname.slice(1));
  const admin = new URL(url);
  admin.pathname = "/postgres";
  try {
    if (sub === "can-connect-to-database") await (await connect(url)).end();
    else {
      const c = await connect(admin.href);
      const id = c.escapeIdentifier(db);
      if (sub === "create-database") {
        if (!(await c.query("select 1 from pg_database where datname=$1", [db])).rowCount)
          await c.query(`create database ${id}`);
      } else if (sub === "drop-database") await c.query(`drop database if exists ${id}`);
      await c.end();
    }
    process.exit(0);
  } catch (e) {
    const code = e.code === "3D000" ? "P1003" : "P1001";
    process.stderr.write(
      "schema-engine-wasm\n" +
        JSON.stringify({
          level: "ERROR",
          target: "schema_engine::logger",
          timestamp: new Date().toISOString(),
          fields: { message: e.message, is_panic: false, error_code: code, meta: { database_name: db } },
        }),
    );
    process.exit(1);
  }
}
// adapter-pg as the schema engine needs it: whole scripts in one go, and the catalog's "char" type (oid 18).
const CHAR_OID = 18,
  BPCHAR_OID = 1042;
function patch(adapter, pool) {
  const { performIO, queryRaw } = adapter;
  let chars = [];
  adapter.performIO = async (query) => {
    const result = await performIO.call(adapter, query);
    chars = [];
    result.fields?.forEach((f, i) => {
      if (f.dataTypeID === CHAR_OID) {
        chars.push(i);
        f.dataTypeID = BPCHAR_OID;
      }
    });
    return result;
  };
  adapter.queryRaw = async (query) => {
    const r = await queryRaw.call(adapter, query);
    for (const i of chars) r.columnTypes[i] = ColumnTypeEnum.Character;
    for (const row of r.rows) for (const i of chars) if (row[i] === "") row[i] = "\0";
    return r;
  };
  adapter.executeScript = async (script) => {
    try {
      await pool.query(script);
    } catch (e) {
      adapter.onError(e);
    }
  };
  return adapter;
}
function migrationFactory(url) {
  const at = async (database) => {
    const u = new URL(url);
    if (database) u.pathname = "/" + database;
    u.searchParams.delete("schema");
    const pool = new pg.Pool({ connectionString: u.href, max: 1 });
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
    return patch(adapter, pool);
  };
  return {
    provider: "postgres",
    adapterName: "@prisma/adapter-pg",
    connect: () => at(),
    connectToShadowDb: async () => {
      const main = await at();
      const name = "prisma_migrate_shadow_db_" + crypto.randomUUID();
      await main.executeScript(`CREATE DATABASE "${name}"`);
      const shadow = await at(name);
      const dispose = shadow.dispose.bind(shadow);
      shadow.dispose = async () => {
        await dispose();
        await main.executeScript(`DROP DATABASE "${name}"`);
        await main.dispose();
      };
      return shadow;
    },
  };
}
const require = createRequire(import.meta.url);
const bg = await import("@prisma/schema-engine-wasm/schema_engine_bg");
const bytes = readFileSync(
  require.resolve("@prisma/schema-engine-wasm").replace(/schema_engine\.js$/, "schema_engine_bg.wasm"),
);
const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": bg });
bg.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();
const factory = bindMigrationAwareSqlAdapterFactory(migrationFactory(url));
let engine;
const send = (o) => {
  const s = JSON.stringify({ jsonrpc: "2.0", ...o });
  process.stdout.write(s + "\n");
};
let chain = Promise.resolve();
readline
  .createInterface({ input: process.stdin })
  .on("line", (l) => {
    chain = chain.then(() => handle(l));
  })
  .on("close", () => void chain.then(() => process.exit(0)));
async function handle(l) {
  if (!l.trim()) return;
  const m = JSON.parse(l);
  if (!m.method) return;
  try {
    engine ??= await bg.SchemaEngine.new({ datamodels: undefined }, () => {}, factory);
    if (typeof engine[m.method] !== "function") throw new Error(`schema-engine shim: unsupported method ${m.method}`);
    const result = await engine[m.method](m.params);
    if (result?.stdout != null) send({ id: 900000 + m.id, method: "print", params: { content: result.stdout } });
    send({ id: m.id, result: result ?? {} });
  } catch (e) {
    send({
      id: m.id,
      error: {
        code: 4466,
        message: "An error happened. Check the data field for details.",
        data: { is_panic: false, message: e?.message ?? String(e), meta: e?.meta ?? null, error_code: e?.code ?? null },
      },
    });
  }
}
