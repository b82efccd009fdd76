import { DomainError } from "@openpatio/core/errors";
import { type KubeObject, LABEL, type SetState } from "@openpatio/core/model";
import type { ClusterPort } from "@openpatio/core/ports";
import { renderGroupObjects, renderWorkloads, wantedWorkloads, workloadObject } from "@openpatio/core/project";
import type { Problem } from "@openpatio/core/spec";

export type DryRun = {
  /** What the cluster refuses, at the paths of the definition. */
  readonly problems: readonly Problem[];
  /** False when the cluster did not answer: nothing is known then. */
  readonly isAnswered: boolean;
  /** Objects that were asked about. */
  readonly objects: number;
};

/** The owner does not exist before the group does, and an owner that does not exist makes no difference to the answer. */
const NO_OWNER = { apiVersion: "", kind: "", name: "", uid: "" };

/**
 * Asks a cluster, server side and without storing anything, whether it would take the workloads and Services of a set:
 * schema, admission, policy and quota included. It is asked about one group, because every group is made from the same
 * template.
 */
export async function dryRun(port: ClusterPort, state: SetState): Promise<DryRun> {
  const index = indexAskedAbout(state);
  const group = { index, incarnation: 1, revision: state.rollout.target, placement: null };
  const roles = state.spec.groupTemplate.roles.map((role) => role.role);
  const rendering = renderWorkloads(state, group, port.observe());
  // Instances differ in their index only.
  const workloads = rendering.flatMap((rendered) =>
    wantedWorkloads(rendered, 1).map((wanted) => ({
      role: roles.indexOf(rendered.role),
      object: withoutOwner(workloadObject(wanted, 0, NO_OWNER)),
    })),
  );
  const services = renderGroupObjects(state, { ...group, rendering }, NO_OWNER)
    .filter((object) => object.kind === "Service")
    .map((object, position) => ({ role: position, object: withoutOwner(object) }));
  const asked = [...workloads, ...services];
  const answers = await Promise.all(
    asked.map(({ role, object }) => ask(port, object, `spec.groupTemplate.roles[${role}]`, hasOwnWorkers(state, role))),
  );
  return {
    problems: answers.flatMap((answer) => (answer === "silent" ? [] : answer)),
    isAnswered: !answers.includes("silent"),
    objects: asked.length,
  };
}

/**
 * A group that nothing is there of yet (for a new set the first), unless its names were longer than those that were
 * validated: then the last wanted one. What is there of that is ours, and is judged before it is found to exist.
 */
function indexAskedAbout({ spec, groups }: SetState): number {
  const next = groups.reduce((index, group) => Math.max(index, group.index + 1), 0);
  const last = Math.max(spec.replicas - 1, 0);
  return String(next).length > String(last).length ? last : next;
}

async function ask(
  port: ClusterPort,
  object: KubeObject,
  rolePath: string,
  hasWorkerTemplate: boolean,
): Promise<readonly Problem[] | "silent"> {
  try {
    await port.create(object, { dryRun: true });
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "cluster.unreachable") return "silent";
    if (error.problems.length === 0) return [{ path: rolePath, message: error.message, code: "cluster" }];
    return error.problems.map((problem) => ({
      path: `${rolePath}.${toRolePath(problem.path, object, hasWorkerTemplate)}`,
      message: `${port.name} refuses ${object.kind} ${object.metadata.name}: ${problem.message}`,
      code: "cluster" as const,
    }));
  }
}

function hasOwnWorkers({ spec }: SetState, role: number): boolean {
  return (spec.groupTemplate.roles[role]?.leaderWorker?.workerTemplate ?? null) !== null;
}

/** `spec.template.spec.containers[0].image` of a workload is the same place in the template that it was made from. */
function toRolePath(path: string, { kind, metadata }: KubeObject, hasWorkerTemplate: boolean): string {
  if (kind === "Service") return "template";
  const inTemplate = /^spec\.(?:template|leaderWorkerTemplate\.(?:leader|(worker))Template)(\..+)?$/.exec(path);
  const isOfWorkers = inTemplate?.[1] === "worker" || metadata.labels?.[LABEL.part] === "workers";
  const template = isOfWorkers && hasWorkerTemplate ? "leaderWorker.workerTemplate" : "template";
  return `${template}${inTemplate?.[2] ?? ""}`;
}

function withoutOwner(object: KubeObject): KubeObject {
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
