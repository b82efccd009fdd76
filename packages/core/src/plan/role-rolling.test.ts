import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { pauseRollout, restartRollout, resumeRollout } from "./rollout-controls.ts";
import { abortRollout } from "./spec-change.ts";

const roles = (image: string, decode = 2) => [
  aRole({ role: "prefill", replicas: 2, image }),
  aRole({ role: "decode", replicas: decode, image, dependencies: ["prefill"] }),
];
const ROLLOUT = { strategy: "RoleRolling", progressDeadlineSeconds: 60 };

type Draft = Parameters<typeof aSet>[0];

function ready(draft: Draft = {}): Operated {
  const spec = { replicas: 2, roles: roles("engine:1"), rollout: ROLLOUT, ...draft };
  const set = new Operated(new World([aNode("n1"), aNode("n2"), aNode("n3")]), aSet(spec));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
function edit(set: Operated, draft: Draft): void {
  const { spec } = aSet({ replicas: 2, roles: roles("engine:1"), rollout: ROLLOUT, ...draft });
  set.edit(spec);
}
const hashOf = (set: Operated, number: number) => set.state.revisions.find((one) => one.number === number)?.hash;
const uids = (set: Operated, name = "") =>
  [...set.world.pods.values()].filter((pod) => pod.name.includes(name)).map((pod) => pod.uid);

/** Groups that are mixed, and which roles of them have a pod of the new revision, as each changed. */
function watch(set: Operated, number: number, limit = 200): readonly string[] {
  const seen: string[] = [];
  for (let i = 0; i < limit; i++) {
    set.reconcile();
    for (const pod of set.world.pods.values()) {
      const what = `${pod.groupIndex} ${pod.role}`;
      if (pod.revisionHash === hashOf(set, number) && !seen.includes(what)) seen.push(what);
    }
    const mixed = set.state.groups.filter((group) => group.roleUpdate !== null);
    expect(mixed.length).toBeLessThanOrEqual(1);
    expect(set.told("group.failed")).toEqual([]);
    const { status, actions } = set.plan();
    if (status.phase === "Ready" && actions.length === 0 && i > 1) break;
    set.world.step();
  }
  return seen;
}

test("a group is updated role by role in the order of dependencies, group by group, within its incarnation", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  expect(watch(set, 2)).toEqual(["1 prefill", "1 decode", "0 prefill", "0 decode"]);
  expect(set.incarnations).toEqual([1, 1]);
  expect(set.revisions).toEqual([2, 2]);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 2))).toBe(true);
  expect(set.plan().status).toMatchObject({ phase: "Ready", updatedGroups: 2, currentRevision: 2 });
  expect(set.told("rollout.finished")).toHaveLength(1);
  expect(set.timeline.at(-1)?.kind).toBe("rollout.finished");
  expect(set.told("group.updating").map(({ decision }) => decision)).toEqual([
    "Take group 1 to revision 2 role by role",
    "Update prefill of group 1",
    "Update decode of group 1",
    "Take group 0 to revision 2 role by role",
    "Update prefill of group 0",
    "Update decode of group 0",
  ]);
  expect(set.plan().requeue).toBe("on-change");
});

test("one pod is replaced at a time, and what is not ready yet is said with numbers", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  const messages = new Set<string>();
  for (let i = 0; i < 60; i++) {
    set.reconcile();
    const readyPods = [...set.world.pods.values()].filter((pod) => pod.isReady && pod.deletionAtMs === null).length;
    expect(readyPods).toBeGreaterThanOrEqual(7);
    const group = set.plan().status.groups[1];
    if (group?.phase === "Updating" && group.message !== null) messages.add(group.message);
    set.world.step();
  }
  expect([...messages]).toContain("Updates prefill: 1 of 2 pods are new and ready. decode follows.");
});

test("a role whose pods do not change is not touched", () => {
  const set = ready();
  const before = uids(set, "prefill");
  edit(set, { roles: [aRole({ role: "prefill", replicas: 2, image: "engine:1" }), roles("engine:2")[1]] });
  watch(set, 2);
  expect(uids(set, "prefill")).toEqual(before);
  expect(set.world.pod("demo-0-decode-0").revisionHash).toBe(hashOf(set, 2));
});

test("a new pod that never gets ready holds the rollout with its reason, and spreads no further", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.world.neverReady = /demo-1-prefill-1/;
  set.run(90);
  expect(set.state.rollout.stalledReason).toMatch(/^Group 1 did not become ready at revision 2: prefill/);
  expect([...set.world.pods.values()].filter((pod) => pod.revisionHash === hashOf(set, 2))).toHaveLength(1);
  expect(set.incarnations).toEqual([1, 1]);
  // The way back is the way of the same role.
  set.take(abortRollout(set.state, set.world.nowMs));
  set.world.neverReady = null;
  set.untilReady(200);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 1))).toBe(true);
  expect(set.incarnations).toEqual([1, 1]);
});

test("pod by pod it may take longer than the deadline, for each new pod that gets ready is progress", () => {
  const set = ready();
  edit(set, { rollout: { ...ROLLOUT, progressDeadlineSeconds: 6 }, roles: roles("engine:2") });
  const startedAtMs = set.world.nowMs;
  watch(set, 2);
  expect(set.told("rollout.stalled")).toEqual([]);
  expect(set.told("rollout.finished")).toHaveLength(1);
  expect((set.world.nowMs - startedAtMs) / 1000).toBeGreaterThan(12);
});

test("with the cluster's clock an hour ahead, a new pod still has only its minReadySeconds to wait", () => {
  const role = (image: string) => aRole({ role: "decode", replicas: 2, image, minReadySeconds: 3 });
  const set = ready({ replicas: 1, roles: [role("engine:1")] });
  set.world.aheadMs = 3_600_000;
  edit(set, { replicas: 1, roles: [role("engine:2")] });
  set.run(40);
  expect(set.told("rollout.finished")).toHaveLength(1);
});

test("stopped between two roles a group is held, not stalled, however long that takes", () => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 1, roles: roles("engine:2") });
  set.run(1);
  set.take(pauseRollout(set.state));
  set.run(200);
  expect(set.state.groups[0]?.roleUpdate).toMatchObject({ underWay: null });
  expect(set.told("group.stalled")).toEqual([]);
});

test("a pod that was made before its workload was told of a restart, and is seen after it, is not taken for a new one", () => {
  const set = ready({ replicas: 1, roles: [aRole({ role: "decode", replicas: 1, image: "engine:1" })] });
  set.take(restartRollout(set.state, set.world.nowMs));
  set.reconcile();
  expect(set.state.groups[0]?.roleUpdate?.underWay?.role).toBe("decode");
  // The workload is known as it is by now, the pods as they were a moment ago.
  const [workload] = [...set.world.workloads.values()];
  Object.assign(workload?.shown ?? {}, { observedGeneration: workload?.shown.generation, updatedReplicas: 1 });
  Object.assign(set.world.pod("demo-0-decode-0"), { uid: "made-before", isReady: true });
  set.reconcile();
  expect(set.state.groups[0]?.roleUpdate?.underWay?.role).toBe("decode");
});

test("a label on the workload that somebody else has put back to its old value holds nothing up", () => {
  const set = ready({ replicas: 1, roles: [aRole({ role: "decode", replicas: 1, image: "engine:1" })] });
  const old = hashOf(set, 1) ?? "";
  edit(set, { replicas: 1, roles: [aRole({ role: "decode", replicas: 1, image: "engine:2" })] });
  for (let i = 0; i < 30; i++) {
    set.run(1);
    for (const { shown } of set.world.workloads.values()) shown.revisionHash = old;
  }
  expect(set.told("rollout.finished")).toHaveLength(1);
});

test.each([1, 3, 5, 8, 11])("an edit back to the old content after %i s replaces only what had changed", (seconds) => {
  const set = ready();
  const before = new Map([...set.world.pods.values()].map((pod) => [pod.name, pod.uid]));
  edit(set, { roles: roles("engine:2") });
  set.run(seconds);
  const changed = [...set.world.pods.values()].filter((pod) => before.get(pod.name) !== pod.uid || pod.deletionAtMs);
  edit(set, { roles: roles("engine:1") });
  for (let i = 0; i < 60; i++) set.run(1);
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.incarnations).toEqual([1, 1]);
  const hashes = new Set(set.state.revisions.filter((one) => one.hash === hashOf(set, 1)).map(({ hash }) => hash));
  expect([...set.world.pods.values()].every((pod) => hashes.has(pod.revisionHash ?? ""))).toBe(true);
  const untouched = [...set.world.pods.values()].filter((pod) => pod.groupIndex === 0);
  if (changed.every((pod) => pod.groupIndex === 1))
    expect(untouched.every((pod) => before.get(pod.name) === pod.uid)).toBe(true);
});

test("an edit in the middle retargets the group that is under way, and every role ends at the last content", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until(({ state }) => state.groups[1]?.roleUpdate?.underWay?.role === "decode");
  edit(set, { roles: roles("engine:3") });
  watch(set, 3);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 3))).toBe(true);
  expect(set.incarnations).toEqual([1, 1]);
});

test("paused, the role under way is finished and the next one waits", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.run(2);
  set.take(pauseRollout(set.state));
  set.run(30);
  expect(new Set(uids(set, "demo-1-prefill").map((uid) => uid)).size).toBe(2);
  const at = (name: string) => set.world.pod(name).revisionHash;
  expect([at("demo-1-prefill-0"), at("demo-1-decode-0")]).toEqual([hashOf(set, 2), hashOf(set, 1)]);
  expect(set.plan().status.groups[1]?.message).toBe("Stopped before decode.");
  set.take(resumeRollout(set.state, set.world.nowMs));
  set.untilReady(200);
  expect(at("demo-0-decode-0")).toBe(hashOf(set, 2));
});

test("a failure in the middle brings the group back wholly at the target", () => {
  const set = ready();
  edit(set, { roles: roles("engine:2") });
  set.until(({ state }) => state.groups[1]?.roleUpdate?.underWay?.role === "prefill");
  set.run(1);
  set.world.crash("demo-1-decode-0");
  set.untilReady(200);
  expect(set.incarnations).toEqual([1, 2]);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 2))).toBe(true);
});

test("a restart goes role by role too, and replaces every pod once", () => {
  const set = ready();
  const before = uids(set);
  set.take(restartRollout(set.state, set.world.nowMs));
  for (let i = 0; i < 80; i++) set.run(1);
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.incarnations).toEqual([1, 1]);
  expect(uids(set).filter((uid) => before.includes(uid))).toEqual([]);
  expect(set.state.groups.map((group) => group.restartSeen)).toEqual([1, 1]);
  const after = uids(set);
  edit(set, { roles: roles("engine:1", 3) });
  set.run(20);
  expect(after.every((uid) => uids(set).includes(uid))).toBe(true);
});

test("a role whose kind changes is recreated alone, in its turn", () => {
  const set = ready();
  const before = uids(set, "prefill");
  const decode = aRole({
    role: "decode",
    replicas: 2,
    image: "engine:1",
    dependencies: ["prefill"],
    kind: "Deployment",
  });
  edit(set, { roles: [roles("engine:1")[0], decode] });
  set.untilReady(200);
  expect(set.incarnations).toEqual([1, 1]);
  expect(uids(set, "prefill")).toEqual(before);
  expect([...set.world.workloads.keys()].sort()).toEqual([
    "Deployment/demo-0-decode",
    "Deployment/demo-1-decode",
    "StatefulSet/demo-0-prefill",
    "StatefulSet/demo-1-prefill",
  ]);
  expect(set.told("group.failed")).toEqual([]);
  expect(set.told("group.updating").flatMap(({ actions }) => actions)).toContain(
    "recreate its workload: its kind can not be changed in place",
  );
});

test("a role whose volume claims change is recreated alone, in its turn", () => {
  const claiming = (storage: string) => [
    aRole({ role: "prefill", image: "engine:1" }),
    {
      ...(aRole({ role: "decode", replicas: 2, image: "engine:1", dependencies: ["prefill"] }) as object),
      volumeClaimTemplates: [
        {
          metadata: { name: "cache" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
        },
      ],
    },
  ];
  const set = ready({ roles: claiming("1Gi") });
  const before = [uids(set, "prefill"), uids(set, "decode")];
  edit(set, { roles: claiming("2Gi") });
  set.untilReady(200);
  expect([set.incarnations, set.revisions]).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(uids(set, "prefill")).toEqual(before[0]);
  expect(uids(set, "decode")).toHaveLength(4);
  expect(uids(set, "decode").filter((uid) => before[1]?.includes(uid))).toEqual([]);
  expect(set.state.groups.map(({ roleRestarts }) => roleRestarts.map(({ role, restart }) => [role, restart]))).toEqual([
    [["decode", 1]],
    [["decode", 1]],
  ]);
  expect(set.told("group.updating").flatMap(({ actions }) => actions)).toContain(
    "recreate its workload: its volume claims can not be changed in place",
  );
  expect(set.told("group.failed")).toEqual([]);
});

test("a role that is being recreated when its turn comes, its workload made and not seen yet, ends at the new template", () => {
  const role = (image: string) => ({ ...(aRole({ role: "decode", image }) as object), leaderWorker: { size: 2 } });
  const draft = { replicas: 1, recovery: { policy: "RecreateRole" } };
  const set = ready({ ...draft, roles: [role("engine:1")] });
  set.world.deletePod("demo-0-decode-0-1");
  set.until(({ state }) => state.groups[0]?.roleRestarts[0]?.stage === "starting");
  set.until(({ world }) => world.workloads.size === 1);
  const [[key, record] = []] = [...set.world.workloads];
  if (key === undefined || record === undefined) throw new Error("it was not made");
  set.state = { ...set.state, groups: set.state.groups.map((group) => ({ ...group, startedRoles: [] })) };
  set.world.workloads.delete(key);
  edit(set, { ...draft, roles: [role("engine:2")] });
  set.plan();
  set.reconcile();
  set.world.workloads.set(key, record);
  set.run(60);
  expect([...set.world.pods.values()].map(({ revisionHash }) => revisionHash)).toEqual([
    hashOf(set, 2),
    hashOf(set, 2),
  ]);
  expect(set.plan().status.phase).toBe("Ready");
});

test("a clock that is set back does not hold up a role that is recreated for its update", () => {
  const role = (image: string) => ({ ...(aRole({ role: "decode", image }) as object), leaderWorker: { size: 2 } });
  const set = ready({ replicas: 1, roles: [role("engine:1")] });
  edit(set, { replicas: 1, roles: [role("engine:2")] });
  set.reconcile();
  // The server's clock; that of the cluster goes on.
  for (let i = 0; i < 60; i++) {
    set.world.nowMs -= 600_000;
    set.reconcile();
    set.world.nowMs += 600_000;
    set.world.step();
  }
  expect(set.told("rollout.finished")).toHaveLength(1);
});

test("roles scale, come and go in the same edit, and autoscaling in the middle takes nothing away", () => {
  const set = ready();
  edit(set, { roles: [...roles("engine:2", 3), aRole({ role: "router", dependencies: ["decode"] })] });
  set.run(4);
  edit(set, { roles: [...roles("engine:2", 1), aRole({ role: "router", dependencies: ["decode"] })] });
  set.run(3);
  edit(set, { roles: [...roles("engine:2", 4), aRole({ role: "router", dependencies: ["decode"] })] });
  set.untilReady(200);
  expect(set.incarnations).toEqual([1, 1]);
  expect(set.told("group.failed")).toEqual([]);
  expect(set.world.pods.size).toBe(14);
  expect(
    [...set.world.pods.values()]
      .filter((pod) => pod.role !== "router")
      .every((pod) => pod.revisionHash === hashOf(set, 2)),
  ).toBe(true);
});

test("soon after creation, what has not started yet starts at the new revision", () => {
  const draft = { replicas: 1, roles: roles("engine:1"), rollout: ROLLOUT };
  const set = new Operated(new World([aNode("n1")]), aSet(draft));
  set.run(4);
  edit(set, { replicas: 1, roles: roles("engine:2") });
  set.untilReady(200);
  expect(set.incarnations).toEqual([1]);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 2))).toBe(true);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])("a process that dies with plan %i stored leads to the same end", (deaths) => {
  const set = ready({ replicas: 1 });
  edit(set, { replicas: 1, roles: roles("engine:2") });
  for (let i = 0; i < 60; i++) {
    set.reconcile(i === deaths);
    set.world.step();
  }
  expect(set.plan().status.phase).toBe("Ready");
  expect(set.incarnations).toEqual([1]);
  expect(set.world.pods.size).toBe(4);
  expect([...set.world.pods.values()].every((pod) => pod.revisionHash === hashOf(set, 2))).toBe(true);
});

test("with a partition and an extra group, roles roll in the groups above only, and none is missed", () => {
  const rollout = { ...ROLLOUT, maxSurge: 1, maxUnavailable: 0, partition: 1 };
  const set = ready({ rollout });
  edit(set, { rollout, roles: roles("engine:2") });
  set.until(({ state }) => state.groups.length === 3);
  set.until(({ state }) => state.groups.length === 2 && state.groups[1]?.roleUpdate === null, 200);
  set.untilReady();
  expect(set.revisions).toEqual([1, 2]);
  expect(set.incarnations).toEqual([1, 1]);
});

test("a multi-node role whose turn comes before it ever started starts with the new template", () => {
  const withWorkers = (image: string) => [
    aRole({ role: "prefill", replicas: 1, image }),
    {
      ...(aRole({ role: "decode", replicas: 1, image, dependencies: ["prefill"] }) as object),
      leaderWorker: { size: 2 },
    },
  ];
  const draft = { replicas: 1, rollout: ROLLOUT };
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ ...draft, roles: withWorkers("engine:1") }));
  for (let i = 0; i < 50 && set.world.pods.size === 0; i++) {
    set.reconcile();
    set.world.step();
  }
  edit(set, { ...draft, roles: withWorkers("engine:2") });
  set.untilReady(200);
  expect([...set.world.pods.values()].map((pod) => [pod.name, pod.revisionHash === hashOf(set, 2)])).toEqual(
    [...set.world.pods.values()].map((pod) => [pod.name, true]),
  );
  expect(set.world.pods.size).toBe(3);
});

test("a pod of a Deployment that was evicted before the update holds nothing up, wherever it is left", () => {
  const decode = (image: string) => aRole({ role: "decode", replicas: 2, image, kind: "Deployment" });
  const draft = { replicas: 1, rollout: ROLLOUT };
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ ...draft, roles: [decode("engine:1")] }));
  set.untilReady();
  edit(set, { ...draft, roles: [decode("engine:2")] });
  set.until(({ state }) => state.groups[0]?.roleUpdate?.underWay != null);
  const [old] = [...set.world.pods.values()];
  if (old === undefined) throw new Error("no pod");
  const evicted = { ...old, name: `${old.name}-evicted`, uid: "evicted", phase: "Failed" as const, isReady: false };
  for (let i = 0; i < 60 && set.state.groups[0]?.roleUpdate !== null; i++) {
    set.world.pods.set(evicted.name, evicted);
    set.reconcile();
    set.world.pods.delete(evicted.name);
    set.world.step();
  }
  expect(set.state.groups[0]?.roleUpdate).toBe(null);
  expect(set.told("group.stalled")).toEqual([]);
});
