import { setTimeout as sleep } from "node:timers/promises";
import { LABEL } from "@openpatio/core/model";
import { BareClient } from "./bare-client.ts";
import { median } from "./report.ts";
import { manifestOf, PODS_PER_GROUP } from "./subject.ts";
import { removeOwners, type Target, untilEmpty, untilReady } from "./target.ts";

const SUBJECT = { groups: 1, order: "ordered" } as const;
/** The backoff between two recoveries of a run is over. */
const BACKOFF_MS = 2_000;

/** From the failure of a pod until every pod of the next incarnation is Ready, beside a client that only tears down and starts. */
export async function measureRecovery(
  target: Target,
  rounds: number,
): Promise<{ readonly bareMs: number; readonly ourMs: number }> {
  const { api, namespace, server, cluster } = target;
  const bare = new BareClient(api, namespace);
  const pods = `/api/v1/namespaces/${namespace}/pods`;

  const bareMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await untilReady(target, PODS_PER_GROUP, bare.prepare(SUBJECT, "bench"));
    const again = bare.prepare(SUBJECT, "bench");
    const old = new Set((await api.list(pods)).map(({ metadata }) => metadata.uid));
    bareMs.push(
      await untilReady(
        target,
        PODS_PER_GROUP,
        async () => {
          await removeOwners(target);
          await untilEmpty(target);
          await again();
        },
        ({ metadata }) => !old.has(metadata.uid),
      ),
    );
    await removeOwners(target);
    await untilEmpty(target);
  }

  const ourMs: number[] = [];
  const yaml = JSON.stringify(manifestOf(SUBJECT, namespace, "bench"));
  await untilReady(target, PODS_PER_GROUP, () => server.call("sets.apply", { yaml, cluster }));
  for (let round = 0; round < rounds; round++) {
    await sleep(BACKOFF_MS);
    const crash = { metadata: { annotations: { "sandbox.openpatio.io/crash": "137" } } };
    const fail = () => api.json("PATCH", `${pods}/bench-0-prefill-0`, crash, "application/merge-patch+json");
    ourMs.push(
      await untilReady(
        target,
        PODS_PER_GROUP,
        fail,
        ({ metadata }) => metadata.labels?.[LABEL.incarnation] === String(round + 2),
      ),
    );
  }
  await server.call("sets.delete", { namespace, name: "bench" });
  await untilEmpty(target);
  return { bareMs: median(bareMs), ourMs: median(ourMs) };
}
