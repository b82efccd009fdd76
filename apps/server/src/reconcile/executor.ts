import { DomainError } from "@openpatio/core/errors";
import { LABEL } from "@openpatio/core/model";
import type { Action } from "@openpatio/core/plan";
import type { ClusterPort } from "@openpatio/core/ports";
import type { Logger } from "../log.ts";
import { Limiter } from "./limiter.ts";

/** What a cluster refused or did not answer, for the views and the timeline. */
export type Failure = {
  readonly action: Action;
  readonly error: DomainError;
  readonly attempts: number;
  readonly retryAtMs: number;
  /** False while it is the same refusal as before. */
  readonly isNew: boolean;
};

/** Refused for good until somebody changes something, in the set or in the cluster. */
export const isForPerson = ({ error }: Failure): boolean =>
  error.code === "cluster.refused" || error.code === "cluster.name-conflict";

const CONCURRENCY_PER_CLUSTER = 8;
/**
 * So much of a plan is sent before the set is planned again: the first groups of a large set are then a step further,
 * and start while later ones are still being created. Each part costs one more plan; the number is not measured apart.
 */
const ACTIONS_AT_ONCE = 80;
const BASE_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** So many calls in a row without an answer open the breaker of a cluster. */
const BREAKER_THRESHOLD = 5;
const BREAKER_MS = 5_000;

type Lane = { readonly limiter: Limiter; silentCalls: number; openUntilMs: number };

export type Executed = { readonly failures: readonly Failure[]; readonly isMoreToDo: boolean };

export type ExecutorOptions = {
  readonly port: (cluster: string) => ClusterPort | null;
  /** False as soon as the lease is gone: nothing more is sent. */
  readonly mayAct: () => boolean;
  readonly nowMs: () => number;
  readonly log: Logger;
  readonly onAction: (cluster: string, kind: Action["kind"], isOk: boolean) => void;
};

/**
 * Sends actions to clusters: concurrently, bounded per cluster, so that a slow cluster delays only itself. A call that
 * failed is not sent again before its backoff ends, whatever triggers the next plan; a cluster that does not answer at
 * all is left alone for a while.
 */
export class Executor {
  private readonly options: ExecutorOptions;
  private readonly lanes = new Map<string, Lane>();
  /** Failures that stand, by set. */
  private readonly failures = new Map<string, ReadonlyMap<string, Failure>>();

  constructor(options: ExecutorOptions) {
    this.options = options;
  }

  failuresOf(setId: string): readonly Failure[] {
    return [...(this.failures.get(setId)?.values() ?? [])];
  }

  forget(setId: string): void {
    this.failures.delete(setId);
  }

  /**
   * Sends as many as are sent at once, first come, first served; `isMoreToDo` when others are left, for the next plan.
   * Resolves when every action was answered, refused or put off; never rejects for a cluster's sake.
   */
  async execute(setId: string, actions: readonly Action[], log: Logger): Promise<Executed> {
    const before = this.failures.get(setId) ?? new Map<string, Failure>();
    const after = new Map<string, Failure>();
    const nowMs = this.options.nowMs();
    const due: { readonly action: Action; readonly key: string; readonly failed: Failure | undefined }[] = [];
    for (const action of actions) {
      const key = keyOf(action);
      const failed = before.get(key);
      if (failed !== undefined && (failed.retryAtMs > nowMs || due.length >= ACTIONS_AT_ONCE))
        after.set(key, { ...failed, isNew: false });
      else due.push({ action, key, failed });
    }
    await Promise.all(
      due.slice(0, ACTIONS_AT_ONCE).map(async ({ action, key, failed }) => {
        const error = await this.send(action);
        if (error === null) return;
        const attempts = (failed?.attempts ?? 0) + 1;
        const isNew = failed === undefined || failed.error.message !== error.message;
        const retryAtMs = this.options.nowMs() + Math.min(MAX_BACKOFF_MS, BASE_BACKOFF_MS * 2 ** (attempts - 1));
        after.set(key, { action, error, attempts, retryAtMs, isNew });
        log.warn({ action: key, code: error.code, reason: error.message, attempts }, "action failed");
      }),
    );
    if (after.size === 0) this.failures.delete(setId);
    else this.failures.set(setId, after);
    return { failures: [...after.values()], isMoreToDo: due.length > ACTIONS_AT_ONCE };
  }

  /** False when it has to be offered again; a status that the cluster refuses for good is not. */
  async sendStatus(action: Action): Promise<boolean> {
    const error = await this.send(action);
    return error === null || error.retry === "never";
  }

  private async send(action: Action): Promise<DomainError | null> {
    const cluster = clusterOf(action);
    const lane = this.lane(cluster);
    return lane.limiter.run(async () => {
      if (!this.options.mayAct())
        return new DomainError("cluster.unreachable", "Another server took over.", { retry: "backoff" });
      const nowMs = this.options.nowMs();
      if (lane.openUntilMs > nowMs) return unreachable(cluster, "it did not answer the last calls");
      const port = this.options.port(cluster);
      if (port === null) return new DomainError("cluster.not-found", `Cluster ${cluster} is not registered any more.`);
      try {
        await perform(port, action);
        lane.silentCalls = 0;
        this.options.onAction(cluster, action.kind, true);
        return null;
      } catch (error) {
        this.options.onAction(cluster, action.kind, false);
        const refusal = error instanceof DomainError ? error : unexpected(cluster, error);
        if (!(error instanceof DomainError)) this.options.log.error({ err: error, cluster }, "action threw");
        if (refusal.code !== "cluster.unreachable") lane.silentCalls = 0;
        else if (++lane.silentCalls >= BREAKER_THRESHOLD) {
          lane.openUntilMs = this.options.nowMs() + BREAKER_MS;
          lane.silentCalls = BREAKER_THRESHOLD - 1; // one call tries it; if that is silent too, it opens again
        }
        return refusal;
      }
    });
  }

  private lane(cluster: string): Lane {
    let lane = this.lanes.get(cluster);
    if (lane === undefined) {
      lane = { limiter: new Limiter(CONCURRENCY_PER_CLUSTER), silentCalls: 0, openUntilMs: 0 };
      this.lanes.set(cluster, lane);
    }
    return lane;
  }
}

async function perform(port: ClusterPort, action: Action): Promise<void> {
  switch (action.kind) {
    case "create":
      return port.create(action.object);
    case "update":
      return port.update(action.ref, action.object);
    case "scale":
      return port.scale(action.ref, action.replicas);
    case "status":
      return port.updateStatus(action.ref, action.status);
    case "release":
      return port.release(action.ref);
    case "delete":
      return port.delete(action.ref, action.propagation, { force: action.isForced === true });
  }
}

export const clusterOf = (action: Action): string => (action.kind === "create" ? action.cluster : action.ref.cluster);

/** What an action is about: the same for the same call in the next plan, another one for another life of a name. */
export function keyOf(action: Action): string {
  if (action.kind === "create") {
    const { kind, metadata } = action.object;
    const labels = metadata.labels ?? {};
    const life = `${labels[LABEL.incarnation] ?? ""}/${labels[LABEL.roleRestart] ?? 0}`;
    return `create ${action.cluster} ${kind} ${metadata.namespace}/${metadata.name} ${life}`;
  }
  const { ref } = action;
  const verb = action.kind === "delete" && action.isForced === true ? "force-delete" : action.kind;
  return `${verb} ${ref.cluster} ${ref.kind} ${ref.namespace}/${ref.name} ${ref.uid}`;
}

const unreachable = (cluster: string, why: string) =>
  new DomainError("cluster.unreachable", `Cluster ${cluster} can't be reached: ${why}.`, { retry: "backoff" });

const unexpected = (cluster: string, cause: unknown) =>
  new DomainError(
    "cluster.unreachable",
    `A call to cluster ${cluster} failed in an unexpected way; the server's log has it.`,
    {
      retry: "backoff",
      cause,
    },
  );
