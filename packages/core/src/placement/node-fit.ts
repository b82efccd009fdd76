import type { ObservedNode, Taint } from "../model/index.ts";
import type { PodDemand } from "./types.ts";

/**
 * Whether a pod may run on a node at all, whatever room there is: readiness, cordon, taints, nodeSelector and required
 * node affinity, as kube-scheduler judges them. A word for the reason, or null when it may.
 */
export function nodeRefusal(node: ObservedNode, demand: PodDemand): string | null {
  if (!node.isReady) return "is not ready";
  if (node.isUnschedulable) return "is cordoned";
  const taint = node.taints.find((candidate) => repels(candidate, demand.tolerations));
  if (taint !== undefined) return `has the taint ${taint.key}${taint.value === "" ? "" : `=${taint.value}`}`;
  const isSelected = Object.entries(demand.nodeSelector).every(([key, value]) => node.labels[key] === value);
  if (!isSelected) return "does not match the node selector";
  if (!matchesAffinity(node, demand.affinity)) return "does not match the node affinity";
  const volume = demand.volumes?.find(({ nodeTerms }) => !matchesNodeTerms(node, nodeTerms ?? []));
  return volume === undefined ? null : `cannot reach the volume of claim ${volume.claim}`;
}

type Toleration = {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
};

function repels(taint: Taint, tolerations: readonly unknown[]): boolean {
  if (taint.effect !== "NoSchedule" && taint.effect !== "NoExecute") return false;
  return !tolerations.some((toleration) => tolerates(toleration as Toleration, taint));
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== "" && toleration.effect !== taint.effect) return false;
  const key = toleration.key ?? "";
  if (toleration.operator === "Exists") return key === "" || key === taint.key;
  return key === taint.key && (toleration.value ?? "") === taint.value;
}

type Requirement = { readonly key: string; readonly operator: string; readonly values?: readonly string[] };
type Term = { readonly matchExpressions?: readonly Requirement[]; readonly matchFields?: readonly Requirement[] };
type Affinity = {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
  };
};

function matchesAffinity(node: ObservedNode, affinity: unknown): boolean {
  const required = (affinity as Affinity | null)?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined || required === null) return true;
  return matchesNodeTerms(node, required.nodeSelectorTerms ?? []);
}

/** Terms are alternatives; the requirements of one term must all hold; an empty term matches nothing. */
export function matchesNodeTerms(node: ObservedNode, terms: readonly unknown[]): boolean {
  return (terms as readonly Term[]).some((term) => {
    const expressions = term.matchExpressions ?? [];
    const fields = term.matchFields ?? [];
    if (expressions.length + fields.length === 0) return false;
    return (
      expressions.every((requirement) => holds(requirement, node.labels[requirement.key])) &&
      fields.every((requirement) => holds(requirement, requirement.key === "metadata.name" ? node.name : undefined))
    );
  });
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
