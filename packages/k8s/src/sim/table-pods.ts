/** The pod row of `kubectl get pods`, as the API server's printer works it out. */
import { isObject, type MutableObject, objectsOf, textOf, valueAt } from "./store-json.ts";
import { age, orNone } from "./table-text.ts";

type PodSummary = { readonly ready: string; readonly status: string; readonly restarts: string };

export function podCells(pod: MutableObject, nowMs: number): unknown[] {
  const { ready, status, restarts } = podSummary(pod, nowMs);
  const gates = objectsOf(valueAt(pod, "spec.readinessGates"));
  const conditions = objectsOf(valueAt(pod, "status.conditions"));
  const met = gates.filter((gate) =>
    conditions.some((one) => one["type"] === gate["conditionType"] && one["status"] === "True"),
  );
  return [
    valueAt(pod, "metadata.name"),
    ready,
    status,
    restarts,
    age(valueAt(pod, "metadata.creationTimestamp"), nowMs),
    orNone(valueAt(pod, "status.podIP")),
    orNone(valueAt(pod, "spec.nodeName")),
    orNone(valueAt(pod, "status.nominatedNodeName")),
    gates.length === 0 ? "<none>" : `${met.length}/${gates.length}`,
  ];
}

function podSummary(pod: MutableObject, nowMs: number): PodSummary {
  const phase = textOf(valueAt(pod, "status.phase"));
  const conditions = objectsOf(valueAt(pod, "status.conditions"));
  const isConditionTrue = (type: string) => conditions.some((one) => one["type"] === type && one["status"] === "True");
  let reason = textOf(valueAt(pod, "status.reason") ?? phase);
  if (conditions.some((one) => one["type"] === "PodScheduled" && one["reason"] === "SchedulingGated"))
    reason = "SchedulingGated";

  const init = summarizeInit(pod);
  if (init.reason !== undefined) reason = init.reason;
  let { restarts, restartedAt, readyCount } = init;
  if (init.reason === undefined || isConditionTrue("Initialized")) {
    restarts = init.sidecarRestarts;
    restartedAt = init.sidecarRestartedAt;
    let hasRunning = false;
    let errorReason = "";
    for (const status of [...objectsOf(valueAt(pod, "status.containerStatuses"))].reverse()) {
      restarts += Number(status["restartCount"] ?? 0);
      restartedAt = later(restartedAt, valueAt(status, "lastState.terminated.finishedAt"));
      const waiting = valueAt(status, "state.waiting.reason");
      const terminated = valueAt(status, "state.terminated");
      if (typeof waiting === "string" && waiting !== "") reason = waiting;
      else if (isObject(terminated)) {
        reason = terminatedReason(terminated, "");
        if (terminated["exitCode"] !== 0) errorReason = reason;
      } else if (status["ready"] === true && valueAt(status, "state.running") !== undefined) {
        hasRunning = true;
        readyCount += 1;
      }
    }
    if (reason === "Completed") {
      if (hasRunning && isConditionTrue("Ready")) reason = "Running";
      else if (errorReason !== "") reason = errorReason;
      else if (hasRunning) reason = "NotReady";
    }
  }
  const isDeleted = valueAt(pod, "metadata.deletionTimestamp") !== undefined;
  if (isDeleted && valueAt(pod, "status.reason") === "NodeLost") reason = "Unknown";
  else if (isDeleted && phase !== "Failed" && phase !== "Succeeded") reason = "Terminating";

  const total = objectsOf(valueAt(pod, "spec.containers")).length + init.sidecars.size;
  const when = restarts === 0 || restartedAt === "" ? "" : ` (${age(restartedAt, nowMs)} ago)`;
  return { ready: `${readyCount}/${total}`, status: reason, restarts: `${restarts}${when}` };
}

function summarizeInit(pod: MutableObject) {
  const containers = objectsOf(valueAt(pod, "spec.initContainers"));
  const sidecars = new Set(containers.filter((one) => one["restartPolicy"] === "Always").map((one) => one["name"]));
  const summary = {
    sidecars,
    reason: undefined as string | undefined,
    restarts: 0,
    restartedAt: "",
    sidecarRestarts: 0,
    sidecarRestartedAt: "",
    readyCount: 0,
  };
  for (const [index, status] of objectsOf(valueAt(pod, "status.initContainerStatuses")).entries()) {
    const count = Number(status["restartCount"] ?? 0);
    const lastEnd = valueAt(status, "lastState.terminated.finishedAt");
    summary.restarts += count;
    summary.restartedAt = later(summary.restartedAt, lastEnd);
    const isSidecar = sidecars.has(status["name"]);
    if (isSidecar) {
      summary.sidecarRestarts += count;
      summary.sidecarRestartedAt = later(summary.sidecarRestartedAt, lastEnd);
    }
    const terminated = valueAt(status, "state.terminated");
    if (isObject(terminated) && terminated["exitCode"] === 0) continue;
    if (isSidecar && status["started"] === true) {
      if (status["ready"] === true) summary.readyCount += 1;
      continue;
    }
    const waiting = valueAt(status, "state.waiting.reason");
    if (isObject(terminated)) summary.reason = terminatedReason(terminated, "Init:");
    else if (typeof waiting === "string" && waiting !== "" && waiting !== "PodInitializing")
      summary.reason = `Init:${waiting}`;
    else summary.reason = `Init:${index}/${containers.length}`;
    break;
  }
  return summary;
}

function terminatedReason(terminated: MutableObject, prefix: string): string {
  const reason = terminated["reason"];
  if (typeof reason === "string" && reason !== "") return prefix + reason;
  const signal = Number(terminated["signal"] ?? 0);
  return signal === 0 ? `${prefix}ExitCode:${textOf(terminated["exitCode"])}` : `${prefix}Signal:${signal}`;
}

/** RFC 3339 times in UTC compare as text. */
function later(a: string, b: unknown): string {
  return typeof b === "string" && b > a ? b : a;
}
