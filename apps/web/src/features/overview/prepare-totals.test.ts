import type { ClusterRow } from "@openpatio/core/view";
import { expect, it } from "vitest";
import { prepareTotals } from "./prepare-totals.ts";

const row = (name: string, more: Partial<ClusterRow>): ClusterRow => ({
  name,
  isSimulated: true,
  health: "live",
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

it("counts what does not answer as stale, never as ready or free", () => {
  const totals = prepareTotals([row("a", {}), row("b", { health: "unreachable" })]);
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
