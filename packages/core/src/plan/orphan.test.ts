import { expect, test } from "vitest";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { deleteSet } from "./spec-change.ts";

const fields = {
  replicas: 2,
  roles: [aRole({ role: "prefill" }), aRole({ role: "decode", replicas: 2, dependencies: ["prefill"] })],
  entry: { role: "decode", port: "http" },
  deletion: { orphan: true },
};

function ready(): Operated {
  const set = new Operated(new World([aNode("n1"), aNode("n2")]), aSet(fields));
  set.untilReady();
  set.acted.length = 0;
  return set;
}
const podUids = (set: Operated) => [...set.world.pods.values()].map(({ uid }) => uid).sort();

test("deleting an orphaning set lets go of everything and stops no pod", () => {
  const set = ready();
  const before = podUids(set);
  set.take(deleteSet(set.state));
  set.until((operated) => operated.isGone);
  set.world.step();
  expect(podUids(set)).toEqual(before);
  expect(set.world.released.map(({ shown }) => shown.name).sort()).toEqual([
    "demo-0-decode",
    "demo-0-prefill",
    "demo-1-decode",
    "demo-1-prefill",
  ]);
  expect(set.world.owners.size).toBe(0);
  expect(set.acted.filter(({ kind }) => kind === "delete")).toEqual(
    [0, 1].map((index) =>
      expect.objectContaining({ propagation: "Orphan", ref: expect.objectContaining({ name: `demo-${index}` }) }),
    ),
  );
});

test("a process that dies at any moment of it is followed by one that finishes it", () => {
  for (let deaths = 1; deaths < 5; deaths++) {
    const set = ready();
    const before = podUids(set);
    set.take(deleteSet(set.state));
    for (let i = 0; i < deaths; i++) set.reconcile(true);
    set.until((operated) => operated.isGone);
    expect(podUids(set)).toEqual(before);
  }
});

test("a later set of the same name does not touch the pods that were left running", () => {
  const set = ready();
  set.take(deleteSet(set.state));
  set.until((operated) => operated.isGone);
  const before = podUids(set);
  const later = new Operated(set.world, { ...aSet(fields), id: "another" });
  later.run(20);
  expect(podUids(set)).toEqual(before);
  expect(later.acted.filter(({ kind }) => kind === "delete")).toEqual([]);
});

test("what runs as a LeaderWorkerSet is let go of by its own API", () => {
  const workload = { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" };
  const roles = [{ ...(aRole({ role: "engine", leaderWorker: { size: 2 } }) as object), workload }];
  const world = new World([aNode("n1"), aNode("n2")]);
  world.hasLeaderWorkerSets = true;
  const set = new Operated(world, aSet({ replicas: 1, roles, deletion: { orphan: true } }));
  set.untilReady();
  const before = podUids(set);
  set.take(deleteSet(set.state));
  set.until((operated) => operated.isGone);
  expect(podUids(set)).toEqual(before);
  const refs = set.acted.flatMap((action) => (action.kind === "release" ? [action.ref] : []));
  expect(refs.find(({ kind }) => kind === "LeaderWorkerSet")?.apiVersion).toBe(workload.apiVersion);
});
