import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { listAt, valueAt } from "./shape.ts";

/** A field whose behaviour does not exist yet: it is refused by name unless it has its default. */
export type NotYet = {
  /** As in a manifest; `roles[]` stands for every role. */
  readonly path: string;
  readonly isAllowed: (value: unknown) => boolean;
  /** What does not exist yet, as the subject of a sentence. */
  readonly feature: string;
  /** What to do instead. */
  readonly instead: string;
};

/** Absent fields are always allowed and never reach `isAllowed`. */
export const NOT_YET: readonly NotYet[] = [];

/** Whether a field is refused at this value, so that nothing is made that would be refused. */
export function isRefusedYet(path: string, value: unknown): boolean {
  return NOT_YET.some((field) => field.path === path && !field.isAllowed(value));
}

export function notYetProblems(manifest: unknown): readonly Problem[] {
  return NOT_YET.flatMap((field) =>
    occurrences(manifest, field.path)
      .filter((path) => {
        const value = valueAt(manifest, path);
        return value !== undefined && !field.isAllowed(value);
      })
      .map((path) => ({
        path: formatPath(path),
        code: "unsupported" as const,
        message: `Not supported yet: ${field.feature}. ${field.instead}`,
      })),
  );
}

const ROLES: Path = ["spec", "groupTemplate", "roles"];

function occurrences(manifest: unknown, pattern: string): readonly Path[] {
  const prefix = `${formatPath(ROLES)}[].`;
  if (!pattern.startsWith(prefix)) return [pattern.split(".")];
  const rest = pattern.slice(prefix.length).split(".");
  return listAt(manifest, ROLES).map((_, index) => [...ROLES, index, ...rest]);
}
