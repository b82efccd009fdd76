// Bundles our own workspace code and leaves npm packages to Node: milliseconds, so every start builds and nothing is stale.
import { build } from "esbuild";

const PROGRAMS = { main: "src/main.ts", cli: "src/cli/main.ts", sandbox: "../../packages/k8s/src/sim/process.ts" };

const npmExternal = {
  name: "npm-external",
  setup(plugin) {
    plugin.onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
      kind === "entry-point" || path.startsWith("@openpatio/") ? undefined : { path, external: true },
    );
  },
};

/** Makes `dist/NAME.js` of each program. */
export async function bundle(names) {
  await build({
    entryPoints: Object.fromEntries(names.map((name) => [name, PROGRAMS[name]])),
    absWorkingDir: import.meta.dirname,
    // Tests of killed processes have a folder of their own.
    outdir: process.env["OPENPATIO_BUILD_FOLDER"] ?? "dist",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true,
    logLevel: "warning",
    plugins: [npmExternal],
  });
}

if (process.argv[1] === import.meta.filename) await bundle(Object.keys(PROGRAMS));
