import { groupRoles, type KubeObject, LABEL, type SetState } from "@openpatio/core/model";
import { createSet, deleteSet, hasOldContent, resumeRollout } from "@openpatio/core/plan";
import fc from "fast-check";
import { createSteppedClock } from "../src/sim/clock.ts";
import { seededRandom } from "../src/sim/store-random.ts";
import { type Act, acts, heal, ourPods, type PodAt, perform, SETS, type Stage } from "./acts.ts";
import { ControlPlane, UnequalPlans } from "./control-plane.ts";
import { Database } from "./database.ts";
import { Invariants } from "./invariants.ts";
import { type SetDesign, setDesigns, specOf } from "./scenario.ts";
import { KINDS, RESOURCE, SimCluster, WORLDS } from "./sim-cluster.ts";

/** One or two sets on one or two clusters, and what happens to them. Played twice it goes the same way. */
export type History = {
  readonly seed: number;
  readonly clusters: number;
  /** The namespace of the sets is made later than they are. */
  readonly isNamespaceLate: boolean;
  /** How the sets are deleted at the end. */
  readonly ending: "delete" | "with-volumes" | "orphan";
  readonly designs: readonly SetDesign[];
  readonly acts: readonly Act[];
};

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  clusters: fc.constantFrom(1, 1, 1, 2),
  isNamespaceLate: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  ending: fc.constantFrom("delete", "with-volumes", "orphan"),
  designs: fc.oneof(
    { weight: 3, arbitrary: fc.array(setDesigns, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(setDesigns, { minLength: 2, maxLength: 2 }) },
  ),
  acts: fc.array(acts, { minLength: 2, maxLength: 14 }),
});

/** Longer than the progress deadline, any backoff and every delay of the simulated kubelets. */
const SETTLE_LIMIT_MS = 3 * 3_600_000;
/** Without a write for so long, with nothing left to do, it is settled: no late request or retry is under way any more. */
const QUIET_MS = 35_000;
/** Where somebody waits for room it is only over after the longest backoff. */
const LONG_QUIET_MS = 2_000_000;
/** From the end of a start that found no room until the pods of the next one wait: its teardown, and a little. */
const RECREATION_MS = 15_000;
const STEP_MS = 1_000;
/** Of the control plane, from the last fault until everything is as asked. */
const MOST_WRITES = 1_500;
const EDITS_OF_ROLES: readonly Act["act"][] = [
  "scale-role",
  "add-role",
  "rename-role",
  "remove-role",
  "rollback",
  "abort",
];

type Outcome = {
  readonly violations: readonly string[];
  readonly timeline: readonly string[];
  readonly groups: readonly string[];
};

/**
 * Plays a history from an empty cluster, lets everything settle, deletes the sets, and reports what was seen: what broke
 * on the way, what did not come to rest, what is not as the sets ask, what was written without need, what was left over.
 */
export function play(history: History): Outcome {
  const { seed, designs, acts: happened } = history;
  const clock = createSteppedClock();
  const random = seededRandom(String(seed));
  const clusters = WORLDS.slice(0, history.clusters).map(
    (world) => new SimCluster({ clock, seed: `simulation-${seed}`, random, world }),
  );
  const machines = new Map(clusters.map((cluster) => [cluster, cluster.store.list("nodes")]));
  const database: Database = new Database({
    acknowledged: (after) => invariants.acknowledged(after),
    committed: (before, after, timeline) => invariants.committed(before, after, timeline),
  });
  const invariants: Invariants = new Invariants(clusters, (set) => database.read(idOf(set))?.state ?? null);
  invariants.isRoomJudged = !happened.some(({ act }) => EDITS_OF_ROLES.includes(act));
  const namespace = history.isNamespaceLate ? "late" : "default";
  const untouched = clusters.map(plantForeign);
  const plane = new ControlPlane({ clock, clusters, database, random });
  const names = clusters.map(({ name }) => name);
  const ids = designs.map((design, i) => {
    const name = SETS[i] ?? SETS[0];
    const identity = { id: idOf(name), namespace, name };
    database.change(identity.id, createSet(identity, specOf(design, names), plane.nowMs()));
    plane.added(identity.id);
    return identity.id;
  });
  const stage: Stage = { namespace, clock, clusters, database, plane, invariants, ids, stripped: [] };
  const found: string[] = [];
  let groups: readonly string[] = [];
  try {
    for (const act of happened) {
      perform(act, stage);
      clock.advance(200);
    }
    heal(stage, machines);
    for (const id of ids) plane.change(id, resumeRollout);
    // A jump of the clock may have used the deadline up: what stalls by that is resumed once more, as a user would.
    clock.advance(25_000);
    for (const id of ids) plane.change(id, resumeRollout);
    const before = writesOf(stage);
    if (!settle(stage, (state) => state !== null && (isDone(state) || lacksRoom(stage, state))))
      found.push("invariant 9: it did not settle");
    groups = statesOf(stage).flatMap((state) => state.groups.map((group) => `${state.name} ${brief(group)}`));
    const isComplete = statesOf(stage).every(isDone);
    if (isComplete) {
      const writes = writesOf(stage);
      if (writes - before > MOST_WRITES) found.push(`invariant 9: ${writes - before} writes until it settled`);
      clock.advance(60_000);
      if (writesOf(stage) !== writes) found.push(`invariant 9: ${writesOf(stage) - writes} writes in a settled minute`);
      invariants.settled();
    }
    for (const state of statesOf(stage)) if (isDone(state)) found.push(...differences(stage, state));
    const running = isComplete ? ourPods(stage).filter(({ pod }) => pod.metadata.deletionTimestamp === undefined) : [];
    invariants.deletesVolumes = history.ending === "with-volumes";
    const ending = { orphan: history.ending === "orphan", deletesVolumes: invariants.deletesVolumes };
    for (const id of ids) plane.change(id, (state) => deleteSet(state, ending));
    if (!settle(stage, (state) => state === null)) found.push("invariant 9: deletion did not settle");
    if (ending.orphan) found.push(...running.flatMap(lostByLettingGo));
    const left = clusters.flatMap((cluster) => leftovers(cluster, history.ending));
    if (left.length > 0) found.push(`left after deletion: ${left.join(", ")}`);
  } catch (error) {
    if (!(error instanceof UnequalPlans)) throw error;
    found.push(error.message);
  } finally {
    plane.stop();
    for (const cluster of clusters) cluster.stop();
  }
  if (!untouched.every((isUntouched) => isUntouched())) found.push("invariant 6: things of others were touched");
  return { violations: [...invariants.violations, ...found], timeline: database.timeline, groups };
}

const writesOf = ({ clusters }: Stage): number => clusters.reduce((sum, { writes }) => sum + writes, 0);

const idOf = (set: string): string => `id-of-${set}`;

const statesOf = ({ database, ids }: Stage): readonly SetState[] => ids.flatMap((id) => database.read(id)?.state ?? []);

function isDone(state: SetState): boolean {
  return (
    state.groups.length === state.spec.replicas &&
    state.groups.every(
      (group) =>
        group.readySinceMs !== null &&
        group.restartSeen === state.rollout.restart &&
        group.roleUpdate === null &&
        group.leaving.length === 0 &&
        !hasOldContent(state, group),
    )
  );
}

/** Somebody waits for room, in truth, and will until others give some up. */
function lacksRoom(stage: Stage, state: SetState): boolean {
  const isUnplaced = state.groups.some((group) => group.stage === "unplaced" && group.unplacedReason !== null);
  const isBetweenStarts = state.groups.some(
    ({ stage: at, lastCause }) => at === "waiting" && lastCause?.message.includes("made no progress") === true,
  );
  return (
    isUnplaced ||
    isBetweenStarts ||
    ourPods(stage).some(({ pod }) => pod.metadata.labels?.[LABEL.set] === state.name && !isBound(pod))
  );
}

const isBound = (pod: KubeObject): boolean =>
  (pod["spec"] as { readonly nodeName?: string }).nodeName !== undefined ||
  pod.metadata.deletionTimestamp !== undefined;

/**
 * Until every set is as it should be and stays so without a write. One that waits for room may be recreated whenever its
 * start has missed the deadline.
 */
function settle(stage: Stage, isOver: (state: SetState | null) => boolean): boolean {
  const { clock, database, ids } = stage;
  let quietMs = 0;
  let fullMs = 0;
  let otherMs = 0;
  for (let spentMs = 0; spentMs < SETTLE_LIMIT_MS; spentMs += STEP_MS) {
    const writes = writesOf(stage);
    clock.advance(STEP_MS);
    const states = ids.map((id) => database.read(id)?.state ?? null);
    const areOver = states.every(isOver);
    const isFull = states.some((state) => state !== null && !isDone(state));
    quietMs = writesOf(stage) === writes && areOver && !isFull ? quietMs + STEP_MS : 0;
    otherMs = areOver ? 0 : otherMs + STEP_MS;
    fullMs = isFull && otherMs < RECREATION_MS ? fullMs + STEP_MS : 0;
    if (quietMs >= QUIET_MS || fullMs >= LONG_QUIET_MS) return true;
  }
  return false;
}

/** 8: whatever happened on the way, the cluster ends as the set asks. */
function differences(stage: Stage, state: SetState): readonly string[] {
  const found: string[] = [];
  const labels = { [LABEL.set]: state.name };
  const list = (resource: string) =>
    stage.clusters.flatMap(({ store }) => store.list(resource, { namespace: stage.namespace, labels }));
  const workloads = KINDS.flatMap(list).filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ kind }) => kind === "RoleBasedGroup"),
  );
  // A ReplicaSet leaves pods that failed where they are.
  const pods = ourPods(stage)
    .map(({ pod }) => pod)
    .filter(
      (pod) =>
        pod.metadata.labels?.[LABEL.set] === state.name && (pod["status"] as { phase?: string }).phase !== "Failed",
    );
  const wanted = state.groups.flatMap((group) =>
    groupRoles(state, group.revision, group.external).map((role) => ({
      group,
      role,
      name: `${state.name}-${group.index}-${role.role}`,
    })),
  );
  for (const { group, role, name } of wanted) {
    const asked = state.spec.groupTemplate.roles.find((one) => one.role === role.role);
    const itsWorkloads = workloads.filter(
      ({ metadata: { labels: its } }) =>
        its?.[LABEL.role] === role.role && its[LABEL.groupIndex] === String(group.index),
    );
    const [workload] = itsWorkloads;
    const its = pods.filter(
      (pod) =>
        pod.metadata.labels?.[LABEL.role] === role.role &&
        pod.metadata.labels?.[LABEL.groupIndex] === String(group.index),
    );
    if (asked === undefined) {
      found.push(`${name} is not asked for`);
      continue;
    }
    // Its autoscaler's, by what the group was told last.
    const wantedReplicas = role.isExternal ? role.replicas : asked.replicas;
    const replicas = role.isPerInstance
      ? itsWorkloads.length
      : (workload?.["spec"] as { readonly replicas?: number } | undefined)?.replicas;
    if (replicas !== wantedReplicas || (workload !== undefined && workload.kind !== role.kind))
      found.push(`${name} has ${replicas} replicas, not ${wantedReplicas}`);
    if (its.length !== wantedReplicas * role.size)
      found.push(`${name} has ${its.length} pods, not ${wantedReplicas * role.size}`);
    const image = (spec: unknown): string | undefined =>
      (spec as { readonly containers: readonly { readonly image?: string }[] }).containers[0]?.image;
    for (const pod of its) {
      if (pod.metadata.labels?.[LABEL.incarnation] !== String(group.incarnation))
        found.push(`${pod.metadata.name} is of another life`);
      if (image(pod["spec"]) !== image(asked.template.spec))
        found.push(`${pod.metadata.name} runs ${image(pod["spec"])}`);
    }
  }
  const count = (what: string, objects: readonly KubeObject[], expected: number) => {
    const ours = objects.filter((object) => object.metadata.ownerReferences !== undefined).length;
    if (ours !== expected) found.push(`${state.name} has ${ours} ${what}, not ${expected}`);
  };
  const workloadsOf = ({ role }: (typeof wanted)[number]): number => (role.isPerInstance ? role.replicas : 1);
  count(
    "workloads",
    workloads,
    wanted.map(workloadsOf).reduce((sum, one) => sum + one, 0),
  );
  count("Services", list(RESOURCE.services), wanted.length);
  count("ConfigMaps", list(RESOURCE.configmaps), state.groups.length * 2);
  for (const owner of list(RESOURCE.rolebasedgroups)) {
    const { phase } = (owner["status"] ?? {}) as { readonly phase?: string };
    if (phase !== "Ready") found.push(`${owner.metadata.name} says ${phase}`);
  }
  return found.map((difference) => `invariant 8: ${difference}`);
}

/** Things of others that look a little like ours. Answers whether they are as they were. */
function plantForeign({ store }: SimCluster): () => boolean {
  const labels = { [LABEL.set]: SETS[0], [LABEL.groupIndex]: "0" };
  const planted = [
    { metadata: { name: "notes", namespace: "default", labels }, data: { a: "1" } },
    { metadata: { name: `${SETS[0]}-other`, namespace: "default" }, data: { b: "2" } },
  ].map((object) => store.create("configmaps", { apiVersion: "v1", kind: "ConfigMap", ...object }));
  return () =>
    planted.every(
      (object) =>
        store.get("configmaps", "default", object.metadata.name)?.metadata.resourceVersion ===
        object.metadata.resourceVersion,
    );
}

/** What was let go runs on, untouched. */
function lostByLettingGo({ cluster, pod }: PodAt): readonly string[] {
  const { namespace, name, uid } = pod.metadata;
  const live = cluster.store.get("pods", namespace, name);
  const isThere = live?.metadata.uid === uid && live?.metadata.deletionTimestamp === undefined;
  return isThere ? [] : [`${name} was taken away although its set was let go`];
}

/** Claims stay unless they are to go too; pods that were let go stay, under workloads that are nobody's. */
function leftovers({ store }: SimCluster, ending: History["ending"]): readonly string[] {
  const stays = new Set([
    ...(ending === "with-volumes" ? [] : [RESOURCE.persistentvolumeclaims]),
    ...(ending === "orphan" ? [RESOURCE.pods] : []),
  ]);
  return Object.values(RESOURCE)
    .filter((resource) => !stays.has(resource))
    .flatMap((resource) => store.list(resource))
    .filter((object) => object.metadata.labels?.[LABEL.set] !== undefined && object.metadata.name !== "notes")
    .map((object) => `${object.kind} ${object.metadata.name}`);
}

function brief({
  index,
  stage,
  incarnation,
  revision,
  readySinceMs,
  stalledReason,
  unplacedReason,
}: SetState["groups"][number]) {
  const ready = readySinceMs === null ? `not ready ${stalledReason ?? unplacedReason ?? ""}` : "ready";
  return `${index}: ${stage}, incarnation ${incarnation}, revision ${revision}, ${ready}`;
}
