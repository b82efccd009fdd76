// `npm test`: the checks, every unit, property, contract and server test, then the browser tests. Ends with one line:
// N passed, N failed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { check } from "./check.mjs";
import { ensureChromium } from "./chromium.mjs";
import { bin, prepare, ROOT, run, runMain } from "./prepare.mjs";

const readReport = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null);

/** A runner that died without a report counts as one failure, so that a crash is never green. */
const counts = (passed, failed, skipped, code) => ({
  passed,
  failed: failed === 0 && code !== 0 ? 1 : failed,
  skipped,
});

async function vitest(folder) {
  const file = path.join(folder, "vitest.json");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { code } = await run(process.execPath, [bin("vitest"), ...args]);
  const report = readReport(file);
  return counts(report?.numPassedTests ?? 0, report?.numFailedTests ?? 0, report?.numPendingTests ?? 0, code);
}

async function playwright(folder, chromium) {
  const file = path.join(folder, "playwright.json");
  const { code } = await run(
    process.execPath,
    [bin("@playwright/test", "playwright"), "test", "--reporter=list,json"],
    {
      cwd: path.join(ROOT, "e2e"),
      env: { CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_NAME: file },
    },
  );
  const stats = readReport(file)?.stats;
  return counts(stats?.expected ?? 0, (stats?.unexpected ?? 0) + (stats?.flaky ?? 0), stats?.skipped ?? 0, code);
}

runMain(async () => {
  await prepare();
  const chromium = await ensureChromium();
  const folder = mkdtempSync(path.join(os.tmpdir(), "openpatio-test-"));
  try {
    const parts = [{ ...(await check()), skipped: 0 }, await vitest(folder)];
    const { code, output } = await run(process.execPath, [bin("turbo"), "run", "build", "--output-logs=errors-only"], {
      capture: true,
    });
    if (code !== 0) console.log(output);
    parts.push(counts(code === 0 ? 1 : 0, code === 0 ? 0 : 1, 0, 0));
    if (code === 0) parts.push(await playwright(folder, chromium));
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    if (sum("skipped") > 0)
      console.log(
        `\n${sum("skipped")} skipped (each says why; what needs a real cluster runs when CONTRACT_KUBECONFIG names one)`,
      );
    console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
    process.exitCode = sum("failed") === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
