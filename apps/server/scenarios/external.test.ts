import { expect, test } from "vitest";
import { PAIR, type RoleSketch, uidsOf, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const [prefill = { role: "prefill" }, decode = { role: "decode" }] = PAIR;
const ROLES: readonly RoleSketch[] = [prefill, { ...decode, replicas: 2, scaling: { external: true } }];

describeOnTargets("a role of an outside autoscaler", (bench) => {
  const scale = (name: string, replicas: number) =>
    bench().kube.patch("statefulsets.apps", name, { spec: { replicas } });

  test("is read and not written: scaled out, in, and while its set rolls out, nothing is put back and nothing has failed", async () => {
    const set = await bench().start("auto", { replicas: 1, roles: ROLES });
    set.history.expect({ replicas: { prefill: 1, decode: 4 }, dependencies: { prefill: [], decode: ["prefill"] } });
    const before = uidsOf(await set.pods());
    await scale("auto-0-decode", 4);
    const readyDecode = (count: number) =>
      set.until(`${count} decode pods`, ({ groups }) =>
        groups.every(
          ({ phase, roles }) => phase === "Ready" && roles.find(({ role }) => role === "decode")?.ready === count,
        ),
      );
    await readyDecode(4);
    expect(uidsOf(await set.pods())).toEqual(expect.arrayContaining([...before]));
    await scale("auto-0-decode", 1);
    await readyDecode(1);
    await scale("auto-0-decode", 3);
    await readyDecode(3);
    await expect(set.scale(2, "decode")).rejects.toThrow("outside autoscaler");

    await set.apply({ replicas: 1, roles: withImage(ROLES, "engine:2") });
    await set.reaches(0, 2);
    await readyDecode(3);
    const config = await bench().kube.get("configmaps", "auto-0-config");
    expect(JSON.stringify(config?.["data"])).toContain("auto-0-decode-2.");
    expect(await set.timeline("group.failed")).toEqual([]);
    expect(await set.timeline("object.restored")).toEqual([]);
    expect(await set.incarnations()).toEqual([2]);
    await set.end();
  });
});
