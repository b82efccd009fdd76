import type { KubeObject } from "@openpatio/core/model";
import {
  abortRollout,
  acceptSpec,
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
import type { ControlPlane } from "./control-plane.ts";
import type { Database } from "./database.ts";
import type { Invariants } from "./invariants.ts";
import { withAddedRole, withCount, withDependencies, withoutRole, withRenamedRole, withTag } from "./scenario.ts";
import { resourceOf, type SimCluster } from "./sim-cluster.ts";

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
  | { readonly act: "retry"; readonly set: number; readonly group: number }
  | ObjectAct
  | NodeAct
  | { readonly act: "fail-calls"; readonly count: number }
  | { readonly act: "kill-server"; readonly afterWrites: number }
  | { readonly act: "fail-over" | "lose-events" }
  | { readonly act: "delay-events"; readonly kind: number; readonly ms: number }
  | { readonly act: "jump-clock"; readonly ms: number }
  | { readonly act: "cut"; readonly ms: number };

type ObjectAct =
  | { readonly act: "delete-owner" | "delete-config"; readonly set: number; readonly group: number }
  | { readonly act: "crash-container" | "delete-pod" | "evict-pod"; readonly pod: number };

/** On the node of the `pod`-th pod, counted round. */
type NodeAct = {
  readonly act: "stop-kubelet" | "start-kubelet" | "cordon" | "uncordon" | "drain" | "delete-node";
  readonly pod: number;
};

const set = fc.nat({ max: 1 });
const group = fc.nat({ max: 3 });
const role = fc.nat({ max: 4 });
const pod = fc.nat({ max: 60 });
const tag = fc.integer({ min: 1, max: 3 });
const waitsFor = fc.nat({ max: 15 });
const oneOf = <const T extends string>(...names: T[]) => fc.constantFrom<T>(...names);

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
  weighted(3, fc.record({ act: oneOf("retry", "delete-owner", "delete-config"), set, group })),
  weighted(5, fc.record({ act: oneOf("crash-container", "delete-pod", "evict-pod"), pod })),
  weighted(4, fc.record({ act: oneOf("stop-kubelet", "start-kubelet", "cordon", "uncordon", "drain"), pod })),
  weighted(1, fc.record({ act: oneOf("delete-node"), pod })),
  weighted(2, fc.record({ act: oneOf("fail-calls"), count: fc.integer({ min: 1, max: 6 }) })),
  weighted(4, fc.record({ act: oneOf("kill-server"), afterWrites: fc.nat({ max: 8 }) })),
  weighted(2, fc.record({ act: oneOf("fail-over", "lose-events") })),
  weighted(
    1,
    fc.record({ act: oneOf("delay-events"), kind: fc.nat({ max: 6 }), ms: fc.integer({ min: 500, max: 8_000 }) }),
  ),
  weighted(1, fc.record({ act: oneOf("jump-clock"), ms: fc.integer({ min: -300_000, max: 300_000 }) })),
  weighted(1, fc.record({ act: oneOf("cut"), ms: fc.integer({ min: 100, max: 20_000 }) })),
);

export const NAMESPACE = "default";
export const SETS = ["demo", "demo-b"] as const;

export type Stage = {
  readonly cluster: SimCluster;
  readonly database: Database;
  readonly plane: ControlPlane;
  readonly invariants: Invariants;
  readonly clock: SteppedClock;
  readonly ids: readonly string[];
};

export function perform(act: Act, stage: Stage): void {
  const { cluster, plane, clock } = stage;
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
    case "fail-calls":
      plane.faults.failingCalls = act.count;
      return;
    case "kill-server":
      plane.faults.writesToLive = act.afterWrites;
      return;
    case "fail-over":
      return plane.failOver();
    case "jump-clock":
      plane.faults.clockOffsetMs += act.ms;
      return;
    case "lose-events":
      return cluster.loseEvents();
    case "delay-events":
      return cluster.delay(act.kind, act.ms);
    case "cut":
      cluster.setConnected(false);
      clock.advance(act.ms);
      return cluster.setConnected(true);
    case "delete-owner":
    case "delete-config":
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
      return onNode(act, stage);
  }
}

/** What people and fate do, by plain API calls. */
function onObject(act: ObjectAct, stage: Stage): void {
  const { invariants, ids } = stage;
  const { store } = stage.cluster;
  const annotate = (key: string, value: string) => (target: KubeObject) =>
    store.patch("pods", NAMESPACE, target.metadata.name, {
      metadata: { annotations: { [`sandbox.openpatio.io/${key}`]: value } },
    });
  switch (act.act) {
    case "crash-container":
      return onPod(stage, act.pod, annotate("crash", "137"));
    case "evict-pod":
      return onPod(stage, act.pod, annotate("fail", "Evicted"));
    case "delete-pod":
      return onPod(stage, act.pod, (target) => store.delete("pods", NAMESPACE, target.metadata.name));
    case "delete-owner": {
      const name = SETS[act.set % ids.length] ?? SETS[0];
      const labels = { "openpatio.io/set": name, "openpatio.io/group-index": String(act.group) };
      for (const one of store.list("pods", { namespace: NAMESPACE, labels })) invariants.hit(one, false);
      invariants.hitGroup(name, act.group);
      return ignoreMissing(() => store.delete(resourceOf("RoleBasedGroup"), NAMESPACE, `${name}-${act.group}`));
    }
    case "delete-config": {
      const name = SETS[act.set % ids.length] ?? SETS[0];
      return ignoreMissing(() => store.delete("configmaps", NAMESPACE, `${name}-${act.group}-config`));
    }
  }
}

function onNode(act: NodeAct, stage: Stage): void {
  const { invariants } = stage;
  const { store } = stage.cluster;
  const nodes = store.list("nodes").map((node) => node.metadata.name);
  const used = ourPods(stage).flatMap((one) => (one["spec"] as { readonly nodeName?: string }).nodeName ?? []);
  const node = (used.length > 0 ? used : nodes)[act.pod % Math.max(1, used.length > 0 ? used.length : nodes.length)];
  if (node === undefined || !nodes.includes(node)) return;
  const cordon = (unschedulable: boolean) =>
    store.patch("nodes", undefined, node, { spec: { unschedulable: unschedulable ? true : null } });
  const kubelet = (state: "running" | "stopped") =>
    store.patch("nodes", undefined, node, { metadata: { labels: { "sandbox.openpatio.io/kubelet": state } } });
  switch (act.act) {
    case "cordon":
      cordon(true);
      return;
    case "uncordon":
      for (const name of nodes) store.patch("nodes", undefined, name, { spec: { unschedulable: null } });
      return;
    case "drain":
      cordon(true);
      for (const one of ourPods(stage)) {
        if ((one["spec"] as { readonly nodeName?: string }).nodeName !== node) continue;
        if (one.metadata.deletionTimestamp !== undefined) continue;
        invariants.hit(one, true);
        ignoreMissing(() => store.delete("pods", NAMESPACE, one.metadata.name));
      }
      return;
    case "stop-kubelet":
      invariants.hitNode(node);
      kubelet("stopped");
      return;
    case "start-kubelet":
      for (const name of nodes)
        store.patch("nodes", undefined, name, { metadata: { labels: { "sandbox.openpatio.io/kubelet": "running" } } });
      return;
    case "delete-node":
      invariants.hitNode(node);
      store.delete("nodes", undefined, node);
      return;
  }
}

/** All machines are there, run, and take pods. */
export function heal({ cluster, invariants }: Stage, machines: readonly KubeObject[]): void {
  cluster.setConnected(true);
  const { store } = cluster;
  for (const machine of machines) {
    const { name, labels } = machine.metadata;
    if (store.get("nodes", undefined, name) === undefined) {
      const { apiVersion, kind } = machine;
      const created = { apiVersion, kind, metadata: { name, ...(labels === undefined ? {} : { labels }) } };
      store.create("nodes", { ...created, status: machine["status"] });
    } else {
      store.patch("nodes", undefined, name, {
        metadata: { labels: { "sandbox.openpatio.io/kubelet": "running" } },
        spec: { unschedulable: null },
      });
    }
  }
  invariants.healed();
}

function edit(stage: Stage, index: number, next: (spec: SetSpec) => SetSpec): void {
  stage.invariants.asked(SETS[index % stage.ids.length] ?? SETS[0]);
  change(stage, index, (state, nowMs) => acceptSpec(state, next(state.spec), nowMs));
}

function change({ plane, ids }: Stage, index: number, act: Parameters<ControlPlane["change"]>[1]): void {
  const id = ids[index % ids.length];
  if (id !== undefined) plane.change(id, act);
}

export const ourPods = ({ cluster }: Pick<Stage, "cluster">): readonly KubeObject[] =>
  cluster.store
    .list("pods", { namespace: NAMESPACE })
    .filter((one) => one.metadata.labels?.["openpatio.io/set"] !== undefined);

function onPod(stage: Stage, index: number, run: (pod: KubeObject) => unknown): void {
  const pods = ourPods(stage);
  const target = pods[index % Math.max(pods.length, 1)];
  if (target === undefined || target.metadata.deletionTimestamp !== undefined) return;
  stage.invariants.hit(target, true);
  run(target);
}

function ignoreMissing(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  }
}
