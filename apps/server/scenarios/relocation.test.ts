import { LABEL } from "@openpatio/core/model";
import type { ClusterRow, MoveView } from "@openpatio/core/view";
import { expect, test } from "vitest";
import { describeOnPairs, type Side, SpanningSet } from "./pair.ts";
import { PAIR, uidsOf } from "./set-under-test.ts";

describeOnPairs("a group that changes its cluster", (pair) => {
  const start = async (name: string, fields: Readonly<Record<string, unknown>> = {}) => {
    const set = new SpanningSet(pair(), name);
    await set.apply({ replicas: 1, roles: PAIR, ...fields });
    await set.ready();
    const [at] = await set.places();
    const sides: readonly [Side, Side] = at === pair().a.name ? [pair().a, pair().b] : [pair().b, pair().a];
    return { set, from: sides[0], to: sides[1] };
  };
  const healthIs = (side: Side, isLive: boolean) =>
    pair().server.until(
      `${side.name} to be ${isLive ? "live" : "lost"}`,
      async () => {
        const rows = await pair().server.call<readonly ClusterRow[]>("clusters.list");
        return rows.find(({ name }) => name === side.name)?.health;
      },
      (health) => (isLive ? health === "live" : health === "unreachable"),
    );
  const incarnationsOn = async (set: SpanningSet, side: Side) =>
    [...new Set((await set.pods(side)).map(({ metadata }) => metadata.labels?.[LABEL.incarnation]))].join();
  /** Pods of the set made from now on take so long to become ready. */
  const slow = (delay: string) =>
    PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/ready-delay": delay } }));

  test("is started there first, as the preview says, and stopped here when that is ready; once", async () => {
    const { set, from, to } = await start("mover");
    const before = uidsOf(await set.pods(from));
    const preview = await set.call<MoveView>("sets.previewMove", { group: 0, cluster: to.name });
    expect(preview).toMatchObject({ canMove: true, isCopiedFirst: true, to: { cluster: to.name } });
    const move = () => set.call<MoveView>("sets.move", { group: 0, cluster: to.name, ifIncarnation: 1 });
    const answers = await Promise.allSettled([move(), move()]);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    let ready = 0;
    await pair().server.until(
      "the old copy to be stopped",
      async () => {
        const old = await set.pods(from);
        const { groups } = await set.get();
        if (groups[0]?.phase === "Ready" && groups[0].incarnation === 2) ready += 1;
        // As long as the new copy was never seen ready, every pod of the old one is there.
        if (ready === 0) expect(uidsOf(old)).toEqual(before);
        return old;
      },
      (old) => old.length === 0,
    );
    await set.goneFrom(from, 0);
    await set.ready();
    expect(await incarnationsOn(set, to)).toBe("2");
    const { groups } = await set.until("the move to end", (answer) => answer.groups[0]?.placementNotes.length === 0);
    expect(groups[0]).toMatchObject({ cluster: to.name, incarnation: 2 });
    expect(await set.timeline("group.failed")).toEqual([]);
    await set.end();
  });

  test("is not held by a machine that is lost while the old copy ends there, for longer than forceDeleteAfterSeconds", async () => {
    const roles = PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "8s" } }));
    const recovery = { forceDeleteAfterSeconds: 3 };
    const { set, from, to } = await start("hanging", { roles, startupPolicy: "Parallel", recovery });
    await set.call("sets.move", { group: 0, cluster: to.name });
    const ending = await pair().server.until(
      "the old copy to end",
      () => set.pods(from),
      (pods) => pods.length === 2 && pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    const nodes = [...new Set(ending.map(({ spec }) => (spec as { nodeName: string }).nodeName))];
    const setKubelets = (state: "stopped" | "running") =>
      Promise.all(
        nodes.map((node) =>
          from.kube.patch("nodes", node, { metadata: { labels: { "sandbox.openpatio.io/kubelet": state } } }),
        ),
      );
    await setKubelets("stopped");
    try {
      await set.goneFrom(from, 0);
    } finally {
      await setKubelets("running");
    }
    const told = await set.timeline("pod.deleted");
    expect(told).toHaveLength(2);
    for (const { incarnation, cause } of told)
      expect([incarnation, cause]).toEqual([1, expect.stringContaining("which is silent for 3 s")]);
    await set.ready();
    expect(await set.timeline("group.failed")).toEqual([]);
    await set.end();
  });

  test("comes to the same end when the server is stopped in the middle of the move", async () => {
    const { set, from, to } = await start("restarted", { roles: slow("1500ms") });
    await set.call("sets.move", { group: 0 });
    await pair().server.until(
      "the new copy to start",
      () => set.pods(to),
      (pods) => pods.length > 0,
    );
    await pair().server.restart();
    await set.until("the move to end", ({ groups }) => groups[0]?.phase === "Ready" && groups[0].incarnation === 2);
    await set.goneFrom(from, 0);
    expect(await incarnationsOn(set, to)).toBe("2");
    await set.end();
  });

  test("stays where it is when its new copy does not become ready in time, and says so", async () => {
    const { set, from, to } = await start("stayer", { rollout: { progressDeadlineSeconds: 4 } });
    const before = uidsOf(await set.pods(from));
    await set.call("sets.move", { group: 0 });
    const [pod] = await pair().server.until(
      "its first pod",
      () => set.pods(to),
      (pods) => pods.length > 0,
    );
    await to.kube.patch("pods", pod?.metadata.name ?? "", {
      metadata: { annotations: { "sandbox.openpatio.io/ready": "false" } },
    });
    await set.until(
      "the move to be undone",
      ({ groups }) => groups[0]?.incarnation === 1 && groups[0].phase === "Ready",
    );
    await set.goneFrom(to, 0);
    expect(uidsOf(await set.pods(from))).toEqual(before);
    expect((await set.timeline("group.returned"))[0]?.cause).toContain(`did not become ready within`);
    await set.end();
  });

  test("is started elsewhere when its cluster is lost for long enough, over a restart of the server, and what is there is removed later", async () => {
    const { set, from, to } = await start("survivor", { placement: { failover: { afterSeconds: 6 } } });
    from.cut(true);
    try {
      await healthIs(from, false);
      const waiting = await set.until("the countdown", ({ groups }) => (groups[0]?.untilMs ?? null) !== null);
      expect(waiting.groups[0]).toMatchObject({ phase: "Unknown" });
      expect(waiting.groups[0]?.message).toContain("When that has lasted 6 s, the group is started elsewhere.");
      expect(await set.pods(to)).toEqual([]);
      await pair().server.restart();
      await set.until(
        "it to be ready elsewhere",
        ({ groups }) => groups[0]?.phase === "Ready" && groups[0].cluster === to.name,
      );
      expect(await incarnationsOn(set, from)).toBe("1");
      expect((await set.get()).groups[0]?.message).toBe(
        `${from.name} does not answer; incarnation 1 on ${from.name} may still run, and is removed when ${from.name} answers.`,
      );
    } finally {
      from.cut(false);
    }
    await healthIs(from, true);
    await set.goneFrom(from, 0);
    await set.ready();
    expect(await incarnationsOn(set, to)).toBe("2");
    await set.end();
  });

  test("is what it was when its cluster answers before the replacement is ready", async () => {
    const { set, from, to } = await start("returner", {
      roles: slow("6s"),
      placement: { failover: { afterSeconds: 1 } },
    });
    const before = uidsOf(await set.pods(from));
    from.cut(true);
    try {
      await healthIs(from, false);
      await pair().server.until(
        "the replacement to start",
        () => set.pods(to),
        (pods) => pods.length > 0,
      );
    } finally {
      from.cut(false);
    }
    await set.until(
      "the move to be undone",
      ({ groups }) => groups[0]?.incarnation === 1 && groups[0].phase === "Ready",
    );
    await set.goneFrom(to, 0);
    expect(uidsOf(await set.pods(from))).toEqual(before);
    expect(await set.timeline("group.failed")).toEqual([]);
    await set.end();
  });

  test("is not moved off a lost cluster without failover", async () => {
    const { set, from, to } = await start("waiter");
    from.cut(true);
    try {
      await healthIs(from, false);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect((await set.get()).groups[0]).toMatchObject({
        phase: "Unknown",
        message: `${from.name} does not answer; nothing there is touched.`,
        untilMs: null,
      });
      expect(await set.pods(to)).toEqual([]);
    } finally {
      from.cut(false);
    }
    await set.ready();
    await set.end();
  });
});
