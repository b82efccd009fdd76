import { describe, expect, test } from "vitest";
import { aCluster, aNode, aRole, aSet, clustersOf, RACK } from "../testing/index.ts";
import { hostsOf } from "./hosts.ts";
import { openLedger } from "./ledger.ts";
import { placeGroup } from "./place-group.ts";
import { reservationsOf } from "./reservations.ts";
import type { MissingObjects } from "./types.ts";

const named = (name: string, draft: Parameters<typeof aCluster>[0] = {}) => aCluster({ name, ...draft });
const wants = (names: readonly string[], matchLabels: Readonly<Record<string, string>> = {}) =>
  aSet({ placement: { clusters: { names, selector: { matchLabels } } } });

describe("the clusters of a set", () => {
  const clusters = clustersOf(
    named("a", { labels: { region: "eu" } }),
    named("b", { labels: { region: "eu", tier: "gold" } }),
    named("c", { labels: { region: "us" } }),
  );
  test("are those that it names, in the order of their names", () => {
    expect(hostsOf(wants(["c", "a"]), clusters).names).toEqual(["a", "c"]);
  });
  test("are all with the labels that it asks for, where it names none", () => {
    expect(hostsOf(wants([], { region: "eu" }), clusters).names).toEqual(["a", "b"]);
  });
  test("must be named and have the labels, where it says both", () => {
    expect(hostsOf(wants(["b", "c"], { region: "eu" }), clusters).names).toEqual(["b"]);
  });
  test("can be chosen by the built-in label with the name", () => {
    expect(hostsOf(wants([], { "openpatio.io/cluster": "c" }), clusters).names).toEqual(["c"]);
  });
  test("are of one kind: that of the clusters it runs on, and none while both could be meant", () => {
    const mixed = clustersOf(named("real", { isSimulated: false }), named("sim"));
    expect(hostsOf(wants(["real", "sim"]), mixed)).toEqual({ names: [], otherKind: ["real", "sim"] });
    const { state } = { state: wants(["real", "sim"]) };
    const groups = [{ placement: { cluster: "sim", domain: null, avoid: [], why: "" } }] as never;
    expect(hostsOf({ ...state, groups }, mixed)).toEqual({ names: ["sim"], otherKind: ["real"] });
  });
});

describe("of several clusters with room", () => {
  const node = (name: string) => aNode(name, { rack: `rack-${name}` });
  const fleet = (strategy: "Pack" | "Spread", here: readonly string[], missing?: MissingObjects) => {
    const set = aSet({
      replicas: 4,
      placement: { clusters: { names: ["a", "b"] }, strategy, topology: { key: RACK } },
      roles: [aRole({ role: "engine", gpus: 1 })],
    });
    const nodes = (name: string) => [node(`${name}0`), node(`${name}1`)];
    const groups = here.map((cluster, index) => ({
      index,
      placement: { cluster, domain: { key: RACK, value: `rack-${cluster}0` }, avoid: [], why: "" },
      revision: 1,
      teardown: null,
      leaving: [],
    })) as never;
    const ledger = openLedger(clustersOf(named("a", { nodes: nodes("a") }), named("b", { nodes: nodes("b") })), () =>
      reservationsOf({ ...set, groups }),
    );
    return placeGroup({ set, group: here.length, revision: 1, missing }, ledger);
  };

  test("Pack goes where most groups of the set are, and there to the fullest domain", () => {
    expect(fleet("Pack", ["b"])).toMatchObject({
      cluster: "b",
      domain: { value: "rack-b0" },
      why: "Of 2 clusters with room the one with the most groups of this set (1). The fullest of 2 racks that fit there: 7 GPUs free, 6 left after it.",
    });
  });
  test("Spread goes where the fewest are, and there to the emptiest", () => {
    expect(fleet("Spread", ["a"])).toMatchObject({ cluster: "b", domain: { value: "rack-b0" } });
    expect(fleet("Spread", ["a", "b"])).toMatchObject({ cluster: "a", domain: { value: "rack-a1" } });
  });
  test("the first by name is taken where nothing tells them apart", () => {
    expect(fleet("Pack", [])).toMatchObject({ cluster: "a", domain: { value: "rack-a0" } });
    expect(fleet("Spread", [])).toMatchObject({ cluster: "a", domain: { value: "rack-a0" } });
  });
  test("one without the namespace is passed over, and says so", () => {
    const decision = fleet("Pack", [], new Map([["a", new Set(["Namespace/default"])]]));
    expect(decision).toMatchObject({ cluster: "b" });
    expect(decision.refusals).toMatchObject([
      { cluster: "a", kind: "missing-reference", message: "Namespace default does not exist in cluster a." },
    ]);
  });
});
