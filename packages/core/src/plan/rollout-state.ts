import { findRevision, type GroupState, type Revision, type RolloutState, type SetState } from "../model/index.ts";
import { amountOf } from "../spec/amount.ts";
import { revisionRoleHash } from "../spec/revision.ts";

/** Questions about a rollout that several stages and the views ask. Revisions are compared by hash, never by number. */

export function targetRevision(set: Pick<SetState, "revisions" | "rollout">): Revision {
  return findRevision(set, set.rollout.target);
}

/** What an abort or a failed rollout returns to: the last good revision, where that is other content than the target's. */
export function revisionToReturnTo(set: Pick<SetState, "revisions" | "rollout">): Revision | null {
  const good = set.revisions.find((revision) => revision.number === set.rollout.lastGood);
  return good === undefined || good.hash === targetRevision(set).hash ? null : good;
}

/** By the controls or by the spec. */
export function isRolloutPaused(set: Pick<SetState, "spec" | "rollout">): boolean {
  return set.rollout.isPaused || set.spec.rollout.paused;
}

/** No further group may be taken to the target: paused by a person, or stopped by the deadline. */
export function isRolloutHeld(set: Pick<SetState, "spec" | "rollout">): boolean {
  return isRolloutPaused(set) || set.rollout.stalledReason !== null;
}

type Rolled = Pick<SetState, "revisions" | "rollout" | "spec">;

/** The group has yet to be taken to the target's content, or has yet to follow a restart request. */
export function isOutdated(set: Rolled, group: Pick<GroupState, "index" | "revision" | "restartSeen">): boolean {
  return group.restartSeen < set.rollout.restart || hasOldContent(set, group);
}

/** The group is to leave the content that it has: the partition does not hold it. */
export function hasOldContent(set: Rolled, group: Pick<GroupState, "index" | "revision">): boolean {
  return group.index >= set.spec.rollout.partition && !runsTarget(set, group);
}

/** A canary's other groups: the partition holds them at content that is not the target's, whatever becomes of them. */
export function isHeldBack(set: Rolled, group: Pick<GroupState, "index" | "revision">): boolean {
  return group.index < set.spec.rollout.partition && !runsTarget(set, group);
}

export function runsTarget(set: Pick<SetState, "revisions" | "rollout">, group: Pick<GroupState, "revision">): boolean {
  if (group.revision === set.rollout.target) return true;
  return findRevision(set, group.revision).hash === targetRevision(set).hash;
}

/** Any group has still to be taken to the target. */
export function isRolloutActive(set: Rolled & Pick<SetState, "groups">): boolean {
  return set.groups.some((group) => group.index < set.spec.replicas && isOutdated(set, group));
}

/** Groups that may be unavailable at once: a percentage is rounded down, and without a surge it is at least 1. */
export function maxUnavailable(spec: SetState["spec"]): number {
  const count = amountOf(spec.rollout.maxUnavailable, spec.replicas, Math.floor);
  return maxSurge(spec) > 0 ? count : Math.max(1, count);
}

/** Extra groups that a rollout may make: a percentage is rounded up. */
export function maxSurge(spec: SetState["spec"]): number {
  return amountOf(spec.rollout.maxSurge, spec.replicas, Math.ceil);
}

/** A rollout that begins now, with everything of its progress still before it. */
export function begun(rollout: RolloutState, nowMs: number): RolloutState {
  return { ...rollout, stalledReason: null, startedAtMs: nowMs, progressAtMs: nowMs, mostReady: 0 };
}

/** The revisions differ only in roles that one of them lacks: those start or stop alone, all others stay. */
export function differsInRolesOnly(from: Revision, to: Revision): boolean {
  const common = from.content.roles.filter((role) => to.content.roles.some((other) => other.role === role.role));
  return (
    common.length > 0 &&
    common.every(({ role }) => revisionRoleHash(from.content, role) === revisionRoleHash(to.content, role))
  );
}
