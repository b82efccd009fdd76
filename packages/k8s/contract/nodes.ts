import type { ObservedNode } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { eventually, type World } from "./world.ts";

/** Nodes as failures and operators leave them. Each test takes a node of its own, on which nothing else runs. */
export function describeNodes(world: () => World): void {
  const taken = new Set<string>();
  const takeNode = (): ObservedNode => {
    const view = world().cluster.observe();
    const node = view.nodes.find(
      (one) => one.isReady && !taken.has(one.name) && view.podsOnNode(one.name).length === 0,
    );
    if (node === undefined) throw new Error("no node is free");
    taken.add(node.name);
    return node;
  };
  const see = (name: string): ObservedNode | undefined =>
    world()
      .cluster.observe()
      .nodes.find((node) => node.name === name);
  const pinned = (node: string) => ({ nodeSelector: { "kubernetes.io/hostname": node } });

  test("nodes show their rack, zone and room", () => {
    const node = world().cluster.observe().nodes[0];
    expect(node).toMatchObject({ isReady: true, notReadyMessage: null, isUnschedulable: false, taints: [] });
    expect(node?.labels["topology.kubernetes.io/rack"]).toMatch(/^rack-/);
    expect(node?.labels["topology.kubernetes.io/zone"]).toMatch(/^zone-/);
    expect(node?.allocatable).toMatchObject({ cpu: 96_000, memory: 1024 ** 4, pods: 110, "nvidia.com/gpu": 8 });
  });

  test("draining cordons the node and evicts what runs on it; the replacement waits for another node", async () => {
    const w = world();
    const node = takeNode();
    const set = w.name("drained");
    await w.created(w.statefulSet(set, 2, { podSpec: pinned(node.name) }));
    await eventually(() => w.set(set).pods.length === 2 && w.set(set).pods.every((pod) => pod.isReady));
    const before = w.set(set).pods.map((pod) => pod.uid);
    try {
      expect(await w.cluster.drainNode(node.name)).toBe(2);
      expect(see(node.name)?.isUnschedulable).toBe(true);
      await eventually(() => w.set(set).pods.length === 2 && w.set(set).pods.every((pod) => !before.includes(pod.uid)));
      await eventually(() => w.set(set).pods.every((pod) => pod.unschedulableMessage !== null));
      expect(w.set(set).pods[0]?.unschedulableMessage).toMatch(/1 node\(s\) were unschedulable/);
    } finally {
      await w.cluster.cordonNode(node.name, false);
    }
    expect(see(node.name)?.isUnschedulable).toBe(false);
    await eventually(() => w.set(set).pods.every((pod) => pod.isReady && pod.nodeName === node.name));
  });

  test("a node whose kubelet stopped becomes NotReady, and its pods lose Ready", async () => {
    const w = world();
    const node = takeNode();
    const set = w.name("dead");
    const path = w.others.path("v1", "Node", undefined, node.name);
    await w.created(w.statefulSet(set, 1, { podSpec: pinned(node.name) }));
    await eventually(() => w.set(set).pods[0]?.isReady === true);
    try {
      await w.others.patch(path, { metadata: { labels: { "sandbox.openpatio.io/kubelet": "stopped" } } });
      await eventually(() => see(node.name)?.isReady === false, 50_000);
      expect(see(node.name)?.notReadyMessage).toBe("Kubelet stopped posting node status.");
      await eventually(
        () => see(node.name)?.taints.some((taint) => taint.key === "node.kubernetes.io/unreachable") === true,
      );
      await eventually(() => w.set(set).pods[0]?.isReady === false);
    } finally {
      await w.others.patch(path, { metadata: { labels: { "sandbox.openpatio.io/kubelet": "running" } } });
    }
    await eventually(() => see(node.name)?.isReady === true);
  });

  test("cordoning a node that does not exist is refused", async () => {
    await expect(world().cluster.cordonNode("no-such-node", true)).rejects.toMatchObject({ code: "cluster.refused" });
  });
}
