import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseSetYaml } from "@openpatio/core/spec";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/openpatio.mjs", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../../../packages/core/src/spec/fixtures/", import.meta.url));
const fixture = (name: string): string => path.join(FIXTURES, `${name}.yaml`);

function openpatio(
  args: readonly string[],
  stdin = "",
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(stdin);
  });
}

describe("openpatio import", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "openpatio-cli-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("writes valid YAML to stdout and what became of every field to stderr", async () => {
    const { code, stdout, stderr } = await openpatio(["import", fixture("basic--rbgs--rbgs-base")]);
    expect(code).toBe(0);
    expect(parseSetYaml(stdout)).toMatchObject({ ok: true });
    expect(stderr).toContain("Document 1, RoleBasedGroupSet rbgs-base: RoleBasedGroupSet rbgs-base");
    expect(stderr).toContain("spec.groupTemplate.spec.roles[0].name");
  });

  test("reads stdin, and gives what refers to a set with it", async () => {
    const text = readFileSync(fixture("leaderworkerset--sglang"), "utf8");
    const { code, stdout, stderr } = await openpatio(["import", "-"], text);
    expect(code).toBe(0);
    expect(stdout.split("---\n").map((each) => /^kind: (.*)$/m.exec(each)?.[1])).toEqual([
      "RoleBasedGroupSet",
      "Service",
      "HorizontalPodAutoscaler",
    ]);
    expect(stderr).toContain("Document 2, Service qwen-leaders: not imported.");
  });

  test("writes to a file, or everything as JSON", async () => {
    const out = path.join(folder, "set.yaml");
    const written = await openpatio(["import", fixture("basic--rbg--base"), "--out", out]);
    expect(written).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(out, "utf8")).toContain("kind: RoleBasedGroupSet");
    const { code, stdout, stderr } = await openpatio(["import", fixture("basic--rbg--base"), "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ sets: [{ name: "nginx-cluster", problems: [] }], skipped: [] });
  });

  test("ends with 1 where there is a problem, and names its place", async () => {
    const cycle = path.join(folder, "cycle.yaml");
    const text = readFileSync(fixture("basic--rbg--base"), "utf8");
    writeFileSync(cycle, text.replace("name: frontend\n", "name: frontend\n      dependencies: [backend]\n"));
    const circular = await openpatio(["import", cycle]);
    expect(circular.code).toBe(1);
    expect(circular.stderr).toMatch(/problem +spec\.groupTemplate\.roles.*→/);
    const broken = await openpatio(["import", "-"], "kind: [\n");
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/^Problem: .*line \d/);
    const none = await openpatio(["import", "-"], "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n");
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toContain("Document 1, ConfigMap c: not imported.");
    expect(none.stderr).toContain("There is no set in it.");
  });

  test.each([
    [[], "There is no command."],
    [["import"], "Name the file"],
    [["import", "/nowhere/x.yaml"], "/nowhere/x.yaml can't be read"],
    [["import", "-", "--out", "/nowhere/x.yaml"], "/nowhere/x.yaml can't be written"],
    [["import", "-", "--yaml"], "--yaml"],
  ])("ends with 2 and how to do it: %j", async (args, message) => {
    const { code, stdout, stderr } = await openpatio(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("Usage: openpatio import");
  });

  test("tells how it is used", async () => {
    expect(await openpatio(["--help"])).toMatchObject({ code: 0, stderr: "" });
  });
});
