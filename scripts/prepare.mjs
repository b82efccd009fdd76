// What every command needs before it can begin: a Node that is new enough, the dependencies, the generated database client.
// Imports nothing outside Node, because it runs before anything is installed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MINIMUM_NODE = [20, 19, 0];

/** Nothing of ours talks to the network on its own; these switch off what the tools would send. */
export const QUIET_ENV = {
  NEXT_TELEMETRY_DISABLED: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  CHECKPOINT_DISABLE: "1",
  DO_NOT_TRACK: "1",
};

/** A message for the person at the terminal: printed as it is, without a stack. */
export class Stop extends Error {}

/** Runs `main`, and ends with its message instead of a stack when it stops with a known reason. */
export function runMain(main) {
  main().catch((error) => {
    console.error(error instanceof Stop ? `\n${error.message}\n` : error);
    process.exitCode = 1;
  });
}

/** Runs a command to its end; resolves with its exit code and, with `capture`, what it printed. */
export function run(command, args, { capture = false, env = {}, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...QUIET_ENV, ...env },
      stdio: ["ignore", capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve({ code: code ?? 1, signal, output }));
  });
}

/** The JavaScript entry of an installed tool, to run with this very Node. */
export function bin(packageName, name = packageName) {
  const folder = path.join(ROOT, "node_modules", packageName);
  const { bin: entry } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  return path.join(folder, typeof entry === "string" ? entry : entry[name]);
}

function checkNode() {
  const have = process.versions.node.split(".").map(Number);
  const difference = MINIMUM_NODE.map((wanted, i) => have[i] - wanted).find((d) => d !== 0) ?? 0;
  if (difference < 0) {
    throw new Stop(
      `OpenPatio needs Node ${MINIMUM_NODE.join(".")} or newer; this is ${process.versions.node}.\nInstall a newer Node (https://nodejs.org) and run the command again.`,
    );
  }
}

const hashOf = (...files) => {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(path.join(ROOT, file)));
  return hash.digest("hex");
};

const stampFile = (name) => path.join(ROOT, "node_modules/.openpatio", name);
const isStamped = (name, hash) => existsSync(stampFile(name)) && readFileSync(stampFile(name), "utf8") === hash;
function stamp(name, hash) {
  mkdirSync(path.dirname(stampFile(name)), { recursive: true });
  writeFileSync(stampFile(name), hash);
}

/** Installs what package-lock.json names, when node_modules is missing or made from another lockfile. */
async function installDependencies(report) {
  const hash = hashOf("package-lock.json");
  if (isStamped("installed", hash)) return;
  const marker = path.join(ROOT, "node_modules/.package-lock.json");
  if (!existsSync(marker) || statSync(marker).mtimeMs < statSync(path.join(ROOT, "package-lock.json")).mtimeMs) {
    report("Installing dependencies (about half a minute)…");
    const npm = process.env.npm_execpath;
    const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error"];
    const { code, output } = npm
      ? await run(process.execPath, [npm, ...args], { capture: true })
      : await run("npm", args, { capture: true });
    if (code !== 0) throw new Stop(`npm ci failed:\n${output}`);
  }
  stamp("installed", hash);
}

/** Prisma's typed client is generated code: made here, never committed. */
async function generateClient(report) {
  const hash = hashOf("prisma/schema.prisma", "package-lock.json");
  if (existsSync(path.join(ROOT, "prisma/generated")) && isStamped("generated", hash)) return;
  report("Generating the database client…");
  const { code, output } = await run(process.execPath, [bin("prisma"), "generate"], { capture: true });
  if (code !== 0) throw new Stop(`prisma generate failed:\n${output}`);
  stamp("generated", hash);
}

/** Makes the checkout ready to run; cheap when it already is. */
export async function prepare(report = (line) => console.log(line)) {
  checkNode();
  await installDependencies(report);
  await generateClient(report);
}
