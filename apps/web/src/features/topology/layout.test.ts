import type { RoleView } from "@openpatio/core/view";
import { describe, expect, it } from "vitest";
import { cellLevel, clampView, FIT, hitTest, type PlacedCell, type Rect, zoomAt } from "./layout.ts";
import { layoutLanes } from "./layout-lanes.ts";
import { layoutRacks } from "./layout-racks.ts";
import { layoutSlabs } from "./layout-slabs.ts";
import { prepareTopology } from "./model.ts";
import { prepareRacks } from "./rack-model.ts";
import { groupView, nodeView, podsOf, podView, roleView, setDetail } from "./testing.ts";

const ROLES = [roleView("prefill", 2), roleView("decode", 4, ["prefill"]), roleView("router", 1, ["decode"])];

function modelOf(count: number, roles: readonly RoleView[] = ROLES) {
  const indices = Array.from({ length: count }, (_, index) => index);
  return prepareTopology(
    setDetail(roles, { replicas: count }),
    indices.map((index) => groupView(index, roles)),
    indices.flatMap((index) => podsOf(index, roles)),
  );
}

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.w - 0.01 && b.x < a.x + a.w - 0.01 && a.y < b.y + b.h - 0.01 && b.y < a.y + a.h - 0.01;

function overlapping(cells: readonly PlacedCell[]): readonly string[] {
  const sorted = cells.toSorted((a, b) => a.y - b.y);
  return sorted.flatMap((a, index) =>
    sorted
      .slice(index + 1, index + 60)
      .filter((b) => overlap(a, b))
      .map((b) => `${a.cell.key} over ${b.cell.key}`),
  );
}

describe("cellLevel", () => {
  it.each([
    [2, 2, "heat"],
    [8, 8, "tile"],
    [20, 20, "framed"],
    [34, 30, "label"],
    [90, 24, "label"],
    [84, 54, "card"],
    [60, 54, "label"],
  ] as const)("%d × %d shows a %s", (w, h, level) => {
    expect(cellLevel(w, h)).toBe(level);
  });
});

describe("viewport", () => {
  it("zooming keeps the point under the pointer", () => {
    const size = { w: 800, h: 600 };
    const view = zoomAt(FIT, 3, { x: 300, y: 200 }, size);
    expect((300 - view.x) / view.scale).toBeCloseTo(300);
    expect((200 - view.y) / view.scale).toBeCloseTo(200);
  });

  it("never shows what lies outside the picture", () => {
    expect(clampView({ scale: 2, x: 50, y: -5_000 }, { w: 800, h: 600 })).toEqual({ scale: 2, x: 0, y: -600 });
    expect(zoomAt({ scale: 2, x: -100, y: -100 }, 0.1, { x: 0, y: 0 }, { w: 800, h: 600 })).toEqual(FIT);
  });
});

describe("lanes", () => {
  it.each([390, 768, 844, 1_240])("every pod has a place inside its lane, apart from all others, at %d px", (width) => {
    const layout = layoutLanes(modelOf(4), width, 400);
    expect(layout.cells).toHaveLength(4 * 7);
    expect(overlapping(layout.cells)).toEqual([]);
    for (const placed of layout.cells) {
      const lane = layout.groups.find((item) => item.group.view.index === placed.cell.group);
      expect(lane).toBeDefined();
      if (lane === undefined) continue;
      expect(placed.x).toBeGreaterThanOrEqual(0);
      expect(placed.x + placed.w).toBeLessThanOrEqual(width);
      expect(placed.y).toBeGreaterThanOrEqual(lane.y);
      expect(placed.y + placed.h).toBeLessThanOrEqual(lane.y + lane.h);
    }
  });

  it.each([390, 844])("a copy on another cluster has a line of its own below the group's pods, at %d px", (width) => {
    const copies = [{ cluster: "old", domain: null, incarnation: 1, stage: "move" as const }];
    const groups = [0, 1].map((index) => groupView(index, ROLES, { copies: index === 0 ? copies : [] }));
    const left = podsOf(0, ROLES).map((pod) => ({ ...pod, cluster: "old", uid: `left ${pod.uid}` }));
    const model = prepareTopology(setDetail(ROLES), groups, [...podsOf(0, ROLES), ...podsOf(1, ROLES), ...left]);
    const { cells, groups: lanes } = layoutLanes(model, width, 100);
    const [lane] = lanes;
    const [copy] = lane?.copies ?? [];
    if (lane === undefined || copy === undefined) throw new Error("a copy has its line");
    expect(copy.cells).toHaveLength(7);
    const lowest = Math.max(...cells.filter(({ cell }) => cell.group === 0).map(({ y, h }) => y + h));
    expect(copy.y).toBeGreaterThanOrEqual(lowest);
    expect(copy.y + copy.h).toBeLessThanOrEqual(lane.y + lane.h);
    expect(lanes[1]?.copies).toEqual([]);
  });

  it("wide roles wrap instead of leaving the picture", () => {
    const layout = layoutLanes(modelOf(2, [roleView("prefill", 12), roleView("decode", 48, ["prefill"])]), 844, 400);
    expect(layout.cells).toHaveLength(2 * 60);
    expect(overlapping(layout.cells)).toEqual([]);
    expect(Math.max(...layout.cells.map((placed) => placed.x + placed.w))).toBeLessThanOrEqual(844);
  });

  it("a pod that is missing leaves a gap: the others keep their places", () => {
    const detail = setDetail(ROLES);
    const whole = layoutLanes(prepareTopology(detail, [groupView(0, ROLES)], podsOf(0, ROLES)), 844, 400);
    const rest = podsOf(0, ROLES).filter((pod) => pod.name !== "demo-0-decode-0");
    const holed = layoutLanes(prepareTopology(detail, [groupView(0, ROLES)], rest), 844, 400);
    const at = (layout: typeof whole) => layout.cells.find((placed) => placed.cell.label === "decode-3");
    expect(at(holed)?.x).toBe(at(whole)?.x);
    expect(at(holed)?.y).toBe(at(whole)?.y);
  });

  it("roles of one wave stand below each other", () => {
    const roles = [roleView("store", 1), roleView("prefill", 2, ["store"]), roleView("decode", 2, ["store"])];
    const layout = layoutLanes(modelOf(1, roles), 1_000, 400);
    const at = (role: string) => layout.roles.find((placed) => placed.block.role === role);
    expect(at("prefill")?.x).toBe(at("decode")?.x);
    expect(at("decode")?.y).toBeGreaterThan((at("prefill")?.y ?? 0) + (at("prefill")?.h ?? 0));
    expect(layout.arrows).toHaveLength(2);
  });

  it("an arrow over a wave runs below the cards between", () => {
    const roles = [roleView("a", 1), roleView("b", 1, ["a"]), roleView("store", 1), roleView("c", 1, ["b", "store"])];
    const layout = layoutLanes(modelOf(1, roles), 1_000, 400);
    const lowest = Math.max(...layout.roles.map((placed) => placed.y + placed.h));
    const skipping = layout.arrows.find((arrow) => arrow.points.length === 6);
    expect(Math.max(...(skipping?.points.map((point) => point.y) ?? [0]))).toBeGreaterThan(lowest);
  });

  it("a group that fits nowhere shows the fit instead of pods", () => {
    const model = prepareTopology(
      setDetail(ROLES),
      [
        groupView(0, ROLES, {
          phase: "Pending",
          cluster: null,
          domain: null,
          refusals: [
            {
              cluster: "west",
              domain: "rack-a",
              kind: "insufficient",
              message: "short of 8",
              fits: [],
              resource: null,
              free: null,
              short: 8,
            },
          ],
        }),
      ],
      podsOf(0, ROLES, { state: "waiting", node: null }),
    );
    const layout = layoutLanes(model, 844, 400);
    expect(layout.groups[0]?.showsFit).toBe(true);
    expect(layout.cells).toEqual([]);
  });
});

describe("slabs", () => {
  it.each([13, 286, 1_430])("%d groups: every pod has a place of its own in the frame", (count) => {
    const layout = layoutSlabs(modelOf(count), 844, 560);
    expect(layout.cells).toHaveLength(count * 7);
    expect(overlapping(layout.cells)).toEqual([]);
    expect(Math.max(...layout.cells.map((placed) => placed.y + placed.h))).toBeLessThanOrEqual(layout.height);
    expect(Math.max(...layout.cells.map((placed) => placed.x + placed.w))).toBeLessThanOrEqual(844);
  });

  it("a place on the picture is an index, also where a group is missing", () => {
    const model = modelOf(40);
    const whole = layoutSlabs(model, 844, 560);
    const holed = layoutSlabs({ ...model, groups: model.groups.filter((group) => group.view.index !== 7) }, 844, 560);
    const at = (layout: typeof whole) => layout.groups.find((placed) => placed.group.view.index === 8);
    expect(at(holed)?.x).toBe(at(whole)?.x);
    expect(at(holed)?.y).toBe(at(whole)?.y);
  });

  it("tiles sit on whole pixels at 100 %", () => {
    const layout = layoutSlabs(modelOf(60), 844, 560);
    expect(layout.cells.filter((placed) => !Number.isInteger(placed.x) || !Number.isInteger(placed.y))).toEqual([]);
  });
});

describe("racks", () => {
  const nodes = ["a", "b"].flatMap((rack) => [1, 2].map((n) => nodeView(`${rack}-${n}`, `rack-${rack}`)));

  function racksOf(width: number) {
    const pods = [
      podView(0, "prefill", 0, { node: "a-1" }),
      podView(0, "prefill", 1, { node: "a-1" }),
      podView(0, "router", 0, { node: "a-2", gpus: 0 }),
      podView(0, "decode", 0, { node: null, state: "waiting", uid: "place:0-decode-0" }),
      podView(1, "prefill", 0, { node: null, state: "waiting", uid: "place:1-prefill-0" }),
    ];
    const detail = setDetail(ROLES);
    const model = prepareTopology(
      detail,
      [groupView(0, ROLES), groupView(1, ROLES, { phase: "Pending", cluster: null, domain: null })],
      pods,
    );
    const foreign = podView(0, "w", 0, { set: "other", name: "other-0-w-0", uid: "f", node: "b-1", gpus: 8 });
    const racks = prepareRacks(detail, model, [{ name: "west", detail: null, nodes, pods: [...pods, foreign] }]);
    return { racks, layout: layoutRacks(model, racks, width, 400) };
  }

  it.each([390, 844])("a pod is as wide as its GPUs and stands in its node's row, at %d px", (width) => {
    const { layout } = racksOf(width);
    const row = layout.nodes.find((placed) => placed.node.view.name === "a-1");
    const pods = layout.pods.filter((placed) => placed.item.pod.node === "a-1");
    expect(pods.map((placed) => placed.y)).toEqual([row?.y, row?.y]);
    expect(pods[0]?.w).toBeGreaterThan(3 * (row?.slotW ?? 0));
    expect((pods[0]?.x ?? 0) + (pods[0]?.w ?? 0)).toBeLessThan(pods[1]?.x ?? 0);
    expect(overlapping(layout.cells)).toEqual([]);
  });

  it("a pod of a placed group that has no node yet waits in its rack", () => {
    const { racks, layout } = racksOf(844);
    expect(racks.clusters[0]?.racks.map((rack) => [rack.name, rack.unbound.map((item) => item.pod.name)])).toEqual([
      ["rack-a", ["demo-0-decode-0"]],
      ["rack-b", []],
    ]);
    const rack = layout.racks[0];
    const waiting = layout.cells.find((placed) => placed.cell.pod.name === "demo-0-decode-0");
    expect(rack !== undefined && waiting !== undefined && waiting.y > rack.y && waiting.y < rack.y + 30).toBe(true);
  });

  it("without a topology constraint it waits at its cluster", () => {
    const detail = setDetail(ROLES);
    const pods = [podView(0, "decode", 0, { node: null, state: "starting" })];
    const model = prepareTopology(detail, [groupView(0, ROLES, { domain: null })], pods);
    const racks = prepareRacks(detail, model, [{ name: "west", detail: null, nodes, pods: [] }]);
    expect(racks.clusters[0]?.unbound.map((item) => item.pod.name)).toEqual(["demo-0-decode-0"]);
    expect(layoutRacks(model, racks, 844, 400).cells).toHaveLength(1);
  });

  it("groups that share nodes are outlined stretch by stretch, without overlap", () => {
    const detail = setDetail(ROLES);
    const pods = [
      podView(0, "prefill", 0, { node: "a-1" }),
      podView(0, "prefill", 1, { node: "a-2" }),
      podView(1, "prefill", 0, { node: "a-1" }),
      podView(1, "prefill", 1, { node: "a-2" }),
      podView(1, "router", 0, { node: "a-2", gpus: 0 }),
    ];
    const model = prepareTopology(detail, [groupView(0, ROLES), groupView(1, ROLES)], pods);
    const racks = prepareRacks(detail, model, [{ name: "west", detail: null, nodes, pods: [] }]);
    const { groups } = layoutRacks(model, racks, 844, 400);
    for (const a of groups) {
      for (const b of groups) if (a.group !== b.group) expect(overlap(a, b)).toBe(false);
    }
  });

  it("an unplaced group stands in the tray", () => {
    const { racks, layout } = racksOf(844);
    expect(racks.unplaced.map((group) => group.view.index)).toEqual([1]);
    expect(layout.tray).not.toBeNull();
    expect(Math.min(...layout.clusters.map((placed) => placed.y))).toBeGreaterThanOrEqual(layout.tray?.h ?? 0);
  });

  it("names the groups of other sets once and outlines none of them", () => {
    const { layout } = racksOf(844);
    expect(layout.names.map((name) => name.text)).toEqual(["other-0"]);
    expect(layout.groups.every((placed) => placed.group.view.index === 0)).toBe(true);
  });
});

describe("hitTest", () => {
  it("finds the pod before its group, and nothing outside", () => {
    const layout = layoutLanes(modelOf(2), 844, 300);
    const placed = layout.cells[0];
    const lane = layout.groups[1];
    expect(placed === undefined ? null : hitTest(layout, placed.x + 2, placed.y + 2)?.cell?.label).toBe("prefill-0");
    expect(lane === undefined ? null : hitTest(layout, 4, lane.y + 4)).toEqual({ group: 1, cell: null, other: null });
    expect(hitTest(layout, 4, 10_000)).toBeNull();
  });
});

describe("multi-node instances", () => {
  const roles = [{ ...roleView("prefill", 3), size: 4 }, roleView("router", 1, ["prefill"])];
  const instancePods = (group: number) =>
    [0, 1, 2].flatMap((ordinal) =>
      [0, 1, 2, 3].map((worker) =>
        podView(group, "prefill", ordinal, { worker, name: `demo-${group}-prefill-${ordinal}-${worker}` }),
      ),
    );
  const model = (groups: number, pods = instancePods) => {
    const indices = Array.from({ length: groups }, (_, index) => index);
    return prepareTopology(
      setDetail(roles, { replicas: groups }),
      indices.map((index) => groupView(index, roles)),
      indices.flatMap((index) => [...pods(index), podView(index, "router", 0)]),
    );
  };

  it.each([1440, 900, 390])("in lanes of %i pixels a leader and its workers are one frame", (width) => {
    const layout = layoutLanes(model(2), width, 400);
    const frames = layout.instances.filter((frame) => frame.group === 0);
    const inside = (frame: Rect) =>
      layout.cells.filter((cell) => cell.cell.group === 0 && overlap(cell, frame)).map((cell) => cell.cell.label);
    expect(frames.map(inside)).toEqual(
      [0, 1, 2].map((ordinal) => [0, 1, 2, 3].map((worker) => `prefill-${ordinal}-${worker}`)),
    );
    expect(overlapping(layout.cells)).toEqual([]);
  });

  it("in slabs each instance is one frame, too, and stays inside its slab", () => {
    const layout = layoutSlabs(model(60), 1440, 700);
    expect(layout.instances).toHaveLength(180);
    expect(overlapping(layout.cells)).toEqual([]);
    for (const group of layout.groups)
      for (const { cell, y, h } of layout.cells)
        if (cell.group === group.group.view.index) expect(y + h).toBeLessThanOrEqual(group.y + group.h + 0.01);
  });

  it("a worker that is missing leaves its gap, and nothing else moves", () => {
    const whole = layoutLanes(model(1), 1440, 400);
    const less = layoutLanes(
      model(1, (group) => instancePods(group).filter((pod) => pod.worker !== 2)),
      1440,
      400,
    );
    const at = (layout: typeof whole, label: string) => layout.cells.find(({ cell }) => cell.label === label)?.x;
    expect(at(less, "prefill-1-3")).toBe(at(whole, "prefill-1-3"));
    expect(at(less, "prefill-1-2")).toBeUndefined();
  });
});
