import type { Target } from "./target.ts";

/** Kinds that nobody but the server writes; StatefulSets have their status from Kubernetes. */
const OURS = new Set(["rolebasedgroups", "rolebasedgroupsets", "configmaps", "services", "statefulsets"]);
const WRITING = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE"]);

/** Writes by what they are (`POST services`, `PATCH rolebasedgroups/status`), as the API server counted them so far. */
export async function countedWrites({ api }: Target): Promise<ReadonlyMap<string, number>> {
  const counted = new Map<string, number>();
  for (const line of (await api.text("GET", "/metrics")).split("\n")) {
    const [, labels, count] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (labels === undefined) continue;
    const of = (label: string): string => new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1] ?? "";
    const [resource, subresource, verb] = [of("resource"), of("subresource"), of("verb")];
    const isKubernetesOwn = resource === "statefulsets" && subresource === "status";
    if (!OURS.has(resource) || !WRITING.has(verb) || of("dry_run") !== "" || isKubernetesOwn) continue;
    const what = `${verb} ${resource}${subresource === "" ? "" : `/${subresource}`}`;
    counted.set(what, (counted.get(what) ?? 0) + Number(count));
  }
  return counted;
}

/** What came in between, without what stayed as it was. */
export function between(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const more = [...after].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
  return new Map(more.filter(([, count]) => count !== 0));
}

export const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
