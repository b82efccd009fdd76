// `npm run simulate`: bundles the simulation, because plain JavaScript starts and runs faster than what tsx loads, and runs it.
import path from "node:path";
import { prepare, ROOT, run, runMain } from "./prepare.mjs";

runMain(async () => {
  await prepare();
  const { build } = await import("esbuild");
  const outfile = path.join(ROOT, "node_modules/.openpatio/simulate.mjs");
  await build({
    entryPoints: [path.join(ROOT, "packages/k8s/simulation/simulate.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    // They load what they need by `require`, or at run time.
    external: ["@kubernetes/client-node", "yaml", "fast-check"],
    logLevel: "warning",
  });
  // Ctrl+C is for the simulation: it ends what is under way, and reports.
  process.on("SIGINT", () => {});
  const { code } = await run(process.execPath, ["--enable-source-maps", outfile, ...process.argv.slice(2)]);
  process.exitCode = code;
});
