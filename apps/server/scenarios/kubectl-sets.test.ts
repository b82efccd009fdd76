import { setTimeout as sleep } from "node:timers/promises";
import { fields, type KubeObject } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { applyThere, conditionOf, objectOf, SETS, specOf, untilThere } from "./kubectl.ts";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const FINALIZER = "openpatio.io/ordered-teardown";

const isShown = (object: KubeObject | null): boolean =>
  fields(object?.["status"])["phase"] === "Ready" &&
  fields(object?.["status"])["observedGeneration"] === object?.metadata.generation;

describeOnTargets("sets applied with kubectl", (bench) => {
  describe.concurrent("adoption", () => {
    test("a set that was applied to the cluster runs, is shown in both places, and is held for its teardown", async () => {
      const set = await applyThere(bench(), "adopted", { replicas: 2, roles: PAIR });
      const answer = await set.settled();
      expect(answer).toMatchObject({ home: bench().cluster, detail: { home: bench().cluster, readOnlyReason: null } });
      const object = await untilThere(bench(), "adopted", "its status", isShown);
      expect(object?.metadata.finalizers).toContain(FINALIZER);
      expect(object?.["status"]).toMatchObject({
        phase: "Ready",
        replicas: 2,
        readyGroups: 2,
        updatedGroups: 2,
        unplacedGroups: 0,
        currentRevision: 1,
        groups: [
          { index: 0, phase: "Ready", cluster: bench().cluster, incarnation: 1 },
          { index: 1, phase: "Ready", cluster: bench().cluster, incarnation: 1 },
        ],
      });
      for (const type of ["Accepted", "Placed", "Progressing", "Available"])
        expect(conditionOf(object, type)).toMatchObject({ status: "True", observedGeneration: 1 });
      expect(conditionOf(object, "Recovering")).toMatchObject({ status: "False" });
      expect((await set.timeline("set.created")).map(({ home }) => home)).toEqual([bench().cluster]);
    });

    test("replicas that are left out are written once, and an update without them keeps the present value", async () => {
      const set = await applyThere(bench(), "counted", { roles: PAIR });
      await set.settled();
      expect(fields((await bench().kube.get(SETS, "counted"))?.["spec"])["replicas"]).toBe(1);
      await bench().kube.patch(SETS, "counted", { spec: { replicas: 2 } });
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await bench().kube.patch(SETS, "counted", {
        spec: { ...specOf(bench(), "counted", { roles: withImage(PAIR, "engine:2") }).spec, replicas: null },
      });
      await set.until("the next revision", ({ detail }) => detail.rollout.target === 2);
      expect((await set.settled()).groups).toHaveLength(2);
      const object = await untilThere(
        bench(),
        "counted",
        "its replicas",
        (now) => fields(now?.["spec"])["replicas"] === 2,
      );
      expect(object?.metadata.generation).toBe(5);
    });

    test("an edit there rolls out here, and scaling there restarts nothing", async () => {
      const set = await applyThere(bench(), "edited", { replicas: 1, roles: PAIR });
      await set.settled();
      const before = await set.pods();
      await bench().kube.patch(SETS, "edited", { spec: { replicas: 2 } });
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
      await bench().kube.patch(
        SETS,
        "edited",
        specOf(bench(), "edited", { replicas: 2, roles: withImage(PAIR, "engine:2") }),
      );
      await set.reaches(1, 2);
      const { groups } = await set.settled();
      expect(groups.map(({ revision }) => revision)).toEqual([2, 2]);
    });

    test("a definition that can't be taken is answered with all that is wrong, and the last accepted one goes on", async () => {
      const set = await applyThere(bench(), "refused", { replicas: 1, roles: PAIR });
      await set.settled();
      const before = await set.pods();
      const cycle = [
        { role: "prefill", dependencies: ["decode"] },
        { role: "decode", dependencies: ["prefill"] },
      ];
      await bench().kube.patch(
        SETS,
        "refused",
        specOf(bench(), "refused", {
          replicas: 3,
          roles: cycle,
          recovery: { policy: "RecreateGroup" },
          placement: { clusters: { names: ["elsewhere"] } },
        }),
      );
      const object = await untilThere(
        bench(),
        "refused",
        "the refusal",
        (now) => conditionOf(now, "Accepted")?.["status"] === "False",
      );
      expect(conditionOf(object, "Accepted")).toMatchObject({ reason: "Invalid", observedGeneration: 2 });
      expect(conditionOf(object, "Accepted")?.["message"]).toMatch(/cycle|decode → prefill|prefill → decode/);
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
      expect(await set.timeline("set.refused")).toHaveLength(1);
      await bench().kube.patch(
        SETS,
        "refused",
        specOf(bench(), "refused", { replicas: 2, roles: PAIR, placement: null, recovery: null }),
      );
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      await untilThere(bench(), "refused", "acceptance", (now) => conditionOf(now, "Accepted")?.["status"] === "True");
    });

    test("one that was never right is no set, and says so itself", async () => {
      const roles = [
        { role: "prefill", dependencies: ["decode"] },
        { role: "decode", dependencies: ["prefill"] },
      ];
      await bench().kube.create(SETS, objectOf(bench(), "never", { roles }));
      const object = await untilThere(
        bench(),
        "never",
        "the refusal",
        (now) => conditionOf(now, "Accepted") !== undefined,
      );
      expect(conditionOf(object, "Accepted")).toMatchObject({ status: "False", reason: "Invalid" });
      expect(object?.metadata.finalizers ?? []).toEqual([]);
      await bench().kube.delete(SETS, "never");
      await untilThere(bench(), "never", "its end", (now) => now === null);
    });

    test("a RoleBasedGroup that was made by hand is told that it starts nothing", async () => {
      await bench().kube.create("rolebasedgroups.openpatio.io", {
        apiVersion: "openpatio.io/v1alpha1",
        kind: "RoleBasedGroup",
        metadata: { name: "by-hand", namespace: bench().namespace },
        spec: { set: "nobody", index: 0, incarnation: 1 },
      });
      const object = await bench().server.until(
        "the answer",
        () => bench().kube.get("rolebasedgroups.openpatio.io", "by-hand"),
        (now) => conditionOf(now, "Accepted") !== undefined,
      );
      expect(conditionOf(object, "Accepted")).toMatchObject({ status: "False", reason: "NoSet" });
    });
  });

  describe.concurrent("the end", () => {
    test("deleting it there stops its groups in order, and only then it is gone", async () => {
      const roles = PAIR.map((role) => ({ ...role, annotations: { "sandbox.openpatio.io/stop-delay": "1s" } }));
      const set = await applyThere(bench(), "ending", { replicas: 2, roles });
      await set.settled();
      await bench().kube.delete(SETS, "ending");
      await set.until("the deletion", ({ detail }) => detail.isDeleting);
      expect((await bench().kube.get(SETS, "ending"))?.metadata.deletionTimestamp).toBeDefined();
      await untilThere(bench(), "ending", "its end", (now) => now === null);
      expect(await set.pods()).toEqual([]);
      await set.gone();
    });

    test("made again under its name it is another set, with groups of its own", async () => {
      const set = await applyThere(bench(), "again", { replicas: 1, roles: PAIR });
      const first = await set.settled();
      const before = await set.pods();
      await bench().kube.patch(SETS, "again", { metadata: { finalizers: null } });
      await bench().kube.delete(SETS, "again");
      await bench().server.until(
        "its name to be free",
        () => bench().kube.get(SETS, "again"),
        (now) => now === null,
      );
      await bench().kube.create(SETS, objectOf(bench(), "again", { replicas: 1, roles: PAIR }));
      await bench().server.until(
        "the new set",
        () => set.get().catch(() => null), // in between there is none of that name
        (answer) => answer !== null && answer.detail.id !== first.detail.id && !answer.detail.isDeleting,
      );
      await set.settled();
      for (const uid of uidsOf(await set.pods())) expect(uidsOf(before)).not.toContain(uid);
    });
  });

  test("what the timeline says is told as events on the set and on its groups, each once", async () => {
    const set = await applyThere(bench(), "told", { replicas: 1, roles: PAIR });
    await set.settled();
    await bench().kube.delete("pods", set.podName(0, "decode"));
    await set.reaches(0, 2);
    await set.settled();
    const failed = (await set.timeline("group.failed"))[0];
    const about = async (kind: string, name: string) =>
      (await bench().kube.list("events")).filter(({ involvedObject }) => {
        const { kind: ofKind, name: ofName } = fields(involvedObject);
        return ofKind === kind && ofName === name;
      });
    const told = await bench().server.until(
      "its events",
      async () => ({ set: await about("RoleBasedGroupSet", "told"), group: await about("RoleBasedGroup", "told-0") }),
      ({ set: ofSet, group }) =>
        [ofSet, group].every((events) => events.some(({ reason }) => reason === "GroupFailed")) && ofSet.length > 5,
    );
    for (const events of [told.set, told.group]) {
      const [failure, ...more] = events.filter(({ reason }) => reason === "GroupFailed");
      expect(more).toEqual([]);
      expect(failure).toMatchObject({ type: "Warning", count: 1, source: { component: "openpatio" } });
      expect(failure?.["message"]).toBe(`${failed?.decision}: ${failed?.cause}`);
    }
    expect(told.set.filter(({ reason }) => reason === "SetCreated")).toHaveLength(1);
  });

  test("what was applied, changed and deleted while the server was down is caught up with", async () => {
    const kept = await applyThere(bench(), "kept", { replicas: 1, roles: PAIR });
    const doomed = await applyThere(bench(), "doomed", { replicas: 1, roles: PAIR });
    await kept.settled();
    await doomed.settled();
    const pods = await kept.pods();
    const late = bench().watch("late");
    late.expect({ replicas: 1, roles: PAIR });
    await bench().server.restart(async () => {
      await bench().kube.patch(SETS, "kept", { spec: { replicas: 2 } });
      await bench().kube.delete(SETS, "doomed");
      await bench().kube.create(SETS, objectOf(bench(), "late", { replicas: 1, roles: PAIR }));
    });
    await kept.until("two groups", ({ groups }) => groups.length === 2);
    await kept.settled();
    expect(uidsOf(await kept.pods())).toEqual(expect.arrayContaining([...uidsOf(pods)]));
    await doomed.gone();
    await untilThere(bench(), "doomed", "its end", (now) => now === null);
    await late.known();
    await late.settled();
  });

  test("a settled set is not written to", async () => {
    const set = await applyThere(bench(), "silent", { replicas: 1, roles: PAIR });
    await set.settled();
    const object = await untilThere(bench(), "silent", "its status", isShown);
    const { resourceVersion } = (await bench().kube.get(SETS, "silent"))?.metadata ?? {};
    await sleep(5_000);
    expect((await bench().kube.get(SETS, "silent"))?.metadata.resourceVersion).toBe(resourceVersion);
    expect(object).not.toBeNull();
  });
});
