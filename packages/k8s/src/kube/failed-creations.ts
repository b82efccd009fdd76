import { fields, type ObservedWorkload, records } from "@openpatio/core/model";
import type { ClusterCache } from "./cluster-cache.ts";
import type { ApiConnection } from "./connection.ts";
import { textOf, timeOf } from "./trim.ts";

/**
 * Why StatefulSets make no pods (quota, admission): their controller tells it in events only. Events are not watched,
 * for a busy cluster writes thousands; those of a StatefulSet that lacks pods for longer than a round are asked for.
 */
export class FailedCreations {
  readonly #connection: ApiConnection;
  readonly #cache: ClusterCache;
  readonly #nowMs: () => number;
  /** By UID, what lacked pods at the last round, and when it was last asked about. */
  #lacking = new Map<string, number | null>();

  constructor(options: {
    readonly connection: ApiConnection;
    readonly cache: ClusterCache;
    readonly nowMs: () => number;
  }) {
    this.#connection = options.connection;
    this.#cache = options.cache;
    this.#nowMs = options.nowMs;
  }

  /** One round, to be made every few seconds. Never rejects: without an answer nothing is said. */
  async look(): Promise<void> {
    const nowMs = this.#nowMs();
    const before = this.#lacking;
    const lacking = this.#cache.statefulSetsWithoutPods();
    this.#lacking = new Map(lacking.map(({ uid }) => [uid, before.get(uid) ?? null]));
    for (const uid of before.keys()) if (!this.#lacking.has(uid)) this.#cache.setFailure(uid, null);
    const due = lacking
      .filter(({ uid }) => before.has(uid) && nowMs - (before.get(uid) ?? 0) >= ASK_AGAIN_MS)
      .slice(0, MAX_ASKED);
    await Promise.all(
      due.map(async (workload) => {
        this.#lacking.set(workload.uid, nowMs);
        const message = await this.#newestMessage(workload).catch(() => null);
        if (message !== null && this.#lacking.has(workload.uid)) this.#cache.setFailure(workload.uid, message);
      }),
    );
  }

  async #newestMessage({ namespace, uid }: ObservedWorkload): Promise<string | null> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const query = { fieldSelector: `involvedObject.uid=${uid},reason=FailedCreate`, limit: 50 };
    const list = fields(await this.#connection.request({ method: "GET", path, query }));
    const atMs = (event: Readonly<Record<string, unknown>>) =>
      timeOf(event["lastTimestamp"]) ?? timeOf(event["eventTime"]) ?? 0;
    const [newest] = records(list["items"]).toSorted((a, b) => atMs(b) - atMs(a));
    return newest === undefined ? null : textOf(newest["message"]);
  }
}

const ASK_AGAIN_MS = 15_000;
/** Of one round; the others have their turn in the next ones. */
const MAX_ASKED = 10;
