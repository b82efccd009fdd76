import type { GroupState, GroupStatus, SetState, SetStatus } from "../model/index.ts";
import { canaryMessage, heldBackGroups } from "./canary.ts";
import { hasOldContent, isOutdated, isRolloutPaused, maxUnavailable, runsTarget } from "./rollout-state.ts";
import { plural } from "./words.ts";

/** How far a rollout or a restart of all groups is. */
type RolloutProgress = {
  readonly isActive: boolean;
  readonly isRestart: boolean;
  /** Groups that are yet to be taken down or to come back. */
  readonly behind: number;
  /** Extra groups that are there to make up for them. */
  readonly extras: readonly GroupState[];
};

export function rolloutProgress(set: SetState): RolloutProgress {
  const { groups, rollout } = set;
  const isBehind = (group: GroupState): boolean =>
    (group.incarnation > 0 && hasOldContent(set, group)) ||
    group.restartSeen < rollout.restart ||
    group.takenDown ||
    group.teardown?.cause.kind === "rollout" ||
    group.teardown?.cause.kind === "restart";
  const behind = groups.filter((group) => !group.isSurge && isBehind(group));
  const isOfRestart = (group: GroupState): boolean =>
    runsTarget(set, group) && (group.restartSeen < rollout.restart || group.lastCause?.kind === "restart");
  return {
    isActive: !set.isDeleting && behind.length > 0,
    isRestart: behind.every(isOfRestart),
    behind: behind.length,
    extras: groups.filter((group) => group.isSurge && group.teardown?.next !== "remove"),
  };
}

/** One or two sentences: how far the rollout is, what holds the next group back, or what a change would take. */
export function rolloutMessage(set: SetState, status: Pick<SetStatus, "groups" | "updatedGroups">): string {
  const { rollout, spec, groups } = set;
  if (rollout.stalledReason !== null) return withStop(rollout.stalledReason);
  const { isActive, isRestart, behind } = rolloutProgress(set);
  const heldBack = heldBackGroups(set);
  const total = groups.filter((group) => !group.isSurge).length;
  const done = isRestart ? "restarted" : `on revision ${rollout.target}`;
  const progress = `${total - behind - (isRestart ? 0 : heldBack)} of ${plural(total, "group")} ${done}`;
  const held = heldBack === 0 ? "" : ` Partition ${spec.rollout.partition} holds ${heldBack} back.`;
  if (isRolloutPaused(set))
    return isActive
      ? `Paused: ${progress}. No further group is taken down.${held}`
      : `Paused: a change waits until it is resumed.${held}`;
  const budget = maxUnavailable(spec);
  if (!isActive) return canaryMessage(set, status.updatedGroups) ?? restMessage(set, budget);
  const away = status.groups.filter(({ phase, cluster }) => phase === "Unknown" && cluster !== null).length;
  const lost = away > 0 ? ` ${away} of them can't be reached.` : "";
  return `${progress}, at most ${budget} down at a time.${budgetMessage(set, status.groups, budget)}${extraMessage(set, status.groups)}${held}${lost}`;
}

/** While nothing rolls out. */
function restMessage({ groups, spec, rollout, isDeleting }: SetState, budget: number): string {
  if (isDeleting) return "The set is being deleted: nothing rolls out.";
  if (spec.replicas === 0) return "No groups are asked for.";
  const running = groups.filter(
    ({ isSurge, index, stage }) => !isSurge && index < spec.replicas && stage === "running",
  );
  if (running.length < spec.replicas)
    return `${running.length} of ${plural(spec.replicas, "group")} ${running.length === 1 || spec.replicas === 1 ? "runs" : "run"}, at revision ${rollout.target}.`;
  return `Every group is on revision ${rollout.target}. A change takes ${plural(budget, "group")} at a time.`;
}

/** Which group is next, and what it waits for, while the budget is used up. */
function budgetMessage(set: SetState, groups: readonly GroupStatus[], budget: number): string {
  const down = groups.filter(({ index, phase }) => index < set.spec.replicas && phase !== "Ready");
  const [first] = down;
  const next = set.groups.findLast(
    (group) =>
      group.index < set.spec.replicas && isOutdated(set, group) && down.every(({ index }) => index !== group.index),
  );
  if (first === undefined || next === undefined || down.length < budget) return "";
  return ` ${down.length} of ${budget} used; group ${next.index} is next when group ${first.index} is ready.`;
}

/** What the extra groups that come first are about: until they serve, they are all that a rollout may wait for. */
function extraMessage(set: SetState, groups: readonly GroupStatus[]): string {
  const { extras } = rolloutProgress(set);
  const waiting = extras.find((group) => group.readySinceMs === null);
  if (waiting === undefined) return extras.length === 0 ? "" : ` ${extras.length} extra to make up for it.`;
  const message = groups.find((group) => group.index === waiting.index)?.message;
  return ` Extra group ${waiting.index} comes first. ${message ?? ""}`.trimEnd();
}

const withStop = (sentence: string): string => `${sentence.replace(/\.$/, "")}.`;
