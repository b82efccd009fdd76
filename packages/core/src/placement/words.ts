import type { ResourceAmounts } from "../model/index.ts";

const GIB = 1024 ** 3;

/** `rack` of `topology.kubernetes.io/rack`; a node's own name label reads "node". */
export function domainNoun(key: string): string {
  const last = key.slice(key.lastIndexOf("/") + 1);
  return last === "hostname" ? "node" : last;
}

export function resourceNoun(resource: string): string {
  if (resource.endsWith("/gpu")) return "GPUs";
  if (resource === "cpu") return "cores";
  if (resource === "memory" || resource === "ephemeral-storage") return "GiB";
  return resource;
}

/** An amount in the unit of {@link resourceNoun}, with at most one decimal. */
export function amountText(resource: string, amount: number): string {
  const unit = resource === "cpu" ? 1000 : resourceNoun(resource) === "GiB" ? GIB : 1;
  return String(Math.round((amount / unit) * 10) / 10);
}

export function total(amounts: readonly ResourceAmounts[], resource: string): number {
  return amounts.reduce((sum, each) => sum + Math.max(0, each[resource] ?? 0), 0);
}

/** `prefill-1, decode-0 … decode-3`: runs of ordinals are drawn together. Of a multi-node instance `prefill-1-0`. */
export function podRanges(
  pods: readonly { readonly role: string; readonly ordinal: number; readonly worker?: number }[],
): string {
  const runs: { role: string; from: number; to: number }[] = [];
  for (const { role, ordinal, worker } of pods) {
    const name = worker === undefined ? role : `${role}-${ordinal}`;
    const at = worker ?? ordinal;
    const run = runs.at(-1);
    if (run !== undefined && run.role === name && run.to + 1 === at) run.to = at;
    else runs.push({ role: name, from: at, to: at });
  }
  return runs
    .map(({ role, from, to }) => {
      if (from === to) return `${role}-${from}`;
      return to === from + 1 ? `${role}-${from}, ${role}-${to}` : `${role}-${from} … ${role}-${to}`;
    })
    .join(", ");
}
