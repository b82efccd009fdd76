import { API_VERSION, groupName } from "@openpatio/core/model";
import type { ObjectRef, TimelineKind } from "@openpatio/core/plan";
import type { TimelineItem } from "@openpatio/core/view";
import type { Fleet, Member } from "../clusters/fleet.ts";
import type { Logger } from "../log.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import { refOf } from "./resource-status.ts";

/** What a person should look at, as `kubectl events --types=Warning` lists it. */
const WARNINGS: ReadonlySet<TimelineKind> = new Set<TimelineKind>([
  "set.refused",
  "group.unplaced",
  "group.failed",
  "group.gave-up",
  "group.stalled",
  "rollout.stalled",
  "object.conflict",
]);

/** Of one set: a burst, and then one a second. The timeline has them all. */
const BURST = 50;
const REFILL_MS = 1_000;
/** So many wait for a cluster that is slow; the oldest ones are old news. */
const MAX_WAITING = 200;

type Budget = { left: number; atMs: number };

/**
 * Tells what the timeline says of a set that is kept in a cluster there as well, as Events on the set and on the
 * RoleBasedGroup of the group: `kubectl describe` says the same sentence as the console. Best effort, as all Events are;
 * nothing is decided from them.
 */
export class EventTeller {
  private readonly options: {
    readonly fleet: Fleet;
    readonly mayAct: () => boolean;
    readonly nowMs: () => number;
    readonly log: Logger;
  };
  private readonly budgets = new Map<string, Budget>();
  private readonly waiting = new Map<string, TimelineItem[]>();
  readonly stop: () => void;

  constructor(options: EventTeller["options"] & { readonly timeline: TimelineStore }) {
    this.options = options;
    this.stop = options.timeline.onItems((items) => {
      for (const item of items) if (item.home !== null && item.set !== null) this.add(item.home, item);
    });
  }

  private add(cluster: string, item: TimelineItem): void {
    if (!this.options.mayAct() || !this.take(`${cluster}/${item.namespace}/${item.set}`)) return;
    const waiting = this.waiting.get(cluster);
    if (waiting !== undefined) {
      if (waiting.length >= MAX_WAITING) waiting.shift();
      waiting.push(item);
      return;
    }
    this.waiting.set(cluster, [item]);
    void this.tellAll(cluster);
  }

  /** In the order of the timeline, one after another: they are not urgent. */
  private async tellAll(cluster: string): Promise<void> {
    const waiting = this.waiting.get(cluster) ?? [];
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const member = this.options.fleet.get(cluster);
      if (member === null || member.health !== "live") continue;
      try {
        for (const about of subjectsOf(member, item)) await member.port.sets.tell({ about, ...wordsOf(item) });
      } catch (error) {
        this.options.log.info({ err: error, cluster, set: item.set }, "an event was not told");
      }
    }
    this.waiting.delete(cluster);
  }

  private take(key: string): boolean {
    const nowMs = this.options.nowMs();
    const before = this.budgets.get(key) ?? { left: BURST, atMs: nowMs };
    const left = Math.min(BURST, before.left + Math.max(0, nowMs - before.atMs) / REFILL_MS);
    this.budgets.set(key, { left: left < 1 ? left : left - 1, atMs: nowMs });
    return left >= 1;
  }
}

/** The set, and the group that it is about, as far as they are there. */
function subjectsOf({ name: cluster, port }: Member, item: TimelineItem): readonly ObjectRef[] {
  const { namespace, set, group } = item;
  if (namespace === null || set === null) return [];
  const resource = port.sets.get(namespace, set);
  const owner =
    group === null
      ? undefined
      : port
          .observe()
          .set(namespace, set)
          .owners.find((one) => one.groupIndex === group && one.name === groupName(set, group));
  const { kind, uid, name } = owner ?? { kind: "", uid: "", name: "" };
  return [
    ...(resource === null ? [] : [refOf(cluster, resource)]),
    ...(owner === undefined ? [] : [{ cluster, apiVersion: API_VERSION, kind, namespace, name, uid }]),
  ];
}

/** The words of a line of the timeline as an Event has them. */
export function wordsOf({ kind, cause, decision, atMs }: Pick<TimelineItem, "kind" | "cause" | "decision" | "atMs">) {
  const reason = kind
    .split(/[.-]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
  const type = WARNINGS.has(kind) ? ("Warning" as const) : ("Normal" as const);
  return { type, reason, message: cause === null ? decision : `${decision}: ${cause}`, atMs };
}
