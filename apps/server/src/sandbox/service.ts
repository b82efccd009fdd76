import { DomainError } from "@openpatio/core/errors";
import { SANDBOX_ANNOTATION_PREFIX } from "@openpatio/core/model";
import type { ClusterPort } from "@openpatio/core/ports";
import { type Fleet, requireMember } from "../clusters/fleet.ts";
import type { SetStore } from "../sets/set-store.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import type { PodKey } from "../trpc/inputs.ts";
import type { NodeKey, SandboxService } from "../trpc/services.ts";
import type { SandboxControl } from "./control.ts";

export type SandboxVerbsOptions = {
  readonly fleet: Fleet;
  readonly sets: SetStore;
  readonly control: SandboxControl;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
  /** Faults are part of what is drawn of a cluster. */
  readonly onFault: (cluster: string) => void;
};

/** Faults on purpose, to learn and to rehearse. Every one is refused for a cluster that is not simulated. */
export class SandboxVerbs implements SandboxService {
  private readonly options: SandboxVerbsOptions;

  constructor(options: SandboxVerbsOptions) {
    this.options = options;
  }

  async failContainer(
    actor: string,
    input: PodKey & { readonly container?: string | undefined; readonly exitCode: number },
  ): Promise<{ readonly pod: string }> {
    const { namespace, pod, container, exitCode } = input;
    await this.port(input.cluster).annotatePod(namespace, pod, {
      [`${SANDBOX_ANNOTATION_PREFIX}crash`]: String(exitCode),
      ...(container === undefined ? {} : { [`${SANDBOX_ANNOTATION_PREFIX}crash-container`]: container }),
    });
    const what = container === undefined ? "the containers" : `container ${container}`;
    await this.tell(actor, input.cluster, `Fail ${what} of ${pod} with exit code ${exitCode}`, input);
    return { pod };
  }

  async killPod(actor: string, key: PodKey): Promise<{ readonly pod: string }> {
    await this.port(key.cluster).deletePod(key.namespace, key.pod, { force: false });
    await this.tell(actor, key.cluster, `Kill pod ${key.pod}`, key);
    return { pod: key.pod };
  }

  async drainNode(
    actor: string,
    { cluster, node }: NodeKey,
  ): Promise<{ readonly node: string; readonly evicted: number }> {
    const evicted = await this.port(cluster).drainNode(node);
    await this.tell(actor, cluster, `Drain node ${node}: ${evicted} pods evicted`);
    return { node, evicted };
  }

  async cut(
    actor: string,
    { cluster, cut }: { readonly cluster: string; readonly cut: boolean },
  ): Promise<{ readonly cluster: string; readonly cut: boolean }> {
    this.port(cluster);
    await this.options.control.cut(cluster, cut);
    await this.tell(actor, cluster, cut ? `Cut ${cluster} off the network` : `Connect ${cluster} again`);
    this.options.onFault(cluster);
    return { cluster, cut };
  }

  async slow(
    actor: string,
    { cluster, delayMs }: { readonly cluster: string; readonly delayMs: number },
  ): Promise<{ readonly cluster: string; readonly delayMs: number }> {
    this.port(cluster);
    await this.options.control.slow(cluster, delayMs);
    const decision =
      delayMs === 0 ? `${cluster} answers at its own speed again` : `Delay every answer of ${cluster} by ${delayMs} ms`;
    await this.tell(actor, cluster, decision);
    this.options.onFault(cluster);
    return { cluster, delayMs };
  }

  private port(cluster: string): ClusterPort {
    const member = requireMember(this.options.fleet, cluster);
    if (member.isSimulated) return member.port;
    throw new DomainError(
      "cluster.not-simulated",
      `${cluster} is a real cluster: faults are caused only in the sandbox.`,
      {
        params: { cluster },
      },
    );
  }

  private tell(actor: string, cluster: string, decision: string, pod?: PodKey): Promise<void> {
    const place = pod === undefined ? null : this.groupOf(pod);
    return this.options.timeline.record(
      [
        {
          kind: "sandbox.fault",
          actor,
          setId: place?.setId ?? null,
          namespace: place?.namespace ?? null,
          set: place?.set ?? null,
          cluster,
          group: place?.group ?? null,
          incarnation: null,
          cause: "Rehearsed in the sandbox",
          decision,
          actions: [],
        },
      ],
      this.options.nowMs(),
    );
  }

  private groupOf({ cluster, namespace, pod }: PodKey) {
    const observed = requireMember(this.options.fleet, cluster).port.observe();
    for (const { state } of this.options.sets.all()) {
      if (state.namespace !== namespace || !pod.startsWith(`${state.name}-`)) continue;
      const found = observed.set(namespace, state.name).pods.find((candidate) => candidate.name === pod);
      if (found !== undefined) return { setId: state.id, namespace, set: state.name, group: found.groupIndex };
    }
    return null;
  }
}
