import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { clustersOfGroup, homeOf } from "@openpatio/core/model";
import type { OwnershipTiming } from "@openpatio/core/ownership";
import type { ClusterPort, WriteGuard } from "@openpatio/core/ports";
import { type Database, openDatabase } from "@openpatio/db";
import { Adopter } from "./adoption/adopter.ts";
import { EventTeller } from "./adoption/event-teller.ts";
import { ConsoleDoor } from "./adoption/resource-door.ts";
import { ContactLog } from "./clusters/contact-log.ts";
import { type Connection, Fleet } from "./clusters/fleet.ts";
import { LostContacts } from "./clusters/lost-contacts.ts";
import { Ownership } from "./clusters/ownership.ts";
import { loadIdentity } from "./clusters/ownership-repo.ts";
import { ClusterRemovals } from "./clusters/removals.ts";
import { ClusterVerbs } from "./clusters/service.ts";
import type { Vault } from "./clusters/vault.ts";
import { createHttpServer } from "./http/server.ts";
import { LiveHub } from "./live/hub.ts";
import { Models } from "./live/models.ts";
import { feedTopics, topicSource, topicsOfSet } from "./live/topics.ts";
import type { Logger } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { PodVerbs } from "./pods/service.ts";
import { Executor } from "./reconcile/executor.ts";
import { Lease } from "./reconcile/lease.ts";
import { LogTails } from "./reconcile/log-tails.ts";
import { MissingReferences } from "./reconcile/missing-references.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { Reservations } from "./reconcile/reservations.ts";
import { RolloutVerbs } from "./rollouts/service.ts";
import type { SandboxControl } from "./sandbox/control.ts";
import { removeSandboxMembers, SandboxMembers } from "./sandbox/members.ts";
import { SandboxVerbs } from "./sandbox/service.ts";
import { SetVerbs } from "./sets/service.ts";
import { SetStore } from "./sets/set-store.ts";
import { SystemInfoService } from "./system/service.ts";
import { TimelineStore } from "./timeline/timeline-store.ts";
import type { Services } from "./trpc/context.ts";
import type { Web } from "./web.ts";

export type AppOptions = {
  readonly databaseUrl: string;
  readonly vault: Vault;
  readonly connect: (connection: Connection, guard: WriteGuard) => ClusterPort;
  /** Folder of the sandbox's kubeconfigs; null: no sandbox. */
  readonly sandboxDir: string | null;
  readonly sandbox: SandboxControl;
  readonly host: string;
  readonly port: number;
  readonly openWeb: (() => Promise<Web>) | null;
  readonly version: string;
  readonly hostName: string;
  /** Where sets that are applied with kubectl are followed; null: in every namespace. */
  readonly namespaces: readonly string[] | null;
  readonly nowMs: () => number;
  /** How fast ownership of clusters is looked at, renewed and taken over; the usual by default. */
  readonly ownership?: Partial<OwnershipTiming>;
  readonly log: Logger;
};

export type App = {
  /** The port that it listens on. */
  readonly port: number;
  readonly services: Services;
  readonly fleet: Fleet;
  readonly sets: SetStore;
  stop(): Promise<void>;
};

const DATABASE_TIMEOUT_MS = 2_000;
const PRUNE_MS = 3_600_000;

async function answers(db: Database): Promise<boolean> {
  const late = sleep(DATABASE_TIMEOUT_MS, false, { ref: false });
  const asked = db.$queryRaw`select 1`.then(
    () => true,
    () => false,
  );
  return Promise.race([asked, late]);
}

/**
 * The composition: everything that this process is, put together in the order in which it depends on each other.
 *
 * Errors: Error when the database does not answer or the port is taken.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { nowMs, log } = options;
  const startedAtMs = nowMs();
  const db = openDatabase(options.databaseUrl);
  const timeline = new TimelineStore(db);
  const sets = new SetStore(db, timeline, nowMs);
  await sets.load();
  const isUsed = (cluster: string) =>
    [...sets.all()].some(
      ({ state }) =>
        homeOf(state) === cluster || state.groups.some((group) => clustersOfGroup(group).includes(cluster)),
    );
  if (options.sandboxDir === null) await removeSandboxMembers(db, isUsed);
  const ownership = new Ownership({
    db,
    identity: await loadIdentity(db, options.hostName),
    namespaces: options.namespaces,
    mayWrite: () => lease.isHeld,
    timeline,
    nowMs,
    monotonicMs: () => performance.now(),
    ...(options.ownership === undefined ? {} : { timing: options.ownership }),
    log,
  });
  const fleet = new Fleet({ db, vault: options.vault, connect: options.connect, ownership, nowMs, log });
  const reservations = new Reservations(sets);
  const missing = new MissingReferences(fleet, nowMs);
  const lost = new LostContacts({ fleet, db, nowMs, mayWrite: () => lease.isHeld, log });

  const metrics = createMetrics({
    fleet,
    nowMs,
    queueDepth: () => reconciler.queueDepth,
    isReconciling: () => lease.isHeld,
    streamReaders: () => live.readerCount,
    sets: () => sets.size,
  });
  const executor = new Executor({
    port: (cluster) => fleet.get(cluster)?.port ?? null,
    mayAct: () => reconciler.mayAct(),
    nowMs,
    log,
    onAction: (cluster, kind, isOk) => metrics.actions.inc({ cluster, kind, outcome: isOk ? "ok" : "failed" }),
  });
  const models = new Models({
    sets,
    fleet,
    ownership,
    reservations,
    missing,
    executor,
    sandbox: options.sandbox,
    nowMs,
  });
  const live: LiveHub = new LiveHub({
    source: topicSource({ models, sets, fleet, timeline }),
    nowMs,
    onError: (error, topic) => log.error({ err: error, topic }, "topic not computed"),
  });
  const stopFeeding = feedTopics(live, { sets, fleet, timeline });
  const reconciler: Reconciler = new Reconciler({
    sets,
    fleet,
    timeline,
    reservations,
    missing,
    lost,
    executor,
    logTails: new LogTails({ sets, port: (cluster) => fleet.get(cluster)?.port ?? null, log }),
    log,
    nowMs,
    onPlanned: (id, status) => {
      if (models.setStatus(id, status)) markSet(id);
    },
    onRefusals: (id) => markSet(id),
    onRun: (seconds, isOk) => metrics.runs.observe({ outcome: isOk ? "ok" : "failed" }, seconds),
  });
  const markSet = (id: string) => {
    const set = sets.get(id);
    if (set === null) return;
    for (const topic of ["sets", "clusters", "attention"]) live.markDirty(topic);
    for (const topic of topicsOfSet("set", set.state)) live.markDirty(topic);
    for (const group of set.state.groups) if (group.placement) live.markDirty(`cluster/${group.placement.cluster}`);
  };
  const pruneTimeline = () => {
    if (!lease.isHeld) return;
    timeline.prune().catch((error: unknown) => log.warn({ err: error }, "timeline not pruned"));
  };
  const pruning = setInterval(pruneTimeline, PRUNE_MS).unref();
  const lease: Lease = new Lease({
    db,
    databaseUrl: options.databaseUrl,
    holder: options.hostName,
    log,
    onAcquired: (held) => {
      reconciler.hold(held);
      ownership.lookAtAll();
      adopter.lookAtAll();
      pruneTimeline();
    },
    onLost: () => {},
  });
  const contacts = new ContactLog({ fleet, timeline, nowMs, log, mayWrite: () => lease.isHeld });

  const adopter: Adopter = new Adopter({
    sets,
    fleet,
    namespaces: options.namespaces,
    mayAct: () => reconciler.mayAct(),
    nowMs,
    log,
  });
  const events = new EventTeller({ fleet, timeline, mayAct: () => reconciler.mayAct(), nowMs, log });
  sets.resources = new ConsoleDoor({ sets, fleet, adopter });

  const clusters = new ClusterVerbs({
    db,
    vault: options.vault,
    fleet,
    ownership,
    sets,
    models,
    timeline,
    namespaces: options.namespaces,
    nowMs,
  });
  const removals = new ClusterRemovals({
    fleet,
    sets,
    mayAct: () => reconciler.mayAct(),
    finish: async (member) => void (await clusters.finish("openpatio", member)),
    log,
  });
  const services: Services = {
    sets: new SetVerbs({ sets, fleet, models, reservations, missing, timeline, nowMs }),
    rollouts: new RolloutVerbs(sets, nowMs),
    clusters,
    pods: new PodVerbs({ sets, fleet, models, timeline, nowMs }),
    sandbox: new SandboxVerbs({
      fleet,
      sets,
      control: options.sandbox,
      timeline,
      nowMs,
      onFault: (cluster) => live.markDirty(`cluster/${cluster}`),
    }),
    system: new SystemInfoService({
      version: options.version,
      startedAtMs,
      host: options.host,
      isSandboxOn: options.sandboxDir !== null,
      nowMs,
      sets: () => sets.size,
      clusters: () => fleet.all().length,
      isReconciling: () => lease.isHeld,
    }),
    live,
  };

  let isReady = false;
  const web = options.openWeb === null ? null : await options.openWeb();
  const http = createHttpServer({
    services,
    log,
    metrics: metrics.registry,
    web,
    isReady: async () => isReady && (await answers(db)),
  });
  await new Promise<void>((resolve, reject) => {
    http.server.once("error", reject);
    http.server.listen(options.port, options.host, resolve);
  });
  ownership.start(
    () => fleet.all(),
    (cluster) => fleet.healthChanged(cluster),
  );
  await fleet.load();
  const members =
    options.sandboxDir === null
      ? null
      : new SandboxMembers({
          dir: options.sandboxDir,
          db,
          vault: options.vault,
          fleet,
          control: options.sandbox,
          onFaults: () => live.markAllDirty((topic) => topic.startsWith("cluster/")),
          log,
          nowMs,
        });
  await members?.start();
  await lost.start();
  removals.start();
  reconciler.start();
  adopter.start();
  await lease.start();
  isReady = true;

  return {
    port: (http.server.address() as AddressInfo).port,
    services,
    fleet,
    sets,
    stop: async () => {
      isReady = false;
      clearInterval(pruning);
      members?.stop();
      stopFeeding();
      contacts.stop();
      lost.stop();
      removals.stop();
      live.close();
      await http.close();
      events.stop();
      await adopter.stop();
      await reconciler.stop();
      await lease.stop();
      await ownership.stop();
      await fleet.stop();
      await web?.close();
      await db.$disconnect();
    },
  };
}
