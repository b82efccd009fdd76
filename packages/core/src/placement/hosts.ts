import { compareNames, type ObservedCluster, type SetState } from "../model/index.ts";
import type { SetSpec } from "../spec/schema.ts";

/** A label that every cluster has: its name. */
export const CLUSTER_NAME_LABEL = "openpatio.io/cluster";

type Clusters = ReadonlyMap<string, Pick<ObservedCluster, "name" | "isSimulated" | "labels" | "removal">>;
type Wish = SetSpec["placement"]["clusters"];

/** Whether clusters are chosen by their labels. */
export const hasSelector = ({ selector }: Wish): boolean => Object.keys(selector.matchLabels).length > 0;

function hasLabels(
  { name, labels }: Pick<ObservedCluster, "name" | "labels">,
  wanted: Readonly<Record<string, string>>,
): boolean {
  const all: Readonly<Record<string, string>> = { ...labels, [CLUSTER_NAME_LABEL]: name };
  return Object.entries(wanted).every(([key, value]) => all[key] === value);
}

/**
 * The clusters that a set asks for, by name: those that are named, with the labels that are asked for; without names all
 * with those labels. One that is being removed is none of them. A named one that is not registered is among them while no labels are asked for.
 */
export function wantedClusters(wish: Wish, clusters: Clusters): readonly string[] {
  const isChosen = (name: string): boolean => {
    const cluster = clusters.get(name);
    if (cluster === undefined) return !hasSelector(wish);
    if (cluster.removal !== undefined && cluster.removal !== null) return false;
    return hasLabels(cluster, wish.selector.matchLabels);
  };
  const candidates = wish.names.length > 0 ? wish.names : hasSelector(wish) ? [...clusters.keys()] : [];
  return [...new Set(candidates)].filter(isChosen).sort(compareNames);
}

/**
 * Which of the wanted clusters may take groups of a set: simulated and real ones never share it. The kind is that of the
 * clusters on which it has groups; before it has any, that of all wanted ones, and none where they are of both kinds.
 */
export function hostsOf(
  set: Pick<SetState, "spec"> & Partial<Pick<SetState, "groups">>,
  clusters: Clusters,
): { readonly names: readonly string[]; readonly otherKind: readonly string[] } {
  const wanted = wantedClusters(set.spec.placement.clusters, clusters);
  const kindOf = (name: string): boolean | null => clusters.get(name)?.isSimulated ?? null;
  const present = (set.groups ?? []).flatMap(({ placement }) =>
    placement === null ? [] : (kindOf(placement.cluster) ?? []),
  );
  const kinds = new Set(present.length > 0 ? present.slice(0, 1) : wanted.flatMap((name) => kindOf(name) ?? []));
  const isOther = (name: string): boolean => {
    const kind = kindOf(name);
    return kind !== null && (kinds.size > 1 || !kinds.has(kind));
  };
  return { names: wanted.filter((name) => !isOther(name)), otherKind: wanted.filter(isOther) };
}
