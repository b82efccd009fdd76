import { SET_PHASES, type SetPhase } from "@openpatio/core/model";
import type { SetRow } from "@openpatio/core/view";

export const SORT_KEYS = ["phase", "name", "namespace", "ready", "pods", "gpus", "changed"] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export type Sort = { readonly key: SortKey; readonly isReversed: boolean };

/** Worst first, then the longest in that state: what needs a person is on top. */
export const DEFAULT_SORT: Sort = { key: "phase", isReversed: false };

export type SetFilter = {
  readonly text: string;
  readonly phases: readonly SetPhase[];
  readonly cluster: string | null;
  readonly namespace: string | null;
};

/** Text is looked for in name, namespace and labels (`key=value`). */
export function filterSets(sets: readonly SetRow[], filter: SetFilter): readonly SetRow[] {
  const text = filter.text.trim().toLowerCase();
  return sets.filter(
    (set) =>
      (filter.phases.length === 0 || filter.phases.includes(set.phase)) &&
      (filter.cluster === null || set.clusters.includes(filter.cluster)) &&
      (filter.namespace === null || set.namespace === filter.namespace) &&
      (text === "" || matchesText(set, text)),
  );
}

function matchesText(set: SetRow, text: string): boolean {
  if (`${set.namespace}/${set.name}`.toLowerCase().includes(text)) return true;
  return Object.entries(set.labels).some(([key, value]) => `${key}=${value}`.toLowerCase().includes(text));
}

export function sortSets(sets: readonly SetRow[], sort: Sort): readonly SetRow[] {
  const direction = sort.isReversed ? -1 : 1;
  return sets.toSorted((a, b) => direction * compareBy(sort.key, a, b) || compareNames(a, b));
}

function compareBy(key: SortKey, a: SetRow, b: SetRow): number {
  switch (key) {
    case "phase":
      return SET_PHASES.indexOf(a.phase) - SET_PHASES.indexOf(b.phase) || a.changedAtMs - b.changedAtMs;
    case "name":
      return compareNames(a, b);
    case "namespace":
      return compareText(a.namespace, b.namespace);
    case "ready":
      return fraction(a.readyGroups, a.replicas) - fraction(b.readyGroups, b.replicas);
    case "pods":
      return a.pods - b.pods;
    case "gpus":
      return a.gpus - b.gpus;
    case "changed":
      return b.changedAtMs - a.changedAtMs;
  }
}

const fraction = (got: number, wanted: number) => (wanted === 0 ? 1 : got / wanted);
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const compareNames = (a: SetRow, b: SetRow) => compareText(a.name, b.name) || compareText(a.namespace, b.namespace);
