/**
 * What a simulated container writes: a function of when it started and ended, so that nothing is stored and a log reads
 * the same after a restart of the sandbox.
 */
import type { Container, Terminated } from "./objects.ts";
import { hash32 } from "./timing.ts";

export type LogLine = { readonly atMs: number; readonly text: string };

/** One life of a container. Times are epoch milliseconds. */
export type ContainerLife = {
  readonly podName: string;
  readonly container: Container;
  /** Tells the lives apart: numbers in the log are drawn from it. */
  readonly id: string;
  readonly startedAtMs: number;
  /** From the start until it is ready. */
  readonly loadMs: number;
  readonly end: { readonly atMs: number; readonly how: Terminated } | undefined;
};

const STATS_EVERY_MS = 10_000;
const SHARDS = 4;
/** As with a rotated file, older lines are gone. */
const MAX_STATS = 2_000;

type Kind = "router" | "prefill" | "decode" | "engine";

function kindOf({ podName, container }: ContainerLife): Kind {
  const text = `${podName} ${container.name} ${container.image ?? ""}`.toLowerCase();
  if (/router|gateway|proxy|balancer/u.test(text)) return "router";
  if (text.includes("prefill")) return "prefill";
  if (text.includes("decode")) return "decode";
  return "engine";
}

/** The lines written after `sinceMs` and up to `untilMs`, without the last words. */
export function containerLog(life: ContainerLife, sinceMs: number, untilMs: number): readonly LogLine[] {
  const lastMs = Math.min(untilMs, life.end?.atMs ?? Number.POSITIVE_INFINITY);
  const lines = [...startLines(life), ...statsLines(life, sinceMs, lastMs)];
  return lines.filter(({ atMs }) => atMs > sinceMs && atMs <= lastMs);
}

/** What the container said when it ended; nothing while it runs. */
export function lastWords({ end }: ContainerLife): readonly LogLine[] {
  if (end === undefined) return [];
  const { atMs, how } = end;
  if (how.exitCode === 0) return [{ atMs, text: "INFO received SIGTERM, shutting down" }];
  if (how.reason === "OOMKilled") return [{ atMs, text: "ERROR out of memory: killed by the kernel (exit code 137)" }];
  return [{ atMs, text: `ERROR exiting with code ${how.exitCode}` }];
}

function startLines(life: ContainerLife): readonly LogLine[] {
  const { container, startedAtMs, loadMs } = life;
  const kind = kindOf(life);
  const port = container.ports?.[0]?.containerPort ?? 8000;
  const at = (fraction: number, text: string): LogLine => ({
    atMs: startedAtMs + Math.round(loadMs * fraction),
    text: `INFO ${text}`,
  });
  const head = [
    at(0, "sandbox: no container runs here, this log is simulated"),
    at(0, `starting ${container.name} from ${container.image ?? ""}`),
  ];
  const tail = [at(1, `listening on 0.0.0.0:${port}`), at(1, "ready")];
  if (kind === "router") return [...head, at(0.5, "discovering workers from /etc/rbg/config.yaml"), ...tail];
  const shards = Array.from({ length: SHARDS }, (_, index) =>
    at(
      (index + 1) / (SHARDS + 1),
      `loading weights: ${index + 1} of ${SHARDS} shards (${((index + 1) * 100) / SHARDS} %)`,
    ),
  );
  const tokens = 200_000 + (hash32(life.id) % 300_000);
  return [...head, ...shards, at(0.9, `KV cache for ${tokens} tokens allocated`), ...tail];
}

function statsLines(life: ContainerLife, sinceMs: number, lastMs: number): readonly LogLine[] {
  const readyMs = life.startedAtMs + life.loadMs;
  const lastIndex = Math.floor((lastMs - readyMs) / STATS_EVERY_MS);
  const firstIndex = Math.max(1, Math.floor((sinceMs - readyMs) / STATS_EVERY_MS), lastIndex - MAX_STATS + 1);
  const kind = kindOf(life);
  const lines: LogLine[] = [];
  for (let index = firstIndex; index <= lastIndex; index += 1) {
    const draw = (what: string, from: number, to: number): number =>
      from + (hash32(`${life.id}/${index}/${what}`) % (to - from + 1));
    lines.push({ atMs: readyMs + index * STATS_EVERY_MS, text: `INFO ${statsText(kind, draw)}` });
  }
  return lines;
}

function statsText(kind: Kind, draw: (what: string, from: number, to: number) => number): string {
  const queue = draw("queue", 0, 3);
  switch (kind) {
    case "router":
      return `${draw("requests", 20, 90)} requests in 10 s, p50 ${draw("p50", 400, 900)} ms, p99 ${draw("p99", 1200, 2600)} ms, 0 failed`;
    case "prefill":
      return `prefill: ${draw("requests", 1, 8)} requests, ${draw("tokens", 800, 9_000)} tokens, queue ${queue}`;
    case "decode":
      return `decode: ${draw("running", 2, 24)} running, ${draw("rate", 600, 2_400)} tokens/s, KV cache ${draw("cache", 12, 78)} % used, queue ${queue}`;
    case "engine":
      return `${draw("running", 1, 16)} running, ${draw("rate", 400, 1_800)} tokens/s, KV cache ${draw("cache", 10, 70)} % used, queue ${queue}`;
  }
}
