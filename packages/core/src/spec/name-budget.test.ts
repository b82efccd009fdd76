import fc from "fast-check";
import { expect, test } from "vitest";
import { workloadName } from "../model/names.ts";
import { formatPath, parsePath, validateAgainst } from "./index.ts";

test("no two sets that are let in ever have a workload of one name", () => {
  const label = fc
    .array(fc.constantFrom("a", "b", "0", "1", "10", "01"), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join("-"));
  const index = fc.integer({ min: 0, max: 12 });
  fc.assert(
    fc.property(label, label, label, label, (setA, roleA, setB, roleB) => {
      fc.pre(setA !== setB);
      const isRefused =
        validateAgainst({ namespace: "n", name: setA, roles: [roleA] }, [
          { namespace: "n", name: setB, roles: [roleB] },
        ]).length > 0;
      const indices = Array.from({ length: 13 }, (_, i) => i);
      const names = new Set(indices.map((i) => workloadName(setA, i, roleA)));
      const collides = indices.some((i) => names.has(workloadName(setB, i, roleB)));
      if (collides) expect(isRefused).toBe(true);
      else if (isRefused) expect(`${setA}-${roleA}`).toBe(`${setB}-${roleB}`);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    // Pairs that are made to collide: long set = short set, index, more.
    fc.property(label, label, label, index, index, (set, between, role, i, j) => {
      const a = { namespace: "n", name: set, roles: [`${between}-${j}-${role}`] };
      const b = { namespace: "n", name: `${set}-${i}-${between}`, roles: [role] };
      expect(workloadName(a.name, i, a.roles[0] ?? "")).toBe(workloadName(b.name, j, role));
      expect(validateAgainst(a, [b])).toHaveLength(1);
      expect(validateAgainst(b, [a])).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});

test("a path that was written reads back", () => {
  const key = fc.oneof(fc.constantFrom("spec", "a-b", "app.kubernetes.io/name", "", "[0]", '"', "é.ü"), fc.string());
  fc.assert(
    fc.property(fc.array(fc.oneof(key, fc.nat(40))), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
    { numRuns: 300 },
  );
  expect(formatPath(["spec", "groupTemplate", "roles", 1, "dependencies", 0])).toBe(
    "spec.groupTemplate.roles[1].dependencies[0]",
  );
});
