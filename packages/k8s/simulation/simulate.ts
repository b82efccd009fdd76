import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { History } from "./history.ts";
import { describeFailure, type Failure, replay, runSeed } from "./run.ts";

/**
 * `npm run simulate`: many histories over all cores. The parent hands out seeds, a few at a time; each worker plays them
 * and answers with what broke. First every seed is played, whatever breaks on the way; then the first failures are made
 * small. Exit code 0: every invariant held.
 */

const USAGE = `npm run simulate -- [--runs 10000] [--seed 1] [--workers ${os.availableParallelism()}]
npm run simulate -- --seeds 17,4711
npm run simulate -- --replay '<history as JSON, or a file that holds it>'`;

/** Few enough that no worker is alone at the end, many enough that nobody waits for messages. */
const SEEDS_AT_ONCE = 5;
const REPORT_MS = 15_000;
/** Of many failures most are one; each takes up to two minutes. */
const MOST_SHRUNK = 5;

/** None: the worker may go home. */
type Order = { readonly seeds: readonly number[]; readonly isShrunk: boolean };
type Answer = { readonly failures: readonly Failure[]; readonly drawn: Tally };
/** How often which act was drawn. */
type Tally = Readonly<Record<string, number>>;

const isWorker = process.argv.includes("--worker");
if (isWorker) work();
else process.exitCode = await command();

function work(): void {
  process.on("disconnect", () => process.exit(1));
  // The parent stops handing out seeds.
  process.on("SIGINT", () => undefined);
  process.on("message", ({ seeds, isShrunk }: Order) => {
    if (seeds.length === 0) process.exit(0);
    const played = seeds.map((seed) => runSeed(seed, { isShrunk }));
    const failures = played.flatMap(({ failure }) => failure ?? []);
    const drawn = played.map(({ history }) => tallyOf(history)).reduce(sum);
    // A parent that is gone hears nothing, and the worker goes as well.
    process.send?.({ failures, drawn } satisfies Answer, undefined, undefined, () => undefined);
  });
}

async function command(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      seeds: { type: "string" },
      workers: { type: "string", default: String(os.availableParallelism()) },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [runs = 0, seed = 0, workers = 0] = [values.runs, values.seed, values.workers].map(Number);
  const seeds = values.seeds?.split(",").map(Number) ?? Array.from({ length: runs }, (_, i) => seed + i);
  const areNumbers = [runs, seed, workers, ...seeds].every(Number.isSafeInteger);
  if (values.help || !areNumbers || seeds.length === 0 || workers < 1) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.replay !== undefined) return again(values.replay);
  const startedMs = performance.now();
  const { played, failures, drawn } = await all({ seeds, workers, isShrunk: false, isReported: true });
  const seconds = (performance.now() - startedMs) / 1000;
  const broken = [...failures].map((failure) => failure.seed).sort((a, b) => a - b);
  const shrunk = broken.slice(0, MOST_SHRUNK);
  if (shrunk.length > 0) {
    console.log(`\nMaking ${shrunk.length} of ${count(broken.length)} small: ${shrunk.join()}`);
    const small = await all({ seeds: shrunk, workers, isShrunk: true, isReported: false });
    for (const failure of small.failures) console.log(`\n${describeFailure(failure)}\n`);
    console.log(`All that broke an invariant:\n  npm run simulate -- --seeds ${broken.join()}\n`);
  }
  const acts = Object.entries(drawn).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  console.log(`Drawn: ${acts.map(([act, times]) => `${act} ${count(times)}`).join(", ")}`);
  console.log(
    `${count(played)} histories, seeds ${seeds[0]} to ${seeds[played - 1]}, in ${Math.round(seconds)} s (${(played / seconds).toFixed(1)} per second, ${workers} workers): ${count(broken.length)} broke an invariant`,
  );
  return broken.length === 0 ? 0 : 1;
}

function again(text: string): number {
  const history = JSON.parse(existsSync(text) ? readFileSync(text, "utf8") : text) as History;
  const failure = replay(history);
  console.log(failure === null ? "Every invariant held." : describeFailure(failure));
  return failure === null ? 0 : 1;
}

type Work = {
  readonly seeds: readonly number[];
  readonly workers: number;
  readonly isShrunk: boolean;
  readonly isReported: boolean;
};
type Result = { readonly played: number; readonly failures: readonly Failure[]; readonly drawn: Tally };

/** Ctrl+C ends it after what is under way, with the same report. */
function all({ seeds, workers, isShrunk, isReported }: Work): Promise<Result> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const failures: Failure[] = [];
    let drawn: Tally = {};
    let next = 0;
    let played = 0;
    let end = seeds.length;
    let running = Math.min(workers, Math.ceil(seeds.length / atOnce(isShrunk)));
    const report = setInterval(() => {
      if (!isReported) return;
      const perSecond = (played / (performance.now() - startedMs)) * 1000;
      const left = perSecond === 0 ? "?" : String(Math.ceil((end - played) / perSecond));
      console.log(
        `${count(played)} of ${count(end)}, ${count(failures.length)} broke an invariant, ${perSecond.toFixed(1)} per second, ${left} s left`,
      );
    }, REPORT_MS);
    const stop = (): void => {
      end = next;
    };
    process.once("SIGINT", stop);
    const hire = (): void => {
      const worker = fork(fileURLToPath(import.meta.url), ["--worker"]);
      let inHand: readonly number[] = [];
      const give = (): void => {
        inHand = seeds.slice(next, Math.min(end, next + atOnce(isShrunk)));
        next += inHand.length;
        send(worker, { seeds: inHand, isShrunk });
      };
      worker.on("message", (answer: Answer) => {
        played += inHand.length;
        failures.push(...answer.failures);
        drawn = sum(drawn, answer.drawn);
        if (isReported)
          for (const { seed, violations } of answer.failures)
            console.log(`seed ${seed} breaks: ${violations.join("; ").slice(0, 400)}`);
        give();
      });
      worker.on("exit", (code) => {
        running -= 1;
        if (code !== 0) reject(new Error(`a worker died with code ${code} over the seeds ${inHand.join()}`));
        if (running > 0) return;
        clearInterval(report);
        process.off("SIGINT", stop);
        resolve({ played, failures, drawn });
      });
      give();
    };
    for (let i = running; i > 0; i--) hire();
  });
}

function atOnce(isShrunk: boolean): number {
  return isShrunk ? 1 : SEEDS_AT_ONCE;
}

function send(worker: ChildProcess, order: Order): void {
  worker.send(order);
}

function tallyOf({ acts }: History): Tally {
  return acts.map(({ act }) => ({ [act]: 1 })).reduce<Tally>(sum, {});
}

function sum(a: Tally, b: Tally): Tally {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}

function count(number: number): string {
  return number.toLocaleString("en");
}
