/** The start of a pod on its node: taken in, held, volumes, init containers in order, containers. */
import { failureMs, failureOf } from "./failures.ts";
import { type Container, type ContainerStatus, type PodStatus, timestamp } from "./objects.ts";
import { environmentReferences, missingText, volumeReferences } from "./pod-references.ts";
import {
  acceptedAtMs,
  change,
  containersOf,
  delayMs,
  exited,
  generationFacts,
  isDue,
  notReady,
  type Run,
  specOf,
  started,
  startedAtMs,
  tellOnce,
  unreadyText,
  withConditions,
} from "./pod-run.ts";

/** The node takes the pod in: nothing runs yet. */
export function accept(run: Run): boolean {
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
export function holdWaiting(run: Run): boolean {
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
export function startContainers(run: Run): boolean {
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
