import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const ENTRY = fileURLToPath(new URL("./process.ts", import.meta.url));

type Ready = {
  readonly clusters: readonly {
    readonly name: string;
    readonly url: string;
    readonly kubeconfig: string;
    readonly nodes: number;
  }[];
  readonly control: { readonly url: string; readonly tokenFile: string };
};

let folder: string;
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-"));
});

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  rmSync(folder, { recursive: true });
});

function start(): { child: ChildProcess; ended: Promise<number | null>; ready: Promise<Ready>; errors: () => string } {
  const child = spawn(process.execPath, ["--import", "tsx", ENTRY, "--data", folder], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child);
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const ready = new Promise<Ready>((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(JSON.parse(chunk.toString("utf8")) as Ready));
    void ended.then((code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
  ready.catch(() => {});
  return { child, ended, ready, errors: () => errors };
}

async function configMaps(url: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1/namespaces/default/configmaps`);
  return ((await answer.json()) as { items: unknown }).items;
}

test("kill -9 loses nothing that was answered, and the next start has the same ports, objects and versions", async () => {
  const first = start();
  const { clusters } = await first.ready;
  const url = clusters[0]?.url ?? "";
  for (const name of ["a", "b", "c"]) {
    const answer = await fetch(`${url}/api/v1/namespaces/default/configmaps`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ metadata: { name } }),
    });
    expect(answer.status).toBe(201);
  }
  const before = await configMaps(url);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = start();
  expect((await second.ready).clusters).toEqual(clusters);
  expect(await configMaps(url)).toEqual(before);
}, 60_000);

test("kubeconfigs and token are private, faults need the token, and SIGTERM ends the process cleanly", async () => {
  const sandbox = start();
  const { clusters, control } = await sandbox.ready;
  expect(clusters.map(({ name, nodes }) => [name, nodes])).toEqual([
    ["sandbox-racks", 24],
    ["sandbox-zones", 12],
  ]);
  for (const path of [control.tokenFile, ...clusters.map((one) => one.kubeconfig)])
    expect(statSync(path).mode & 0o777).toBe(0o600);
  const cut = (headers: Record<string, string>) =>
    fetch(`${control.url}/clusters/sandbox-racks/cut`, {
      method: "POST",
      headers,
      body: JSON.stringify({ cut: true }),
    });
  expect((await cut({})).status).toBe(401);
  const authorization = { Authorization: `Bearer ${readFileSync(control.tokenFile, "utf8")}` };
  expect(await (await cut(authorization)).json()).toEqual({ name: "sandbox-racks", isCut: true, delayMs: 0 });
  await expect(fetch(`${clusters[0]?.url}/version`)).rejects.toThrow();
  expect((await fetch(`${clusters[1]?.url}/version`)).status).toBe(200);
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.errors()).toContain("another sandbox process uses");
  sandbox.child.kill("SIGTERM");
  expect(await sandbox.ended).toBe(0);
}, 60_000);

test("it ends with its supervisor, so that the next one finds the folder free", async () => {
  const first = start();
  await first.ready;
  first.child.disconnect();
  expect(await first.ended).toBe(0);
  const second = start();
  await second.ready;
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});
