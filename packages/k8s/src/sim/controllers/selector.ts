import type { Labels } from "@openpatio/core/model";
import type { LabelSelector, NodeSelectorTerm, SelectorRequirement } from "./objects.ts";

export function matchesLabels(wanted: Labels | undefined, labels: Labels | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^[+-]?\d+$/u.test(text);
}

/** One requirement of a label selector or node selector term; an unknown operator matches nothing. */
function matchesRequirement(requirement: SelectorRequirement, labels: Labels | undefined): boolean {
  const value = labels?.[requirement.key];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0]);
    case "Lt":
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** An absent selector matches nothing, an empty one everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false;
  return (
    matchesLabels(selector.matchLabels, labels) &&
    (selector.matchExpressions ?? []).every((requirement) => matchesRequirement(requirement, labels))
  );
}

/** An empty term matches no node, as in Kubernetes. */
export function matchesNodeTerm(term: NodeSelectorTerm, labels: Labels | undefined, nodeName: string): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesRequirement(requirement, labels)) &&
    fields.every(
      (requirement) =>
        requirement.key === "metadata.name" && matchesRequirement(requirement, { "metadata.name": nodeName }),
    )
  );
}
