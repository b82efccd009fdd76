import { type KubeObject, LABEL } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { PAIR, type SetUnderTest, uidsOf } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const restartsOf = (pod: KubeObject | null): number => {
  const { containerStatuses } = (pod?.["status"] ?? {}) as { containerStatuses?: { restartCount: number }[] };
  return containerStatuses?.[0]?.restartCount ?? 0;
};

describeOnTargets("recovery", (bench) => {
  const restarts = (set: SetUnderTest, pod: string, count: number) =>
    bench().server.until(
      `${set.name}: ${count} restarts of ${pod}`,
      async () => restartsOf(await bench().kube.get("pods", pod)),
      (restartCount) => restartCount >= count,
    );
  /** Exactly this group was recreated, once, for that cause; the other one kept its pods. */
  async function recreatedOnce(set: SetUnderTest, untouched: readonly KubeObject[], cause: string): Promise<void> {
    await set.reaches(1, 2);
    await set.settled();
    expect(await set.incarnations()).toEqual([1, 2]);
    expect(uidsOf(await set.pods(0))).toEqual(uidsOf(untouched));
    expect(set.history.incarnationsOf(1)).toEqual([1, 2]);
    const failures = await set.timeline("group.failed");
    expect(failures).toEqual([
      expect.objectContaining({ group: 1, incarnation: 1, cause: expect.stringMatching(cause) }),
    ]);
  }

  describe.concurrent("a group is recreated once and as a whole when", () => {
    test("a pod is deleted by hand", async () => {
      const set = await bench().start("deleted", { replicas: 2, roles: PAIR });
      const untouched = await set.pods(0);
      await bench().kube.delete("pods", set.podName(1, "decode"));
      await recreatedOnce(set, untouched, "decode-0");
    });

    test("a container fails", async () => {
      const set = await bench().start("crashed", { replicas: 2, roles: PAIR });
      const untouched = await set.pods(0);
      await set.annotatePod(set.podName(1, "prefill"), { crash: "137" });
      await recreatedOnce(set, untouched, "exited 137");
    });

    test("a pod is evicted", async () => {
      const set = await bench().start("evicted", { replicas: 2, roles: PAIR });
      const untouched = await set.pods(0);
      await set.annotatePod(set.podName(1, "prefill"), { "fail-message": "low on memory", fail: "Evicted" });
      // Its StatefulSet deletes a failed pod within milliseconds; what it said last is told all the same.
      await recreatedOnce(set, untouched, "prefill-0: Evicted: low on memory");
    });

    test("all of its pods fail in one moment, each in its own way", async () => {
      const roles = PAIR.map((role) => ({ ...role, replicas: 2 }));
      const set = await bench().start("burst", { replicas: 2, roles });
      const untouched = await set.pods(0);
      await Promise.all([
        bench().kube.delete("pods", set.podName(1, "prefill", 0)),
        bench().kube.delete("pods", set.podName(1, "decode", 1), { isForced: true }),
        set.annotatePod(set.podName(1, "prefill", 1), { crash: "1" }),
        set.annotatePod(set.podName(1, "decode", 0), { fail: "Evicted" }),
      ]);
      await recreatedOnce(set, untouched, "");
    });

    test("its RoleBasedGroup is deleted by hand; its roles end in reverse order", async () => {
      const annotations = { "sandbox.openpatio.io/stop-delay": "3s" };
      const roles = PAIR.map((role) => (role.role === "prefill" ? { ...role, annotations } : role));
      const set = await bench().start("orphaned", { replicas: 2, roles });
      const untouched = await set.pods(0);
      const [owner] = (await set.objects("rolebasedgroups.openpatio.io")).filter(
        ({ metadata }) => metadata.name === "orphaned-1",
      );
      await bench().kube.delete("rolebasedgroups.openpatio.io", "orphaned-1");
      await bench().server.until(
        "its last role to end first",
        () => set.pods(1),
        (pods) => !pods.some(({ metadata }) => metadata.labels?.[LABEL.role] === "decode"),
      );
      const first = (await set.pods(1)).filter(({ metadata }) => metadata.labels?.[LABEL.incarnation] === "1");
      expect(first.map(({ metadata }) => metadata.name)).toEqual(["orphaned-1-prefill-0"]);
      await recreatedOnce(set, untouched, "The RoleBasedGroup was deleted");
      const owners = await set.objects("rolebasedgroups.openpatio.io");
      expect(owners).toHaveLength(2);
      expect(uidsOf(owners)).not.toContain(owner?.metadata.uid);
    });

    test("a StatefulSet of it is deleted by hand", async () => {
      const set = await bench().start("bare", { replicas: 2, roles: PAIR });
      const untouched = await set.pods(0);
      await bench().kube.delete("statefulsets.apps", "bare-1-decode");
      await recreatedOnce(set, untouched, "The StatefulSet of decode was deleted");
    });
  });

  describe.concurrent("a group is not recreated when", () => {
    test("a container restarts before its pod was first ready", async () => {
      const set = bench().watch("tries");
      const [prefill, decode] = PAIR;
      await set.apply({
        replicas: 1,
        roles: [
          { role: "prefill", ...prefill, annotations: { "sandbox.openpatio.io/ready": "false" } },
          decode ?? { role: "decode" },
        ],
      });
      const pod = set.podName(0, "prefill");
      await bench().server.until(
        "the pod to run",
        async () => (await bench().kube.get("pods", pod))?.["status"] as { phase?: string } | undefined,
        (status) => status?.phase === "Running",
      );
      for (const count of [1, 2]) {
        await set.annotatePod(pod, { crash: "1" });
        await restarts(set, pod, count);
      }
      await set.annotatePod(pod, { ready: null });
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
      expect(await set.timeline("group.failed")).toEqual([]);
      // From Ready on, the same is a failure.
      await set.annotatePod(pod, { crash: "1" });
      await set.reaches(0, 2);
    });

    test("a pod of a role fails whose failures are to be ignored", async () => {
      const [prefill, decode] = PAIR;
      const set = await bench().start("ignored", {
        replicas: 1,
        roles: [
          { role: "prefill", ...prefill },
          { role: "decode", ...decode, onPodFailure: "Ignore" },
        ],
      });
      const before = await set.pods(0);
      await bench().kube.delete("pods", set.podName(0, "decode"));
      await bench().server.until(
        "a new decode pod",
        () => set.pods(0, "decode"),
        (pods) => pods.length === 1 && !uidsOf(before).includes(pods[0]?.metadata.uid ?? ""),
      );
      await set.settled();
      expect(await set.incarnations()).toEqual([1]);
      expect(uidsOf(before)).toEqual(expect.arrayContaining([...uidsOf(await set.pods(0, "prefill"))]));
    });

    test.each([
      ["a ConfigMap", "configmaps", "config", "mended-config-0-config"],
      ["a Service", "services", "svc", "s-mended-svc-0-prefill"],
    ])("%s of it is deleted by hand: that is put back", async (_, resource, suffix, object) => {
      const set = await bench().start(`mended-${suffix}`, { replicas: 1, roles: PAIR });
      const before = await set.pods();
      const lost = await bench().kube.get(resource, object);
      await bench().kube.delete(resource, object);
      const back = await bench().server.until(
        `${object} to be back`,
        () => bench().kube.get(resource, object),
        (found) => found !== null && found.metadata.uid !== lost?.metadata.uid,
      );
      expect(back?.["data"]).toEqual(lost?.["data"]);
      expect(back?.metadata.labels).toEqual(lost?.metadata.labels);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    });
  });

  test("a start that needs two attempts backs off, and a person can end the waiting", async () => {
    const set = await bench().start("backs-off", {
      replicas: 1,
      roles: PAIR,
      recovery: { backoff: { baseSeconds: 600, maxSeconds: 600, stableAfterSeconds: 600 } },
    });
    await bench().kube.delete("pods", set.podName(0, "prefill"));
    await set.reaches(0, 2);
    await set.settled();
    await bench().kube.delete("pods", set.podName(0, "prefill"));
    await set.until("the backoff", ({ groups }) => groups[0]?.phase === "Recovering" && groups[0].untilMs !== null);
    expect(
      await bench().server.until(
        "the teardown",
        () => set.pods(),
        (pods) => pods.length === 0,
      ),
    ).toEqual([]);
    await set.call("sets.retryNow", { group: 0 });
    await set.reaches(0, 3);
    await set.settled();
  });
});
