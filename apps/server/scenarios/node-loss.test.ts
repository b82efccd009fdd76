import type { ClusterAnswer } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { PAIR } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const KUBELET = "sandbox.openpatio.io/kubelet";

describeOnTargets("a lost node", (bench) => {
  const setKubelet = (node: string, state: "stopped" | "running") =>
    bench().kube.patch("nodes", node, { metadata: { labels: { [KUBELET]: state } } });
  const nodeOf = async (pod: string): Promise<string> => {
    const found = await bench().kube.get("pods", pod);
    return (found?.["spec"] as { nodeName?: string } | undefined)?.nodeName ?? "";
  };

  const cordon = (node: string, unschedulable: boolean | null) =>
    bench().kube.patch("nodes", node, { spec: { unschedulable } });

  /** On a node where nobody else is or comes, which is lost with all that runs there; and evicted at once. */
  async function onItsOwn(): Promise<Readonly<Record<string, unknown>>> {
    const { pods } = await bench().server.call<ClusterAnswer>("clusters.get", { name: bench().cluster });
    const used = new Set(pods.map((pod) => pod.node));
    const free = (await bench().kube.list("nodes"))
      .map(({ metadata }) => metadata.name)
      .filter((name) => !used.has(name));
    const preferred = free.at(-1) ?? "";
    await cordon(preferred, true);
    return {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              preference: {
                matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [preferred] }],
              },
            },
          ],
        },
      },
      tolerations: [
        { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
        { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 },
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 },
      ],
    };
  }

  test("holds its group with a pod that hangs in termination, until a person removes that by force", async () => {
    const podSpec = await onItsOwn();
    const set = await bench().start("lost", { replicas: 1, roles: PAIR.map((role) => ({ ...role, podSpec })) });
    const stuck = set.podName(0, "decode");
    const node = await nodeOf(stuck);
    await setKubelet(node, "stopped");
    try {
      await bench().server.until(
        "the eviction",
        () => bench().kube.get("pods", stuck),
        (pod) => pod?.metadata.deletionTimestamp !== undefined,
      );
      const held = await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
      expect(held.groups[0]?.incarnation).toBe(1);
      expect(held.groups[0]?.message).toContain(`hangs in termination on ${node}`);
      const [failure, ...others] = await set.timeline("group.failed");
      expect(failure?.cause).toContain(node);
      expect(others).toEqual([]);
      expect(set.history.incarnationsOf(0)).toEqual([1]);

      const left = (await set.pods()).map(({ metadata }) => metadata.name);
      for (const pod of left)
        await bench().server.call("pods.delete", {
          cluster: bench().cluster,
          namespace: bench().namespace,
          pod,
          force: true,
        });
      await set.reaches(0, 2);
      await set.settled();
      for (const { role } of PAIR) expect(await nodeOf(set.podName(0, role))).not.toBe(node);
    } finally {
      await setKubelet(node, "running");
      await cordon(node, null);
    }
    // The kubelet that comes back finds its pods gone, and harms nobody.
    await bench().server.until(
      "the node to be back",
      () => bench().kube.get("nodes", node),
      (found) => !JSON.stringify(found?.["spec"]).includes("unreachable"),
    );
    await set.settled();
    expect(await set.incarnations()).toEqual([2]);
  });

  test("is not waited for longer than forceDeleteAfterSeconds", async () => {
    const podSpec = await onItsOwn();
    const set = await bench().start("forced", {
      replicas: 1,
      roles: PAIR.map((role) => ({ ...role, podSpec })),
      recovery: { forceDeleteAfterSeconds: 3 },
    });
    const node = await nodeOf(set.podName(0, "decode"));
    await setKubelet(node, "stopped");
    try {
      await set.reaches(0, 2);
      await set.settled();
      expect(await nodeOf(set.podName(0, "decode"))).not.toBe(node);
      const told = await set.timeline("pod.deleted");
      expect(told.length).toBeGreaterThan(0);
      for (const { cause } of told) expect(cause).toContain(`hangs in termination on ${node}, which is silent for 3 s`);
      expect(await set.timeline("group.failed")).toHaveLength(1);
    } finally {
      await setKubelet(node, "running");
      await cordon(node, null);
    }
  });
});
