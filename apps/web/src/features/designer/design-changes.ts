import type { Design, DesignRole } from "./design.ts";

/**
 * What differs from the stored definition: on the cards, as "was …" in the form, and counted in the head. Roles are
 * matched by name, so a renamed role is a new one, as it is for the cluster.
 */

export type RoleChanges = {
  readonly isNew: boolean;
  /** The stored role of the same name; null for a new one. */
  readonly before: DesignRole | null;
};

export function changesOf(role: DesignRole, stored: Design | null): RoleChanges {
  const before = stored?.roles.find((candidate) => candidate.name === role.name) ?? null;
  return { isNew: stored !== null && before === null, before };
}

/** "was …" under a field; undefined where nothing changed or there is nothing to compare with. */
export function wasText(now: string, before: string | undefined): string | undefined {
  if (before === undefined || before === now) return undefined;
  return before === "" ? "was not set" : `was ${before}`;
}

/**
 * Number of differences between two documents: each changed, added or removed value is one, and so is a whole list
 * entry or section that came or went. Entries of lists are matched by what names them, else by their place.
 */
export function countChanges(before: unknown, after: unknown): number {
  if (Object.is(before, after)) return 0;
  if (Array.isArray(before) && Array.isArray(after)) return countChanges(byName(before), byName(after));
  if (!isRecord(before) || !isRecord(after)) return 1;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].reduce(
    (sum, key) => sum + countChanges(before[key], after[key]),
    0,
  );
}

type Data = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function byName(entries: readonly unknown[]): Data {
  return Object.fromEntries(entries.map((entry, index) => [nameOf(entry) ?? String(index), entry]));
}

function nameOf(entry: unknown): string | null {
  if (!isRecord(entry)) return null;
  const name = entry["role"] ?? entry["name"] ?? entry["mountPath"];
  return typeof name === "string" ? `named ${name}` : null;
}
