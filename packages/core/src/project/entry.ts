import {
  ANNOTATION,
  findRevision,
  type KubeObject,
  LABEL,
  MANAGER,
  type RevisionRole,
  type SetState,
} from "../model/index.ts";
import { withContentHash } from "./labels.ts";
import { type RolePort, rolePorts } from "./ports.ts";

/**
 * The Service through which clients reach a set on one cluster: it has the set's name and stands over the Ready pods of
 * one role in all groups there. Null without `spec.entry`.
 *
 * It belongs to no group, and a set that is made in the console has no object in a cluster that could own it: so the
 * set's id on it says whose it is. Its target is the port's name where the container gives it one, so that groups on
 * two revisions with different numbers are both reached.
 */
export function renderEntry(
  set: Pick<SetState, "id" | "name" | "namespace" | "spec" | "revisions" | "rollout">,
): KubeObject | null {
  const { entry } = set.spec;
  if (entry === undefined) return null;
  const content = findRevision(set, set.rollout.target).content.roles.find(({ role }) => role === entry.role);
  const port = content === undefined ? undefined : rolePorts(content).find(({ name }) => name === entry.port);
  // A roll back may have gone to a revision without that role or port.
  if (content === undefined || port === undefined) return null;
  return withContentHash({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: set.name,
      namespace: set.namespace,
      labels: { [LABEL.set]: set.name, [LABEL.managedBy]: MANAGER },
      annotations: { [ANNOTATION.setId]: set.id },
    },
    spec: {
      selector: { [LABEL.set]: set.name, [LABEL.role]: entry.role },
      ports: [{ name: port.name, port: port.port, targetPort: targetOf(content, port), protocol: port.protocol }],
    },
  });
}

function targetOf(role: RevisionRole, port: RolePort): string | number {
  const spec = role.template["spec"] as { readonly containers?: readonly NamedPorts[] } | undefined;
  const isNamed = spec?.containers?.some(({ ports = [] }) => ports.some(({ name }) => name === port.name)) === true;
  return isNamed ? port.name : port.port;
}

type NamedPorts = { readonly ports?: readonly { readonly name?: string }[] };
