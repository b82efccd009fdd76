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
  type Container,
  type ContainerState,
  type ContainerStatus,
  conditionOf,
  isTerminating,
  type Pod,
  type PodStatus,
  timeOf,
  timestamp,
  uidOf,
  withCondition,
} from "./objects.ts";
import { environmentReferences, missingText, type Reference, volumeReferences } from "./pod-references.ts";
import { hash32, type Range, sampleMs, type Timing } from "./timing.ts";

/** Epoch milliseconds of what happened in a pod, and of what was already told about it. */
export type PodTimes = Map<string, number>;

export type KubeletEvent = {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly container?: string;
};

export type NodeFacts = {
  readonly nowMs: number;
  readonly seed: string;
  readonly timing: Timing;
  readonly hostIP: string;
  allocatePodIP(): string;
  exists(reference: Reference): boolean;
};

export type PodStep = {
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

type Run = {
  readonly pod: Pod;
  readonly node: NodeFacts;
  readonly times: PodTimes;
  status: PodStatus;
  hasChanged: boolean;
  isCrashDone: boolean;
  dueMs: number;
  readonly events: KubeletEvent[];
  missing: Reference[];
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

/** From the start of a container until it is ready, in milliseconds. */
export function readyDelayMs(pod: Pod, seed: string, timing: Timing): number {
  return failureMs(pod, "readyDelay") ?? sampleMs(timing.ready, `${seed}/${uidOf(pod)}/ready`);
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

function change(run: Run, status: Partial<PodStatus>): true {
  run.status = { ...run.status, ...status };
  run.hasChanged = true;
  return true;
}

function isDue(run: Run, atMs: number): boolean {
  // A status written by hand may lack its times: then it is due.
  if (!(atMs > run.node.nowMs)) return true;
  run.dueMs = Math.min(run.dueMs, atMs);
  return false;
}

function delayMs(run: Run, range: Range, purpose: string): number {
  return sampleMs(range, `${run.node.seed}/${uidOf(run.pod)}/${purpose}`);
}

function tell(run: Run, event: KubeletEvent): void {
  run.events.push(event);
}

function tellOnce(run: Run, event: KubeletEvent): void {
  const key = `told:${event.reason}:${event.message}`;
  if (run.times.has(key)) return;
  run.times.set(key, run.node.nowMs);
  tell(run, event);
}

function acceptedAtMs(run: Run): number {
  return run.times.get("accepted") ?? timeOf(run.status.startTime);
}

function startedAtMs(run: Run, status: ContainerStatus): number {
  const startedAt = status.state?.running?.startedAt;
  return run.times.get(`start:${status.containerID}`) ?? timeOf(startedAt);
}

function endedAtMs(run: Run, status: ContainerStatus): number {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  const exact = run.times.get(`end:${end?.containerID ?? ""}`);
  return exact ?? timeOf(end?.finishedAt ?? run.status.startTime);
}

function containersOf(run: Run): readonly ContainerStatus[] {
  return run.status.containerStatuses ?? [];
}

function specOf(run: Run, name: string): Container | undefined {
  return run.pod.spec.containers.find((container) => container.name === name);
}

function hex64(text: string): string {
  let hex = "";
  for (let part = 0; part < 8; part += 1) hex += hash32(`${part}:${text}`).toString(16).padStart(8, "0");
  return hex;
}

function imageFacts(image: string): Pick<ContainerStatus, "image" | "imageID"> {
  return { image, imageID: `${image}@sha256:${hex64(image)}` };
}

function unreadyText(run: Run): string {
  return `containers with unready status: [${run.pod.spec.containers.map(({ name }) => name).join(" ")}]`;
}

function withConditions(run: Run, ...conditions: readonly Condition[]): readonly Condition[] {
  return conditions.reduce<readonly Condition[]>(
    (all, condition) => withCondition(all, condition, run.node.nowMs),
    run.status.conditions ?? [],
  );
}

function notReady(reason: string, message = ""): readonly Condition[] {
  const facts = { status: "False", reason, ...(message === "" ? {} : { message }) } as const;
  return [
    { type: "ContainersReady", ...facts },
    { type: "Ready", ...facts },
  ];
}

function closedGate(run: Run): string | undefined {
  return run.pod.spec.readinessGates?.find(
    ({ conditionType }) => conditionOf(run.status.conditions, conditionType)?.status !== "True",
  )?.conditionType;
}

function readyByGates(run: Run): Condition {
  const gate = closedGate(run);
  if (gate === undefined) return { type: "Ready", status: "True" };
  const state = conditionOf(run.status.conditions, gate)?.status;
  const message =
    state === undefined
      ? `corresponding condition of pod readiness gate "${gate}" does not exist.`
      : `the status of pod readiness gate "${gate}" is not "True", but ${state}`;
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message };
}

function generationFacts(run: Run): Pick<PodStatus, "observedGeneration"> {
  const { generation } = run.pod.metadata;
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** The node takes the pod in: nothing runs yet. */
function accept(run: Run): boolean {
  if (run.status.startTime !== undefined) return false;
  const { pod, node } = run;
  run.times.set("accepted", node.nowMs);
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  const initNames = (pod.spec.initContainers ?? []).map(({ name }) => name);
  const waiting = (container: Container, reason: string): ContainerStatus => ({
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason } },
  });
  return change(run, {
    phase: "Pending",
    ...generationFacts(run),
    startTime: timestamp(node.nowMs),
    hostIP: node.hostIP,
    hostIPs: [{ ip: node.hostIP }],
    conditions: withConditions(
      run,
      { type: "PodReadyToStartContainers", status: "False" },
      hasInit
        ? {
            type: "Initialized",
            status: "False",
            reason: "ContainersNotInitialized",
            message: `containers with incomplete status: [${initNames.join(" ")}]`,
          }
        : { type: "Initialized", status: "True" },
      ...notReady("ContainersNotReady", unreadyText(run)),
    ),
    ...(hasInit
      ? { initContainerStatuses: (pod.spec.initContainers ?? []).map((item) => waiting(item, "PodInitializing")) }
      : {}),
    containerStatuses: pod.spec.containers.map((item) =>
      waiting(item, hasInit ? "PodInitializing" : "ContainerCreating"),
    ),
  });
}

/** A waiting reason on request: holds the pod before its containers start. */
function holdWaiting(run: Run): boolean {
  const reason = failureOf(run.pod, "waiting");
  if (reason === undefined) return false;
  if (containersOf(run).every(({ state }) => state?.waiting?.reason === reason)) return false;
  return change(run, {
    containerStatuses: containersOf(run).map((status) => ({
      ...status,
      state: { waiting: { reason, message: `${reason}: ${status.image}` } },
    })),
  });
}

function isHeld(run: Run): boolean {
  return failureOf(run.pod, "waiting") !== undefined;
}

/** From accepted to running: volumes, init containers in order, then all containers. */
function startContainers(run: Run): boolean {
  if (isHeld(run)) return false;
  const startMs = failureMs(run.pod, "startDelay") ?? delayMs(run, run.node.timing.start, "start");
  if (!isDue(run, acceptedAtMs(run) + startMs)) return false;
  if (!hasVolumes(run)) return false;
  return stepInit(run) ?? startMain(run);
}

function hasVolumes(run: Run): boolean {
  const missing = volumeReferences(run.pod).filter((reference) => !run.node.exists(reference));
  run.missing.push(...missing);
  for (const reference of missing) {
    tellOnce(run, {
      type: "Warning",
      reason: "FailedMount",
      message: `MountVolume.SetUp failed for volume "${reference.volume}" : ${missingText(reference)}`,
    });
  }
  return missing.length === 0;
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === "Always";
}

/** Advances the init containers; undefined when all are done. */
function stepInit(run: Run): boolean | undefined {
  const statuses = run.status.initContainerStatuses ?? [];
  const specs = run.pod.spec.initContainers ?? [];
  const index = statuses.findIndex((status, position) =>
    isSidecar(specs[position]) ? status.started !== true : status.state?.terminated?.exitCode !== 0,
  );
  if (index === -1) return undefined;
  const status = statuses[index] as ContainerStatus;
  const spec = specs[index] as Container;
  const replace = (next: ContainerStatus): Partial<PodStatus> => ({
    initContainerStatuses: statuses.map((item, position) => (position === index ? next : item)),
  });
  if (status.state?.running === undefined) {
    if (isBlocked(run, spec, status, (next) => change(run, replace(next)))) return false;
    const sidecar = isSidecar(spec) ? { ready: true, started: true } : { ready: false, started: true };
    return change(run, replace({ ...started(run, spec, status), ...sidecar }));
  }
  const initMs = delayMs(run, run.node.timing.init, `init/${spec.name}`);
  if (!isDue(run, startedAtMs(run, status) + initMs)) return false;
  const end = exited(run, status, 0, "Completed");
  return change(run, replace({ ...status, ready: true, started: false, state: { terminated: end } }));
}

/**
 * Whether the container lacks what its environment comes from; says so in its status, and reports the change to
 * `apply`. The result is about now: what is missing is looked at again when it appears.
 */
function isBlocked(
  run: Run,
  spec: Container,
  status: ContainerStatus,
  apply: (next: ContainerStatus) => void,
): boolean {
  const missing = environmentReferences(spec).filter((reference) => !run.node.exists(reference));
  const [first] = missing;
  if (first === undefined) return false;
  run.missing.push(...missing);
  const message = missingText(first);
  tellOnce(run, { type: "Warning", reason: "Failed", message: `Error: ${message}`, container: spec.name });
  if (status.state?.waiting?.message !== message) {
    apply({ ...status, state: { waiting: { reason: "CreateContainerConfigError", message } } });
  }
  return true;
}

function startMain(run: Run): boolean {
  const before = containersOf(run);
  let isComplete = true;
  const statuses = before.map((status) => {
    const spec = specOf(run, status.name);
    if (spec === undefined || status.state?.waiting === undefined) return status;
    let next = status;
    if (isBlocked(run, spec, status, (blocked) => (next = blocked))) {
      isComplete = false;
      return next;
    }
    return { ...started(run, spec, status), started: true };
  });
  if (!isComplete && statuses.every((status, index) => status === before[index])) return false;
  const ip = run.status.podIP ?? (run.pod.spec.hostNetwork === true ? run.node.hostIP : run.node.allocatePodIP());
  return change(run, {
    ...(isComplete ? { phase: "Running" } : {}),
    ...generationFacts(run),
    podIP: ip,
    podIPs: [{ ip }],
    conditions: withConditions(
      run,
      { type: "PodReadyToStartContainers", status: "True" },
      { type: "Initialized", status: "True" },
      ...notReady("ContainersNotReady", unreadyText(run)),
    ),
    containerStatuses: statuses,
  });
}

/** The status of a container that starts now, not yet ready. */
function started(
  run: Run,
  spec: Container,
  status: ContainerStatus,
  restartCount = status.restartCount,
): ContainerStatus {
  const { nowMs, seed } = run.node;
  const image = spec.image ?? "";
  const containerID = `containerd://${hex64(`${seed}/${uidOf(run.pod)}/${spec.name}/${restartCount}`)}`;
  run.times.set(`start:${containerID}`, nowMs);
  tell(run, {
    type: "Normal",
    reason: "Pulled",
    message: `Container image "${image}" already present on machine and can be accessed by the pod`,
    container: spec.name,
  });
  tell(run, { type: "Normal", reason: "Created", message: "Container created", container: spec.name });
  tell(run, { type: "Normal", reason: "Started", message: "Container started", container: spec.name });
  return {
    ...status,
    ...imageFacts(image),
    containerID,
    ready: false,
    restartCount,
    state: { running: { startedAt: timestamp(nowMs) } },
  };
}

/** How a container that runs now ends now. */
function exited(
  run: Run,
  status: ContainerStatus,
  exitCode: number,
  reason: string,
): NonNullable<ContainerState["terminated"]> {
  const startedAt = status.state?.running?.startedAt;
  run.times.set(`end:${status.containerID ?? ""}`, run.node.nowMs);
  return {
    exitCode,
    reason,
    ...(startedAt === undefined ? {} : { startedAt }),
    finishedAt: timestamp(run.node.nowMs),
    ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
  };
}

function withExit(status: ContainerStatus, terminated: NonNullable<ContainerState["terminated"]>): ContainerStatus {
  return { ...status, ready: false, started: false, state: { terminated } };
}

/** Sidecars end with the containers that they serve. */
function endedSidecars(run: Run): Partial<PodStatus> {
  const statuses = run.status.initContainerStatuses;
  if (statuses?.some(({ state }) => state?.running !== undefined) !== true) return {};
  return {
    initContainerStatuses: statuses.map((status) =>
      status.state?.running === undefined ? status : withExit(status, exited(run, status, 0, "Completed")),
    ),
  };
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
