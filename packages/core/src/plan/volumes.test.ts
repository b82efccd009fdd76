import { expect, test } from "vitest";
import type { ObservedClaim } from "../model/index.ts";
import { aNode, aRole, aSet, Operated, World } from "../testing/index.ts";
import { deleteSet } from "./spec-change.ts";
import { isOwnClaim } from "./volumes.ts";

const CLAIMS = ["cache-demo-0-engine-0", "cache-demo-0-engine-1"];

function running(): Operated {
  const role = { ...(aRole({ role: "engine", replicas: 2 }) as object), volumeClaimTemplates: [claim] };
  const set = new Operated(new World([aNode("n1")]), aSet({ replicas: 1, roles: [role] }));
  set.untilReady();
  for (const name of [...CLAIMS, "data-by-hand"]) {
    const fields = { namespace: "default", set: "demo", groupIndex: 0, role: "engine", volume: "pv" };
    set.world.claims.set(name, { ...fields, name, uid: `uid-${name}`, deletionAtMs: null });
  }
  return set;
}
const claim = { metadata: { name: "cache" }, spec: { accessModes: ["ReadWriteOnce"] } };
const removed = (set: Operated) =>
  set.acted.flatMap((action) =>
    action.kind === "delete" && action.ref.kind === "PersistentVolumeClaim" ? [action.ref.name] : [],
  );

test("a deleted set leaves its volumes", () => {
  const set = running();
  set.take(deleteSet(set.state));
  set.until(({ isGone }) => isGone, 40);
  expect([removed(set), set.world.claims.size]).toEqual([[], 3]);
});

test("deleted with its volumes, its claims go when its last pod is gone, and no claim that only carries its labels", () => {
  const set = running();
  set.take(deleteSet(set.state, { deletesVolumes: true }));
  for (let step = 0; step < 40 && !set.isGone; step += 1) {
    set.reconcile();
    if (removed(set).length > 0) expect(set.world.pods.size).toBe(0);
    set.world.step();
  }
  expect(set.isGone).toBe(true);
  expect([...set.world.claims.keys()]).toEqual(["data-by-hand"]);
});

test("a claim that does not go is named, and the set is not gone before it", () => {
  const set = running();
  const stuck = set.world.claims.get(CLAIMS[0] ?? "");
  if (stuck !== undefined) stuck.deletionAtMs = 1;
  set.take(deleteSet(set.state, { deletesVolumes: true }));
  set.run(20);
  expect(set.isGone).toBe(false);
  expect(set.plan().status.message).toBe(
    "1 volume claim to go, cache-demo-0-engine-0. A claim goes when no pod uses it any more.",
  );
});

test("where a cluster does not answer, nobody says that its volumes are gone", () => {
  const set = running();
  set.take(deleteSet(set.state, { deletesVolumes: true }));
  set.until(({ state }) => state.groups.length === 0, 40);
  set.world.health = "unreachable";
  set.run(5);
  expect(set.isGone).toBe(false);
  expect(set.plan().status.message).toBe("Its volumes are in a cluster that does not answer.");
  set.world.health = "live";
  set.until(({ isGone }) => isGone, 10);
});

test("which claim is named does not depend on the order in which a cluster lists them", () => {
  const messages = [CLAIMS, [...CLAIMS].reverse()].map((names) => {
    const set = running();
    for (const name of names) {
      const claim = set.world.claims.get(name);
      if (claim === undefined) continue;
      set.world.claims.delete(name);
      set.world.claims.set(name, { ...claim, deletionAtMs: 1 });
    }
    set.take(deleteSet(set.state, { deletesVolumes: true }));
    set.run(20);
    return set.plan().status.message;
  });
  expect(messages[0]).toMatch(/^2 volume claims to go, cache-demo-0-engine-0 first/);
  expect(messages[1]).toBe(messages[0]);
});

test("claims of workers with a template of their own are the set's as well", () => {
  const claimOf = (name: string) => ({ name, groupIndex: 0, role: "engine" }) as ObservedClaim;
  const set = { name: "demo" };
  for (const name of ["cache-demo-0-engine-0", "cache-demo-0-engine-0-1", "cache-demo-0-engine-0-w-1"])
    expect([name, isOwnClaim(set, claimOf(name))]).toEqual([name, true]);
  for (const name of ["cache-demo-0-engine", "cache-demo-0-engine-x", "demo-0-engine-0", "cache-demo-0-engine-w-1"])
    expect([name, isOwnClaim(set, claimOf(name))]).toEqual([name, false]);
});

test("a set that chooses clusters by labels waits as well for the volumes of one that does not answer", () => {
  const set = running();
  set.world.labels = { tier: "gpu" };
  const clusters = { names: [], selector: { matchLabels: { tier: "gpu" } } };
  set.state = {
    ...set.state,
    spec: { ...set.state.spec, placement: { ...set.state.spec.placement, clusters } },
  };
  set.take(deleteSet(set.state, { deletesVolumes: true }));
  set.until(({ state }) => state.groups.length === 0, 40);
  set.world.health = "unreachable";
  set.run(5);
  expect(set.isGone).toBe(false);
});
