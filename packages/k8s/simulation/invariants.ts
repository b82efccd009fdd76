import { type KubeObject, LABEL, type SetState } from "@openpatio/core/model";
import { maxUnavailable } from "@openpatio/core/plan";
import type { SimEvent } from "../src/sim/api.ts";
import { resourceOf, type SimCluster } from "./sim-cluster.ts";

/**
 * What must hold in every reachable state, judged by the cluster itself after every change of it, and by the control
 * plane's state at every commit. Numbers are those of the product's list of invariants.
 */

type PodFacts = {
  readonly group: number;
  readonly role: string;
  readonly ordinal: number;
  readonly incarnation: number;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
};

export class Invariants {
  readonly violations: string[] = [];
  readonly #cluster: SimCluster;
  readonly #setName: string;
  readonly #dependencies: Readonly<Record<string, readonly string[]>>;
  readonly #pods = new Map<string, PodFacts>();
  /** group/incarnation/role that had all its pods Ready once. */
  readonly #wasReady = new Set<string>();
  /** group/incarnation that something was done to. */
  readonly #hit = new Set<string>();
  readonly #hitPods = new Set<string>();
  /** Roles that had 0 replicas at some time: such a role is Ready at once, and its pods are told too late to judge. */
  readonly #wereEmpty = new Set<string>();
  readonly #takenDown = new Map<number, number>();
  readonly #rackOf = new Map<string, string>();
  readonly #rackOfGroup = new Map<string, string>();

  constructor(cluster: SimCluster, setName: string, dependencies: Readonly<Record<string, readonly string[]>>) {
    this.#cluster = cluster;
    this.#setName = setName;
    this.#dependencies = dependencies;
    for (const node of cluster.store.list("nodes")) {
      this.#rackOf.set(node.metadata.name, node.metadata.labels?.["topology.kubernetes.io/rack"] ?? "");
    }
    cluster.store.subscribe((event) => this.#changed(event));
  }

  /** Something is about to be done to this pod: its incarnation may end, once. */
  hit(pod: KubeObject): void {
    const facts = this.#facts(pod);
    if (facts === null) return;
    this.#hit.add(`${facts.group}/${facts.incarnation}`);
    this.#hitPods.add(pod.metadata.uid ?? "");
  }

  /** The user asks for so many pods of each role from now on. */
  asked(spec: SetState["spec"]): void {
    for (const role of spec.groupTemplate.roles) if (role.replicas === 0) this.#wereEmpty.add(role.role);
  }

  committed(before: SetState, after: SetState): void {
    const groupsBefore = new Map(before.groups.map((group) => [group.index, group]));
    for (const group of after.groups) {
      const old = groupsBefore.get(group.index);
      const begins = group.stage === "teardown" && old?.stage !== "teardown" ? group.teardown?.cause.kind : undefined;
      if (begins === "failure" && !this.#hit.has(`${group.index}/${group.incarnation}`)) {
        this.#violated(
          5,
          `group ${group.index} recovers incarnation ${group.incarnation}, to which nothing was done: ${group.teardown?.cause.message}`,
        );
      }
      if (old !== undefined && group.incarnation > old.incarnation + 1) {
        this.#violated(5, `group ${group.index} jumped from incarnation ${old.incarnation} to ${group.incarnation}`);
      }
      if ((begins === "rollout" || begins === "restart") && old !== undefined && old.readySinceMs !== null) {
        this.#takenDown.set(group.index, group.incarnation);
      }
      // One that is scaled in is no longer wanted, so it is not missed either.
      if (group.teardown?.next === "remove") this.#takenDown.delete(group.index);
      const since = this.#takenDown.get(group.index);
      if (since !== undefined && group.incarnation > since && group.readySinceMs !== null)
        this.#takenDown.delete(group.index);
    }
    const present = new Set(after.groups.map((group) => group.index));
    for (const index of this.#takenDown.keys()) if (!present.has(index)) this.#takenDown.delete(index);
    const limit = maxUnavailable(after.spec);
    if (this.#takenDown.size > limit) {
      this.#violated(
        3,
        `${this.#takenDown.size} ready groups are taken down at once (${[...this.#takenDown.keys()].join(", ")}), ${limit} allowed`,
      );
    }
  }

  #changed({ resource, type, object, previous }: SimEvent): void {
    if (resource === "statefulsets.apps") this.#judgeReady(object);
    if (resource !== "pods") return;
    const facts = this.#facts(object);
    if (facts === null) return;
    const uid = object.metadata.uid ?? "";
    if (type === "DELETED") {
      this.#pods.delete(uid);
      if (!this.#hitPods.has(uid) && previous?.metadata.deletionTimestamp === undefined)
        this.#judgeRemoval(object, facts);
      return;
    }
    const isNew = !this.#pods.has(uid);
    const leaves = facts.isTerminating && this.#pods.get(uid)?.isTerminating === false;
    this.#pods.set(uid, facts);
    if (isNew) this.#judgeCreation(facts);
    if (leaves && !this.#hitPods.has(uid)) this.#judgeRemoval(object, facts);
    this.#judgePlace(object, facts);
    const workload = this.#cluster.store.get(
      resourceOf("StatefulSet"),
      object.metadata.namespace,
      `${this.#setName}-${facts.group}-${facts.role}`,
    );
    if (workload !== undefined) this.#judgeReady(workload);
  }

  /** 1 and 2. */
  #judgeCreation(facts: PodFacts): void {
    for (const dependency of this.#dependencies[facts.role] ?? []) {
      if (this.#wereEmpty.has(dependency)) continue;
      if (!this.#wasReady.has(`${facts.group}/${facts.incarnation}/${dependency}`)) {
        this.#violated(
          1,
          `group ${facts.group}, incarnation ${facts.incarnation}: a pod of ${facts.role} exists before ${dependency} was ready`,
        );
      }
    }
    for (const other of this.#pods.values()) {
      if (other.group === facts.group && !other.isTerminating && other.incarnation !== facts.incarnation) {
        this.#violated(
          2,
          `group ${facts.group} has pods of incarnations ${other.incarnation} and ${facts.incarnation}`,
        );
      }
    }
  }

  /** 7: a pod that its workload still wants is not taken away while the workload lives. */
  #judgeRemoval(pod: KubeObject, facts: PodFacts): void {
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
    const workload = this.#cluster.store.get(resourceOf("StatefulSet"), pod.metadata.namespace, owner?.name ?? "");
    if (
      workload === undefined ||
      workload.metadata.uid !== owner?.uid ||
      workload.metadata.deletionTimestamp !== undefined
    )
      return;
    const { replicas } = workload["spec"] as { readonly replicas: number };
    if (facts.ordinal < replicas)
      this.#violated(7, `${pod.metadata.name} was taken away although ${replicas} are wanted`);
  }

  /** 4. */
  #judgePlace(pod: KubeObject, facts: PodFacts): void {
    const { nodeName } = pod["spec"] as { readonly nodeName?: string };
    if (nodeName === undefined) return;
    const key = `${facts.group}/${facts.incarnation}`;
    const rack = this.#rackOf.get(nodeName) ?? "";
    const known = this.#rackOfGroup.get(key);
    this.#rackOfGroup.set(key, rack);
    if (known !== undefined && known !== rack) this.#violated(4, `group ${facts.group} is in ${known} and ${rack}`);
  }

  #judgeReady(workload: KubeObject): void {
    const labels = workload.metadata.labels ?? {};
    if (labels[LABEL.set] !== this.#setName) return;
    const { replicas } = workload["spec"] as { readonly replicas: number };
    const group = Number(labels[LABEL.groupIndex]);
    const incarnation = Number(labels[LABEL.incarnation]);
    const role = labels[LABEL.role] ?? "";
    let ready = 0;
    for (const pod of this.#pods.values()) {
      if (
        pod.group === group &&
        pod.incarnation === incarnation &&
        pod.role === role &&
        pod.isReady &&
        pod.ordinal < replicas
      )
        ready += 1;
    }
    if (ready >= replicas) this.#wasReady.add(`${group}/${incarnation}/${role}`);
  }

  #facts(pod: KubeObject): PodFacts | null {
    const labels = pod.metadata.labels ?? {};
    if (labels[LABEL.set] !== this.#setName || pod.metadata.ownerReferences === undefined) return null;
    const { conditions = [] } = (pod["status"] ?? {}) as {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
    return {
      group: Number(labels[LABEL.groupIndex]),
      role: labels[LABEL.role] ?? "",
      ordinal: Number(labels["apps.kubernetes.io/pod-index"]),
      incarnation: Number(labels[LABEL.incarnation]),
      isReady: conditions.some((condition) => condition.type === "Ready" && condition.status === "True"),
      isTerminating: pod.metadata.deletionTimestamp !== undefined,
    };
  }

  #violated(invariant: number, what: string): void {
    this.violations.push(`invariant ${invariant}: ${what}`);
  }
}
