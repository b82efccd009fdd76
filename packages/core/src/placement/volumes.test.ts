import { expect, test } from "vitest";
import type { BoundVolume, ObservedNode } from "../model/index.ts";
import { aCluster, aNode, aRole, aSet, clustersOf, Operated, RACK, World } from "../testing/index.ts";
import { openLedger } from "./ledger.ts";
import { placeGroup } from "./place-group.ts";
import { reservationsOf } from "./reservations.ts";

const nodes: readonly ObservedNode[] = [0, 1, 2].flatMap((rack) =>
  [0, 1].map((node) => aNode(`n${rack}${node}`, { rack: `rack-${rack}` })),
);
const inRack = (rack: number): readonly unknown[] => [
  { matchExpressions: [{ key: RACK, operator: "In", values: [`rack-${rack}`] }] },
];
const claims = [{ metadata: { name: "cache" }, spec: {} }];
const engine = (fields: Readonly<Record<string, unknown>> = {}) => ({
  ...(aRole({ role: "engine", replicas: 2, gpus: 4 }) as object),
  ...fields,
});

function decide(
  volumes: Readonly<Record<string, BoundVolume["nodeTerms"]>>,
  { role = engine({ volumeClaimTemplates: claims }) as unknown, group = 0, topology = true } = {},
) {
  const placement = topology ? { topology: { key: RACK } } : {};
  const set = aSet({ replicas: 2, roles: [role], placement });
  const cluster = aCluster({
    nodes,
    boundVolume: (namespace, claim) => {
      const nodeTerms = volumes[claim];
      return namespace !== "default" || nodeTerms === undefined ? null : { claim, volume: `pv-${claim}`, nodeTerms };
    },
  });
  return placeGroup(
    { set, group, revision: 1 },
    openLedger(clustersOf(cluster), () => []),
  );
}
const where = (decision: ReturnType<typeof decide>) => (decision.placed ? decision.domain?.value : decision.message);

test("a group goes to the rack that reaches the volumes its pods had, and says so", () => {
  const decision = decide({ "cache-demo-0-engine-0": inRack(2), "cache-demo-0-engine-1": inRack(2) });
  expect(where(decision)).toBe("rack-2");
  expect(decision.placed && decision.why).toContain(
    "Its 2 volumes are there (claim cache-demo-0-engine-0 and others).",
  );
  expect(decision.refusals[0]?.message).toContain(
    "0 of 2 nodes usable (n00 cannot reach the volume of claim cache-demo-0-engine-0",
  );
});

test("another group's volumes, volumes that are everywhere and claims that are not bound bind nothing", () => {
  expect(where(decide({ "cache-demo-1-engine-0": inRack(2) }))).toBe("rack-0");
  expect(where(decide({ "cache-demo-0-engine-0": null }))).toBe("rack-0");
  expect(where(decide({}))).toBe("rack-0");
});

test("a claim that a template names binds every group, unless a claim template takes its place", () => {
  const volumes = [{ name: "cache", persistentVolumeClaim: { claimName: "models" } }];
  const { template } = aRole({ role: "engine", podSpec: { volumes } }) as { template: object };
  expect(where(decide({ models: inRack(1) }, { role: engine({ template }), group: 1 }))).toBe("rack-1");
  const replaced = engine({ template, volumeClaimTemplates: claims });
  expect(where(decide({ models: inRack(1) }, { role: replaced, group: 1 }))).toBe("rack-0");
});

test("volumes in two racks keep a group out of both, and the sentence names a claim that stands in the way", () => {
  const volumes = { "cache-demo-0-engine-0": inRack(1), "cache-demo-0-engine-1": inRack(2) };
  expect(where(decide(volumes))).toBe(
    "No rack reaches all volumes of the group: engine-0 needs claim cache-demo-0-engine-0, whose volume pv-cache-demo-0-engine-0 is bound to other nodes. Delete the claim if its data may go.",
  );
  expect(decide(volumes, { topology: false })).toMatchObject({ placed: true, domain: null });
});

test("room that is promised to a group is promised where its volumes are", () => {
  const role = engine({ volumeClaimTemplates: claims, replicas: 1 });
  const set = new Operated(new World(nodes), aSet({ replicas: 1, roles: [role] }));
  set.reconcile();
  const cluster = aCluster({
    nodes,
    boundVolume: (_, claim) => ({ claim, volume: "pv", nodeTerms: [{ matchFields: [nameIs("n21")] }] }),
  });
  const ledger = openLedger(clustersOf(cluster), () => reservationsOf(set.state));
  expect(ledger.account("north")?.rooms.get("n21")?.free["nvidia.com/gpu"]).toBe(4);
});

const nameIs = (node: string) => ({ key: "metadata.name", operator: "In", values: [node] });
