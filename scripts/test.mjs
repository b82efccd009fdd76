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
const counts = (passed, failures, skipped, code) => ({
  passed,
  failures: failures.length === 0 && code !== 0 ? ["a runner that ended without saying which test failed"] : failures,
  skipped,
});

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** All tests, or those alone that failed before. */
async function vitest(folder, again = []) {
  const file = path.join(folder, again.length === 0 ? "vitest.json" : "vitest-again.json");
  const names = again.length === 0 ? [] : ["-t", `^(${again.map(({ test }) => escaped(test)).join("|")})$`];
  const files = [...new Set(again.map((failure) => failure.file))];
  const args = ["run", ...files, ...names, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { code } = await run(process.execPath, [bin("vitest"), ...args]);
  const report = readReport(file);
  const failures = (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === "failed").map(({ fullName }) => fullName);
    const [why = "could not be run"] = message.split("\n");
    return (status === "failed" && failed.length === 0 ? [why] : failed).map((test) => ({
      file: path.relative(ROOT, name),
      test,
    }));
  });
  return { code, failures, passed: report?.numPassedTests ?? 0, skipped: report?.numPendingTests ?? 0 };
}

/** These run in real time against real processes, three files beside each other. */
const IN_REAL_TIME = ["apps/server/scenarios/", "packages/k8s/contract/"];
const MOST_AGAIN = 4;

/**
 * A test that runs in real time and fails is run once more, with nothing beside it: on a slow machine a wait can end
 * too early. What passes then counts, and is named, so that a test which often needs it is seen.
 */
async function unitTests(folder) {
  const { failures, passed, skipped, code } = await vitest(folder);
  const named = (list) => list.map(({ file, test }) => `${file}: ${test}`);
  const isRealTime = ({ file }) => IN_REAL_TIME.some((prefix) => file.startsWith(prefix));
  if (failures.length === 0 || failures.length > MOST_AGAIN || !failures.every(isRealTime))
    return counts(passed, named(failures), skipped, code);
  console.log(`\nOnce more, with nothing beside it:\n${named(failures).join("\n")}\n`);
  const second = await vitest(folder, failures);
  const isLeft = ({ test }) => second.failures.some((other) => other.test === test);
  const good = failures.filter((failure) => !isLeft(failure));
  // Each was run: one that is not found again did not pass.
  if (second.passed < good.length) return counts(passed, named(failures), skipped, second.code);
  return {
    ...counts(passed + good.length, named(failures.filter(isLeft)), skipped, second.code),
    secondTime: named(good),
  };
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
  const report = readReport(file);
  const { expected = 0, skipped = 0 } = report?.stats ?? {};
  return counts(expected, (report?.suites ?? []).flatMap(failedSpecs), skipped, code);
}

function failedSpecs({ title, specs = [], suites = [] }) {
  const failed = specs.filter(({ ok }) => !ok).map((spec) => `${title}: ${spec.title}`);
  return [...failed, ...suites.flatMap(failedSpecs)];
}

runMain(async () => {
  await prepare();
  const chromium = await ensureChromium();
  const folder = mkdtempSync(path.join(os.tmpdir(), "openpatio-test-"));
  try {
    const checks = await check();
    const parts = [{ passed: checks.passed, failures: checks.failures, skipped: 0 }, await unitTests(folder)];
    const { code, output } = await run(process.execPath, [bin("turbo"), "run", "build", "--output-logs=errors-only"], {
      capture: true,
    });
    if (code !== 0) console.log(output);
    parts.push(counts(code === 0 ? 1 : 0, code === 0 ? [] : ["npm run build"], 0, 0));
    if (code === 0) parts.push(await playwright(folder, chromium));
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    const list = (title, key) => {
      const lines = parts.flatMap((part) => part[key] ?? []);
      if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `- ${line}`).join("\n")}`);
      return lines.length;
    };
    if (sum("skipped") > 0)
      console.log(
        `\n${sum("skipped")} skipped (each says why; what needs a real cluster runs when CONTRACT_KUBECONFIG names one)`,
      );
    list("Passed only when run again, with nothing beside it", "secondTime");
    const failed = list("Failed", "failures");
    console.log(`\n${sum("passed")} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
