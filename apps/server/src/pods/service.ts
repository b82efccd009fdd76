import { DomainError } from "@openpatio/core/errors";
import { clustersOfGroup, homeOf } from "@openpatio/core/model";
import {
  clusterPods,
  groupPods,
  type LogsAnswer,
  objectYaml,
  type PodAnswer,
  type PodView,
  podsByGroup,
} from "@openpatio/core/view";
import { type Fleet, type Member, requireMember } from "../clusters/fleet.ts";
import type { Models } from "../live/models.ts";
import type { SetStore } from "../sets/set-store.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import type { PodKey } from "../trpc/inputs.ts";
import type { LogsInput, PodService } from "../trpc/services.ts";

/** Lines of a followed log that wait for a reader; beyond it the oldest are skipped and counted. */
const MAX_WAITING_LINES = 2_000;
const MAX_BATCH_LINES = 500;
const BATCH_MS = 100;
const MAX_BUFFERED_BYTES = 1024 * 1024;

export type PodVerbsOptions = {
  readonly sets: SetStore;
  readonly fleet: Fleet;
  readonly models: Models;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
};

export class PodVerbs implements PodService {
  private readonly options: PodVerbsOptions;

  constructor(options: PodVerbsOptions) {
    this.options = options;
  }

  async get(key: PodKey): Promise<PodAnswer> {
    const member = this.member(key.cluster);
    const [object, events] = await Promise.all([
      member.port.read("v1", "Pod", key.namespace, key.pod),
      member.port.events(key.namespace, key.pod),
    ]);
    const pod = this.view(member, key);
    if (object === null || pod === null) throw notFound(key);
    return { pod, yaml: objectYaml(object), events: events.toReversed() };
  }

  async logs(input: LogsInput, signal: AbortSignal | undefined): Promise<LogsAnswer> {
    const lines: string[] = [];
    for await (const line of this.read(input, false, signal)) lines.push(line);
    return { container: input.container ?? null, lines };
  }

  async *followLogs(
    input: LogsInput,
    bufferedBytes: () => number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly lines: readonly string[]; readonly skipped: number }, void> {
    const waiting: string[] = [];
    let skipped = 0;
    let outcome: { readonly error: unknown } | "ended" | null = null;
    const stop = new AbortController();
    signal?.addEventListener("abort", () => stop.abort());
    const reading = (async () => {
      try {
        for await (const line of this.read(input, true, stop.signal)) {
          waiting.push(line);
          if (waiting.length > MAX_WAITING_LINES) {
            waiting.shift();
            skipped += 1;
          }
        }
        outcome = "ended";
      } catch (error) {
        outcome = { error };
      }
    })();
    try {
      for (;;) {
        if (waiting.length > 0 && bufferedBytes() < MAX_BUFFERED_BYTES) {
          const batch = { lines: waiting.splice(0, MAX_BATCH_LINES), skipped };
          skipped = 0;
          yield batch;
          continue;
        }
        if (stop.signal.aborted) return;
        const ended = outcome as { readonly error: unknown } | "ended" | null;
        if (ended !== null && waiting.length === 0) {
          if (ended !== "ended") throw ended.error;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
      }
    } finally {
      stop.abort();
      await reading;
    }
  }

  async delete(
    actor: string,
    input: PodKey & { readonly force: boolean; readonly uid?: string | undefined },
  ): Promise<{ readonly pod: string }> {
    const member = this.member(input.cluster);
    const pod = this.view(member, input);
    const set = this.options.sets
      .named(input.namespace, pod?.set ?? "")
      .find(({ state }) => state.groups.some((group) => clustersOfGroup(group).includes(input.cluster)));
    // Asked for the pod that was shown: another life of its name is not meant.
    if (input.uid !== undefined && pod?.uid !== input.uid) throw notFound(input);
    await member.port.deletePod(input.namespace, input.pod, { force: input.force });
    await this.options.timeline.record(
      [
        {
          kind: "pod.deleted",
          actor,
          setId: set?.state.id ?? null,
          home: set === undefined ? null : homeOf(set.state),
          namespace: input.namespace,
          set: pod?.set ?? null,
          cluster: input.cluster,
          group: pod?.group ?? null,
          incarnation: pod?.incarnation ?? null,
          cause: null,
          decision: input.force ? `Force-delete pod ${input.pod}` : `Delete pod ${input.pod}`,
          actions: [input.force ? "delete the pod with grace period 0" : "delete the pod"],
        },
      ],
      this.options.nowMs(),
    );
    return { pod: input.pod };
  }

  /** The pod as the cache has it; null when it has none of that name. */
  view(member: Member, key: PodKey): PodView | null {
    const { sets, models } = this.options;
    const isIt = (pod: PodView) =>
      pod.namespace === key.namespace && pod.name === key.pod && !pod.uid.startsWith("place:");
    for (const stored of sets.all()) {
      if (stored.state.namespace !== key.namespace || !key.pod.startsWith(`${stored.state.name}-`)) continue;
      const model = models.set(stored);
      const pods = podsByGroup(model);
      for (const group of stored.state.groups) {
        if (group.placement?.cluster !== member.name) continue;
        const found = groupPods(model, group, pods.get(group.index) ?? []).find(isIt);
        if (found !== undefined) return found;
      }
    }
    return clusterPods(models.cluster(member)).find(isIt) ?? null;
  }

  private read(input: LogsInput, follow: boolean, signal: AbortSignal | undefined): AsyncIterable<string> {
    const { namespace, pod, container, previous, tailLines } = input;
    return this.member(input.cluster).port.logs(
      { namespace, pod, container: container ?? null, follow, previous, tailLines },
      signal ?? new AbortController().signal,
    );
  }

  private member(name: string): Member {
    return requireMember(this.options.fleet, name);
  }
}

const notFound = ({ cluster, namespace, pod }: PodKey) =>
  new DomainError("pod.not-found", `There is no pod ${namespace}/${pod} on ${cluster} now.`, {
    params: { cluster, namespace, pod },
  });
