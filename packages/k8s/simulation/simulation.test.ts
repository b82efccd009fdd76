import { expect, test } from "vitest";
import { describeFailure, runSeed } from "./run.ts";

/** `npm run simulate` plays more of them, and plays one again. */
const RUNS = 300;
const SEED = 20_260;

test("whatever users, clusters and crashes do, the invariants hold, everything settles, and nothing is left after deletion", () => {
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const { failure } = runSeed(seed, { isShrunk: true });
    expect(failure === null ? "" : describeFailure(failure)).toBe("");
  }
}, 3_600_000);
