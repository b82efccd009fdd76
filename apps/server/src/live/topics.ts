import {
  attentionItems,
  clusterDetail,
  clusterNodes,
  clusterPods,
  clusterRow,
  groupPods,
  groupView,
  type LiveEntry,
  podsByGroup,
  setDetail,
  setRow,
} from "@openpatio/core/view";
import type { Fleet } from "../clusters/fleet.ts";
import type { SetStore } from "../sets/set-store.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import type { Entries, LiveHub, TopicSource } from "./hub.ts";
import type { Models } from "./models.ts";

/** Of all sets; and of one set. */
const ACTIVITY_LENGTH = 50;
const TIMELINE_LENGTH = 200;
/** Figures that change without an event (latency, last contact) are looked at this often while somebody watches. */
const FIGURES_MS = 5_000;

export type TopicOptions = {
  readonly models: Models;
  readonly sets: SetStore;
  readonly fleet: Fleet;
  readonly timeline: TimelineStore;
};

/** The entries of every topic; the table of topics and keys is in core's view/types.ts. */
export function topicSource({ models, sets, fleet, timeline }: TopicOptions): TopicSource {
  return (topic) => {
    const [kind, ...rest] = topic.split("/");
    const [first = "", second = ""] = rest;
    if (kind === "sets" && rest.length === 0) {
      return keyed(models.sets().map(setRow), (row) => `${row.namespace}/${row.name}`);
    }
    if (kind === "clusters" && rest.length === 0) {
      const all = models.sets();
      return keyed(
        fleet.all().map((member) => clusterRow(models.cluster(member, all))),
        (row) => row.name,
      );
    }
    if (kind === "attention" && rest.length === 0) return attention(models, fleet);
    if (kind === "activity" && rest.length === 0) {
      return timeline.list(null, ACTIVITY_LENGTH).then((items) => keyed(items, (item) => item.id));
    }
    if (kind === "set" && rest.length === 2) return setTopic(models, sets, first, second);
    if (kind === "timeline" && rest.length === 2) return timelineTopic(timeline, sets, first, second);
    if (kind === "cluster" && rest.length === 1) return clusterTopic(models, fleet, first);
    return null;
  };
}

/** Marks topics as the stores, the clusters and the planner change; returns what undoes it. */
export function feedTopics(hub: LiveHub, { sets, fleet, timeline }: Omit<TopicOptions, "models">): () => void {
  const rollups = () => {
    for (const topic of ["sets", "clusters", "attention"]) hub.markDirty(topic);
  };
  const ofSet = (id: string) => {
    const set = sets.get(id);
    if (set === null) return;
    hub.markDirty(`set/${set.state.namespace}/${set.state.name}`);
    for (const group of set.state.groups) {
      if (group.placement !== null) hub.markDirty(`cluster/${group.placement.cluster}`);
    }
  };
  const stops = [
    sets.onChange((id, set) => {
      rollups();
      if (set === null) hub.markAllDirty((topic) => /^(set|cluster)\//.test(topic));
      else ofSet(id);
    }),
    fleet.subscribe({
      onMembers: () => {
        rollups();
        hub.markAllDirty((topic) => /^(set|cluster)\//.test(topic));
      },
      onChange: (cluster, change) => {
        // Pods that came or went change what is used of nodes, whosever they are.
        hub.markDirty(`cluster/${cluster}`);
        hub.markDirty("clusters");
        if (change.kind === "set") hub.markDirty(`set/${change.namespace}/${change.set}`);
        else if (change.kind === "health") {
          rollups();
          hub.markAllDirty((topic) => topic.startsWith("set/"));
        }
      },
    }),
    timeline.onItems((items) => {
      hub.markDirty("activity");
      for (const item of items) if (item.set !== null) hub.markDirty(`timeline/${item.namespace}/${item.set}`);
    }),
  ];
  const figures = setInterval(() => {
    hub.markDirty("clusters");
    hub.markAllDirty((topic) => topic.startsWith("cluster/"));
  }, FIGURES_MS);
  figures.unref();
  return () => {
    clearInterval(figures);
    for (const stop of stops) stop();
  };
}

function keyed<T extends LiveEntry>(items: readonly T[], key: (item: T) => string): Entries {
  return new Map(items.map((item) => [key(item), item]));
}

function attention(models: Models, fleet: Fleet): Entries {
  const sets = models.sets();
  const clusters = fleet
    .all()
    .map((member) => ({ row: clusterRow(models.cluster(member, sets)), sinceMs: member.healthSinceMs }));
  return keyed(attentionItems(sets, clusters), (item) => item.key);
}

function setTopic(models: Models, sets: SetStore, namespace: string, name: string): Entries | null {
  const stored = sets.find(namespace, name);
  if (stored === null) return null;
  const model = models.set(stored);
  const entries = new Map<string, LiveEntry>([["set", setDetail(model)]]);
  const pods = podsByGroup(model);
  for (const group of model.state.groups) {
    entries.set(`group/${group.index}`, groupView(model, group));
    for (const pod of groupPods(model, group, pods.get(group.index) ?? [])) entries.set(`pod/${pod.uid}`, pod);
  }
  return entries;
}

async function timelineTopic(
  timeline: TimelineStore,
  sets: SetStore,
  namespace: string,
  name: string,
): Promise<Entries | null> {
  const items = await timeline.list({ namespace, name }, TIMELINE_LENGTH);
  if (items.length === 0 && sets.find(namespace, name) === null) return null;
  return keyed(items, (item) => item.id);
}

function clusterTopic(models: Models, fleet: Fleet, name: string): Entries | null {
  const member = fleet.get(name);
  if (member === null) return null;
  const model = models.cluster(member);
  const entries = new Map<string, LiveEntry>([["cluster", clusterDetail(model)]]);
  for (const node of clusterNodes(model)) entries.set(`node/${node.name}`, node);
  for (const pod of clusterPods(model)) entries.set(`pod/${pod.uid}`, pod);
  return entries;
}
