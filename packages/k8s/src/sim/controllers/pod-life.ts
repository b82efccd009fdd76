/**
 * The life of a pod on its node, as a sequence of transitions over its status.
 *
 * {@link stepPod} applies every transition that is due and says when the next one is. Each transition acts on one
 * condition of its own and leaves the rest of the status alone, so a status written by somebody else is not undone.
 * What the API cannot hold (times finer than a second) is in {@link PodTimes}; when that is lost, as after a restart, the
 * timestamps of the status stand in.
 */
import { failureMs, failureOf } from "./failures.ts";
import {
  type Condition,
  type ContainerStatus,
  conditionOf,
  isTerminating,
  type Pod,
  type PodStatus,
  timeOf,
  uidOf,
} from "./objects.ts";
import type { Reference } from "./pod-references.ts";
import {
  change,
  containersOf,
  delayMs,
  endedAtMs,
  endedSidecars,
  exited,
  generationFacts,
  isDue,
  type KubeletEvent,
  type NodeFacts,
  notReady,
  type PodTimes,
  type Run,
  readyByGates,
  readyDelayMs,
  specOf,
  started,
  startedAtMs,
  tell,
  tellOnce,
  unreadyText,
  withConditions,
  withExit,
} from "./pod-run.ts";
import { accept, holdWaiting, startContainers } from "./pod-start.ts";

type PodStep = {
  /** The status to write; undefined when nothing changed. */
  readonly status: PodStatus | undefined;
  /** The crash annotation has had its effect. */
  readonly isCrashDone: boolean;
  /** The node lets go of the pod: remove the object. */
  readonly isGone: boolean;
  /** When something is due next, in epoch milliseconds. */
  readonly dueMs: number | undefined;
  readonly events: readonly KubeletEvent[];
  /** What the pod waits for. */
  readonly missing: readonly Reference[];
};

/** Lets every transition that is due happen to the pod. Writes only to `times`. */
export function stepPod(pod: Pod, times: PodTimes, node: NodeFacts): PodStep {
  const run: Run = {
    pod,
    node,
    times,
    status: pod.status ?? {},
    hasChanged: false,
    isCrashDone: false,
    dueMs: Number.POSITIVE_INFINITY,
    events: [],
    missing: [],
  };
  let isGone = false;
  if (isTerminating(pod)) {
    isGone = stop(run);
  } else {
    do {
      run.dueMs = Number.POSITIVE_INFINITY;
      run.missing = [];
    } while (advance(run));
  }
  return {
    status: run.hasChanged ? run.status : undefined,
    isCrashDone: run.isCrashDone,
    isGone,
    dueMs: run.dueMs === Number.POSITIVE_INFINITY ? undefined : run.dueMs,
    events: run.events,
    missing: run.missing,
  };
}

/** Applies the first transition that is due. */
function advance(run: Run): boolean {
  const phase = run.status.phase ?? "Pending";
  if (phase !== "Pending" && phase !== "Running") return false;
  if (failOnRequest(run)) return true;
  if (phase === "Pending") return accept(run) || holdWaiting(run) || startContainers(run);
  return (
    crash(run) ||
    crashLoop(run) ||
    stopForNewImage(run) ||
    restart(run) ||
    becomeReady(run) ||
    loseReadiness(run) ||
    followGates(run) ||
    complete(run)
  );
}
function crash(run: Run): boolean {
  const code = failureOf(run.pod, "crash");
  if (code === undefined || run.isCrashDone) return false;
  run.isCrashDone = true;
  const only = failureOf(run.pod, "crashContainer");
  const exitCode = Number.parseInt(code, 10) || 0;
  const reason = exitCode === 137 ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
  return change(run, {
    conditions: withConditions(run, ...notReady("ContainersNotReady", unreadyText(run))),
    containerStatuses: containersOf(run).map((status) =>
      status.state?.running !== undefined && (only === undefined || only === status.name)
        ? withExit(status, exited(run, status, exitCode, reason))
        : status,
    ),
  });
}

function backOffText(run: Run, name: string): string {
  const { namespace = "", name: podName } = run.pod.metadata;
  return `restarting failed container ${name} in pod ${podName}_${namespace}(${uidOf(run.pod)})`;
}

function crashLoop(run: Run): boolean {
  const raw = failureOf(run.pod, "crashLoop");
  if (raw === undefined) return false;
  const loopMs = failureMs(run.pod, "crashLoop") ?? 500;
  const doomed = containersOf(run).filter(
    (status) => status.state?.running !== undefined && isDue(run, startedAtMs(run, status) + loopMs),
  );
  if (doomed.length === 0) return false;
  const waitSeconds = (failureMs(run.pod, "restartDelay") ?? run.node.timing.backOffMs) / 1000;
  return change(run, {
    conditions: withConditions(run, ...notReady("ContainersNotReady", unreadyText(run))),
    containerStatuses: containersOf(run).map((status) => {
      if (!doomed.includes(status)) return status;
      const { namespace = "", name } = run.pod.metadata;
      const message = `back-off ${waitSeconds}s restarting failed container=${status.name} pod=${name}_${namespace}(${uidOf(run.pod)})`;
      tell(run, {
        type: "Warning",
        reason: "BackOff",
        message: `Back-off ${backOffText(run, status.name)}`,
        container: status.name,
      });
      const end = exited(run, status, 1, "Error");
      return {
        ...withExit(status, end),
        state: { waiting: { reason: "CrashLoopBackOff", message } },
        lastState: { terminated: end },
      };
    }),
  });
}

/** A kubelet restarts a container in place when its image changes. */
function stopForNewImage(run: Run): boolean {
  const isOutdated = (status: ContainerStatus): boolean => {
    const image = specOf(run, status.name)?.image;
    return status.state?.running !== undefined && image !== undefined && image !== status.image;
  };
  if (!containersOf(run).some(isOutdated)) return false;
  return change(run, {
    conditions: withConditions(run, ...notReady("ContainersNotReady", unreadyText(run))),
    containerStatuses: containersOf(run).map((status) => {
      if (!isOutdated(status)) return status;
      const message = `Container ${status.name} definition changed, will be restarted`;
      tell(run, { type: "Normal", reason: "Killing", message, container: status.name });
      return withExit(status, exited(run, status, 0, "Completed"));
    }),
  });
}

function mayRestart(run: Run, status: ContainerStatus): boolean {
  if (status.state?.waiting !== undefined) return true;
  const end = status.state?.terminated;
  if (end === undefined) return false;
  const policy = run.pod.spec.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && end.exitCode !== 0);
}

function restart(run: Run): boolean {
  const asked = failureMs(run.pod, "restartDelay");
  const { restartMs, backOffMs } = run.node.timing;
  const due = containersOf(run).filter((status) => {
    if (!mayRestart(run, status)) return false;
    const waitMs = asked ?? (status.state?.waiting === undefined ? restartMs : backOffMs);
    return isDue(run, endedAtMs(run, status) + waitMs);
  });
  if (due.length === 0) return false;
  return change(run, {
    ...generationFacts(run),
    containerStatuses: containersOf(run).map((status) => {
      const spec = specOf(run, status.name);
      if (!due.includes(status) || spec === undefined) return status;
      const end = status.state?.terminated ?? status.lastState?.terminated;
      return {
        ...started(run, spec, status, status.restartCount + 1),
        started: true,
        ...(end === undefined ? {} : { lastState: { terminated: end } }),
      };
    }),
  });
}

function becomeReady(run: Run): boolean {
  if (failureOf(run.pod, "ready") === "false") return false;
  if (conditionOf(run.status.conditions, "ContainersReady")?.status === "True") return false;
  const statuses = containersOf(run);
  if (statuses.length === 0 || statuses.some(({ state }) => state?.running === undefined)) return false;
  const readyMs = readyDelayMs(run.pod, run.node.seed, run.node.timing);
  const startMs = Math.max(...statuses.filter(({ ready }) => !ready).map((status) => startedAtMs(run, status)));
  if (!isDue(run, startMs + readyMs)) return false;
  return change(run, {
    conditions: withConditions(run, { type: "ContainersReady", status: "True" }, readyByGates(run)),
    containerStatuses: statuses.map((status) => ({ ...status, ready: true, started: true })),
  });
}

function loseReadiness(run: Run): boolean {
  if (failureOf(run.pod, "ready") !== "false") return false;
  if (conditionOf(run.status.conditions, "ContainersReady")?.status !== "True") return false;
  const message = "Readiness probe failed: the annotation sandbox.openpatio.io/ready is false";
  for (const { name } of containersOf(run))
    tell(run, { type: "Warning", reason: "Unhealthy", message, container: name });
  return change(run, {
    conditions: withConditions(run, ...notReady("ContainersNotReady", unreadyText(run))),
    containerStatuses: containersOf(run).map((status) => ({ ...status, ready: false })),
  });
}

function followGates(run: Run): boolean {
  if ((run.pod.spec.readinessGates ?? []).length === 0) return false;
  if (conditionOf(run.status.conditions, "ContainersReady")?.status !== "True") return false;
  const ready = readyByGates(run);
  if (conditionOf(run.status.conditions, "Ready")?.status === ready.status) return false;
  return change(run, { conditions: withConditions(run, ready) });
}

/** Pods that are meant to end: when everything has run, or nothing is left that may run again. */
function complete(run: Run): boolean {
  if ((run.pod.spec.restartPolicy ?? "Always") === "Always") return false;
  const statuses = containersOf(run);
  if (statuses.length === 0 || statuses.some((status) => mayRestart(run, status))) return false;
  const afterMs = failureMs(run.pod, "completeAfter") ?? run.node.timing.completeMs;
  const starts = statuses.filter(({ state }) => state?.running !== undefined).map((item) => startedAtMs(run, item));
  if (starts.length > 0 && !isDue(run, Math.max(...starts) + afterMs)) return false;
  const hasFailed = statuses.some(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  return change(run, {
    phase: hasFailed ? "Failed" : "Succeeded",
    ...endedSidecars(run),
    conditions: withConditions(run, ...notReady(hasFailed ? "PodFailed" : "PodCompleted")),
    containerStatuses: statuses.map((status) =>
      status.state?.running === undefined ? status : withExit(status, exited(run, status, 0, "Completed")),
    ),
  });
}

function failOnRequest(run: Run): boolean {
  const reason = failureOf(run.pod, "fail");
  if (reason === undefined) return false;
  const message = failureOf(run.pod, "failMessage") ?? "";
  const disruption: readonly Condition[] =
    reason === "Evicted" ? [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message }] : [];
  tell(run, { type: "Warning", reason, message });
  return change(run, {
    phase: "Failed",
    reason,
    ...endedSidecars(run),
    message,
    conditions: withConditions(run, ...disruption, ...notReady("PodFailed")),
    ...(run.status.containerStatuses === undefined
      ? {}
      : { containerStatuses: containersOf(run).map((status) => withExit(status, exited(run, status, 137, "Error"))) }),
  });
}

/** A deleted pod ends after its delay; true when the node has let go of it. */
function stop(run: Run): boolean {
  const { pod, node, times } = run;
  if (run.status.startTime === undefined || run.status.phase === "Succeeded" || run.status.phase === "Failed")
    return true;
  const gracePeriodMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  const toldMs = timeOf(pod.metadata.deletionTimestamp) - gracePeriodMs;
  // The timestamp is cut to the second: within that second, now is the better answer.
  const sinceMs = times.get("deleted") ?? (node.nowMs - toldMs < 1000 ? node.nowMs : toldMs);
  times.set("deleted", sinceMs);
  for (const { name, state } of containersOf(run)) {
    if (state?.running === undefined) continue;
    tellOnce(run, { type: "Normal", reason: "Killing", message: `Stopping container ${name}`, container: name });
  }
  const stopMs = failureMs(pod, "stopDelay") ?? delayMs(run, node.timing.stop, "stop");
  if (!isDue(run, sinceMs + stopMs)) return false;
  // Since 1.27 a kubelet reports a terminal phase before it lets go of a deleted pod.
  const hasRun = run.status.phase === "Running";
  change(run, {
    phase: hasRun ? "Succeeded" : "Failed",
    ...endedSidecars(run),
    conditions: withConditions(run, ...notReady(hasRun ? "PodCompleted" : "PodFailed")),
    ...(run.status.containerStatuses === undefined
      ? {}
      : {
          containerStatuses: containersOf(run).map((status) => {
            if (status.state?.terminated !== undefined) return status;
            const hasContainerRun = status.state?.running !== undefined;
            const end = hasContainerRun
              ? exited(run, status, 0, "Completed")
              : exited(run, status, 137, "ContainerStatusUnknown");
            return withExit(status, end);
          }),
        }),
  });
  return true;
}
