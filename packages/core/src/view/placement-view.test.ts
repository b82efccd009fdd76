import { expect, test } from "vitest";
import type { ObservedCluster, SetState } from "../model/index.ts";
import { reservationsOf } from "../placement/reservations.ts";
import { plan } from "../plan/plan.ts";
import { aNode, aPod, aRole, aSet, clustersOf, Operated, RACK, World } from "../testing/index.ts";
import { moveView } from "./move-view.ts";
import { placementNotes } from "./placement-notes.ts";
import type { SetModel } from "./set-model.ts";

const racks = (count: number) => Array.from({ length: count }, (_, i) => aNode(`n${i}`, { rack: `rack-${i}` }));
const onRack = (fields: Readonly<Record<string, unknown>> = {}) => ({ topology: { key: RACK, ...fields } });
const draft = (fields: Readonly<Record<string, unknown>> = {}) => ({
  replicas: 1,
  roles: [
    aRole({ role: "prefill", replicas: 2, gpus: 2 }),
    aRole({ role: "decode", gpus: 4, dependencies: ["prefill"] }),
  ],
  placement: onRack(),
  ...fields,
});
const respecified = (set: Operated, placement: object): SetState => ({
  ...set.state,
  spec: aSet(draft({ placement })).spec,
});
const viewOf = (set: Operated, state = set.state) => {
  const [group] = state.groups;
  if (group === undefined) throw new Error("no group");
  const clusters = clustersOf(set.world.observe());
  return moveView({ state, clusters, reservations: set.reservations, missing: set.missing }, group);
};
const notesOf = (set: Operated, state = set.state, others: readonly Operated[] = []) => {
  const clusters = clustersOf(set.world.observe());
  const reservations = others.flatMap((other) => reservationsOf(other.state));
  const model: SetModel = {
    state,
    status: plan({ set: state, clusters, reservations }, set.world.nowMs).status,
    clusters,
    labels: {},
    createdAtMs: 0,
    changedAtMs: 0,
    reservations: () => reservations,
    refusalsOf: () => [],
    refusedOf: () => null,
  };
  const [group] = state.groups;
  return group === undefined ? [] : placementNotes(model, group);
};
const started = (world: World, fields: Parameters<typeof aSet>[0] = draft(), name = "demo") => {
  const set = new Operated(world, aSet(fields, name));
  set.untilReady();
  return set;
};

test("a move says where to, why there, what stops and in which order it starts", () => {
  const set = started(new World(racks(2)));
  expect(viewOf(set)).toMatchObject({
    canMove: true,
    why: "It goes to north/rack-1. The only rack with room for the whole group: 8 GPUs free, 0 left after it.",
    from: { cluster: "north", domain: "rack-0" },
    to: { cluster: "north", domain: "rack-1" },
    podsStopped: 3,
    steps: [
      "All 3 pods of incarnation 1 stop at once.",
      "When everything of it is gone, it is placed by what has room then: now that is north/rack-1. Its present place is kept for it until then.",
      "Incarnation 2 starts at revision 1: prefill → decode.",
    ],
  });
});

test("a move names every other place that would hold the group now, and none that would not", () => {
  const set = started(new World(racks(4)));
  started(set.world, draft(), "other");
  const choices = ["rack-2", "rack-3"].map((domain) => ({ cluster: "north", domain }));
  expect(viewOf(set).choices).toEqual(choices);
  expect(viewOf(started(new World(racks(1)))).choices).toEqual([]);
});

test("a group that has no other room is not moved, unless its set asks for another placement", () => {
  const set = started(new World(racks(1)));
  expect(viewOf(set)).toMatchObject({
    canMove: false,
    why: "Nothing else has room for it: it would start again in north/rack-0.",
    steps: [],
  });
  const edited = respecified(set, onRack({ exclusive: "All" }));
  expect(viewOf(set, edited)).toMatchObject({ canMove: true, to: { domain: "rack-0" } });
  expect(viewOf(set, edited).why).toMatch(
    /^It stays in north\/rack-0 and starts there by the placement that the set asks/,
  );
  expect(notesOf(set, edited)).toEqual([
    "The placement of the set was edited since: it applies from the next incarnation, or move the group now.",
  ]);
});

test("only a group that runs can be moved, and only on a cluster that answers", () => {
  const set = started(new World(racks(2)));
  set.world.health = "unreachable";
  expect(viewOf(set)).toMatchObject({ canMove: false, why: "north does not answer; nothing there is touched." });
  set.world.health = "live";
  set.world.crash("demo-0-decode-0");
  set.reconcile();
  expect(viewOf(set).why).toMatch(/^Only a group that runs can be moved/);
});

test("what is in effect of an exclusive placement is said, and who breaks it or may", () => {
  const world = new World(racks(2));
  const anywhere = started(world, { replicas: 1, roles: [aRole({ role: "engine" })] }, "anywhere");
  const set = new Operated(world, aSet(draft({ placement: onRack({ exclusive: "All" }) })));
  set.reservations = reservationsOf(anywhere.state);
  set.untilReady();
  expect(set.state.groups[0]?.placement).toMatchObject({ domain: { value: "rack-1" }, exclusive: "All" });
  const coming =
    "default/anywhere-0 was placed before it and is not kept off rack-1: pods of it that are made anew may come there until its next incarnation.";
  expect(notesOf(set, set.state, [anywhere])).toEqual([
    "rack-1 is to hold nothing else (exclusive: All), and does.",
    coming,
  ]);
  expect(notesOf(anywhere, anywhere.state, [set])).toEqual([
    "Its pods are not kept off rack rack-1, which default/demo-0 has alone by now: they are from its next incarnation on.",
  ]);

  world.pods.set("stray", aPod("stray", { nodeName: "n1" }));
  expect(notesOf(set, set.state, [anywhere])[0]).toBe(
    "rack-1 is to hold nothing else (exclusive: All), and holds 1 pod of others, default/stray first. Its next incarnation goes elsewhere if they are still there.",
  );

  anywhere.reservations = reservationsOf(set.state);
  world.crash("anywhere-0-engine-0");
  anywhere.untilReady();
  expect(notesOf(anywhere, anywhere.state, [set])).toEqual([]);
  expect(notesOf(set, set.state, [anywhere])).toHaveLength(1);
});

test.each([
  ["Group", "rack-0 is to hold no other group of this set (exclusive: Group)."],
  ["Set", "rack-0 is to hold no group of another exclusive set (exclusive: Set)."],
])("exclusive %s is said in words", (exclusive, note) => {
  const set = started(new World(racks(1)), draft({ placement: onRack({ exclusive }) }));
  expect(notesOf(set)).toEqual([note]);
});

test("a set that chooses its clusters by labels can have a group moved, and one that is being removed takes none", () => {
  const fields = draft({
    placement: { ...onRack(), clusters: { names: [], selector: { matchLabels: { tier: "gpu" } } } },
  });
  const set = started(new World(racks(2)), draft());
  const state: SetState = { ...set.state, spec: aSet(fields).spec };
  const [group] = state.groups;
  if (group === undefined) throw new Error("no group");
  const view = (about: Partial<ObservedCluster>) => {
    const clusters = clustersOf({ ...set.world.observe(), ...about });
    return moveView({ state, clusters, reservations: [], missing: set.missing }, group);
  };
  const labels = { tier: "gpu" };
  expect(view({ labels })).toMatchObject({ canMove: true, to: { cluster: "north", domain: "rack-1" } });
  expect(view({ labels: {} }).canMove).toBe(false);
  expect(view({ labels, removal: "move" }).canMove).toBe(false);
});

test("a move counts the pods of multi-node instances, not the instances", () => {
  const roles = [aRole({ role: "engine", replicas: 2, gpus: 1, leaderWorker: { size: 2 } })];
  const set = started(new World(racks(2)), draft({ roles }));
  expect(viewOf(set).podsStopped).toBe(4);
});
