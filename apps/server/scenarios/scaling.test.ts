import { setTimeout as sleep } from "node:timers/promises";
import type { DiscoveryAnswer } from "@openpatio/core/view";
import { describe, expect, test } from "vitest";
import { manifest, PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("scaling", (bench) => {
  describe.concurrent("from nothing and to nothing", () => {
    test("a set without groups is ready, and its first group starts when it is scaled", async () => {
      const set = await bench().start("none", { replicas: 0, roles: PAIR });
      expect(await set.objects("rolebasedgroups.openpatio.io")).toEqual([]);
      await set.scale(1);
      await set.until("one group", ({ groups }) => groups.length === 1);
      await set.settled();
      await set.scale(0);
      await set.until("no group", ({ groups }) => groups.length === 0);
      await set.settled();
      await set.scale(1);
      await set.until("one group", ({ groups }) => groups.length === 1);
      await set.settled();
    });

    test("a role without pods is ready, so what depends on it starts; scaled from zero, it starts alone", async () => {
      const [prefill, decode] = [{ role: "prefill", replicas: 0 }, PAIR[1] ?? { role: "decode" }];
      const set = await bench().start("empty", { replicas: 1, roles: [prefill, decode] });
      const before = await set.pods(0, "decode");
      expect(before).toHaveLength(1);
      await set.scale(1, "prefill");
      await set.settled();
      expect(await set.pods(0, "prefill")).toHaveLength(1);
      expect(uidsOf(await set.pods(0, "decode"))).toEqual(uidsOf(before));
      await set.scale(0, "prefill");
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    });

    test("a role that starts from zero waits for what it depends on", async () => {
      const set = await bench().start("waits", {
        replicas: 1,
        roles: [
          { role: "prefill", replicas: 0, annotations: { "sandbox.openpatio.io/ready-delay": "1s" } },
          { role: "decode", replicas: 0, dependencies: ["prefill"] },
        ],
      });
      expect(await set.pods()).toEqual([]);
      // The history tells whether decode came before prefill was ready.
      await set.apply({
        replicas: 1,
        roles: [
          { role: "prefill", annotations: { "sandbox.openpatio.io/ready-delay": "1s" } },
          { role: "decode", dependencies: ["prefill"] },
        ],
      });
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
    });
  });

  describe.concurrent("up and down", () => {
    test("groups and roles scale without replacing a pod that stays, and the discovery file follows", async () => {
      const set = await bench().start("steps", { replicas: 2, roles: PAIR });
      const before = await set.pods();
      await set.scale(3);
      await set.scale(3, "decode");
      await set.until("the third group", ({ groups }) => groups.length === 3);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
      const config = await bench().kube.get("configmaps", "steps-0-config");
      const { configYaml } = await set.call<DiscoveryAnswer>("sets.discovery", { group: 0 });
      expect(config?.["data"]).toEqual({ "config.yaml": configYaml });
      expect(configYaml).toContain("steps-0-decode-2.s-steps-0-decode");
      await set.scale(1, "decode");
      await set.scale(2);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
      expect(await set.incarnations()).toEqual([1, 1]);
      expect(await set.timeline("group.failed")).toEqual([]);
    });

    test("out and in again at once is no failure of the pods that come and go", async () => {
      const set = await bench().start("sways", { replicas: 1, roles: PAIR });
      const before = await set.pods();
      for (const replicas of [4, 1, 3, 2, 4, 1]) {
        await set.scale(replicas, "decode");
        await sleep(150); // so that some of it reaches the cluster, and some does not
      }
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
      expect(await set.incarnations()).toEqual([1]);
    });

    test("scaling in the middle of a rollout moves the target, and nothing is done twice", async () => {
      const set = await bench().start("moves", { replicas: 3, roles: PAIR });
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2") });
      await set.reaches(2, 2);
      await set.scale(2, "decode");
      await set.scale(4);
      await set.until("four groups", ({ groups }) => groups.length === 4);
      const { groups } = await set.settled();
      expect(groups.map(({ incarnation }) => incarnation)).toEqual([2, 2, 2, 1]);
      expect(groups.map(({ revision }) => revision)).toEqual([2, 2, 2, 2]);
    });

    test("scaling in the middle of a recovery is part of the next incarnation", async () => {
      const set = await bench().start("heals", {
        replicas: 1,
        roles: PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "1s" } })),
      });
      await bench().kube.delete("pods", set.podName(0, "prefill"));
      await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
      await set.scale(2, "decode");
      await set.scale(2);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(await set.incarnations()).toEqual([2, 1]);
      expect(await set.pods(0, "decode")).toHaveLength(2);
    });
  });

  test("an update that leaves replicas out keeps what was scaled, never the default", async () => {
    const set = await bench().start("absent", { replicas: 1, roles: PAIR });
    await set.scale(3);
    await set.until("three groups", ({ groups }) => groups.length === 3);
    await set.settled();
    await set.applyText(manifest(bench().namespace, "absent", { roles: withImage(PAIR, "engine:2") }));
    const { groups, yaml } = await set.settled();
    expect(groups.map(({ revision }) => revision)).toEqual([2, 2, 2]);
    expect(yaml).toMatch(/"?replicas"?: 3/);
  });
});
