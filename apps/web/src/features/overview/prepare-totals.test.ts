import type { ClusterRow, SetRow } from "@openpatio/core/view";
import { expect, it } from "vitest";
import { aSetRow } from "#features/sets/testing.ts";
import { prepareTotals } from "./prepare-totals.ts";

const row = (name: string, more: Partial<ClusterRow>): ClusterRow => ({
  name,
  labels: {},
  removal: null,
  isSimulated: true,
  health: "live",
  ownership: { state: "held", owner: null, beginsAtMs: null, message: null },
  message: null,
  version: "v1.33.4",
  latencyMs: 3,
  lastContactMs: 0,
  nodes: 4,
  usableNodes: 3,
  gpus: 32,
  gpusUsed: 8,
  gpusReserved: 4,
  gpusCordoned: 8,
  groups: 2,
  readyGroups: 1,
  tiles: [],
  pods: 6,
  readyPods: 3,
  domains: [],
  largestFreeBlock: null,
  ...more,
});

const set = (name: string, more: Partial<SetRow>): SetRow =>
  aSetRow(name, { readyGroups: 1, pods: 6, readyPods: 3, clusters: ["a"], ...more });

it("counts what does not answer as stale, never as ready or free", () => {
  const totals = prepareTotals(
    [row("a", {}), row("b", { health: "unreachable" })],
    [set("x", {}), set("y", { clusters: ["b"], isStale: true, readyGroups: 0, readyPods: 0 })],
  );
  expect(totals).toMatchObject({
    clusters: 2,
    liveClusters: 1,
    gpus: 32,
    bound: 8,
    reserved: 4,
    cordoned: 8,
    free: 12,
    groups: 4,
    readyGroups: 1,
    pods: 12,
    readyPods: 3,
    stalePods: 6,
  });
  expect(totals.silentClusters.map(({ name }) => name)).toEqual(["b"]);
});

it("misses groups that are asked for and have no place on any cluster", () => {
  const waiting = set("huge", { clusters: [], readyGroups: 0, readyPods: 0, tiles: [{ index: 0, phase: "Pending" }] });
  expect(prepareTotals([row("a", {})], [set("x", {}), waiting])).toMatchObject({
    groups: 4,
    readyGroups: 1,
    tiles: [{ index: 0, phase: "Pending" }],
  });
});
