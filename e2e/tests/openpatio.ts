import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test as base } from "@playwright/test";
import { KubeApi } from "./kube-api.ts";

const START = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/** What a procedure answered when it refused. */
export class Refused extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(procedure: string, status: number, body: unknown) {
    super(`${procedure} answered ${status}: ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

async function freePort(): Promise<number> {
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

  private async launch(): Promise<void> {
    const child = spawn(process.execPath, [START], {
      env: { ...process.env, PORT: String(this.port), OPENPATIO_DATA: this.dataDir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const collect = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    await this.until(() => this.output.includes("Console") || child.exitCode !== null, "OpenPatio to start", 90_000);
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
    await this.until(() => this.isReady(), "the server to be ready");
  }

  private pid(name: string): number {
    return Number(readFileSync(path.join(this.dataDir, "run", `${name}.pid`), "utf8"));
  }

  private async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/readyz`).catch(() => null);
    return answer?.ok ?? false;
  }

  async stop(): Promise<void> {
    if (this.child === null || this.child.exitCode !== null) return;
    this.child.kill("SIGTERM");
    await once(this.child, "exit");
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
    const body = (await response.json()) as { result?: { data: T }; error?: unknown };
    if (!response.ok || body.result === undefined) throw new Refused(procedure, response.status, body.error ?? body);
    return body.result.data;
  }
}

/** Tests get one running OpenPatio per worker, shared by the tests of a file. */
export const test = base.extend<object, { app: OpenPatio }>({
  app: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the parameter list and demands an object pattern
    async ({}, use) => {
      const app = await OpenPatio.start();
      await use(app);
      await app.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

export { expect } from "@playwright/test";
