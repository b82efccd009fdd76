import { type GroupState, groupRoles } from "../model/index.ts";
import type { PlanContext } from "./context.ts";
import { isOnLostNode, type ObservedGroup } from "./observed-group.ts";
import { listed, plural } from "./words.ts";

/** `decode is being stopped, 2 pods are left; prefill waits for it.` */
export function stopMessage(context: PlanContext, group: GroupState): string {
  const cluster = group.placement === null ? null : context.live(group.placement.cluster);
  if (cluster === null) return "Its roles are being stopped.";
  const observed = context.observed(cluster.name, group.index);
  const pods = observed.pods.filter((pod) => !isOnLostNode(pod, cluster));
  const present = groupRoles(context.set, group.revision)
    .map(({ role }) => role)
    .filter((role) => isThere(role, observed) || pods.some((pod) => pod.role === role));
  if (present.length === 0) return "Its roles are gone; its Services and ConfigMaps go last.";
  const waiting = present.filter((role) =>
    observed.workloads.some((workload) => workload.role === role && workload.deletionAtMs === null),
  );
  const stopping = present.filter((role) => !waiting.includes(role));
  if (stopping.length === 0) return "Its roles are being stopped.";
  const left = pods.filter((pod) => stopping.includes(pod.role ?? "")).length;
  const held =
    waiting.length === 0
      ? ""
      : `; ${listed(waiting)} ${waiting.length === 1 ? "waits" : "wait"} for ${stopping.length === 1 ? "it" : "them"}`;
  return `${listed(stopping)} ${stopping.length === 1 ? "is" : "are"} being stopped, ${plural(left, "pod")} ${left === 1 ? "is" : "are"} left${held}.`;
}

const isThere = (role: string, { workloads }: ObservedGroup): boolean =>
  workloads.some((workload) => workload.role === role);
