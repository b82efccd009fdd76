/**
 * The Deployment controller: one ReplicaSet per pod template, rolled from the old ones to the new one within maxSurge and
 * maxUnavailable, or recreated.
 */
import { canonicalJson, compareText } from "@openpatio/core/model";
import { ApiError } from "../status.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { boundsOf, deploymentStatus, sum } from "./deployment-status.ts";
import {
  controllerOf,
  controllerReference,
  type Deployment,
  isTerminal,
  isTerminating,
  keyOf,
  type PodTemplate,
  type ReplicaSet,
  splitKey,
  timestamp,
  typed,
  uidOf,
  withCondition,
} from "./objects.ts";
import { podsOwnedBy } from "./pod-ownership.ts";
import { matchesSelector } from "./selector.ts";
import { safeSuffix } from "./timing.ts";

const RESOURCE = "deployments.apps";
const SETS = "replicasets.apps";
const COMPONENT = "deployment-controller";
const HASH_LABEL = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";
const DESIRED = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM = "deployment.kubernetes.io/max-replicas";

export function createDeploymentController(context: ControllerContext): Controller {
  const { api, events } = context;
  const queue = context.queue(COMPONENT, reconcile);

  function reconcile(key: string): number | undefined {
    const object = api.get(RESOURCE, ...splitKey(key));
    if (object === undefined) return undefined;
    const deployment = typed<Deployment>(object);
    if (isTerminating(deployment)) return writeStatus(deployment, false);
    adoptSets(deployment);
    const isPaused = deployment.spec.paused === true;
    syncRevision(deployment);
    if (isPaused || isScalingEvent(deployment)) {
      scaleProportionally(deployment);
      return writeStatus(deployment, false);
    }
    if (deployment.spec.strategy?.type === "Recreate") recreate(deployment);
    else roll(deployment);
    const dueMs = writeStatus(deployment, true);
    truncateHistory(deployment);
    return dueMs;
  }

  function setsOf(deployment: Deployment): readonly ReplicaSet[] {
    return api
      .list(SETS, { ownerUid: uidOf(deployment) })
      .map((set) => typed<ReplicaSet>(set))
      .filter((set) => controllerOf(set)?.uid === uidOf(deployment))
      .toSorted(oldestFirst);
  }

  /** Matching sets without a controller, as a deployment leaves them that was deleted without its dependents. */
  function adoptSets(deployment: Deployment): void {
    const { namespace = "default" } = deployment.metadata;
    const labels = deployment.spec.selector.matchLabels ?? {};
    for (const set of api.list(SETS, { namespace, labels })) {
      const isOurs = matchesSelector(deployment.spec.selector, set.metadata.labels);
      if (controllerOf(set) !== undefined || isTerminating(set) || !isOurs) continue;
      const ownerReferences = [...(set.metadata.ownerReferences ?? []), controllerReference(deployment)];
      api.patch(SETS, namespace, set.metadata.name, { metadata: { uid: uidOf(set), ownerReferences } });
    }
  }

  /** The set of the present template, if there is one, and the others. */
  function split(deployment: Deployment): { newSet: ReplicaSet | undefined; oldSets: readonly ReplicaSet[] } {
    const sets = setsOf(deployment);
    const wanted = templateText(deployment.spec.template);
    const newSet = sets.find(({ spec }) => templateText(spec.template) === wanted);
    return { newSet, oldSets: sets.filter((set) => set !== newSet) };
  }

  /** The new set carries the highest revision; the deployment shows it. */
  function syncRevision(deployment: Deployment): void {
    const { newSet, oldSets } = split(deployment);
    if (newSet === undefined) return;
    const next = Math.max(0, ...oldSets.map(revisionOf)) + 1;
    const revision = String(Math.max(next, revisionOf(newSet)));
    const { minReadySeconds } = deployment.spec;
    if (revisionOf(newSet) < next || newSet.spec.minReadySeconds !== minReadySeconds) {
      api.patch(SETS, newSet.metadata.namespace, newSet.metadata.name, {
        metadata: { annotations: { [REVISION]: revision } },
        spec: { minReadySeconds: minReadySeconds ?? null },
      });
    }
    showRevision(deployment, revision);
  }

  function showRevision(deployment: Deployment, revision: string): void {
    if (deployment.metadata.annotations?.[REVISION] === revision) return;
    const { namespace, name } = deployment.metadata;
    api.patch(RESOURCE, namespace, name, { metadata: { annotations: { [REVISION]: revision } } });
  }

  function ensureNewSet(deployment: Deployment): void {
    const { newSet, oldSets } = split(deployment);
    if (newSet !== undefined) return;
    const { namespace = "default", name, annotations } = deployment.metadata;
    const { template, minReadySeconds } = deployment.spec;
    const hash = safeSuffix(`${templateText(template)}/${deployment.status?.collisionCount ?? 0}`);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const wanted = deployment.spec.replicas ?? 1;
    const room = wanted + boundsOf(deployment).maxSurge - sum(oldSets, ({ spec }) => spec.replicas);
    const replicas = Math.min(wanted, Math.max(0, room));
    const revision = String(Math.max(0, ...oldSets.map(revisionOf)) + 1);
    const { "kubectl.kubernetes.io/last-applied-configuration": _, ...kept } = annotations ?? {};
    const setName = `${name}-${hash}`;
    try {
      api.create(SETS, {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          name: setName,
          namespace,
          labels,
          annotations: { ...kept, ...scaleFacts(deployment), [REVISION]: revision },
          ownerReferences: [controllerReference(deployment)],
        },
        spec: {
          replicas,
          ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
          selector: {
            ...deployment.spec.selector,
            matchLabels: { ...deployment.spec.selector.matchLabels, [HASH_LABEL]: hash },
          },
          template: { ...template, metadata: { ...template.metadata, labels } },
        },
      });
    } catch (error) {
      if (error instanceof ApiError && error.reason === "AlreadyExists") countCollision(deployment);
      throw error;
    }
    tell(deployment, `Scaled up replica set ${setName} from 0 to ${replicas}`);
    noteProgress(deployment, `Created new replica set "${setName}"`);
    showRevision(deployment, revision);
  }

  /** A foreign set has our name: the next attempt hashes to another. */
  function countCollision(deployment: Deployment): void {
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    const { namespace, name } = deployment.metadata;
    api.patch(RESOURCE, namespace, name, { status: { collisionCount } }, { subresource: "status" });
  }

  function noteProgress(deployment: Deployment, message: string): void {
    const latest = api.get(RESOURCE, deployment.metadata.namespace, deployment.metadata.name);
    if (latest === undefined) return;
    const { status } = typed<Deployment>(latest);
    const nowMs = api.clock.nowMs();
    const conditions = withCondition(
      status?.conditions,
      {
        type: "Progressing",
        status: "True",
        reason: "NewReplicaSetCreated",
        message,
        lastUpdateTime: timestamp(nowMs),
      },
      nowMs,
    );
    api.update(RESOURCE, { ...latest, status: { ...status, conditions } }, { subresource: "status" });
  }

  function scaleFacts(deployment: Deployment): Readonly<Record<string, string>> {
    const wanted = deployment.spec.replicas ?? 1;
    return { [DESIRED]: String(wanted), [MAXIMUM]: String(wanted + boundsOf(deployment).maxSurge) };
  }

  function scale(deployment: Deployment, set: ReplicaSet, replicas: number): void {
    const before = set.spec.replicas ?? 1;
    const facts = scaleFacts(deployment);
    const hasFacts = Object.entries(facts).every(([key, value]) => set.metadata.annotations?.[key] === value);
    if (before === replicas && hasFacts) return;
    const { namespace, name } = set.metadata;
    api.patch(SETS, namespace, name, { metadata: { annotations: facts }, spec: { replicas } });
    if (before === replicas) return;
    tell(deployment, `Scaled ${replicas > before ? "up" : "down"} replica set ${name} from ${before} to ${replicas}`);
  }

  function tell(deployment: Deployment, message: string): void {
    events.record({ about: deployment, type: "Normal", reason: "ScalingReplicaSet", message, component: COMPONENT });
  }

  function isScalingEvent(deployment: Deployment): boolean {
    const wanted = String(deployment.spec.replicas ?? 1);
    return setsOf(deployment).some(
      ({ spec, metadata }) =>
        (spec.replicas ?? 1) > 0 &&
        metadata.annotations?.[DESIRED] !== undefined &&
        metadata.annotations[DESIRED] !== wanted,
    );
  }

  /** Keeps the proportions of a rollout while the size changes. */
  function scaleProportionally(deployment: Deployment): void {
    const { newSet, oldSets } = split(deployment);
    const wanted = deployment.spec.replicas ?? 1;
    const sets = newSet === undefined ? oldSets : [...oldSets, newSet];
    const active = sets.filter(({ spec }) => (spec.replicas ?? 1) > 0);
    const only = active.length === 0 ? (newSet ?? oldSets.at(-1)) : active.length === 1 ? active[0] : undefined;
    if (only !== undefined) {
      scale(deployment, only, wanted);
      return;
    }
    const isSaturated =
      newSet !== undefined && (newSet.spec.replicas ?? 1) === wanted && newSet.status?.availableReplicas === wanted;
    if (isSaturated) {
      for (const set of active) if (set !== newSet) scale(deployment, set, 0);
      return;
    }
    if (deployment.spec.strategy?.type === "Recreate") return;
    const { maxSurge } = boundsOf(deployment);
    const allowed = wanted > 0 ? wanted + maxSurge : 0;
    const toAdd = allowed - sum(active, ({ spec }) => spec.replicas);
    const sorted = active.toSorted(
      (a, b) => (b.spec.replicas ?? 1) - (a.spec.replicas ?? 1) || (toAdd > 0 ? oldestFirst(b, a) : oldestFirst(a, b)),
    );
    let added = 0;
    const sizes = sorted.map((set) => {
      const size = set.spec.replicas ?? 1;
      if (toAdd === 0) return size;
      const formerMax = Number(set.metadata.annotations?.[MAXIMUM] ?? deployment.status?.replicas ?? size);
      const share = wanted === 0 ? -size : Math.round((size * allowed) / Math.max(1, formerMax)) - size;
      const part = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
      added += part;
      return size + part;
    });
    sorted.forEach((set, index) => {
      // What rounding leaves over goes to the largest.
      const leftover = index === 0 ? toAdd - added : 0;
      scale(deployment, set, Math.max(0, (sizes[index] ?? 0) + leftover));
    });
  }

  function roll(deployment: Deployment): void {
    ensureNewSet(deployment);
    const { newSet, oldSets } = split(deployment);
    if (newSet === undefined) return;
    const wanted = deployment.spec.replicas ?? 1;
    const { maxSurge, maxUnavailable } = boundsOf(deployment);
    const present = newSet.spec.replicas ?? 1;
    const total = present + sum(oldSets, ({ spec }) => spec.replicas);
    if (present > wanted) {
      scale(deployment, newSet, wanted);
      return;
    }
    const grown = present + Math.max(0, Math.min(wanted + maxSurge - total, wanted - present));
    if (grown !== present) {
      scale(deployment, newSet, grown);
      return;
    }
    const least = wanted - maxUnavailable;
    let removable = total - least - (present - (newSet.status?.availableReplicas ?? 0));
    if (removable <= 0) return;
    const sizes = new Map(oldSets.map((set) => [set, set.spec.replicas ?? 1]));
    // Broken pods of old sets first: they cost no availability.
    for (const [set, size] of sizes) {
      const broken = Math.min(removable, Math.max(0, size - (set.status?.availableReplicas ?? 0)));
      sizes.set(set, size - broken);
      removable -= broken;
    }
    const available = sum([...oldSets, newSet], ({ status }) => status?.availableReplicas);
    let spare = Math.max(0, available - least);
    for (const [set, size] of sizes) {
      const surplus = Math.min(size, spare);
      sizes.set(set, size - surplus);
      spare -= surplus;
    }
    for (const [set, size] of sizes) if (size !== set.spec.replicas) scale(deployment, set, size);
  }

  function recreate(deployment: Deployment): void {
    const { newSet, oldSets } = split(deployment);
    const active = oldSets.filter(({ spec }) => (spec.replicas ?? 1) > 0);
    for (const set of active) scale(deployment, set, 0);
    const isOldRunning = oldSets.some((set) => podsOwnedBy(context, set).some((pod) => !isTerminal(pod)));
    if (active.length > 0 || isOldRunning) return;
    if (newSet === undefined) ensureNewSet(deployment);
    else scale(deployment, newSet, deployment.spec.replicas ?? 1);
  }

  function writeStatus(deployment: Deployment, estimatesProgress: boolean): number | undefined {
    const latest = api.get(RESOURCE, deployment.metadata.namespace, deployment.metadata.name);
    if (latest === undefined || uidOf(latest) !== uidOf(deployment)) return undefined;
    const current = typed<Deployment>(latest);
    const { newSet } = split(current);
    const nowMs = api.clock.nowMs();
    const { status, dueMs } = deploymentStatus(current, setsOf(current), newSet, estimatesProgress, nowMs);
    if (canonicalJson(status) !== canonicalJson(current.status ?? {})) {
      const options = { subresource: "status", fieldManager: "kube-controller-manager" } as const;
      api.update(RESOURCE, { ...current, status }, options);
    }
    return dueMs;
  }

  function truncateHistory(deployment: Deployment): void {
    const { oldSets } = split(deployment);
    const idle = oldSets.filter(
      (set) => set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0 && !isTerminating(set),
    );
    const surplus = idle.length - (deployment.spec.revisionHistoryLimit ?? 10);
    const oldest = idle.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, surplus));
    for (const { metadata } of oldest) api.delete(SETS, metadata.namespace, metadata.name);
  }

  return {
    observe({ type, resource, object }) {
      if (resource === RESOURCE) {
        if (type !== "DELETED") queue.add(keyOf(object));
      } else if (resource === SETS) {
        const owner = controllerOf(object);
        if (owner?.kind === "Deployment") queue.add(`${object.metadata.namespace ?? ""}/${owner.name}`);
      } else if (resource === "pods" && type === "DELETED") {
        // Recreate waits until the last old pod is gone.
        const owner = controllerOf(object);
        const set = owner?.kind === "ReplicaSet" ? api.get(SETS, object.metadata.namespace, owner.name) : undefined;
        const deployment = set === undefined ? undefined : controllerOf(set);
        if (deployment !== undefined) queue.add(`${object.metadata.namespace ?? ""}/${deployment.name}`);
      }
    },
    start() {
      for (const deployment of api.list(RESOURCE)) queue.add(keyOf(deployment));
    },
    stop: queue.stop,
  };
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0);
}

function oldestFirst(a: ReplicaSet, b: ReplicaSet): number {
  return (
    compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") ||
    revisionOf(a) - revisionOf(b) ||
    compareText(a.metadata.name, b.metadata.name)
  );
}

/** The template as text, without the label that tells the sets of one deployment apart. */
function templateText(template: PodTemplate): string {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return canonicalJson({ ...template, metadata: { ...template.metadata, labels } });
}
