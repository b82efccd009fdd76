import fc from "fast-check";
import { expect, test } from "vitest";
import { findRevision, groupRoles, type ObservedPod, type SetState } from "../model/index.ts";
import { revisionRoleHash } from "../spec/revision.ts";
import { aNode, aRole, aSet, Operated, RACK, World } from "../testing/index.ts";
import { isPresent } from "./observed-group.ts";
import { pauseRollout, restartRollout, resumeRollout } from "./rollout-controls.ts";
import { isHeldBack, maxSurge, maxUnavailable } from "./rollout-state.ts";
import { abortRollout, acceptSpec, deleteSet, rollbackTo, type StateChange } from "./spec-change.ts";

/** Everything that a person or a cluster may do to a set between two plans. */
type Act =
  | { readonly kind: "step" }
  | { readonly kind: "die" }
  | { readonly kind: "edit"; readonly spec: Draft }
  | { readonly kind: "control"; readonly what: "pause" | "resume" | "restart" | "abort" | "rollback" }
  | {
      readonly kind: "crash" | "delete-pod" | "evict" | "delete-workload" | "delete-owner" | "delete-config";
      readonly which: number;
    }
  | { readonly kind: "lose" }
  | { readonly kind: "cordon"; readonly which: number };

type Draft = {
  readonly replicas: number;
  readonly image: number;
  readonly a: number;
  readonly b: number;
  readonly hasC: boolean;
  readonly maxUnavailable: number;
  readonly maxSurge: number;
  readonly isRolledBack: boolean;
  readonly isByRole: boolean;
  readonly partition: number;
  readonly isParallel: boolean;
  readonly policy: "RecreateGroup" | "RecreateRole" | "None";
};

const drafts = fc.record({
  replicas: fc.nat(4),
  image: fc.nat(2),
  a: fc.nat(2),
  b: fc.nat(3),
  hasC: fc.boolean(),
  maxUnavailable: fc.integer({ min: 0, max: 2 }),
  maxSurge: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
  isRolledBack: fc.boolean(),
  isByRole: fc.boolean(),
  partition: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }),
  isParallel: fc.boolean(),
  policy: fc.constantFrom("RecreateGroup", "RecreateRole", "None"),
});
const which = fc.nat(20);
const acts = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Act>({ kind: "step" }) },
  { weight: 2, arbitrary: fc.constant<Act>({ kind: "die" }) },
  { weight: 3, arbitrary: drafts.map((spec): Act => ({ kind: "edit", spec })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("pause", "resume", "restart", "abort", "rollback")
      .map((what): Act => ({ kind: "control", what }) as Act),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("crash", "delete-pod", "evict", "delete-workload", "delete-owner", "delete-config"), which)
      .map(([kind, n]) => ({ kind, which: n }) as Act),
  },
  { weight: 1, arbitrary: fc.constant<Act>({ kind: "lose" }) },
  { weight: 1, arbitrary: which.map((n): Act => ({ kind: "cordon", which: n })) },
);

function specOf(draft: Draft): SetState["spec"] {
  const image = `engine:${draft.image}`;
  const roles = [
    aRole({ role: "a", replicas: draft.a, image, gpus: 1 }),
    aRole({ role: "b", replicas: draft.b, image, gpus: 2, dependencies: ["a"] }),
    ...(draft.hasC ? [aRole({ role: "c", image: "router:1", kind: "Deployment", dependencies: ["b"] })] : []),
  ];
  return aSet({
    replicas: draft.replicas,
    roles,
    startupPolicy: draft.isParallel ? "Parallel" : "Ordered",
    rollout: {
      strategy: draft.isByRole ? "RoleRolling" : "GroupRolling",
      maxUnavailable: draft.maxSurge === 0 ? Math.max(1, draft.maxUnavailable) : draft.maxUnavailable,
      maxSurge: draft.maxSurge,
      partition: draft.partition,
      onFailure: draft.isRolledBack ? "Rollback" : "Pause",
      progressDeadlineSeconds: 60,
    },
    recovery: { policy: draft.policy, backoff: { baseSeconds: 2, maxSeconds: 8, stableAfterSeconds: 20 } },
    placement: { topology: { key: RACK } },
  }).spec;
}

function take(set: Operated, change: StateChange | null): void {
  if (change !== null) set.state = change.state;
}

function pick<T>(items: Iterable<T>, index: number): T | undefined {
  const all = [...items];
  return all[index % Math.max(1, all.length)];
}

function perform(set: Operated, act: Act): void {
  const { world } = set;
  switch (act.kind) {
    case "step":
      return;
    case "die":
      set.reconcile(true);
      return;
    case "edit":
      return take(set, acceptSpec(set.state, specOf(act.spec), world.nowMs));
    case "control": {
      const { rollout, revisions } = set.state;
      if (act.what === "pause") return take(set, pauseRollout(set.state));
      if (act.what === "resume") return take(set, resumeRollout(set.state, set.world.nowMs));
      if (act.what === "restart") return take(set, restartRollout(set.state, world.nowMs));
      if (act.what === "abort") return take(set, abortRollout(set.state, world.nowMs));
      return take(set, rollbackTo(set.state, revisions[0]?.number ?? rollout.target, world.nowMs));
    }
    case "crash":
    case "delete-pod":
    case "evict": {
      const pod = pick(world.pods.values(), act.which);
      if (pod === undefined) return;
      if (act.kind === "crash") world.crash(pod.name);
      else if (act.kind === "delete-pod") pod.deletionAtMs ??= world.nowMs;
      else Object.assign(pod, { phase: "Failed", isReady: false, reason: "Evicted" });
      return;
    }
    case "delete-workload": {
      const workload = pick(world.workloads.values(), act.which);
      if (workload !== undefined) workload.shown.deletionAtMs ??= world.nowMs;
      return;
    }
    case "delete-owner": {
      const owner = pick(world.owners.keys(), act.which);
      if (owner !== undefined) world.owners.delete(owner);
      return;
    }
    case "delete-config": {
      const object = pick(world.objects.keys(), act.which);
      if (object !== undefined) world.objects.delete(object);
      return;
    }
    case "lose":
      world.health = world.health === "live" ? "unreachable" : "live";
      return;
    case "cordon": {
      const node = pick(world.nodes, act.which);
      if (node !== undefined) node.isUnschedulable = !node.isUnschedulable;
      return;
    }
  }
}

/** Ready pods by `group/incarnation/role`, kept over the whole run: what invariant 1 is judged by. */
type Seen = Set<string>;

function check(set: Operated, seen: Seen): void {
  const { world, state } = set;
  const lives = new Map<number, Set<number>>();
  const roleLives = new Map<string, number[]>();
  for (const pod of world.pods.values()) {
    const { groupIndex, incarnation, role } = pod;
    if (groupIndex === null || incarnation === null || role === null) continue;
    if (pod.deletionAtMs === null) lives.set(groupIndex, (lives.get(groupIndex) ?? new Set()).add(incarnation));
    const group = state.groups.find((one) => one.index === groupIndex);
    if (group?.incarnation !== incarnation || group.stage !== "running") continue;
    if (pod.deletionAtMs === null)
      roleLives.set(pod.name.replace(/-\d+$/, ""), [
        ...(roleLives.get(pod.name.replace(/-\d+$/, "")) ?? []),
        pod.roleRestart,
      ]);
    if (!isPresent(pod, group)) continue;
    for (const spec of groupRoles(state, group.revision).filter(
      (one) => one.role === role && !group.startedRoles.includes(role),
    ))
      throw new Error(`pod ${pod.name} exists although ${spec.role} was never started`);
  }
  for (const [index, incarnations] of lives)
    if (incarnations.size > 1)
      throw new Error(`group ${index} has pods of incarnations ${[...incarnations].join(", ")}`);
  for (const [workload, restarts] of roleLives)
    if (new Set(restarts).size > 1) throw new Error(`${workload} has pods of the lives ${restarts.join(", ")}`);
  const down = state.groups.filter((group) => group.takenDown && group.index < state.spec.replicas).length;
  seen.add(String(down));
  const racks = new Map<number, Set<string>>();
  for (const pod of world.pods.values()) {
    const node = world.nodes.find((one) => one.name === pod.nodeName);
    if (node === undefined || pod.groupIndex === null || pod.deletionAtMs !== null) continue;
    racks.set(pod.groupIndex, (racks.get(pod.groupIndex) ?? new Set()).add(node.labels[RACK] ?? ""));
  }
  for (const [index, values] of racks)
    if (values.size > 1) throw new Error(`group ${index} is in ${[...values].join(" and ")}`);
}

/** Every rack has room for all groups at their largest, so that no scale-out is left without. */
const nodes = () =>
  Array.from({ length: 6 }, (_, i) => aNode(`n${i}`, { rack: `rack-${Math.floor(i / 2)}`, gpus: 20 }));

/** Runs of properties, on a machine that others use too. */
const TIMEOUT_MS = 120_000;

test(
  "whatever happens, a group has one life at a time, stays in one rack, and all comes to rest",
  () => {
    fc.assert(
      fc.property(drafts, fc.array(acts, { maxLength: 40 }), fc.boolean(), (first, script, isDeleted) => {
        const set = new Operated(new World(nodes()), { ...aSet(), ...fresh(first) });
        const seen: Seen = new Set();
        for (const act of script) {
          perform(set, act);
          const held = set.state.groups.filter((group) => isHeldBack(set.state, group));
          const before = new Set(set.state.groups.filter((group) => group.takenDown).map((group) => group.index));
          set.reconcile();
          // Only what this plan took down is held against its budget: the budget may have been lowered since.
          const down = set.state.groups.filter((group) => group.takenDown);
          const added = down.filter((group) => !before.has(group.index));
          const extra = set.state.groups.filter((group) => group.isSurge && group.teardown?.next !== "remove");
          expect(extra.length).toBeLessThanOrEqual(maxSurge(set.state.spec));
          const extras = extra.filter((group) => group.readySinceMs !== null).length;
          if (added.length > 0) expect(down.length).toBeLessThanOrEqual(maxUnavailable(set.state.spec) + extras);
          for (const group of held)
            expect(set.state.groups.find(({ index }) => index === group.index)?.revision ?? group.revision).toBe(
              group.revision,
            );
          check(set, seen);
          set.world.step();
          check(set, seen);
        }
        settle(set, isDeleted);
      }),
      { numRuns: 60 },
    );
  },
  TIMEOUT_MS,
);

/** The world is healed, and then everything comes to rest within bounded time: at its goal, with no further write. */
function settle(set: Operated, isDeleted: boolean): void {
  set.world.health = "live";
  for (const node of set.world.nodes) node.isUnschedulable = false;
  take(set, resumeRollout(set.state, set.world.nowMs));
  if (isDeleted) take(set, deleteSet(set.state));
  const isAtGoal = (operated: Operated): boolean => (isDeleted ? operated.isGone : isSettled(operated));
  set.until(isAtGoal, 400);
  if (isDeleted) {
    expect([set.world.pods.size, set.world.workloads.size, set.world.owners.size, set.world.objects.size]).toEqual([
      0, 0, 0, 0,
    ]);
    return;
  }
  set.world.nowMs += 3_600_000;
  set.run(3);
  for (const pod of set.world.pods.values()) expect(runs(set, pod)).toBe(true);
  set.acted.length = 0;
  const { groups } = set.state;
  set.run(3);
  expect(set.acted).toEqual([]);
  expect(set.state.groups).toBe(groups);
  expect(set.plan().requeue).toBe("on-change");
}

/** The pod is of content that its group's revision has for its role, whichever number it was made at. */
function runs({ state }: Operated, { groupIndex, role, revisionHash }: ObservedPod): boolean {
  const group = state.groups.find(({ index }) => index === groupIndex);
  const made = state.revisions.find(({ hash }) => hash === revisionHash);
  if (group === undefined || role === null) return false;
  // A revision that was forgotten can not be compared.
  if (made === undefined) return true;
  return revisionRoleHash(made.content, role) === revisionRoleHash(findRevision(state, group.revision).content, role);
}

function isSettled(set: Operated): boolean {
  const { status, actions } = set.plan();
  const { replicas } = set.state.spec;
  const pods = set.state.groups
    .flatMap((group) => groupRoles(set.state, group.revision))
    .reduce((sum, role) => sum + role.replicas, 0);
  const isAll = status.groups.length === replicas && set.world.pods.size === pods;
  return status.phase === "Ready" && isAll && actions.length === 0;
}

function fresh(draft: Draft): SetState {
  const { replicas, groupTemplate, ...rest } = specOf(draft);
  return aSet({ ...rest, replicas, groupTemplate });
}

test(
  "equal inputs give equal plans, whatever the order in which a cluster shows its objects",
  () => {
    fc.assert(
      fc.property(drafts, fc.array(acts, { maxLength: 15 }), (first, script) => {
        const set = new Operated(new World(nodes()), fresh(first));
        for (const act of script) {
          perform(set, act);
          set.reconcile();
          set.world.step();
        }
        const before = set.plan();
        reverse(set.world.pods);
        reverse(set.world.workloads);
        reverse(set.world.owners);
        reverse(set.world.objects);
        set.world.nodes.reverse();
        const after = set.plan();
        expect(after.next).toEqual(before.next);
        expect(after.timeline).toEqual(before.timeline);
        expect(after.status).toEqual(before.status);
        expect(new Set(after.actions.map((action) => JSON.stringify(action)))).toEqual(
          new Set(before.actions.map((action) => JSON.stringify(action))),
        );
      }),
      { numRuns: 40 },
    );
  },
  TIMEOUT_MS,
);

function reverse<V>(map: Map<string, V>): void {
  const entries = [...map].reverse();
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
