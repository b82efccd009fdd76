import type { WorkloadKind } from "./observed.ts";
import type { GroupState, Revision, RevisionRole, RoleCount, RoleShape, SetState } from "./state.ts";

/** One role of one group: pods as its revision says, everything else as the present spec says. */
export type GroupRole = RoleShape & {
  readonly kind: WorkloadKind;
  /** Pods per instance. */
  readonly size: number;
  /** Has a StatefulSet for each instance: a multi-node role without a LeaderWorkerSet. */
  readonly isPerInstance: boolean;
  /** An outside autoscaler owns its count. */
  readonly isExternal: boolean;
  readonly content: RevisionRole;
};

export function findRevision(set: Pick<SetState, "revisions">, number: number): Revision {
  const revision = set.revisions.find((candidate) => candidate.number === number);
  if (revision === undefined) throw new Error(`revision ${number} is not kept, although something refers to it`);
  return revision;
}

/**
 * The roles that a group on `revision` has, in the order of the present spec; roles that it no longer has come last.
 *
 * A role that the present spec no longer has keeps the shape it last had. Dependencies on roles that the revision does
 * not have are left out: they hold nothing back. `external` are the counts that outside autoscalers gave to the group.
 */
export function groupRoles(
  set: Pick<SetState, "spec" | "revisions">,
  revision: number,
  external: readonly RoleCount[] = [],
): readonly GroupRole[] {
  const { content, shape } = findRevision(set, revision);
  const names = new Set(content.roles.map((role) => role.role));
  const position = new Map(set.spec.groupTemplate.roles.map((role, index) => [role.role, index]));
  const places = (role: RevisionRole): number => position.get(role.role) ?? position.size;
  return [...content.roles]
    .sort((a, b) => places(a) - places(b))
    .map((role) => {
      const isPerInstance = role.kind === "StatefulSet" && (role.leaderWorker ?? null) !== null;
      const present = set.spec.groupTemplate.roles.find((candidate) => candidate.role === role.role);
      const wanted = present ?? shape.find((candidate) => candidate.role === role.role);
      const isExternal = present?.scaling.external === true && !isPerInstance;
      const given = isExternal ? external.find((count) => count.role === role.role) : undefined;
      return {
        role: role.role,
        kind: role.kind,
        size: role.leaderWorker?.size ?? 1,
        isPerInstance,
        isExternal,
        content: role,
        replicas: given?.replicas ?? wanted?.replicas ?? 0,
        dependencies: (wanted?.dependencies ?? []).filter((name) => names.has(name)),
        onPodFailure: wanted?.onPodFailure ?? "Recreate",
        minReadySeconds: wanted?.minReadySeconds ?? 0,
      };
    });
}

/** The roles of a group by the workloads that its incarnation was rendered to, where it has one. */
export function renderedRoles(
  set: Pick<SetState, "spec" | "revisions">,
  { revision, rendering, external }: Pick<GroupState, "revision" | "rendering" | "external">,
): readonly GroupRole[] {
  return groupRoles(set, revision, external).map((role) => {
    const rendered = rendering.find((candidate) => candidate.role === role.role);
    if (rendered === undefined || rendered.kind === role.kind) return role;
    return { ...role, kind: rendered.kind, isPerInstance: rendered.instances !== undefined };
  });
}

/** All pods of a group at a revision and the present counts, the workers of multi-node instances included. */
export function podCount(
  set: Pick<SetState, "spec" | "revisions">,
  revision: number,
  external?: GroupState["external"],
): number {
  return groupRoles(set, revision, external).reduce((sum, role) => sum + role.replicas * role.size, 0);
}

/** The template of a pod of a role, by its index in its instance. */
export function podTemplateOf(
  { template, leaderWorker }: RevisionRole,
  worker: number | null,
): RevisionRole["template"] {
  return worker !== null && worker > 0 ? (leaderWorker?.workerTemplate ?? template) : template;
}
