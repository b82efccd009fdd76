import {
  ANNOTATION,
  fields,
  findRevision,
  type GroupRole,
  type GroupState,
  groupRoles,
  type KubeObject,
  LABEL,
  type Labels,
  type OwnerReference,
  type RenderedWorkload,
  type SetState,
  serviceName,
  WORKLOAD_API_VERSION,
  workloadName,
} from "../model/index.ts";
import { hasWorkersTemplate, workersOf } from "./addresses.ts";
import { roleLabels, roleSelector, withContentHash, withOwner } from "./labels.ts";
import { renderPodTemplate } from "./pod-template.ts";

/** What a cluster can run, as far as it decides how a role is rendered. */
export type ClusterAbilities = { readonly hasLeaderWorkerSets: boolean };

/**
 * The workloads of a group's incarnation, as they are stored with it: without replicas and owner, which are filled in on
 * creation. One per role; a multi-node role without a LeaderWorkerSet has one from which each instance's is made.
 *
 * The selector holds the incarnation, so a workload can never adopt pods of another life of the group.
 */
export function renderWorkloads(
  set: Pick<SetState, "id" | "name" | "namespace" | "spec" | "revisions">,
  group: Pick<GroupState, "index" | "incarnation" | "revision" | "placement">,
  abilities: ClusterAbilities,
): readonly RenderedWorkload[] {
  const { hash, content } = findRevision(set, group.revision);
  const prefers = group.placement?.prefers ?? null;
  return groupRoles(set, group.revision).map((asked) => {
    const role = possibleKind(asked, abilities);
    const incarnation = String(group.incarnation);
    const templateOf = (isWorker: boolean) =>
      renderPodTemplate({
        set,
        index: group.index,
        incarnation: group.incarnation,
        revisionHash: hash,
        groupMetadata: content.groupMetadata,
        role,
        isWorker,
        domain: prefers === null ? (group.placement?.domain ?? null) : null,
        prefers,
        avoid: group.placement?.avoid ?? [],
      });
    const selector = {
      matchLabels: { ...roleSelector(set, group.index, role.role), [LABEL.incarnation]: incarnation },
    };
    const minReady = role.minReadySeconds === 0 ? {} : { minReadySeconds: role.minReadySeconds };
    const { volumeClaimTemplates } = role.content;
    const statefulSet = (isWorker: boolean) => ({
      serviceName: serviceName(set.name, group.index, role.role),
      podManagementPolicy: "Parallel",
      ...minReady,
      ...(isWorker ? { ordinals: { start: 1 } } : {}),
      selector,
      template: templateOf(isWorker),
      ...(volumeClaimTemplates.length === 0 ? {} : { volumeClaimTemplates }),
    });
    const object = (spec: Readonly<Record<string, unknown>>): KubeObject => ({
      apiVersion: WORKLOAD_API_VERSION[role.kind],
      kind: role.kind,
      metadata: {
        name: workloadName(set.name, group.index, role.role),
        namespace: set.namespace,
        labels: {
          ...roleLabels(set, group.index, role.role),
          [LABEL.incarnation]: incarnation,
          [LABEL.revisionHash]: hash,
        },
      },
      spec,
    });
    const common = { role: role.role, kind: role.kind };
    switch (role.kind) {
      case "Deployment":
        return { ...common, object: object({ ...minReady, selector, template: templateOf(false) }) };
      case "LeaderWorkerSet":
        return { ...common, object: object(leaderWorkerSetSpec(role, templateOf)) };
      case "StatefulSet": {
        if (!role.isPerInstance) return { ...common, object: object(statefulSet(false)) };
        const workers = hasWorkersTemplate(role) ? object(statefulSet(true)) : null;
        return { ...common, object: object(statefulSet(false)), instances: { size: role.size, workers } };
      }
    }
  });
}

function possibleKind(role: GroupRole, { hasLeaderWorkerSets }: ClusterAbilities): GroupRole {
  if (role.kind !== "LeaderWorkerSet" || hasLeaderWorkerSets) return role;
  return { ...role, kind: "StatefulSet", isPerInstance: true };
}

/**
 * Recovery is ours: a LeaderWorkerSet that recreated an instance by itself would look like another failure. Workers start
 * with their leader, which cannot become Ready before they have joined it.
 */
function leaderWorkerSetSpec(
  role: GroupRole,
  templateOf: (isWorker: boolean) => Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    startupPolicy: "LeaderCreated",
    leaderWorkerTemplate: {
      size: role.size,
      restartPolicy: "None",
      ...(hasWorkersTemplate(role) ? { leaderTemplate: templateOf(false) } : {}),
      workerTemplate: templateOf(hasWorkersTemplate(role)),
    },
  };
}

/** One workload that a stored rendering stands for at a number of replicas of its role. */
export type WantedWorkload = {
  readonly name: string;
  /** Null where one workload has all instances. */
  readonly instance: number | null;
  /** Pods (of a LeaderWorkerSet: instances) that it is to have. */
  readonly replicas: number;
  /** Index within the instance of its first pod. */
  readonly firstWorker: number;
  /** Complete but for replicas and owner. */
  readonly object: KubeObject;
};

/** By instance, the leader's first. */
export function wantedWorkloads(rendered: RenderedWorkload, replicas: number): readonly WantedWorkload[] {
  const { object, instances } = rendered;
  const { name } = object.metadata;
  if (instances === undefined) return [{ name, instance: null, replicas, firstWorker: 0, object }];
  const { size, workers } = instances;
  return Array.from({ length: replicas }, (_, instance) => {
    const instanceName = `${name}-${instance}`;
    const labels = { [LABEL.instance]: String(instance) };
    if (workers === null)
      return [
        { name: instanceName, instance, replicas: size, firstWorker: 0, object: made(object, instanceName, labels) },
      ];
    const workersName = workersOf(instanceName);
    const leader = made(object, instanceName, { ...labels, [LABEL.part]: "leader" });
    const others = made(workers, workersName, { ...labels, [LABEL.part]: "workers" });
    return [
      { name: instanceName, instance, replicas: 1, firstWorker: 0, object: leader },
      { name: workersName, instance, replicas: size - 1, firstWorker: 1, object: others },
    ];
  }).flat();
}

function made(object: KubeObject, name: string, added: Labels): KubeObject {
  const spec = fields(object["spec"]);
  const selector = fields(spec["selector"]);
  const template = fields(spec["template"]);
  const metadata = fields(template["metadata"]);
  const withAdded = (labels: unknown) => ({ ...fields(labels), ...added });
  return {
    ...object,
    metadata: {
      ...object.metadata,
      name,
      labels: { ...object.metadata.labels, ...added },
    },
    spec: {
      ...spec,
      selector: { ...selector, matchLabels: withAdded(selector["matchLabels"]) },
      template: { ...template, metadata: { ...metadata, labels: withAdded(metadata["labels"]) } },
    },
  };
}

/**
 * A role as its workload is told it while it runs: with the hash by which a later plan sees that it was. A restart that
 * changes nothing else is a note in the template.
 */
export function asUpdate(rendered: RenderedWorkload, restart: number): RenderedWorkload {
  const object = restart === 0 ? rendered.object : withRestart(rendered.object, String(restart));
  return { ...rendered, object: withContentHash(object) };
}

function withRestart(object: KubeObject, restart: string): KubeObject {
  const spec = fields(object["spec"]);
  const template = fields(spec["template"]);
  const metadata = fields(template["metadata"]);
  const annotations = { ...fields(metadata["annotations"]), [ANNOTATION.restart]: restart };
  return { ...object, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } };
}

/** By which a pod shows that it is of this template: pods that a workload made before it was told are seen late, too. */
export function templateMarks(object: KubeObject): {
  readonly revisionHash: string | null;
  readonly restart: string | null;
} {
  const metadata = fields(fields(fields(object["spec"])["template"])["metadata"]);
  const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    revisionHash: textOf(fields(metadata["labels"])[LABEL.revisionHash]),
    restart: textOf(fields(metadata["annotations"])[ANNOTATION.restart]),
  };
}

/** What is sent to a workload that runs: what it can not take is left out, replicas are written on their own. */
export function workloadUpdate(object: KubeObject, roleRestart: number): KubeObject {
  const { volumeClaimTemplates: _, ...spec } = fields(object["spec"]);
  const updated = { ...object, spec };
  return roleRestart === 0 ? updated : withRoleRestart(updated, String(roleRestart));
}

/**
 * The object to POST for a stored rendering. `roleRestart` is the life of its role within the incarnation: later ones
 * carry its number on the workload, on its pods and in its selector, so that lives never mix.
 */
export function workloadObject(
  wanted: WantedWorkload,
  replicas: number,
  owner: OwnerReference,
  roleRestart = 0,
): KubeObject {
  const object = roleRestart === 0 ? wanted.object : withRoleRestart(wanted.object, String(roleRestart));
  return withOwner({ ...object, spec: { replicas, ...fields(object["spec"]) } }, owner);
}

/** In every place of a workload that has our incarnation label. */
function withRoleRestart(object: KubeObject, restart: string): KubeObject {
  return labelled(object, restart) as KubeObject;
}

function labelled(value: unknown, restart: string): unknown {
  if (Array.isArray(value)) return value.map((item) => labelled(item, restart));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const isLabels = (key === "labels" || key === "matchLabels") && fields(inner)[LABEL.incarnation] !== undefined;
    return [key, isLabels ? { ...fields(inner), [LABEL.roleRestart]: restart } : labelled(inner, restart)] as const;
  });
  return Object.fromEntries(entries);
}
