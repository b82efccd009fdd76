import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const FOLDER = fileURLToPath(new URL("../../", import.meta.url));
/** Of a start on a machine that is busy with other tests. */
const START_LIMIT_MS = 90_000;

/** A server process that only ever ends by `kill -9`. */
export type KilledServer = { readonly port: number; stop(): Promise<void> };

export type KilledServerOptions = {
  readonly databaseUrl: string;
  readonly dir: string;
  readonly key: string;
  readonly namespaces: readonly string[] | undefined;
};

/** Builds what `npm start` runs, and starts it as often as asked. */
export async function buildServer({ databaseUrl, dir, key, namespaces }: KilledServerOptions): Promise<{
  start(): Promise<KilledServer>;
  remove(): Promise<void>;
}> {
  mkdirSync(path.join(FOLDER, "dist"), { recursive: true });
  // Below the package, so that npm packages are found.
  const built = mkdtempSync(path.join(FOLDER, "dist", "test-"));
  await promisify(execFile)(process.execPath, [path.join(FOLDER, "build.mjs")], {
    env: { ...process.env, OPENPATIO_BUILD_FOLDER: built },
  });
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    OPENPATIO_DATA: path.join(dir, "data"),
    OPENPATIO_SANDBOX_DIR: dir,
    OPENPATIO_WEB: "off",
    OPENPATIO_KEY: key,
    OPENPATIO_LOG: "warn",
    ...(namespaces === undefined ? {} : { OPENPATIO_NAMESPACES: namespaces.join(",") }),
  };
  return {
    async start() {
      const child = spawn(process.execPath, [path.join(built, "main.js")], {
        env,
        stdio: ["ignore", "ignore", "pipe", "ipc"], // It ends with us by the channel.
      });
      let errors = "";
      child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      await answers(port, child, () => errors);
      return {
        port,
        async stop() {
          if (child.exitCode !== null) throw new Error(`the server ended by itself: ${errors}`);
          child.kill("SIGKILL");
          await once(child, "exit");
        },
      };
    },
    remove: () => rm(built, { recursive: true }),
  };
}

async function answers(port: number, child: ChildProcess, errors: () => string): Promise<void> {
  const endMs = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    if (child.exitCode !== null || Date.now() > endMs) throw new Error(`the server did not start: ${errors()}`);
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}
