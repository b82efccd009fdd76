import { type KubeObject, LABEL } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { type RoleSketch, type SetUnderTest, uidsOf } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

/** decode and router start after prefill, one after the other; metrics is on its own. */
const ROLES: readonly RoleSketch[] = [
  { role: "prefill" },
  { role: "decode", dependencies: ["prefill"], replicas: 2 },
  { role: "router", dependencies: ["decode"] },
  { role: "metrics" },
];
const SLOW_TO_STOP = ROLES.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "1500ms" } }));

const livesOf = (pods: readonly KubeObject[]): Readonly<Record<string, readonly string[]>> => {
  const lives: Record<string, string[]> = {};
  for (const { metadata } of pods) {
    const { [LABEL.role]: role = "", [LABEL.roleRestart]: life = "0" } = metadata.labels ?? {};
    if (lives[role]?.includes(life) !== true) lives[role] = [...(lives[role] ?? []), life];
  }
  return lives;
};

describeOnTargets("recovery role by role", (bench) => {
  const start = (name: string, policy: "RecreateRole" | "None", roles = ROLES) =>
    bench().start(name, { replicas: 1, roles, recovery: { policy } });
  /** All roles have the given lives, within the first incarnation. */
  async function comesTo(set: SetUnderTest, lives: Readonly<Record<string, string>>): Promise<void> {
    const wanted = Object.fromEntries(ROLES.map(({ role }) => [role, [lives[role] ?? "0"]]));
    await bench().server.until(
      `${set.name}: lives ${JSON.stringify(lives)}`,
      async () => livesOf(await set.pods(0)),
      (found) => Object.entries(wanted).every(([role, [life]]) => found[role]?.join() === life),
    );
    await set.settled();
    expect(livesOf(await set.pods(0))).toEqual(wanted);
    expect(await set.incarnations()).toEqual([1]);
  }

  describe.concurrent("recreates a role and what depends on it, once, when", () => {
    test("a pod is deleted by hand", async () => {
      const set = await start("role-pod", "RecreateRole");
      const untouched = [...(await set.pods(0, "prefill")), ...(await set.pods(0, "metrics"))];
      await bench().kube.delete("pods", set.podName(0, "decode", 1));
      await comesTo(set, { decode: "1", router: "1" });
      expect(uidsOf([...(await set.pods(0, "prefill")), ...(await set.pods(0, "metrics"))])).toEqual(uidsOf(untouched));
      const failures = await set.timeline("group.failed");
      expect(failures.map(({ cause, decision }) => [cause, decision])).toEqual([
        [expect.stringContaining("decode-1"), "Recreate decode and router of group 0 within incarnation 1"],
      ]);
    });

    test("several of its pods fail in one moment, and then an unrelated role", async () => {
      const set = await start("role-burst", "RecreateRole", SLOW_TO_STOP);
      await Promise.all([
        set.annotatePod(set.podName(0, "decode", 0), { crash: "137" }),
        bench().kube.delete("pods", set.podName(0, "decode", 1), { isForced: true }),
      ]);
      await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
      await bench().kube.delete("pods", set.podName(0, "metrics"));
      await comesTo(set, { decode: "1", router: "1", metrics: "1" });
    });

    test("a worker of a multi-node instance fails: all instances of the role go, and the others stay", async () => {
      const roles = ROLES.map((role) => (role.role === "decode" ? { ...role, leaderWorker: { size: 2 } } : role));
      const set = await start("role-multi", "RecreateRole", roles);
      const untouched = uidsOf([...(await set.pods(0, "prefill")), ...(await set.pods(0, "metrics"))]);
      const before = uidsOf(await set.pods(0, "decode"));
      expect(before).toHaveLength(4);
      await set.annotatePod(`${set.podName(0, "decode", 1)}-1`, { crash: "137" });
      await comesTo(set, { decode: "1", router: "1" });
      expect(uidsOf([...(await set.pods(0, "prefill")), ...(await set.pods(0, "metrics"))])).toEqual(untouched);
      const after = uidsOf(await set.pods(0, "decode"));
      expect([after.length, after.filter((uid) => before.includes(uid))]).toEqual([4, []]);
      expect(await set.timeline("group.failed")).toHaveLength(1);
    });

    test("its StatefulSet is deleted by hand", async () => {
      const set = await start("role-bare", "RecreateRole");
      await bench().kube.delete("statefulsets.apps", "role-bare-0-metrics");
      await comesTo(set, { metrics: "1" });
    });
  });

  test("a server that is restarted meanwhile goes on with it", async () => {
    const set = await start("role-restart", "RecreateRole", SLOW_TO_STOP);
    await bench().kube.delete("pods", set.podName(0, "decode"));
    await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
    await bench().server.restart();
    await comesTo(set, { decode: "1", router: "1" });
    expect(await set.timeline("group.failed")).toHaveLength(1);
  });

  test("a RoleBasedGroup that is deleted meanwhile recreates the whole group", async () => {
    const set = await start("role-owner", "RecreateRole", SLOW_TO_STOP);
    await bench().kube.delete("pods", set.podName(0, "decode"));
    await set.until("the failure", ({ groups }) => groups[0]?.phase === "Recovering");
    await bench().kube.delete("rolebasedgroups.openpatio.io", "role-owner-0");
    await set.reaches(0, 2);
    await set.settled();
    expect(await set.incarnations()).toEqual([2]);
    expect(livesOf(await set.pods(0))).toEqual(Object.fromEntries(ROLES.map(({ role }) => [role, ["0"]])));
  });

  describe.concurrent("with policy None", () => {
    test("the group is degraded while its workload replaces a pod", async () => {
      const set = await start("none-pod", "None");
      const before = await set.pods(0);
      const name = set.podName(0, "decode", 1);
      await set.annotatePod(name, { "restart-delay": "2s", crash: "137" });
      const degraded = await set.until("the crash", ({ groups }) => groups[0]?.phase === "Degraded");
      expect(degraded.groups[0]?.message).toContain("decode-1 is not ready");
      await set.settled();
      expect(uidsOf(await set.pods(0))).toEqual(uidsOf(before));
      expect(await set.timeline("group.failed")).toEqual([]);
    });

    test("a StatefulSet that is deleted by hand is made again", async () => {
      const set = await start("none-bare", "None");
      const before = await bench().kube.get("statefulsets.apps", "none-bare-0-decode");
      await bench().kube.delete("statefulsets.apps", "none-bare-0-decode");
      await bench().server.until(
        "a new StatefulSet",
        () => bench().kube.get("statefulsets.apps", "none-bare-0-decode"),
        (found) => found !== null && found.metadata.uid !== before?.metadata.uid,
      );
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
    });
  });
});
