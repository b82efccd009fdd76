import { type GroupRole, type GroupState, groupName, serviceName } from "../model/index.ts";
import { contentHashOf, ownerReference } from "../project/labels.ts";
import { type WantedWorkload, workloadObject, workloadUpdate } from "../project/workloads.ts";
import { askFor, takeAway } from "./asking.ts";
import { endWorkloads, type PlanContext, type PlanNotes, refToWorkload } from "./context.ts";
import { diffGroupObjects, diffOwner } from "./diff.ts";
import { isReserved, type ObservedGroup, roleRestart } from "./observed-group.ts";
import { planUnstartedEnd } from "./owner-end.ts";
import { mayStart, unstartedRestart } from "./role-restarts.ts";
import type { RolePart, RoleWorkloads } from "./role-workloads.ts";
import { type RoleProgress, unreservedRoles, waitsFor } from "./roles.ts";
import type { Action } from "./types.ts";
import { listed, plural } from "./words.ts";

/**
 * Brings a running incarnation to what it should be: owner first, then what the pods mount, then role by role.
 *
 * Names are the same in every incarnation, and a POST carries no precondition: one that was sent for an earlier
 * incarnation and arrives late, after a timeout or from a process that died, would make its workload beside the present
 * ones. So every incarnation after the first reserves its names before it starts anything: all its workloads are created
 * with 0 replicas, and only when all of them are seen is a role started, by scaling it. A late POST then finds its name
 * taken; one that came earlier is removed as a leftover before the reservation can succeed, and nothing of the new
 * incarnation runs meanwhile. The first incarnation has nothing before it and creates each role as it starts. A
 * StatefulSet of a single instance is always made with 0 replicas: its name comes and goes with scaling.
 *
 * Guarantees: a role is started only when everything it depends on is Ready and both ConfigMaps are ours and current,
 * for its pods would start on what is there; it is latched as started before its workload is created, so that later
 * unreadiness holds nothing back. Planning again emits only what is still missing. The ConfigMaps are current before a
 * role is scaled in; a scale-out of a running role does not wait for them.
 */
export function planRunning(
  context: PlanContext,
  before: GroupState,
  progress: readonly RoleProgress[],
  observed: ObservedGroup,
  notes: PlanNotes,
): GroupState {
  notes.actions.push(...diffOwner(context, before, observed));
  // A deleted owner takes its dependents along; nothing can be put under it.
  if (observed.owner === null) return before;
  if (observed.owner.deletionAtMs !== null) {
    planUnstartedEnd(before, observed, notes);
    return before;
  }
  const { uid } = observed.owner;
  const { actions, group, ...objects } = diffGroupObjects(context, before, observed, uid, notes);
  notes.actions.push(...actions);
  stopRemovedRoles(group, progress, observed, notes);

  const areObjectsCurrent = (role: string): boolean =>
    objects.isDiscoveryCurrent && !objects.staleServices.has(serviceName(context.set.name, group.index, role));
  const started = rolesToStart(context, group, progress).filter(({ role }) => areObjectsCurrent(role.role));
  for (const { role } of started) announceStart(group, role, notes);
  const startedRoles = latched(group, progress, observed, started);
  let asked = group;
  for (const { role, workloads } of progress) {
    const isRestart = roleRestart(group, role.role) > 0;
    if (unstartedRestart(group, role.role)?.stage === "leaving") continue;
    for (const { wanted, workload } of workloads.parts) {
      if (workload === null) {
        if (!areObjectsCurrent(role.role)) continue;
        if (!isReserved(group) && !isRestart && !startedRoles.includes(role.role)) {
          if (role.replicas > 0) continue;
          if (waitsFor(group, role, progress, context.set.spec.startupPolicy).length > 0) continue;
        }
        const action = creation(context, group, { role, wanted }, observed, uid);
        if (action !== null) notes.actions.push(action);
        continue;
      }
      const told = retold(group, role, { wanted, workload }, observed);
      if (told !== null && areObjectsCurrent(role.role)) notes.actions.push(told);
      // Reserved and no more: until it is started it stands at 0, whatever is wanted.
      const replicas = startedRoles.includes(role.role) ? wanted.replicas : 0;
      asked = askFor(context, asked, { role, workload, wanted: replicas }, { observed, ...objects }, notes);
    }
    if (objects.isDiscoveryCurrent) asked = takeAway(context, asked, { role, workloads }, observed, notes);
  }
  return startedRoles === group.startedRoles
    ? asked
    : { ...asked, startedRoles, progressAtMs: context.nowMs, stalledReason: null };
}

function rolesToStart(
  context: PlanContext,
  group: GroupState,
  progress: readonly RoleProgress[],
): readonly RoleProgress[] {
  const isReservedYet = unreservedRoles(group, progress).length === 0;
  return progress.filter(
    ({ role }) =>
      (unstartedRestart(group, role.role) === null ? isReservedYet : mayStart(group, progress, role.role)) &&
      role.replicas > 0 &&
      !group.startedRoles.includes(role.role) &&
      waitsFor(group, role, progress, context.set.spec.startupPolicy).length === 0,
  );
}

/** A role at 0 replicas with no pod left has stopped: its next scale-out waits for its dependencies again. */
function latched(
  group: GroupState,
  progress: readonly RoleProgress[],
  observed: ObservedGroup,
  started: readonly RoleProgress[],
): readonly string[] {
  const kept = group.startedRoles.filter((name) => {
    const step = progress.find(({ role }) => role.role === name);
    if (step === undefined) return false;
    const isStopped = step.role.replicas === 0 && isDown(step.workloads);
    return !isStopped || observed.pods.some((pod) => pod.role === name);
  });
  if (kept.length === group.startedRoles.length && started.length === 0) return group.startedRoles;
  return [...kept, ...started.map(({ role }) => role.role)];
}

function isDown({ parts, surplus }: RoleWorkloads): boolean {
  return surplus.length === 0 && parts.every(({ workload }) => workload?.replicas === 0);
}

function announceStart(group: GroupState, role: GroupRole, notes: PlanNotes): void {
  notes.timeline.push({
    kind: "group.role-started",
    group: group.index,
    incarnation: group.incarnation,
    cause:
      role.dependencies.length === 0
        ? null
        : `${listed(role.dependencies)} ${role.dependencies.length === 1 ? "is" : "are"} ready`,
    decision: `Start ${role.role} of group ${group.index}`,
    actions: [
      role.isPerInstance
        ? `${plural(role.replicas, "instance")} of ${plural(role.size, "pod")}, each a StatefulSet`
        : `${role.kind} with ${plural(role.replicas, "replica")}`,
    ],
  });
}

function creation(
  context: PlanContext,
  group: GroupState,
  { role, wanted }: { readonly role: GroupRole; readonly wanted: WantedWorkload },
  observed: ObservedGroup,
  ownerUid: string,
): Action | null {
  if (isNameTaken(observed, wanted)) return null;
  // Names of single instances come and go with scaling: one that was sent long ago must never run by itself.
  const isHeldFirst = isReserved(group) || roleRestart(group, role.role) > 0 || wanted.instance !== null;
  const reference = ownerReference(groupName(context.set.name, group.index), ownerUid);
  const restart = roleRestart(group, role.role);
  return {
    kind: "create",
    cluster: observed.cluster,
    group: group.index,
    object: workloadObject(wanted, isHeldFirst ? 0 : wanted.replicas, reference, restart),
  };
}

/** The new template of a role under way, until its workload shows that it was told. */
function retold(
  group: GroupState,
  { role }: GroupRole,
  { wanted, workload }: RolePart,
  observed: ObservedGroup,
): Action | null {
  if (workload === null || workload.deletionAtMs !== null || wanted.instance !== null) return null;
  if (workload.contentHash === contentHashOf(wanted.object)) return null;
  const object = workloadUpdate(wanted.object, roleRestart(group, role));
  return { kind: "update", group: group.index, ref: refToWorkload(observed.cluster, workload), object };
}

/** A leftover of another life, or of another kind, has the name until it is gone: its pods would stand beside ours. */
function isNameTaken(observed: ObservedGroup, { name }: WantedWorkload): boolean {
  return observed.workloads.some((workload) => workload.name === name);
}

/** Workloads of this incarnation whose role the group no longer has, or now runs by another kind of workload. */
function stopRemovedRoles(
  group: GroupState,
  progress: readonly RoleProgress[],
  observed: ObservedGroup,
  notes: PlanNotes,
): void {
  const roles = new Map(progress.map(({ role }) => [role.role, role]));
  const removed = observed.workloads.filter(({ role: name, kind, instance, incarnation }) => {
    const role = roles.get(name);
    // Whether it is one of several, each for an instance, is as much of another kind.
    const isWanted = role?.kind === kind && role.isPerInstance === (instance !== null);
    return incarnation === group.incarnation && !isWanted;
  });
  endWorkloads(group.index, observed, removed, notes);
}
