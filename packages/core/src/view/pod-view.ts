import type { GroupState, ObservedCluster, ObservedContainer, ObservedPod, PodState } from "../model/index.ts";
import { gpusOf } from "./gpus.ts";
import type { ContainerView, PodView } from "./types.ts";

export type PodContext = {
  readonly cluster: string;
  /** The cluster does not answer: the state is the last one known. */
  readonly isStale: boolean;
  /** State of its group; null for pods that are not of an OpenPatio set. */
  readonly group: GroupState | null;
  /** See {@link silentNodes}. */
  readonly silentNodes: ReadonlySet<string>;
};

const NO_NODES: ReadonlySet<string> = new Set();

/** Nodes that do not answer: nobody confirms the end of a pod there. */
export function silentNodes(cluster: ObservedCluster | undefined): ReadonlySet<string> {
  const silent = cluster?.nodes.filter((node) => !node.isReady) ?? [];
  return silent.length === 0 ? NO_NODES : new Set(silent.map((node) => node.name));
}

export function podView(pod: ObservedPod, context: PodContext): PodView {
  const { cluster, isStale } = context;
  const { state, text } = isStale ? { state: "unknown" as const, text: "unknown: no contact" } : stateOf(pod, context);
  return {
    uid: pod.uid,
    cluster,
    namespace: pod.namespace,
    name: pod.name,
    set: pod.set,
    group: pod.groupIndex,
    role: pod.role,
    ordinal: pod.ordinal,
    worker: pod.worker,
    incarnation: pod.incarnation,
    state,
    stateText: text,
    progress: state === "starting" ? startFraction(pod) : null,
    node: pod.nodeName,
    gpus: gpusOf(pod.requests),
    createdAtMs: pod.createdAtMs,
    readySinceMs: pod.readySinceMs,
    deletingSinceMs: pod.deletionAtMs,
    ip: pod.ip,
    containers: pod.containers.map(containerView),
    isStale,
  };
}

type StateAndText = { readonly state: PodState; readonly text: string };

/** Waiting reasons that do not pass by themselves. */
const BROKEN_WAITS = new Set([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

function stateOf(pod: ObservedPod, { group, silentNodes: silent }: PodContext): StateAndText {
  const failed = pod.containers.find(isFailed);
  const failure =
    pod.phase === "Failed" ? (pod.reason ?? (failed ? exitText(failed) : "failed")) : failed && exitText(failed);
  if (pod.deletionAtMs !== null && pod.nodeName !== null && silent.has(pod.nodeName))
    return {
      state: "deleting",
      text: `hangs in termination on ${pod.nodeName}, which is not Ready: force-delete it if that machine is off`,
    };
  if (pod.deletionAtMs !== null) return { state: "deleting", text: failure ? `deleting: ${failure}` : "deleting" };
  if (failure !== undefined) return { state: "failed", text: failure };
  if (pod.phase === "Succeeded") return { state: "unready", text: "completed" };
  if (pod.isReady) return { state: "ready", text: "ready" };
  const wasReady = group?.readyPods.some((ready) => ready.uid === pod.uid) ?? false;
  if (wasReady) return { state: "unready", text: unreadyText(pod) };
  return { state: "starting", text: `starting: ${startText(pod)}` };
}

function isFailed(container: ObservedContainer): boolean {
  if (container.state === "terminated") return container.exitCode !== 0;
  return container.state === "waiting" && BROKEN_WAITS.has(container.reason ?? "");
}

function exitText(container: ObservedContainer): string {
  if (container.state === "terminated")
    return `exit ${container.exitCode}${container.reason ? ` (${container.reason})` : ""}`;
  const last = container.lastTermination;
  return container.reason === "CrashLoopBackOff" && last !== null
    ? `crash loop, exit ${last.exitCode}`
    : (container.reason ?? "failed");
}

function unreadyText(pod: ObservedPod): string {
  const restarted = pod.containers.find((container) => container.state !== "running" || !container.isReady);
  return restarted === undefined ? "not ready" : `not ready: ${restarted.name}`;
}

function startText(pod: ObservedPod): string {
  if (pod.nodeName === null) return pod.unschedulableMessage === null ? "scheduling" : "no node fits";
  const init = pod.containers.find((container) => container.kind === "init" && container.state !== "terminated");
  if (init?.state === "running") return `init ${init.name}`;
  const waiting = pod.containers.find((container) => container.state === "waiting");
  if (waiting === undefined) return "not ready yet";
  return waiting.reason === "ContainerCreating" || waiting.reason === null ? "creating" : waiting.reason;
}

/** Scheduled, created, running, ready: what is known of a start, as 0..1. */
function startFraction(pod: ObservedPod): number {
  if (pod.nodeName === null) return 0.1;
  const mains = pod.containers.filter((container) => container.kind !== "init");
  if (mains.length === 0) return 0.25;
  const running = mains.filter((container) => container.state === "running").length;
  const ready = mains.filter((container) => container.isReady).length;
  return 0.25 + (0.35 * running + 0.4 * ready) / mains.length;
}

function containerView(container: ObservedContainer): ContainerView {
  const { lastTermination } = container;
  return {
    name: container.name,
    kind: container.kind,
    image: container.image,
    state: container.state,
    isReady: container.isReady,
    restarts: container.restartCount,
    reason: container.reason,
    message: container.message,
    exitCode: container.exitCode,
    startedAtMs: container.startedAtMs,
    last:
      lastTermination === null
        ? null
        : {
            exitCode: lastTermination.exitCode,
            reason: lastTermination.reason,
            finishedAtMs: lastTermination.finishedAtMs,
          },
  };
}
