import { expect, test } from "vitest";
import { MINIMAL_EXAMPLE, parseSetYaml, SET_TEMPLATES } from "./index.ts";

test.each(SET_TEMPLATES.map(({ id, yaml }) => [id, yaml]))("template %s is valid as it is", (_, yaml) => {
  const parsed = parseSetYaml(yaml);
  expect(parsed.ok ? parsed.warnings : parsed.problems).toEqual([]);
});

test("no pod of a template asks for more GPUs than a node of eight has, and no group for more than four such nodes", () => {
  for (const { yaml } of SET_TEMPLATES) {
    const parsed = parseSetYaml(yaml);
    if (!parsed.ok) throw new Error();
    const perPod = parsed.spec.groupTemplate.roles.map(({ template, replicas }) => {
      const [container] = template.spec.containers as readonly {
        readonly resources?: { readonly limits?: Record<string, string> };
      }[];
      return { gpus: Number(container?.resources?.limits?.["nvidia.com/gpu"] ?? 0), replicas };
    });
    expect(Math.max(...perPod.map(({ gpus }) => gpus))).toBeLessThanOrEqual(8);
    expect(perPod.reduce((sum, { gpus, replicas }) => sum + gpus * replicas, 0)).toBeLessThanOrEqual(32);
  }
});

test("the minimal example is two groups of prefill 2 and decode 2, in this order, each in a rack", () => {
  const parsed = parseSetYaml(MINIMAL_EXAMPLE);
  if (!parsed.ok) throw new Error();
  expect(parsed.manifest.metadata.name).toBe("demo-group");
  expect(parsed.spec.replicas).toBe(2);
  expect(
    parsed.spec.groupTemplate.roles.map(({ role, replicas, dependencies }) => ({ role, replicas, dependencies })),
  ).toEqual([
    { role: "prefill", replicas: 2, dependencies: [] },
    { role: "decode", replicas: 2, dependencies: ["prefill"] },
  ]);
  expect(parsed.spec.placement.topology).toEqual({
    key: "topology.kubernetes.io/rack",
    mode: "Required",
    exclusive: "None",
  });
});
