import { describe, expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { plan } from "./plan.ts";
import { backoffMs } from "./recovery.ts";
import { retryGroupNow } from "./rollout-controls.ts";

const BACKOFF = { baseSeconds: 30, maxSeconds: 600, stableAfterSeconds: 1200 };

function ready(draft: Parameters<typeof aSet>[0] = {}): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ replicas: 2, ...draft }));
  set.untilReady();
  set.timeline.length = 0;
  return set;
}
const group = (set: Operated, index: number) => {
  const found = set.state.groups.find((candidate) => candidate.index === index);
  if (found === undefined) throw new Error(`no group ${index}`);
  return found;
};

test.each([
  [1, 0],
  [2, 30_000],
  [3, 60_000],
  [4, 120_000],
  [9, 600_000],
])("failure %d in a row waits %d ms", (failures, wait) => {
  expect(backoffMs(failures, BACKOFF)).toBe(wait);
});

test("without a base there is no wait, however many failures there were", () => {
  expect(backoffMs(2000, { ...BACKOFF, baseSeconds: 0 })).toBe(0);
  expect(backoffMs(2000, BACKOFF)).toBe(600_000);
});

test.each<[string, (set: Operated) => void, string]>([
  ["a container that restarts", (set) => set.world.crash("demo-1-decode-1"), "decode-1: engine exited 137 (OOMKilled)"],
  ["a pod that is deleted by hand", (set) => set.world.deletePod("demo-1-decode-0"), "decode-0 was deleted"],
  ["a pod that vanished unseen", (set) => set.world.pods.delete("demo-1-decode-0"), "decode-0 was deleted"],
  [
    "an evicted pod",
    (set) =>
      Object.assign(set.world.pod("demo-1-prefill-0"), {
        phase: "Failed",
        isReady: false,
        reason: "Evicted",
        message: "low on memory",
      }),
    "prefill-0: Evicted: low on memory",
  ],
  [
    "a RoleBasedGroup that is deleted by hand",
    (set) => set.world.owners.delete("demo-1"),
    "The RoleBasedGroup was deleted",
  ],
  [
    "a workload that is deleted by hand",
    (set) => set.world.workloads.delete("StatefulSet/demo-1-decode"),
    "The StatefulSet of decode was deleted",
  ],
])("%s leads to one new incarnation of exactly that group", (_, fault, message) => {
  const set = ready();
  const other = [...set.world.pods.values()].filter((pod) => pod.groupIndex === 0).map((pod) => pod.uid);
  fault(set);
  set.untilReady();
  set.run(20);
  expect(group(set, 1).incarnation).toBe(2);
  expect(group(set, 0).incarnation).toBe(1);
  expect([...set.world.pods.values()].filter((pod) => pod.groupIndex === 0).map((pod) => pod.uid)).toEqual(other);
  expect(set.told("group.failed").map((draft) => draft.cause)).toEqual([message]);
  expect(group(set, 1).history).toMatchObject([{ incarnation: 1, cause: { kind: "failure", message } }]);
});

describe("a workload that is gone", () => {
  const WORKLOAD = "StatefulSet/demo-1-decode";

  test("is put down to the RoleBasedGroup that took it along, however late that is heard", () => {
    const set = ready();
    set.world.workloads.delete(WORKLOAD);
    const { status } = set.reconcile();
    expect(status.groups.find(({ index }) => index === 1)).toMatchObject({
      phase: "Recovering",
      message: "A workload of it is gone. Whether its RoleBasedGroup was deleted shows within 1 s.",
    });
    expect(set.told("group.failed")).toEqual([]);
    set.world.owners.delete("demo-1");
    set.untilReady();
    expect(group(set, 1).incarnation).toBe(2);
    expect(set.told("group.failed").map((draft) => draft.cause)).toEqual(["The RoleBasedGroup was deleted"]);
    expect(group(set, 1).workloadGoneSinceMs).toBeUndefined();
  });

  test("and seen again, by a list that came late, is no failure", () => {
    const set = ready();
    const workload = set.world.workloads.get(WORKLOAD);
    if (workload === undefined) throw new Error(`no ${WORKLOAD}`);
    set.world.workloads.delete(WORKLOAD);
    set.reconcile();
    set.world.workloads.set(WORKLOAD, workload);
    set.run(3);
    expect(group(set, 1)).toMatchObject({ incarnation: 1, stage: "running" });
    expect(group(set, 1).workloadGoneSinceMs).toBeUndefined();
    expect(set.told("group.failed")).toEqual([]);
  });

  test("is judged at once where the clock was set back meanwhile", () => {
    const set = ready();
    set.world.workloads.delete(WORKLOAD);
    set.reconcile();
    set.world.nowMs -= 3_600_000;
    set.reconcile();
    expect(set.told("group.failed")).toHaveLength(1);
  });
});

test("an evicted pod that its workload has already deleted is told with its last reason", () => {
  const set = ready();
  const pod = set.world.pod("demo-1-prefill-0");
  Object.assign(pod, { phase: "Failed", isReady: false, reason: "Evicted", message: "low on memory" });
  set.world.pods.delete(pod.name);
  const cluster = { ...set.world.observe(), lastPod: (uid: string) => (uid === pod.uid ? pod : null) };
  const planned = plan({ set: set.state, clusters: new Map([["north", cluster]]), reservations: [] }, set.world.nowMs);
  expect(planned.timeline.map(({ cause }) => cause)).toContain("prefill-0: Evicted: low on memory");
});

test("a failure says what is done about it", () => {
  const set = ready();
  set.world.crash("demo-1-decode-1");
  set.reconcile();
  expect(set.told("group.failed")[0]).toEqual({
    kind: "group.failed",
    group: 1,
    incarnation: 1,
    cause: "decode-1: engine exited 137 (OOMKilled)",
    decision: "Recreate group 1 as incarnation 2",
    actions: ["delete 2 StatefulSets"],
  });
  expect(set.plan().status.groups[1]?.phase).toBe("Recovering");
});

test("many failures at once are one", () => {
  const set = ready();
  for (const pod of ["decode-0", "decode-1", "prefill-0"]) set.world.crash(`demo-1-${pod}`);
  set.world.deletePod("demo-1-prefill-1");
  set.untilReady();
  expect(group(set, 1).incarnation).toBe(2);
  expect(set.told("group.failed")[0]?.cause).toBe("decode-0: engine exited 137 (OOMKilled), and 3 more pods");
});

test("everything of the old incarnation is gone before anything of the next one exists", () => {
  const set = ready();
  set.world.crash("demo-1-decode-1");
  for (let i = 0; i < 20; i++) {
    set.reconcile();
    set.world.step();
    const lives = new Set(
      [...set.world.pods.values()].filter((pod) => pod.groupIndex === 1).map((pod) => pod.incarnation),
    );
    expect(lives.size).toBeLessThanOrEqual(1);
  }
  expect(group(set, 1).incarnation).toBe(2);
});

test("the next incarnation starts in order again", () => {
  const set = ready();
  set.world.crash("demo-1-decode-1");
  set.world.neverReady = /demo-1-prefill-0$/;
  set.run(15);
  expect(set.world.workloads.get("StatefulSet/demo-1-prefill")?.shown.replicas).toBe(2);
  expect(set.world.workloads.get("StatefulSet/demo-1-decode")?.shown.replicas).toBe(0);
});

test("restarts before a pod was first ready are the start's own business", () => {
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1 }));
  set.world.neverReady = /prefill-0$/;
  set.run(5);
  set.world.crash("demo-0-prefill-0");
  set.run(5);
  set.world.neverReady = null;
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(1);
});

test("a failure while nobody looked is seen afterwards, by the container that was ready", () => {
  const set = ready();
  set.world.crash("demo-0-prefill-0");
  set.world.step();
  set.world.step();
  expect(set.world.pod("demo-0-prefill-0").isReady).toBe(true);
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(2);
});

test("a role with onPodFailure Ignore never recreates the group", () => {
  const roles = [aRole({ role: "a" }), aRole({ role: "b", onPodFailure: "Ignore" })];
  const set = ready({ roles });
  set.world.crash("demo-0-b-0");
  set.run(3);
  set.world.deletePod("demo-0-b-0");
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(1);
  set.world.crash("demo-0-a-0");
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(2);
});

test("the first recovery is immediate, later ones wait, and a stable time forgets failures", () => {
  const set = ready({ replicas: 1 });
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  set.world.crash("demo-0-decode-0");
  set.run(5);
  expect(set.plan().status.groups[0]).toMatchObject({ phase: "Recovering", incarnation: 2 });
  const due = group(set, 0).notBeforeMs ?? 0;
  expect(set.plan().requeue).toEqual({ afterMs: due - set.world.nowMs });
  expect(set.plan().status.groups[0]?.untilMs).toBe(due);
  set.run(20);
  expect(group(set, 0).incarnation).toBe(2);
  set.untilReady();
  expect(group(set, 0)).toMatchObject({ incarnation: 3, failuresInRow: 2 });
  set.world.nowMs += 1_200_000;
  set.reconcile();
  expect(group(set, 0).failuresInRow).toBe(0);
});

test("a waiting group is retried at once when asked", () => {
  const set = ready({ replicas: 1 });
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  set.world.crash("demo-0-decode-0");
  set.run(6);
  expect(group(set, 0).stage).toBe("waiting");
  set.state = retryGroupNow(set.state, 0, set.world.nowMs)?.state ?? set.state;
  set.reconcile();
  expect(group(set, 0)).toMatchObject({ stage: "running", incarnation: 3 });
});

test("more failures in a row than maxRecoveries leave the group Failed, until it is retried", () => {
  const set = ready({ replicas: 1, recovery: { maxRecoveries: 1 } });
  set.world.crash("demo-0-decode-0");
  set.untilReady();
  set.world.crash("demo-0-decode-0");
  set.run(5);
  expect(set.plan().status).toMatchObject({ phase: "Failed", groups: [{ phase: "Failed" }] });
  expect(set.plan().requeue).toBe("on-change");
  expect(set.told("group.gave-up")).toHaveLength(1);
  set.state = retryGroupNow(set.state, 0, set.world.nowMs)?.state ?? set.state;
  set.untilReady();
  expect(group(set, 0)).toMatchObject({ incarnation: 3, failuresInRow: 0 });
});

test("a recovery's start that misses the deadline is a new failure", () => {
  const set = ready({ replicas: 1, rollout: { progressDeadlineSeconds: 60 } });
  set.world.crash("demo-0-decode-0");
  set.world.neverReady = /prefill-0$/;
  set.until((operated) => group(operated, 0).failuresInRow === 2, 200);
  expect(set.told("group.failed").at(-1)?.cause).toMatch(/^Incarnation 2 made no progress for 1 min/);
});

test("leftovers of an older incarnation are deleted by UID at any time", () => {
  const set = ready({ replicas: 1 });
  const late = { ...set.world.pod("demo-0-decode-0"), name: "late", uid: "late", incarnation: 0, ownerUid: "gone" };
  set.world.pods.set("late", late);
  const { actions } = set.reconcile();
  expect(actions).toMatchObject([{ kind: "delete", ref: { kind: "Pod", name: "late", uid: "late" } }]);
  expect(group(set, 0).incarnation).toBe(1);
});

test.each(["ConfigMap/demo-0-config", "Service/s-demo-0-decode"])(
  "%s is put back when it is deleted by hand",
  (key) => {
    const set = ready({ replicas: 1 });
    set.world.objects.delete(key);
    set.run(2);
    expect(set.world.objects.has(key)).toBe(true);
    expect(group(set, 0).incarnation).toBe(1);
    expect(set.told("object.restored").map((draft) => draft.cause)).toEqual([`${key.replace("/", " ")} was deleted`]);
  },
);

test.each([
  ["ConfigMap/demo-0-env", { data: { OTHER: "1" } }],
  ["Service/s-demo-0-decode", { spec: { selector: {} } }],
])("a foreign change of %s is undone and told once, at most once in ten seconds", (key, change) => {
  const set = ready({ replicas: 1 });
  const wanted = set.world.objects.get(key)?.shown.dataHash;
  set.world.tamper(key, change, "kubectl-edit");
  set.run(2);
  expect(set.world.objects.get(key)?.shown.dataHash).toBe(wanted);
  expect(set.told("object.restored").map(({ group, cause }) => [group, cause])).toEqual([
    [0, `${key.replace("/", " ")} was changed by kubectl-edit`],
  ]);
  set.world.tamper(key, change, "kubectl-edit");
  const again = set.reconcile();
  expect([again.actions, again.requeue]).toEqual([[], { afterMs: 8000 }]);
  set.run(10);
  expect(set.world.objects.get(key)?.shown.dataHash).toBe(wanted);
  expect(set.told("object.restored")).toHaveLength(2);
});

test("a stranger's pods and workloads with copied labels are neither judged nor deleted", () => {
  const set = ready({ replicas: 1 });
  const mine = set.world.pod("demo-0-decode-0");
  const copies = [
    { ...mine, name: "copy-0", uid: "copy", ownerUid: "their-set", ownerName: "copy" },
    { ...mine, name: "bare", uid: "bare", ownerUid: null, ownerKind: null, ownerName: null },
    {
      ...mine,
      name: "old-0",
      uid: "old",
      incarnation: 0,
      ownerUid: "their-set",
      ownerKind: "ReplicaSet",
      ownerName: "old-1",
    },
  ];
  const seen = set.world.observe();
  const withCopies = {
    ...seen,
    set: (namespace: string, name: string) => {
      const observed = seen.set(namespace, name);
      return { ...observed, pods: [...observed.pods, ...copies] };
    },
  };
  const planned = plan(
    { set: set.state, clusters: new Map([["north", withCopies]]), reservations: [] },
    set.world.nowMs,
  );
  expect(planned.actions).toEqual([]);
  expect(planned.next.groups).toBe(set.state.groups);
});

test("what belongs to another set of the same name is a stranger's: not adopted, not judged, not deleted", () => {
  const first = ready({ replicas: 2 });
  const pods = [...first.world.pods.values()].map((pod) => pod.uid);
  const second = new Operated(first.world, { ...aSet({ replicas: 1 }), id: "another" });
  second.run(10);
  expect([...first.world.pods.values()].map((pod) => [pod.uid, pod.deletionAtMs])).toEqual(
    pods.map((uid) => [uid, null]),
  );
  expect(second.acted.map((action) => action.kind === "create" && action.object.kind)).toEqual(
    second.acted.map(() => "RoleBasedGroup"),
  );
  expect(second.plan().status.phase).toBe("Starting");
  expect(group(first, 0).incarnation).toBe(1);
});

test("pods on a node whose object is gone count as gone", () => {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet({ replicas: 1 }));
  set.untilReady();
  const on = set.world.pod("demo-0-decode-0").nodeName;
  set.world.nodes = set.world.nodes.filter((node) => node.name !== on);
  set.untilReady();
  expect(group(set, 0)).toMatchObject({ incarnation: 2 });
  expect(set.told("group.failed")[0]?.cause).toMatch(/its node n1 is gone/);
});

test("pods on a node with the out-of-service taint count as gone, and hold nothing back while they terminate", () => {
  const set = ready({ replicas: 1 });
  const { nodeName } = set.world.pod("demo-0-decode-0");
  const node = set.world.nodes.find(({ name }) => name === nodeName);
  Object.assign(node ?? {}, {
    isReady: false,
    isUnschedulable: true,
    taints: [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }],
  });
  set.reconcile();
  expect(set.told("group.failed")[0]?.cause).toMatch(/its node n1 is gone/);
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(2);
  expect([...set.world.pods.values()].map((pod) => pod.nodeName)).toEqual(["n2", "n2", "n2", "n2"]);
});

test("a pod that can not end on a node that does not answer is named, and the group waits for it", () => {
  const set = ready({ replicas: 1 });
  const node = set.world.nodes.find(({ name }) => name === set.world.pod("demo-0-decode-0").nodeName);
  Object.assign(node ?? {}, { isReady: false });
  set.world.deletePod("demo-0-decode-0");
  set.reconcile();
  const { status } = set.plan();
  expect(status.groups[0]?.message).toMatch(
    /decode-0 hangs in termination on n1; the node is not Ready\. Force-delete it if that machine is off\.$/,
  );
});

test("an incarnation after the first holds all its names before anything of it runs", () => {
  const set = ready({ replicas: 1 });
  set.world.crash("demo-0-decode-0");
  set.until((operated) => group(operated, 0).incarnation === 2);
  expect([...set.world.workloads.values()].map(({ shown }) => [shown.role, shown.replicas])).toEqual([
    ["prefill", 0],
    ["decode", 0],
  ]);
  expect(group(set, 0).startedRoles).toEqual([]);
  expect(set.plan().actions.map((action) => action.kind)).toEqual(["scale"]);
  set.untilReady();
  expect(set.told("group.role-started").map(({ incarnation, decision }) => [incarnation, decision])).toEqual([
    [2, "Start prefill of group 0"],
    [2, "Start decode of group 0"],
  ]);
});

test("nothing is started while one name is held by a workload of an earlier life", () => {
  const set = ready({ replicas: 1 });
  const late = set.acted.find((action) => action.kind === "create" && action.object.metadata.name === "demo-0-decode");
  if (late === undefined) throw new Error("decode was never created");
  set.world.crash("demo-0-decode-0");
  set.until((operated) => group(operated, 0).stage === "waiting" || group(operated, 0).incarnation === 2);
  set.world.workloads.delete("StatefulSet/demo-0-decode");
  set.world.apply(late);
  set.until((operated) => {
    const incarnations = new Set([...operated.world.pods.values()].map((pod) => pod.incarnation));
    expect(incarnations.size).toBeLessThanOrEqual(1);
    return operated.plan().status.phase === "Ready";
  });
  expect(group(set, 0).incarnation).toBe(2);
});

test("a role that is added to a later incarnation is reserved, and started when its dependencies are ready", () => {
  const set = ready({ replicas: 1 });
  set.world.crash("demo-0-decode-0");
  set.until((operated) => group(operated, 0).incarnation === 2);
  set.untilReady();
  const { uid } = set.world.pod("demo-0-decode-0");
  const roles = set.state.spec.groupTemplate.roles;
  const [first] = roles;
  if (first === undefined) throw new Error("there are no roles");
  const spec = {
    ...set.state.spec,
    groupTemplate: {
      ...set.state.spec.groupTemplate,
      roles: [...roles, { ...first, role: "router", dependencies: ["decode"] }],
    },
  };
  set.edit(spec);
  set.untilReady();
  expect(set.world.pod("demo-0-decode-0").uid).toBe(uid);
  expect(set.world.workloads.get("StatefulSet/demo-0-router")?.shown).toMatchObject({ replicas: 2, incarnation: 2 });
});

test("a workload that came back late from an earlier life is deleted, and nothing starts beside it", () => {
  const set = ready({ replicas: 1 });
  const late = set.acted.find((action) => action.kind === "create" && action.object.metadata.name === "demo-0-decode");
  if (late === undefined) throw new Error("decode was never created");
  set.world.crash("demo-0-decode-0");
  set.until((operated) => group(operated, 0).incarnation === 2);
  set.world.apply(late);
  set.untilReady();
  expect(group(set, 0).incarnation).toBe(2);
  expect([...set.world.pods.values()].map((pod) => pod.incarnation)).toEqual([2, 2, 2, 2]);
});

test("a group that may start afresh keeps its identity while a late workload of its last life goes", () => {
  const set = ready({ replicas: 1 });
  for (let i = 0; i < 2; i++) {
    set.world.crash("demo-0-decode-0");
    set.until((operated) => group(operated, 0).stage !== "running");
    if (i === 0) set.untilReady();
  }
  set.until((operated) => group(operated, 0).stage === "waiting");
  const late = set.acted.find((action) => action.kind === "create" && action.object.metadata.name === "demo-0-decode");
  if (late === undefined) throw new Error("decode was never created");
  set.world.apply(late);
  const spec = aSet({ replicas: 1, roles: [aRole({ role: "prefill", image: "engine:2" })] }).spec;
  set.edit(spec);
  set.reconcile();
  const { groups } = set.state;
  expect(group(set, 0)).toMatchObject({ stage: "waiting", failuresInRow: 0 });
  expect(set.plan().next.groups).toBe(groups);
});
