import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { moveGroup } from "./moving.ts";

const UNREACHABLE = { key: "node.kubernetes.io/unreachable", value: "", effect: "NoExecute" };

/** One pod per node; the kubelet of decode's goes silent and its pod is evicted. */
function stuck(forceDeleteAfterSeconds: number | null, policy = "RecreateGroup") {
  const roles = [aRole({ role: "prefill", gpus: 8 }), aRole({ role: "decode", gpus: 8 })];
  const set = new Operated(
    new World(["n1", "n2", "n3"].map((name) => aNode(name))),
    aSet({ replicas: 1, roles, recovery: { policy, forceDeleteAfterSeconds } }),
  );
  set.untilReady();
  set.timeline.length = 0;
  const pod = set.world.pod("demo-0-decode-0");
  const node = set.world.nodes.find(({ name }) => name === pod.nodeName);
  if (node === undefined) throw new Error("decode-0 is on no node");
  Object.assign(node, { isReady: false, taints: [UNREACHABLE] });
  pod.isReady = false;
  set.world.deletePod(pod.name);
  const isThere = () => set.world.pods.get(pod.name)?.uid === pod.uid;
  return { set, node, uid: pod.uid, isThere };
}
const messageOf = (set: Operated) => set.plan().status.groups[0]?.message;

test.each(["RecreateGroup", "RecreateRole", "None"])("a stuck pod is told with its age, under %s", (policy) => {
  const { set, node, isThere } = stuck(null, policy);
  set.run(30);
  expect(messageOf(set)).toContain(`decode-0 hangs in termination on ${node.name}; the node is not Ready.`);
  set.run(220);
  expect(messageOf(set)).toContain(
    "for more than 2 min; the node is not Ready. Force-delete it if that machine is off.",
  );
  set.run(4000);
  expect(messageOf(set)).toContain("for more than 1 h");
  expect(isThere()).toBe(true);
  expect(set.told("pod.deleted")).toEqual([]);
});

test.each(["RecreateGroup", "RecreateRole", "None"])(
  "after forceDeleteAfterSeconds it is deleted by force, by its UID and told once, under %s",
  (policy) => {
    const { set, node, uid, isThere } = stuck(60, policy);
    set.run(59);
    expect(isThere()).toBe(true);
    expect(messageOf(set)).toContain("It is force-deleted when the node has been silent for 1 min.");
    expect(set.plan().status.groups[0]?.untilMs).toBe(set.world.nowMs + 1000);
    set.run(5);
    expect(isThere()).toBe(false);
    const forced = set.acted.filter((action) => action.kind === "delete" && action.isForced === true);
    expect(forced).toMatchObject([{ ref: { kind: "Pod", name: "demo-0-decode-0", uid } }]);
    expect(set.told("pod.deleted")).toEqual([
      {
        kind: "pod.deleted",
        group: 0,
        incarnation: 1,
        cause: `decode-0 hangs in termination on ${node.name}, which is silent for 1 min`,
        decision: "Force-delete pod demo-0-decode-0 (recovery.forceDeleteAfterSeconds)",
        actions: ["delete the pod with grace period 0"],
      },
    ]);
    set.untilReady();
    expect(set.state.groups[0]?.stuckPods).toEqual([]);
  },
);

test("a crash between storing and acting only delays it", () => {
  const { set, isThere } = stuck(60);
  set.run(60);
  set.reconcile(true);
  expect(isThere()).toBe(true);
  set.run(2);
  expect(isThere()).toBe(false);
  expect(set.told("pod.deleted")).toHaveLength(1);
});

test("a node that answers again starts the count anew; on one that only says that it is not Ready nothing is forced", () => {
  const { set, node, isThere } = stuck(60);
  set.run(50);
  node.taints = [];
  set.run(100);
  expect(isThere()).toBe(true);
  node.taints = [UNREACHABLE];
  set.run(50);
  expect(isThere()).toBe(true);
  set.run(15);
  expect(isThere()).toBe(false);
});

test("a pod on a Ready node is never forced, however long it takes to end", () => {
  const { set, node } = stuck(60);
  set.run(50);
  Object.assign(node, { isReady: true, taints: [] });
  set.world.pod("demo-0-decode-0").deletionAtMs = set.world.nowMs + 600_000;
  set.run(300);
  expect(set.acted.some((action) => action.kind === "delete" && action.isForced === true)).toBe(false);
});

test("a deletion says which role stops, what waits for it, and which pod should long have been gone", () => {
  const roles = [aRole({ role: "prefill" }), aRole({ role: "decode", replicas: 2, dependencies: ["prefill"] })];
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1, roles }));
  set.untilReady();
  set.world.held = /decode-1/;
  set.state = { ...set.state, isDeleting: true };
  set.run(20);
  const stops = "The set is being deleted. decode is being stopped, 1 pod is left; prefill waits for it.";
  expect(set.plan().status).toMatchObject({ phase: "Deleting", message: `1 group to go. Group 0: ${stops}` });
  set.run(130);
  expect(messageOf(set)).toBe(
    `${stops} decode-1 should have been gone for more than 2 min: a finalizer or its node holds it.`,
  );
  set.world.held = null;
  set.run(20);
  expect(set.state.groups).toEqual([]);
});

test("a copy that a group has left, on another cluster, is told of and forced in the same way; the new one serves meanwhile", () => {
  const nodesOf = (cluster: string) => ["1", "2"].map((n) => aNode(`${cluster}${n}`));
  const [a, b] = [new World(nodesOf("a"), "a"), new World(nodesOf("b"), "b")];
  const roles = [aRole({ role: "prefill", gpus: 8 }), aRole({ role: "decode", gpus: 8 })];
  const placement = { clusters: { names: ["a", "b"] } };
  const set = new Operated(a, aSet({ replicas: 1, roles, placement, recovery: { forceDeleteAfterSeconds: 60 } }), [b]);
  set.untilReady();
  const change = moveGroup(set.state, 0, a.nowMs, { wish: { cluster: "b", domain: null }, isAcross: true });
  if (change === null) throw new Error("it can't be moved");
  set.state = change.state;
  set.until(({ state }) => state.groups[0]?.leaving[0]?.stage === "removal");
  const { uid, nodeName } = a.pod("demo-0-decode-0");
  const node = a.nodes.find(({ name }) => name === nodeName);
  if (node !== undefined) Object.assign(node, { isReady: false, taints: [UNREACHABLE] });
  set.run(30);
  expect(messageOf(set)).toContain(
    `What is left of incarnation 1 on a is being removed. decode-0 hangs in termination on ${nodeName}`,
  );
  set.run(40);
  const forced = set.acted.filter((action) => action.kind === "delete" && action.isForced === true);
  expect(forced).toMatchObject([{ ref: { cluster: "a", kind: "Pod", name: "demo-0-decode-0", uid } }]);
  expect(set.told("pod.deleted")).toMatchObject([{ group: 0, incarnation: 1 }]);
  set.until(({ state }) => state.groups[0]?.leaving.length === 0);
  expect([a.pods.size, a.owners.size, b.pods.size]).toEqual([0, 0, 2]);
});
