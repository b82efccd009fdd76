import type { GroupState } from "@openpatio/core/model";
import { openDatabase } from "@openpatio/db";
import { describe, expect, test } from "vitest";
import { PAIR, type RoleSketch, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const [PREFILL = { role: "prefill" }, DECODE = { role: "decode" }] = PAIR;
const HELD: readonly RoleSketch[] = [{ ...PREFILL, annotations: { "sandbox.openpatio.io/ready": "false" } }, DECODE];
const SLOW_TO_STOP = PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "1500ms" } }));

describeOnTargets("a restart of the server", (bench) => {
  describe("changes nothing of what comes out, when it happens", () => {
    test("while groups are placed", async () => {
      const set = bench().watch("placing");
      await set.apply({ replicas: 3, roles: PAIR, placement: { topology: { key: "topology.kubernetes.io/rack" } } });
      await bench().server.restart();
      await set.settled();
      expect(await set.incarnations()).toEqual([1, 1, 1]);
    });

    test("while a group starts", async () => {
      const set = bench().watch("starting");
      await set.apply({ replicas: 1, roles: HELD });
      const [pod] = await bench().server.until(
        "prefill to run",
        () => set.pods(0, "prefill"),
        ([first]) => (first?.["status"] as { phase?: string } | undefined)?.phase === "Running",
      );
      await bench().server.restart();
      expect(await set.pods(0, "decode")).toEqual([]);
      await set.annotatePod(set.podName(0, "prefill"), { ready: null });
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
      expect((await set.pods(0, "prefill"))[0]?.metadata.uid).toBe(pod?.metadata.uid);
    });

    test("while a rollout has taken one group down", async () => {
      const set = await bench().start("rolling", { replicas: 2, roles: SLOW_TO_STOP });
      set.history.mark();
      await set.apply({ replicas: 2, roles: withImage(SLOW_TO_STOP, "engine:2") });
      await set.until("a group to stop", ({ groups }) => groups[1]?.phase === "Updating");
      await bench().server.restart();
      await set.settled();
      expect(await set.incarnations()).toEqual([2, 2]);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(1);
    });

    test("while a group is torn down for its recovery", async () => {
      const set = await bench().start("recovering", { replicas: 2, roles: SLOW_TO_STOP });
      const untouched = await set.pods(1);
      await bench().kube.delete("pods", set.podName(0, "decode"));
      await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
      await bench().server.restart();
      await set.reaches(0, 2);
      await set.settled();
      expect(await set.incarnations()).toEqual([2, 1]);
      expect(uidsOf(await set.pods(1))).toEqual(uidsOf(untouched));
      expect(await set.timeline("group.failed")).toHaveLength(1);
    });

    test("while a set is scaled", async () => {
      const set = await bench().start("scaling", { replicas: 1, roles: PAIR });
      const before = await set.pods();
      await set.scale(3);
      await set.scale(2, "decode");
      await bench().server.restart();
      await set.settled();
      expect(await set.incarnations()).toEqual([1, 1, 1]);
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
    });

    test("while a set is deleted: its roles still end in reverse order, and nothing is left", async () => {
      const set = await bench().start("deleting", { replicas: 1, roles: SLOW_TO_STOP });
      await set.call("sets.delete");
      await bench().server.until(
        "decode to end",
        () => set.pods(0, "decode"),
        (pods) => pods.length === 0 || pods[0]?.metadata.deletionTimestamp !== undefined,
      );
      expect((await set.pods(0, "prefill"))[0]?.metadata.deletionTimestamp).toBeUndefined();
      await bench().server.restart();
      await set.gone();
    });
  });

  test("finds what failed meanwhile, by the containers and not by their count", async () => {
    const set = await bench().start("unseen", { replicas: 2, roles: PAIR });
    const untouched = await set.pods(0);
    await bench().server.restart(async () => {
      await set.annotatePod(set.podName(1, "prefill"), { crash: "137" });
      await bench().server.until(
        "the container to be back",
        async () => (await set.pods(1, "prefill"))[0]?.["status"],
        (status) => {
          const { containerStatuses } = (status ?? {}) as {
            containerStatuses?: { restartCount: number; ready: boolean }[];
          };
          return containerStatuses?.[0]?.restartCount === 1 && containerStatuses[0].ready;
        },
      );
    });
    await set.reaches(1, 2);
    await set.settled();
    expect(await set.incarnations()).toEqual([1, 2]);
    expect(uidsOf(await set.pods(0))).toEqual(uidsOf(untouched));
    expect(await set.timeline("group.failed")).toEqual([
      expect.objectContaining({ group: 1, cause: expect.stringContaining("exited 137") }),
    ]);
  });

  test("as a version that renders differently leaves running groups alone; the next incarnation is rendered anew", async () => {
    const set = bench().watch("rendered");
    await set.apply({ replicas: 1, roles: HELD });
    await bench().server.until(
      "prefill to run",
      () => set.pods(0, "prefill"),
      (pods) => pods.length === 1,
    );
    // What an older version had stored: the role that has not started yet carries its mark.
    await bench().server.restart(() => rewriteRendering(set.name, "decode"));
    await set.annotatePod(set.podName(0, "prefill"), { ready: null });
    await set.settled();
    const mark = async () => (await set.pods(0, "decode"))[0]?.metadata.annotations?.["older-version"];
    expect(await mark()).toBe("yes");
    const before = await set.pods();

    await bench().server.restart();
    await set.scale(2, "decode");
    await set.settled();
    expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
    expect(await set.incarnations()).toEqual([1]);
    const added = (await set.pods(0, "decode")).map(({ metadata }) => metadata.annotations?.["older-version"]);
    expect(added).toEqual(["yes", "yes"]);

    // Held again, as its definition says; what is asserted is the rendering.
    await set.call("rollouts.restart");
    await set.reaches(0, 2);
    await bench().server.until(
      "prefill of the next incarnation",
      () => set.pods(0, "prefill"),
      ([pod]) => pod !== undefined && pod.metadata.labels?.["openpatio.io/incarnation"] === "2",
    );
    await set.annotatePod(set.podName(0, "prefill"), { ready: null });
    await set.settled();
    expect(await mark()).toBeUndefined();
  });

  async function rewriteRendering(name: string, role: string): Promise<void> {
    const db = openDatabase(bench().server.databaseUrl, 1);
    try {
      const rows = await db.groupRow.findMany({ where: { set: { name } } });
      for (const row of rows) {
        const state = structuredClone(row.state as unknown) as GroupState;
        for (const rendered of state.rendering.filter((one) => one.role === role)) {
          const { template } = rendered.object["spec"] as { template: { metadata: { annotations?: object } } };
          template.metadata.annotations = { ...template.metadata.annotations, "older-version": "yes" };
        }
        await db.groupRow.update({
          where: { setId_index: { setId: row.setId, index: row.index } },
          data: { state: state as object },
        });
      }
    } finally {
      await db.$disconnect();
    }
  }
});
