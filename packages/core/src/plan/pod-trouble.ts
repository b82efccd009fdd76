import type { ObservedPod } from "../model/index.ts";
import { type ObservedGroup, shortPodName } from "./observed-group.ts";
import type { RoleProgress } from "./roles.ts";

/** States that every start passes through: no news. */
const ORDINARY = new Set(["ContainerCreating", "PodInitializing"]);

/**
 * The pod's own reason why it is not Ready, with its name and the words of the scheduler or the kubelet in brackets:
 * `decode-1 has ImagePullBackOff in engine (Back-off pulling image "engine:2")`. Null: it is just starting.
 */
function podTrouble(pod: ObservedPod): string | null {
  const name = shortPodName(pod);
  if (pod.unschedulableMessage !== null) return `${name} has no node${inBrackets(pod.unschedulableMessage)}`;
  if (pod.phase === "Failed") return `${name} failed with ${pod.reason ?? "no reason"}${inBrackets(pod.message)}`;
  for (const container of pod.containers) {
    if (container.state === "waiting" && container.reason !== null && !ORDINARY.has(container.reason)) {
      const last = container.lastTermination;
      const exit =
        last === null
          ? ""
          : `, exited ${last.exitCode}${last.reason === null || last.reason === "Error" ? "" : ` (${last.reason})`}`;
      return `${name} has ${container.reason} in ${container.name}${exit}${inBrackets(container.message)}`;
    }
    if (container.state === "terminated" && (container.exitCode ?? 0) !== 0)
      return `${name} has ${container.name} exited with ${container.exitCode}`;
  }
  return null;
}

/** Of a message that others wrote: it may be long, and has its own colons and full stop. */
function inBrackets(message: string | null): string {
  if (message === null || message === "") return "";
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message.replace(/\.$/, "");
  return ` (${short})`;
}

const MAX_MESSAGE = 400;

/** The first trouble among roles that were started: role by role, pod by pod in their order. */
export function firstTrouble(progress: readonly RoleProgress[]): string | null {
  for (const { role, workload, pods, isReady } of progress) {
    if (isReady) continue;
    for (const pod of pods) {
      const trouble = pod.isReady ? null : podTrouble(pod);
      if (trouble !== null) return trouble;
    }
    if (workload !== null && workload.failureMessage !== null)
      return `${role.role} gets no pods${inBrackets(workload.failureMessage)}`;
  }
  return null;
}

/** What a start that missed its deadline waits for: the role, the pod and the pod's own reason. */
export function stallReason(progress: readonly RoleProgress[], observed?: ObservedGroup): string {
  const trouble = firstTrouble(progress);
  if (trouble !== null) return trouble;
  const step =
    progress.find(({ isReady, workload }) => !isReady && workload !== null) ?? progress.find(({ isReady }) => !isReady);
  // A group without pods waits for its object alone: for its namespace, say.
  if (step === undefined)
    return observed?.owner === null ? "it has no RoleBasedGroup yet" : "nothing is left to wait for";
  const { role, pods, ready } = step;
  const waiting = pods.find((pod) => !pod.isReady);
  const pod = waiting === undefined ? "" : `; ${shortPodName(waiting)} is not ready`;
  return `${role.role} has ${ready} of ${role.replicas} ${role.size > 1 ? "instances" : "pods"} ready${pod}`;
}
