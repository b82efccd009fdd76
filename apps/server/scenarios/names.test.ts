import { describe, expect, test } from "vitest";
import { RefusedCall } from "../src/testing/index.ts";
import { manifest, PAIR, type SetSketch, type SetUnderTest } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

/** Characters of a StatefulSet's name; the API server itself would take more and then make no pods. */
const LONGEST = 52;

async function refused(call: Promise<unknown>): Promise<RefusedCall> {
  const outcome = await call.then(
    () => "it was accepted",
    (error: unknown) => error,
  );
  if (outcome instanceof RefusedCall) return outcome;
  throw new Error(`expected a refusal: ${String(outcome)}`);
}

describeOnTargets("names", (bench) => {
  async function refusedAndNothingMade(set: SetUnderTest, sketch: SetSketch): Promise<RefusedCall> {
    const refusal = await refused(set.apply(sketch));
    expect(refusal.status).toBe(400);
    expect((await refused(set.get())).status).toBe(404);
    expect(await set.objects("rolebasedgroups.openpatio.io")).toEqual([]);
    return refusal;
  }

  describe.concurrent("at the limit", () => {
    test("of a StatefulSet run on the cluster; one character more is refused with the name and its length", async () => {
      const name = "n".repeat(LONGEST - "-0-prefill".length);
      const set = await bench().start(name, { replicas: 1, roles: PAIR });
      expect(set.podName(0, "prefill")).toHaveLength(LONGEST + "-0".length);
      const longer = bench().watch(`${name}n`);
      const { data } = await refusedAndNothingMade(longer, { replicas: 1, roles: PAIR });
      expect(data.problems).toEqual([
        expect.objectContaining({
          path: "spec.groupTemplate.roles[0].role",
          code: "name-too-long",
          message: expect.stringContaining(`${name}n-0-prefill would have 53 characters`),
        }),
      ]);
    });

    test("the largest index counts: scaling to a name that is too long is refused, and the set goes on", async () => {
      const name = "m".repeat(LONGEST - "-9-prefill".length);
      const set = await bench().start(name, { replicas: 1, roles: PAIR });
      const { status, data } = await refused(set.scale(11));
      expect(status).toBe(400);
      expect(data.problems[0]?.message).toContain(`${name}-10-prefill`);
      await set.settled();
    });
  });

  describe.concurrent("that could be mistaken for each other", () => {
    test.each([
      ["a-b", "c", "a", "b-c"],
      ["x", "0-y", "x-0", "y"],
    ])("set %s with role %s, then set %s with role %s: the second one is refused", async (set, role, other, rival) => {
      const first = await bench().start(set, { replicas: 1, roles: [{ role }] });
      const second = bench().watch(other);
      const { data } = await refusedAndNothingMade(second, { replicas: 1, roles: [{ role: rival }] });
      expect(data.problems).toEqual([expect.objectContaining({ code: "name-collision" })]);
      await first.settled();
    });
  });

  test("of somebody else's objects are never taken over", async () => {
    const set = bench().watch("taken");
    const stranger = await bench().kube.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "taken-0-config", namespace: bench().namespace },
      data: { mine: "yes" },
    });
    await set.apply({ replicas: 1, roles: PAIR });
    await set.until("the conflict to be told", ({ groups }) => groups[0]?.message?.includes("taken-0-config") ?? false);
    const there = await bench().kube.get("configmaps", "taken-0-config");
    expect(there?.metadata.uid).toBe(stranger.metadata.uid);
    expect(there?.["data"]).toEqual({ mine: "yes" });
    await bench().kube.delete("configmaps", "taken-0-config");
    await set.settled();
    expect(await set.timeline("object.conflict")).toHaveLength(1);
  });

  test("all problems of a definition are told at once, each with its path", async () => {
    const set = bench().watch("several");
    const yaml = manifest(bench().namespace, "several", {
      replicas: -1,
      roles: [
        { role: "prefill", dependencies: ["decode"] },
        { role: "decode", dependencies: ["prefill"] },
        { role: "Bad_Name" },
      ],
    });
    const { data } = await refused(set.applyText(yaml));
    expect(data.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["spec.replicas", "spec.groupTemplate.roles[2].role"]),
    );
    expect(data.problems.length).toBeGreaterThanOrEqual(2);
  });
});
