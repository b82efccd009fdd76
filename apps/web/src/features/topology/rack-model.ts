import type { ClusterHealth } from "@openpatio/core/model";
import type { ClusterDetail, NodeView, PodView, SetDetail } from "@openpatio/core/view";
import { compareText, type GroupBox, isPlace, type PodCell, type TopologyModel } from "./model.ts";

/** The clusters of one set as racks of nodes, with everything that stands on them. Pure, like {@link TopologyModel}. */
export type RackModel = {
  readonly clusters: readonly ClusterBox[];
  /** Groups that have no place anywhere: shown in a tray, so that they never disappear from the picture. */
  readonly unplaced: readonly GroupBox[];
};

export type ClusterBox = {
  readonly name: string;
  readonly isSimulated: boolean;
  readonly health: ClusterHealth;
  readonly lastContactMs: number | null;
  /** False until the cluster's entries have arrived. */
  readonly isLoaded: boolean;
  readonly racks: readonly RackBox[];
  /** Pods without a node of groups that are placed here and in no rack of their own. */
  readonly unbound: readonly RackPod[];
};

export type RackBox = {
  readonly name: string;
  readonly nodes: readonly NodeBox[];
  /** Pods of groups placed here that have no node yet, or no longer. */
  readonly unbound: readonly RackPod[];
  readonly gpus: number;
  readonly freeGpus: number;
};

export type NodeBox = {
  readonly view: NodeView;
  readonly pods: readonly RackPod[];
};

export type RackPod = {
  readonly pod: PodView;
  /** Set for pods of this set. */
  readonly cell: PodCell | null;
  /** First GPU slot; -1 for a pod without GPUs. Slots follow the order of names: Kubernetes does not say which device a pod has. */
  readonly slot: number;
};

export type ClusterEntries = {
  readonly name: string;
  readonly detail: ClusterDetail | null;
  readonly nodes: readonly NodeView[];
  readonly pods: readonly PodView[];
};

/** Prepares the cluster view. Pods of the set come from `model`, those of others from the clusters' own entries. */
export function prepareRacks(detail: SetDetail, model: TopologyModel, clusters: readonly ClusterEntries[]): RackModel {
  const own = new Map<string, PodCell>();
  for (const group of model.groups) {
    for (const { cells } of [...group.roles, ...group.copies]) for (const cell of cells) own.set(cell.pod.uid, cell);
  }
  return {
    clusters: clusters.map((entries) => prepareCluster(detail, model, entries, own)),
    unplaced: model.groups.filter((group) => group.view.cluster === null),
  };
}

function prepareCluster(
  detail: SetDetail,
  model: TopologyModel,
  entries: ClusterEntries,
  own: ReadonlyMap<string, PodCell>,
): ClusterBox {
  const onNode = new Map<string, RackPod[]>();
  const add = (node: string, pod: RackPod): void => {
    const list = onNode.get(node);
    if (list === undefined) onNode.set(node, [pod]);
    else list.push(pod);
  };
  for (const pod of entries.pods) {
    if (pod.node !== null && !own.has(pod.uid) && !isOwn(detail, pod)) add(pod.node, { pod, cell: null, slot: -1 });
  }
  for (const cell of own.values()) {
    if (cell.pod.node !== null && cell.pod.cluster === entries.name)
      add(cell.pod.node, { pod: cell.pod, cell, slot: -1 });
  }
  const names = new Set(entries.nodes.map((node) => node.name));
  const byRack = new Map<string, NodeView[]>();
  for (const node of entries.nodes) {
    const rack = domainOf(detail, node);
    const list = byRack.get(rack);
    if (list === undefined) byRack.set(rack, [node]);
    else list.push(node);
  }
  const racks = [...byRack.entries()]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([name, nodes]): RackBox => {
      const boxes = nodes
        .toSorted((a, b) => compareText(a.name, b.name))
        .map((view): NodeBox => ({ view, pods: assignSlots(onNode.get(view.name) ?? []) }));
      const usable = nodes.filter((node) => node.isReady && !node.isCordoned);
      return {
        name,
        nodes: boxes,
        unbound: unboundIn(model, entries.name, names, (domain) => domain === name),
        gpus: usable.reduce((sum, node) => sum + node.gpus, 0),
        freeGpus: usable.reduce((sum, node) => sum + Math.max(0, node.gpus - node.gpusUsed), 0),
      };
    });
  return {
    name: entries.name,
    isSimulated: entries.detail?.isSimulated ?? detail.isSimulated,
    health: entries.detail?.health ?? "connecting",
    lastContactMs: entries.detail?.lastContactMs ?? null,
    isLoaded: entries.detail !== null,
    racks,
    unbound: unboundIn(model, entries.name, names, (domain) => domain === null || !byRack.has(domain)),
  };
}

function isOwn(detail: SetDetail, pod: PodView): boolean {
  return (
    pod.namespace === detail.namespace && (pod.set === detail.name || pod.set === `${detail.namespace}/${detail.name}`)
  );
}

function domainOf(detail: SetDetail, node: NodeView): string {
  const byKey = detail.topologyKey === null ? undefined : node.labels[detail.topologyKey];
  return byKey ?? node.rack ?? node.zone ?? "nodes";
}

function unboundIn(
  model: TopologyModel,
  cluster: string,
  nodes: ReadonlySet<string>,
  isHere: (domain: string | null) => boolean,
): readonly RackPod[] {
  return model.groups
    .filter(({ view }) => view.cluster === cluster && isHere(view.domain))
    .flatMap((group) => group.roles.flatMap((role) => role.cells))
    .filter((cell) => cell.pod.node === null || !nodes.has(cell.pod.node))
    .map((cell) => ({ pod: cell.pod, cell, slot: -1 }));
}

/** Gives each pod with GPUs its slots, left to right in the order of names, so that equal facts look equal. */
export function assignSlots(pods: readonly RackPod[]): readonly RackPod[] {
  let next = 0;
  return pods.toSorted(comparePods).map((item) => {
    if (item.pod.gpus === 0) return { ...item, slot: -1 };
    const slot = next;
    next += item.pod.gpus;
    return { ...item, slot };
  });
}

function comparePods(a: RackPod, b: RackPod): number {
  return (
    compareText(`${a.pod.namespace}/${a.pod.set ?? "~"}`, `${b.pod.namespace}/${b.pod.set ?? "~"}`) ||
    (a.pod.group ?? -1) - (b.pod.group ?? -1) ||
    compareText(a.pod.role ?? "", b.pod.role ?? "") ||
    (a.pod.ordinal ?? -1) - (b.pod.ordinal ?? -1) ||
    (a.pod.worker ?? -1) - (b.pod.worker ?? -1) ||
    Number(isPlace(a.pod)) - Number(isPlace(b.pod)) ||
    compareText(a.pod.name, b.pod.name)
  );
}
