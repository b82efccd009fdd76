import { DomainError } from "@openpatio/core/errors";
import {
  API_VERSION,
  type ClusterRemovalMode,
  clustersOfGroup,
  type GroupState,
  groupName,
  homeOf,
  MANAGER,
  outOfReach,
  type SetState,
} from "@openpatio/core/model";
import { hostsOf } from "@openpatio/core/placement";
import { deleteSet } from "@openpatio/core/plan";
import type { ClusterPort, OwnerLeasePort } from "@openpatio/core/ports";
import { ORDERED_TEARDOWN } from "@openpatio/core/resource";
import {
  type ClusterAnswer,
  type ClusterRemoval,
  type ClusterRow,
  clusterDetail,
  clusterNodes,
  clusterPods,
  clusterRow,
  ownershipMessage,
} from "@openpatio/core/view";
import type { Database } from "@openpatio/db";
import { parseKubeconfig, rbacManifest } from "@openpatio/k8s";
import type { Models } from "../live/models.ts";
import { entryOf } from "../sets/change-set.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import type { TimelineEntry, TimelineStore } from "../timeline/timeline-store.ts";
import type { ClusterService, NodeKey } from "../trpc/services.ts";
import { askOnce, contactCluster, identityOf } from "./connect.ts";
import { clusterEntry } from "./entry.ts";
import { type Fleet, type Member, requireMember } from "./fleet.ts";
import type { Ownership } from "./ownership.ts";
import { storeOwnership } from "./ownership-repo.ts";
import { insertCluster, markRemoval, removeCluster, replaceLabels, type ClusterRow as StoredCluster } from "./repo.ts";
import type { Vault } from "./vault.ts";

/** How often a set is read again that was changed between being read and being let go of. */
const MOST_ATTEMPTS = 10;

export type ClusterVerbsOptions = {
  readonly db: Database;
  readonly vault: Vault;
  readonly fleet: Fleet;
  readonly ownership: Ownership;
  readonly sets: SetStore;
  readonly models: Models;
  readonly timeline: TimelineStore;
  /** In no others is anything followed, here as in adoption; null: in all. */
  readonly namespaces: readonly string[] | null;
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

  /**
   * Stores it and connects, once it has answered.
   *
   * Errors: DomainError `cluster.name-taken`, also for one that is there under another name; `kubeconfig.invalid`; `cluster.unreachable` when it does not answer or
   * does not take the credentials; `cluster.foreign` when it belongs to another control plane and is not to be taken over: nothing is stored then.
   */
  async register(actor: string, input: Parameters<ClusterService["register"]>[1]): Promise<ClusterRow> {
    const { db, vault, fleet, ownership, models, timeline, nowMs } = this.options;
    const { name, kubeconfig } = input;
    const { server, contextName } = parseKubeconfig(kubeconfig, { context: input.context });
    if (fleet.get(name) !== null) throw nameTaken(name);
    const connection = { name, kubeconfig, context: contextName, isSimulated: false };
    await contactCluster(connection);
    await this.refuseTwice(name, await askOnce(connection, identityOf));
    const taken = await askOnce(connection, ({ leases }) => this.askOwner(name, leases, input.takeOver === true));
    const row: StoredCluster = {
      name,
      kubeconfig: new Uint8Array(vault.seal(name, kubeconfig)),
      context: contextName,
      isSimulated: false,
      placementVersion: 0,
      labels: input.labels ?? {},
      lostMs: null,
      removal: null,
      registeredAt: new Date(nowMs()),
    };
    const items = await db.$transaction(async (tx) => {
      if (!(await insertCluster(tx, row))) throw nameTaken(name);
      const line = clusterEntry("cluster.registered", actor, name, `Register cluster ${name} at ${server}`);
      if (taken === null) return timeline.write(tx, [line], nowMs());
      await storeOwnership(tx, name, ownership.identity, taken.next);
      return timeline.write(tx, [line, this.takeOverLine(actor, name, taken.from)], nowMs());
    });
    fleet.join(row);
    timeline.publish(items);
    return clusterRow(models.cluster(requireMember(fleet, name)));
  }

  private async askOwner(name: string, leases: OwnerLeasePort, isTakenOver: boolean) {
    const { ownership } = this.options;
    const owner = await ownership.ownerOf(leases);
    if (owner === null) return null;
    if (isTakenOver) return ownership.takeOver(name, leases);
    throw new DomainError(
      "cluster.foreign",
      `${ownershipMessage(owner)} Remove it there first, or register it with takeOver: then that control plane stops there.`,
      { params: { cluster: name, owner: owner.owner?.holderName ?? null, renewedAtMs: owner.lastRenewedMs } },
    );
  }

  /** From now on it is this control plane's. Whoever has it now stops there as soon as it notices. */
  async takeOver(actor: string, name: string): Promise<ClusterRow> {
    const { db, fleet, ownership, models, timeline, nowMs } = this.options;
    const member = requireMember(fleet, name);
    const taken = await ownership.takeOver(name, member.port.leases);
    if (taken !== null) {
      const items = await db.$transaction(async (tx) => {
        if ((await storeOwnership(tx, name, ownership.identity, taken.next)) === null) return null;
        return timeline.write(tx, [this.takeOverLine(actor, name, taken.from)], nowMs());
      });
      if (items === null)
        throw new DomainError(
          "cluster.conflict",
          `Somebody else changed whose ${name} is in this moment. Look again.`,
          {
            params: { cluster: name },
          },
        );
      timeline.publish(items);
      await ownership.look(member);
    }
    return clusterRow(models.cluster(requireMember(fleet, name)));
  }

  private takeOverLine(actor: string, name: string, from: string): TimelineEntry {
    const { pauseMs } = this.options.ownership.timing;
    const decision = `Take cluster ${name} over from ${from}`;
    const begin = `begin there when ${from} has stopped: at once where it is silent, else ${Math.round(pauseMs / 1000)} s later`;
    return { ...clusterEntry("cluster.taken", actor, name, decision), actions: ["write the Lease there", begin] };
  }

  /** Under two names a cluster would show each group of the one as a stray of the other. */
  private async refuseTwice(name: string, identity: string | null): Promise<void> {
    if (identity === null) return;
    const known = await Promise.all(
      this.options.fleet
        .all()
        .filter(({ port }) => port.info().health === "live")
        .map(async (member) => ({ name: member.name, identity: await identityOf(member.port) })),
    );
    const same = known.find((member) => member.identity === identity);
    if (same === undefined) return;
    throw new DomainError(
      "cluster.name-taken",
      `This is the cluster that is registered as ${same.name}. Use it by that name, or remove it there before you register it as ${name}.`,
      { params: { cluster: same.name } },
    );
  }

  async update(actor: string, { name, labels }: Parameters<ClusterService["update"]>[1]): Promise<ClusterRow> {
    const { db, fleet, models, timeline, nowMs } = this.options;
    const { labels: before } = requireMember(fleet, name);
    const line = clusterEntry(
      "cluster.changed",
      actor,
      name,
      `Give ${name} ${labelText(labels)}; it had ${labelText(before)}`,
    );
    const items = await db.$transaction(async (tx) => {
      if (!(await replaceLabels(tx, name, labels)))
        throw new DomainError("cluster.not-found", `There is no cluster ${name} any more.`, {
          params: { cluster: name },
        });
      return timeline.write(tx, [line], nowMs());
    });
    fleet.relabel(name, labels);
    timeline.publish(items);
    return clusterRow(models.cluster(requireMember(fleet, name)));
  }

  /**
   * What becomes of the groups there is asked for: they leave it first, and it is removed when they have. With `forget`,
   * all that is possible where it does not answer, it is removed at once and what is there stays as it is.
   *
   * Errors: DomainError `cluster.in-use`, `cluster.unreachable`.
   */
  async remove(actor: string, { name, groups }: Parameters<ClusterService["remove"]>[1]): Promise<ClusterRemoval> {
    const { fleet, sets } = this.options;
    const member = requireMember(fleet, name);
    if (member.isSimulated) {
      throw new DomainError(
        "cluster.in-use",
        `${name} belongs to the sandbox and comes back at the next start. Start with OPENPATIO_SANDBOX=off to be without it.`,
        { params: { cluster: name } },
      );
    }
    const isLive = member.health === "live";
    const here = [...sets.all()].filter(({ state }) => groupsOn(state, name).length > 0 || homeOf(state) === name);
    // What is being deleted goes by itself where the cluster answers, and never where it does not.
    const holding = here.filter(({ state }) => !state.isDeleting || isLive);
    if (holding.length > 0 && groups === undefined) throw inUse(name, holding);
    if (holding.length === 0 || groups === undefined || groups === "forget")
      return this.finish(
        actor,
        member,
        here.flatMap(({ state }) => namesOn(state, name)),
      );
    if (!isLive)
      throw new DomainError(
        member.health === "foreign" ? "cluster.foreign" : "cluster.unreachable",
        `${outOfReach(name, member)}, so nothing can be done there. Remove it with groups: "forget": what is there stays there, and nothing looks after it any more.`,
        { params: { cluster: name } },
      );
    await this.beginRemoval(actor, member, groups, holding);
    return { name, isUnderWay: true, leftBehind: [] };
  }

  private async beginRemoval(
    actor: string,
    { name }: Member,
    mode: ClusterRemovalMode,
    holding: readonly StoredSet[],
  ): Promise<void> {
    const { db, fleet, timeline, nowMs } = this.options;
    const clusters = fleet.observe();
    const bound = holding.filter(({ state }) => {
      const hosts = hostsOf(state, clusters).names.filter((host) => host !== name && clusters.has(host));
      return homeOf(state) === name || hosts.length === 0;
    });
    if (mode === "move" && bound.length > 0) {
      const names = bound.map(({ state }) => `${state.namespace}/${state.name}`).sort();
      throw new DomainError(
        "cluster.in-use",
        `${names.join(", ")} can run on ${name} only. Give ${bound.length === 1 ? "it" : "them"} another cluster first, or choose orphan or delete.`,
        { params: { cluster: name, sets: bound.length } },
      );
    }
    const words = { orphan: "keep running without us", delete: "are stopped", move: "move to other clusters" };
    const line = clusterEntry("cluster.changed", actor, name, `Remove cluster ${name}: its groups ${words[mode]}`);
    const items = await db.$transaction(async (tx) => {
      await markRemoval(tx, name, mode);
      return timeline.write(tx, [line], nowMs());
    });
    fleet.beginRemoval(name, mode);
    timeline.publish(items);
    for (const { state } of bound) await this.endSet(actor, state.id, mode === "orphan");
  }

  /** A set that has no other cluster goes with it. */
  private async endSet(actor: string, id: string, orphan: boolean): Promise<void> {
    const { sets } = this.options;
    for (let set = sets.get(id); set !== null && !set.state.isDeleting; set = sets.get(id)) {
      const change = deleteSet(set.state, { orphan });
      if (change === null) return;
      const lines = change.timeline.map((draft) => entryOf(set ?? { state: change.state }, actor, draft));
      await sets.commit({ before: set, after: { state: change.state }, timeline: lines, isChange: true });
    }
  }

  /** Forgets it. Groups that are still placed there are let go: nothing of them is touched, and nothing is known any more. */
  async finish(actor: string, member: Member, leftBehind: readonly string[] = []): Promise<ClusterRemoval> {
    const { db, fleet, ownership, sets, timeline, nowMs } = this.options;
    const { name } = member;
    const line = clusterEntry("cluster.removed", actor, name, `Remove cluster ${name}`);
    const actions = leftBehind.length === 0 ? [] : [`leave behind what is there of ${leftBehind.join(", ")}`];
    const atHome = [...sets.all()].filter(({ state }) => homeOf(state) === name).map(({ state }) => state.id);
    await this.letGo(member, member.removal === null ? atHome : null);
    await this.giveBack(member);
    const items = await db
      .$transaction(async (tx) => {
        await removeCluster(tx, name);
        return timeline.write(tx, [{ ...line, actions }], nowMs());
      })
      .finally(() => ownership.keep(name));
    await fleet.leave(name);
    for (const id of atHome) await this.forget(actor, id);
    timeline.publish(items);
    return { name, isUnderWay: false, leftBehind };
  }

  /** Then the next control plane finds it without an owner. Where that can't be done it has to take it over. */
  private async giveBack(member: Member): Promise<void> {
    if (member.health !== "live") return;
    await this.options.ownership.release(member).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
    });
  }

  /**
   * Without us nobody takes the finalizer of these sets away, nor that of the groups that stay: then they could not be
   * deleted any more.
   */
  private async letGo({ name: cluster, port, health }: Member, setIds: readonly string[] | null): Promise<void> {
    const { namespaces, sets } = this.options;
    if (health !== "live") return;
    const observed = port.observe();
    for (const { state } of sets.all()) {
      const { owners } = observed.set(state.namespace, state.name);
      const held = owners.filter(({ setId, isHeld }) => setId === state.id && isHeld);
      await Promise.all(held.map((owner) => port.release({ cluster, apiVersion: API_VERSION, ...owner })));
    }
    for (const object of port.sets.all()) {
      const { uid = "", finalizers = [], namespace = "", name } = object.metadata;
      if (namespaces?.includes(namespace) === false) continue;
      if (setIds?.includes(uid) === false || !finalizers.includes(ORDERED_TEARDOWN)) continue;
      await this.letSetGo(port, namespace, name);
    }
  }

  /** Its status may be written at the same time, by us too: then it is read again. */
  private async letSetGo(port: ClusterPort, namespace: string, name: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const live = await port.sets.read(namespace, name);
      const finalizers = live?.metadata.finalizers ?? [];
      if (live === null || !finalizers.includes(ORDERED_TEARDOWN)) return;
      const others = finalizers.filter((finalizer) => finalizer !== ORDERED_TEARDOWN);
      try {
        await port.sets.patch(live, { metadata: { finalizers: others } }, MANAGER);
        return;
      } catch (error) {
        const isChanged = error instanceof DomainError && error.code === "cluster.conflict";
        if (!isChanged || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  /** A set that is kept in the cluster goes with it; what it runs there stays there. */
  private async forget(actor: string, setId: string): Promise<void> {
    const { sets } = this.options;
    for (let set = sets.get(setId); set !== null; set = sets.get(setId)) {
      const draft = {
        kind: "set.deleted" as const,
        group: null,
        incarnation: null,
        cause: `Cluster ${homeOf(set.state)} was removed`,
        decision: `Forget ${set.state.namespace}/${set.state.name}; what runs there goes on without us`,
        actions: [],
      };
      await sets.commit({ before: set, after: null, timeline: [entryOf(set, actor, draft)] });
    }
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
    const line = { ...clusterEntry("node.changed", actor, cluster, decision), actions };
    return this.options.timeline.record([line], this.options.nowMs());
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "no labels" : `the labels ${pairs.sort().join(", ")}`;
}

function groupsOn(state: SetState, cluster: string): readonly GroupState[] {
  return state.groups.filter((group) => clustersOfGroup(group).includes(cluster));
}

const namesOn = (state: SetState, cluster: string): readonly string[] =>
  groupsOn(state, cluster).map((group) => `${state.namespace}/${groupName(state.name, group.index)}`);

function inUse(cluster: string, sets: readonly StoredSet[]): DomainError {
  const names = sets.map(({ state }) => `${state.namespace}/${state.name}`).sort();
  return new DomainError(
    "cluster.in-use",
    `${cluster} runs ${names.join(", ")}. Say what becomes of their groups: orphan (they keep running without us), delete, move (to other clusters of their sets), or, where it does not answer, forget.`,
    { params: { cluster, sets: names.length } },
  );
}

function nameTaken(name: string): DomainError {
  return new DomainError(
    "cluster.name-taken",
    `A cluster named ${name} is registered already. Choose another name, or remove that one first.`,
    { params: { cluster: name } },
  );
}
