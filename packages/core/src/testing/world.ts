import {
  ANNOTATION,
  type ClusterRemovalMode,
  canonicalJson,
  type KubeObject,
  LABEL,
  type ObservedClaim,
  type ObservedCluster,
  type ObservedNode,
  type ObservedObject,
  type ObservedPod,
  type ObservedWorkload,
  type SetState,
} from "../model/index.ts";
import { podHostPorts, podRequests } from "../placement/demand.ts";
import { hasRoom, type NodeRoom, take } from "../placement/packing.ts";
import type { MissingObjects, Reservation } from "../placement/types.ts";
import { plan } from "../plan/plan.ts";
import { acceptSpec, type StateChange } from "../plan/spec-change.ts";
import type { Action, LostContact, ObjectRef, Plan, Propagation, TimelineDraft } from "../plan/types.ts";
import { dataHash } from "../project/labels.ts";
import { ORDERED_TEARDOWN } from "../resource/names.ts";
import type { SetSpec } from "../spec/schema.ts";
import { aContainer, aPod } from "./builders.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Template = {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
};
type WorkloadSpec = {
  readonly replicas: number;
  readonly template?: Template;
  readonly ordinals?: { readonly start: number };
  readonly leaderWorkerTemplate?: {
    readonly size: number;
    readonly leaderTemplate?: Template;
    readonly workerTemplate: Template;
  };
};
type WorkloadRecord = {
  readonly shown: Mutable<ObservedWorkload>;
  template: Template;
  /** Of a LeaderWorkerSet. */
  readonly workers: Template;
  readonly size: number;
  readonly firstOrdinal: number;
};

/**
 * A cluster reduced to what the planner can tell apart, on a stepped clock: workloads make pods, a scheduler binds them,
 * pods become Ready one step after they were bound, deleted ones are gone one step later, owners take what they own
 * along. It answers writes as an API server does: creation never overwrites, everything else needs the right UID.
 */
export class World {
  readonly name: string;
  nowMs = 1_000_000;
  /** By how much the cluster's clock, in whose time pods are Ready, is ahead of ours. */
  aheadMs = 0;
  health: ObservedCluster["health"] = "live";
  hasLeaderWorkerSets = false;
  labels: Readonly<Record<string, string>> = {};
  removal: ClusterRemovalMode | null = null;
  nodes: Mutable<ObservedNode>[];
  readonly owners = new Map<string, Mutable<ObservedObject>>();
  readonly objects = new Map<string, { shown: Mutable<ObservedObject>; object: KubeObject }>();
  readonly workloads = new Map<string, WorkloadRecord>();
  readonly pods = new Map<string, Mutable<ObservedPod>>();
  /** Workloads that were let go: they keep their names and their pods. */
  readonly released: WorkloadRecord[] = [];
  readonly claims = new Map<string, Mutable<ObservedClaim>>();
  /** Pods that somebody keeps from ending, as with a finalizer. */
  held: RegExp | null = null;
  /** Pods whose name matches stay not Ready. */
  neverReady: RegExp | null = null;
  private readonly madeFrom = new Map<string, string>();
  private readonly texts = new WeakMap<Template, string>();
  private uids = 0;

  constructor(nodes: readonly ObservedNode[], name = "north") {
    this.nodes = [...nodes];
    this.name = name;
  }

  /** A frozen view, as an adapter's cache gives it. */
  observe(): ObservedCluster {
    const pods = [...this.pods.values()].map((pod) => ({ ...pod }));
    const owners = [...this.owners.values()].map((owner) => ({ ...owner }));
    const objects = [...this.objects.values()].map(({ shown }) => ({ ...shown }));
    const workloads = [...this.workloads.values()].map(({ shown }) => ({ ...shown }));
    const isOf =
      (namespace: string, name: string) => (thing: { readonly namespace: string; readonly set: string | null }) =>
        thing.namespace === namespace && thing.set === name;
    return {
      name: this.name,
      isSimulated: true,
      health: this.health,
      removal: this.removal,
      hasLeaderWorkerSets: this.hasLeaderWorkerSets,
      labels: this.labels,
      nodes: this.nodes.map((node) => ({ ...node })),
      podsOnNode: (node) => pods.filter((pod) => pod.nodeName === node && pod.phase !== "Failed"),
      boundVolume: (namespace, name) => {
        const claim = this.claims.get(name);
        const volume = claim?.namespace === namespace ? claim.volume : null;
        return volume === null ? null : { claim: name, volume, nodeTerms: null };
      },
      set: (namespace, name) => ({
        owners: owners.filter(isOf(namespace, name)),
        configMaps: objects.filter((object) => object.kind === "ConfigMap").filter(isOf(namespace, name)),
        services: objects.filter((object) => object.kind === "Service").filter(isOf(namespace, name)),
        workloads: workloads.filter(isOf(namespace, name)),
        pods: pods.filter(isOf(namespace, name)),
        claims: [...this.claims.values()].filter(isOf(namespace, name)).map((claim) => ({ ...claim })),
      }),
    };
  }

  /** Executes one action; a refused precondition is nothing done. */
  apply(action: Action): void {
    switch (action.kind) {
      case "create":
        return this.create(action.object);
      case "update":
        return this.update(action.ref, action.object);
      case "scale": {
        const record = this.workloads.get(keyOf(action.ref.kind, action.ref.name));
        if (record?.shown.uid !== action.ref.uid) return;
        record.shown.replicas = action.replicas;
        record.shown.generation += 1;
        return;
      }
      case "status": {
        const owner = this.owners.get(action.ref.name);
        if (owner?.uid === action.ref.uid) owner.status = action.status;
        return;
      }
      case "release":
        return this.release(action.ref);
      case "delete":
        return this.delete(action.ref, action.propagation, action.isForced === true);
    }
  }

  /** One second of a cluster's life. */
  step(): void {
    this.nowMs += 1000;
    for (const [name, pod] of this.pods)
      if (
        pod.deletionAtMs !== null &&
        pod.deletionAtMs < this.nowMs &&
        !this.isOnSilentNode(pod) &&
        this.held?.test(pod.name) !== true
      )
        this.pods.delete(name);
    this.collectGarbage();
    for (const record of this.workloads.values()) this.control(record);
    for (const pod of this.pods.values()) this.advance(pod);
  }

  pod(name: string): Mutable<ObservedPod> {
    const pod = this.pods.get(name);
    if (pod === undefined) throw new Error(`there is no pod ${name}; there are ${[...this.pods.keys()].join(", ")}`);
    return pod;
  }

  /** A container exits and is restarted in place, as a kubelet does. */
  crash(name: string, exitCode = 137, reason = "OOMKilled"): void {
    const pod = this.pod(name);
    pod.containers = pod.containers.map((container) => ({
      ...container,
      restartCount: container.restartCount + 1,
      containerId: `containerd://${++this.uids}`,
      lastTermination: { containerId: container.containerId, exitCode, reason, finishedAtMs: this.nowMs },
    }));
    pod.isReady = false;
    pod.readySinceMs = null;
  }

  /** Somebody else changes what a ConfigMap or Service says. */
  tamper(key: string, change: Readonly<Record<string, unknown>>, manager: string): void {
    const record = this.objects.get(key);
    if (record === undefined) throw new Error(`there is no ${key}`);
    record.object = { ...record.object, ...change };
    record.shown.dataHash = dataHash(record.object);
    record.shown.changedBy = manager;
  }

  deletePod(name: string): void {
    this.pod(name).deletionAtMs = this.nowMs;
  }

  /** `kubectl delete rbg`: a finalizer keeps it. */
  deleteOwner(name: string): void {
    const owner = this.owners.get(name);
    if (owner === undefined) throw new Error(`there is no RoleBasedGroup ${name}`);
    if (owner.isHeld) owner.deletionAtMs ??= this.nowMs;
    else this.owners.delete(name);
  }

  /** Nobody there confirms the end of a pod, until an administrator says that the machine is off. */
  private isOnSilentNode({ nodeName }: ObservedPod): boolean {
    return this.nodes.some(
      ({ name, isReady, taints }) =>
        name === nodeName && !isReady && !taints.some(({ key }) => key === "node.kubernetes.io/out-of-service"),
    );
  }

  private create(object: KubeObject): void {
    const { name, labels = {}, ownerReferences } = object.metadata;
    const common = {
      namespace: object.metadata.namespace ?? "default",
      name,
      uid: `uid-${++this.uids}`,
      set: labels[LABEL.set] ?? "",
      groupIndex: labels[LABEL.groupIndex] === undefined ? null : Number(labels[LABEL.groupIndex]),
      ownerUid: ownerReferences?.[0]?.uid ?? null,
      deletionAtMs: null,
    };
    const shown = {
      ...common,
      role: labels[LABEL.role] ?? null,
      contentHash: object.metadata.annotations?.[ANNOTATION.contentHash] ?? null,
      dataHash: dataHash(object),
      changedBy: null,
      setId: object.metadata.annotations?.[ANNOTATION.setId] ?? null,
      isHeld: object.metadata.finalizers?.includes(ORDERED_TEARDOWN) === true,
      status: undefined,
    };
    switch (object.kind) {
      case "RoleBasedGroup":
        if (!this.owners.has(name)) this.owners.set(name, { ...shown, kind: object.kind });
        return;
      case "ConfigMap":
      case "Service": {
        const key = keyOf(object.kind, name);
        if (!this.objects.has(key)) this.objects.set(key, { shown: { ...shown, kind: object.kind }, object });
        return;
      }
      case "StatefulSet":
      case "Deployment":
      case "LeaderWorkerSet": {
        const key = keyOf(object.kind, name);
        if (this.workloads.has(key) || this.released.some(({ shown }) => shown.name === name)) return;
        const spec = object["spec"] as WorkloadSpec;
        const { leaderWorkerTemplate, ordinals } = spec;
        const template = spec.template ?? leaderWorkerTemplate?.leaderTemplate ?? leaderWorkerTemplate?.workerTemplate;
        if (template === undefined) throw new Error(`${name} has no pod template`);
        const instance = labels[LABEL.instance];
        const workload: ObservedWorkload = {
          ...common,
          groupIndex: Number(labels[LABEL.groupIndex]),
          kind: object.kind,
          role: labels[LABEL.role] ?? "",
          instance: instance === undefined ? null : Number(instance),
          incarnation: Number(labels[LABEL.incarnation]),
          roleRestart: Number(labels[LABEL.roleRestart] ?? 0),
          revisionHash: labels[LABEL.revisionHash] ?? "",
          generation: 1,
          observedGeneration: 0,
          replicas: spec.replicas,
          scaledBy: null,
          readyReplicas: 0,
          updatedReplicas: 0,
          contentHash: shown.contentHash,
          failureMessage: null,
        };
        this.workloads.set(key, {
          shown: workload,
          template,
          workers: leaderWorkerTemplate?.workerTemplate ?? template,
          size: leaderWorkerTemplate?.size ?? 1,
          firstOrdinal: ordinals?.start ?? 0,
        });
        return;
      }
      default:
        throw new Error(`the planner makes no ${object.kind}`);
    }
  }

  private update(ref: ObjectRef, object: KubeObject): void {
    const hash = object.metadata.annotations?.[ANNOTATION.contentHash] ?? null;
    const owner = this.owners.get(ref.name);
    if (ref.kind === "RoleBasedGroup" && owner?.uid === ref.uid) owner.contentHash = hash;
    const workload = this.workloads.get(keyOf(ref.kind, ref.name));
    if (workload?.shown.uid === ref.uid) {
      const { revisionHash } = workload.shown;
      workload.template = (object["spec"] as { readonly template: Template }).template;
      workload.shown.contentHash = hash;
      workload.shown.revisionHash = object.metadata.labels?.[LABEL.revisionHash] ?? revisionHash;
      workload.shown.generation += 1;
    }
    const record = this.objects.get(keyOf(ref.kind, ref.name));
    if (record?.shown.uid !== ref.uid) return;
    record.shown.contentHash = hash;
    record.shown.dataHash = dataHash(object);
    record.object = object;
  }

  /** What is nobody's any more is not shown, and its pods live on. */
  private release(ref: ObjectRef): void {
    const owner = this.owners.get(ref.name);
    if (ref.kind === "RoleBasedGroup" && owner?.uid === ref.uid) {
      owner.isHeld = false;
      if (owner.deletionAtMs !== null) this.owners.delete(ref.name);
      return;
    }
    const key = keyOf(ref.kind, ref.name);
    const record = this.objects.get(key);
    if (record?.shown.uid === ref.uid) this.objects.delete(key);
    const workload = this.workloads.get(key);
    if (workload?.shown.uid !== ref.uid) return;
    this.workloads.delete(key);
    this.released.push(workload);
  }

  private delete(ref: ObjectRef, propagation: Propagation, isForced: boolean): void {
    const owner = this.owners.get(ref.name);
    if (ref.kind === "RoleBasedGroup" && owner?.uid === ref.uid) this.deleteOwner(ref.name);
    const record = this.objects.get(keyOf(ref.kind, ref.name));
    if (record?.shown.uid === ref.uid) this.objects.delete(keyOf(ref.kind, ref.name));
    const workload = this.workloads.get(keyOf(ref.kind, ref.name));
    if (workload?.shown.uid === ref.uid) {
      if (propagation === "Foreground") workload.shown.deletionAtMs ??= this.nowMs;
      else this.workloads.delete(keyOf(ref.kind, ref.name));
    }
    const pod = this.pods.get(ref.name);
    const claim = this.claims.get(ref.name);
    if (ref.kind === "PersistentVolumeClaim" && claim?.uid === ref.uid) this.claims.delete(ref.name);
    if (ref.kind !== "Pod" || pod?.uid !== ref.uid) return;
    if (isForced) this.pods.delete(ref.name);
    else pod.deletionAtMs ??= this.nowMs;
  }

  private collectGarbage(): void {
    const owners = new Set([...this.owners.values()].map((owner) => owner.uid));
    for (const [key, { shown }] of this.objects)
      if (shown.ownerUid !== null && !owners.has(shown.ownerUid)) this.objects.delete(key);
    for (const [key, { shown }] of this.workloads) {
      if (shown.ownerUid !== null && !owners.has(shown.ownerUid)) shown.deletionAtMs ??= this.nowMs;
      if (shown.deletionAtMs === null) continue;
      const owned = [...this.pods.values()].filter((pod) => pod.ownerUid === shown.uid);
      for (const pod of owned) pod.deletionAtMs ??= this.nowMs;
      if (owned.length === 0) this.workloads.delete(key);
    }
    const alive = new Set([...this.workloads.values(), ...this.released].map(({ shown }) => shown.uid));
    for (const pod of this.pods.values())
      if (pod.ownerUid !== null && !alive.has(pod.ownerUid)) pod.deletionAtMs ??= this.nowMs;
  }

  private control(record: WorkloadRecord): void {
    const { shown, size, firstOrdinal } = record;
    if (shown.deletionAtMs !== null) return;
    shown.observedGeneration = shown.generation;
    for (let at = 0; at < shown.replicas; at++) {
      const name = `${shown.name}-${at + firstOrdinal}`;
      if (shown.instance !== null) this.ensurePod(record, name, { ordinal: shown.instance, worker: at + firstOrdinal });
      else if (shown.kind === "StatefulSet") this.ensurePod(record, name, { ordinal: at, worker: null });
      else if (shown.kind === "Deployment") this.ensurePod(record, name, { ordinal: null, worker: null });
      else {
        this.ensurePod(record, name, { ordinal: at, worker: 0 });
        // Workers come when their leader is there.
        for (let worker = 1; worker < size; worker++)
          this.ensurePod(record, `${name}-${worker}`, { ordinal: at, worker });
      }
    }
    const mine = [...this.pods.values()].filter((pod) => pod.ownerUid === shown.uid && pod.deletionAtMs === null);
    const place = (pod: ObservedPod): number =>
      shown.instance === null ? (pod.ordinal ?? 0) : (pod.worker ?? 0) - firstOrdinal;
    const excess =
      shown.kind === "Deployment" ? mine.slice(shown.replicas) : mine.filter((pod) => place(pod) >= shown.replicas);
    for (const pod of excess) pod.deletionAtMs = this.nowMs;
    const { template } = record;
    // Instances of several pods are never told another template.
    if (shown.instance === null && size === 1) this.roll(mine, template);
    const updated = mine.filter(
      (pod) => this.madeFrom.get(pod.uid) === this.textOf(template) && pod.deletionAtMs === null,
    );
    shown.updatedReplicas = updated.length;
    for (const pod of mine) if (pod.phase === "Failed") pod.deletionAtMs ??= this.nowMs;
    shown.readyReplicas = mine.filter((pod) => pod.isReady).length;
  }

  private ensurePod(
    { shown, template, workers }: WorkloadRecord,
    name: string,
    place: Pick<ObservedPod, "ordinal" | "worker">,
  ): void {
    if (this.pods.has(name)) return;
    const { metadata, spec } = place.worker !== null && place.worker > 0 ? workers : template;
    const labels = metadata?.labels ?? {};
    const uid = `uid-${++this.uids}`;
    this.madeFrom.set(uid, this.textOf(template));
    this.pods.set(
      name,
      aPod(name, {
        uid,
        namespace: shown.namespace,
        set: shown.set,
        groupIndex: shown.groupIndex,
        role: shown.role,
        incarnation: Number(labels[LABEL.incarnation]),
        roleRestart: Number(labels[LABEL.roleRestart] ?? 0),
        revisionHash: labels[LABEL.revisionHash] ?? null,
        templateRestart: metadata?.annotations?.[ANNOTATION.restart] ?? null,
        setId: metadata?.annotations?.[ANNOTATION.setId] ?? null,
        ...place,
        ownerUid: shown.uid,
        ownerKind: shown.kind === "Deployment" ? "ReplicaSet" : shown.kind,
        ownerName: shown.kind === "Deployment" ? `${shown.name}-5d8f` : shown.name,
        phase: "Pending",
        isReady: false,
        readySinceMs: null,
        createdAtMs: this.nowMs,
        containers: [aContainer({ containerId: null, isReady: false, state: "waiting" })],
        requests: podRequests(spec),
        hostPorts: podHostPorts(spec),
      }),
    );
  }

  private textOf(template: Template): string {
    const known = this.texts.get(template);
    if (known !== undefined) return known;
    const text = canonicalJson(template);
    this.texts.set(template, text);
    return text;
  }

  /** A rolling update: one pod at a time, the highest first, the next when all that are new are Ready. */
  private roll(mine: readonly Mutable<ObservedPod>[], template: Template): void {
    for (const pod of [...mine].reverse()) {
      if (pod.deletionAtMs !== null) return;
      if (this.madeFrom.get(pod.uid) !== this.textOf(template)) {
        pod.deletionAtMs = this.nowMs;
        return;
      }
      if (!pod.isReady) return;
    }
  }

  private advance(pod: Mutable<ObservedPod>): void {
    if (pod.deletionAtMs !== null || pod.phase === "Failed" || pod.isReady) return;
    if (pod.nodeName === null) {
      const node = this.nodeFor(pod);
      pod.nodeName = node;
      pod.unschedulableMessage = node === null ? "no node has room" : null;
      return;
    }
    const node = this.nodes.find((candidate) => candidate.name === pod.nodeName);
    if (node?.isReady !== true) return;
    pod.phase = "Running";
    const isReady = this.neverReady === null || !this.neverReady.test(pod.name);
    pod.containers = pod.containers.map((container) => ({
      ...container,
      containerId: container.containerId ?? `containerd://${++this.uids}`,
      state: "running",
      isReady,
    }));
    pod.isReady = isReady;
    pod.readySinceMs = isReady ? this.nowMs + this.aheadMs : null;
  }

  private nodeFor(pod: ObservedPod): string | null {
    const template = [...this.workloads.values()].find(({ shown }) => shown.uid === pod.ownerUid)?.template.spec ?? {};
    const demand = {
      role: pod.role ?? "",
      ordinal: 0,
      requests: pod.requests,
      hostPorts: pod.hostPorts,
      nodeSelector: (template["nodeSelector"] ?? {}) as Readonly<Record<string, string>>,
      affinity: template["affinity"] ?? null,
      tolerations: (template["tolerations"] ?? []) as readonly unknown[],
    };
    const preferred = preferencesOf(demand.affinity);
    const byPreference = [...this.nodes].sort((a, b) => Number(preferred(b)) - Number(preferred(a)));
    for (const node of byPreference) {
      let room: NodeRoom = { node, free: node.allocatable, hostPorts: new Set() };
      for (const other of this.pods.values())
        if (other.nodeName === node.name && other.phase !== "Failed") room = take(room, other);
      if (hasRoom(room, demand)) return node.name;
    }
    return null;
  }
}

type Preference = { readonly preference: { readonly matchExpressions: readonly { key: string; values: string[] }[] } };

/** Whether a node is what the pod's preferred node affinity (of the form that is rendered) asks for. */
function preferencesOf(affinity: unknown): (node: ObservedNode) => boolean {
  const { nodeAffinity } = (affinity ?? {}) as {
    nodeAffinity?: { preferredDuringSchedulingIgnoredDuringExecution?: readonly Preference[] };
  };
  const preferences = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return (node) =>
    preferences.some(({ preference }) =>
      preference.matchExpressions.every(({ key, values }) => values.includes(node.labels[key] ?? "")),
    );
}

const keyOf = (kind: string, name: string): string => `${kind}/${name}`;

/** One set driven by the planner on a {@link World}, the way the server drives it: plan, store, act. */
export class Operated {
  readonly world: World;
  state: SetState;
  readonly timeline: TimelineDraft[] = [];
  readonly acted: Action[] = [];
  isGone = false;
  /** Room promised to other sets, and what is known not to exist. */
  reservations: readonly Reservation[] = [];
  /** For how long clusters have not answered. */
  lost: ReadonlyMap<string, LostContact> = new Map();
  /** Other clusters; their clocks go with that of `world`. */
  readonly others: readonly World[];
  missing: MissingObjects = new Map();

  constructor(world: World, state: SetState, others: readonly World[] = []) {
    this.world = world;
    this.state = state;
    this.others = others;
  }

  plan(): Plan {
    const clusters = new Map([this.world, ...this.others].map((world) => [world.name, world.observe()]));
    const { reservations, missing, lost } = this;
    return plan({ set: this.state, clusters, reservations, missing, lost }, this.world.nowMs);
  }

  private apply(action: Action): void {
    const cluster = action.kind === "create" ? action.cluster : action.ref.cluster;
    const world = [this.world, ...this.others].find(({ name }) => name === cluster);
    // What does not answer takes no write.
    if (world?.health === "live") world.apply(action);
  }

  private step(): void {
    for (const world of [this.world, ...this.others]) world.step();
  }

  /** Plans and stores, then acts unless the process `dies` in between. */
  reconcile(dies = false): Plan {
    const planned = this.plan();
    this.state = { ...this.state, ...planned.next };
    this.timeline.push(...planned.timeline);
    this.isGone = planned.isGone;
    if (dies) return planned;
    for (const action of planned.actions) this.apply(action);
    this.acted.push(...planned.actions);
    return planned;
  }

  /** Lets `steps` seconds pass, planning in each. */
  run(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.reconcile();
      this.step();
    }
  }

  /** Stores what a person's act leads to, as the server does. Throws when it leads to nothing. */
  take(change: StateChange | null): void {
    if (change === null) throw new Error("there is nothing to do");
    this.state = change.state;
    this.timeline.push(...change.timeline);
  }

  /** A new definition, accepted now. */
  edit(spec: SetSpec): void {
    this.take(acceptSpec(this.state, spec, this.world.nowMs));
  }

  get incarnations(): readonly number[] {
    return this.state.groups.map((group) => group.incarnation);
  }

  /** Of each group, by index. */
  get revisions(): readonly number[] {
    return this.state.groups.map((group) => group.revision);
  }

  /** Runs until `condition` holds. Throws when it does not within `limit` seconds. */
  until(condition: (operated: Operated) => boolean, limit = 100): void {
    for (let i = 0; i < limit; i++) {
      this.reconcile();
      if (condition(this)) return;
      this.step();
    }
    throw new Error(`not reached within ${limit} steps; the set is ${JSON.stringify(this.plan().status, null, 1)}`);
  }

  untilReady(limit = 100): void {
    this.until((operated) => operated.plan().status.phase === "Ready", limit);
  }

  told(kind: TimelineDraft["kind"]): readonly TimelineDraft[] {
    return this.timeline.filter((draft) => draft.kind === kind);
  }
}
