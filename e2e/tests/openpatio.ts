import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "@playwright/test";
import { KubeApi } from "./kube-api.ts";

const START = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/** How long a first build, an embedded Postgres and both sandbox clusters may take on a busy machine. */
const START_LIMIT_MS = 240_000;

/** What a refused procedure answers, as far as the tests look. */
export type Refusal = {
  readonly message: string;
  readonly data?: {
    readonly reason: string | null;
    readonly problems: readonly { readonly path: string; readonly message: string; readonly suggestion?: string }[];
  };
};

/** A procedure refused. */
export class Refused extends Error {
  readonly status: number;
  readonly refusal: Refusal;
  constructor(procedure: string, status: number, refusal: Refusal) {
    super(`${procedure} answered ${status}: ${JSON.stringify(refusal)}`);
    this.status = status;
    this.refusal = refusal;
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** A whole OpenPatio as `npm start` runs it, on a data folder and port of its own. */
export class OpenPatio {
  readonly url: string;
  readonly dataDir: string;
  private readonly port: number;
  private child: ChildProcess | null = null;
  private output = "";

  private constructor(port: number, dataDir: string) {
    this.port = port;
    this.dataDir = dataDir;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<OpenPatio> {
    const app = new OpenPatio(await freePort(), mkdtempSync(path.join(os.tmpdir(), "openpatio-e2e-")));
    await app.launch();
    return app;
  }

  /** Starts, or starts again on the same data. */
  async launch(): Promise<void> {
    this.output = "";
    const child = spawnStart({ PORT: String(this.port), OPENPATIO_DATA: this.dataDir });
    this.child = child;
    const collect = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    await this.until(
      () => this.output.includes("Console") || child.exitCode !== null,
      "OpenPatio to start",
      START_LIMIT_MS,
    );
    if (child.exitCode !== null) throw new Error(`OpenPatio did not start:\n${this.output}`);
  }

  /** Waits for a condition; fails with what it waited for and the last output of the processes. */
  async until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}\n${this.output.slice(-4000)}`);
      await sleep(100);
    }
  }

  /** `kill -9` of one process; the supervisor starts it again. Resolves when it answers again. */
  async kill9(name: "server" | "sandbox"): Promise<void> {
    const pid = this.pid(name);
    process.kill(pid, "SIGKILL");
    await this.until(() => this.pid(name) !== pid, `a new ${name} process`);
    await this.until(() => (name === "server" ? this.isReady() : this.sandbox().isAnswering()), `${name} to answer`);
  }

  /** `kill -9` of the supervisor itself; resolves when it is gone and nothing answers on its port any more. */
  async kill9All(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
    await this.until(async () => !(await this.isReady()), "the server to end with its supervisor");
  }

  private pid(name: string): number {
    return Number(readFileSync(path.join(this.dataDir, "run", `${name}.pid`), "utf8"));
  }

  private async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/readyz`).catch(() => null);
    return answer?.ok ?? false;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** The Kubernetes API of a sandbox cluster. */
  sandbox(cluster = "sandbox-racks"): KubeApi {
    return new KubeApi(readFileSync(path.join(this.dataDir, "sandbox", `${cluster}.kubeconfig`), "utf8"));
  }

  async query<T>(procedure: string, input?: unknown): Promise<T> {
    const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    return this.answer<T>(procedure, await fetch(`${this.url}/api/trpc/${procedure}${query}`));
  }

  async mutate<T>(procedure: string, input: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/trpc/${procedure}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input),
    });
    return this.answer<T>(procedure, response);
  }

  private async answer<T>(procedure: string, response: Response): Promise<T> {
    const body = (await response.json()) as { result?: { data: T }; error?: Refusal };
    if (!response.ok || body.result === undefined) {
      throw new Refused(procedure, response.status, body.error ?? { message: JSON.stringify(body) });
    }
    return body.result.data;
  }

  /** What a call was refused with; fails when it was not refused. */
  async refused(call: Promise<unknown>): Promise<Refused> {
    const answer = await call.catch((error: unknown) => error);
    if (answer instanceof Refused) return answer;
    throw new Error(`expected a refusal, got ${JSON.stringify(answer)}`);
  }

  /** Deletes every set and waits until none is left: what other tests left behind does not stand in the way. */
  async clear(): Promise<void> {
    type Row = { namespace: string; name: string; phase: string };
    const sets = await this.query<readonly Row[]>("sets.list");
    for (const { namespace, name, phase } of sets) {
      if (phase !== "Deleting") await this.mutate("sets.delete", { namespace, name });
    }
    await this.until(async () => (await this.query<readonly Row[]>("sets.list")).length === 0, "all sets to be gone");
  }
}

/** Runs the start command with these settings; its output is piped. */
export function spawnStart(settings: Readonly<Record<string, string>>): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [START], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Tests get one running OpenPatio per worker, shared by all files: who needs an empty one begins with `clear()`. */
export const test = base.extend<object, { app: OpenPatio }>({
  app: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the parameter list and demands an object pattern
    async ({}, use) => {
      const app = await OpenPatio.start();
      await use(app);
      await app.stop();
    },
    { scope: "worker", timeout: START_LIMIT_MS + 30_000 },
  ],
});

export { expect } from "@playwright/test";

/** A cluster that nobody has registered: a sandbox process of its own. It was built when the product started. */
export async function startOtherSandbox(): Promise<{ readonly kubeconfig: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "openpatio-other-"));
  const program = path.join(path.dirname(path.dirname(START)), "apps/server/dist/sandbox.js");
  const child = spawn(process.execPath, [program, "--data", folder], { stdio: "ignore" });
  const file = path.join(folder, "sandbox-zones.kubeconfig");
  await expect.poll(() => existsSync(file), { message: "the other sandbox's kubeconfig" }).toBe(true);
  return {
    kubeconfig: readFileSync(file, "utf8"),
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
