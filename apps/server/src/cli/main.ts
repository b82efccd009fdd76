import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { importCommand } from "./import-command.ts";

const USAGE = `Usage: openpatio import FILE|- [--out FILE] [--json]

Turns RoleBasedGroups, RoleBasedGroupSets and LeaderWorkerSets into OpenPatio's sets, without a server or a cluster.
The YAML goes to stdout, the report of what became of every field to stderr.

  FILE, -       a file of one or several documents; - reads from stdin
  --out FILE    writes the YAML there
  --json        writes sets, report and problems as JSON

Exit codes: 0 imported · 1 something could not be read, or a set has problems · 2 wrong use
`;

/** Wrong use: printed with how to do it. */
class UsageError extends Error {}

function main(): number {
  const { file, out, isJson } = readArguments(process.argv.slice(2));
  if (file === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { stdout, stderr, exitCode } = importCommand(readText(file), { isJson });
  process.stderr.write(stderr);
  if (out === null) process.stdout.write(stdout);
  else writeText(out, stdout);
  return exitCode;
}

/** `file` is null where help was asked for. */
function readArguments(args: readonly string[]) {
  const { values, positionals } = parse(args);
  if (values.help === true) return { file: null, out: null, isJson: false };
  const [command, file, ...others] = positionals;
  if (command === undefined) throw new UsageError("There is no command.");
  if (command !== "import") throw new UsageError(`There is no command ${command}.`);
  if (file === undefined) throw new UsageError("Name the file to import, or - for stdin.");
  if (others.length > 0) throw new UsageError(`One file at a time: ${others.join(", ")} is more than that.`);
  return { file, out: values.out ?? null, isJson: values.json === true };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readText(file: string): string {
  try {
    // By number: naming process.stdin would make a pipe non-blocking, and reading one that is slow would fail.
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`${file === "-" ? "stdin" : file} can't be read: ${reason(error)}. Name a file that exists.`);
  }
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${file} can't be written: ${reason(error)}. Name a file in a folder that exists.`);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`openpatio: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
