import { setTimeout as sleep } from "node:timers/promises";
import { manifestOf, PODS_PER_GROUP } from "./subject.ts";
import { type Target, untilEmpty, untilReady } from "./target.ts";
import { between, countedWrites, total } from "./writes.ts";

const GROUPS = 10;
const SETTLING_MS = 10_000;

/** Writes in a minute in which nothing happens, as the API server counts them. */
export async function measureSettledMinute(
  target: Target,
): Promise<{ readonly groups: number; readonly writes: number }> {
  const { server, namespace, cluster } = target;
  const yaml = JSON.stringify(manifestOf({ groups: GROUPS, order: "ordered" }, namespace, "bench"));
  await untilReady(target, GROUPS * PODS_PER_GROUP, () => server.call("sets.apply", { yaml, cluster }));
  await sleep(SETTLING_MS);
  const before = await countedWrites(target);
  await sleep(60_000);
  const writes = total(between(before, await countedWrites(target)));
  await server.call("sets.delete", { namespace, name: "bench" });
  await untilEmpty(target);
  return { groups: GROUPS, writes };
}
