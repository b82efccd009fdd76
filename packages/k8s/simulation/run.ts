import fc from "fast-check";
import { type History, histories, play } from "./history.ts";

/** A history that breaks an invariant, made as small as it gets. */
export type Failure = {
  readonly seed: number;
  readonly history: History;
  readonly violations: readonly string[];
  /** How the groups stood at the end, then what the timeline tells. */
  readonly story: readonly string[];
};

/** The one history of a seed, and how it breaks; null when everything holds. */
export type PlayedSeed = { readonly history: History; readonly failure: Failure | null };

/** Plays the one history of this seed. One that breaks is made smaller, which takes far longer than playing it, if asked. */
export function runSeed(seed: number, { isShrunk }: { readonly isShrunk: boolean }): PlayedSeed {
  let drawn: History | null = null;
  let failure: Failure | null = null;
  const holds = (history: History): boolean => {
    drawn ??= history;
    const found = replay(history, seed);
    if (found !== null) failure = found;
    return found === null;
  };
  const limit = { interruptAfterTimeLimit: SHRINK_LIMIT_MS, endOnFailure: !isShrunk };
  fc.check(fc.property(histories, holds), { numRuns: 1, seed: mixed(seed), ...limit });
  if (drawn === null) throw new Error(`seed ${seed} gives no history`);
  return { history: drawn, failure };
}

/** Milliseconds. What is as small as it gets after so long is small enough. */
const SHRINK_LIMIT_MS = 120_000;

export function replay(history: History, seed = history.seed): Failure | null {
  const { violations, groups, timeline } = played(history);
  return violations.length === 0 ? null : { seed, history, violations, story: [...groups, ...timeline] };
}

/** What throws is a bug of the planner, or of the simulation, like any other. */
function played(history: History): ReturnType<typeof play> {
  try {
    return play(history);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [`it threw: ${stack}`], groups: [], timeline: [] };
  }
}

/** Neighbouring seeds must not give similar histories. The finaliser of MurmurHash3. */
function mixed(seed: number): number {
  let bits = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** For a person: what broke, the sets, then act by act, and the line that plays it again. */
export function describeFailure({ seed, history, violations, story }: Failure): string {
  const { designs, acts, ...rest } = history;
  return [
    `seed ${seed} breaks:`,
    ...violations.map((violation) => `  ${violation}`),
    "in the history:",
    `  ${words(rest)}`,
    ...designs.flatMap((design) => {
      const { roles, ...whole } = design;
      return [`  a set: ${words(whole)}`, ...roles.map((role, i) => `    r${i}: ${words(role)}`)];
    }),
    ...acts.map(({ act, ...details }, i) => `  ${String(i + 1).padStart(2)}. ${act} ${words(details)}`),
    "which ends as:",
    ...story.map((line) => `  ${line}`),
    "Again:",
    `  npm run simulate -- --replay '${JSON.stringify(history)}'`,
  ].join("\n");
}

const words = (details: Readonly<Record<string, unknown>>): string =>
  Object.entries(details)
    .map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
