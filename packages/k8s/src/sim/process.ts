/**
 * The sandbox as a process of its own: `sandbox.js --data <folder>`. Starts the two demo clusters, keeps their ports,
 * writes a kubeconfig for each, and prints one JSON line on stdout when all of them answer. SIGTERM and SIGINT end it
 * cleanly; kill -9 loses nothing.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { startControl } from "./process-control.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { SANDBOX_RACKS, SANDBOX_ZONES } from "./world.ts";

const WORLDS = [SANDBOX_RACKS, SANDBOX_ZONES];

/** What must stay the same over restarts of one data folder. */
type Identity = { readonly seed: string; readonly ports: Readonly<Record<string, number>> };

function readIdentity(path: string): Identity {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<Identity>;
    return { seed: value.seed ?? randomBytes(8).toString("hex"), ports: value.ports ?? {} };
  } catch {
    return { seed: randomBytes(8).toString("hex"), ports: {} };
  }
}

/** Readable by the user alone, and never half written. */
function writePrivate(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

async function start(dataDir: string, identity: Identity): Promise<Sandbox> {
  const options = {
    clusters: WORLDS,
    dataDir,
    seed: identity.seed,
    onError: (cluster: string, controller: string, key: string, error: unknown) => {
      process.stderr.write(`${JSON.stringify({ level: "error", cluster, controller, key, error: String(error) })}\n`);
    },
  };
  try {
    return await createSandbox({ ...options, ports: identity.ports });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    // Somebody else took a port in the meantime: new ones for all, and new kubeconfigs say so.
    return createSandbox(options);
  }
}

/** A process that still lives there would write into the same journal. It proves itself by its token. */
async function refuseSecondProcess(dataDir: string): Promise<void> {
  let isAlive = false;
  try {
    const url = readFileSync(join(dataDir, "control-url"), "utf8");
    const token = readFileSync(join(dataDir, "control-token"), "utf8");
    const answer = await fetch(`${url}/clusters`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(2000),
    });
    isAlive = answer.ok;
  } catch {
    // No files, or nobody answers: the folder is free.
  }
  if (isAlive) throw new Error(`another sandbox process uses ${dataDir}; stop it first`);
}

async function main(): Promise<void> {
  let stop: () => void = () => process.exit(0);
  process.on("SIGTERM", () => stop());
  process.on("SIGINT", () => stop());
  // The supervisor is gone, however it ended: a sandbox that stayed would keep its folder from the next one.
  process.on("disconnect", () => stop());
  const { values } = parseArgs({ options: { data: { type: "string" } } });
  if (values.data === undefined) throw new Error("usage: sandbox --data FOLDER");
  const dataDir = resolve(values.data);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await refuseSecondProcess(dataDir);
  const identityPath = join(dataDir, "identity.json");
  const identity = readIdentity(identityPath);
  const sandbox = await start(dataDir, identity);
  const ports = Object.fromEntries(sandbox.clusters.map((cluster) => [cluster.name, cluster.port]));
  writePrivate(identityPath, JSON.stringify({ seed: identity.seed, ports }));
  for (const cluster of sandbox.clusters)
    writePrivate(join(dataDir, `${cluster.name}.kubeconfig`), cluster.kubeconfigYaml);
  const tokenFile = join(dataDir, "control-token");
  const token = randomBytes(24).toString("base64url");
  writePrivate(tokenFile, token);
  const control = await startControl(sandbox, token);
  writePrivate(join(dataDir, "control-url"), control.url);

  let isStopping = false;
  stop = () => {
    if (isStopping) return;
    isStopping = true;
    void Promise.all([control.close(), sandbox.close()]).then(() => process.exit(0));
  };
  const clusters = sandbox.clusters.map(({ name, url, nodes }) => ({
    name,
    url,
    kubeconfig: join(dataDir, `${name}.kubeconfig`),
    nodes,
  }));
  process.stdout.write(`${JSON.stringify({ ready: true, clusters, control: { url: control.url, tokenFile } })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // The channel to the supervisor would keep a process alive that never became a sandbox.
  process.exit(1);
});
