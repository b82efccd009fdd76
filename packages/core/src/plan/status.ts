import {
  type GroupPhase,
  type GroupState,
  type GroupStatus,
  groupRoles,
  type RoleStatus,
  SET_PHASES,
  type SetPhase,
  type SetState,
  type SetStatus,
} from "../model/index.ts";
import type { AssessedGroup, RunningGroup } from "./assess.ts";
import type { PlanContext } from "./context.ts";
import { groupMessage, readyMessage } from "./group-message.ts";
import { failoverDueMs } from "./relocation.ts";
import { isGivenUp, isRestarting, restartDueMs } from "./role-restarts.ts";
import { rolloutMessage } from "./rollout-message.ts";
import { isOutdated, isRolloutActive, isRolloutPaused, runsTarget, targetRevision } from "./rollout-state.ts";
import { nextForceMs } from "./stuck-pods.ts";
import { volumesMessage } from "./volumes.ts";
import { ofGroup, plural } from "./words.ts";

/** Status of a set, but for the conditions. `groups`: that of each of its groups. */
export function setStatus(
  context: PlanContext,
  set: SetState,
  assessed: readonly AssessedGroup[],
  groups: readonly GroupStatus[],
): SetStatus {
  const wanted = assessed.filter(({ group }) => !set.isDeleting && group.index < set.spec.replicas);
  const phase = setPhase(set, groups);
  const updatedGroups = wanted.filter(({ group }) => isUpdated(set, group)).length;
  return {
    phase,
    message:
      (phase === "Deleting" && groups.length === 0 ? volumesMessage(context) : null) ??
      setMessage(set, phase, { groups, updatedGroups }),
    replicas: set.spec.replicas,
    readyGroups: groups.filter(
      (group) => group.phase === "Ready" && (set.isDeleting || group.index < set.spec.replicas),
    ).length,
    updatedGroups,
    unplacedGroups: wanted.filter(({ group }) => group.stage === "unplaced").length,
    currentRevision: set.rollout.lastGood,
    updateRevision: targetRevision(set).number,
    observedGeneration: set.generation,
    conditions: set.conditions,
    groups,
  };
}

function isUpdated(set: SetState, group: GroupState): boolean {
  return group.stage === "running" && runsTarget(set, group) && !isOutdated(set, group);
}

export function groupStatus(context: PlanContext, set: SetState, item: AssessedGroup): GroupStatus {
  const { group } = item;
  const phase = groupPhase(item);
  return {
    index: group.index,
    phase,
    cluster: group.placement?.cluster ?? null,
    domain: group.placement?.domain?.value ?? null,
    revision: group.revision,
    incarnation: group.incarnation,
    roles: roleStatuses(set, item),
    message: phase === "Ready" ? readyMessage(context, group) : groupMessage(context, set, item),
    untilMs: untilMs(context, item),
  };
}

function untilMs(context: PlanContext, { group, isInReach }: AssessedGroup): number | null {
  if (!isInReach) {
    const dueMs = failoverDueMs(context, group);
    return dueMs === null || dueMs <= context.nowMs ? null : dueMs;
  }
  return group.stage === "waiting" ? group.notBeforeMs : (nextForceMs(context, group) ?? restartDueMs(group));
}

function roleStatuses(set: SetState, { group, running }: AssessedGroup): readonly RoleStatus[] {
  if (running !== null)
    return running.progress.map(({ role, ready }) => ({ role: role.role, ready, replicas: role.replicas }));
  return groupRoles(set, group.revision, group.external).map(({ role, replicas }) => ({ role, ready: 0, replicas }));
}

function groupPhase({ group, isInReach, running }: AssessedGroup): GroupPhase {
  if (group.teardown?.next === "remove") return "Deleting";
  if (!isInReach) return "Unknown";
  switch (group.stage) {
    case "unplaced":
      return "Pending";
    case "teardown":
      return group.teardown?.cause.kind === "failure" ? "Recovering" : "Updating";
    case "waiting":
      if (group.notBeforeMs === null) return "Failed";
      return group.lastCause?.kind === "failure" ? "Recovering" : "Updating";
    case "running":
      if (running !== null) return runningPhase(group, running);
      return group.workloadGoneSinceMs === undefined ? "Unknown" : "Recovering";
  }
}

function runningPhase(group: AssessedGroup["group"], running: RunningGroup): GroupPhase {
  if (running.isReady) return "Ready";
  if (isGivenUp(group)) return "Failed";
  if (isRestarting(group)) return "Recovering";
  if (group.firstReadyAtMs !== null && !running.isAvailable) return "Degraded";
  if (group.stalledReason !== null) return "Degraded";
  if (group.roleUpdate !== null) return "Updating";
  if (group.firstReadyAtMs !== null || group.incarnation <= 1) return "Starting";
  const kind = group.lastCause?.kind;
  if (kind === "failure" || kind === "failover") return "Recovering";
  return kind === "rollout" || kind === "restart" || kind === "move" ? "Updating" : "Starting";
}

/** The worst of its groups; what a person asked for comes before what follows from it. */
function setPhase(set: SetState, groups: readonly GroupStatus[]): SetPhase {
  if (set.isDeleting) return "Deleting";
  const phases = new Set<SetPhase>();
  for (const group of groups) {
    // A group that goes by scale-in is no trouble of the set, and an unreachable one is as bad as a broken one.
    if (group.phase !== "Deleting") phases.add(group.phase === "Unknown" ? "Degraded" : group.phase);
    else if (isWantedAgain(set, group)) phases.add("Pending");
  }
  if (set.rollout.stalledReason !== null) phases.add("Degraded");
  if (isRolloutActive(set)) phases.add(isRolloutPaused(set) ? "Paused" : "Updating");
  return SET_PHASES.find((phase) => phases.has(phase)) ?? "Ready";
}

/** It goes to its end, and then comes as a new one. */
function isWantedAgain(set: SetState, { phase, index }: GroupStatus): boolean {
  return phase === "Deleting" && index < set.spec.replicas;
}

function setMessage(
  set: SetState,
  phase: SetPhase,
  status: Pick<SetStatus, "groups" | "updatedGroups">,
): string | null {
  const { groups } = status;
  const told = groups.filter(({ message }) => message !== null);
  const [going] = told;
  if (phase === "Deleting") {
    const rest = `${plural(groups.length, "group")} to go.`;
    if (groups.length === 0) return "Nothing is left of it.";
    return going?.message ? `${rest} ${ofGroup(going.index, going.message)}` : rest;
  }
  if (set.rollout.stalledReason !== null || phase === "Paused") return rolloutMessage(set, status);
  const worst = told.filter(
    (group) =>
      group.phase === phase ||
      (phase === "Degraded" && group.phase === "Unknown") ||
      (phase === "Pending" && isWantedAgain(set, group)),
  );
  const [first] = worst;
  if (first?.message) {
    const more = worst.length === 1 ? "" : ` ${plural(worst.length - 1, "other group")} too.`;
    return `${ofGroup(first.index, first.message)}${more}`;
  }
  return isRolloutActive(set) ? rolloutMessage(set, status) : null;
}
