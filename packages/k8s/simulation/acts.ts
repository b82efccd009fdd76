import { type KubeObject, LABEL } from "@openpatio/core/model";
import {
  abortRollout,
  acceptSpec,
  moveGroup,
  pauseRollout,
  restartRollout,
  resumeRollout,
  retryGroupNow,
  rollbackTo,
} from "@openpatio/core/plan";
import type { SetSpec } from "@openpatio/core/spec";
import fc from "fast-check";
import type { SteppedClock } from "../src/sim/clock.ts";
import { ApiError } from "../src/sim/status.ts";
import { type ControlPlane, WAYS_TO_FAIL } from "./control-plane.ts";
import type { Database } from "./database.ts";
import { type ForeignAct, foreignActs, performForeign, restoreLabels } from "./foreign-acts.ts";
import type { Invariants } from "./invariants.ts";
import {
  type Policies,
  policies,
  withAddedRole,
  withCount,
  withDependencies,
  withoutHolds,
  withoutRole,
  withPolicies,
  withRenamedRole,
  withTag,
} from "./scenario.ts";
import type { SimCluster } from "./sim-cluster.ts";

/** What users, clusters and fate do, as data: a history can be printed, shrunk and played again. `set` counts round. */
export type Act =
  | { readonly act: "wait"; readonly ms: number }
  | { readonly act: "scale-groups"; readonly set: number; readonly replicas: number }
  | { readonly act: "scale-role"; readonly set: number; readonly role: number; readonly replicas: number }
  | { readonly act: "image"; readonly set: number; readonly tag: number }
  | { readonly act: "image-and-scale"; readonly set: number; readonly tag: number; readonly replicas: number }
  | { readonly act: "add-role"; readonly set: number; readonly waitsFor: number; readonly replicas: number }
  | { readonly act: "remove-role" | "rename-role"; readonly set: number; readonly role: number }
  | { readonly act: "depend"; readonly set: number; readonly role: number; readonly waitsFor: number }
  | { readonly act: "pause" | "resume" | "restart" | "abort"; readonly set: number }
  | { readonly act: "rollback"; readonly set: number; readonly to: number }
  | { readonly act: "retry" | "move" | "move-across"; readonly set: number; readonly group: number }
  | { readonly act: "policies"; readonly set: number; readonly policies: Policies }
  | ObjectAct
  | ForeignAct
  | NodeAct
  | { readonly act: "fail-calls"; readonly count: number; readonly how: (typeof WAYS_TO_FAIL)[number] }
  | { readonly act: "kill-server"; readonly afterWrites: number }
  | { readonly act: "fail-over" | "make-namespace" }
  | { readonly act: "lose-events"; readonly lateMs: number }
  | { readonly act: "delay-events"; readonly kind: number; readonly ms: number }
  | { readonly act: "jump-clock"; readonly ms: number }
  | { readonly act: "cut"; readonly cluster: number; readonly ms: number }
  | { readonly act: "refuse"; readonly kind: (typeof REFUSABLE)[number]; readonly ms: number };

/** A quota on pods, and admission that lets none of a kind through. */
const REFUSABLE = ["Pod", "StatefulSet", "Deployment", "ConfigMap", "RoleBasedGroup"] as const;

type ObjectAct = { readonly act: "crash-container" | "delete-pod" | "evict-pod"; readonly pod: number };

/** On the node of the `pod`-th pod, counted round. */
type NodeAct = {
  readonly act: "stop-kubelet" | "start-kubelet" | "cordon" | "uncordon" | "drain" | "delete-node" | "out-of-service";
  readonly pod: number;
};

const set = fc.nat({ max: 1 });
const group = fc.nat({ max: 3 });
const role = fc.nat({ max: 4 });
const pod = fc.nat({ max: 60 });
const tag = fc.integer({ min: 1, max: 3 });
const waitsFor = fc.nat({ max: 15 });
const oneOf = <const T extends string>(...names: T[]) => fc.constantFrom<T>(...names);

const jumps = fc.oneof(fc.integer({ min: -300_000, max: 300_000 }), fc.constantFrom(-3_600_000, 3_600_000));
const cuts = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 20_000 }) },
  { weight: 1, arbitrary: fc.constant(400_000) },
);

const weighted = (weight: number, arbitrary: fc.Arbitrary<Act>) => ({ weight, arbitrary });

export const acts: fc.Arbitrary<Act> = fc.oneof(
  weighted(10, fc.record({ act: oneOf("wait"), ms: fc.integer({ min: 1, max: 20_000 }) })),
  weighted(3, fc.record({ act: oneOf("scale-groups"), set, replicas: fc.nat({ max: 4 }) })),
  weighted(3, fc.record({ act: oneOf("scale-role"), set, role, replicas: fc.nat({ max: 3 }) })),
  weighted(4, fc.record({ act: oneOf("image"), set, tag })),
  weighted(1, fc.record({ act: oneOf("image-and-scale"), set, tag, replicas: fc.integer({ min: 1, max: 4 }) })),
  weighted(1, fc.record({ act: oneOf("add-role"), set, waitsFor, replicas: fc.nat({ max: 2 }) })),
  weighted(2, fc.record({ act: oneOf("remove-role", "rename-role"), set, role })),
  weighted(1, fc.record({ act: oneOf("depend"), set, role, waitsFor })),
  weighted(4, fc.record({ act: oneOf("pause", "resume", "restart", "abort"), set })),
  weighted(1, fc.record({ act: oneOf("rollback"), set, to: fc.integer({ min: 1, max: 4 }) })),
  weighted(4, foreignActs),
  weighted(1, fc.record({ act: oneOf("retry", "move", "move-across"), set, group })),
  weighted(2, fc.record({ act: oneOf("policies"), set, policies })),
  weighted(5, fc.record({ act: oneOf("crash-container", "delete-pod", "evict-pod"), pod })),
  weighted(4, fc.record({ act: oneOf("stop-kubelet", "start-kubelet", "cordon", "uncordon", "drain"), pod })),
  weighted(1, fc.record({ act: oneOf("delete-node", "out-of-service"), pod })),
  weighted(
    3,
    fc.record({
      act: oneOf("fail-calls"),
      count: fc.integer({ min: 1, max: 6 }),
      how: fc.constantFrom(...WAYS_TO_FAIL),
    }),
  ),
  weighted(4, fc.record({ act: oneOf("kill-server"), afterWrites: fc.nat({ max: 8 }) })),
  weighted(1, fc.record({ act: oneOf("fail-over") })),
  weighted(1, fc.record({ act: oneOf("fail-over", "make-namespace") })),
  weighted(2, fc.record({ act: oneOf("lose-events"), lateMs: fc.constantFrom(0, 500, 4_000) })),
  weighted(
    1,
    fc.record({ act: oneOf("delay-events"), kind: fc.nat({ max: 6 }), ms: fc.integer({ min: 500, max: 8_000 }) }),
  ),
  weighted(1, fc.record({ act: oneOf("jump-clock"), ms: jumps })),
  weighted(1, fc.record({ act: oneOf("cut"), cluster: fc.nat({ max: 1 }), ms: cuts })),
  weighted(
    1,
    fc.record({ act: oneOf("refuse"), kind: fc.constantFrom(...REFUSABLE), ms: fc.integer({ min: 100, max: 30_000 }) }),
  ),
);

export const SETS = ["demo", "demo-b"] as const;

export type Stage = {
  readonly namespace: string;
  readonly clusters: readonly SimCluster[];
  /** What had its labels taken off, as it was before. */
  readonly stripped: { readonly cluster: SimCluster; readonly object: KubeObject }[];
  readonly database: Database;
  readonly plane: ControlPlane;
  readonly invariants: Invariants;
  readonly clock: SteppedClock;
  readonly ids: readonly string[];
};

export function perform(act: Act, stage: Stage): void {
  const { clusters, plane, clock } = stage;
  switch (act.act) {
    case "wait":
      return clock.advance(act.ms);
    case "scale-groups":
      return edit(stage, act.set, (spec) => ({ ...spec, replicas: act.replicas }));
    case "scale-role":
      return edit(stage, act.set, (spec) => withCount(spec, act.role, act.replicas));
    case "image":
      return edit(stage, act.set, (spec) => withTag(spec, act.tag));
    case "image-and-scale":
      return edit(stage, act.set, (spec) => ({ ...withTag(spec, act.tag), replicas: act.replicas }));
    case "add-role":
      return edit(stage, act.set, (spec) => withAddedRole(spec, act));
    case "remove-role":
      return edit(stage, act.set, (spec) => withoutRole(spec, act.role));
    case "rename-role":
      return edit(stage, act.set, (spec) => withRenamedRole(spec, act.role));
    case "depend":
      return edit(stage, act.set, (spec) => withDependencies(spec, act.role, act.waitsFor));
    case "pause":
      return change(stage, act.set, pauseRollout);
    case "resume":
      return change(stage, act.set, resumeRollout);
    case "restart":
      return change(stage, act.set, restartRollout);
    case "abort":
      return change(stage, act.set, abortRollout);
    case "rollback":
      return change(stage, act.set, (state, nowMs) => rollbackTo(state, act.to, nowMs));
    case "retry":
      return change(stage, act.set, (state, nowMs) => retryGroupNow(state, act.group, nowMs));
    case "move":
      return change(stage, act.set, (state, nowMs) => moveGroup(state, act.group, nowMs));
    case "move-across":
      return change(stage, act.set, (state, nowMs) =>
        moveGroup(state, act.group, nowMs, { wish: { cluster: null, domain: null }, isAcross: true }),
      );
    case "policies":
      return edit(stage, act.set, (spec) => withPolicies(spec, act.policies));
    case "fail-calls":
      plane.faults.failingCalls = act.count;
      plane.faults.how = act.how;
      return;
    case "kill-server":
      plane.faults.writesToLive = act.afterWrites;
      return;
    case "fail-over":
      return plane.failOver();
    case "jump-clock":
      plane.faults.clockOffsetMs += act.ms;
      return;
    case "make-namespace":
      return makeNamespace(stage);
    case "lose-events":
      for (const cluster of clusters) cluster.loseEvents(act.lateMs);
      return;
    case "delay-events":
      for (const cluster of clusters) cluster.delay(act.kind, act.ms);
      return;
    case "cut": {
      const cluster = clusters[act.cluster % clusters.length];
      cluster?.setConnected(false);
      clock.advance(act.ms);
      cluster?.setConnected(true);
      return;
    }
    case "refuse":
      for (const cluster of clusters) cluster.refuse(act.kind, true);
      clock.advance(act.ms);
      for (const cluster of clusters) cluster.refuse(act.kind, false);
      return;
    case "autoscale":
    case "foreign-scale":
    case "foreign-edit":
    case "foreign-delete":
    case "strip-label":
      return performForeign(act, stage);
    case "crash-container":
    case "delete-pod":
    case "evict-pod":
      return onObject(act, stage);
    case "stop-kubelet":
    case "start-kubelet":
    case "cordon":
    case "uncordon":
    case "drain":
    case "delete-node":
    case "out-of-service":
      return onNode(act, stage);
  }
}

/** What people and fate do to pods, by plain API calls. */
function onObject({ act, pod: index }: ObjectAct, stage: Stage): void {
  const pods = ourPods(stage);
  const target = pods[index % Math.max(pods.length, 1)];
  if (target === undefined || target.pod.metadata.deletionTimestamp !== undefined) return;
  const { cluster, pod } = target;
  const { namespace, name } = pod.metadata;
  const annotate = (key: string, value: string) =>
    cluster.store.patch("pods", namespace, name, {
      metadata: { annotations: { [`sandbox.openpatio.io/${key}`]: value } },
    });
  stage.invariants.hit(pod, true);
  switch (act) {
    case "crash-container":
      annotate("crash", "137");
      return;
    case "evict-pod":
      annotate("fail", "Evicted");
      return;
    case "delete-pod":
      return cluster.store.delete("pods", namespace, name);
  }
}

function onNode(act: NodeAct, stage: Stage): void {
  const { invariants, clusters } = stage;
  const used = ourPods(stage).filter(({ pod }) => nodeOf(pod) !== undefined);
  const target = used[act.pod % Math.max(1, used.length)];
  const cluster = target?.cluster ?? clusters[0];
  if (cluster === undefined) return;
  const { store } = cluster;
  const nodes = store.list("nodes").map((one) => one.metadata.name);
  const node = target === undefined ? nodes[act.pod % Math.max(1, nodes.length)] : nodeOf(target.pod);
  if (node === undefined || !nodes.includes(node)) return;
  const cordon = (unschedulable: boolean) =>
    store.patch("nodes", undefined, node, { spec: { unschedulable: unschedulable ? true : null } });
  const kubelet = (name: string, state: "running" | "stopped") =>
    store.patch("nodes", undefined, name, { metadata: { labels: { "sandbox.openpatio.io/kubelet": state } } });
  switch (act.act) {
    case "cordon":
      cordon(true);
      return;
    case "uncordon":
      for (const name of nodes) store.patch("nodes", undefined, name, { spec: { unschedulable: null } });
      return;
    case "drain":
      cordon(true);
      for (const { cluster: home, pod } of used) {
        if (home !== cluster || nodeOf(pod) !== node || pod.metadata.deletionTimestamp !== undefined) continue;
        invariants.hit(pod, true);
        ignoreMissing(() => store.delete("pods", pod.metadata.namespace, pod.metadata.name));
      }
      return;
    case "stop-kubelet":
      invariants.hitNode(cluster, node);
      kubelet(node, "stopped");
      return;
    case "start-kubelet":
      for (const name of nodes) kubelet(name, "running");
      return;
    case "delete-node":
      invariants.hitNode(cluster, node);
      store.delete("nodes", undefined, node);
      return;
    // Somebody made sure that the machine is off, and says so.
    case "out-of-service":
      invariants.hitNode(cluster, node);
      kubelet(node, "stopped");
      store.patch("nodes", undefined, node, { spec: { taints: [OUT_OF_SERVICE] } });
      return;
  }
}

const OUT_OF_SERVICE = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };

function makeNamespace({ clusters, namespace: name }: Stage): void {
  for (const { store } of clusters)
    if (store.get("namespaces", undefined, name) === undefined)
      store.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** All machines are there, run, and take pods. */
export function heal(stage: Stage, machines: ReadonlyMap<SimCluster, readonly KubeObject[]>): void {
  stage.plane.faults.failingCalls = 0;
  makeNamespace(stage);
  restoreLabels(stage);
  for (const i of stage.ids.keys()) edit(stage, i, withoutHolds);
  for (const [cluster, nodes] of machines) {
    cluster.setConnected(true);
    for (const machine of nodes) healMachine(cluster, machine);
  }
  stage.invariants.healed();
}

function healMachine({ store }: SimCluster, machine: KubeObject): void {
  const { name, labels } = machine.metadata;
  const node = store.get("nodes", undefined, name);
  if (node === undefined) {
    const { apiVersion, kind } = machine;
    const created = { apiVersion, kind, metadata: { name, ...(labels === undefined ? {} : { labels }) } };
    store.create("nodes", { ...created, status: machine["status"] });
    return;
  }
  const { taints = [] } = node["spec"] as { readonly taints?: readonly { readonly key: string }[] };
  const left = taints.filter(({ key }) => key !== OUT_OF_SERVICE.key);
  store.patch("nodes", undefined, name, {
    metadata: { labels: { "sandbox.openpatio.io/kubelet": "running" } },
    spec: { unschedulable: null, ...(left.length < taints.length ? { taints: left } : {}) },
  });
}

function edit(stage: Stage, index: number, next: (spec: SetSpec) => SetSpec): void {
  stage.invariants.asked(SETS[index % stage.ids.length] ?? SETS[0]);
  change(stage, index, (state, nowMs) => acceptSpec(state, next(state.spec), nowMs));
}

function change({ plane, ids }: Stage, index: number, act: Parameters<ControlPlane["change"]>[1]): void {
  const id = ids[index % ids.length];
  if (id !== undefined) plane.change(id, act);
}

export type PodAt = { readonly cluster: SimCluster; readonly pod: KubeObject };

export const ourPods = ({ clusters, namespace }: Pick<Stage, "clusters" | "namespace">): readonly PodAt[] =>
  clusters.flatMap((cluster) =>
    cluster.store
      .list("pods", { namespace })
      .filter((pod) => pod.metadata.labels?.[LABEL.set] !== undefined)
      .map((pod) => ({ cluster, pod })),
  );

const nodeOf = (pod: KubeObject): string | undefined => (pod["spec"] as { readonly nodeName?: string }).nodeName;

function ignoreMissing(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  }
}
