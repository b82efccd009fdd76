import { LABEL } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const rollout = { strategy: "RoleRolling" };
const TWO = PAIR.map((role) => ({ ...role, replicas: 2 }));

describeOnTargets("role rolling", (bench) => {
  describe.concurrent("a group", () => {
    test("is updated role by role in order, its incarnation kept, group by group", async () => {
      const set = await bench().start("byrole", { replicas: 2, roles: TWO, rollout });
      const workloads = uidsOf(await set.objects("statefulsets.apps"));
      const before = uidsOf(await set.pods());
      await set.apply({ replicas: 2, roles: withImage(TWO, "engine:2"), rollout });
      const { groups, status } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([
        [2, 1],
        [2, 1],
      ]);
      expect(status.currentRevision).toBe(2);
      const pods = await set.pods();
      expect(uidsOf(pods).filter((uid) => before.includes(uid))).toEqual([]);
      expect(pods.map((pod) => (pod["spec"] as { containers: { image: string }[] }).containers[0]?.image)).toEqual(
        pods.map(() => "engine:2"),
      );
      expect(new Set(pods.map(({ metadata }) => metadata.labels?.[LABEL.revisionHash])).size).toBe(1);
      expect(uidsOf(await set.objects("statefulsets.apps"))).toEqual(workloads);
      expect((await set.timeline("group.updating")).map(({ decision }) => decision)).toEqual([
        "Take group 1 to revision 2 role by role",
        "Update prefill of group 1",
        "Update decode of group 1",
        "Take group 0 to revision 2 role by role",
        "Update prefill of group 0",
        "Update decode of group 0",
      ]);
      expect(await set.timeline("group.failed")).toEqual([]);
    });

    test("is held by a new pod that does not get ready, and abort takes that role back", async () => {
      const set = await bench().start("stuckrole", { replicas: 1, roles: TWO, rollout });
      const decode = await set.pods(0, "decode");
      const stuck = TWO.map((role) => ({
        ...role,
        image: "absent",
        annotations: { "sandbox.openpatio.io/waiting": "ImagePullBackOff" },
      }));
      await set.apply({ replicas: 1, roles: stuck, rollout });
      const waiting = await set.until("the image that can not be pulled", ({ groups }) =>
        Boolean(groups[0]?.message?.includes("ImagePullBackOff")),
      );
      expect(waiting.groups[0]?.message).toMatch(/^Updates prefill: 0 of 2 pods are new and ready. decode follows. /);
      await set.call("rollouts.abort");
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([[1, 1]]);
      expect(uidsOf(await set.pods(0, "decode"))).toEqual(uidsOf(decode));
    });

    test("is scaled and retargeted in the middle, and nothing of it counts as a failure", async () => {
      const set = await bench().start("swayrole", { replicas: 1, roles: TWO, rollout });
      await set.apply({ replicas: 1, roles: withImage(TWO, "engine:2"), rollout });
      await set.until("decode to be updated", ({ groups }) =>
        Boolean(groups[0]?.message?.startsWith("Updates decode")),
      );
      await set.scale(3, "decode");
      await set.scale(1, "prefill");
      const third = withImage(TWO, "engine:3").map((role) => ({ ...role, replicas: role.role === "decode" ? 3 : 1 }));
      await set.apply({ replicas: 1, roles: third, rollout });
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([[3, 1]]);
      expect(await set.timeline("group.failed")).toEqual([]);
    });

    test("may take longer than the deadline, while pod after pod gets ready", async () => {
      const slow = TWO.map((role) => ({ ...role, minReadySeconds: 6 }));
      const patient = { ...rollout, progressDeadlineSeconds: 20 };
      const set = await bench().start("slowrole", { replicas: 1, roles: slow, rollout: patient });
      const startedMs = Date.now();
      await set.apply({ replicas: 1, roles: withImage(slow, "engine:2"), rollout: patient });
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([[2, 1]]);
      expect(Date.now() - startedMs).toBeGreaterThan(20_000);
      expect(await set.timeline("rollout.stalled")).toEqual([]);
      expect(await set.timeline("rollout.finished")).toHaveLength(1);
    });

    test("is restarted role by role, each pod once", async () => {
      const set = await bench().start("againrole", { replicas: 1, roles: TWO, rollout });
      const before = uidsOf(await set.pods());
      await set.call("rollouts.restart");
      await set.until("its rollout to begin", ({ groups }) => groups[0]?.phase === "Updating");
      const { groups } = await set.settled();
      expect(groups.map(({ revision, incarnation }) => [revision, incarnation])).toEqual([[1, 1]]);
      expect(uidsOf(await set.pods()).filter((uid) => before.includes(uid))).toEqual([]);
    });
  });

  test("a Deployment rolls in its own way, and a role that becomes one is recreated alone", async () => {
    const kind = (name: string) => ({ workload: { apiVersion: "apps/v1", kind: name } });
    const roles = [
      { role: "prefill", replicas: 2, ...kind("Deployment") },
      { role: "decode", dependencies: ["prefill"] },
    ];
    const set = await bench().start("kinds", { replicas: 1, roles, rollout });
    const decode = await set.pods(0, "decode");
    const [prefill] = withImage(roles, "engine:2");
    await set.apply({ replicas: 1, roles: [prefill ?? { role: "prefill" }, ...roles.slice(1)], rollout });
    expect((await set.settled()).groups[0]).toMatchObject({ revision: 2, incarnation: 1 });
    expect(uidsOf(await set.pods(0, "decode"))).toEqual(uidsOf(decode));
    const running = uidsOf(await set.pods(0, "prefill"));
    const changed = { ...roles[1], role: "decode", ...kind("Deployment") };
    await set.apply({ replicas: 1, roles: [prefill ?? { role: "prefill" }, changed], rollout });
    expect((await set.settled()).groups[0]).toMatchObject({ revision: 3, incarnation: 1 });
    expect(uidsOf(await set.pods(0, "prefill"))).toEqual(running);
    expect((await set.objects("statefulsets.apps")).map(({ metadata }) => metadata.name)).toEqual([]);
    expect(await set.timeline("group.failed")).toEqual([]);
  });

  test("a multi-node role and one whose volume claims change are recreated alone, each in its turn", async () => {
    const claims = (storage: string) => [
      {
        metadata: { name: "cache" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
      },
    ];
    const rolesAt = (image: string, storage: string) => [
      { role: "router" },
      { role: "prefill", replicas: 2, leaderWorker: { size: 2 }, dependencies: ["router"], image },
      { role: "decode", dependencies: ["prefill"], volumeClaimTemplates: claims(storage) },
    ];
    const set = await bench().start("alone", { replicas: 1, roles: rolesAt("engine:1", "1Gi"), rollout });
    const before = uidsOf(await set.pods());
    const router = uidsOf(await set.pods(0, "router"));
    await set.apply({ replicas: 1, roles: rolesAt("engine:2", "2Gi"), rollout });
    const { groups } = await set.settled();
    expect(groups[0]).toMatchObject({ revision: 2, incarnation: 1 });
    expect(uidsOf(await set.pods()).filter((uid) => before.includes(uid))).toEqual(router);
    const told = (await set.timeline("group.updating")).flatMap(({ actions }) => actions);
    expect(told).toEqual([
      "update prefill and decode, one after another",
      "recreate its workload: an instance of several pods can not be changed in place",
      "recreate its workload: its volume claims can not be changed in place",
    ]);
    expect(await set.timeline("group.failed")).toEqual([]);
  });
});
