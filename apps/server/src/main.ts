import { startApp } from "./app.ts";
import { connectCluster } from "./clusters/connect.ts";
import { openVault } from "./clusters/vault.ts";
import { readConfig } from "./config.ts";
import { openLog } from "./log.ts";
import { noSandbox } from "./sandbox/control.ts";
import { SandboxProcessControl } from "./sandbox/process-control.ts";
import { openWeb } from "./web.ts";

const VERSION = "0.1.0";

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLog(config.dataDir, config.logLevel);
  const { host, port, isDev, sandboxDir } = config;
  const app = await startApp({
    databaseUrl: config.databaseUrl,
    vault: openVault(config.dataDir, config.key),
    connect: connectCluster,
    sandboxDir,
    sandbox: sandboxDir === null ? noSandbox : new SandboxProcessControl(sandboxDir),
    host,
    port,
    openWeb: config.hasWeb ? () => openWeb({ isDev, hostname: host, port }) : null,
    version: VERSION,
    hostName: config.hostName,
    namespaces: config.namespaces,
    nowMs: () => Date.now(),
    log,
  });
  log.info({ port: app.port, host, version: VERSION }, "listening on loopback only: there is no sign-in");

  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    void app.stop().finally(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The supervisor is gone, however it ended: nobody would stop us or start us again.
  process.on("disconnect", stop);
  process.on("unhandledRejection", (error) => log.error({ err: error }, "unhandled rejection"));
  // State is stored before anything is done, so ending here and being started again is safe; going on may not be.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught exception");
    process.exit(1);
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`OpenPatio server: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  // Open handles (a pool, a listener) must not keep a server alive that never became one.
  setTimeout(() => process.exit(1), 500).unref();
});
