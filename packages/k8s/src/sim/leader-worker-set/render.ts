/** What the controller of LeaderWorkerSets makes: the StatefulSets of leaders and workers, and the headless Services. */
import type { ControllerContext } from "../controllers/context.ts";
import {
  type ControllerRevision,
  controllerReference,
  type Pod,
  type PodTemplate,
  type StatefulSet,
} from "../controllers/objects.ts";
import type { RolloutStep } from "./rollout.ts";
import { KEY, type LeaderWorkerSet, MANAGER, revisionKeyOf } from "./types.ts";

export function leaderStatefulSet(set: LeaderWorkerSet, step: RolloutStep, revision: string): StatefulSet {
  const { name, namespace = "default", annotations: own } = set.metadata;
  const { leaderWorkerTemplate: template, rolloutStrategy, networkConfig } = set.spec;
  const { subGroupPolicy } = template;
  const optional = (key: string, value: string | undefined) => (value === undefined ? {} : { [key]: value });
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name,
      namespace,
      labels: { [KEY.setName]: name, [KEY.revision]: revision },
      annotations: { [KEY.replicas]: String(set.spec.replicas) },
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      replicas: step.replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: { [KEY.setName]: name, [KEY.workerIndex]: "0" } },
      updateStrategy: {
        type: rolloutStrategy.type,
        rollingUpdate: {
          maxUnavailable: rolloutStrategy.rollingUpdateConfiguration.maxUnavailable,
          partition: step.partition,
        },
      },
      template: withMetadata(template.leaderTemplate ?? template.workerTemplate, {
        labels: { [KEY.workerIndex]: "0", [KEY.setName]: name, [KEY.revision]: revision },
        annotations: {
          [KEY.size]: String(template.size),
          ...optional(KEY.exclusiveTopology, own?.[KEY.exclusiveTopology]),
          ...(subGroupPolicy === undefined
            ? {}
            : {
                [KEY.subGroupPolicyType]: subGroupPolicy.subGroupPolicyType ?? "LeaderWorker",
                [KEY.subGroupSize]: String(subGroupPolicy.subGroupSize),
                ...optional(KEY.subGroupExclusiveTopology, own?.[KEY.subGroupExclusiveTopology]),
              }),
          ...optional(
            KEY.subdomainPolicy,
            networkConfig.subdomainPolicy === "UniquePerReplica" ? "UniquePerReplica" : undefined,
          ),
        },
      }),
      ...claimFields(set),
    },
  };
}

/** The volume claims of a group's StatefulSets: the same for leaders and workers. */
function claimFields({ spec }: LeaderWorkerSet): Partial<StatefulSet["spec"]> {
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = spec.leaderWorkerTemplate;
  return {
    ...(volumeClaimTemplates === undefined || volumeClaimTemplates.length === 0 ? {} : { volumeClaimTemplates }),
    ...(persistentVolumeClaimRetentionPolicy === undefined ? {} : { persistentVolumeClaimRetentionPolicy }),
  };
}

function withMetadata(
  template: PodTemplate,
  own: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> },
): PodTemplate {
  const { labels, annotations } = template.metadata ?? {};
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: { ...labels, ...own.labels },
      annotations: { ...annotations, ...own.annotations },
    },
  };
}

/** A headless Service of that name; its addresses are published before they are ready, as leaders need. */
export function ensureService(
  { api }: Pick<ControllerContext, "api">,
  set: LeaderWorkerSet,
  name: string,
  owner: LeaderWorkerSet | Pod,
): void {
  const { namespace = "default" } = set.metadata;
  if (api.get("services", namespace, name) !== undefined) return;
  const index = owner.kind === "Pod" ? owner.metadata.labels?.[KEY.groupIndex] : undefined;
  api.create(
    "services",
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, ownerReferences: [controllerReference(owner)] },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: { [KEY.setName]: set.metadata.name, ...(index === undefined ? {} : { [KEY.groupIndex]: index }) },
      },
    },
    MANAGER,
  );
}

export function workerStatefulSet(
  set: LeaderWorkerSet,
  leader: Pod,
  revision: ControllerRevision,
  nodeSelector: Readonly<Record<string, string>>,
): StatefulSet {
  const { name, namespace = "default", labels: leaderLabels } = leader.metadata;
  // Revisions of a LeaderWorkerSet hold what its controller put there.
  const { workerTemplate } = (revision.data as { spec: Pick<LeaderWorkerSet["spec"], "leaderWorkerTemplate"> }).spec
    .leaderWorkerTemplate;
  const { subGroupPolicy, size } = set.spec.leaderWorkerTemplate;
  const identity = {
    [KEY.groupIndex]: leaderLabels?.[KEY.groupIndex] ?? "",
    [KEY.setName]: set.metadata.name,
    [KEY.groupHash]: leaderLabels?.[KEY.groupHash] ?? "",
  };
  const labels = { ...identity, [KEY.revision]: revisionKeyOf(leader) };
  const own = set.metadata.annotations ?? {};
  const copied = [KEY.exclusiveTopology, ...(subGroupPolicy === undefined ? [] : [KEY.subGroupExclusiveTopology])];
  const annotations = {
    [KEY.size]: String(size),
    [KEY.leaderName]: name,
    ...Object.fromEntries(copied.flatMap((key) => (own[key] === undefined ? [] : [[key, own[key]]]))),
    ...(subGroupPolicy === undefined ? {} : { [KEY.subGroupSize]: String(subGroupPolicy.subGroupSize) }),
  };
  const template = withMetadata(workerTemplate, { labels, annotations });
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace, labels, ownerReferences: [controllerReference(leader)] },
    spec: {
      replicas: size - 1,
      serviceName: set.spec.networkConfig.subdomainPolicy === "Shared" ? set.metadata.name : name,
      podManagementPolicy: "Parallel",
      ordinals: { start: 1 },
      selector: { matchLabels: identity },
      template: {
        ...template,
        spec:
          Object.keys(nodeSelector).length === 0
            ? template.spec
            : { ...template.spec, nodeSelector: { ...template.spec.nodeSelector, ...nodeSelector } },
      },
      ...claimFields(set),
    },
  };
}
