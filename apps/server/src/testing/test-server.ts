import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnershipTiming } from "@openpatio/core/ownership";
import type { ClusterRow, SetAnswer } from "@openpatio/core/view";
import { openDatabase } from "@openpatio/db";
import { createSandbox, SANDBOX_RACKS, type Sandbox, type SandboxCluster, type World } from "@openpatio/k8s/sim";
import { type App, startApp } from "../app.ts";
import { connectCluster } from "../clusters/connect.ts";
import { Vault } from "../clusters/vault.ts";
import { silentLog } from "../log.ts";
import type { SandboxControl } from "../sandbox/control.ts";
import { buildServer, type KilledServer } from "./killed-server.ts";
import { copyRows, createTestDatabase } from "./test-database.ts";

export type TestServerOptions = {
  /** Default: `sandbox-racks`. */
  readonly clusters?: readonly World[];
  /** Where sets that are applied with kubectl are followed; default: everywhere. */
  readonly namespaces?: readonly string[];
  /** How fast it looks at whose clusters are; default: as everywhere. */
  readonly ownership?: Partial<OwnershipTiming>;
  /** It starts on a copy of this one's database, as it is in this moment. */
  readonly copyOf?: TestServer;
  /** The server is a process of its own, and `restart` is a `kill -9`: there is no `app` then. Default: false. */
  readonly isKilled?: boolean;
};

/** What a procedure refused with. */
export class RefusedCall extends Error {
  readonly status: number;
  readonly data: {
    readonly reason: string | null;
    readonly problems: readonly { readonly path: string; readonly message: string; readonly code: string }[];
    readonly requestId: string | null;
  };

  constructor(procedure: string, status: number, error: { message: string; data: RefusedCall["data"] }) {
    super(`${procedure} answered ${status}: ${error.message}`);
    this.status = status;
    this.data = error.data;
  }
}

export type TestServer = {
  readonly url: string;
  readonly app: App;
  readonly databaseUrl: string;
  readonly sandbox: Sandbox;
  /** Of its vault. */
  readonly key: Buffer;
  cluster(name?: string): SandboxCluster;
  /** Over HTTP, as every client does. Errors: {@link RefusedCall}. */
  call<T>(procedure: string, input?: unknown): Promise<T>;
  set(name: string, namespace?: string): Promise<SetAnswer>;
  /** Waits until `condition` holds; fails with `what` and the last state after 45 seconds. */
  until<T>(what: string, read: () => Promise<T>, condition: (value: T) => boolean): Promise<T>;
  /** Stops (or kills) the server and starts it again on the same database and clusters; `whileDown` in between. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  /** Another server process's part on the same database and clusters; the caller stops it. */
  startSecond(): Promise<App>;
  /** Ends every connection to the database, as a restart of Postgres does. */
  cutDatabase(): Promise<void>;
  close(): Promise<void>;
};

/**
 * A whole server on a database of its own and a sandbox in this process, reached over HTTP on a free port. Pods start
 * within fractions of a second.
 */
export async function createTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-server-"));
  const database = await createTestDatabase();
  if (options.copyOf !== undefined) await copyRows(options.copyOf.databaseUrl, database.url);
  const sandbox = await createSandbox({ clusters: options.clusters ?? [SANDBOX_RACKS], timing: "fast" });
  for (const { name, kubeconfigYaml } of sandbox.clusters) {
    writeFileSync(path.join(dir, `${name}.kubeconfig`), kubeconfigYaml);
  }
  const key = options.copyOf?.key ?? randomBytes(32);
  const startHere = () =>
    startApp({
      databaseUrl: database.url,
      vault: new Vault(key),
      connect: connectCluster,
      sandboxDir: dir,
      sandbox: controlOf(sandbox),
      host: "127.0.0.1",
      port: 0,
      openWeb: null,
      version: "test",
      hostName: "test",
      namespaces: options.namespaces ?? null,
      nowMs: () => Date.now(),
      ...(options.ownership === undefined ? {} : { ownership: options.ownership }),
      log: silentLog(),
    });
  const starts =
    options.isKilled === true
      ? await buildServer({
          databaseUrl: database.url,
          dir,
          key: key.toString("base64"),
          namespaces: options.namespaces,
        })
      : null;
  const start = (): Promise<App | KilledServer> => starts?.start() ?? startHere();
  let running: App | KilledServer = await start();

  const server: TestServer = {
    get url() {
      return `http://127.0.0.1:${running.port}`;
    },
    get app() {
      if (!("fleet" in running)) throw new Error("this server is a process of its own");
      return running;
    },
    databaseUrl: database.url,
    sandbox,
    key,
    cluster: (name) => (name === undefined ? firstOf(sandbox) : sandbox.cluster(name)),
    async call<T>(procedure: string, input?: unknown): Promise<T> {
      const response = await fetch(`${server.url}/api/trpc/${procedure}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        ...(input === undefined ? {} : { body: JSON.stringify(input) }),
      });
      const body = (await response.json()) as { result: { data: T } } | { error: RefusedCallBody };
      if ("error" in body) throw new RefusedCall(procedure, response.status, body.error);
      return body.result.data;
    },
    set: (name, namespace = "default") => server.call<SetAnswer>("sets.get", { namespace, name }),
    until,
    async restart(whileDown) {
      await running.stop();
      await whileDown?.();
      running = await start();
    },
    startSecond: startHere,
    cutDatabase: async () => {
      const db = openDatabase(database.url, 1);
      await db.$queryRaw`select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      await db.$disconnect();
    },
    async close() {
      await running.stop();
      await starts?.remove();
      await sandbox.close();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  // A copy finds out that its clusters are another's.
  if (options.copyOf !== undefined) return server;
  await until(
    "the clusters to be live",
    async () => (await server.call<readonly ClusterRow[]>("clusters.list")).map(({ health }) => health),
    (healths) => healths.length === sandbox.clusters.length && healths.every((health) => health === "live"),
  );
  return server;
}

type RefusedCallBody = ConstructorParameters<typeof RefusedCall>[2];

async function until<T>(what: string, read: () => Promise<T>, condition: (value: T) => boolean): Promise<T> {
  const endMs = Date.now() + 45_000;
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    if (Date.now() > endMs) throw new Error(`waited for ${what}; last: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await sleep(25);
  }
}

function firstOf({ clusters }: Sandbox): SandboxCluster {
  const [first] = clusters;
  if (first === undefined) throw new Error("this test server has no cluster");
  return first;
}

function controlOf(sandbox: Sandbox): SandboxControl {
  return {
    faults: (name) => sandbox.clusters.find((cluster) => cluster.name === name)?.state() ?? null,
    cut: async (name, isCut) => sandbox.cluster(name).cut(isCut),
    slow: async (name, delayMs) => sandbox.cluster(name).slow(delayMs),
    refresh: async () => false,
  };
}
