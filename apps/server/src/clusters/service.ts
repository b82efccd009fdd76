import { DomainError } from "@openpatio/core/errors";
import {
  type ClusterAnswer,
  type ClusterRow,
  clusterDetail,
  clusterNodes,
  clusterPods,
  clusterRow,
} from "@openpatio/core/view";
import type { Database } from "@openpatio/db";
import { parseKubeconfig, rbacManifest } from "@openpatio/k8s";
import type { Models } from "../live/models.ts";
import type { SetStore } from "../sets/set-store.ts";
import type { TimelineEntry, TimelineStore } from "../timeline/timeline-store.ts";
import type { ClusterService, NodeKey } from "../trpc/services.ts";
import { type Fleet, requireMember } from "./fleet.ts";
import { insertCluster, removeCluster, type ClusterRow as StoredCluster } from "./repo.ts";
import type { Vault } from "./vault.ts";

export type ClusterVerbsOptions = {
  readonly db: Database;
  readonly vault: Vault;
  readonly fleet: Fleet;
  readonly sets: SetStore;
  readonly models: Models;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
};

export class ClusterVerbs implements ClusterService {
  private readonly options: ClusterVerbsOptions;

  constructor(options: ClusterVerbsOptions) {
    this.options = options;
  }

  list(): readonly ClusterRow[] {
    const { fleet, models } = this.options;
    const sets = models.sets();
    return fleet.all().map((member) => clusterRow(models.cluster(member, sets)));
  }

  async get(name: string): Promise<ClusterAnswer> {
    const model = this.options.models.cluster(requireMember(this.options.fleet, name));
    return {
      cluster: clusterDetail(model),
      nodes: clusterNodes(model),
      pods: clusterPods(model),
      permissionManifest: model.info.missingPermissions.length === 0 ? null : rbacManifest(),
    };
  }

  /** Stores it and connects. Whether it answers shows in its health: a cluster that is down for the moment may be registered. */
  async register(
    actor: string,
    input: { readonly name: string; readonly kubeconfig: string; readonly context?: string | undefined },
  ): Promise<ClusterRow> {
    const { db, vault, fleet, models, timeline, nowMs } = this.options;
    const { name, kubeconfig } = input;
    const { server, contextName } = parseKubeconfig(kubeconfig, { context: input.context });
    const row: StoredCluster = {
      name,
      kubeconfig: new Uint8Array(vault.seal(name, kubeconfig)),
      context: contextName,
      isSimulated: false,
      placementVersion: 0,
      registeredAt: new Date(nowMs()),
    };
    const items = await db.$transaction(async (tx) => {
      if (!(await insertCluster(tx, row))) {
        throw new DomainError(
          "cluster.name-taken",
          `A cluster named ${name} is registered already. Choose another name, or remove that one first.`,
          {
            params: { cluster: name },
          },
        );
      }
      return timeline.write(
        tx,
        [entry("cluster.registered", actor, name, `Register cluster ${name} at ${server}`)],
        nowMs(),
      );
    });
    fleet.join(row);
    timeline.publish(items);
    return clusterRow(models.cluster(requireMember(fleet, name)));
  }

  contexts(kubeconfig: string): { readonly contexts: readonly string[]; readonly current: string | null } {
    const { contextNames, contextName } = parseKubeconfig(kubeconfig);
    return { contexts: contextNames, current: contextName };
  }

  async remove(actor: string, name: string): Promise<{ readonly name: string }> {
    const { db, fleet, sets, timeline, nowMs } = this.options;
    const member = requireMember(fleet, name);
    if (member.isSimulated) {
      throw new DomainError(
        "cluster.in-use",
        `${name} belongs to the sandbox and comes back at the next start. Start with OPENPATIO_SANDBOX=off to be without it.`,
        {
          params: { cluster: name },
        },
      );
    }
    const users = [...sets.all()].filter(
      ({ state }) =>
        state.spec.placement.clusters.names.includes(name) ||
        state.groups.some((group) => group.placement?.cluster === name),
    );
    if (users.length > 0) {
      const names = users.map(({ state }) => `${state.namespace}/${state.name}`).sort();
      throw new DomainError(
        "cluster.in-use",
        `${name} runs ${names.join(", ")}. Delete those sets first, so that nothing of them is left behind.`,
        {
          params: { cluster: name, sets: names.length },
        },
      );
    }
    const items = await db.$transaction(async (tx) => {
      await removeCluster(tx, name);
      return timeline.write(tx, [entry("cluster.removed", actor, name, `Remove cluster ${name}`)], nowMs());
    });
    await fleet.leave(name);
    timeline.publish(items);
    return { name };
  }

  /** Connects anew, without waiting for the next attempt. */
  async retry(name: string): Promise<ClusterRow> {
    const { fleet, models } = this.options;
    requireMember(fleet, name);
    await fleet.reconnect(name);
    return clusterRow(models.cluster(requireMember(fleet, name)));
  }

  async cordonNode(actor: string, { cluster, node }: NodeKey, isCordoned: boolean): Promise<{ readonly node: string }> {
    const { port } = requireMember(this.options.fleet, cluster);
    await port.cordonNode(node, isCordoned);
    await this.tell(actor, cluster, `${isCordoned ? "Cordon" : "Uncordon"} node ${node}`);
    return { node };
  }

  async drainNode(
    actor: string,
    { cluster, node }: NodeKey,
  ): Promise<{ readonly node: string; readonly evicted: number }> {
    const { port } = requireMember(this.options.fleet, cluster);
    const evicted = await port.drainNode(node);
    await this.tell(actor, cluster, `Drain node ${node}`, [`cordon it, evict ${evicted} pods`]);
    return { node, evicted };
  }

  private tell(actor: string, cluster: string, decision: string, actions: readonly string[] = []): Promise<void> {
    const line = { ...entry("node.changed", actor, cluster, decision), actions };
    return this.options.timeline.record([line], this.options.nowMs());
  }
}

function entry(kind: TimelineEntry["kind"], actor: string, cluster: string, decision: string): TimelineEntry {
  return {
    kind,
    actor,
    setId: null,
    namespace: null,
    set: null,
    cluster,
    group: null,
    incarnation: null,
    cause: "Asked for",
    decision,
    actions: [],
  };
}
