import type { NodeView, PodView } from "@openpatio/core/view";
import { describe, expect, it } from "vitest";
import { prepareRacks } from "./prepare-racks.ts";

const node = (name: string, rack: string | null, more: Partial<NodeView> = {}): NodeView => ({
  name,
  zone: "zone-a",
  rack,
  labels: {},
  isReady: true,
  isCordoned: false,
  message: null,
  gpus: 8,
  gpusUsed: 0,
  pods: 0,
  cpuFraction: 0,
  memoryFraction: 0,
  ...more,
});

const pod = (name: string, onNode: string | null, gpus: number, group: number | null = 0): PodView => ({
  uid: name,
  cluster: "c",
  namespace: "default",
  name,
  set: group === null ? null : "demo",
  group,
  role: "decode",
  ordinal: 0,
  worker: null,
  incarnation: 1,
  state: "ready",
  stateText: "ready",
  progress: null,
  node: onNode,
  gpus,
  createdAtMs: 0,
  readySinceMs: 0,
  deletingSinceMs: null,
  ip: null,
  containers: [],
  isStale: false,
});

describe("prepareRacks", () => {
  it("orders racks and nodes by name, numbers as numbers", () => {
    const racks = prepareRacks([node("n-10", "rack-b"), node("n-2", "rack-b"), node("n-1", "rack-a")], []);
    expect(racks.map((rack) => [rack.name, rack.nodes.map((row) => row.node.name)])).toEqual([
      ["rack-a", ["n-1"]],
      ["rack-b", ["n-2", "n-10"]],
    ]);
  });

  it("falls back to zones when most nodes have no rack", () => {
    expect(prepareRacks([node("a", null), node("b", null)], []).map((rack) => rack.name)).toEqual(["zone-a"]);
  });

  it("packs pods from the left, whatever order they arrive in", () => {
    const pods = [pod("demo-1-a", "n", 4, 1), pod("other", "n", 1, null), pod("demo-0-a", "n", 2, 0)];
    const slots = (input: readonly PodView[]) =>
      prepareRacks([node("n", "r")], input)[0]?.nodes[0]?.placed.map(({ pod: { name }, slot }) => [name, slot]);
    expect(slots(pods)).toEqual([
      ["demo-0-a", 0],
      ["demo-1-a", 2],
      ["other", 6],
    ]);
    expect(slots(pods.toReversed())).toEqual(slots(pods));
  });

  it("keeps pods without GPUs, and those beyond the slots, beside the slots", () => {
    const racks = prepareRacks([node("n", "r", { gpus: 2 })], [pod("a", "n", 0), pod("b", "n", 4)]);
    expect(racks[0]?.nodes[0]?.others.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("draws one outline around equal spans of a group and names the group once", () => {
    const nodes = [node("n-1", "r"), node("n-2", "r"), node("n-3", "r")];
    const pods = [pod("p0", "n-1", 4), pod("p1", "n-1", 4), pod("d0", "n-2", 8), pod("d1", "n-3", 4)];
    const bands = prepareRacks(nodes, pods)[0]?.bands.map(({ firstRow, rows, width, isNamed }) => ({
      firstRow,
      rows,
      width,
      isNamed,
    }));
    expect(bands).toEqual([
      { firstRow: 0, rows: 2, width: 8, isNamed: true },
      { firstRow: 2, rows: 1, width: 4, isNamed: false },
    ]);
  });

  it("counts only usable nodes as free", () => {
    const racks = prepareRacks([node("a", "r", { gpusUsed: 5 }), node("b", "r", { isCordoned: true })], []);
    expect(racks[0]).toMatchObject({ gpus: 16, freeGpus: 3 });
  });
});
