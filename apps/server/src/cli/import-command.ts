import { type ImportResult, importManifests, type Problem, parseSetYaml } from "@openpatio/core/spec";

/** What the process prints and how it ends. */
export type Outcome = { readonly stdout: string; readonly stderr: string; readonly exitCode: 0 | 1 };

/**
 * Imports a file's text. The report goes to stderr, YAML (or, as JSON, everything) to stdout.
 *
 * The exit code is 1 where a document could not be read, a set has problems, or there is no set at all. Objects that are to
 * be applied beside the sets are no failure.
 */
export function importCommand(text: string, { isJson }: { readonly isJson: boolean }): Outcome {
  const result = importManifests(text);
  const sets = result.sets.map((set) => {
    const parsed = parseSetYaml(set.yaml);
    return { ...set, problems: parsed.ok ? [] : parsed.problems };
  });
  const hasProblems = result.problems.length > 0 || sets.some(({ problems }) => problems.length > 0);
  const answer = { ...result, sets };
  return {
    stdout: isJson ? `${JSON.stringify(answer, null, 2)}\n` : manifests(result),
    stderr: isJson ? "" : report(answer),
    exitCode: hasProblems || sets.length === 0 ? 1 : 0,
  };
}

/** The sets, then what refers to them. */
function manifests({ sets, skipped }: ImportResult): string {
  return [...sets, ...skipped]
    .flatMap(({ yaml }) => (yaml === null ? [] : [yaml.endsWith("\n") ? yaml : `${yaml}\n`]))
    .join("---\n");
}

type Answer = Pick<ImportResult, "skipped" | "problems"> & {
  readonly sets: readonly (ImportResult["sets"][number] & { readonly problems: readonly Problem[] })[];
};

function report({ sets, skipped, problems }: Answer): string {
  const lines = problems.map((problem) => `Problem: ${problemText(problem)}`);
  for (const { index, kind, name, report: notes, problems: own } of sets) {
    lines.push(`Document ${index + 1}, ${kind} ${name}: RoleBasedGroupSet ${name}`);
    for (const { action, path, message } of notes) lines.push(`  ${action.padEnd(13)} ${path}: ${message}`);
    // Their lines are those of the YAML that was made, not of the file.
    for (const { path, message } of own) lines.push(`  ${"problem".padEnd(13)} ${problemText({ path, message })}`);
  }
  for (const { index, kind, name, reason } of skipped)
    lines.push(`Document ${index + 1}, ${`${kind} ${name}`.trim()}: not imported. ${reason}`);
  if (sets.length === 0)
    lines.push(
      "There is no set in it. RoleBasedGroupSets and RoleBasedGroups (openpatio.io, workloads.x-k8s.io) and LeaderWorkerSets are imported.",
    );
  return `${lines.join("\n")}\n`;
}

function problemText({ path, message, line, column }: Omit<Problem, "code">): string {
  const at = line === undefined ? "" : `line ${line}${column === undefined ? "" : `, column ${column}`}`;
  return [path, at, message].filter((part) => part !== "").join(": ");
}
