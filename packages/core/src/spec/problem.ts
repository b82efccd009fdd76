/** One thing that is wrong with an input, where it is, and what to do. */
export type Problem = {
  /** Dotted path with indices, e.g. `spec.groupTemplate.roles[1].dependencies[0]`; "" is the whole document. */
  readonly path: string;
  /** What is wrong and the remedy, one or two sentences. */
  readonly message: string;
  readonly code:
    | "syntax"
    | "unknown-field"
    | "type"
    | "value"
    | "duplicate"
    | "cycle"
    | "unknown-role"
    | "name-too-long"
    | "name-collision"
    | "unsupported"
    | "too-large"
    | "cluster";
  /** 1-based line and column in the YAML text, when it came from one. */
  readonly line?: number;
  readonly column?: number;
  /** A value that would mend it, offered as a fix in place. */
  readonly suggestion?: string;
};

/** All problems, each with its path, as one message. */
export function problemsText(problems: readonly Problem[]): string {
  const lines = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const text = lines.join(" ");
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`;
}

/** Of a condition: 32 KiB is the most that Kubernetes takes. */
const MAX_MESSAGE = 16_000;
