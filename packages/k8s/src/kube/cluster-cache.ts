import type {
  BoundVolume,
  ObservedClaim,
  ObservedCluster,
  ObservedNode,
  ObservedObject,
  ObservedParts,
  ObservedPod,
  ObservedSet,
  ObservedVolume,
  ObservedWorkload,
} from "@openpatio/core/model";
import type { ClusterChange } from "@openpatio/core/ports";
import { ObjectStore } from "./object-store.ts";
import type { WatchedKind } from "./resources.ts";
import { trimClaim, trimNode, trimObject, trimPod, trimVolume, trimWorkload } from "./trim.ts";

/**
 * What one cluster shows, indexed by set and by node. Views (sorted arrays) are made when they are asked for and kept
 * until something in them changes, so an unchanged set is the same object every time.
 */
export class ClusterCache {
  readonly stores: {
    readonly nodes: ObjectStore<ObservedNode>;
    readonly pods: ObjectStore<ObservedPod>;
    readonly statefulsets: ObjectStore<ObservedWorkload>;
    readonly deployments: ObjectStore<ObservedWorkload>;
    readonly leaderworkersets: ObjectStore<ObservedWorkload>;
    readonly services: ObjectStore<ObservedObject>;
    readonly configmaps: ObjectStore<ObservedObject>;
    readonly rolebasedgroups: ObjectStore<ObservedObject>;
    readonly persistentvolumeclaims: ObjectStore<ObservedClaim>;
    readonly persistentvolumes: ObjectStore<ObservedVolume>;
  };
  readonly #onChange: (change: Exclude<ClusterChange, { readonly kind: "health" }>) => void;
  readonly #sets = new Map<string, SetIndex>();
  readonly #podsByNode = new Map<string, View<ObservedPod>>();
  readonly #nodes = new View<ObservedNode>();
  /** Pods of sets that are gone, by UID: why one ended is often told in its last moment only. */
  readonly #lastPods = new Map<string, { readonly pod: ObservedPod; readonly atMs: number }>();
  readonly #nowMs: () => number;
  /** Why a StatefulSet makes no pods, by its UID: not in the object itself. */
  readonly #failures = new Map<string, string>();

  constructor(options: {
    readonly nowMs: () => number;
    readonly onChange: (change: Exclude<ClusterChange, { readonly kind: "health" }>) => void;
  }) {
    this.#onChange = options.onChange;
    this.#nowMs = options.nowMs;
    const { nowMs } = options;
    const objects = (kind: ObservedObject["kind"], part: "owners" | "services" | "configMaps") =>
      new ObjectStore<ObservedObject>({
        trim: (object) => trimObject(object, kind),
        onChange: (before, after) => this.#setPartChanged(part, before, after),
        nowMs,
      });
    const workloads = (kind: ObservedWorkload["kind"]) =>
      new ObjectStore<ObservedWorkload>({
        trim: (object) => trimWorkload(object, kind),
        onChange: (before, after) => this.#setPartChanged("workloads", before, after && this.#withFailure(after)),
        nowMs,
      });
    this.stores = {
      nodes: new ObjectStore({ trim: trimNode, onChange: (before, after) => this.#nodeChanged(before, after), nowMs }),
      pods: new ObjectStore({ trim: trimPod, onChange: (before, after) => this.#podChanged(before, after), nowMs }),
      statefulsets: workloads("StatefulSet"),
      deployments: workloads("Deployment"),
      leaderworkersets: workloads("LeaderWorkerSet"),
      services: objects("Service", "services"),
      configmaps: objects("ConfigMap", "configMaps"),
      rolebasedgroups: objects("RoleBasedGroup", "owners"),
      persistentvolumeclaims: new ObjectStore({
        trim: trimClaim,
        onChange: (before, after) => this.#claimChanged(before, after),
        nowMs,
      }),
      persistentvolumes: new ObjectStore({
        trim: trimVolume,
        // Where a volume is never changes: only its coming and going is news.
        onChange: (before, after) => {
          if (before === null || after === null) this.#onChange({ kind: "capacity" });
        },
        nowMs,
      }),
    };
  }

  store(kind: WatchedKind): ObjectStore<unknown> {
    // Every store takes in objects of its own kind only; what they hold does not matter to callers of this.
    return this.stores[kind] as unknown as ObjectStore<unknown>;
  }

  /** StatefulSets with fewer pods than wanted, in a stable order. */
  statefulSetsWithoutPods(): readonly ObservedWorkload[] {
    return [...this.#sets.values()]
      .flatMap((index) => index.parts())
      .flatMap(({ workloads, pods }) => {
        const open = workloads.filter(
          ({ kind, deletionAtMs, readyReplicas, replicas }) =>
            kind === "StatefulSet" && deletionAtMs === null && readyReplicas < replicas,
        );
        return open.filter(({ uid, replicas }) => pods.filter((pod) => pod.ownerUid === uid).length < replicas);
      });
  }

  setFailure(uid: string, message: string | null): void {
    if ((this.#failures.get(uid) ?? null) === message) return;
    if (message === null) this.#failures.delete(uid);
    else this.#failures.set(uid, message);
    for (const index of this.#sets.values()) {
      const workload = index
        .parts()
        .flatMap(({ workloads }) => workloads)
        .find((candidate) => candidate.uid === uid);
      if (workload !== undefined) this.#changeSet("workloads", { ...workload, failureMessage: message }, true);
    }
  }

  sweep(): void {
    for (const store of Object.values(this.stores)) store.sweep();
    for (const [uid, { atMs }] of this.#lastPods) if (this.#nowMs() - atMs > LAST_POD_MS) this.#lastPods.delete(uid);
  }

  observe(
    name: string,
    isSimulated: boolean,
    { health, hasLeaderWorkerSets }: Pick<ObservedCluster, "health" | "hasLeaderWorkerSets">,
  ): ObservedCluster {
    return {
      name,
      isSimulated,
      health,
      hasLeaderWorkerSets,
      nodes: this.#nodes.items(),
      lastPod: (uid) => this.#lastPods.get(uid)?.pod ?? null,
      podsOnNode: (node) => this.#podsByNode.get(node)?.items() ?? NONE,
      boundVolume: (namespace, claim) => this.#boundVolume(namespace, claim),
      set: (namespace, set) => this.#sets.get(`${namespace}/${set}`)?.view() ?? EMPTY_SET,
    };
  }

  #nodeChanged(before: ObservedNode | null, after: ObservedNode | null): void {
    const name = (after ?? before)?.name;
    if (name === undefined) return;
    this.#nodes.set(name, after);
    this.#onChange({ kind: "node", node: name });
  }

  #podChanged(before: ObservedPod | null, after: ObservedPod | null): void {
    const key = keyOf(after ?? before);
    if (before !== null && before.set !== null && before.uid !== after?.uid)
      this.#lastPods.set(before.uid, { pod: before, atMs: this.#nowMs() });
    for (const node of new Set([nodeTaken(before), nodeTaken(after)])) {
      if (node === null) continue;
      const pods = this.#podsByNode.get(node) ?? new View<ObservedPod>();
      this.#podsByNode.set(node, pods);
      pods.set(key, nodeTaken(after) === node ? after : null);
      if (pods.isEmpty) this.#podsByNode.delete(node);
    }
    this.#setPartChanged("pods", before, after);
    const isForeign = (after ?? before)?.set === null;
    const isFreed = nodeTaken(after) === null;
    if (nodeTaken(before) !== nodeTaken(after) && (isForeign || isFreed)) this.#onChange({ kind: "capacity" });
  }

  #claimChanged(before: ObservedClaim | null, after: ObservedClaim | null): void {
    this.#setPartChanged("claims", before, after);
    if ((before?.volume ?? null) !== (after?.volume ?? null)) this.#onChange({ kind: "capacity" });
  }

  #boundVolume(namespace: string, name: string): BoundVolume | null {
    const volume = this.stores.persistentvolumeclaims.get(namespace, name)?.volume ?? null;
    if (volume === null) return null;
    return { claim: name, volume, nodeTerms: this.stores.persistentvolumes.get("", volume)?.nodeTerms ?? null };
  }

  #withFailure(workload: ObservedWorkload): ObservedWorkload {
    const failureMessage = this.#failures.get(workload.uid);
    return failureMessage === undefined ? workload : { ...workload, failureMessage };
  }

  /** Labels may be edited: an object that changes its set leaves one and enters the other, and both hear of it. */
  #setPartChanged<P extends keyof Parts>(part: P, before: Parts[P] | null, after: Parts[P] | null): void {
    if (before !== null && (after === null || !isSamePlace(before, after))) this.#changeSet(part, before, false);
    if (after !== null) this.#changeSet(part, after, true);
  }

  #changeSet<P extends keyof Parts>(part: P, value: Parts[P], isThere: boolean): void {
    if (value.set === null) return;
    const key = `${value.namespace}/${value.set}`;
    const index = this.#sets.get(key) ?? new SetIndex();
    this.#sets.set(key, index);
    index.change(part, value, isThere);
    if (index.isEmpty) this.#sets.delete(key);
    this.#onChange({ kind: "set", namespace: value.namespace, set: value.set });
  }
}

const isSamePlace = (a: Parts[keyof Parts], b: Parts[keyof Parts]): boolean =>
  a.set === b.set && a.groupIndex === b.groupIndex;

/** Longer than a watch may lag, or a server that restarts its plans is away. */
const LAST_POD_MS = 60_000;

type Parts = {
  owners: ObservedObject;
  configMaps: ObservedObject;
  services: ObservedObject;
  workloads: ObservedWorkload;
  pods: ObservedPod;
  claims: ObservedClaim;
};

/** A sorted array over a changing map. */
class View<T> {
  readonly #byKey = new Map<string, T>();
  #items: readonly T[] | null = null;

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  set(key: string, value: T | null): void {
    if (value === null) this.#byKey.delete(key);
    else this.#byKey.set(key, value);
    this.#items = null;
  }

  items(): readonly T[] {
    this.#items ??= [...this.#byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
    return this.#items;
  }
}

/** What is of one set, by group: parts are values, so that one which did not change is the same object. */
class SetIndex {
  readonly #byGroup = new Map<number | null, ObservedParts>();
  readonly #claims = new View<ObservedClaim>();
  #view: ObservedSet | null = null;

  get isEmpty(): boolean {
    return this.#byGroup.size === 0 && this.#claims.isEmpty;
  }

  change<P extends keyof Parts>(part: P, value: Parts[P], isThere: boolean): void {
    this.#view = null;
    if (isClaim(value)) {
      this.#claims.set(value.name, isThere ? value : null);
      return;
    }
    const before = this.#byGroup.get(value.groupIndex) ?? NO_PARTS;
    // A part has one kind of items, and this is one of them.
    const items = before[part as keyof ObservedParts] as readonly Part[];
    const after: ObservedParts = { ...before, [part]: withItem(items, value, isThere) };
    if (PARTS.every((one) => after[one].length === 0)) this.#byGroup.delete(value.groupIndex);
    else this.#byGroup.set(value.groupIndex, after);
  }

  parts(): readonly ObservedParts[] {
    return [...this.#byGroup.values()];
  }

  view(): ObservedSet {
    this.#view ??= viewOf(new Map(this.#byGroup), this.#claims.items());
    return this.#view;
  }
}

const PARTS = ["owners", "configMaps", "services", "workloads", "pods"] as const satisfies (keyof ObservedParts)[];
const NO_PARTS: ObservedParts = { owners: [], configMaps: [], services: [], workloads: [], pods: [] };

type Part = Parts[keyof ObservedParts];

/** Nothing else is bound to a volume. */
const isClaim = (value: Parts[keyof Parts]): value is ObservedClaim => "volume" in value;

/** The items in the order of their keys, with this one or without it. */
function withItem(items: readonly Part[], item: Part, isThere: boolean): readonly Part[] {
  const key = itemKey(item);
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = items[middle];
    if (other !== undefined && itemKey(other) < key) from = middle + 1;
    else to = middle;
  }
  const known = items[from];
  const rest = known !== undefined && itemKey(known) === key ? from + 1 : from;
  return [...items.slice(0, from), ...(isThere ? [item] : []), ...items.slice(rest)];
}

/** Lists of everything are made when they are asked for: a plan of a large set reads it by group. */
function viewOf(all: ReadonlyMap<number | null, ObservedParts>, claims: readonly ObservedClaim[]): ObservedSet {
  const made = new Map<keyof ObservedParts, readonly unknown[]>();
  const list = <P extends keyof ObservedParts>(part: P): ObservedParts[P] => {
    let items = made.get(part);
    if (items === undefined) {
      items = sortedByKey([...all.values()].flatMap((parts): readonly Part[] => parts[part]));
      made.set(part, items);
    }
    // It was made of that part.
    return items as ObservedParts[P];
  };
  const byGroup = new Map<number, ObservedParts>();
  for (const [index, parts] of all) if (index !== null) byGroup.set(index, parts);
  return {
    get owners() {
      return list("owners");
    },
    get configMaps() {
      return list("configMaps");
    },
    get services() {
      return list("services");
    },
    get workloads() {
      return list("workloads");
    },
    get pods() {
      return list("pods");
    },
    claims,
    byGroup,
  };
}

function sortedByKey(items: readonly Part[]): readonly Part[] {
  const keyed = items.map((item) => [itemKey(item), item] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** A StatefulSet and a Deployment may share a name. */
const itemKey = (item: Part): string => ("kind" in item ? `${item.name}/${item.kind}` : item.name);
const keyOf = (pod: ObservedPod | null): string => (pod === null ? "" : `${pod.namespace}/${pod.name}`);

/** The node whose room a pod takes: bound and not finished. */
function nodeTaken(pod: ObservedPod | null): string | null {
  if (pod === null || pod.phase === "Succeeded" || pod.phase === "Failed") return null;
  return pod.nodeName;
}

const NONE: readonly ObservedPod[] = [];
const EMPTY_SET: ObservedSet = { ...NO_PARTS, claims: [], byGroup: new Map() };
