// `npm start`: installs what is missing, then keeps three processes running: Postgres, the sandbox, the server.
// Each can die alone: the others carry on and the dead one is started again.
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { bin, prepare, QUIET_ENV, ROOT, run, runMain, Stop } from "./prepare.mjs";

const isDev = process.argv.includes("--dev");
/** A child that lived longer than this is started again at once; one that dies sooner waits, up to the cap. */
const STABLE_MS = 10_000;
const MAX_RESTART_DELAY_MS = 10_000;
/** After this a process that was asked to stop is killed. */
const STOP_LIMIT_MS = 8000;

function settings() {
  const port = Number(process.env.PORT ?? 3000);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Stop(`PORT must be a number from 1 to 65535, not "${process.env.PORT}".`);
  }
  return {
    port,
    dataDir: path.resolve(ROOT, process.env.OPENPATIO_DATA ?? ".data"),
    databaseUrl: process.env.DATABASE_URL || null,
    hasSandbox: process.env.OPENPATIO_SANDBOX !== "off",
  };
}

function claimDataDir(dataDir) {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.W_OK);
  } catch (error) {
    throw new Stop(
      `The data folder ${dataDir} can't be written (${error.code}).\nMake it writable, or name another one: OPENPATIO_DATA=/some/folder npm start`,
    );
  }
  const lock = path.join(dataDir, "openpatio.pid");
  const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
  if (holder > 0 && holder !== process.pid && isOpenPatio(holder)) {
    throw new Stop(
      `OpenPatio already runs on ${dataDir} (process ${holder}).\nStop it first, or start a second one beside it: PORT=3001 OPENPATIO_DATA=/some/folder npm start`,
    );
  }
  writeFileSync(lock, String(process.pid));
  return () => rmSync(lock, { force: true });
}

/** Folder by folder: Node's recursive mkdir never ends where the system answers ENOENT below an existing folder (/proc). */
function makeFolder(folder) {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
}

/** True when that process lives and, where the system tells, runs this script: process ids are used again. */
function isOpenPatio(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, "utf8").includes("start.mjs");
}

function checkPort(port) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", (error) => {
      reject(
        new Stop(
          error.code === "EADDRINUSE"
            ? `Port ${port} is in use by another program.\nStop that one, or choose another port: PORT=${port + 1} npm start`
            : `Port ${port} can't be opened (${error.code}).\nChoose another one: PORT=3001 npm start`,
        ),
      );
    });
    probe.listen(port, "127.0.0.1", () => probe.close(resolve));
  });
}

const steps = {
  begin: (text) => process.stdout.write(`  … ${text}\n`),
  done: (name, text, sinceMs) => {
    const seconds = (performance.now() - sinceMs) / 1000;
    process.stdout.write(`  ✓ ${name.padEnd(10)} ${text}${seconds >= 1 ? ` (${seconds.toFixed(0)} s)` : ""}\n`);
  },
};

async function build() {
  const begun = performance.now();
  if (isDev) return;
  if (!existsSync(path.join(ROOT, "apps/web/.next/BUILD_ID")))
    steps.begin("building the console (about 20 seconds, once)");
  const args = [bin("turbo"), "run", "build", "--output-logs=errors-only", "--no-update-notifier"];
  const { code, output } = await run(process.execPath, args, { capture: true });
  if (code !== 0) throw new Stop(`The build failed:\n${output}`);
  steps.done("console", "built", begun);
}

async function startDatabase({ dataDir, databaseUrl }) {
  const begun = performance.now();
  const { migrate } = await import("../prisma/src/migrate.mjs");
  const postgres = databaseUrl === null ? await keepPostgres(dataDir) : { url: databaseUrl, stop: async () => {} };
  try {
    await migrate(postgres.url, path.join(ROOT, "prisma/migrations"));
  } catch (error) {
    await postgres.stop();
    const where = databaseUrl === null ? "the embedded Postgres" : "the database named by DATABASE_URL";
    throw new Stop(`Can't prepare ${where}: ${error.message}`);
  }
  steps.done("database", databaseUrl === null ? "embedded Postgres" : "DATABASE_URL", begun);
  return postgres;
}

/** Runs the embedded Postgres, and starts it again on the same port when it ends: its URL stays true for the server. */
async function keepPostgres(dataDir) {
  const { startPostgres } = await import("../prisma/src/embedded.mjs");
  const options = { dataDir: path.join(dataDir, "postgres"), database: "openpatio" };
  let isStopping = false;
  let running = await startPostgres(options);
  const { url, port } = running;
  const restart = async () => {
    if (isStopping) return;
    console.error("  ! database ended; starting it again");
    try {
      running = await startPostgres({ ...options, port });
      running.onExit(() => void restart());
    } catch (error) {
      console.error(`  ! ${error.message}`);
      setTimeout(() => void restart(), 2000);
    }
  };
  running.onExit(() => void restart());
  return {
    url,
    stop: async () => {
      isStopping = true;
      await running.stop();
    },
  };
}

/**
 * Keeps one process of ours running. The child ends by itself when this process is gone (it watches its IPC channel), so
 * a kill -9 here leaves no orphan behind. Its process id is in `<data>/run/<name>.pid`.
 */
function supervise(name, { source, built, args = [] }, { env = {}, dataDir, onLine }) {
  const runDir = path.join(dataDir, "run");
  mkdirSync(runDir, { recursive: true });
  let child = null;
  let isStopping = false;
  let delayMs = 0;
  const launch = () => {
    const begun = performance.now();
    const entry = isDev ? ["--import", "tsx", path.join(ROOT, source)] : [path.join(ROOT, built)];
    child = spawn(process.execPath, ["--enable-source-maps", ...entry, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...QUIET_ENV, ...env },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      // Ctrl-C reaches the whole terminal group; only this process acts on it, and stops the children in order.
      detached: process.platform !== "win32",
    });
    writeFileSync(path.join(runDir, `${name}.pid`), String(child.pid));
    createInterface({ input: child.stdout }).on("line", onLine);
    child.on("exit", (code, signal) => {
      child = null;
      if (isStopping) return;
      delayMs = performance.now() - begun > STABLE_MS ? 0 : Math.min(MAX_RESTART_DELAY_MS, delayMs * 2 || 500);
      const when = delayMs === 0 ? "" : ` in ${delayMs / 1000} s`;
      console.error(`  ! ${name} ended (${signal ?? `code ${code}`}); starting it again${when}`);
      setTimeout(() => {
        if (!isStopping) launch();
      }, delayMs);
    });
  };
  launch();
  return {
    stop: () =>
      new Promise((resolve) => {
        isStopping = true;
        if (child === null) return resolve();
        const late = setTimeout(() => child?.kill("SIGKILL"), STOP_LIMIT_MS);
        child.once("exit", () => {
          clearTimeout(late);
          resolve();
        });
        child.kill("SIGTERM");
      }),
  };
}

async function startSandbox({ dataDir }) {
  const begun = performance.now();
  const sandboxDir = path.join(dataDir, "sandbox");
  mkdirSync(sandboxDir, { recursive: true });
  const files = {
    source: "packages/k8s/src/sim/process.ts",
    built: "apps/server/dist/sandbox.js",
    args: ["--data", sandboxDir],
  };
  let child = null;
  const clusters = await new Promise((resolve) => {
    const onLine = (line) => {
      const message = line.startsWith("{") ? JSON.parse(line) : null;
      if (message?.ready) resolve(message.clusters);
      else console.log(line);
    };
    child = supervise("sandbox", files, { dataDir, onLine });
  });
  steps.done("sandbox", clusters.map((c) => `${c.name} (${c.nodes} nodes)`).join(", "), begun);
  return { stop: child.stop, clusters, sandboxDir };
}

async function startServer({ port, dataDir }, databaseUrl, sandboxDir) {
  const begun = performance.now();
  const env = {
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    OPENPATIO_DATA: dataDir,
    ...(sandboxDir === null ? { OPENPATIO_SANDBOX: "off" } : { OPENPATIO_SANDBOX_DIR: sandboxDir }),
    NODE_ENV: isDev ? "development" : "production",
  };
  const files = { source: "apps/server/src/main.ts", built: "apps/server/dist/main.js" };
  // The built server says nothing here itself; what Next says at each start is for whoever develops.
  const onLine = (line) => isDev && console.log(line);
  const child = supervise("server", files, { env, dataDir, onLine });
  while (!(await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok) await sleep(100);
  steps.done("server", "ready", begun);
  return child;
}

runMain(async () => {
  console.log("\nOpenPatio\n");
  await prepare(steps.begin);
  const config = settings();
  const release = claimDataDir(config.dataDir);
  const running = [];
  let stopping = null;
  const stop = () => {
    stopping ??= (async () => {
      console.log("\n  Stopping…");
      for (const part of running.toReversed()) await part.stop().catch(() => {});
      release();
      process.exit(0);
    })();
    return stopping;
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  try {
    await checkPort(config.port);
    const [postgres] = await Promise.all([startDatabase(config).then((p) => (running.unshift(p), p)), build()]);
    const sandbox = config.hasSandbox ? await startSandbox(config) : null;
    if (sandbox) running.push(sandbox);
    running.push(await startServer(config, postgres.url, sandbox?.sandboxDir ?? null));
    const shown = (file) => path.relative(process.cwd(), file) || file;
    console.log(`\n  Console   http://localhost:${config.port}   this machine only: there is no sign-in yet`);
    if (sandbox) console.log(`  kubectl   export KUBECONFIG=${shown(sandbox.clusters[0].kubeconfig)}`);
    console.log(`  Data      ${shown(config.dataDir)}\n  Stop      Ctrl-C\n`);
  } catch (error) {
    for (const part of running.toReversed()) await part.stop().catch(() => {});
    release();
    throw error;
  }
});
