import fc from "fast-check";
import { expect, test } from "vitest";
import type { ObservedNode } from "../model/index.ts";
import { newGroup } from "../plan/incarnation.ts";
import { aCluster, aNode, aPod, aRole, aSet, clustersOf, RACK } from "../testing/index.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { placeGroup, placementOf } from "./place-group.ts";
import { reservationOf } from "./reservations.ts";
import type { Reservation } from "./types.ts";

const NODES: readonly ObservedNode[] = Array.from({ length: 9 }, (_, i) =>
  aNode(`n${i}`, { rack: `rack-${Math.floor(i / 3)}` }),
);
const GPU = "nvidia.com/gpu";

const wish = fc.record({
  pods: fc.integer({ min: 1, max: 5 }),
  gpus: fc.constantFrom(1, 2, 4, 8),
  topology: fc.constantFrom(
    undefined,
    { key: RACK, mode: "Preferred" },
    ...["None", "Group", "Set", "All"].map((exclusive) => ({ key: RACK, exclusive })),
  ),
  strategy: fc.constantFrom("Pack", "Spread"),
  whenFull: fc.constantFrom("Wait", "CreatePods"),
});
const strangers = fc.array(fc.record({ node: fc.integer({ min: 0, max: 8 }), gpus: fc.integer({ min: 0, max: 4 }) }), {
  maxLength: 5,
});

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** Places one group of each wish after the other, each on the books of all before it. */
function placeAll(wishes: readonly Wish[], ledger: Ledger) {
  const promises: Reservation[] = [];
  for (const [at, { pods, gpus, topology, ...placement }] of wishes.entries()) {
    const set = aSet(
      {
        roles: [aRole({ role: "a", replicas: pods, gpus })],
        placement: { ...placement, ...(topology === undefined ? {} : { topology }) },
      },
      `set-${at}`,
    );
    const decision = placeGroup({ set, group: 0, revision: 1 }, ledger);
    if (!decision.placed) continue;
    const reservation = reservationOf(set, { ...newGroup(0, 1, 0, 0), placement: placementOf(decision) });
    if (reservation === null) continue;
    ledger.reserve(reservation);
    promises.push(reservation);
    if (!decision.isBeyondRoom)
      expect(ledger.unmet("north", { namespace: "default", set: set.name, group: 0 })).toEqual([]);
  }
  return promises;
}

test("whatever is asked for in whatever order, no node and no rack is promised more than it has, and exclusive racks are not shared", () => {
  fc.assert(
    fc.property(fc.array(wish, { minLength: 1, maxLength: 8 }), strangers, (wishes, others) => {
      const pods = others
        .filter(({ gpus }) => gpus > 0)
        .map(({ node, gpus }, at) =>
          aPod(`stranger-${at}`, { nodeName: `n${node}`, requests: { [GPU]: gpus, pods: 1 } }),
        );
      const cluster = aCluster({ nodes: NODES, pods });
      const before = new Map(
        NODES.map(({ name, allocatable }) => {
          const used = cluster.podsOnNode(name).reduce((sum, pod) => sum + (pod.requests[GPU] ?? 0), 0);
          return [name, (allocatable[GPU] ?? 0) - used];
        }),
      );
      const ledger = openLedger(clustersOf(cluster), () => []);
      const promises = placeAll(wishes, ledger);
      for (const [name, room] of ledger.account("north")?.rooms ?? [])
        expect(room.free[GPU] ?? 0).toBeGreaterThanOrEqual(Math.min(0, before.get(name) ?? 0));
      for (const one of promises)
        for (const other of promises) {
          if (one === other || one.domain === null || one.domain.value !== other.domain?.value) continue;
          expect([one.exclusive, other.exclusive]).not.toContain("All");
          if (one.exclusive === "Set") expect(other.exclusive).toBe("None");
        }
      // The same books, opened anew with the promises in another order, come to the same.
      const again = openLedger(clustersOf(cluster), () => promises);
      const reversed = openLedger(clustersOf(cluster), () => promises.toReversed());
      const freeIn = (books: Ledger) =>
        [...(books.account("north")?.rooms ?? [])].map(([name, room]) => [name, room.free]);
      expect(freeIn(reversed)).toEqual(freeIn(again));
    }),
    { numRuns: 100 },
  );
});
