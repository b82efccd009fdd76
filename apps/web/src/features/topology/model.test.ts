import { describe, expect, it } from "vitest";
import { copyText, drawnEdges, isEdgeMet, prepareTopology, waveColumns } from "./model.ts";
import { groupView, podView, roleView, setDetail } from "./testing.ts";

const ROLES = [
  roleView("router", 1, ["decode", "prefill"]),
  roleView("decode", 2, ["prefill"]),
  roleView("prefill", 2),
];

describe("columns and arrows", () => {
  it("roles stand in the column of their longest path", () => {
    expect(waveColumns(ROLES).map((column) => column.roles.map((role) => role.role))).toEqual([
      ["prefill"],
      ["decode"],
      ["router"],
    ]);
  });

  it("roles without a path between them share a column", () => {
    const roles = [roleView("store", 1), roleView("prefill", 1, ["store"]), roleView("decode", 1, ["store"])];
    expect(waveColumns(roles).map((column) => column.roles.map((role) => role.role))).toEqual([
      ["store"],
      ["prefill", "decode"],
    ]);
  });

  it("a cycle in an entry does not hang the page", () => {
    const roles = [roleView("a", 1, ["b"]), roleView("b", 1, ["a"])];
    expect(waveColumns(roles).flatMap((column) => column.roles)).toHaveLength(2);
  });

  it("an arrow that another path says already is left out", () => {
    expect(drawnEdges(ROLES)).toEqual([
      { from: "decode", to: "router" },
      { from: "prefill", to: "decode" },
    ]);
  });
});

describe("prepareTopology", () => {
  it("gives the same model whatever the order of the entries", () => {
    const groups = [groupView(1, ROLES), groupView(0, ROLES)];
    const pods = [podView(0, "decode", 1), podView(0, "decode", 0), podView(1, "prefill", 0)];
    const detail = setDetail(ROLES);
    expect(prepareTopology(detail, groups.toReversed(), pods.toReversed())).toEqual(
      prepareTopology(detail, groups, pods),
    );
  });

  it("pods of a copy on another cluster stand apart from those of the same names that the group has now", () => {
    const copies = [{ cluster: "old", domain: "rack-1", incarnation: 1, stage: "move" as const }];
    const group = groupView(0, ROLES, { cluster: "new", incarnation: 2, copies });
    const now = podView(0, "decode", 0, { cluster: "new", uid: "now", state: "starting" });
    const left = podView(0, "decode", 0, { cluster: "old", uid: "left" });
    const [box] = prepareTopology(setDetail(ROLES), [group], [left, now]).groups;
    const uids = (cells: readonly { readonly pod: { readonly uid: string } }[] = []) => cells.map(({ pod }) => pod.uid);
    expect(uids(box?.roles.flatMap(({ cells }) => cells))).toEqual(["now"]);
    expect(uids(box?.copies[0]?.cells)).toEqual(["left"]);
    expect(box?.copies.map(({ view }) => copyText(view))).toEqual(["incarnation 1 on old/rack-1 serves meanwhile"]);
  });

  it("a pod takes over the place that was kept for it, under the same key", () => {
    const detail = setDetail(ROLES);
    const place = podView(0, "decode", 0, { uid: "place:0-decode-0", state: "waiting" });
    const before = prepareTopology(detail, [groupView(0, ROLES)], [place]);
    const after = prepareTopology(detail, [groupView(0, ROLES)], [place, podView(0, "decode", 0)]);
    const cells = after.groups[0]?.roles.find((role) => role.role === "decode")?.cells;
    expect(cells).toHaveLength(1);
    expect(cells?.[0]?.pod.state).toBe("ready");
    expect(cells?.[0]?.key).toBe(before.groups[0]?.roles.find((role) => role.role === "decode")?.cells[0]?.key);
  });

  it("pods without an ordinal keep what tells them apart", () => {
    const model = prepareTopology(setDetail(ROLES), [groupView(0, ROLES)], [podView(0, "router", null)]);
    expect(model.groups[0]?.roles.at(-1)?.cells[0]?.label).toBe("router-x7k2p");
  });

  it("marks the pod that ended the incarnation, with its exit code", () => {
    const group = groupView(0, ROLES, {
      phase: "Recovering",
      cause: { kind: "failure", message: "engine exited 137", atMs: 0, pod: "demo-0-decode-1", exitCode: 137 },
    });
    const pods = [0, 1].map((k) => podView(0, "decode", k, { state: "tornDown", stateText: "torn down" }));
    const cells = prepareTopology(setDetail(ROLES), [group], pods).groups[0]?.roles[1]?.cells;
    expect(cells?.map((cell) => [cell.isCause, cell.note])).toEqual([
      [false, "torn down"],
      [true, "exit 137"],
    ]);
  });

  it("no longer marks it once its successor runs", () => {
    const group = groupView(0, ROLES, {
      cause: { kind: "failure", message: "engine exited 137", atMs: 0, pod: "demo-0-decode-1", exitCode: 137 },
    });
    const cells = prepareTopology(setDetail(ROLES), [group], [podView(0, "decode", 1)]).groups[0]?.roles[1]?.cells;
    expect(cells?.[0]?.isCause).toBe(false);
  });
});

describe("isEdgeMet", () => {
  const edge = { from: "prefill", to: "decode" };
  const model = (stage: "waiting" | "starting" | "none", waitsFor: readonly string[], ready = 2) =>
    prepareTopology(
      setDetail(ROLES),
      [
        groupView(0, ROLES, {
          roles: [
            {
              role: "prefill",
              ready,
              replicas: 2,
              size: 1,
              stage: "starting",
              waitsFor: [],
              restart: null,
              behind: null,
            },
            { role: "decode", ready: 0, replicas: 2, size: 1, stage, waitsFor, restart: null, behind: null },
          ],
        }),
      ],
      [],
    ).groups[0];

  it.each([
    ["waits for it", "waiting", ["prefill"], 1, false],
    ["waits for another role only", "waiting", ["store"], 2, true],
    ["was started, although the other is not ready any more", "starting", [], 0, true],
    ["is torn down", "none", [], 2, false],
  ] as const)("a role that %s", (_, stage, waitsFor, ready, isMet) => {
    const group = model(stage, waitsFor, ready);
    expect(group !== undefined && isEdgeMet(group, edge)).toBe(isMet);
  });
});
