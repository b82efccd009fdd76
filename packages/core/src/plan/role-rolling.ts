import {
  type Cause,
  findRevision,
  type GroupRole,
  type GroupState,
  groupRoles,
  type ObservedPod,
  type RenderedWorkload,
  type RevisionRole,
  type RoleBehind,
  renderedRoles,
  type SetState,
} from "../model/index.ts";
import { contentHashOf } from "../project/labels.ts";
import { asUpdate, renderWorkloads, templateMarks } from "../project/workloads.ts";
import { contentHash } from "../spec/hash.ts";
import { revisionRoleHash } from "../spec/revision.ts";
import type { AssessedGroup } from "./assess.ts";
import type { PlanContext, PlanNotes } from "./context.ts";
import { isReserved, type ObservedGroup } from "./observed-group.ts";
import { abilitiesOf } from "./placing.ts";
import type { RoleProgress } from "./roles.ts";
import { isHeldBack, isRolloutHeld } from "./rollout-state.ts";
import { waveNumbers } from "./waves.ts";
import { listed, plural } from "./words.ts";

/**
 * RoleRolling: a group is taken to its revision role by role, in the order of dependencies, by each workload's own rolling
 * update. The incarnation goes on.
 *
 * The group has the target's number from the beginning, so that whatever recreates it in the middle brings it up wholly at
 * the target. What its roles run meanwhile is in `roleUpdate`: those that are behind, and the one under way. A role's
 * stored rendering is replaced before its workload is told, and the workload carries the hash of what it was told, so that
 * a repeated plan sends what is missing. While a role is under way its pods come and go by its workload's will: none of
 * them is judged. The next role begins when all pods of the one before are of the new template and Ready.
 *
 * The group counts as taken down for all that time, so no more groups are mixed at once than may be unavailable.
 */

/** The roles that a running group has: those that are behind are still what they were. */
export function rolesOf(set: SetState, group: GroupState): readonly GroupRole[] {
  const roles = renderedRoles(set, group);
  const { behind } = group.roleUpdate ?? NOTHING;
  if (behind.length === 0) return roles;
  return roles.map((role) => {
    const late = behind.find((one) => one.role === role.role);
    const old =
      late === undefined
        ? undefined
        : renderedRoles(set, { ...group, revision: late.revision }).find((one) => one.role === role.role);
    if (old === undefined) return role;
    const { kind, size, isPerInstance, content } = old;
    return { ...role, kind, size, isPerInstance, content };
  });
}

const NOTHING: NonNullable<GroupState["roleUpdate"]> = { behind: [], underWay: null };

function contentAt(set: SetState, revision: number, role: string): RevisionRole | undefined {
  return findRevision(set, revision).content.roles.find((candidate) => candidate.role === role);
}

/** A group is to leave what it runs, also what it is on its way to: every role that differs is behind from here on. */
export function beginRoleUpdate(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { set, nowMs } = context;
  const { group, running } = item;
  const { restart } = set.rollout;
  const target = isHeldBack(set, group) ? group.revision : set.rollout.target;
  const next = { ...group, revision: target };
  const before = group.roleUpdate ?? NOTHING;
  const isRestart = group.restartSeen < restart;
  const behind = updateOrder(set, next, before.underWay?.role ?? null).flatMap((role): readonly RoleBehind[] => {
    if (!group.rendering.some((rendered) => rendered.role === role)) return [];
    const late = before.behind.find((one) => one.role === role);
    const revision = late?.revision ?? group.revision;
    const mustRestart = isRestart || late?.isRestart === true;
    const isSame =
      revisionRoleHash(findRevision(set, revision).content, role) ===
      revisionRoleHash(findRevision(set, target).content, role);
    return isSame && !mustRestart ? [] : [{ role, revision, isRestart: mustRestart }];
  });
  const names = behind.map(({ role }) => role);
  const { underWay } = before;
  const isKept = underWay !== null && !names.includes(underWay.role);
  const rendering = renderAll(context, next).map(
    (rendered) => group.rendering.find((kept) => kept.role === rendered.role) ?? rendered,
  );
  const isRevision = group.revision !== target;
  const cause: Cause = isRevision
    ? { kind: "rollout", message: `Rollout of revision ${target}`, atMs: nowMs }
    : { kind: "restart", message: "Restart of all groups", atMs: nowMs };
  notes.timeline.push({
    kind: "group.updating",
    group: group.index,
    incarnation: group.incarnation,
    cause: cause.message,
    decision: `${isRevision ? `Take group ${group.index} to revision ${target}` : `Restart group ${group.index}`} role by role`,
    actions: names.length === 0 ? [] : [`update ${listed(names)}, one after another`],
  });
  const wasReady = running?.isReady === true || running?.isAvailable === true;
  return {
    ...item,
    running: running === null ? null : { ...running, isReady: false },
    group: {
      ...next,
      rendering,
      roleUpdate: { behind, underWay: isKept ? underWay : null },
      restartSeen: Math.max(group.restartSeen, restart),
      takenDown: wasReady || group.takenDown,
      lastCause: cause,
      progressAtMs: nowMs,
      stalledReason: null,
    },
  };
}

/** Dependencies first; but the one that is under way comes before all others, for its workload is not at rest. */
function updateOrder(set: SetState, group: GroupState, first: string | null): readonly string[] {
  const roles = groupRoles(set, group.revision);
  const waves = waveNumbers(roles);
  const rank = (role: string): number => (role === first ? 0 : (waves.get(role) ?? 1));
  return roles.map(({ role }) => role).sort((a, b) => rank(a) - rank(b));
}

/** The last role is done: the group is Ready, and counts as such, from the very plan that sees it. */
export function withoutEndedUpdate(group: GroupState, progress: readonly RoleProgress[]): GroupState {
  const { behind, underWay } = group.roleUpdate ?? NOTHING;
  if (underWay === null || behind.length > 0) return group;
  const isDone = progress.find(({ role }) => role.role === underWay.role)?.isReady !== false;
  return isDone ? { ...group, roleUpdate: null } : group;
}

/** Goes on with a group that is under way: the role is done, or gets further; then the next one, unless all is held. */
export function advanceRoleUpdate(context: PlanContext, item: AssessedGroup, notes: PlanNotes): AssessedGroup {
  const { running } = item;
  const { roleUpdate } = item.group;
  if (running === null || roleUpdate === null) return item;
  let { group } = item;
  let { underWay } = roleUpdate;
  const step = underWay === null ? undefined : running.progress.find(({ role }) => role.role === underWay?.role);
  if (underWay !== null && step?.isReady === false) {
    const updated = updatedPods(step, underWay.replaces);
    if (updated <= underWay.updated) return item;
    underWay = { ...underWay, updated };
    group = { ...group, roleUpdate: { ...roleUpdate, underWay }, progressAtMs: context.nowMs, stalledReason: null };
    return { ...item, group };
  }
  const [next, ...later] = roleUpdate.behind;
  if (next === undefined) return { ...item, group: { ...group, roleUpdate: null } };
  if (isRolloutHeld(context.set))
    return underWay === null ? item : { ...item, group: { ...group, roleUpdate: { ...roleUpdate, underWay: null } } };
  return { ...item, group: takeTurn(context, group, next, later, running.observed, notes) };
}

function takeTurn(
  context: PlanContext,
  group: GroupState,
  next: RoleBehind,
  later: readonly RoleBehind[],
  observed: ObservedGroup,
  notes: PlanNotes,
): GroupState {
  const { set, nowMs } = context;
  const { role } = next;
  const rendered = renderAll(context, group).find((candidate) => candidate.role === role);
  if (rendered === undefined) throw new Error(`revision ${group.revision} has no role ${role}`);
  const { hash } = findRevision(set, group.revision);
  // The hash is part of the template: pods that have it already are of that template, unless all are to be restarted.
  const pods = observed.pods.filter((pod) => pod.role === role && (next.isRestart || pod.revisionHash !== hash));
  const isOther = (one: { readonly role: string }): boolean => one.role !== role;
  const obstacle = inPlaceObstacle(contentAt(set, next.revision, role), contentAt(set, group.revision, role));
  const isInPlace = obstacle === null;
  const wanted = isInPlace ? asUpdate(rendered, next.isRestart ? set.rollout.restart : 0) : rendered;
  notes.timeline.push({
    kind: "group.updating",
    group: group.index,
    incarnation: group.incarnation,
    cause: group.lastCause?.message ?? null,
    decision: `${next.isRestart ? "Restart" : "Update"} ${role} of group ${group.index}`,
    actions: isInPlace
      ? [`give its ${wanted.kind} the new template; it replaces ${plural(pods.length, "pod")} by itself`]
      : [`recreate its workload: ${obstacle} can not be changed in place`],
  });
  const told: GroupState = {
    ...group,
    rendering: group.rendering.map((kept) => (kept.role === role ? wanted : kept)),
    readyPods: group.readyPods.filter(isOther),
    unsettledRoles: [...group.unsettledRoles.filter((name) => name !== role), role],
    roleUpdate: { behind: later, underWay: { role, isInPlace, replaces: pods.map(({ uid }) => uid), updated: 0 } },
    progressAtMs: nowMs,
    stalledReason: null,
  };
  // One that was sent may not be seen yet, and would come with the template that it was sent with.
  const before = group.roleRestarts.find(isOfRole(role));
  const isHeldFirst = isReserved(group) || before !== undefined;
  const mayExist = isHeldFirst || group.startedRoles.includes(role) || observed.workloads.some(isOfRole(role));
  if (isInPlace || !mayExist) return told;
  // Its next life within the incarnation: what carries the number before is removed, and only then does it start.
  const cause = group.lastCause ?? { kind: "rollout", message: `Rollout of revision ${group.revision}`, atMs: nowMs };
  return {
    ...told,
    startedRoles: told.startedRoles.filter((name) => name !== role),
    asked: told.asked.filter(isOther),
    roleRestarts: [
      ...told.roleRestarts.filter(isOther),
      {
        role,
        restart: (before?.restart ?? 0) + 1,
        stage: "leaving",
        // At once, also where the clock is set back meanwhile.
        notBeforeMs: 0,
        failuresInRow: before?.failuresInRow ?? 0,
        cause,
        sinceMs: nowMs,
      },
    ],
  };
}

const isOfRole =
  (role: string) =>
  (one: { readonly role: string }): boolean =>
    one.role === role;

function renderAll(context: PlanContext, group: GroupState): readonly RenderedWorkload[] {
  return renderWorkloads(context.set, group, abilitiesOf(context, group.placement));
}

/** What of a role a workload does not take while it runs; null when a new template is all there is to it. */
function inPlaceObstacle(before: RevisionRole | undefined, after: RevisionRole | undefined): string | null {
  if (before === undefined || after === undefined) return null;
  if (before.kind !== after.kind) return "its kind";
  // Pod by pod, such an instance would be of two revisions, which its own pods can not be.
  if ((before.leaderWorker ?? after.leaderWorker ?? null) !== null) return "an instance of several pods";
  const isSame = contentHash(before.volumeClaimTemplates) === contentHash(after.volumeClaimTemplates);
  return isSame ? null : "its volume claims";
}

/** Ready pods of a role under way that were not there when its workload was told. */
function updatedPods({ pods }: Pick<RoleProgress, "pods">, replaces: readonly string[]): number {
  return pods.filter((pod) => pod.isReady && !replaces.includes(pod.uid)).length;
}

/** What is ready of a role under way was seen before. */
export function areAllCounted({ replaces, updated }: UnderWay, ready: readonly ObservedPod[]): boolean {
  return updatedPods({ pods: ready }, replaces) <= updated;
}

type UnderWay = NonNullable<NonNullable<GroupState["roleUpdate"]>["underWay"]>;

/**
 * Whether all pods of a role are what its rendering says. Always so while it is not under way. Its workload's word counts
 * only together with what the pods show, for either may be seen late.
 */
export function isRolledOut(
  group: GroupState,
  role: GroupRole,
  { workloads, pods }: Pick<RoleProgress, "workloads" | "pods">,
): boolean {
  const { underWay } = group.roleUpdate ?? NOTHING;
  // One that is recreated has no pods but new ones.
  if (underWay?.role !== role.role || !underWay.isInPlace) return true;
  const [part] = workloads.parts;
  const workload = part?.workload ?? null;
  if (part === undefined || workload === null) return role.replicas === 0;
  if (workload.contentHash !== contentHashOf(part.wanted.object)) return false;
  if (role.replicas === 0) return true;
  // A ReplicaSet makes another pod for one that failed, and leaves the failed one where it is.
  const counted = role.kind === "Deployment" ? pods.filter(({ phase }) => phase !== "Failed") : pods;
  const template = templateMarks(part.wanted.object);
  const isNew = counted.every(
    (pod) =>
      !underWay.replaces.includes(pod.uid) &&
      pod.revisionHash === template.revisionHash &&
      pod.templateRestart === template.restart,
  );
  return isNew && counted.length === role.replicas && workload.updatedReplicas >= role.replicas;
}

/** `Updates prefill: 1 of 2 pods run revision 2. decode follows.` */
export function roleUpdateMessage(set: SetState, group: GroupState, progress: readonly RoleProgress[]): string {
  const { behind, underWay } = group.roleUpdate ?? NOTHING;
  const names = behind.map(({ role }) => role);
  const follow = names.length === 0 ? "" : ` ${listed(names)} ${names.length === 1 ? "follows" : "follow"}.`;
  const step = progress.find(({ role }) => role.role === underWay?.role);
  if (underWay === null || step === undefined)
    return isRolloutHeld(set) ? `Stopped before ${names[0] ?? "the next role"}.` : `Updates role by role.${follow}`;
  const count = `${updatedPods(step, underWay.replaces)} of ${plural(step.role.replicas, "pod")}`;
  return `Updates ${underWay.role}: ${count} are new and ready.${follow}`;
}
