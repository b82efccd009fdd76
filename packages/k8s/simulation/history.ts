import type { KubeObject, SetState } from "@openpatio/core/model";
import {
  abortRollout,
  acceptSpec,
  createSet,
  deleteSet,
  pauseRollout,
  restartRollout,
  resumeRollout,
  retryGroupNow,
  rollbackTo,
} from "@openpatio/core/plan";
import { type SetSpec, SetSpecInput } from "@openpatio/core/spec";
import fc from "fast-check";
import { createSteppedClock } from "../src/sim/clock.ts";
import { ApiError } from "../src/sim/status.ts";
import { seededRandom } from "../src/sim/store-random.ts";
import { ControlPlane } from "./control-plane.ts";
import { Invariants } from "./invariants.ts";
import { resourceOf, SimCluster } from "./sim-cluster.ts";

/** What users, clusters and fate do to one set, as data: a history can be printed, shrunk and played again. */
export type Act =
  | { readonly act: "wait"; readonly ms: number }
  | { readonly act: "scale-groups"; readonly replicas: number }
  | { readonly act: "scale-role"; readonly role: number; readonly replicas: number }
  | { readonly act: "image"; readonly tag: number }
  | { readonly act: "image-and-scale"; readonly tag: number; readonly replicas: number }
  | { readonly act: "pause" }
  | { readonly act: "resume" }
  | { readonly act: "restart" }
  | { readonly act: "abort" }
  | { readonly act: "rollback"; readonly to: number }
  | { readonly act: "retry"; readonly group: number }
  | { readonly act: "crash-container"; readonly pod: number }
  | { readonly act: "delete-pod"; readonly pod: number }
  | { readonly act: "evict-pod"; readonly pod: number }
  | { readonly act: "delete-owner"; readonly group: number }
  | { readonly act: "delete-config"; readonly group: number }
  | { readonly act: "fail-calls"; readonly count: number }
  | { readonly act: "kill-server"; readonly afterWrites: number }
  | { readonly act: "lose-events" }
  | { readonly act: "cut"; readonly ms: number };

const pick = fc.nat({ max: 60 });
const image = fc.record({ act: fc.constant("image" as const), tag: fc.integer({ min: 1, max: 3 }) });

export const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("scale-groups" as const), replicas: fc.integer({ min: 0, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("scale-role" as const),
      role: fc.nat({ max: 2 }),
      replicas: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: image },
  fc.record({
    act: fc.constant("image-and-scale" as const),
    tag: fc.integer({ min: 1, max: 3 }),
    replicas: fc.integer({ min: 1, max: 4 }),
  }),
  fc.constantFrom<Act>(
    { act: "pause" },
    { act: "resume" },
    { act: "restart" },
    { act: "abort" },
    { act: "lose-events" },
  ),
  fc.record({ act: fc.constant("rollback" as const), to: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ act: fc.constant("retry" as const), group: fc.nat({ max: 3 }) }),
  { weight: 2, arbitrary: fc.record({ act: fc.constant("crash-container" as const), pod: pick }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("delete-pod" as const), pod: pick }) },
  fc.record({ act: fc.constant("evict-pod" as const), pod: pick }),
  fc.record({ act: fc.constant("delete-owner" as const), group: fc.nat({ max: 3 }) }),
  fc.record({ act: fc.constant("delete-config" as const), group: fc.nat({ max: 3 }) }),
  fc.record({ act: fc.constant("fail-calls" as const), count: fc.integer({ min: 1, max: 6 }) }),
  { weight: 3, arbitrary: fc.record({ act: fc.constant("kill-server" as const), afterWrites: fc.nat({ max: 8 }) }) },
  fc.record({ act: fc.constant("cut" as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
);

const SET = "demo";
const NAMESPACE = "default";
const DEPENDENCIES = { prefill: [], decode: ["prefill"], router: ["decode"] };
const ROLES = ["prefill", "decode", "router"] as const;
/** Longer than any backoff (600 s) and every delay of the simulated kubelets. */
const SETTLE_LIMIT_MS = 3_600_000;
const QUIET_MS = 120_000;
const STEP_MS = 1_000;

const specOf = (tag: number, replicas: number): SetSpec => {
  const role = (name: (typeof ROLES)[number], gpus: number) => ({
    role: name,
    replicas: name === "router" ? 1 : 2,
    dependencies: DEPENDENCIES[name],
    template: {
      spec: {
        containers: [
          {
            name: "engine",
            image: `engine:v${tag}`,
            ports: [{ name: "http", containerPort: 8000 }],
            resources: {
              limits: { cpu: "4", memory: "16Gi", ...(gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {}) },
            },
          },
        ],
      },
    },
  });
  const input = SetSpecInput.parse({
    groupTemplate: { roles: [role("prefill", 2), role("decode", 2), role("router", 0)] },
    placement: { clusters: { names: ["sandbox-racks"] }, topology: { key: "topology.kubernetes.io/rack" } },
  });
  return { ...input, replicas };
};

const withTag = (spec: SetSpec, tag: number): SetSpec => ({
  ...spec,
  groupTemplate: {
    ...spec.groupTemplate,
    roles: spec.groupTemplate.roles.map((role) => ({
      ...role,
      template: {
        ...role.template,
        spec: {
          ...role.template.spec,
          containers: role.template.spec.containers.map((each) => ({ ...each, image: `engine:v${tag}` })),
        },
      },
    })),
  },
});

const withRole = (spec: SetSpec, index: number, replicas: number): SetSpec => ({
  ...spec,
  groupTemplate: {
    ...spec.groupTemplate,
    roles: spec.groupTemplate.roles.map((role, i) => (i === index ? { ...role, replicas } : role)),
  },
});

export type Outcome = {
  readonly violations: readonly string[];
  readonly state: SetState | null;
  /** Writes to the cluster in the last minute, when everything was settled. */
  readonly quietWrites: number;
  readonly isSettled: boolean;
  readonly isCleaned: boolean;
  readonly foreign: "untouched" | "touched";
  readonly timeline: readonly string[];
};

/** Plays a history from an empty cluster, lets everything settle, deletes the set, and reports what was seen. */
export function play(seed: number, history: readonly Act[]): Outcome {
  const clock = createSteppedClock();
  const random = seededRandom(String(seed));
  const cluster = new SimCluster({ clock, seed: `simulation-${seed}`, lagMs: () => Math.floor(random() * 400) });
  const invariants = new Invariants(cluster, SET, DEPENDENCIES);
  const foreign = plantForeign(cluster);
  const created = createSet({ id: "set", namespace: NAMESPACE, name: SET }, specOf(1, 2), clock.nowMs());
  const plane = new ControlPlane(
    { clock, cluster, random, onCommit: (before, after) => invariants.committed(before, after) },
    created,
  );
  try {
    for (const act of history) {
      perform(act, { cluster, plane, invariants, clock });
      clock.advance(200);
    }
    cluster.setConnected(true);
    plane.change((state) => resumeRollout(state));
    const isSettled = settle(clock, plane, (state) => state !== null && isDone(state));
    const { writes, state } = plane;
    clock.advance(60_000);
    const quietWrites = plane.writes - writes;
    plane.change((state) => deleteSet(state));
    const isCleaned = settle(clock, plane, (state) => state === null) && ours(cluster).length === 0;
    return {
      violations: invariants.violations,
      state,
      quietWrites,
      isSettled,
      isCleaned,
      foreign: foreign() ? "untouched" : "touched",
      timeline: plane.timeline.map(
        (line) => `${line.kind} ${line.group ?? ""}: ${line.decision} (${line.cause ?? "no cause"})`,
      ),
    };
  } finally {
    cluster.stop();
  }
}

function isDone(state: SetState): boolean {
  const target = state.revisions.find((revision) => revision.number === state.rollout.target);
  return (
    state.groups.length === state.spec.replicas &&
    state.groups.every(
      (group) =>
        group.readySinceMs !== null &&
        group.restartSeen === state.rollout.restart &&
        state.revisions.find((revision) => revision.number === group.revision)?.hash === target?.hash,
    )
  );
}

/** Until it is done and stays so without a write. */
function settle(
  clock: ReturnType<typeof createSteppedClock>,
  plane: ControlPlane,
  isDoneNow: (state: SetState | null) => boolean,
): boolean {
  let quietMs = 0;
  for (let spentMs = 0; spentMs < SETTLE_LIMIT_MS; spentMs += STEP_MS) {
    const { writes } = plane;
    clock.advance(STEP_MS);
    quietMs = plane.writes === writes && isDoneNow(plane.state) ? quietMs + STEP_MS : 0;
    if (quietMs >= QUIET_MS) return true;
  }
  return false;
}

type Stage = {
  readonly cluster: SimCluster;
  readonly plane: ControlPlane;
  readonly invariants: Invariants;
  readonly clock: ReturnType<typeof createSteppedClock>;
};

function perform(act: Act, { cluster, plane, invariants, clock }: Stage): void {
  const { store } = cluster;
  const edit = (next: (spec: SetSpec) => SetSpec) =>
    plane.change((state, nowMs) => {
      const spec = next(state.spec);
      invariants.asked(spec);
      return acceptSpec(state, spec, nowMs);
    });
  const onPod = (index: number, run: (pod: KubeObject) => void) => {
    const pods = store.list("pods", { namespace: NAMESPACE, labels: { "openpatio.io/set": SET } });
    const pod = pods[index % Math.max(pods.length, 1)];
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    invariants.hit(pod);
    run(pod);
  };
  switch (act.act) {
    case "wait":
      return clock.advance(act.ms);
    case "scale-groups":
      return edit((spec) => ({ ...spec, replicas: act.replicas }));
    case "scale-role":
      return edit((spec) => withRole(spec, act.role, act.replicas));
    case "image":
      return edit((spec) => withTag(spec, act.tag));
    case "image-and-scale":
      return edit((spec) => ({ ...withTag(spec, act.tag), replicas: act.replicas }));
    case "pause":
      return plane.change((state) => pauseRollout(state));
    case "resume":
      return plane.change((state) => resumeRollout(state));
    case "restart":
      return plane.change((state, nowMs) => restartRollout(state, nowMs));
    case "abort":
      return plane.change((state, nowMs) => abortRollout(state, nowMs));
    case "rollback":
      return plane.change((state, nowMs) => rollbackTo(state, act.to, nowMs));
    case "retry":
      return plane.change((state, nowMs) => retryGroupNow(state, act.group, nowMs));
    case "crash-container":
      return onPod(act.pod, (pod) =>
        store.patch("pods", NAMESPACE, pod.metadata.name, {
          metadata: { annotations: { "sandbox.openpatio.io/crash": "137" } },
        }),
      );
    case "evict-pod":
      return onPod(act.pod, (pod) =>
        store.patch("pods", NAMESPACE, pod.metadata.name, {
          metadata: { annotations: { "sandbox.openpatio.io/fail": "Evicted" } },
        }),
      );
    case "delete-pod":
      return onPod(act.pod, (pod) => store.delete("pods", NAMESPACE, pod.metadata.name));
    case "delete-owner": {
      for (const pod of store.list("pods", {
        namespace: NAMESPACE,
        labels: { "openpatio.io/set": SET, "openpatio.io/group-index": String(act.group) },
      })) {
        invariants.hit(pod);
      }
      return ignoreMissing(() => store.delete(resourceOf("RoleBasedGroup"), NAMESPACE, `${SET}-${act.group}`));
    }
    case "delete-config":
      return ignoreMissing(() => store.delete("configmaps", NAMESPACE, `${SET}-${act.group}-config`));
    case "fail-calls":
      return plane.failCalls(act.count);
    case "kill-server":
      return plane.crashAfter(act.afterWrites);
    case "lose-events":
      return cluster.loseEvents();
    case "cut":
      cluster.setConnected(false);
      clock.advance(act.ms);
      return cluster.setConnected(true);
  }
}

function ignoreMissing(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  }
}

/** Things of others that look a little like ours. Answers whether they are as they were. */
function plantForeign({ store }: SimCluster): () => boolean {
  const labels = { "openpatio.io/set": SET, "openpatio.io/group-index": "0" };
  const planted = [
    store.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "notes", namespace: NAMESPACE, labels },
      data: { a: "1" },
    }),
    store.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `${SET}-other`, namespace: NAMESPACE },
      data: { b: "2" },
    }),
  ];
  return () =>
    planted.every(
      (object) =>
        store.get("configmaps", NAMESPACE, object.metadata.name)?.metadata.resourceVersion ===
        object.metadata.resourceVersion,
    );
}

function ours({ store }: SimCluster): readonly KubeObject[] {
  return ["pods", "services", "configmaps", "statefulsets.apps", resourceOf("RoleBasedGroup")]
    .flatMap((resource) => store.list(resource, { namespace: NAMESPACE, labels: { "openpatio.io/set": SET } }))
    .filter((object) => object.metadata.name !== "notes");
}
