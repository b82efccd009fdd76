import { setTimeout as sleep } from "node:timers/promises";
import { API_VERSION, type KubeObject, LABEL } from "@openpatio/core/model";
import type { ObjectRef } from "@openpatio/core/plan";
import type { ClusterRow } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("clusters", (bench) => {
  const healthIs = (isLive: boolean) =>
    bench().server.until(
      isLive ? "contact" : "the loss to be noticed",
      async () => (await bench().server.call<readonly ClusterRow[]>("clusters.list"))[0]?.health,
      (health) => (health === "live") === isLive,
    );
  /** Does `act` while the server can not reach the cluster, and has noticed that. */
  async function whileCut(act: () => Promise<void>): Promise<void> {
    bench().cut(true);
    try {
      await healthIs(false);
      await act();
    } finally {
      bench().cut(false);
    }
    await healthIs(true);
  }
  const refOf = (object: KubeObject, apiVersion: string, kind: string): ObjectRef => ({
    cluster: bench().cluster,
    apiVersion,
    kind,
    namespace: bench().namespace,
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
  });
  const port = () => {
    const member = bench().server.app.fleet.get(bench().cluster);
    if (member === null) throw new Error("the cluster is no member");
    return member.port;
  };

  test("a brief loss changes nothing, and what was asked for meanwhile is done afterwards", async () => {
    const set = await bench().start("brief", { replicas: 2, roles: PAIR });
    const before = await set.pods();
    await whileCut(async () => {
      await set.until("that nothing is known", ({ groups }) => groups.every(({ phase }) => phase === "Unknown"));
      await set.scale(3);
      await sleep(1_000);
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    });
    await set.until("three groups", ({ groups }) => groups.length === 3);
    await set.settled();
    expect(await set.incarnations()).toEqual([1, 1, 1]);
    expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
  });

  test("a pod that was deleted and came back during a gap of the watch is one failure", async () => {
    const set = await bench().start("gap", { replicas: 2, roles: PAIR });
    const untouched = await set.pods(1);
    const [pod] = await set.pods(0, "prefill");
    await whileCut(async () => {
      await bench().kube.delete("pods", set.podName(0, "prefill"));
      await bench().server.until(
        "another pod of that name",
        () => set.pods(0, "prefill"),
        ([found]) => found !== undefined && found.metadata.uid !== pod?.metadata.uid,
      );
    });
    await set.reaches(0, 2);
    await set.settled();
    expect(await set.incarnations()).toEqual([2, 1]);
    expect(await set.timeline("group.failed")).toHaveLength(1);
    expect(uidsOf(await set.pods(1))).toEqual(uidsOf(untouched));
  });

  test("a Service that was deleted during a gap of the watch is put back", async () => {
    const set = await bench().start("gap-service", { replicas: 1, roles: PAIR });
    const before = await set.pods();
    await whileCut(() => bench().kube.delete("services", "s-gap-service-0-decode"));
    await bench().server.until(
      "the Service to be back",
      () => bench().kube.get("services", "s-gap-service-0-decode"),
      (service) => service !== null,
    );
    await set.settled();
    expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
  });

  test("a write that arrives after the teardown neither harms the next life nor brings the last one back", async () => {
    const set = await bench().start("late", { replicas: 1, roles: PAIR });
    const [owner] = await set.objects("rolebasedgroups.openpatio.io");
    const old = (await set.objects("statefulsets.apps")).find(({ metadata }) => metadata.name === "late-0-decode");
    if (old === undefined || owner === undefined) throw new Error("late-0 is not there");
    await set.call("rollouts.restart");
    await set.reaches(0, 2);
    await set.settled();
    const next = await set.pods();

    const ref = refOf(old, "apps/v1", "StatefulSet");
    await expect(port().scale(ref, 5)).rejects.toMatchObject({ code: "cluster.conflict" });
    await expect(port().create(reborn(old))).rejects.toMatchObject({ code: "cluster.conflict" });
    await port().delete(ref, "Background");
    await sleep(500);
    await set.settled();
    expect(uidsOf(await set.pods())).toEqual(uidsOf(next));
    expect(await set.incarnations()).toEqual([2]);

    await set.end();
    // The API server takes it: its owner is gone, so it is collected as garbage.
    await port().create(reborn(old));
    await set.gone();
  });

  /** What was sent for an object that exists no more. */
  function reborn(object: KubeObject): KubeObject {
    const { name, namespace = "", labels = {}, ownerReferences = [] } = object.metadata;
    return {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name, namespace, labels, ownerReferences },
      spec: object["spec"],
    };
  }

  test("sets that want the same last domain: one gets it, the others wait and say for what", async () => {
    const key = `${bench().namespace}.openpatio.io/cell`;
    const node = (await bench().kube.list("nodes")).at(-1)?.metadata.name ?? "";
    await bench().kube.patch("nodes", node, { metadata: { labels: { [key]: "only" } } });
    const roles = [
      {
        role: "engine",
        container: { resources: { requests: { "nvidia.com/gpu": "5" }, limits: { "nvidia.com/gpu": "5" } } },
      },
    ];
    const sets = ["race-0", "race-1", "race-2"].map((name) => bench().watch(name));
    try {
      await bench().server.until(
        "the label to be seen",
        async () =>
          port()
            .observe()
            .nodes.find(({ name }) => name === node)?.labels[key],
        (value) => value === "only",
      );
      await Promise.all(sets.map((set) => set.apply({ replicas: 1, roles, placement: { topology: { key } } })));
      const phases = () => Promise.all(sets.map(async (set) => (await set.get()).groups[0]));
      const groups = await bench().server.until(
        "one to be ready",
        phases,
        (all) =>
          all.every((group) => group !== undefined && (group.phase === "Ready" || group.phase === "Pending")) &&
          all.some((group) => group?.phase === "Ready"),
      );
      const winners = sets.filter((_, i) => groups[i]?.phase === "Ready");
      expect(winners).toHaveLength(1);
      const waiting = groups.filter((group) => group?.phase === "Pending");
      for (const group of waiting) expect(group?.message).toContain("Closest: only, 3 free, short of 2");
      for (const set of sets) if (set !== winners[0]) expect(await set.pods()).toEqual([]);
      await winners[0]?.end();
      const left = sets.filter((set) => set !== winners[0]);
      await bench().server.until(
        "the next one to be ready",
        () => Promise.all(left.map(async (set) => (await set.get()).groups[0]?.phase)),
        (found) => found.includes("Ready"),
      );
      await Promise.all(left.map((set) => set.end()));
    } finally {
      await bench().kube.patch("nodes", node, { metadata: { labels: { [key]: null } } });
    }
  });

  test("two servers on one database: one reconciles, and the other goes on in the middle of a rollout", async () => {
    const { server } = bench();
    const set = await bench().start("pair", { replicas: 2, roles: PAIR });
    const second = await server.startSecond();
    try {
      expect(second.services.system.info().isReconciling).toBe(false);
      expect(server.app.services.system.info().isReconciling).toBe(true);
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2") });
      await set.until("the rollout to begin", ({ groups }) => groups.some(({ phase }) => phase === "Updating"));
      await server.restart(async () => {
        await server.until(
          "the second to take over",
          async () => second.services.system.info().isReconciling,
          (isReconciling) => isReconciling,
        );
      });
      expect(server.app.services.system.info().isReconciling).toBe(false);
      await set.settled();
      expect(await set.incarnations()).toEqual([2, 2]);
    } finally {
      await second.stop();
    }
    await server.until(
      "the first to take over again",
      async () => server.app.services.system.info().isReconciling,
      (isReconciling) => isReconciling,
    );
    await set.scale(1);
    await set.until("one group", ({ groups }) => groups.length === 1);
    await set.settled();
  });

  test("both servers lose the database in the middle of a rollout: nothing is doubled, whoever goes on", async () => {
    const { server } = bench();
    const set = await bench().start("cut-database", { replicas: 2, roles: PAIR });
    const second = await server.startSecond();
    try {
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2") });
      await set.until("the rollout to begin", ({ groups }) => groups.some(({ phase }) => phase === "Updating"));
      await server.cutDatabase();
      await set.settled();
      expect(await set.incarnations()).toEqual([2, 2]);
      const holders = [server.app, second].filter((app) => app.services.system.info().isReconciling);
      expect(holders).toHaveLength(1);
    } finally {
      await second.stop();
    }
  });

  test("the labels and owners by which everything of a group is found are on every object", async () => {
    const set = await bench().start("labelled", { replicas: 1, roles: PAIR });
    const [owner] = await set.objects("rolebasedgroups.openpatio.io");
    expect(owner).toMatchObject({ apiVersion: API_VERSION, metadata: { name: "labelled-0" } });
    for (const kind of ["statefulsets.apps", "services", "configmaps"]) {
      const objects = await set.objects(kind);
      expect(objects, kind).toHaveLength(2);
      for (const { metadata } of objects) {
        expect(metadata.ownerReferences).toEqual([expect.objectContaining({ uid: owner?.metadata.uid })]);
        expect(metadata.labels).toMatchObject({ [LABEL.groupIndex]: "0", [LABEL.managedBy]: "openpatio" });
      }
    }
    for (const pod of await set.pods())
      expect(pod.metadata.labels).toMatchObject({
        [LABEL.incarnation]: "1",
        [LABEL.revisionHash]: expect.stringMatching(/^[0-9a-f]{10}$/),
      });
  });
});
