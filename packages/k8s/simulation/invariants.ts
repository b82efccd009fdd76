import {
  canonicalJson,
  type GroupState,
  groupRoles,
  type KubeObject,
  LABEL,
  LWS_LABEL,
  type SetState,
} from "@openpatio/core/model";
import { reservationsOf } from "@openpatio/core/placement";
import { maxSurge, maxUnavailable, type TimelineDraft } from "@openpatio/core/plan";
import type { SimEvent } from "../src/sim/api.ts";
import type { SteppedClock } from "../src/sim/clock.ts";
import { RESOURCE, type SimCluster } from "./sim-cluster.ts";

/**
 * What must hold in every reachable state, judged by the cluster itself after every change of it, and by what is stored
 * at every commit. Numbers are those of the product's list of invariants.
 */

type PodFacts = {
  readonly cluster: string;
  readonly set: string;
  readonly group: number;
  readonly role: string;
  /** Of its role's workload. */
  readonly kind: string;
  /** Of a StatefulSet's pod. */
  readonly ordinal: number | null;
  readonly incarnation: number;
  readonly node: string | null;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
};

type Read = (set: string) => SetState | null;

export class Invariants {
  readonly violations: string[] = [];
  readonly #read: Read;
  readonly #pods = new Map<string, PodFacts>();
  /** How many pods of set/group/incarnation/role were Ready at once, at most. */
  readonly #mostReady = new Map<string, number>();
  /** set/group/incarnation that something was done to. */
  readonly #hit = new Set<string>();
  readonly #asked = new Map<string, string>();
  /** Lives in which somebody else changed a workload or the owner. */
  readonly #meddled = new Set<string>();
  /** When set/group/incarnation last lost a pod that was Ready. */
  readonly #lostAtMs = new Map<string, number>();
  readonly #clock: SteppedClock | undefined;
  /** set/group whose owner somebody else changed. */
  readonly #ownersMeddled = new Set<string>();
  readonly #hitPods = new Set<string>();
  /** Failures that must lead to a new incarnation: set/group → the incarnation that failed. */
  readonly #owed = new Map<string, { readonly incarnation: number; readonly restarts: number }>();
  readonly #troubledNodes = new Set<string>();
  /** set → group → incarnation in which it was taken down while Ready. */
  readonly #takenDown = new Map<string, Map<number, number>>();
  readonly #nodes = new Map<string, KubeObject>();
  readonly #domainOfGroup = new Map<string, string>();
  /** Every set/group/incarnation that was ever stored: write-ahead means that pods come after it. */
  readonly #storedLives = new Set<string>();
  /** Every set/group/incarnation/role that was ever started. */
  readonly #startedRoles = new Set<string>();
  /** A scale-out of a role may promise more than there is; its pods wait then. */
  isRoomJudged = true;
  /** Otherwise no claim ever goes. */
  deletesVolumes = false;

  constructor(clusters: readonly SimCluster[], read: Read) {
    this.#read = read;
    this.#clock = clusters[0]?.clock;
    for (const cluster of clusters) {
      for (const node of cluster.store.list("nodes")) this.#nodes.set(`${cluster.name}/${node.metadata.name}`, node);
      cluster.store.subscribe((event) => this.#changed(cluster, event));
    }
  }

  /** 8: what a user was told is taken, stays, whatever crashes. */
  acknowledged(state: SetState): void {
    this.#asked.set(state.name, askedOf(state));
  }

  /** Somebody else changes an owner or a workload: of this life, or this role, anything may come. */
  meddled(object: KubeObject): void {
    const { labels = {} } = object.metadata;
    const set = labels[LABEL.set] ?? "";
    const index = Number(labels[LABEL.groupIndex]);
    this.hitGroup(set, index);
    // The owner outlives incarnations, and so does that it is not seen.
    if (object.kind === "RoleBasedGroup") this.#ownersMeddled.add(`${set}/${index}`);
    const incarnation =
      labels[LABEL.incarnation] ?? this.#read(set)?.groups.find((one) => one.index === index)?.incarnation;
    this.#hit.add(`${set}/${index}/${incarnation}`);
    this.#meddled.add(`${set}/${index}/${incarnation}`);
    for (const [uid, facts] of this.#pods)
      if (facts.set === set && facts.group === index) {
        this.#hit.add(lifeOf(facts));
        this.#hitPods.add(uid);
      }
  }

  /** Something is about to be done to this pod: its incarnation may end, once. Where it counts as a failure, it must. */
  hit(pod: KubeObject, mustRecover: boolean): void {
    const facts = this.#facts(pod);
    if (facts === null) return;
    this.#hit.add(lifeOf(facts));
    const uid = pod.metadata.uid ?? "";
    this.#hitPods.add(uid);
    const state = this.#read(facts.set);
    const group = state?.groups.find((candidate) => candidate.index === facts.group);
    if (!mustRecover || state === null || group?.stage !== "running" || group.incarnation !== facts.incarnation) return;
    // A pod under RoleRolling comes and goes by its workload's will, and one of an autoscaler may have been taken by it.
    if (group.roleUpdate !== null) return;
    const role = groupRoles(state, group.revision).find((candidate) => candidate.role === facts.role);
    if (role?.isExternal === true) return;
    if (role?.onPodFailure !== "Recreate" || this.#troubledNodes.has(nodeOf(facts))) return;
    if (state.spec.recovery.policy === "None") return;
    const isWanted = role.kind === "StatefulSet" && role.size === 1 && (facts.ordinal ?? 0) < role.replicas;
    if (isWanted && group.readyPods.some((known) => known.uid === uid))
      this.#owed.set(`${facts.set}/${facts.group}`, {
        incarnation: facts.incarnation,
        restarts: restartsOf(group),
      });
  }

  /** By the cluster: what was stored as Ready may have lost that since, and then it may be replaced at any time. */
  #isReady(life: string): boolean {
    // Watches may be late: what lost a pod a moment ago was not Ready when it was planned, or it was not known yet.
    const lostAtMs = this.#lostAtMs.get(life);
    if (lostAtMs !== undefined && (this.#clock?.nowMs() ?? 0) - lostAtMs < LATEST_WATCH_MS) return false;
    for (const pod of this.#pods.values()) if (lifeOf(pod) === life && !pod.isReady) return false;
    return true;
  }

  /** Something is about to be done to this group as a whole. */
  hitGroup(set: string, index: number): void {
    const group = this.#read(set)?.groups.find((candidate) => candidate.index === index);
    if (group !== undefined) this.#hit.add(`${set}/${index}/${group.incarnation}`);
  }

  /** From now on anything may happen to the pods of this node. */
  hitNode(cluster: SimCluster, name: string): void {
    this.#troubledNodes.add(`${cluster.name}/${name}`);
    for (const pod of cluster.store.list("pods")) if (this.#facts(pod, cluster)?.node === name) this.hit(pod, false);
  }

  healed(): void {
    this.#troubledNodes.clear();
  }

  /** A user edits the roles of a set: pods that failed may no longer be wanted. */
  asked(set: string): void {
    for (const key of this.#owed.keys()) if (key.startsWith(`${set}/`)) this.#owed.delete(key);
  }

  /** At the end nothing is owed any more. */
  settled(): void {
    for (const [group, { incarnation }] of this.#owed)
      this.#violated(5, `${group} never recovered from the failure of incarnation ${incarnation}`);
  }

  committed(before: SetState, after: SetState | null, timeline: readonly TimelineDraft[]): void {
    const set = before.name;
    const isRolledBack = timeline.some(({ kind }) => kind === "rollout.rolled-back" || kind === "rollout.aborted");
    if (after !== null && isRolledBack) this.#asked.set(set, askedOf(after));
    const asked = this.#asked.get(set);
    if (after !== null && asked !== askedOf(after))
      this.#violated(8, `${set} was asked for ${asked} and is stored as ${askedOf(after)}`);
    for (const reason of [after?.rollout.stalledReason, ...(after?.groups ?? []).map((one) => one.stalledReason)])
      if (reason?.includes("nothing is left to wait for") === true)
        this.#violated(9, `${set} stalls, and nothing is left to wait for`);
    if (after === null && !before.isDeleting) this.#violated(8, `${set} is gone, and nobody deleted it`);
    const groupsBefore = new Map(before.groups.map((group) => [group.index, group]));
    const takenDown = this.#takenDown.get(set) ?? new Map<number, number>();
    this.#takenDown.set(set, takenDown);
    let takesDown = false;
    for (const group of after?.groups ?? []) {
      const old = groupsBefore.get(group.index);
      const life = `${set}/${group.index}/${group.incarnation}`;
      this.#storedLives.add(life);
      const begins = group.stage === "teardown" && old?.stage !== "teardown" ? group.teardown?.cause : undefined;
      const isHit = this.#hit.has(life) || this.#ownersMeddled.has(`${set}/${group.index}`);
      if (begins?.kind === "failure" && !isHit && !begins.message.includes("made no progress"))
        this.#violated(5, `${life} is recovered, although nothing was done to it: ${begins.message}`);
      const isSameLife = old?.incarnation === group.incarnation;
      if (isSameLife && failedRestartsOf(group) > failedRestartsOf(old) && !this.#hit.has(life))
        this.#violated(5, `a role of ${life} is recreated, although nothing was done to it`);
      if (old !== undefined) this.#judgePartition(before, old, group);
      if (old !== undefined && group.incarnation > Math.max(old.incarnation, old.undone) + 1)
        this.#violated(5, `${life} comes after incarnation ${old.incarnation}`);
      const wasReady = (old?.readySinceMs ?? null) !== null && this.#isReady(life);
      if ((begins?.kind === "rollout" || begins?.kind === "restart") && wasReady) {
        takenDown.set(group.index, group.incarnation);
        takesDown = true;
      }
      // Role by role it is missed as well, in the same incarnation.
      if (old?.roleUpdate === null && group.roleUpdate !== null && wasReady) {
        takenDown.set(group.index, group.incarnation - 1);
        takesDown = true;
      }
      // One that is scaled in is no longer wanted, so it is not missed either.
      if (group.teardown?.next === "remove") takenDown.delete(group.index);
      const since = takenDown.get(group.index);
      if (since !== undefined && group.incarnation > since && group.readySinceMs !== null)
        takenDown.delete(group.index);
      const owed = this.#owed.get(`${set}/${group.index}`);
      const isRecovered =
        group.incarnation !== owed?.incarnation || restartsOf(group) > owed.restarts || group.roleUpdate !== null;
      if (owed !== undefined && (isRecovered || group.teardown?.next === "remove"))
        this.#owed.delete(`${set}/${group.index}`);
      const wasStarted = old?.incarnation === group.incarnation ? old.startedRoles : [];
      for (const role of group.startedRoles)
        if (!wasStarted.includes(role)) {
          this.#startedRoles.add(`${life}/${role}`);
          this.#judgeStart(after ?? before, group, role);
        }
    }
    const present = new Set(after?.groups.map((group) => group.index));
    for (const index of groupsBefore.keys()) {
      if (present.has(index)) continue;
      takenDown.delete(index);
      this.#owed.delete(`${set}/${index}`);
      // A group that comes back begins anew.
      for (const key of this.#mostReady.keys()) if (key.startsWith(`${set}/${index}/`)) this.#mostReady.delete(key);
      for (const key of this.#startedRoles) if (key.startsWith(`${set}/${index}/`)) this.#startedRoles.delete(key);
      for (const key of this.#domainOfGroup.keys())
        if (key.startsWith(`${set}/${index}/`)) this.#domainOfGroup.delete(key);
    }
    const extras = (after?.groups ?? []).filter(({ isSurge, teardown }) => isSurge && teardown?.next !== "remove");
    const extrasBefore = before.groups.filter(({ isSurge, teardown }) => isSurge && teardown?.next !== "remove");
    const surge = maxSurge(before.spec);
    if (extras.length > extrasBefore.length && extras.length > surge)
      this.#violated(
        3,
        `${set} has ${extras.length} extra groups (${extras.map(({ index }) => index).join()}), ${surge} allowed`,
      );
    // An extra group that serves makes up for one that does not.
    const serving = extras.filter((group) => group.readySinceMs !== null).length;
    const limit = maxUnavailable(before.spec) + serving;
    if (takesDown && takenDown.size > limit)
      this.#violated(3, `${takenDown.size} ready groups of ${set} are taken down at once, ${limit} allowed`);
    if (after !== null) this.#judgePromises(before, after);
  }

  /** What the partition holds keeps its content, whatever becomes of it, and no rollout takes it down. */
  #judgePartition(set: SetState, old: GroupState, group: GroupState): void {
    const isHeld = group.index < set.spec.rollout.partition && old.incarnation > 0;
    // A move that is undone returns to what ran before, whatever that was.
    if (!isHeld || group.incarnation < old.incarnation) return;
    const hashOf = (revision: number) => set.revisions.find(({ number }) => number === revision)?.hash;
    const isTakenDown = old.stage !== "teardown" && group.teardown?.cause.kind === "rollout";
    if (isTakenDown || hashOf(old.revision) !== hashOf(group.revision))
      this.#violated(
        3,
        `${set.name}/${group.index} leaves revision ${old.revision} for ${set.rollout.target} in spite of the partition`,
      );
  }

  #changed(cluster: SimCluster, { resource, type, object, previous }: SimEvent): void {
    const isClaim = resource === RESOURCE.persistentvolumeclaims && object.metadata.labels?.[LABEL.set] !== undefined;
    if (isClaim && type === "DELETED" && !this.deletesVolumes)
      this.#violated(8, `the claim ${object.metadata.name} was deleted, and nobody asked for it`);
    if (resource !== "pods") return;
    const facts = this.#facts(object, cluster);
    if (facts === null) return;
    const uid = object.metadata.uid ?? "";
    const known = this.#pods.get(uid);
    const isLost = type === "DELETED" || facts.isTerminating || !facts.isReady;
    if (known?.isReady === true && isLost) this.#lostAtMs.set(lifeOf(facts), cluster.clock.nowMs());
    if (type === "DELETED") {
      this.#pods.delete(uid);
      if (previous?.metadata.deletionTimestamp === undefined) this.#judgeRemoval(cluster, object, facts);
      return;
    }
    this.#pods.set(uid, facts);
    if (this.#troubledNodes.has(nodeOf(facts))) this.hit(object, false);
    if (known === undefined) this.#judgeCreation(facts);
    if (facts.isTerminating && known?.isTerminating === false) this.#judgeRemoval(cluster, object, facts);
    if (facts.node !== null && known?.node !== facts.node) this.#judgePlace(facts);
    if (facts.isReady && known?.isReady !== true) this.#countReady(facts);
  }

  #countReady(facts: PodFacts): void {
    const key = `${lifeOf(facts)}/${facts.role}`;
    let ready = 0;
    for (const pod of this.#pods.values())
      if (pod.isReady && !pod.isTerminating && `${lifeOf(pod)}/${pod.role}` === key) ready += 1;
    this.#mostReady.set(key, Math.max(ready, this.#mostReady.get(key) ?? 0));
  }

  /** 1: what a role waits for was Ready in this incarnation. */
  #judgeStart(state: SetState, group: SetState["groups"][number], name: string): void {
    if (state.spec.startupPolicy === "Parallel") return;
    const roles = groupRoles(state, group.revision, group.external);
    const life = `${state.name}/${group.index}/${group.incarnation}`;
    for (const dependency of roles.find(({ role }) => role === name)?.dependencies ?? []) {
      const needed = roles.find(({ role }) => role === dependency);
      const wanted = (needed?.replicas ?? 0) * (needed?.size ?? 1);
      const most = this.#mostReady.get(`${life}/${dependency}`) ?? 0;
      if (most < wanted)
        this.#violated(1, `${life} starts ${name} although ${dependency} had ${most} of ${wanted} ready at most`);
    }
  }

  /** 1 and 2. */
  #judgeCreation(facts: PodFacts): void {
    const group = this.#read(facts.set)?.groups.find((candidate) => candidate.index === facts.group);
    const isPresent = group?.stage === "running" && group.incarnation === facts.incarnation;
    if (!this.#storedLives.has(lifeOf(facts)))
      this.#violated(1, `a pod of ${lifeOf(facts)} exists that nothing stored tells of`);
    const isMeddled = this.#meddled.has(lifeOf(facts));
    if (
      isPresent &&
      !isMeddled &&
      !this.#startedRoles.has(`${lifeOf(facts)}/${facts.role}`) &&
      hasRole(group, facts.role)
    )
      this.#violated(1, `a pod of ${facts.role} of ${lifeOf(facts)} exists before it was started`);
    for (const other of this.#pods.values()) {
      const isSame = other.set === facts.set && other.group === facts.group;
      if (isSame && other.cluster !== facts.cluster) {
        if (!other.isTerminating && (group?.leaving.length ?? 0) === 0)
          this.#violated(
            2,
            `${facts.set}/${facts.group} has pods on ${other.cluster} and ${facts.cluster}, and does not move`,
          );
      } else if (isSame && !other.isTerminating && other.incarnation !== facts.incarnation) {
        const early = other.incarnation < facts.incarnation ? other : facts;
        // No name is held for it; it goes as soon as it is seen.
        if (group !== undefined && !hasName(group, early)) continue;
        this.#violated(2, `${facts.set}/${facts.group} has pods of ${other.incarnation} and ${facts.incarnation}`);
      }
    }
  }

  /** 7: a pod that its workload still wants is not taken away while the workload lives. */
  #judgeRemoval({ store }: SimCluster, pod: KubeObject, facts: PodFacts): void {
    if (this.#hitPods.has(pod.metadata.uid ?? "") || this.#meddled.has(lifeOf(facts))) return;
    // A LeaderWorkerSet restarts an instance as a whole.
    if (pod.metadata.labels?.[LWS_LABEL.name] !== undefined) return;
    const group = this.#read(facts.set)?.groups.find((candidate) => candidate.index === facts.group);
    // What is left of a life that is over goes, whatever its workload still wants.
    if (group?.stage !== "running" || group.incarnation !== facts.incarnation) return;
    // Role by role: its workload replaces them.
    if (group.roleUpdate?.underWay?.role === facts.role) return;
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
    const resource = owner?.kind === "ReplicaSet" ? "replicasets.apps" : "statefulsets.apps";
    const workload = store.get(resource, pod.metadata.namespace, owner?.name ?? "");
    if (workload === undefined || workload.metadata.uid !== owner?.uid) return;
    if (workload.metadata.deletionTimestamp !== undefined) return;
    const told = (workload["spec"] as { readonly replicas: number }).replicas;
    const state = this.#read(facts.set);
    const asked = state?.spec.groupTemplate.roles.find(({ role }) => role === facts.role);
    // The scale-in may be on its way; what it takes may be replaced before.
    const replicas = Math.min(told, asked === undefined || asked.scaling.external ? told : asked.replicas);
    let others = 0;
    for (const other of this.#pods.values())
      if (!other.isTerminating && lifeOf(other) === lifeOf(facts) && other.role === facts.role) others += 1;
    const isWanted = facts.ordinal === null ? others < replicas : facts.ordinal < replicas;
    if (isWanted) this.#violated(7, `${pod.metadata.name} was taken away although ${replicas} are wanted`);
  }

  /** 4: one domain per group, and no other group in it where it is exclusive. */
  #judgePlace(facts: PodFacts): void {
    const topology = this.#read(facts.set)?.spec.placement.topology;
    if (topology?.mode !== "Required") return;
    const domain = this.#domain(facts, topology.key);
    if (domain === null) return;
    const known = this.#domainOfGroup.get(lifeOf(facts));
    this.#domainOfGroup.set(lifeOf(facts), domain);
    if (known !== undefined && known !== domain) this.#violated(4, `${lifeOf(facts)} is in ${known} and ${domain}`);
    if (topology.exclusive === "None" || facts.isTerminating) return;
    for (const other of this.#pods.values()) {
      if (other.isTerminating || this.#domain(other, topology.key) !== domain) continue;
      if (other.set === facts.set && other.group === facts.group) continue;
      const its = this.#read(other.set)?.spec.placement.topology;
      const isBarred =
        other.set === facts.set ||
        (its?.key === topology.key &&
          its.exclusive !== "None" &&
          topology.exclusive !== "Group" &&
          its.exclusive !== "Group");
      if (isBarred) this.#violated(4, `${lifeOf(facts)} shares ${domain} with ${lifeOf(other)}`);
    }
  }

  /** 4: no domain is promised more than it has. */
  #judgePromises(before: SetState, after: SetState): void {
    if (!this.isRoomJudged || after.spec.placement.whenFull === "CreatePods") return;
    const old = new Map(before.groups.map((group) => [group.index, group.placement?.domain?.value]));
    for (const group of after.groups) {
      const domain = group.placement?.domain;
      if (domain === undefined || domain === null || old.get(group.index) === domain.value) continue;
      const sets = [...new Set([...[...this.#pods.values()].map((pod) => pod.set), before.name])];
      const states = sets.flatMap((set) => (set === before.name ? after : (this.#read(set) ?? [])));
      const promised = states
        .flatMap((state) => reservationsOf(state))
        .filter(({ cluster }) => cluster === group.placement?.cluster)
        .filter((reservation) => reservation.domain?.value === domain.value)
        .flatMap((reservation) => reservation.demands)
        .reduce((sum, demand) => sum + (demand.requests["nvidia.com/gpu"] ?? 0), 0);
      const has = [...this.#nodes].filter(
        ([name, node]) =>
          name.startsWith(`${group.placement?.cluster}/`) && node.metadata.labels?.[domain.key] === domain.value,
      ).length;
      if (promised > has * GPUS_PER_NODE)
        this.#violated(4, `${domain.value} is promised ${promised} GPUs and has ${has * GPUS_PER_NODE}`);
    }
  }

  /** In which cluster and domain a pod is; null while it is nowhere. */
  #domain(facts: PodFacts, key: string): string | null {
    if (facts.node === null) return null;
    return `${facts.cluster}/${this.#nodes.get(nodeOf(facts))?.metadata.labels?.[key] ?? facts.node}`;
  }

  #facts(pod: KubeObject, home?: SimCluster): PodFacts | null {
    const labels = pod.metadata.labels ?? {};
    const set = labels[LABEL.set];
    if (set === undefined || pod.metadata.ownerReferences === undefined) return null;
    const { conditions = [] } = (pod["status"] ?? {}) as {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
    const ordinal = labels["apps.kubernetes.io/pod-index"];
    const uid = pod.metadata.uid ?? "";
    return {
      cluster: home?.name ?? this.#pods.get(uid)?.cluster ?? "",
      set,
      group: Number(labels[LABEL.groupIndex]),
      role: labels[LABEL.role] ?? "",
      kind: workloadKindOf(pod),
      ordinal: ordinal === undefined ? null : Number(ordinal),
      incarnation: Number(labels[LABEL.incarnation]),
      node: (pod["spec"] as { readonly nodeName?: string }).nodeName ?? null,
      isReady: conditions.some((condition) => condition.type === "Ready" && condition.status === "True"),
      isTerminating: pod.metadata.deletionTimestamp !== undefined,
    };
  }

  #violated(invariant: number, what: string): void {
    this.violations.push(`invariant ${invariant}: ${what}`);
  }
}

const GPUS_PER_NODE = 8;

/** Milliseconds: the longest delay of events that is drawn, and what planning takes. */
const LATEST_WATCH_MS = 10_000;

const restartsOf = ({ roleRestarts }: GroupState): number =>
  roleRestarts.reduce((sum, { restart }) => sum + restart, 0);

/** One that missed its deadline failed without anything done to it. */
const failedRestartsOf = ({ roleRestarts }: GroupState): number =>
  roleRestarts
    .filter(({ cause }) => cause.kind === "failure" && !cause.message.includes("made no progress"))
    .reduce((sum, { restart }) => sum + restart, 0);

const nodeOf = ({ cluster, node }: PodFacts): string => `${cluster}/${node ?? ""}`;

/** What only a user decides. */
const askedOf = ({ spec, isDeleting, generation, rollout }: SetState): string =>
  `${canonicalJson({ isDeleting, generation, isPaused: rollout.isPaused, restart: rollout.restart })} ${textOf(spec)}`;

/** Most commits leave the spec as it is. */
function textOf(spec: SetState["spec"]): string {
  const text = specTexts.get(spec) ?? canonicalJson(spec);
  specTexts.set(spec, text);
  return text;
}
const specTexts = new WeakMap<SetState["spec"], string>();

const lifeOf = ({ set, group, incarnation }: PodFacts): string => `${set}/${group}/${incarnation}`;

function workloadKindOf({ metadata: { labels = {}, ownerReferences = [] } }: KubeObject): string {
  if (labels[LWS_LABEL.name] !== undefined) return "LeaderWorkerSet";
  return ownerReferences.some(({ kind }) => kind === "ReplicaSet") ? "Deployment" : "StatefulSet";
}

/** The present life of the group has a workload of the same name and kind. */
const hasName = (group: GroupState, { role, kind }: PodFacts): boolean =>
  group.rendering.some((rendered) => rendered.role === role && rendered.kind === kind);

const hasRole = (group: SetState["groups"][number], role: string): boolean =>
  group.rendering.some((rendered) => rendered.role === role);
