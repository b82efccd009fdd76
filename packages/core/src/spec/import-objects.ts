import { API_VERSION, LABEL } from "../model/names.ts";
import { OTHER_CONTROLLER } from "./import-topology.ts";
import { isRecord, member, textAt, valueAt } from "./shape.ts";

type Loose = Readonly<Record<string, unknown>>;

/** What an imported set was in the file. */
export type ImportedOrigin = { readonly kind: string; readonly name: string };

/** An object that is not imported: why, and where references in it were changed, what to apply instead. */
export type OtherObject = { readonly reason: string; readonly object: Loose | null };

/** Kinds of the other controllers that are neither sets nor groups, and what stands in their place here. */
const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  CoordinatedPolicy:
    "A CoordinatedPolicy has no equivalent: RoleRolling goes role by role, GroupRolling replaces groups as a whole.",
  RoleBasedGroupScalingAdapter:
    "There are no scaling adapters here: with scaling.external in a role, an autoscaler scales the role's workload.",
  ClusterEngineRuntimeProfile: "Engine runtimes are not injected here: add their containers to the pod templates.",
  RoleBasedGroupWarmup: "There is no warm-up of nodes here: pull images beforehand with a DaemonSet.",
};

export function otherObject(data: Loose, origins: readonly ImportedOrigin[]): OtherObject {
  const kind = textAt(data, ["kind"]);
  const apiVersion = textAt(data, ["apiVersion"]) ?? "";
  if (kind === undefined) return { reason: "It has no kind: add apiVersion and kind.", object: null };
  if (apiVersion.startsWith("workloads.x-k8s.io/") || apiVersion.startsWith("leaderworkerset.x-k8s.io/"))
    return {
      reason:
        (Object.hasOwn(NO_EQUIVALENT, kind) ? NO_EQUIVALENT[kind] : undefined) ?? `${kind} has no equivalent here.`,
      object: null,
    };
  if (kind === "Service") return service(data, origins);
  if (kind === "HorizontalPodAutoscaler") return autoscaler(data);
  return { reason: `Only sets and groups are imported: apply this ${kind} with kubectl.`, object: null };
}

function service(data: Loose, origins: readonly ImportedOrigin[]): OtherObject {
  const selector = valueAt(data, ["spec", "selector"]);
  if (!isRecord(selector) || !Object.keys(selector).some((key) => OTHER_CONTROLLER.test(key)))
    return { reason: "Only sets and groups are imported: apply this Service with kubectl.", object: null };
  const rewritten: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(selector)) {
    const ours = OTHER_CONTROLLER.test(key) ? ourLabels(key, value, origins) : { [key]: value };
    if (ours === null)
      return {
        reason: `Its selector names labels of another controller, which pods do not have here (${key}). Each role of a group has a Service of its own (s-<group>-<role>); for another one, select openpatio.io/set and openpatio.io/role.`,
        object: null,
      };
    Object.assign(rewritten, ours);
  }
  const text = Object.entries(rewritten)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(", ");
  return {
    reason: `Its selector named labels of another controller; here it is ${text}. Apply it so with kubectl. One role of a set is chosen with ${LABEL.set} and ${LABEL.role}.`,
    object: { ...data, spec: { ...(isRecord(data["spec"]) ? data["spec"] : {}), selector: rewritten } },
  };
}

/** Null where pods have nothing that says the same. */
function ourLabels(key: string, value: unknown, origins: readonly ImportedOrigin[]): Loose | null {
  if (typeof value !== "string") return null;
  switch (key) {
    case "rbg.workloads.x-k8s.io/role-name":
    case "rolebasedgroup.workloads.x-k8s.io/role":
      return { [LABEL.role]: value };
    case "rbg.workloads.x-k8s.io/groupset-name":
    case "rolebasedgroupset.workloads.x-k8s.io/name":
    case "leaderworkerset.sigs.k8s.io/name":
      return { [LABEL.set]: value };
    case "rbg.workloads.x-k8s.io/groupset-index":
    case "rolebasedgroupset.workloads.x-k8s.io/rbg-index":
    case "leaderworkerset.sigs.k8s.io/group-index":
      return { [LABEL.groupIndex]: value };
    case "rbg.workloads.x-k8s.io/group-name":
    case "rolebasedgroup.workloads.x-k8s.io/name":
      return labelsOfGroup(value, origins);
    default:
      return null;
  }
}

/** A group is known by name: one that was alone is a set now, one of a set has its index at the end of its name. */
function labelsOfGroup(name: string, origins: readonly ImportedOrigin[]): Loose {
  const index = /^(.+)-(\d+)$/.exec(name);
  const isOfSet = origins.some((origin) => origin.kind === "RoleBasedGroupSet" && origin.name === index?.[1]);
  const isAlone = origins.some((origin) => origin.kind === "RoleBasedGroup" && origin.name === name);
  return isOfSet && !isAlone ? { [LABEL.set]: index?.[1], [LABEL.groupIndex]: index?.[2] } : { [LABEL.set]: name };
}

/** One that scaled the groups of a set or of a LeaderWorkerSet scales the groups of ours. */
function autoscaler(data: Loose): OtherObject {
  const target = valueAt(data, ["spec", "scaleTargetRef"]);
  const apiVersion = textAt(target, ["apiVersion"]) ?? "";
  const kind = textAt(target, ["kind"]) ?? "";
  const isSet = apiVersion.startsWith("workloads.x-k8s.io/") && kind === "RoleBasedGroupSet";
  if (isSet || (apiVersion.startsWith("leaderworkerset.x-k8s.io/") && kind === "LeaderWorkerSet"))
    return {
      reason: `It scaled a ${kind}; here it scales the groups of the set. Apply it so with kubectl, after the set was applied with kubectl.`,
      object: {
        ...data,
        spec: {
          ...(isRecord(data["spec"]) ? data["spec"] : {}),
          scaleTargetRef: { apiVersion: API_VERSION, kind: "RoleBasedGroupSet", name: member(target, "name") },
        },
      },
    };
  if (apiVersion.startsWith("workloads.x-k8s.io/"))
    return {
      reason: `It scales a ${kind}, which does not exist here: point spec.scaleTargetRef at the role's workload (<set>-<group>-<role>), set scaling.external in that role, and apply it with kubectl.`,
      object: null,
    };
  return {
    reason: "Only sets and groups are imported: apply this HorizontalPodAutoscaler with kubectl.",
    object: null,
  };
}
