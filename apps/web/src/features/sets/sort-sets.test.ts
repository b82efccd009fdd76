import type { SetRow } from "@openpatio/core/view";
import { describe, expect, it } from "vitest";
import { DEFAULT_SORT, filterSets, type SetFilter, sortSets } from "./sort-sets.ts";
import { aSetRow } from "./testing.ts";

const ALL: SetFilter = { text: "", phases: [], cluster: null, namespace: null };
const names = (sets: readonly SetRow[]) => sets.map(({ name }) => name);

describe("sorting sets", () => {
  it("puts the worst first, and within a phase the one that is longest in it", () => {
    const sets = [
      aSetRow("fine"),
      aSetRow("rolling", { phase: "Updating", changedAtMs: 9 }),
      aSetRow("broken-later", { phase: "Failed", changedAtMs: 5 }),
      aSetRow("broken-first", { phase: "Failed", changedAtMs: 1 }),
    ];
    expect(names(sortSets(sets, DEFAULT_SORT))).toEqual(["broken-first", "broken-later", "rolling", "fine"]);
  });

  it("breaks ties by name also when it is reversed", () => {
    const sets = [aSetRow("b"), aSetRow("a"), aSetRow("c", { gpus: 16 })];
    expect(names(sortSets(sets, { key: "gpus", isReversed: true }))).toEqual(["c", "a", "b"]);
  });
});

describe("filtering sets", () => {
  const sets = [
    aSetRow("demo", { labels: { team: "Search" } }),
    aSetRow("qwen", { namespace: "serving", phase: "Failed", clusters: ["sandbox-zones"] }),
  ];

  it.each<[Partial<SetFilter>, string[]]>([
    [{}, ["demo", "qwen"]],
    [{ text: " SERVING/q" }, ["qwen"]],
    [{ text: "team=search" }, ["demo"]],
    [{ phases: ["Failed", "Degraded"] }, ["qwen"]],
    [{ cluster: "sandbox-racks" }, ["demo"]],
    [{ namespace: "serving", phases: ["Ready"] }, []],
  ])("%j finds %j", (filter, found) => {
    expect(names(filterSets(sets, { ...ALL, ...filter }))).toEqual(found);
  });
});
