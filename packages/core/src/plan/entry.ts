import { type GroupState, type KubeObject, keptCopy, type ObservedObject } from "../model/index.ts";
import { renderEntry } from "../project/entry.ts";
import { contentHashOf, dataHash } from "../project/labels.ts";
import type { AssessedGroup } from "./assess.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { isOrphaning, releaseEntry } from "./orphan.ts";
import { restore, withoutFights } from "./restore.ts";

/**
 * Keeps the Service through which clients reach the set: on every cluster that has a group of it, from the first
 * placement until the set goes. Scaled to 0 groups it stays, so that its address does.
 *
 * The lowest group on a cluster keeps the books of what was put back there. Returns the groups with them.
 */
export function planEntry(
  context: PlanContext,
  groups: readonly AssessedGroup[],
  notes: PlanNotes,
): readonly AssessedGroup[] {
  const { set } = context;
  const wanted = set.isDeleting ? null : renderEntry(set);
  let after = groups;
  if (isOrphaning(set)) {
    for (const cluster of context.everything.keys()) releaseEntry(context, cluster, notes);
    return groups;
  }
  for (const cluster of context.everything.keys()) {
    const existing = context.entry(cluster);
    const keeper = after.find(({ group }) => group.placement?.cluster === cluster && group.teardown?.next !== "remove");
    const isServed = after.some(({ group }) => keptCopy(group)?.copy.placement?.cluster === cluster);
    const isKept = set.spec.replicas === 0 && (context.live(cluster)?.removal ?? null) === null;
    const isWanted = keeper !== undefined || (existing !== null && (isServed || isKept));
    if (wanted === null || !isWanted) {
      if (context.live(cluster)?.removal === "orphan") releaseEntry(context, cluster, notes);
      else if (existing !== null && existing.deletionAtMs === null) notes.actions.push(deletion(cluster, existing));
      continue;
    }
    if (existing === null) notes.actions.push({ kind: "create", cluster, group: null, object: wanted });
    if (existing !== null && keeper !== undefined && isCurrent(existing, wanted))
      after = replaced(after, keeper, withoutFights(keeper.group, `Service/${existing.name}`));
    if (existing === null || existing.deletionAtMs !== null || isCurrent(existing, wanted)) continue;
    if (isForeign(existing, wanted)) {
      // With no group left to keep the books it waits for one.
      if (keeper === undefined) continue;
      const manager = existing.changedBy;
      const message = `Service ${existing.name} was changed${manager === null ? "" : ` by ${manager}`}`;
      const over = { field: "spec", manager, seen: existing.dataHash ?? "" };
      const change = { object: `Service/${existing.name}`, message, over };
      const restored = restore(context, keeper.group, change, notes);
      after = replaced(after, keeper, restored.group);
      if (!restored.isUndone) continue;
    }
    notes.actions.push({ kind: "update", group: null, ref: refTo(cluster, "v1", existing), object: wanted });
  }
  return after;
}

const replaced = (
  items: readonly AssessedGroup[],
  keeper: AssessedGroup,
  group: GroupState,
): readonly AssessedGroup[] =>
  group === keeper.group ? items : items.map((item) => (item === keeper ? { ...item, group } : item));

const deletion = (cluster: string, entry: ObservedObject) =>
  ({ kind: "delete", group: null, ref: refTo(cluster, "v1", entry), propagation: "Background" }) as const;

const isCurrent = (existing: ObservedObject, wanted: KubeObject): boolean =>
  existing.contentHash === contentHashOf(wanted) && existing.dataHash === dataHash(wanted);

/** It is marked as the one that is wanted and says something else. */
const isForeign = (existing: ObservedObject, wanted: KubeObject): boolean =>
  existing.contentHash === contentHashOf(wanted);
