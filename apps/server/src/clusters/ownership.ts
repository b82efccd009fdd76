import { randomUUID } from "node:crypto";
import { DomainError } from "@openpatio/core/errors";
import type { ClusterHealth } from "@openpatio/core/model";
import {
  judge,
  leaseObject,
  leaseText,
  nextNonces,
  OWNERSHIP_TIMING,
  type OwnerLease,
  type OwnershipTiming,
  type Standing,
  termOf,
  WHOLE_CLUSTER,
} from "@openpatio/core/ownership";
import type { ClusterPort, OwnerLeasePort, WriteGuard } from "@openpatio/core/ports";
import { type OwnershipModel, ownershipMessage, UNKNOWN_OWNERSHIP } from "@openpatio/core/view";
import type { Database } from "@openpatio/db";
import type { Logger } from "../log.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import { clusterEntry } from "./entry.ts";
import { type Identity, loadOwnership, type StoredOwnership, storeOwnership } from "./ownership-repo.ts";

/** Somebody wrote in between; after so many tries the next look goes on. */
const TRIES = 4;
/** Taken over while there was no Lease to be taken. */
const NO_TERM = "none";
const SILENCE_GRAIN_MS = 60_000;

type Known = {
  model: OwnershipModel;
  /** When the look began that last showed the cluster as ours, by the monotonic clock. */
  confirmedMs: number | null;
  renewedMs: number | null;
  /** A pause after a take-over ends then. */
  pauseEndMs: number | null;
  /** Since when there is no Lease where there was another's. */
  absentSinceMs: number | null;
  /** What Leases of others were last seen to say, and since when. */
  readonly seen: Map<string, { readonly version: string; readonly sinceMs: number; readonly renewedMs: number | null }>;
  looking: Promise<void> | null;
  /** Asked for while a look was under way. */
  isDue: boolean;
  /** It is being given back: nothing is created any more. */
  isLeaving: boolean;
  /** Places without a namespace to hold a Lease; asked again with the renewals. */
  readonly noNamespace: Set<string>;
  wasOpen: boolean;
  toldHealth: ClusterHealth | null;
  onOpen: () => void;
};

type Member = { readonly name: string; readonly port: Pick<ClusterPort, "leases" | "info"> };

export type OwnershipOptions = {
  readonly db: Database;
  readonly identity: Identity;
  /** Which namespaces this control plane is limited to; null: none. */
  readonly namespaces: readonly string[] | null;
  /** Of several servers on one database, one holds the Leases. */
  readonly mayWrite: () => boolean;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
  /** Never set, never jumping. */
  readonly monotonicMs: () => number;
  readonly timing?: Partial<OwnershipTiming>;
  readonly log: Logger;
};

/**
 * To which control plane clusters belong, by a Lease in each of them.
 *
 *   look at the Lease ──► judge (core) ──► ours: store the next nonce, then renew ──► writes are open for a while
 *                                     └──► another's: told once, nothing is written until somebody takes it over
 *
 * The guard is asked before every write to a cluster, by its connection. It is open only for `validMs` after the beginning
 * of a look that showed the Lease as ours, so a holder that can't look stops by itself; who takes over from one that may
 * still be there waits `pauseMs` before it begins. Times are by one monotonic clock of this process; the clocks of others
 * play no part.
 */
export class Ownership {
  readonly timing: OwnershipTiming;
  private readonly options: OwnershipOptions;
  private readonly places: readonly string[];
  private readonly clusters = new Map<string, Known>();
  private members: () => readonly Member[] = () => [];
  private onHealth: (cluster: string) => void = () => {};
  private timer: NodeJS.Timeout | null = null;

  constructor(options: OwnershipOptions) {
    this.options = options;
    this.timing = { ...OWNERSHIP_TIMING, ...options.timing };
    this.places = options.namespaces === null ? [WHOLE_CLUSTER] : [...new Set(options.namespaces)].sort();
  }

  /** From now on it looks; `onHealth` is told when what a cluster is good for changed. */
  start(members: () => readonly Member[], onHealth: (cluster: string) => void): void {
    this.members = members;
    this.onHealth = onHealth;
    this.timer = setInterval(() => this.lookAtAll(), this.timing.lookMs).unref();
    this.lookAtAll();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.members = () => [];
    for (const { looking } of this.clusters.values()) await looking;
  }

  lookAtAll(): void {
    for (const member of this.members()) void this.look(member);
  }

  /** For one connection at a time. */
  guard(cluster: string): WriteGuard {
    return {
      refusal: () => this.refusal(cluster),
      onOpen: (listener) => {
        this.known(cluster).onOpen = listener;
      },
    };
  }

  /** It is registered no more. */
  forget(cluster: string): void {
    this.clusters.delete(cluster);
  }

  /** What a cluster is good for, given how it can be reached. One that is another's stays so when it can't be. */
  health(cluster: string, contact: ClusterHealth): ClusterHealth {
    const { state } = this.model(cluster);
    if (state === "foreign") return "foreign";
    if (contact !== "live") return contact;
    if (state === "held" || state === "unprotected") return "live";
    return state === "unconfirmed" ? "stale" : "connecting";
  }

  model(cluster: string): OwnershipModel {
    const known = this.clusters.get(cluster);
    if (known === undefined) return UNKNOWN_OWNERSHIP;
    return known.model.state === "held" && !this.isConfirmed(known)
      ? { ...known.model, state: "unconfirmed" }
      : known.model;
  }

  /** Looks now, and does what that shows to be due. */
  look(member: Member): Promise<void> {
    const known = this.known(member.name);
    known.isDue = true;
    known.looking ??= this.lookWhileDue(member, known).finally(() => {
      known.looking = null;
    });
    return known.looking;
  }

  private async lookWhileDue(member: Member, known: Known): Promise<void> {
    while (known.isDue && !known.isLeaving) {
      known.isDue = false;
      await this.lookUntilDone(member, known);
      this.tell(member, known);
    }
  }

  /** Of the control plane to which a cluster belongs that is not registered yet; null: nobody, or none can be told. */
  async ownerOf(leases: OwnerLeasePort): Promise<OwnershipModel | null> {
    try {
      const standing = judge(this.claim(null), await this.find(leases, false));
      if (standing.kind === "ours") return null;
      const { owner, isCopy } = standing;
      return { ...UNKNOWN_OWNERSHIP, state: "foreign", owner, isCopy, lastRenewedMs: renewedMs(owner) };
    } catch (error) {
      if (isForbidden(error)) return null;
      throw error;
    }
  }

  /** What is to be stored so that a cluster is taken from whoever has it at this moment, and in whose terms. */
  async takeOver(
    cluster: string,
    leases: OwnerLeasePort,
  ): Promise<{ readonly next: StoredOwnership; readonly from: string } | null> {
    const stored = await loadOwnership(this.options.db, cluster, this.options.identity);
    const found = await this.find(leases, false);
    const standing = judge({ ...this.claim(stored), takes: [] }, found);
    const from = standing.kind === "foreign" ? standing.owner : stored.refusedBy;
    if (from === null) return null;
    const takes = found.length === 0 ? [NO_TERM] : found.map(termOf);
    return { next: { ...stored, takes, refusedBy: null }, from: from.holderName };
  }

  get identity(): Identity {
    return this.options.identity;
  }

  /** Gives a cluster that is ours back: its Leases are removed, as far as they are still ours. */
  async release({ name, port }: Member): Promise<void> {
    const known = this.known(name);
    known.isLeaving = true;
    await known.looking;
    const stored = await loadOwnership(this.options.db, name, this.options.identity);
    const standing = judge(this.claim(stored), await this.find(port.leases, true));
    if (standing.kind === "ours") for (const lease of standing.renew) await port.leases.delete(lease);
  }

  /** It stays after all. */
  keep(cluster: string): void {
    this.known(cluster).isLeaving = false;
  }

  private refusal(cluster: string): string | null {
    const model = this.model(cluster);
    if (model.state === "held" || model.state === "unprotected") return null;
    return `${cluster}: ${ownershipMessage(model)}`;
  }

  private isConfirmed({ confirmedMs }: Known): boolean {
    return confirmedMs !== null && this.options.monotonicMs() - confirmedMs <= this.timing.validMs;
  }

  private tell(member: Member, known: Known): void {
    const isOpen = this.refusal(member.name) === null;
    if (isOpen && !known.wasOpen) known.onOpen();
    known.wasOpen = isOpen;
    const health = this.health(member.name, member.port.info().health);
    if (health === known.toldHealth) return;
    known.toldHealth = health;
    this.onHealth(member.name);
  }

  private known(cluster: string): Known {
    let known = this.clusters.get(cluster);
    if (known === undefined) {
      known = {
        model: UNKNOWN_OWNERSHIP,
        confirmedMs: null,
        renewedMs: null,
        pauseEndMs: null,
        absentSinceMs: null,
        seen: new Map(),
        looking: null,
        isDue: false,
        isLeaving: false,
        noNamespace: new Set(),
        wasOpen: false,
        toldHealth: null,
        onOpen: () => {},
      };
      this.clusters.set(cluster, known);
    }
    return known;
  }

  private async lookUntilDone(member: Member, known: Known): Promise<void> {
    for (let left = TRIES; left > 0; left--) {
      try {
        if (await this.lookOnce(member, known)) return;
      } catch (error) {
        const isConflict = error instanceof DomainError && error.code === "cluster.conflict";
        if (!isConflict) return this.lookFailed(member, known, error);
      }
    }
  }

  private lookFailed({ name }: Member, known: Known, error: unknown): void {
    if (isForbidden(error) && known.model.state !== "foreign") {
      known.model = { ...UNKNOWN_OWNERSHIP, state: "unprotected", trouble: error.message };
      return;
    }
    const trouble = error instanceof DomainError ? error.message : null;
    if (trouble === null) this.options.log.warn({ err: error, cluster: name }, "Lease not looked at");
    if (known.model.state !== "foreign") known.model = { ...known.model, trouble };
  }

  /** True when there is nothing more to do now. */
  private async lookOnce(member: Member, known: Known): Promise<boolean> {
    const { db, identity, mayWrite, monotonicMs } = this.options;
    const { name, port } = member;
    const beganMs = monotonicMs();
    const stored = await loadOwnership(db, name, identity);
    if (stored.refusedBy !== null && known.model.state === "unknown") known.model = recalled(stored.refusedBy);
    const found = await this.find(port.leases, known.model.state === "held");
    this.observe(known, found);
    const standing = judge(this.claim(stored), found);
    if (standing.kind === "foreign") return this.refused(member, known, stored, standing);
    const { take, displace, renew } = standing;
    const isDue = known.renewedMs === null || beganMs - known.renewedMs >= this.timing.renewMs;
    const create = standing.create.filter((place) => isDue || !known.noNamespace.has(place));
    const wasAnothers = stored.takes.length === 0 && (stored.refusedBy !== null || known.model.state === "foreign");
    if (wasAnothers && create.length > 0 && this.mayComeBack(known)) return true;
    const isComplete = take.length === 0 && displace.length === 0 && (create.length === 0 || renew.length > 0);
    if (!mayWrite()) {
      if (isComplete && !stored.isPausing) this.confirm(known, beganMs);
      return true;
    }
    const leases = [...take, ...(isDue ? renew : [])];
    if (take.length + displace.length + create.length > 0 || isDue) {
      const others = [...take, ...displace].filter(({ holder }) => take.length > 0 || holder !== identity.id);
      const isPausing = stored.isPausing || others.some((lease) => this.silence(known, lease) === null);
      if (!(await this.write(member, known, stored, { leases, create, displace, isPausing }))) return false;
      known.renewedMs = beganMs;
      if (!isComplete) known.pauseEndMs = null;
      // What others may have done meanwhile shows in another look; it also ends the term that was taken over.
      if (take.length + displace.length > 0) return false;
    }
    return this.hold(member, known, beganMs);
  }

  /** The Leases are ours: work begins, at once or after the pause. */
  private async hold({ name }: Member, known: Known, beganMs: number): Promise<boolean> {
    const { db, identity, nowMs, monotonicMs } = this.options;
    const stored = await loadOwnership(db, name, identity);
    known.absentSinceMs = null;
    if (stored.isPausing) {
      known.pauseEndMs ??= monotonicMs() + this.timing.pauseMs;
      const leftMs = known.pauseEndMs - monotonicMs();
      if (leftMs > 0) {
        const beginsAtMs = known.model.state === "pausing" ? known.model.beginsAtMs : nowMs() + leftMs;
        known.model = { ...known.model, state: "pausing", beginsAtMs, trouble: null };
        setTimeout(() => this.lookAtAll(), leftMs + 1).unref();
        return true;
      }
    }
    if (stored.isPausing || stored.takes.length > 0) {
      if ((await storeOwnership(db, name, identity, { ...stored, isPausing: false, takes: [] })) === null) return false;
    }
    this.confirm(known, beganMs);
    return true;
  }

  private confirm(known: Known, beganMs: number): void {
    known.confirmedMs = beganMs;
    known.pauseEndMs = null;
    known.model = { ...UNKNOWN_OWNERSHIP, state: "held" };
  }

  /** Stores what is about to be written, then writes it. False when the row was changed meanwhile. */
  private async write(
    { name, port }: Member,
    known: Known,
    stored: StoredOwnership,
    wanted: {
      readonly leases: readonly OwnerLease[];
      readonly create: readonly string[];
      readonly displace: readonly OwnerLease[];
      readonly isPausing: boolean;
    },
  ): Promise<boolean> {
    const { db, identity, nowMs } = this.options;
    const places = [
      ...wanted.leases.map((before) => ({ namespace: before.namespace, before })),
      ...wanted.create.map((namespace) => ({ namespace, before: null })),
    ];
    const nonces = Object.fromEntries(
      places.map(({ namespace, before }) => [namespace, nextNonces(stored.nonces[namespace], before, randomUUID())]),
    );
    const next = {
      ...stored,
      nonces: { ...stored.nonces, ...nonces },
      isPausing: wanted.isPausing,
      refusedBy: null,
    };
    if ((await storeOwnership(db, name, identity, next)) === null) return false;
    for (const { namespace, before } of places) {
      const object = leaseObject({
        namespace,
        before,
        controlPlane: identity.id,
        host: identity.host,
        nonce: nonces[namespace]?.next ?? "",
        at: new Date(nowMs()).toISOString(),
        durationMs: this.timing.durationMs,
      });
      if (before !== null) await port.leases.replace(object);
      else if (await port.leases.create(object)) known.noNamespace.delete(namespace);
      else known.noNamespace.add(namespace);
    }
    for (const lease of wanted.displace) await port.leases.delete(lease);
    return true;
  }

  private async refused(
    { name }: Member,
    known: Known,
    stored: StoredOwnership,
    { owner, isCopy }: Standing & { kind: "foreign" },
  ): Promise<boolean> {
    const { db, identity, timeline, mayWrite, nowMs } = this.options;
    known.confirmedMs = null;
    known.renewedMs = null;
    known.pauseEndMs = null;
    known.absentSinceMs = null;
    const silentMs = this.silence(known, owner);
    const lastRenewedMs = known.seen.get(owner.namespace)?.renewedMs ?? renewedMs(owner);
    known.model = { ...UNKNOWN_OWNERSHIP, state: "foreign", owner, isCopy, lastRenewedMs, silentMs };
    const term = termOf(owner);
    if (!mayWrite() || stored.refusedBy?.term === term) return true;
    const refusedBy = { term, holder: owner.holder, holderName: owner.holderName };
    const line = clusterEntry(
      "cluster.ousted",
      "cluster",
      name,
      "Touch nothing there and assume nothing until somebody takes it over here",
      `The Lease ${leaseText(owner)} names ${owner.holderName}${isCopy ? ", another state of this database" : ""}`,
    );
    const items = await db.$transaction(async (tx) => {
      const next = { ...stored, takes: [], isPausing: false, refusedBy };
      if ((await storeOwnership(tx, name, identity, next)) === null) return null;
      return timeline.write(tx, [line], nowMs());
    });
    if (items === null) return false;
    timeline.publish(items);
    return true;
  }

  /** Whoever had it may only have lost the Lease by mistake, and puts it back. */
  private mayComeBack(known: Known): boolean {
    const nowMs = this.options.monotonicMs();
    known.absentSinceMs ??= nowMs;
    return nowMs - known.absentSinceMs < this.timing.durationMs;
  }

  private claim(stored: StoredOwnership | null) {
    const { identity } = this.options;
    return {
      controlPlane: identity.id,
      places: this.places,
      nonces: stored?.nonces ?? {},
      takes: stored?.takes ?? [],
    };
  }

  /** The Leases that matter. Who holds the one for the whole cluster need not ask for those of others: they see his. */
  private async find(leases: OwnerLeasePort, isHeld: boolean): Promise<readonly OwnerLease[]> {
    const isWhole = this.places.includes(WHOLE_CLUSTER);
    if (isWhole) {
      const own = await leases.read(WHOLE_CLUSTER);
      // Where it vanished, somebody with namespaces of his own may have removed it.
      if (isHeld && own !== null) return [own];
      const all = await leases.list().catch((error: unknown) => {
        if (isForbidden(error)) return [];
        throw error;
      });
      return [...(own === null ? [] : [own]), ...all.filter(({ namespace }) => namespace !== WHOLE_CLUSTER)];
    }
    const namespaces = [...this.places, WHOLE_CLUSTER];
    const found = await Promise.all(namespaces.map((namespace) => leases.read(namespace)));
    return found.filter((lease) => lease !== null);
  }

  private observe(known: Known, found: readonly OwnerLease[]): void {
    const nowMs = this.options.monotonicMs();
    for (const { namespace, uid, version } of found) {
      const key = `${uid} ${version}`;
      const before = known.seen.get(namespace);
      if (before?.version === key) continue;
      known.seen.set(namespace, {
        version: key,
        sinceMs: nowMs,
        renewedMs: before === undefined ? null : this.options.nowMs(),
      });
    }
  }

  /** For how long its holder has not renewed, as far as we saw; null while that is not long enough to say anything. */
  private silence(known: Known, { namespace }: OwnerLease): number | null {
    const seen = known.seen.get(namespace);
    if (seen === undefined) return null;
    const silentMs = this.options.monotonicMs() - seen.sinceMs;
    if (silentMs < this.timing.durationMs) return null;
    return Math.max(this.timing.durationMs, Math.floor(silentMs / SILENCE_GRAIN_MS) * SILENCE_GRAIN_MS);
  }
}

/** Of what was known before a restart, while the cluster was not looked at since. */
const recalled = ({ term, holder, holderName }: NonNullable<StoredOwnership["refusedBy"]>): OwnershipModel => ({
  ...UNKNOWN_OWNERSHIP,
  state: "foreign",
  owner: {
    namespace: term.split(" ")[0] ?? "",
    uid: "",
    version: "",
    holder,
    holderName,
    nonce: null,
    transitions: 0,
    renewTime: null,
    acquireTime: null,
  },
});

/** By the clock of who wrote it. */
function renewedMs({ renewTime }: OwnerLease): number | null {
  const atMs = Date.parse(renewTime ?? "");
  return Number.isNaN(atMs) ? null : atMs;
}

const isForbidden = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.code === "cluster.refused" && error.params["status"] === 403;
