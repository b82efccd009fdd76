import { ANNOTATION, fields, LABEL } from "@openpatio/core/model";
import { describe, expect, test } from "vitest";
import { PAIR, type SetUnderTest, uidsOf } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("what others change", (bench) => {
  const says = async (name: string) => (await bench().kube.get("configmaps", name))?.["data"] as Record<string, string>;
  const change = (name: string) => bench().kube.patch("configmaps", name, { data: { "config.yaml": "theirs" } });
  const back = (name: string) =>
    bench().server.until(
      `${name} to be put back`,
      () => says(name),
      (data) => data["config.yaml"] !== "theirs",
    );
  const fightOf = async (set: SetUnderTest) =>
    (await set.get()).detail.conditions.find(({ type }) => type === "FieldFight");

  describe.concurrent("of what is ours", () => {
    test("is put back twice, then left to them with a condition, until a person takes it back", async () => {
      const set = await bench().start("fought", { replicas: 1, roles: PAIR });
      const name = "fought-0-config";
      for (let i = 0; i < 2; i++) {
        await change(name);
        await back(name);
      }
      await change(name);
      const fight = await bench().server.until(
        "the fight to be told",
        () => fightOf(set),
        (condition) => condition?.status === "True",
      );
      expect(fight?.message).toContain(`keeps changing data of ConfigMap ${name}`);
      await bench().server.until(
        "the group to say so, in the console and on its object",
        async () => {
          const owner = await bench().kube.get("rolebasedgroups.openpatio.io", "fought-0");
          return [(await set.get()).groups[0]?.message, fields(owner?.["status"])["message"]];
        },
        (words) => words.every((message) => message === fight?.message),
      );
      expect((await says(name))["config.yaml"]).toBe("theirs");
      expect(await set.timeline("object.restored")).toHaveLength(2);
      await set.call("sets.retakeFields");
      await back(name);
      await bench().server.until(
        "the fight to be over",
        () => fightOf(set),
        (condition) => condition?.status === "False",
      );
      await set.settled();
    });

    test("labels that were taken away are put back, and no pod is touched", async () => {
      const set = await bench().start("stripped", { replicas: 1, roles: PAIR });
      const before = await set.pods();
      const objects = [
        ["configmaps", "stripped-0-env"],
        ["services", "s-stripped-0-decode"],
      ] as const;
      for (const [resource, name] of objects)
        await bench().kube.patch(resource, name, { metadata: { labels: { [LABEL.set]: null } } });
      for (const [resource, name] of objects)
        await bench().server.until(
          `the labels of ${name}`,
          () => bench().kube.get(resource, name),
          (found) => found?.metadata.labels?.[LABEL.set] === "stripped",
        );
      await set.settled();
      expect(uidsOf(await set.pods())).toEqual(uidsOf(before));
    });

    test("a stranger under a name of ours is left alone, whatever labels it has", async () => {
      const set = bench().watch("alien");
      const stranger = await bench().kube.create("configmaps", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "alien-0-env", namespace: bench().namespace, annotations: { [ANNOTATION.contentHash]: "x" } },
        data: { mine: "yes" },
      });
      await set.apply({ replicas: 1, roles: PAIR });
      const { groups } = await set.until(
        "the conflict",
        (answer) => answer.groups[0]?.message?.includes("alien-0-env") === true,
      );
      expect(groups[0]?.message).toContain("is not part of this set");
      const after = await bench().kube.get("configmaps", "alien-0-env");
      expect(after?.metadata.resourceVersion).toBe(stranger.metadata.resourceVersion);
      await bench().kube.delete("configmaps", "alien-0-env");
      await set.settled();
    });
  });
});
