import fc from "fast-check";
import { expect, test } from "vitest";
import { acts, play } from "./history.ts";

/** `SIMULATION_RUNS=10000 npx vitest run packages/k8s/simulation` for a long run; `SIMULATION_SEED` replays one. */
const RUNS = Number(process.env["SIMULATION_RUNS"] ?? 60);
const SEED = process.env["SIMULATION_SEED"];

const GOOD = { violations: [], isSettled: true, quietWrites: 0, isCleaned: true, foreign: "untouched" };

test("whatever users, clusters and crashes do, the invariants hold, everything settles, and nothing is left after deletion", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.array(acts, { minLength: 3, maxLength: 14 }),
      (seed, history) => {
        const { violations, isSettled, quietWrites, isCleaned, foreign, state, timeline } = play(seed, history);
        const seen = { violations, isSettled, quietWrites, isCleaned, foreign };
        expect(seen, JSON.stringify({ seed, history, groups: state?.groups.map(brief), timeline }, null, 1)).toEqual(
          GOOD,
        );
      },
    ),
    { numRuns: RUNS, ...(SEED === undefined ? { seed: 20_260 } : { seed: Number(SEED) }) },
  );
}, 3_600_000);

const brief = (group: {
  index: number;
  stage: string;
  incarnation: number;
  revision: number;
  readySinceMs: number | null;
  stalledReason: string | null;
}) =>
  `${group.index}: ${group.stage} inc ${group.incarnation} rev ${group.revision} ${group.readySinceMs === null ? `not ready ${group.stalledReason ?? ""}` : "ready"}`;
