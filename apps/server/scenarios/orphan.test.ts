import { expect, test } from "vitest";
import { PAIR, uidsOf } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

describeOnTargets("leaving what runs", (bench) => {
  test("a set that is deleted with deletion.orphan leaves its pods running, without our labels and owner, and another set of the name never touches them", async () => {
    const sketch = { replicas: 1, roles: PAIR, entry: { role: "decode", port: "http" }, deletion: { orphan: true } };
    const set = await bench().start("left", sketch);
    const before = uidsOf(await set.pods());
    await set.call("sets.delete");
    await bench().server.until(
      "the set to be forgotten",
      () => bench().server.call<readonly { name: string }[]>("sets.list"),
      (rows) => !rows.some(({ name }) => name === "left"),
    );
    expect(uidsOf(await set.pods())).toEqual(before);
    expect(await bench().kube.get("rolebasedgroups.openpatio.io", "left-0")).toBeNull();
    const names = ["left-0-prefill", "left-0-decode"].map((name) => ["statefulsets.apps", name] as const);
    const others = [
      ["configmaps", "left-0-config"],
      ["configmaps", "left-0-env"],
      ["services", "s-left-0-decode"],
      ["services", "left"],
    ] as const;
    for (const [resource, name] of [...names, ...others]) {
      const object = await bench().kube.get(resource, name);
      expect(object?.metadata.name).toBe(name);
      expect(object?.metadata.ownerReferences ?? []).toEqual([]);
      const keys = Object.keys({ ...object?.metadata.labels, ...object?.metadata.annotations });
      expect(keys.filter((key) => key.includes("openpatio.io"))).toEqual([]);
    }

    const later = bench().watch("left");
    await expect(later.apply(sketch)).rejects.toThrow("left-0-prefill exists in cluster");
    expect(uidsOf(await set.pods())).toEqual(before);
  });
});
