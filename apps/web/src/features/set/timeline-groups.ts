import type { TimelineItem } from "@openpatio/core/view";

export const TIMELINE_FILTERS = ["all", "failures", "rollouts", "scaling", "placement"] as const;
export type TimelineFilter = (typeof TIMELINE_FILTERS)[number];

type Kind = TimelineItem["kind"];

const FILTER_OF = {
  "set.created": "rollouts",
  "set.changed": "rollouts",
  "set.refused": "rollouts",
  "set.deleting": "scaling",
  "set.deleted": "scaling",
  "group.placed": "placement",
  "group.moving": "placement",
  "group.moved": "placement",
  "group.returned": "placement",
  "group.unplaced": "placement",
  "group.starting": "scaling",
  "group.role-started": "scaling",
  "group.ready": "scaling",
  "group.failed": "failures",
  "group.recovering": "failures",
  "group.stopping": "scaling",
  "group.stopped": "scaling",
  "group.gave-up": "failures",
  "group.stalled": "failures",
  "group.updating": "rollouts",
  scaled: "scaling",
  "rollout.started": "rollouts",
  "rollout.paused": "rollouts",
  "rollout.resumed": "rollouts",
  "rollout.finished": "rollouts",
  "rollout.aborted": "rollouts",
  "rollout.rolled-back": "rollouts",
  "rollout.restarted": "rollouts",
  "rollout.stalled": "failures",
  "object.restored": "failures",
  "object.conflict": "failures",
  "pod.deleted": "failures",
  "cluster.registered": "placement",
  "cluster.changed": "placement",
  "cluster.removed": "placement",
  "cluster.lost": "failures",
  "cluster.ousted": "failures",
  "cluster.taken": "placement",
  "cluster.found": "failures",
  "node.changed": "placement",
  "sandbox.fault": "failures",
} as const satisfies Record<Kind, Exclude<TimelineFilter, "all">>;

export type TimelineMinute = {
  /** Start of the minute, epoch milliseconds. */
  readonly atMs: number;
  /** True where the day differs from the minute above. */
  readonly isNewDay: boolean;
  readonly items: readonly TimelineItem[];
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Newest first, filtered, one heading per minute. Items that come twice (live and paged) count once. */
export function timelineMinutes(
  items: readonly TimelineItem[],
  filter: TimelineFilter,
  group: number | null,
): readonly TimelineMinute[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  const sorted = [...byId.values()]
    .filter((item) => filter === "all" || FILTER_OF[item.kind] === filter)
    .filter((item) => group === null || item.group === group)
    .toSorted((a, b) => compareIds(b.id, a.id));
  const minutes: { atMs: number; isNewDay: boolean; items: TimelineItem[] }[] = [];
  for (const item of sorted) {
    const atMs = Math.floor(item.atMs / MINUTE_MS) * MINUTE_MS;
    const last = minutes.at(-1);
    if (last?.atMs === atMs) last.items.push(item);
    else {
      const isNewDay = last === undefined || Math.floor(last.atMs / DAY_MS) !== Math.floor(atMs / DAY_MS);
      minutes.push({ atMs, isNewDay, items: [item] });
    }
  }
  return minutes;
}

/** Ids are rising whole numbers of any length. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
