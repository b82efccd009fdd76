import type { Domain } from "../model/index.ts";

type Term = { readonly matchExpressions?: readonly unknown[]; readonly [field: string]: unknown };
type NodeAffinity = {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
  readonly [field: string]: unknown;
};
type Affinity = { readonly nodeAffinity?: NodeAffinity; readonly [field: string]: unknown };

/**
 * The template's own affinity with a required node affinity to one domain.
 *
 * Terms are alternatives in Kubernetes, so the domain goes into each of the user's terms; as a term of its own it would
 * widen the choice instead of narrowing it.
 */
export function pinToDomain(affinity: unknown, domain: Domain): Affinity {
  const own: Affinity = typeof affinity === "object" && affinity !== null ? (affinity as Affinity) : {};
  const required = own.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const pin = { key: domain.key, operator: "In", values: [domain.value] };
  const terms = required?.nodeSelectorTerms ?? [];
  const pinned =
    terms.length === 0
      ? [{ matchExpressions: [pin] }]
      : terms.map((term) => ({ ...term, matchExpressions: [...(term.matchExpressions ?? []), pin] }));
  return {
    ...own,
    nodeAffinity: {
      ...own.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms: pinned },
    },
  };
}
