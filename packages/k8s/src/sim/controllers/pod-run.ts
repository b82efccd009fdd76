/** What the transitions of a pod have in common: the pod under way, its times, its conditions, its containers. */
import { failureMs } from "./failures.ts";
import {
  type Condition,
  type Container,
  type ContainerState,
  type ContainerStatus,
  conditionOf,
  type Pod,
  type PodStatus,
  timeOf,
  timestamp,
  uidOf,
  withCondition,
} from "./objects.ts";
import type { Reference } from "./pod-references.ts";
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

/** A pod while it goes through its transitions: the status so far and what came of it. */
export type Run = {
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

export function change(run: Run, status: Partial<PodStatus>): true {
  run.status = { ...run.status, ...status };
  run.hasChanged = true;
  return true;
}

export function isDue(run: Run, atMs: number): boolean {
  // A status written by hand may lack its times: then it is due.
  if (!(atMs > run.node.nowMs)) return true;
  run.dueMs = Math.min(run.dueMs, atMs);
  return false;
}

export function delayMs(run: Run, range: Range, purpose: string): number {
  return sampleMs(range, `${run.node.seed}/${uidOf(run.pod)}/${purpose}`);
}

export function tell(run: Run, event: KubeletEvent): void {
  run.events.push(event);
}

export function tellOnce(run: Run, event: KubeletEvent): void {
  const key = `told:${event.reason}:${event.message}`;
  if (run.times.has(key)) return;
  run.times.set(key, run.node.nowMs);
  tell(run, event);
}

export function acceptedAtMs(run: Run): number {
  return run.times.get("accepted") ?? timeOf(run.status.startTime);
}

export function startedAtMs(run: Run, status: ContainerStatus): number {
  const startedAt = status.state?.running?.startedAt;
  return run.times.get(`start:${status.containerID}`) ?? timeOf(startedAt);
}

export function endedAtMs(run: Run, status: ContainerStatus): number {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  const exact = run.times.get(`end:${end?.containerID ?? ""}`);
  return exact ?? timeOf(end?.finishedAt ?? run.status.startTime);
}

export function containersOf(run: Run): readonly ContainerStatus[] {
  return run.status.containerStatuses ?? [];
}

export function specOf(run: Run, name: string): Container | undefined {
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

export function unreadyText(run: Run): string {
  return `containers with unready status: [${run.pod.spec.containers.map(({ name }) => name).join(" ")}]`;
}

export function withConditions(run: Run, ...conditions: readonly Condition[]): readonly Condition[] {
  return conditions.reduce<readonly Condition[]>(
    (all, condition) => withCondition(all, condition, run.node.nowMs),
    run.status.conditions ?? [],
  );
}

export function notReady(reason: string, message = ""): readonly Condition[] {
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

export function readyByGates(run: Run): Condition {
  const gate = closedGate(run);
  if (gate === undefined) return { type: "Ready", status: "True" };
  const state = conditionOf(run.status.conditions, gate)?.status;
  const message =
    state === undefined
      ? `corresponding condition of pod readiness gate "${gate}" does not exist.`
      : `the status of pod readiness gate "${gate}" is not "True", but ${state}`;
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message };
}

export function generationFacts(run: Run): Pick<PodStatus, "observedGeneration"> {
  const { generation } = run.pod.metadata;
  return generation === undefined ? {} : { observedGeneration: generation };
}

/** From the start of a container until it is ready, in milliseconds. */
export function readyDelayMs(pod: Pod, seed: string, timing: Timing): number {
  return failureMs(pod, "readyDelay") ?? sampleMs(timing.ready, `${seed}/${uidOf(pod)}/ready`);
}

/** The status of a container that starts now, not yet ready. */
export function started(
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
export function exited(
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

export function withExit(
  status: ContainerStatus,
  terminated: NonNullable<ContainerState["terminated"]>,
): ContainerStatus {
  return { ...status, ready: false, started: false, state: { terminated } };
}

/** Sidecars end with the containers that they serve. */
export function endedSidecars(run: Run): Partial<PodStatus> {
  const statuses = run.status.initContainerStatuses;
  if (statuses?.some(({ state }) => state?.running !== undefined) !== true) return {};
  return {
    initContainerStatuses: statuses.map((status) =>
      status.state?.running === undefined ? status : withExit(status, exited(run, status, 0, "Completed")),
    ),
  };
}
