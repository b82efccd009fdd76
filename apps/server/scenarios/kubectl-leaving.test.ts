import type { SetRow } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { applyThere, SETS } from "./kubectl.ts";
import { PAIR, uidsOf } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("a cluster with sets of its own that is removed", (bench) => {
  test("keeps what runs there, and its sets can be deleted without us", async ({ skip }) => {
    const { server, cluster, kube } = bench();
    if (server.sandbox.clusters.length > 0) skip("simulated clusters are not removed");
    const set = await applyThere(bench(), "left", { replicas: 1, roles: PAIR });
    await set.settled();
    const before = await set.pods();
    await expect(server.call("clusters.remove", { name: cluster })).rejects.toMatchObject({
      data: { reason: "cluster.in-use" },
    });
    await server.call("clusters.remove", { name: cluster, groups: "orphan" });
    await server.until(
      "the cluster to be removed",
      () => server.call<readonly unknown[]>("clusters.list"),
      (rows) => rows.length === 0,
    );
    expect(await server.call<readonly SetRow[]>("sets.list")).toEqual([]);
    expect((await kube.get(SETS, "left"))?.metadata.finalizers ?? []).toEqual([]);
    await kube.delete(SETS, "left");
    expect(await kube.get(SETS, "left")).toBeNull();
    expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    expect(await set.objects("rolebasedgroups.openpatio.io")).toEqual([]);
  });
});
