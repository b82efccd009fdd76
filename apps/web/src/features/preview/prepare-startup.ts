import type { PreviewGroup, PreviewView } from "@openpatio/core/view";

/**
 * What happens to each group, one after another, as lanes over common steps. A step is an order and not a time: how long
 * weights take to load is not known before they are loaded.
 */

export type Segment = {
  readonly kind: "serves" | "stops" | "wave" | "waits" | "gone";
  /** Columns, from inclusive, to exclusive. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
};
export type Lane = {
  readonly group: number;
  readonly where: string;
  readonly segments: readonly Segment[];
};
export type Startup = { readonly steps: number; readonly lanes: readonly Lane[] };

/**
 * Groups in the order in which they are taken: what starts by index; of what restarts, groups that are not Ready first,
 * then the highest index; then what only scales, leaves, waits or stays.
 */
export function orderGroups(groups: readonly PreviewGroup[]): readonly PreviewGroup[] {
  const rank = (group: PreviewGroup) => RANK[group.then];
  const isDown = (group: PreviewGroup) => (group.now === "Ready" ? 1 : 0);
  return groups.toSorted(
    (a, b) =>
      rank(a) - rank(b) || (a.then === "restarts" ? isDown(a) - isDown(b) || b.index - a.index : a.index - b.index),
  );
}

const RANK: Readonly<Record<PreviewGroup["then"], number>> = {
  restarts: 0,
  starts: 1,
  scales: 2,
  removed: 3,
  unplaced: 4,
  stays: 5,
};

/** `maxUnavailable` is in groups, at least 1. */
export function prepareStartup(view: Pick<PreviewView, "groups" | "waves">, maxUnavailable: number): Startup {
  const waves = view.waves.map((wave) => wave.roles.map((role) => role.role).join(", "));
  const turn = 1 + waves.length;
  const ordered = orderGroups(view.groups);
  const begins = beginsOf(ordered, turn, Math.max(1, maxUnavailable));
  const ends = ordered.map((group, i) => (begins[i] ?? 0) + (group.then === "starts" ? waves.length : turn));
  const isMoving = (group: PreviewGroup) => group.then === "restarts" || group.then === "starts";
  const steps = Math.max(1, ...ordered.map((group, i) => (isMoving(group) ? (ends[i] ?? 0) : 1))) + 1;
  const lanes = ordered.map((group, i): Lane => {
    const where = group.cluster === null ? "no place" : [group.cluster, group.domain].filter(Boolean).join("/");
    return { group: group.index, where, segments: segmentsOf(group, begins[i] ?? 0, waves, steps) };
  });
  return { steps, lanes };
}

/** A group that is down anyway begins at once; a Ready one when fewer than the budget are down. */
function beginsOf(groups: readonly PreviewGroup[], turn: number, maxUnavailable: number): readonly number[] {
  const taken: number[] = [];
  return groups.map((group) => {
    if (group.then !== "restarts") return 0;
    let begin = 0;
    if (group.now === "Ready")
      while (taken.filter((other) => other <= begin && begin < other + turn).length >= maxUnavailable) begin++;
    taken.push(begin);
    return begin;
  });
}

function segmentsOf(group: PreviewGroup, begin: number, waves: readonly string[], steps: number): readonly Segment[] {
  const serves = (from: number, to: number, revision: number | null): readonly Segment[] =>
    from >= to
      ? []
      : [{ kind: "serves", from, to, text: revision === null ? "serves" : `serves revision ${revision}` }];
  const start = (from: number): readonly Segment[] => [
    ...waves.map((text, i): Segment => ({ kind: "wave", from: from + i, to: from + i + 1, text })),
    ...serves(from + waves.length, steps, group.toRevision),
  ];
  switch (group.then) {
    case "restarts": {
      const before: readonly Segment[] =
        group.now === "Ready"
          ? serves(0, begin, group.fromRevision)
          : begin > 0
            ? [{ kind: "waits", from: 0, to: begin, text: group.now }]
            : [];
      return [...before, { kind: "stops", from: begin, to: begin + 1, text: "stops" }, ...start(begin + 1)];
    }
    case "starts":
      return start(begin);
    case "removed":
      return [
        { kind: "stops", from: 0, to: 1, text: "stops" },
        { kind: "gone", from: 1, to: steps, text: "removed" },
      ];
    case "unplaced":
      return [{ kind: "waits", from: 0, to: steps, text: "not placed; it starts by itself when there is room" }];
    case "scales":
      return serves(0, steps, group.toRevision).map((each) => ({ ...each, text: "serves while counts change" }));
    case "stays":
      return group.now === "Ready"
        ? serves(0, steps, group.fromRevision)
        : [{ kind: "waits", from: 0, to: steps, text: `${group.now}, as now` }];
  }
}
