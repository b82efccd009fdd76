import { fields } from "@openpatio/core/model";
import { editYaml } from "@openpatio/core/spec";
import type { SetAnswer } from "@openpatio/core/view";
import { describe, expect, test } from "vitest";
import { applyThere, SETS, specOf, untilThere } from "./kubectl.ts";
import { PAIR, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const rolesOf = (spec: unknown) =>
  fields(fields(spec)["groupTemplate"])["roles"] as readonly {
    replicas?: number;
    template: { spec: { containers: { image: string }[] } };
  }[];
const imagesOf = (spec: unknown) => rolesOf(spec).map(({ template }) => template.spec.containers[0]?.image);
const IMAGE = ["spec", "groupTemplate", "roles", 0, "template", "spec", "containers", 0, "image"];

describeOnTargets("the console on sets applied with kubectl", (bench) => {
  const specThere = async (name: string) => (await bench().kube.get(SETS, name))?.["spec"];

  describe.concurrent("edits", () => {
    test("scaling writes to the cluster, groups and roles, and the answer has it", async () => {
      const set = await applyThere(bench(), "scaled", { replicas: 1, roles: PAIR });
      await set.settled();
      const before = await set.pods();
      await set.scale(2);
      expect((await set.get()).detail.replicas).toBe(2);
      expect(fields(await specThere("scaled"))["replicas"]).toBe(2);
      await set.scale(2, "decode");
      expect(rolesOf(await specThere("scaled")).map(({ replicas }) => replicas)).toEqual([undefined, 2]);
      await set.until("two groups", ({ groups }) => groups.length === 2);
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...uidsOf(before)]));
      expect((await set.timeline("scaled")).map(({ actor }) => actor)).toEqual(["operator", "operator"]);
    });

    test("an edited definition is written there; over a newer one it is a conflict that names both", async () => {
      const set = await applyThere(bench(), "edits", { replicas: 1, roles: PAIR }, { labels: { team: "a" } });
      const { yaml, generation } = await set.settled();
      const edited = editYaml(yaml, [{ path: IMAGE, value: "engine:2" }]);
      await set.applyText(edited);
      expect(imagesOf(await specThere("edits"))).toEqual(["engine:2", "engine:1"]);
      await set.reaches(0, 2);
      await set.settled();
      const object = await bench().kube.get(SETS, "edits");
      expect(object?.metadata).toMatchObject({ labels: { team: "a" }, finalizers: ["openpatio.io/ordered-teardown"] });
      const stale = { yaml: editYaml(yaml, [{ path: IMAGE, value: "engine:3" }]), ifGeneration: generation };
      await expect(bench().server.call("sets.apply", stale)).rejects.toMatchObject({
        data: { reason: "set.version-conflict" },
      });
      expect(imagesOf(await specThere("edits"))).toEqual(["engine:2", "engine:1"]);
    });

    test("a roll back is an edit of the definition there, and told as a roll back", async () => {
      const set = await applyThere(bench(), "back", { replicas: 1, roles: PAIR });
      await set.settled();
      await bench().kube.patch(SETS, "back", specOf(bench(), "back", { roles: withImage(PAIR, "engine:2") }));
      await set.reaches(0, 2);
      await set.settled();
      await set.call("rollouts.rollback", { revision: 1 });
      expect(imagesOf(await specThere("back"))).toEqual(["engine:1", "engine:1"]);
      await set.reaches(0, 3);
      await set.settled();
      expect(await set.timeline("rollout.rolled-back")).toHaveLength(1);
    });

    test("an abort is not written there, and lasts until the pods of the definition change", async () => {
      const set = await applyThere(bench(), "abort", { replicas: 2, roles: PAIR });
      await set.settled();
      const waits = { "sandbox.openpatio.io/waiting": "ImagePullBackOff" };
      const broken = PAIR.map((role) => ({ ...role, image: "engine:none", annotations: waits }));
      await bench().kube.patch(SETS, "abort", specOf(bench(), "abort", { replicas: 2, roles: broken }));
      await set.reaches(1, 2);
      await set.call("rollouts.abort");
      await set.settled();
      await bench().kube.patch(SETS, "abort", { spec: { replicas: 3 } });
      await set.until("three groups", ({ groups }) => groups.length === 3);
      const { detail } = await set.settled();
      expect(imagesOf(await specThere("abort"))).toEqual(["engine:none", "engine:none"]);
      expect(detail.roles.map(({ image }) => image)).toEqual(["engine:1", "engine:1"]);
      await bench().kube.patch(
        SETS,
        "abort",
        specOf(bench(), "abort", { replicas: 3, roles: withImage(PAIR, "engine:2") }),
      );
      await set.reaches(0, 2);
      await set.settled();
    });

    test("a deletion goes through the cluster, and is ordered", async () => {
      const set = await applyThere(bench(), "deleted", { replicas: 1, roles: PAIR });
      await set.settled();
      await set.call("sets.delete");
      expect((await bench().kube.get(SETS, "deleted"))?.metadata.deletionTimestamp).toBeDefined();
      await untilThere(bench(), "deleted", "its end", (now) => now === null);
      await set.gone();
    });

    test("what Argo CD manages is left alone, save for its counts", async () => {
      const argo = { labels: { "argocd.argoproj.io/instance": "serving" } };
      const set = await applyThere(bench(), "gitops", { replicas: 1, roles: PAIR }, argo);
      const { yaml, detail } = await set.settled();
      expect(detail.readOnlyReason).toMatch(/^Argo CD manages this set/);
      const refusal = { data: { reason: "set.read-only" } };
      await expect(set.applyText(editYaml(yaml, [{ path: IMAGE, value: "engine:2" }]))).rejects.toMatchObject(refusal);
      await expect(set.call("sets.delete")).rejects.toMatchObject(refusal);
      await set.scale(2);
      expect((await set.until("two groups", ({ groups }) => groups.length === 2)).detail.replicas).toBe(2);
      await set.settled();
    });
  });

  test("a set of the console of the same name is another one, and is told from it by its home", async () => {
    const set = await applyThere(bench(), "twin", { replicas: 0, roles: PAIR });
    await set.settled();
    const { namespace, cluster } = bench();
    const ofCluster = await bench().server.call<SetAnswer>("sets.get", { namespace, name: "twin", home: cluster });
    expect(ofCluster.home).toBe(cluster);
    await expect(bench().server.call("sets.get", { namespace, name: "twin", home: null })).rejects.toMatchObject({
      data: { reason: "set.not-found" },
    });
    await bench().server.call("sets.apply", { yaml: ofCluster.yaml, cluster, home: null });
    expect((await set.get()).home).toBeNull();
    expect(
      (await bench().server.call<SetAnswer>("sets.get", { namespace, name: "twin", home: cluster })).detail.id,
    ).toBe(ofCluster.detail.id);
    const ofConsole = await set.get();
    const edited = editYaml(ofCluster.yaml, [{ path: ["spec", "revisionHistoryLimit"], value: 5 }]);
    await bench().server.call("sets.apply", { yaml: edited, cluster, home: cluster });
    const after = await bench().server.call<SetAnswer>("sets.get", { namespace, name: "twin", home: cluster });
    expect(after.yaml).toContain("revisionHistoryLimit: 5");
    expect((await set.get()).generation).toBe(ofConsole.generation);
    await set.call("sets.delete", { home: null });
    await bench().server.until(
      "one of them",
      () => set.get(),
      ({ home }) => home === cluster,
    );
  });

  test("while the cluster does not answer an edit is refused with the reason, and nothing is stored", async () => {
    const set = await applyThere(bench(), "away", { replicas: 1, roles: PAIR });
    const before = await set.settled();
    bench().cut(true);
    try {
      await bench().server.until(
        "the loss",
        async () => bench().server.app.fleet.get(bench().cluster)?.port.info().health,
        (health) => health !== "live",
      );
      await expect(set.scale(3)).rejects.toMatchObject({ data: { reason: "cluster.unreachable" } });
      expect((await set.get()).generation).toBe(before.generation);
    } finally {
      bench().cut(false);
    }
    await set.settled();
    expect(fields(await specThere("away"))["replicas"]).toBe(1);
  });
});
