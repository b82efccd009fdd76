import { findRevision, type SetState } from "../model/index.ts";
import { type ObjectReference, objectReferences } from "../spec/references.ts";
import type { MissingObjects } from "./types.ts";

type Templates = Pick<SetState, "namespace" | "spec" | "revisions">;

/** What the pods of a revision name, with the place in the definition; of a role that it no longer has, the role. */
export function referencesOf({ spec, revisions }: Templates, revision: number): readonly ObjectReference[] {
  const order = spec.groupTemplate.roles.map((role) => role.role);
  const { roles } = findRevision({ revisions }, revision).content;
  return objectReferences(
    roles.flatMap(({ role, template, leaderWorker }) => {
      const at = order.indexOf(role);
      const path = at < 0 ? `role ${role}` : `spec.groupTemplate.roles[${at}]`;
      const workers = leaderWorker?.workerTemplate ?? null;
      return [
        { template, path: `${path}.template` },
        ...(workers === null ? [] : [{ template: workers, path: `${path}.leaderWorker.workerTemplate` }]),
      ];
    }),
  );
}

/** Why a cluster can't run the pods of a revision, whatever room it has: one sentence, or null. */
export function missingAt(
  set: Templates,
  revision: number,
  cluster: string,
  missing: MissingObjects | undefined,
): string | null {
  const absent = missing?.get(cluster);
  if (absent === undefined || absent.size === 0) return null;
  if (absent.has(`Namespace/${set.namespace}`))
    return `Namespace ${set.namespace} does not exist in cluster ${cluster}.`;
  const lacking = referencesOf(set, revision).filter(({ kind, name }) => absent.has(`${kind}/${name}`));
  const [first, ...others] = lacking;
  if (first === undefined) return null;
  const where = first.isNamespaced ? ` in namespace ${set.namespace} of cluster ${cluster}` : ` in cluster ${cluster}`;
  const more =
    others.length === 0
      ? ""
      : ` Nor ${others.length === 1 ? "does" : "do"} ${others.map(({ kind, name }) => `${kind} ${name}`).join(", ")}.`;
  return `${first.kind} ${first.name} does not exist${where} (${first.paths[0] ?? ""}).${more}`;
}
