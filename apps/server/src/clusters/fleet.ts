import { DomainError } from "@openpatio/core/errors";
import {
  CLUSTER_REMOVAL_MODES,
  type ClusterHealth,
  type ClusterRemovalMode,
  type ObservedCluster,
} from "@openpatio/core/model";
import type { ClusterChange, ClusterPort, WriteGuard } from "@openpatio/core/ports";
import type { Database } from "@openpatio/db";
import type { Logger } from "../log.ts";
import type { Ownership } from "./ownership.ts";
import { type ClusterRow, loadClusters } from "./repo.ts";
import type { Vault } from "./vault.ts";

export type Connection = {
  readonly name: string;
  readonly kubeconfig: string;
  readonly context: string | null;
  readonly isSimulated: boolean;
};

export type Member = {
  readonly name: string;
  readonly isSimulated: boolean;
  /** As registered, without the built-in one. */
  readonly labels: Readonly<Record<string, string>>;
  /** It is being removed, and what becomes of its groups. */
  readonly removal: ClusterRemovalMode | null;
  readonly registeredAtMs: number;
  readonly port: ClusterPort;
  /** Of the contact, and of whether it is ours to look after. */
  readonly health: ClusterHealth;
  /** Since when the health is what it is. */
  readonly healthSinceMs: number;
};

export type FleetListener = {
  /** Something in the cluster's cache changed. */
  readonly onChange?: (cluster: string, change: ClusterChange) => void;
  /** Joined, left or was connected anew. */
  readonly onMembers?: () => void;
};

/** The registered clusters and their connections. Who is a member is in the database; this is the live side of it. */
export class Fleet {
  private readonly options: {
    readonly db: Database;
    readonly vault: Vault;
    readonly connect: (connection: Connection, guard: WriteGuard) => ClusterPort;
    readonly ownership: Ownership;
    readonly nowMs: () => number;
    readonly log: Logger;
  };
  private readonly members = new Map<
    string,
    Member & {
      health: ClusterHealth;
      healthSinceMs: number;
      labels: Readonly<Record<string, string>>;
      removal: ClusterRemovalMode | null;
      stop: () => void;
    }
  >();
  private readonly versions = new Map<string, number>();
  private readonly listeners = new Set<FleetListener>();

  constructor(options: Fleet["options"]) {
    this.options = options;
  }

  /** Makes the connections what the database says: joins what is new, leaves what is gone. */
  async load(): Promise<void> {
    const rows = await loadClusters(this.options.db);
    for (const row of rows) if (!this.members.has(row.name)) this.joinStored(row);
    for (const name of this.members.keys()) if (!rows.some((row) => row.name === name)) await this.leave(name);
    for (const row of rows) this.versions.set(row.name, row.placementVersion);
  }

  subscribe(listener: FleetListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  all(): readonly Member[] {
    return [...this.members.values()];
  }

  get(name: string): Member | null {
    return this.members.get(name) ?? null;
  }

  observe(): ReadonlyMap<string, ObservedCluster> {
    return new Map([...this.members.values()].map((member) => [member.name, this.observed(member)]));
  }

  observed({ name, labels, removal, port }: Member): ObservedCluster {
    const observed = port.observe();
    return { ...observed, health: this.options.ownership.health(name, observed.health), labels, removal };
  }

  /** As last read; a placement that is planned on it commits only if it is still so. */
  placementVersion(name: string): number {
    return this.versions.get(name) ?? 0;
  }

  /**
   * Takes a version as known, when it is newer.
   *
   * Assumption: the sets in memory hold every promise up to it. A version that is ahead of them would let a placement
   * commit that never saw what it collides with; one that is behind only makes it plan again.
   */
  advancePlacementVersion(name: string, version: number): void {
    if (this.members.has(name) && version > this.placementVersion(name)) this.versions.set(name, version);
  }

  /** As stored now; nothing is taken as known yet. */
  async readPlacementVersions(): Promise<ReadonlyMap<string, number>> {
    return new Map((await loadClusters(this.options.db)).map((row) => [row.name, row.placementVersion]));
  }

  join(row: ClusterRow): void {
    const kubeconfig = this.options.vault.open(row.name, row.kubeconfig);
    const { ownership } = this.options;
    const connection = { name: row.name, kubeconfig, context: row.context, isSimulated: row.isSimulated };
    const port = this.options.connect(connection, ownership.guard(row.name));
    const unsubscribe = port.onChange((change) => {
      if (change.kind !== "health") return this.changed(row.name, change);
      void ownership.look({ name: row.name, port });
      this.healthChanged(row.name);
    });
    this.members.set(row.name, {
      name: row.name,
      isSimulated: row.isSimulated,
      labels: labelsOf(row),
      removal: CLUSTER_REMOVAL_MODES.find((mode) => mode === row.removal) ?? null,
      registeredAtMs: row.registeredAt.getTime(),
      port,
      health: ownership.health(row.name, port.info().health),
      healthSinceMs: this.options.nowMs(),
      stop: unsubscribe,
    });
    this.versions.set(row.name, row.placementVersion);
    port.start();
    void ownership.look({ name: row.name, port });
    for (const listener of this.listeners) listener.onMembers?.();
  }

  /** Drops the connection and makes a new one. */
  async reconnect(name: string): Promise<void> {
    const row = (await loadClusters(this.options.db)).find((candidate) => candidate.name === name);
    if (row === undefined) await this.leave(name);
    else await this.replace(row);
  }

  /** As a join; what was the member before leaves in the same moment: groups of a cluster that is no member are let go. */
  async replace(row: ClusterRow): Promise<void> {
    const before = this.members.get(row.name);
    this.join(row);
    before?.stop();
    await before?.port.stop();
  }

  private joinStored(row: ClusterRow): void {
    try {
      this.join(row);
    } catch (error) {
      // A sandbox cluster registers itself again, with a kubeconfig that can be read.
      if (!row.isSimulated) throw error;
      this.options.log.warn({ err: error, cluster: row.name }, "sandbox cluster left out until it registers again");
    }
  }

  /** From now on groups are placed by these. */
  relabel(name: string, labels: Readonly<Record<string, string>>): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    member.labels = labels;
    for (const listener of this.listeners) listener.onMembers?.();
  }

  /** From now on its groups leave it. */
  beginRemoval(name: string, removal: ClusterRemovalMode): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    member.removal = removal;
    for (const listener of this.listeners) listener.onMembers?.();
  }

  async leave(name: string): Promise<void> {
    const member = this.members.get(name);
    if (member === undefined) return;
    this.members.delete(name);
    this.versions.delete(name);
    member.stop();
    this.options.ownership.forget(name);
    await member.port.stop();
    for (const listener of this.listeners) listener.onMembers?.();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.members.values()].map((member) => member.port.stop()));
  }

  /** Of the contact, or of whose it is. */
  healthChanged(name: string): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    const health = this.options.ownership.health(name, member.port.info().health);
    if (health !== member.health) {
      this.options.log.info({ cluster: name, from: member.health, to: health }, "cluster health");
      member.health = health;
      member.healthSinceMs = this.options.nowMs();
    }
    this.changed(name, { kind: "health", health });
  }

  private changed(name: string, change: ClusterChange): void {
    for (const listener of this.listeners) listener.onChange?.(name, change);
  }
}

const labelsOf = ({ labels }: ClusterRow) => labels as Readonly<Record<string, string>>;

/** Errors: DomainError `cluster.not-found` that names the clusters there are. */
export function requireMember(fleet: Fleet, name: string): Member {
  const member = fleet.get(name);
  if (member !== null) return member;
  const names = fleet.all().map((known) => known.name);
  const known = names.length === 0 ? "None is registered." : `Registered: ${names.join(", ")}.`;
  throw new DomainError("cluster.not-found", `There is no cluster ${name}. ${known}`, { params: { cluster: name } });
}
