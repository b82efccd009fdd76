import fc from "fast-check";
import { expect, test } from "vitest";
import { type History, histories, play } from "./history.ts";

/**
 * `SIMULATION_RUNS=10000` for a long run, `SIMULATION_SEED` for other histories, and `SIMULATION_REPLAY` with the
 * history that a failure printed to play that one again.
 */
const RUNS = Number(process.env["SIMULATION_RUNS"] ?? 300);
const SEED = Number(process.env["SIMULATION_SEED"] ?? 20_260);
const REPLAY = process.env["SIMULATION_REPLAY"];

test("whatever users, clusters and crashes do, the invariants hold, everything settles, and nothing is left after deletion", () => {
  const holds = (history: History) => {
    const { violations, groups, timeline } = play(history);
    const replay = `SIMULATION_REPLAY='${JSON.stringify(history)}'`;
    expect(violations, [replay, ...groups, ...timeline].join("\n")).toEqual([]);
  };
  if (REPLAY !== undefined) holds(JSON.parse(REPLAY) as History);
  else fc.assert(fc.property(histories, holds), { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 3_000_000 });
}, 3_600_000);
