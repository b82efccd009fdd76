import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { measurePlan, slope } from "./planning.ts";
import { measureRecovery } from "./recovery.ts";
import { ratio, seconds, spread, table } from "./report.ts";
import { measureSettledMinute } from "./settled.ts";
import { measureStart, type StartFigures } from "./start.ts";
import { CREATIONS_PER_GROUP, type Subject } from "./subject.ts";
import { openTarget, type Target } from "./target.ts";

/**
 * `npm run bench`: measures, and writes docs/benchmarks.md. On the control plane that CONTRACT_KUBECONFIG names, or else on
 * the sandbox. It takes about six minutes on a machine that does nothing else.
 */

const REPORT = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));
const STARTS: readonly (Subject & { readonly rounds: number })[] = [
  { groups: 1, order: "parallel", rounds: 5 },
  { groups: 10, order: "parallel", rounds: 3 },
  { groups: 50, order: "parallel", rounds: 3 },
  { groups: 1, order: "ordered", rounds: 5 },
  { groups: 10, order: "ordered", rounds: 3 },
  { groups: 50, order: "ordered", rounds: 3 },
];
const PLANNED_GROUPS = [10, 100, 1_000, 3_000];
const ORDERS = { parallel: "`Parallel`", ordered: "`Ordered`, decode after prefill" } as const;

function planning(): string {
  const figures = PLANNED_GROUPS.map((groups) => measurePlan(groups, groups < 1_000 ? 25 : 9));
  const rows = figures.map(({ groups, fullMs, changedMs, settledMs }) => [
    String(groups),
    `${fullMs.toFixed(2)} ms`,
    `${((fullMs / groups) * 1000).toFixed(0)} µs`,
    `${changedMs.toFixed(2)} ms`,
    `${settledMs.toFixed(2)} ms`,
    `${(fullMs / changedMs).toFixed(0)}×`,
  ]);
  const head = ["groups", "full plan", "per group", "one pod changed", "nothing changed", "full plan to one pod"];
  return `## Planning

One plan of a whole set, everything in memory. A full plan begins with nothing but its inputs. The others have the memory of the plan before them: groups of which nothing changed are looked up, at one or two microseconds each, and the rest are planned.

${table(head, rows)}

Growth of a full plan: groups to the power of ${slope(figures).toFixed(2)} (linear is 1).`;
}

async function starting(target: Target): Promise<string> {
  const figures: (StartFigures & { readonly rounds: number })[] = [];
  await measureStart(target, { groups: 1, order: "parallel" }, 1); // Connections, caches, compiled code.
  for (const { rounds, ...subject } of STARTS) {
    const measured = await measureStart(target, subject, rounds);
    console.log(target.title, subject, measured.bareMs, measured.ourMs, spread(measured.ratios));
    figures.push({ ...measured, rounds });
  }
  const rows = figures.map(({ subject, rounds, bareMs, ourMs, ratios, writes, ownWrites }) => {
    const creations = [...(writes ?? [])].filter(([what]) => what.startsWith("POST "));
    const created = creations.reduce((sum, [, count]) => sum + count, 0);
    const all = [...(writes?.values() ?? [])].reduce((sum, count) => sum + count, 0);
    const perGroup = (count: number): string => (count / subject.groups).toFixed(1);
    return [
      String(subject.groups),
      ORDERS[subject.order],
      String(rounds),
      seconds(bareMs),
      seconds(ourMs),
      spread(ratios),
      ...(writes === null ? [perGroup(ownWrites)] : [perGroup(created), perGroup(all - created)]),
    ];
  });
  const counts =
    target.title === "the sandbox"
      ? ["writes per group, dry runs of the save included"]
      : ["creations per group", "other writes per group"];
  return table(["groups", "order", "runs", "bare client", "OpenPatio", "ratio (lowest–highest)", ...counts], rows);
}

async function onTarget(kubeconfig: string | null): Promise<string> {
  const target = await openTarget(kubeconfig);
  try {
    const starts = await starting(target);
    const recovery = await measureRecovery(target, 3);
    const parts = [
      `## Starting, on ${target.title}`,
      `From save until every pod is Ready.`,
      starts,
      `Recovery of a group, from the failure of a pod until every pod of the next incarnation is Ready: ${seconds(recovery.ourMs)}; a client that only deletes everything and creates it again takes ${seconds(recovery.bareMs)} (${ratio(recovery.ourMs, recovery.bareMs)}).`,
    ];
    if (kubeconfig !== null) {
      const { groups, writes } = await measureSettledMinute(target);
      parts.push(
        `In a minute in which nothing happens, the API server counted ${writes} writes to the kinds that OpenPatio makes, for ${groups} groups.`,
      );
    }
    return parts.join("\n\n");
  } finally {
    await target.close();
  }
}

const git = (...args: readonly string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
const load = (): string => (os.loadavg()[0] ?? 0).toFixed(1);

const before = load();
const commit = git("rev-parse", "--short", "HEAD");
const kubeconfig = process.env["CONTRACT_KUBECONFIG"] ?? "";
const parts = [planning(), await onTarget(kubeconfig === "" ? null : kubeconfig)];
const cpus = os.cpus();
const report = `# Benchmarks

Written by \`npm run bench\`; nothing here is asserted in a test. Machines differ: what counts are the ratios. Each is of two measurements in turns, the median of the rounds of a row, with the lowest and the highest beside it; they are far apart where the machine was busy.

${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus.length} × ${cpus[0]?.model.trim()}, load ${before} before and ${load()} after.

A group is router 1, prefill 2, decode 2: ${CREATIONS_PER_GROUP} objects. The bare client is the limit: it sends the same objects, rendered beforehand, with the same 8 calls at a time, and decides nothing but when the next wave follows. A real control plane is the API server, etcd, scheduler and controllers of Kubernetes on the same machine, with simulated kubelets; it counts the writes itself. The sandbox shares one process with the server here.

${parts.join("\n\n")}
`;
writeFileSync(REPORT, report);
console.log(report);
