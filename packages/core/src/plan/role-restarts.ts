import type { Cause, GroupRole, GroupState, ObservedCluster, RoleRestart } from "../model/index.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { isOnLostNode, isPresent, type ObservedGroup } from "./observed-group.ts";
import { backoffMs } from "./recovery.ts";
import { areHeld } from "./role-workloads.ts";
import type { RoleProgress } from "./roles.ts";
import { deletionOf, duration, listed, plural } from "./words.ts";

/**
 * RecreateRole: a failure recreates its role, and the roles that depend on it, within the incarnation.
 *
 * Each life of a role has a number, which is stored before anything of the life before is deleted. What carries another
 * number is a leftover, and is removed as one; nothing is judged, counted or scaled by it. When a role and all that depend
 * on it are gone, their names are held by workloads with 0 replicas, as those of a later incarnation are, and only then
 * does the first of them start: so a creation that arrives late from an earlier life stands beside nothing.
 */

/** The roles, and all that depend on them directly or through others. In the order of `roles`. */
function withDependents(roles: readonly GroupRole[], failed: readonly string[]): readonly string[] {
  const found = new Set(failed);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { role, dependencies } of roles) if (dependencies.some((name) => found.has(name))) found.add(role);
  }
  return roles.map(({ role }) => role).filter((role) => found.has(role));
}

/** Ends the present life of the failed roles and of those that depend on them. What was not started is left as it is. */
export function restartRoles(
  context: PlanContext,
  group: GroupState,
  at: { readonly roles: readonly GroupRole[]; readonly failed: readonly string[]; readonly observed: ObservedGroup },
  cause: Cause,
  notes: PlanNotes,
): GroupState {
  const { set, nowMs } = context;
  const { roles, failed, observed } = at;
  const ended = withDependents(roles, failed).filter((role) => group.startedRoles.includes(role));
  const before = new Map(group.roleRestarts.map((restart) => [restart.role, restart]));
  const failures = (role: string): number => (before.get(role)?.failuresInRow ?? 0) + (failed.includes(role) ? 1 : 0);
  const most = Math.max(1, ...failed.map(failures));
  const { maxRecoveries, backoff } = set.spec.recovery;
  const isGivenUp = maxRecoveries !== null && most > maxRecoveries;
  const notBeforeMs = isGivenUp ? null : cause.atMs + backoffMs(most, backoff);
  const restarted = ended.map(
    (role): RoleRestart => ({
      role,
      restart: (before.get(role)?.restart ?? 0) + 1,
      stage: "leaving",
      notBeforeMs,
      failuresInRow: failures(role),
      cause,
      sinceMs: nowMs,
    }),
  );
  notes.timeline.push({
    kind: "group.failed",
    group: group.index,
    incarnation: group.incarnation,
    cause: cause.message,
    decision: `Recreate ${listed(ended)} of group ${group.index} within incarnation ${group.incarnation}`,
    actions: deletionOf(observed.workloads.filter(({ role }) => ended.includes(role))),
  });
  const isKept = (one: { readonly role: string }): boolean => !ended.includes(one.role);
  return {
    ...group,
    roleRestarts: [...group.roleRestarts.filter(isKept), ...restarted],
    startedRoles: group.startedRoles.filter((role) => !ended.includes(role)),
    readyPods: group.readyPods.filter(isKept),
    asked: group.asked.filter(isKept),
    unsettledRoles: group.unsettledRoles.filter((role) => !ended.includes(role)),
    lastCause: cause,
    progressAtMs: nowMs,
    stalledReason: null,
  };
}

/** leaving → waiting, when nothing of the life before is left; waiting → starting, when it is due. */
export function advanceRestarts(
  context: PlanContext,
  group: GroupState,
  observed: ObservedGroup,
  notes: PlanNotes,
): GroupState {
  const cluster = context.live(observed.cluster);
  if (cluster === null || !isRestarting(group)) return group;
  const { nowMs } = context;
  const isOfGroup = (role: string): boolean => group.rendering.some((rendered) => rendered.role === role);
  const gone: string[] = [];
  const due: RoleRestart[] = [];
  const roleRestarts = group.roleRestarts.map((before): RoleRestart => {
    let restart = before;
    if (!isOfGroup(restart.role)) return restart.stage === "ready" ? restart : { ...restart, stage: "ready" };
    if (restart.stage === "leaving" && isCleared(restart.role, group, observed, cluster)) {
      restart = { ...restart, stage: "waiting" };
      if (restart.notBeforeMs === null) gone.push(restart.role);
    }
    if (restart.stage !== "waiting" || restart.notBeforeMs === null) return restart;
    if (restart.notBeforeMs > nowMs) {
      notes.wakeAtMs.push(restart.notBeforeMs);
      return restart;
    }
    due.push(restart);
    return { ...restart, stage: "starting" };
  });
  if (gone.length > 0) {
    const most = Math.max(...group.roleRestarts.map((restart) => restart.failuresInRow));
    notes.timeline.push({
      ...line(group, group.lastCause?.message ?? null),
      kind: "group.gave-up",
      decision: `Leave ${listed(gone)} of group ${group.index} stopped after ${plural(most, "failure")} in a row (maxRecoveries)`,
    });
  }
  if (due.length > 0)
    notes.timeline.push({
      ...line(group, due[0]?.cause.message ?? null),
      kind: "group.recovering",
      decision: `Start ${listed(due.map(({ role }) => role))} of group ${group.index} again`,
    });
  if (roleRestarts.every((restart, i) => restart === group.roleRestarts[i])) return group;
  return { ...group, roleRestarts, progressAtMs: nowMs };
}

function isCleared(role: string, group: GroupState, observed: ObservedGroup, cluster: ObservedCluster): boolean {
  const isLeft = observed.workloads.some((workload) => workload.role === role && !isPresent(workload, group));
  return (
    !isLeft && observed.pods.every((pod) => pod.role !== role || isPresent(pod, group) || isOnLostNode(pod, cluster))
  );
}

/** starting → ready, once all that was restarted with them is Ready too, so that one line tells of it. */
export function readyRestarts(
  context: PlanContext,
  group: GroupState,
  progress: readonly RoleProgress[],
  notes: PlanNotes,
): GroupState {
  const isReady = (name: string): boolean => progress.find(({ role }) => role.role === name)?.isReady !== false;
  const open = group.roleRestarts.filter(({ stage }) => stage !== "ready");
  if (open.length === 0 || !open.every(({ role, stage }) => stage === "starting" && isReady(role))) return group;
  const since = Math.min(...open.map(({ sinceMs }) => sinceMs));
  notes.timeline.push({
    ...line(group, null),
    kind: "group.ready",
    decision: `${listed(open.map(({ role }) => role))} of group ${group.index} ${open.length === 1 ? "is" : "are"} ready again after ${duration(context.nowMs - since)}`,
  });
  const roleRestarts = group.roleRestarts.map((restart): RoleRestart => ({ ...restart, stage: "ready" }));
  return { ...group, roleRestarts };
}

/** Restarted roles whose start makes no progress: started, and not Ready. */
export function stuckRestarts(group: GroupState, progress: readonly RoleProgress[]): readonly string[] {
  return group.roleRestarts
    .filter(({ role, stage }) => stage === "starting" && group.startedRoles.includes(role))
    .filter(({ role }) => progress.some((step) => step.role.role === role && !step.isReady))
    .map(({ role }) => role);
}

export function isRestarting({ roleRestarts }: GroupState): boolean {
  return roleRestarts.some(({ stage }) => stage !== "ready");
}

/** A role that was given up stays stopped until a person asks for it. */
export function isGivenUp({ roleRestarts }: GroupState): boolean {
  return roleRestarts.some(({ stage, notBeforeMs }) => stage === "waiting" && notBeforeMs === null);
}

/** When the next restarted role is due; null when none waits for its backoff. */
export function restartDueMs({ roleRestarts }: GroupState): number | null {
  const times = roleRestarts.flatMap(({ stage, notBeforeMs }) => (stage === "waiting" ? (notBeforeMs ?? []) : []));
  return times.length === 0 ? null : Math.min(...times);
}

/** `restart` of the role, while it has not come so far that it may be started. */
export function unstartedRestart(group: GroupState, role: string): RoleRestart | null {
  const restart = group.roleRestarts.find((candidate) => candidate.role === role);
  return restart === undefined || restart.stage === "ready" || group.startedRoles.includes(role) ? null : restart;
}

/** Nothing holds a restarted role back but its dependencies: it is due, and all that ended with it is gone and reserved. */
export function mayStart(group: GroupState, progress: readonly RoleProgress[], role: string): boolean {
  if (unstartedRestart(group, role)?.stage !== "starting") return false;
  const roles = progress.map((step) => step.role);
  return progress.every(({ role: other, workloads }) => {
    const isRelated =
      withDependents(roles, [role]).includes(other.role) || withDependents(roles, [other.role]).includes(role);
    const restart = isRelated ? unstartedRestart(group, other.role) : null;
    if (restart === null) return true;
    return restart.stage !== "leaving" && areHeld(workloads);
  });
}

/** One or two sentences: which roles are recreated, why, and what they wait for. */
export function restartMessage(group: GroupState, observed: ObservedGroup): string {
  const open = group.roleRestarts.filter(({ stage }) => stage !== "ready");
  const cause = open[0] === undefined ? "" : `${open[0].cause.message}. `;
  const leaving = open.filter(({ stage }) => stage === "leaving").map(({ role }) => role);
  if (leaving.length > 0) {
    const left = observed.pods.filter((pod) => leaving.includes(pod.role ?? "") && !isPresent(pod, group)).length;
    return `${cause}${listed(leaving)} ${leaving.length === 1 ? "is" : "are"} being recreated; ${plural(left, "pod")} of the life before ${left === 1 ? "is" : "are"} still there.`;
  }
  const waiting = open.filter(({ stage }) => stage === "waiting");
  if (waiting.length === 0) return cause.trimEnd();
  const names = listed(waiting.map(({ role }) => role));
  const most = Math.max(...waiting.map(({ failuresInRow }) => failuresInRow));
  return waiting.some(({ notBeforeMs }) => notBeforeMs === null)
    ? `${cause}${names} given up after ${plural(most, "failure")} in a row; all other roles run on.`
    : `${cause}${plural(most, "failure")} in a row. ${names} ${waiting.length === 1 ? "is" : "are"} next.`;
}

function line(group: GroupState, cause: string | null) {
  return { group: group.index, incarnation: group.incarnation, cause, actions: [] } as const;
}
