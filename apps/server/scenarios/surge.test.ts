import { describe, expect, test } from "vitest";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const SURGE = { maxSurge: 1, maxUnavailable: 0 };
const unpullable = PAIR.map((role) => ({
  ...role,
  image: "absent",
  annotations: { "sandbox.openpatio.io/waiting": "ImagePullBackOff" },
}));

describeOnTargets("surge", (bench) => {
  describe.concurrent("an extra group", () => {
    test("comes before any other goes, so that none is missed, and leaves nothing behind", async () => {
      const set = await bench().start("extra", { replicas: 2, roles: PAIR, rollout: SURGE });
      set.history.mark();
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2"), rollout: SURGE });
      const surged = await set.until("the extra group", ({ groups }) => groups.length === 3);
      expect(surged.detail.rollout).toMatchObject({ maxSurge: 1, maxUnavailable: 0, extraGroups: 1 });
      await set.reaches(0, 2);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([
        [2, 2],
        [2, 2],
      ]);
      expect(set.history.fewestGroupsUp).toBeGreaterThanOrEqual(2);
      const owners = (await set.objects("rolebasedgroups.openpatio.io")).map(({ metadata }) => metadata.name).sort();
      expect(owners).toEqual(["extra-0", "extra-1"]);
    });

    test("becomes regular by a scale-out, as it is, also beside a partition", async () => {
      const rollout = { ...SURGE, partition: 1 };
      const set = await bench().start("grown", { replicas: 2, roles: PAIR, rollout });
      await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2"), rollout });
      await set.until("the extra group to be ready", ({ groups }) => groups[2]?.phase === "Ready");
      const extra = await set.pods(2);
      await set.scale(3);
      await set.reaches(1, 2);
      await set.until("three groups", ({ groups }) => groups.length === 3);
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([
        [1, 1],
        [2, 2],
        [2, 1],
      ]);
      expect(uidsOf(await set.pods(2))).toEqual(uidsOf(extra));
    });

    test("takes the blow of a bad revision, and goes by abort", async () => {
      const set = await bench().start("blow", { replicas: 2, roles: PAIR, rollout: SURGE });
      const before = await set.pods();
      await set.apply({ replicas: 2, roles: unpullable, rollout: SURGE });
      const waiting = await set.until("the image that can not be pulled", ({ groups }) =>
        Boolean(groups[2]?.message?.includes("ImagePullBackOff")),
      );
      expect(waiting.groups.map(({ phase }) => phase)).toEqual(["Ready", "Ready", "Starting"]);
      expect(waiting.detail.rollout.message).toMatch(/Extra group 2 comes first\. .*ImagePullBackOff/);
      await set.call("rollouts.abort");
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    });

    test("goes with the set that is deleted in the middle of a rollout", async () => {
      const set = await bench().start("ended", { replicas: 1, roles: PAIR, rollout: SURGE });
      await set.apply({ replicas: 1, roles: withImage(PAIR, "engine:2"), rollout: SURGE });
      await set.until("the extra group", ({ groups }) => groups.length === 2);
      await set.end();
    });
  });

  test("a rollout that stalls returns by itself, and the definition says what runs", async () => {
    const rollout = { onFailure: "Rollback", progressDeadlineSeconds: 3 };
    const set = await bench().start("returns", { replicas: 2, roles: PAIR, rollout });
    const before = await set.pods(0);
    await set.apply({ replicas: 2, roles: unpullable, rollout });
    const { groups, yaml, detail } = await set.until("the rollback", (answer) => answer.detail.rollout.target === 3);
    expect(groups).toHaveLength(2);
    expect(yaml).not.toContain("absent");
    expect(yaml).not.toContain("ImagePullBackOff");
    expect(detail.generation).toBe(3);
    await set.settled();
    expect(uidsOf(await set.pods(0))).toEqual(uidsOf(before));
    const [told] = await set.timeline("rollout.rolled-back");
    expect(told?.decision).toBe("Return to revision 1, as revision 3");
    expect(told?.cause).toMatch(/^Revision 2 failed. Group 1 did not become ready at revision 2: .*ImagePullBackOff/);
  });
});
