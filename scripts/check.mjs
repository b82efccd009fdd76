// `npm run check`: everything that needs neither database nor browser. Format, lint, layers, types, dead code.
import { bin, prepare, run, runMain } from "./prepare.mjs";

const CHECKS = [
  ["format", "@biomejs/biome", "biome", ["ci", "--error-on-warnings"]],
  ["lint", "oxlint", "oxlint", ["--type-aware", "--deny-warnings"]],
  ["boundaries", "turbo", "turbo", ["boundaries", "--no-update-notifier"]],
  ["types", "turbo", "turbo", ["run", "typecheck", "--output-logs=errors-only", "--no-update-notifier"]],
  ["dead code", "knip", "knip", []],
];

/** Runs all checks; prints the output of those that fail. Returns how many passed and failed. */
export async function check() {
  let failed = 0;
  for (const [name, packageName, binary, args] of CHECKS) {
    const { code, output } = await run(process.execPath, [bin(packageName, binary), ...args], { capture: true });
    console.log(`${code === 0 ? "✓" : "✗"} ${name}`);
    if (code !== 0) {
      failed += 1;
      console.log(output);
    }
  }
  return { passed: CHECKS.length - failed, failed };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  runMain(async () => {
    await prepare();
    const { failed } = await check();
    process.exitCode = failed === 0 ? 0 : 1;
  });
}
