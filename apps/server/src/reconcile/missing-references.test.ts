import { DomainError } from "@openpatio/core/errors";
import type { SetState } from "@openpatio/core/model";
import { createSet } from "@openpatio/core/plan";
import { MINIMAL_EXAMPLE, parseSetYaml } from "@openpatio/core/spec";
import { expect, test } from "vitest";
import type { Fleet } from "../clusters/fleet.ts";
import { MissingReferences } from "./missing-references.ts";

function aSetThatNames(secret: string): SetState {
  const yaml = MINIMAL_EXAMPLE.replaceAll(
    "image: lmsysorg",
    `envFrom: [{ secretRef: { name: ${secret} } }]\n                image: lmsysorg`,
  );
  const parsed = parseSetYaml(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const placement = { ...parsed.spec.placement, clusters: { ...parsed.spec.placement.clusters, names: ["c"] } };
  return createSet({ id: "1", namespace: "default", name: "demo" }, { ...parsed.spec, placement }, 0).state;
}

/** A cluster that answers from a list, and remembers what it was asked. */
function aCluster(answer: (kind: string, name: string) => boolean | "refused" | "silent") {
  const asked: string[] = [];
  const port = {
    name: "c",
    info: () => ({ health: "live" }),
    exists: async (_: string, kind: string, __: string, name: string) => {
      asked.push(`${kind} ${name}`);
      const is = answer(kind, name);
      if (is === "refused") throw new DomainError("cluster.refused", "forbidden");
      if (is === "silent") throw new DomainError("cluster.unreachable", "no answer");
      return is;
    },
  };
  const clusters = new Map([["c", { isSimulated: true, labels: {} }]]);
  // It asks the fleet and the port for nothing else.
  return { asked, fleet: { get: () => ({ port }), observe: () => clusters } as unknown as Fleet };
}

test("what is missing is asked for again soon, what is there is believed for a while", async () => {
  let isThere = false;
  let nowMs = 0;
  const { asked, fleet } = aCluster((kind) => kind === "Namespace" || isThere);
  const missing = new MissingReferences(fleet, () => nowMs);
  const set = aSetThatNames("keys");
  expect(await missing.of(set)).toEqual(new Map([["c", new Set(["Secret/keys"])]]));
  await missing.of(set);
  expect(asked).toEqual(["Namespace default", "Secret keys"]);
  isThere = true;
  nowMs = 5_000;
  expect(await missing.of(set)).toEqual(new Map([["c", new Set()]]));
  nowMs = 20_000;
  await missing.of(set);
  expect(asked).toEqual(["Namespace default", "Secret keys", "Secret keys"]);
});

test("a group that starts after all were running asks again, however lately it was answered", async () => {
  let isThere = true;
  const { fleet } = aCluster((kind) => kind === "Namespace" || isThere);
  const missing = new MissingReferences(fleet, () => 0);
  const set = aSetThatNames("keys");
  await missing.of(set);
  await missing.of({ ...set, spec: { ...set.spec, replicas: 0 } });
  isThere = false;
  expect(await missing.of(set)).toEqual(new Map([["c", new Set(["Secret/keys"])]]));
});

test.each(["refused", "silent"] as const)("an answer that is %s is not held against a cluster", async (answer) => {
  const { fleet } = aCluster(() => answer);
  const missing = new MissingReferences(fleet, () => 0);
  expect(await missing.of(aSetThatNames("keys"))).toEqual(new Map([["c", new Set()]]));
});

test("a set whose groups all run asks for nothing", async () => {
  const { asked, fleet } = aCluster(() => false);
  const missing = new MissingReferences(fleet, () => 0);
  await missing.of({ ...aSetThatNames("keys"), spec: { ...aSetThatNames("keys").spec, replicas: 0 } });
  expect(asked).toEqual([]);
});
