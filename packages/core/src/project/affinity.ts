import type { Domain } from "../model/index.ts";

type Term = { readonly matchExpressions?: readonly unknown[]; readonly [field: string]: unknown };
type NodeAffinity = {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
  readonly [field: string]: unknown;
};
type Affinity = { readonly nodeAffinity?: NodeAffinity; readonly [field: string]: unknown };

type Requirement = { readonly key: string; readonly operator: "In" | "NotIn"; readonly values: readonly string[] };

/** The template's own affinity with a required node affinity to one domain. */
export function pinToDomain(affinity: unknown, domain: Domain): Affinity {
  return withRequirements(affinity, [{ key: domain.key, operator: "In", values: [domain.value] }]);
}

/** The template's own affinity, kept off the nodes of these domains. */
export function keepOff(affinity: unknown, domains: readonly Domain[]): Affinity {
  const keys = [...new Set(domains.map(({ key }) => key))];
  const valuesOf = (key: string): readonly string[] =>
    domains.filter((domain) => domain.key === key).map(({ value }) => value);
  return withRequirements(
    affinity,
    keys.map((key) => ({ key, operator: "NotIn", values: valuesOf(key) })),
  );
}

/** The template's own affinity, drawn to the nodes of one domain; the user's own preferences stay beside it. */
export function preferDomain(affinity: unknown, { key, value }: Domain): Affinity {
  const own: Affinity = typeof affinity === "object" && affinity !== null ? (affinity as Affinity) : {};
  const field = "preferredDuringSchedulingIgnoredDuringExecution";
  const preferences = own.nodeAffinity?.[field];
  const ours = { weight: STRONGEST, preference: { matchExpressions: [{ key, operator: "In", values: [value] }] } };
  return {
    ...own,
    nodeAffinity: { ...own.nodeAffinity, [field]: [...(Array.isArray(preferences) ? preferences : []), ours] },
  };
}

/** The largest weight that a preference may have. */
const STRONGEST = 100;

/**
 * Terms are alternatives in Kubernetes, so a requirement goes into each of the user's terms; as a term of its own it
 * would widen the choice instead of narrowing it.
 */
function withRequirements(affinity: unknown, added: readonly Requirement[]): Affinity {
  const own: Affinity = typeof affinity === "object" && affinity !== null ? (affinity as Affinity) : {};
  const required = own.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [];
  const pinned =
    terms.length === 0
      ? [{ matchExpressions: added }]
      : terms.map((term) => ({ ...term, matchExpressions: [...(term.matchExpressions ?? []), ...added] }));
  return {
    ...own,
    nodeAffinity: {
      ...own.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms: pinned },
    },
  };
}
