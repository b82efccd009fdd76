import { type GroupState, outOfReach, type SetState } from "../model/index.ts";
import { domainNoun } from "../placement/words.ts";
import type { AssessedGroup, RunningGroup } from "./assess.ts";
import { removalMessage } from "./cluster-removal.ts";
import type { PlanContext } from "./context.ts";
import { copyMessages } from "./copy-message.ts";
import { groupFightMessage } from "./fight-message.ts";
import { nextIncarnation } from "./incarnation.ts";
import { shortPodName } from "./observed-group.ts";
import { OWNER_LAG_MS } from "./owner-doubt.ts";
import { firstTrouble } from "./pod-trouble.ts";
import { failoverDueMs } from "./relocation.ts";
import { isRestarting, restartMessage } from "./role-restarts.ts";
import { roleUpdateMessage } from "./role-rolling.ts";
import { unreservedRoles, waitsFor } from "./roles.ts";
import { stopMessage } from "./stop-message.ts";
import { stuckMessage } from "./stuck-pods.ts";
import { waveNumbers } from "./waves.ts";
import { duration, listed, plural } from "./words.ts";

/** One or two sentences: what the group waits for, or what is wrong. */
export function groupMessage(
  context: PlanContext,
  set: SetState,
  { group, isInReach, running }: AssessedGroup,
): string {
  if (!isInReach) return silentMessage(context, group);
  switch (group.stage) {
    case "unplaced":
      return group.unplacedReason ?? "Not placed yet.";
    case "teardown":
      return teardownMessage(context, group);
    case "waiting":
      return waitingMessage(group);
    case "running":
      if (running !== null) return runningMessage(context, set, group, running);
      return group.workloadGoneSinceMs === undefined
        ? "Not observed yet."
        : `A workload of it is gone. Whether its RoleBasedGroup was deleted shows within ${duration(OWNER_LAG_MS)}.`;
  }
}

/** What there is to say of a group that is Ready: what it waits for all the same, or what others do to it. Null: nothing. */
export function readyMessage(context: PlanContext, group: GroupState): string | null {
  const sentences = [groupFightMessage(group), removalMessage(context, group), ...copyMessages(group, context)].filter(
    (sentence) => sentence !== null,
  );
  return sentences.length === 0 ? null : sentences.join(" ");
}

function teardownMessage(context: PlanContext, group: GroupState): string {
  if (group.teardown === null) return "Being torn down.";
  const { cause, next } = group.teardown;
  const stuck = stuckMessage(context, group);
  if (next === "remove") return [`${cause.message}. ${stopMessage(context, group)}`, stuck ?? ""].join(" ").trimEnd();
  if (stuck !== null) return `${cause.message}. ${stuck}`;
  return `${cause.message}. Incarnation ${nextIncarnation(group)} starts when everything of incarnation ${group.incarnation} is gone.`;
}

function waitingMessage(group: GroupState): string {
  const cause = group.lastCause === null ? "" : `${group.lastCause.message}. `;
  const count = group.failuresInRow > 1 ? `${plural(group.failuresInRow, "failure")} in a row. ` : "";
  if (group.notBeforeMs === null) return `${cause}Given up after ${plural(group.failuresInRow, "failure")} in a row.`;
  return `${cause}${count}All pods of incarnation ${group.incarnation} are gone; incarnation ${nextIncarnation(group)} is next.`;
}

function runningMessage(context: PlanContext, set: SetState, group: GroupState, running: RunningGroup): string {
  const stuck = stuckMessage(context, group);
  if (isRestarting(group)) {
    const restart = restartMessage(group, running.observed);
    if (stuck !== null) return `${restart} ${stuck}`;
    return restart === "" || group.stalledReason !== null ? startMessage(set, group, running) : restart;
  }
  if (group.firstReadyAtMs !== null && !running.isAvailable) {
    const broken = brokenMessage(group, running);
    return stuck === null ? broken : `${broken} ${stuck}`;
  }
  const copy = copyMessages(group, context)
    .map((sentence) => ` ${sentence}`)
    .join("");
  const cause = isRecoveryStart(group) ? `${group.lastCause?.message}. ` : "";
  if (group.stalledReason !== null)
    return `${cause}No progress within ${duration(set.spec.rollout.progressDeadlineSeconds * 1000)}; ${group.stalledReason}.${copy}`;
  if (group.roleUpdate !== null) return updateMessage(set, group, running);
  return `${cause}${startMessage(set, group, running)}${spreadSentence(group)}${copy}`;
}

/** It is not Ready again since it failed. */
const isRecoveryStart = ({ firstReadyAtMs, lastCause, incarnation }: GroupState): boolean =>
  firstReadyAtMs === null && incarnation > 1 && lastCause?.kind === "failure";

/** What is said of a group whose cluster does not answer, and what ends that. */
function silentMessage(context: PlanContext, group: GroupState): string {
  const cluster = group.placement?.cluster ?? "Its cluster";
  const observed = context.input.clusters.get(cluster);
  const silent = `${outOfReach(cluster, observed)}; nothing there is touched.`;
  if (observed?.health === "foreign") return silent;
  const { afterSeconds } = context.set.spec.placement.failover;
  if (afterSeconds === null) return silent;
  const dueMs = failoverDueMs(context, group);
  if (dueMs === null) {
    const isLost = context.input.lost?.get(cluster)?.isCounting === false;
    return isLost ? `${silent} No other cluster answers either, so that is not counted for a failover.` : silent;
  }
  if (dueMs <= context.nowMs && group.stalledReason !== null)
    return `${cluster} does not answer. ${group.stalledReason}`;
  return `${silent} When that has lasted ${duration(afterSeconds * 1000)}, the group is started elsewhere.`;
}

function spreadSentence({ placement }: GroupState): string {
  if (placement === null || placement.domain !== null || placement.prefers === undefined) return "";
  return ` No ${domainNoun(placement.prefers.key)} had room for all of it: it spreads over ${placement.cluster}.`;
}

function updateMessage(set: SetState, group: GroupState, { progress }: RunningGroup): string {
  const trouble = firstTrouble(progress);
  return `${roleUpdateMessage(set, group, progress)}${trouble === null ? "" : ` ${trouble}.`}`;
}

function brokenMessage(group: GroupState, { observed, progress }: RunningGroup): string {
  const ready = new Set(observed.pods.filter((pod) => pod.isReady).map((pod) => pod.uid));
  const lost = group.readyPods.filter((pod) => !ready.has(pod.uid)).map((pod) => shortPodName(pod));
  const trouble = firstTrouble(progress);
  const which = lost.length > 3 ? `${lost.slice(0, 3).join(", ")} and ${lost.length - 3} more` : listed(lost);
  return `${which} ${lost.length === 1 ? "is" : "are"} not ready${trouble === null ? "" : `; ${trouble}`}.`;
}

/** `Wave 2 of 3: decode 1 of 4 ready. router waits for decode.` */
function startMessage(set: SetState, group: GroupState, { progress, observed }: RunningGroup): string {
  if (observed.owner === null) return "Its RoleBasedGroup is being created.";
  if (observed.configMaps.length < 2) return "Its ConfigMaps are being created.";
  const missing = unreservedRoles(group, progress);
  if (missing.length > 0 && group.startedRoles.length === 0)
    return `Incarnation ${group.incarnation} is being prepared; ${listed(missing)} ${missing.length === 1 ? "is" : "are"} still to come.`;
  const waves = waveNumbers(progress.map(({ role }) => role));
  const count = Math.max(...waves.values());
  const open = progress.filter((step) => !step.isReady);
  const held = open.map((step) => ({ step, names: waitsFor(group, step.role, progress, set.spec.startupPolicy) }));
  const starting = held.filter(({ names }) => names.length === 0).map(({ step }) => step);
  const sentences: string[] = [];
  if (starting.length > 0) {
    const wave = Math.min(...starting.map(({ role }) => waves.get(role.role) ?? 1));
    const prefix = count > 1 && set.spec.startupPolicy === "Ordered" ? `Wave ${wave} of ${count}: ` : "";
    const counts = starting.map(({ role, ready }) => `${role.role} ${ready} of ${role.replicas} ready`).join(", ");
    const trouble = firstTrouble(starting);
    sentences.push(`${prefix}${counts}${trouble === null ? "" : `; ${trouble}`}.`);
  }
  for (const { step, names } of held)
    if (names.length > 0) sentences.push(`${step.role.role} waits for ${listed(names)}.`);
  return sentences.join(" ");
}
