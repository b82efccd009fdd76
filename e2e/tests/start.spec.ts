import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, freePort, OpenPatio, spawnStart, test } from "./openpatio.ts";
import { demoYaml } from "./story.ts";

/** Runs the start command to its end; for starts that must refuse. */
async function refusedStart(settings: Readonly<Record<string, string>>): Promise<{ code: number; output: string }> {
  const child = spawnStart(settings);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const late = setTimeout(() => child.kill("SIGKILL"), 120_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  return { code: code ?? -1, output };
}

function dataFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), "openpatio-e2e-"));
}

test("a busy port is named, with the way to choose another one", async () => {
  const other = net.createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as net.AddressInfo;
  const dataDir = dataFolder();
  const { code, output } = await refusedStart({ PORT: String(port), OPENPATIO_DATA: dataDir });
  other.close();
  rmSync(dataDir, { recursive: true });
  expect(code).toBe(1);
  expect(output).toContain(`Port ${port} is in use`);
  expect(output).toMatch(/PORT=\d+ npm start/);
  expect(output).not.toMatch(/\n\s+at /);
});

test("a port that is no number is named", async () => {
  const { code, output } = await refusedStart({ PORT: "three", OPENPATIO_DATA: path.join(os.tmpdir(), "unused") });
  expect(code).toBe(1);
  expect(output).toContain('"three"');
});

test("a data folder that can't be written is named, with the way to choose another one", async () => {
  const parent = dataFolder();
  const file = path.join(parent, "a-file");
  writeFileSync(file, "");
  chmodSync(parent, 0o500);
  // Root may write anywhere, but nobody can make a folder below a file.
  const { code, output } = await refusedStart({
    PORT: String(await freePort()),
    OPENPATIO_DATA: path.join(file, "data"),
  });
  chmodSync(parent, 0o700);
  rmSync(parent, { recursive: true });
  expect(code).toBe(1);
  expect(output).toContain(`${file}/data`);
  expect(output).toContain("OPENPATIO_DATA=");
  expect(output).not.toMatch(/\n\s+at /);
});

test.describe("one data folder", () => {
  test.describe.configure({ mode: "serial" });
  let own: OpenPatio;
  test.beforeAll(async () => {
    test.setTimeout(300_000);
    own = await OpenPatio.start();
  });
  test.afterAll(() => own.stop());

  test("has one OpenPatio at a time: a second start says which process has it", async () => {
    const { code, output } = await refusedStart({ PORT: String(await freePort()), OPENPATIO_DATA: own.dataDir });
    expect(code).toBe(1);
    expect(output).toContain(`already runs on ${own.dataDir}`);
    expect(await own.query("sets.list")).toEqual([]);
  });

  test("survives kill -9 of the start process: nothing stays behind, the next start has all the data", async () => {
    await own.mutate("sets.apply", { yaml: demoYaml("kept"), cluster: "sandbox-racks" });
    const key = { namespace: "default", name: "kept" };
    type State = { detail: { phase: string }; groups: readonly { incarnation: number }[] };
    await own.until(
      async () => (await own.query<State>("sets.get", key)).detail.phase === "Ready",
      "the set to be Ready",
    );
    const before = (await own.sandbox().pods("default", "kept")).map((pod) => pod.metadata.uid).toSorted();
    await own.kill9All();
    await own.launch();
    await own.until(
      async () => (await own.query<State>("sets.get", key)).detail.phase === "Ready",
      "the set to be back",
    );
    const state = await own.query<State>("sets.get", key);
    expect(state.groups.map((group) => group.incarnation)).toEqual([1, 1]);
    const after = (await own.sandbox().pods("default", "kept")).map((pod) => pod.metadata.uid).toSorted();
    expect(after).toEqual(before);
  });
});
