import {
  ANNOTATION,
  type Fields,
  fields,
  type KubeObject,
  LABEL,
  type Labels,
  LWS_LABEL,
  MANAGER,
  type ObservedClaim,
  type ObservedContainer,
  type ObservedNode,
  type ObservedObject,
  type ObservedPod,
  type ObservedVolume,
  type ObservedWorkload,
  records,
  type Taint,
} from "@openpatio/core/model";
import { parseResources, podHostPorts, podRequests } from "@openpatio/core/placement";
import { dataHash } from "@openpatio/core/project";
import { ORDERED_TEARDOWN } from "@openpatio/core/resource";

/**
 * Objects as they arrive, cut down to what is used: a cluster's pods are held in memory, and a pod of 8 KB becomes less
 * than 1 KB. Objects of unexpected shape lose the parts that can't be read; they never throw.
 */

export function trimNode(node: KubeObject): ObservedNode {
  const spec = fields(node["spec"]);
  const status = fields(node["status"]);
  const ready = conditionOf(status, "Ready");
  const isReady = ready?.["status"] === "True";
  return {
    name: node.metadata.name,
    uid: node.metadata.uid ?? "",
    labels: node.metadata.labels ?? {},
    taints: records(spec["taints"]).map(trimTaint),
    isUnschedulable: spec["unschedulable"] === true,
    isReady,
    notReadyMessage: isReady ? null : (textOf(ready?.["message"]) ?? textOf(ready?.["reason"]) ?? "not ready yet"),
    allocatable: parseResources(status["allocatable"]),
  };
}

function trimTaint(taint: Fields): Taint {
  return {
    key: textOf(taint["key"]) ?? "",
    value: textOf(taint["value"]) ?? "",
    effect: textOf(taint["effect"]) ?? "",
  };
}

const POD_PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

export function trimPod(pod: KubeObject): ObservedPod {
  const spec = fields(pod["spec"]);
  const status = fields(pod["status"]);
  const labels = pod.metadata.labels ?? {};
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  const ready = conditionOf(status, "Ready");
  const scheduled = conditionOf(status, "PodScheduled");
  const isReady = ready?.["status"] === "True";
  const isUnschedulable = scheduled?.["status"] === "False" && scheduled["reason"] === "Unschedulable";
  return {
    uid: pod.metadata.uid ?? "",
    namespace: pod.metadata.namespace ?? "",
    name: pod.metadata.name,
    set: labels[LABEL.set] ?? null,
    groupIndex: countOf(labels[LABEL.groupIndex]),
    role: labels[LABEL.role] ?? null,
    incarnation: countOf(labels[LABEL.incarnation]),
    roleRestart: countOf(labels[LABEL.roleRestart]) ?? 0,
    revisionHash: labels[LABEL.revisionHash] ?? null,
    templateRestart: pod.metadata.annotations?.[ANNOTATION.restart] ?? null,
    setId: pod.metadata.annotations?.[ANNOTATION.setId] ?? null,
    ...placeOf(pod.metadata.name, labels, owner),
    ownerUid: owner?.uid ?? null,
    nodeName: textOf(spec["nodeName"]),
    phase: POD_PHASES.find((phase) => phase === status["phase"]) ?? "Pending",
    isReady,
    readySinceMs: isReady ? timeOf(ready["lastTransitionTime"]) : null,
    createdAtMs: timeOf(pod.metadata.creationTimestamp) ?? 0,
    deletionAtMs: timeOf(pod.metadata.deletionTimestamp),
    reason: textOf(status["reason"]),
    message: textOf(status["message"]),
    unschedulableMessage: isUnschedulable ? textOf(scheduled["message"]) : null,
    containers: trimContainers(spec, status),
    requests: podRequests(spec),
    hostPorts: podHostPorts(spec),
    isDaemonSetPod: owner?.kind === "DaemonSet",
    ip: textOf(status["podIP"]),
  };
}

type Owner = NonNullable<KubeObject["metadata"]["ownerReferences"]>[number];

/** Which instance of its role a pod is, or is part of, and the workload that it is of. */
function placeOf(
  name: string,
  labels: Labels,
  owner: Owner | undefined,
): Pick<ObservedPod, "ordinal" | "worker" | "ownerKind" | "ownerName"> {
  const leaderWorkerSet = labels[LWS_LABEL.name];
  if (leaderWorkerSet !== undefined) {
    const ordinal = countOf(labels[LWS_LABEL.groupIndex]);
    const worker = countOf(labels[LWS_LABEL.workerIndex]);
    return { ordinal, worker, ownerKind: "LeaderWorkerSet", ownerName: leaderWorkerSet };
  }
  const ofOwner = { ownerKind: owner?.kind ?? null, ownerName: owner?.name ?? null };
  const ordinal = owner?.kind === "StatefulSet" ? ordinalOf(name, owner.name) : null;
  const instance = countOf(labels[LABEL.instance]);
  return instance === null ? { ...ofOwner, ordinal, worker: null } : { ...ofOwner, ordinal: instance, worker: ordinal };
}

/** From the name, which every version has; the label apps.kubernetes.io/pod-index came later. */
function ordinalOf(pod: string, statefulSet: string): number | null {
  return pod.startsWith(`${statefulSet}-`) ? countOf(pod.slice(statefulSet.length + 1)) : null;
}

function trimContainers(spec: Fields, status: Fields): readonly ObservedContainer[] {
  const statuses = new Map<unknown, Fields>();
  for (const one of [...records(status["initContainerStatuses"]), ...records(status["containerStatuses"])]) {
    statuses.set(one["name"], one);
  }
  const trim = (container: Fields, kind: ObservedContainer["kind"]): ObservedContainer =>
    trimContainer(container, kind, fields(statuses.get(container["name"])));
  return [
    ...records(spec["initContainers"]).map((one) => trim(one, one["restartPolicy"] === "Always" ? "sidecar" : "init")),
    ...records(spec["containers"]).map((one) => trim(one, "main")),
  ];
}

function trimContainer(container: Fields, kind: ObservedContainer["kind"], status: Fields): ObservedContainer {
  const state = fields(status["state"]);
  const name =
    state["running"] !== undefined ? "running" : state["terminated"] !== undefined ? "terminated" : "waiting";
  const current = fields(state[name]);
  const last = fields(status["lastState"])["terminated"];
  return {
    name: textOf(container["name"]) ?? "",
    kind,
    image: textOf(status["image"]) ?? textOf(container["image"]) ?? "",
    containerId: textOf(status["containerID"]),
    restartCount: numberOf(status["restartCount"]) ?? 0,
    isReady: status["ready"] === true,
    state: name,
    reason: textOf(current["reason"]),
    message: textOf(current["message"]),
    exitCode: numberOf(current["exitCode"]),
    startedAtMs: timeOf(current["startedAt"]),
    finishedAtMs: timeOf(current["finishedAt"]),
    lastTermination: last === undefined ? null : trimTermination(fields(last)),
  };
}

function trimTermination(terminated: Fields): NonNullable<ObservedContainer["lastTermination"]> {
  return {
    containerId: textOf(terminated["containerID"]),
    exitCode: numberOf(terminated["exitCode"]) ?? 0,
    reason: textOf(terminated["reason"]),
    finishedAtMs: timeOf(terminated["finishedAt"]),
  };
}

/** Claims are held of the whole cluster: no more of them than where their data is. */
export function trimClaim(claim: KubeObject): ObservedClaim {
  const labels = claim.metadata.labels ?? {};
  const isBound = fields(claim["status"])["phase"] === "Bound";
  return {
    namespace: claim.metadata.namespace ?? "",
    name: claim.metadata.name,
    uid: claim.metadata.uid ?? "",
    set: labels[LABEL.set] ?? null,
    groupIndex: countOf(labels[LABEL.groupIndex]),
    role: labels[LABEL.role] ?? null,
    volume: isBound ? textOf(fields(claim["spec"])["volumeName"]) : null,
    deletionAtMs: timeOf(claim.metadata.deletionTimestamp),
  };
}

export function trimVolume(volume: KubeObject): ObservedVolume {
  const required = fields(fields(fields(volume["spec"])["nodeAffinity"])["required"]);
  const terms = required["nodeSelectorTerms"];
  return { name: volume.metadata.name, nodeTerms: Array.isArray(terms) ? terms : null };
}

/** Null when its labels do not say which group, role and incarnation it is. */
export function trimWorkload(object: KubeObject, kind: ObservedWorkload["kind"]): ObservedWorkload | null {
  const labels = object.metadata.labels ?? {};
  const set = labels[LABEL.set];
  const role = labels[LABEL.role];
  const groupIndex = countOf(labels[LABEL.groupIndex]);
  const incarnation = countOf(labels[LABEL.incarnation]);
  if (set === undefined || role === undefined || groupIndex === null || incarnation === null) return null;
  const spec = fields(object["spec"]);
  const status = fields(object["status"]);
  return {
    kind,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
    set,
    groupIndex,
    role,
    instance: countOf(labels[LABEL.instance]),
    incarnation,
    roleRestart: countOf(labels[LABEL.roleRestart]) ?? 0,
    revisionHash: labels[LABEL.revisionHash] ?? "",
    ownerUid: ownerOf(object),
    generation: object.metadata.generation ?? 0,
    // A LeaderWorkerSet does not tell in every version; its pods say how far it is.
    observedGeneration:
      numberOf(status["observedGeneration"]) ?? (kind === "LeaderWorkerSet" ? (object.metadata.generation ?? 0) : 0),
    replicas: numberOf(spec["replicas"]) ?? 1,
    scaledBy: scaledBy(object),
    readyReplicas: numberOf(status["readyReplicas"]) ?? 0,
    updatedReplicas: numberOf(status["updatedReplicas"]) ?? 0,
    contentHash: object.metadata.annotations?.[ANNOTATION.contentHash] ?? null,
    deletionAtMs: timeOf(object.metadata.deletionTimestamp),
    failureMessage: failureOf(status),
  };
}

/** Deployments say it in a condition; a StatefulSet says it in events only. */
function failureOf(status: Fields): string | null {
  const failure = conditionOf(status, "ReplicaFailure");
  return failure?.["status"] === "True" ? textOf(failure["message"]) : null;
}

/** Null when its labels do not say which group it is of; a Service may be the whole set's. */
export function trimObject(object: KubeObject, kind: ObservedObject["kind"]): ObservedObject | null {
  const labels = object.metadata.labels ?? {};
  const set = labels[LABEL.set];
  const groupIndex = countOf(labels[LABEL.groupIndex]);
  if (set === undefined || (groupIndex === null && kind !== "Service")) return null;
  return {
    kind,
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
    set,
    groupIndex,
    role: labels[LABEL.role] ?? null,
    ownerUid: ownerOf(object),
    contentHash: object.metadata.annotations?.[ANNOTATION.contentHash] ?? null,
    dataHash: dataHash(object.kind === kind ? object : { ...object, kind }),
    changedBy: changedBy(object),
    setId: object.metadata.annotations?.[ANNOTATION.setId] ?? null,
    deletionAtMs: timeOf(object.metadata.deletionTimestamp),
    isHeld: object.metadata.finalizers?.includes(ORDERED_TEARDOWN) === true,
    status: kind === "RoleBasedGroup" ? (object["status"] ?? null) : null,
  };
}

/** The manager of the last change to what it says that was not ours; labels and statuses are nobody's business here. */
function changedBy(object: KubeObject): string | null {
  return lastOther(object, (changed, subresource) => {
    const isContent = ["f:data", "f:binaryData", "f:spec"].some((field) => changed[field] !== undefined);
    return isContent && subresource === "";
  });
}

/** The manager that wrote the replicas last and is not us; an autoscaler and `kubectl scale` do it by the scale subresource. */
function scaledBy(object: KubeObject): string | null {
  return lastOther(object, (changed) => fields(changed["f:spec"])["f:replicas"] !== undefined);
}

/** The manager, not us, that was the last to write fields that are meant. */
function lastOther(object: KubeObject, isMeant: (changed: Fields, subresource: unknown) => boolean): string | null {
  const others = records(object.metadata.managedFields).filter(
    (entry) => entry["manager"] !== MANAGER && isMeant(fields(entry["fieldsV1"]), entry["subresource"] ?? ""),
  );
  const [last] = others.sort((a, b) => (timeOf(b["time"]) ?? 0) - (timeOf(a["time"]) ?? 0));
  return textOf(last?.["manager"]);
}

/** UID of the RoleBasedGroup that controls it. */
function ownerOf(object: KubeObject): string | null {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.kind === "RoleBasedGroup");
  return owner?.uid ?? null;
}

function conditionOf(status: Fields, type: string): Fields | undefined {
  return records(status["conditions"]).find((condition) => condition["type"] === type);
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function countOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** Epoch milliseconds of an RFC 3339 time. */
export function timeOf(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
