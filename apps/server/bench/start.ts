import { setTimeout as sleep } from "node:timers/promises";
import { BareClient } from "./bare-client.ts";
import { median } from "./report.ts";
import { manifestOf, PODS_PER_GROUP, type Subject } from "./subject.ts";
import { removeOwners, type Target, untilEmpty, untilReady } from "./target.ts";
import { between, countedWrites } from "./writes.ts";

export type StartFigures = {
  readonly subject: Subject;
  /** Median milliseconds until every pod is Ready. */
  readonly bareMs: number;
  readonly ourMs: number;
  /** Ours by the bare client's, of each round. */
  readonly ratios: readonly number[];
  /** By the API server's own count, of one run; null on the sandbox, which counts nothing. */
  readonly writes: ReadonlyMap<string, number> | null;
  /** By our own count, of the same run. */
  readonly ownWrites: number;
};

const NAME = "bench";
/** The last status may be on its way when the last pod is Ready. */
const LAST_STATUS_MS = 3_000;

/** The bare client and the server in turns, so that whatever else the machine does falls on both. */
export async function measureStart(target: Target, subject: Subject, rounds: number): Promise<StartFigures> {
  const { server, namespace, cluster, api } = target;
  const pods = subject.groups * PODS_PER_GROUP;
  const bare = new BareClient(api, namespace);
  const bareMs: number[] = [];
  const ourMs: number[] = [];
  let writes: ReadonlyMap<string, number> | null = null;
  let ownWrites = 0;
  for (let round = 0; round < rounds; round++) {
    const send = bare.prepare(subject, NAME);
    bareMs.push(await untilReady(target, pods, send));
    await removeOwners(target);
    await untilEmpty(target);

    const isCounted = target.title !== "the sandbox";
    const own = () => server.app.fleet.get(cluster)?.port.info().apiWrites ?? 0;
    const before = { counted: isCounted ? await countedWrites(target) : null, own: own() };
    const yaml = JSON.stringify(manifestOf(subject, namespace, NAME));
    ourMs.push(await untilReady(target, pods, () => server.call("sets.apply", { yaml, cluster })));
    await sleep(LAST_STATUS_MS);
    ownWrites = own() - before.own;
    if (before.counted !== null) writes = between(before.counted, await countedWrites(target));
    await server.call("sets.delete", { namespace, name: NAME });
    await untilEmpty(target);
    await sleep(500);
  }
  const ratios = ourMs.map((ms, round) => ms / (bareMs[round] ?? Number.NaN));
  return { subject, bareMs: median(bareMs), ourMs: median(ourMs), ratios, writes, ownWrites };
}
