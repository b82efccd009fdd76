import { expect, test } from "vitest";
import { PAIR, withImage } from "./set-under-test.ts";
import { describeOnTargets } from "./targets.ts";

const entry = { role: "decode", port: "http" };

describeOnTargets("the entry for clients", (bench) => {
  test("one Service over the ready pods of a role in all groups keeps its address over a rollout, and goes with the set", async () => {
    const set = await bench().start("door", { replicas: 2, roles: PAIR, entry });
    const service = await bench().kube.get("services", "door");
    expect(service?.["spec"]).toMatchObject({
      selector: { "openpatio.io/set": "door", "openpatio.io/role": "decode" },
      ports: [{ name: "http", port: 8000, targetPort: "http" }],
    });
    const { detail } = await set.get();
    expect(detail.entry?.address).toMatch(/^door\..*\.svc:8000$/);

    await set.apply({ replicas: 2, roles: withImage(PAIR, "engine:2"), entry });
    await set.until("the rollout", ({ groups }) => groups.every((group) => group.revision === 2));
    await set.settled();
    const after = await bench().kube.get("services", "door");
    expect(after?.metadata.uid).toBe(service?.metadata.uid);

    await set.end();
  });

  test("a Service that has the name already is a conflict that is told, and is not touched", async () => {
    await bench().kube.create("services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "taken", namespace: bench().namespace },
      spec: { selector: { app: "mine" }, ports: [{ port: 80 }] },
    });
    const set = await bench().start("taken", { replicas: 1, roles: PAIR, entry });
    const { detail } = await set.get();
    expect(detail.message).toContain("Service");
    expect(detail.message).toContain("taken exists in cluster");
    const service = await bench().kube.get("services", "taken");
    expect(service?.["spec"]).toMatchObject({ selector: { app: "mine" } });
  });
});
