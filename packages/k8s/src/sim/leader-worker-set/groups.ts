/** One group of a LeaderWorkerSet, seen from its pods: the workers of a leader, and the recreation of broken groups. */
import type { ControllerContext } from "../controllers/context.ts";
import {
  type ControllerRevision,
  isPodReady,
  isTerminating,
  type Pod,
  splitKey,
  typed,
  uidOf,
} from "../controllers/objects.ts";
import { ensureService, workerStatefulSet } from "./render.ts";
import { COMPONENT, KEY, type LeaderWorkerSet, MANAGER, RESOURCE, revisionKeyOf, SETS } from "./types.ts";

/** Reconciles one pod of a set, by its key; returns when to look again. */
export function createGroupReconciler(context: ControllerContext): (key: string) => number | undefined {
  const { api, events } = context;

  function record(set: LeaderWorkerSet, type: "Normal" | "Warning", reason: string, message: string): void {
    events.record({ about: set, type, reason, message, component: COMPONENT });
  }

  function reconcile(key: string): number | undefined {
    const object = api.get("pods", ...splitKey(key));
    if (object === undefined) return undefined;
    const pod = typed<Pod>(object);
    const { namespace, labels } = pod.metadata;
    const name = labels?.[KEY.setName];
    const found = name === undefined ? undefined : api.get(RESOURCE, namespace, name);
    if (found === undefined) return undefined;
    const set = typed<LeaderWorkerSet>(found);
    if (recreateWhenBroken(set, pod) || labels?.[KEY.workerIndex] !== "0") return undefined;
    if (set.spec.networkConfig.subdomainPolicy === "UniquePerReplica") {
      ensureService(context, set, pod.metadata.name, pod);
    }
    if (isTerminating(pod) || set.spec.leaderWorkerTemplate.size === 1) return undefined;
    if (set.spec.startupPolicy === "LeaderReady" && !isPodReady(pod)) return undefined;
    return ensureWorkers(set, pod);
  }

  /** Returns whether the group is on its way out. */
  function recreateWhenBroken(set: LeaderWorkerSet, pod: Pod): boolean {
    const { restartPolicy } = set.spec.leaderWorkerTemplate;
    if (restartPolicy !== "RecreateGroupOnPodRestart" && restartPolicy !== "RecreateGroupAfterStart") return false;
    if (!hasRestarted(pod) && !isTerminating(pod)) return false;
    const leader = leaderOf(pod);
    // Pods of two revisions: this one belongs to a group that goes anyway.
    if (leader === undefined || revisionKeyOf(leader) !== revisionKeyOf(pod)) return false;
    if (isTerminating(leader)) return true;
    if (restartPolicy === "RecreateGroupAfterStart" && hasPendingPod(set, leader)) return false;
    api.delete("pods", leader.metadata.namespace, leader.metadata.name, {
      propagation: "Foreground",
      uid: uidOf(leader),
    });
    const index = leader.metadata.labels?.[KEY.groupIndex] ?? "";
    const what = `Worker pod ${pod.metadata.name} failed, deleted leader pod ${leader.metadata.name}`;
    record(set, "Normal", "RecreateGroupOnPodRestart", `${what} to recreate group ${index}`);
    return true;
  }

  function leaderOf(pod: Pod): Pod | undefined {
    if (pod.metadata.labels?.[KEY.workerIndex] === "0") return pod;
    const leader = api.get("pods", pod.metadata.namespace, pod.metadata.name.replace(/-\d+$/u, ""));
    return leader === undefined ? undefined : typed<Pod>(leader);
  }

  function hasPendingPod(set: LeaderWorkerSet, leader: Pod): boolean {
    const { namespace = "default", labels } = leader.metadata;
    const index = labels?.[KEY.groupIndex] ?? "";
    return api
      .list("pods", { namespace, labels: { [KEY.setName]: set.metadata.name, [KEY.groupIndex]: index } })
      .some((pod) => typed<Pod>(pod).status?.phase === "Pending");
  }

  function ensureWorkers(set: LeaderWorkerSet, leader: Pod): number | undefined {
    const { namespace, name } = leader.metadata;
    // An earlier life's workers may still stand there: their going brings us back.
    if (api.get(SETS, namespace, name) !== undefined) return undefined;
    const revision = api
      .list("controllerrevisions.apps", { ownerUid: uidOf(set), labels: { [KEY.revision]: revisionKeyOf(leader) } })
      .map((one) => typed<ControllerRevision>(one))
      .at(-1);
    if (revision === undefined) return api.clock.nowMs() + 1000;
    const nodeSelector = domainOf(set, leader);
    if (nodeSelector === null) return undefined;
    try {
      api.create(SETS, workerStatefulSet(set, leader, revision, nodeSelector), MANAGER);
      record(set, "Normal", "GroupsProgressing", `Created worker statefulset for leader pod ${name}`);
    } catch (error) {
      record(set, "Warning", "FailedCreate", `Failed to create worker statefulset for leader pod ${name}`);
      throw error;
    }
    return undefined;
  }

  /** Where the workers must go to be with their leader; null while that is not known. */
  function domainOf(set: LeaderWorkerSet, leader: Pod): Readonly<Record<string, string>> | null {
    const topologyKey = set.metadata.annotations?.[KEY.exclusiveTopology];
    if (topologyKey === undefined) return {};
    const node = leader.spec.nodeName === undefined ? undefined : api.get("nodes", undefined, leader.spec.nodeName);
    const domain = node?.metadata.labels?.[topologyKey];
    return domain === undefined ? null : { [topologyKey]: domain };
  }

  return reconcile;
}

function hasRestarted({ status }: Pod): boolean {
  if (status?.phase !== "Running" && status?.phase !== "Pending") return false;
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return all.some(({ restartCount }) => restartCount > 0);
}
