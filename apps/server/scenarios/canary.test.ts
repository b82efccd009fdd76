import { describe, expect, test } from "vitest";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("canary", (bench) => {
  describe.concurrent("a partition", () => {
    test("holds the groups below it, also when they fail, until it is promoted", async () => {
      const set = await bench().start("canary", { replicas: 3, roles: PAIR });
      const before = await Promise.all([0, 1].map((group) => set.pods(group)));
      set.history.mark();
      await set.apply({ replicas: 3, roles: withImage(PAIR, "engine:2"), rollout: { partition: 2 } });
      await set.reaches(2, 2);
      const { groups, detail, status } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([
        [1, 1],
        [1, 1],
        [2, 2],
      ]);
      for (const group of [0, 1]) expect(uidsOf(await set.pods(group))).toEqual(uidsOf(before[group] ?? []));
      expect(detail.rollout).toMatchObject({ isActive: false, partition: 2, heldBack: 2, canAbort: true });
      expect(status).toMatchObject({ updatedGroups: 1, currentRevision: 1, updateRevision: 2 });
      await bench().kube.delete("pods", set.podName(0, "decode"));
      await set.reaches(0, 2);
      expect((await set.settled()).groups.map(({ revision }) => revision)).toEqual([1, 1, 2]);

      set.history.mark();
      await set.call("rollouts.promote", { partition: 1 });
      await set.reaches(1, 2);
      const promoted = await set.settled();
      expect(promoted.groups.map(({ revision }) => revision)).toEqual([1, 2, 2]);
      expect(promoted.yaml).toMatch(/"?partition"?: 1/);
      await expect(set.call("rollouts.promote", { partition: 1 })).rejects.toThrow(/partition is 1 already/);
      await set.call("rollouts.promote");
      await set.reaches(0, 3);
      const all = await set.settled();
      expect(all.groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([
        [2, 3],
        [2, 2],
        [2, 2],
      ]);
      expect(all.status.currentRevision).toBe(2);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(2);
    });

    test("keeps the old revision for a group that is scaled in and out again", async () => {
      const set = await bench().start("regrown", { replicas: 2, roles: PAIR });
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2"), rollout: { partition: 1 } });
      await set.reaches(1, 2);
      await set.settled();
      await set.scale(0);
      await set.until("no group", ({ groups }) => groups.length === 0);
      await set.scale(2);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      expect((await set.settled()).groups.map(({ revision }) => revision)).toEqual([1, 2]);
    });
  });
});
