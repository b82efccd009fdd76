import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { History } from "./history.ts";
import { describeFailure, type Failure, replay, runSeed } from "./run.ts";

/**
 * `npm run simulate`: many histories over all cores. The parent hands out seeds, a few at a time; each worker plays them
 * and answers with what broke. Exit code 0: every invariant held.
 */

const USAGE = `npm run simulate -- [--runs 10000] [--seed 1] [--workers ${os.availableParallelism()}]
npm run simulate -- --replay '<history as JSON, or a file that holds it>'`;

/** Few enough that no worker is alone at the end, many enough that nobody waits for messages. */
const SEEDS_AT_ONCE = 5;
const REPORT_MS = 5_000;

/** None: the worker may go home. */
type Order = { readonly from: number; readonly count: number };
type Answer = { readonly played: number; readonly failures: readonly Failure[] };

const isWorker = process.argv.includes("--worker");
if (isWorker) work();
else process.exitCode = await command();

function work(): void {
  process.on("disconnect", () => process.exit(1));
  process.on("message", ({ from, count }: Order) => {
    if (count === 0) process.exit(0);
    const seeds = Array.from({ length: count }, (_, i) => from + i);
    const failures = seeds.flatMap((seed) => runSeed(seed) ?? []);
    process.send?.({ played: count, failures } satisfies Answer);
  });
}

async function command(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: String(os.availableParallelism()) },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const numbers = [values.runs, values.seed, values.workers].map(Number);
  const [runs = 0, seed = 0, workers = 0] = numbers;
  if (values.help || !numbers.every(Number.isSafeInteger) || runs < 1 || workers < 1) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.replay !== undefined) return again(values.replay);
  const startedMs = performance.now();
  const { played, failures } = await all({ runs, seed, workers });
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${count(played)} histories, seeds ${seed} to ${seed + played - 1}, in ${Math.round(seconds)} s (${(played / seconds).toFixed(1)} per second, ${workers} workers): ${count(failures)} broke an invariant`,
  );
  return failures === 0 ? 0 : 1;
}

function again(text: string): number {
  const history = JSON.parse(existsSync(text) ? readFileSync(text, "utf8") : text) as History;
  const failure = replay(history);
  console.log(failure === null ? "Every invariant held." : describeFailure(failure));
  return failure === null ? 0 : 1;
}

function all({ runs, seed, workers }: { readonly runs: number; readonly seed: number; readonly workers: number }) {
  return new Promise<{ readonly played: number; readonly failures: number }>((resolve, reject) => {
    const startedMs = performance.now();
    let next = seed;
    let played = 0;
    let failures = 0;
    let running = workers;
    const report = setInterval(() => {
      const perSecond = (played / (performance.now() - startedMs)) * 1000;
      const left = perSecond === 0 ? "?" : String(Math.ceil((runs - played) / perSecond));
      console.log(
        `${count(played)} of ${count(runs)}, ${count(failures)} broke an invariant, ${perSecond.toFixed(1)} per second, ${left} s left`,
      );
    }, REPORT_MS);
    const hire = (): void => {
      const worker = fork(fileURLToPath(import.meta.url), ["--worker"]);
      worker.on("message", (answer: Answer) => {
        played += answer.played;
        failures += answer.failures.length;
        for (const failure of answer.failures) console.log(`\n${describeFailure(failure)}\n`);
        give(worker);
      });
      worker.on("exit", (code) => {
        running -= 1;
        if (code !== 0) reject(new Error(`a worker died with code ${code}`));
        if (running > 0) return;
        clearInterval(report);
        resolve({ played, failures });
      });
      give(worker);
    };
    const give = (worker: ChildProcess): void => {
      const order: Order = { from: next, count: Math.min(SEEDS_AT_ONCE, seed + runs - next) };
      next += order.count;
      worker.send(order);
    };
    for (let i = 0; i < workers; i++) hire();
  });
}

function count(number: number): string {
  return number.toLocaleString("en");
}
