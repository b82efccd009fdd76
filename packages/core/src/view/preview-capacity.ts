import type { ObservedCluster, SetState } from "../model/index.ts";
import { groupDemands, hostsOf, type Reservation } from "../placement/index.ts";
import { domainKey } from "./cluster-view.ts";
import { gpusOf } from "./gpus.ts";
import type { PreviewInput } from "./preview-input.ts";
import type { PreviewGroup, PreviewView } from "./types.ts";

/** GPUs per domain of the clusters that are concerned, before and after. */
export function capacityOf(input: PreviewInput, groups: readonly PreviewGroup[]): PreviewView["capacity"] {
  const { before, after } = input;
  const names = new Set([...hostsOf(after, input.clusters).names, ...groups.flatMap((group) => group.cluster ?? [])]);
  return [...names].sort().flatMap((name) => {
    const cluster = input.clusters.get(name);
    if (cluster === undefined) return [];
    const key = after.spec.placement.topology?.key ?? domainKey(cluster.nodes);
    const values = key === null ? [] : [...new Set(cluster.nodes.flatMap((node) => node.labels[key] ?? []))].sort();
    return values.map((value) => {
      const nodes = cluster.nodes.filter((node) => key !== null && node.labels[key] === value);
      const usable = nodes.filter((node) => node.isReady && !node.isUnschedulable);
      const gpus = (members: typeof nodes) => members.reduce((sum, node) => sum + gpusOf(node.allocatable), 0);
      const inUse = (members: typeof nodes) =>
        members.flatMap((node) => cluster.podsOnNode(node.name)).reduce((sum, pod) => sum + gpusOf(pod.requests), 0);
      const promised = (reservations: readonly Reservation[]) =>
        reservations
          .filter((reservation) => reservation.cluster === name && reservation.domain?.value === value)
          .reduce((sum, reservation) => sum + unboundGpus(cluster, reservation), 0);
      const mine = groups.filter((group) => group.cluster === name && group.domain === value);
      const change = mine.reduce((sum, group) => sum + gpuChange(before?.state ?? null, after, group), 0);
      const usedBefore = inUse(nodes) + promised(input.reservations);
      return {
        cluster: name,
        domain: value,
        total: gpus(nodes),
        usedBefore,
        usedAfter: Math.max(0, usedBefore + change),
        blocked: gpus(nodes) - gpus(usable),
        note: noteOf(nodes.length, usable.length, mine),
      };
    });
  });
}

function noteOf(nodes: number, usable: number, groups: readonly PreviewGroup[]): string {
  const parts: string[] = [];
  const coming = groups.filter((group) => group.then === "starts").map((group) => group.index);
  if (coming.length > 0) parts.push(`takes group${coming.length === 1 ? "" : "s"} ${coming.join(", ")}`);
  if (usable < nodes) parts.push(`${usable} of ${nodes} nodes usable`);
  return parts.join("; ");
}

function unboundGpus(cluster: ObservedCluster, reservation: Reservation): number {
  const bound = cluster
    .set(reservation.namespace, reservation.set)
    .pods.filter((pod) => pod.groupIndex === reservation.group && pod.nodeName !== null)
    .reduce((sum, pod) => sum + gpusOf(pod.requests), 0);
  return Math.max(0, reservation.demands.reduce((sum, demand) => sum + gpusOf(demand.requests), 0) - bound);
}

function gpuChange(before: SetState | null, after: SetState, group: PreviewGroup): number {
  const demand = (set: SetState | null, revision: number | null) =>
    set === null || revision === null
      ? 0
      : groupDemands(set, revision).reduce((sum, one) => sum + gpusOf(one.requests), 0);
  const now = demand(before, group.fromRevision);
  return group.then === "removed" ? -now : demand(after, group.toRevision) - now;
}
