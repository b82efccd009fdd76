import { describe, expect, test } from "vitest";
import { layoutBoard, type PlacedCard, PORT_Y, routeWire, wirePath } from "./board-layout.ts";
import { readDesign } from "./design.ts";
import { COMMENTED } from "./testing.ts";

const { roles } = readDesign(COMMENTED);
const card = (cards: readonly PlacedCard[], name: string): PlacedCard => {
  const found = cards.find((each) => each.role.name === name);
  if (found === undefined) throw new Error(`no card ${name}`);
  return found;
};

describe("columns", () => {
  const layout = layoutBoard(roles, true, 1200);

  test("a card stands in the wave in which its role starts", () => {
    expect(layout.cards.map((each) => [each.role.name, each.wave])).toEqual([
      ["kv-store", 0],
      ["prefill", 1],
      ["decode", 2],
      ["router", 3],
    ]);
    expect(layout.waves.map((wave) => wave.after)).toEqual([
      [],
      ["kv-store"],
      ["kv-store", "prefill"],
      ["prefill", "decode"],
    ]);
  });

  test("waves share the canvas and cards do not overlap", () => {
    expect(layout.waves.map((wave) => wave.width)).toEqual([300, 300, 300, 300]);
    const independent = layoutBoard(
      roles.map((role) => ({ ...role, dependencies: [] })),
      true,
      1200,
    );
    expect(independent.waves).toHaveLength(1);
    const sorted = independent.cards.toSorted((a, b) => a.y - b.y);
    for (const [i, each] of sorted.entries()) {
      const next = sorted[i + 1];
      if (next !== undefined) expect(each.y + each.height).toBeLessThan(next.y);
    }
  });

  test("without an order nothing waits", () => {
    expect(layoutBoard(roles, false, 1200).waves.flatMap((wave) => wave.after)).toEqual([]);
  });

  test("a ring in the text still has a place for every role", () => {
    const ringed = roles.map((role) => (role.name === "kv-store" ? { ...role, dependencies: ["router"] } : role));
    expect(layoutBoard(ringed, true, 1200).cards).toHaveLength(4);
  });

  test("a problem makes room for its sentence", () => {
    const [first] = roles;
    if (first === undefined) throw new Error("no role");
    const bad = { ...first, problems: [{ path: "", code: "value", message: "x" } as const] };
    expect(layoutBoard([bad], true, 1200).cards[0]?.height).toBeGreaterThan(
      layoutBoard([first], true, 1200).cards[0]?.height ?? 0,
    );
  });

  test("no role, no wave", () => {
    expect(layoutBoard([], true, 1200)).toMatchObject({ cards: [], waves: [] });
  });
});

describe("wires", () => {
  const layout = layoutBoard(roles, true, 1200);

  test("between neighbours one bend, in the joint of the two waves", () => {
    const from = card(layout.cards, "kv-store");
    const to = card(layout.cards, "prefill");
    const joint = layout.waves[1]?.x;
    const points = routeWire(layout, from, to);
    expect(points[0]).toEqual([from.x + from.width, from.y + PORT_Y]);
    expect(points.at(-1)).toEqual([to.x, to.y + PORT_Y]);
    expect(points.slice(1, -1).every(([x]) => x === joint)).toBe(true);
  });

  test("over a wave in between no card is crossed", () => {
    const from = card(layout.cards, "kv-store");
    const to = card(layout.cards, "decode");
    const between = card(layout.cards, "prefill");
    for (const [i, [x, y]] of routeWire(layout, from, to).entries()) {
      const next = routeWire(layout, from, to)[i + 1];
      if (next === undefined || next[1] !== y) continue;
      const passes = Math.min(x, next[0]) < between.x + between.width && Math.max(x, next[0]) > between.x;
      if (passes) expect(y < between.y || y > between.y + between.height).toBe(true);
    }
  });

  test("against the order it runs around all cards", () => {
    const lowest = Math.max(...layout.cards.map((each) => each.y + each.height));
    const points = routeWire(layout, card(layout.cards, "router"), card(layout.cards, "kv-store"));
    expect(Math.max(...points.map(([, y]) => y))).toBeGreaterThan(lowest);
  });
});

describe("a narrow canvas", () => {
  const layout = layoutBoard(roles, true, 390);

  test("stacks the waves, each card as wide as there is room", () => {
    expect(layout.isStacked).toBe(true);
    expect(new Set(layout.cards.map((each) => each.x)).size).toBe(1);
    expect(layout.cards.every((each) => each.x + each.width <= 390)).toBe(true);
    expect(layout.height).toBeGreaterThan(4 * 160);
  });

  test("leads wires through the margin, left of every card", () => {
    const points = routeWire(layout, card(layout.cards, "kv-store"), card(layout.cards, "router"));
    expect(points.slice(1, -1).every(([x]) => x >= 0 && x < (layout.cards[0]?.x ?? 0))).toBe(true);
  });
});

describe("paths", () => {
  test("corners are rounded and the arrowhead has its gap", () => {
    expect(
      wirePath(
        [
          [0, 0],
          [50, 0],
          [50, 40],
          [100, 40],
        ],
        6,
        7,
      ),
    ).toBe("M0,0L44,0Q50,0 50,6L50,34Q50,40 56,40L93,40");
  });

  test("a straight wire has no corner", () => {
    expect(
      wirePath(
        [
          [0, 10],
          [50, 10],
          [50, 10],
          [100, 10],
        ],
        6,
      ),
    ).toBe("M0,10L50,10Q50,10 50,10L100,10".replace("L50,10Q50,10 50,10", "L44,10Q50,10 56,10"));
  });
});
