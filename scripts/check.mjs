// `npm run check`: everything that needs neither database nor browser. Format, lint, layers, types, dead code.
import { bin, prepare, run, runMain } from "./prepare.mjs";

const CHECKS = [
  { name: "format", packageName: "@biomejs/biome", command: "biome", args: ["ci", "--error-on-warnings"] },
  { name: "lint", packageName: "oxlint", command: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "boundaries", packageName: "turbo", command: "turbo", args: ["boundaries", "--no-update-notifier"] },
  {
    name: "types",
    packageName: "turbo",
    command: "turbo",
    args: ["run", "typecheck", "--output-logs=errors-only", "--no-update-notifier"],
  },
  { name: "dead code", packageName: "knip", command: "knip", args: [] },
];

/** Runs all checks; prints the output of those that fail. Returns how many passed, and the names of the others. */
export async function check() {
  const failures = [];
  for (const { name, packageName, command, args } of CHECKS) {
    const { code, output } = await run(process.execPath, [bin(packageName, command), ...args], { capture: true });
    console.log(`${code === 0 ? "✓" : "✗"} ${name}`);
    if (code !== 0) {
      failures.push(name);
      console.log(output);
    }
  }
  return { passed: CHECKS.length - failures.length, failures };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  runMain(async () => {
    await prepare();
    const { failures } = await check();
    process.exitCode = failures.length === 0 ? 0 : 1;
  });
}
