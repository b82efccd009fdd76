import type { ObservedPod } from "../model/index.ts";
import { shortPodName } from "./observed-group.ts";
import type { RoleProgress } from "./roles.ts";

/** States that every start passes through: no news. */
const ORDINARY = new Set(["ContainerCreating", "PodInitializing"]);

/** The pod's own reason why it is not Ready, with its name: `decode-1: engine ImagePullBackOff`. Null: it is just starting. */
function podTrouble(pod: ObservedPod): string | null {
  const name = shortPodName(pod);
  if (pod.unschedulableMessage !== null) return `${name} has no node: ${pod.unschedulableMessage}`;
  if (pod.phase === "Failed") return `${name}: ${pod.reason ?? "failed"}`;
  for (const container of pod.containers) {
    if (container.state === "waiting" && container.reason !== null && !ORDINARY.has(container.reason)) {
      const last = container.lastTermination;
      const exit =
        last === null
          ? ""
          : `, exited ${last.exitCode}${last.reason === null || last.reason === "Error" ? "" : ` (${last.reason})`}`;
      return `${name}: ${container.name} ${container.reason}${exit}`;
    }
    if (container.state === "terminated" && (container.exitCode ?? 0) !== 0)
      return `${name}: ${container.name} exited ${container.exitCode}`;
  }
  return null;
}

/** The first trouble among roles that were started: role by role, pod by pod in their order. */
export function firstTrouble(progress: readonly RoleProgress[]): string | null {
  for (const { role, workload, pods, isReady } of progress) {
    if (isReady) continue;
    for (const pod of pods) {
      const trouble = pod.isReady ? null : podTrouble(pod);
      if (trouble !== null) return trouble;
    }
    if (workload !== null && workload.failureMessage !== null) return `${role.role}: ${workload.failureMessage}`;
  }
  return null;
}

/** What a start that missed its deadline waits for: the role, the pod and the pod's own reason. */
export function stallReason(progress: readonly RoleProgress[]): string {
  const trouble = firstTrouble(progress);
  if (trouble !== null) return trouble;
  const step =
    progress.find(({ isReady, workload }) => !isReady && workload !== null) ?? progress.find(({ isReady }) => !isReady);
  if (step === undefined) return "nothing is left to wait for";
  const { role, pods, ready } = step;
  const waiting = pods.find((pod) => !pod.isReady);
  const pod = waiting === undefined ? "" : `; ${shortPodName(waiting)} is not ready`;
  return `${role.role} has ${ready} of ${role.replicas} ${role.size > 1 ? "instances" : "pods"} ready${pod}`;
}
