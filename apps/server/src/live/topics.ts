import { DomainError } from "@openpatio/core/errors";
import { homeOf } from "@openpatio/core/model";
import {
  attentionItems,
  clusterDetail,
  clusterNodes,
  clusterPods,
  clusterRow,
  copyPods,
  groupPods,
  groupView,
  type LiveEntry,
  podsByGroup,
  setDetail,
  setKeyText,
  setRow,
} from "@openpatio/core/view";
import type { Fleet } from "../clusters/fleet.ts";
import { resolveSet } from "../sets/change-set.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import type { SetKey } from "../trpc/inputs.ts";
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
    const [first = "", second = "", third] = rest;
    if (kind === "sets" && rest.length === 0) {
      return keyed(models.sets().map(setRow), setKeyText);
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
    const isOfSet = rest.length === 2 || rest.length === 3;
    const key = { namespace: first, name: second, ...(third === undefined ? {} : { home: third }) };
    if (kind === "set" && isOfSet) return setTopic(models, setOf(sets, key));
    if (kind === "timeline" && isOfSet) return timelineTopic(timeline, setOf(sets, key), key);
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
    for (const topic of topicsOfSet("set", set.state)) hub.markDirty(topic);
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
        if (change.kind === "set") {
          for (const { state } of sets.named(change.namespace, change.set))
            for (const topic of topicsOfSet("set", state)) hub.markDirty(topic);
        }
        if (change.kind === "health") {
          rollups();
          hub.markAllDirty((topic) => topic.startsWith("set/"));
        }
      },
    }),
    timeline.onItems((items) => {
      hub.markDirty("activity");
      for (const { namespace, set, home } of items) {
        if (namespace === null || set === null) continue;
        for (const topic of topicsOf("timeline", { namespace, name: set, home })) hub.markDirty(topic);
      }
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

/** Without a home the topic is of whichever set of that name there is; of several none, unless one is the console's. */
function setOf(sets: SetStore, key: SetKey): StoredSet | null {
  try {
    return resolveSet(sets, key);
  } catch (error) {
    if (error instanceof DomainError && error.code === "set.ambiguous") return null;
    throw error;
  }
}

/** Under which topics a set is read: with its home, and without. */
export const topicsOfSet = (kind: "set" | "timeline", state: StoredSet["state"]): readonly string[] =>
  topicsOf(kind, { namespace: state.namespace, name: state.name, home: homeOf(state) });

function topicsOf(
  kind: "set" | "timeline",
  { namespace, name, home }: { readonly namespace: string; readonly name: string; readonly home: string | null },
): readonly string[] {
  const topic = `${kind}/${namespace}/${name}`;
  return home === null ? [topic] : [topic, `${topic}/${home}`];
}

function setTopic(models: Models, stored: StoredSet | null): Entries | null {
  if (stored === null) return null;
  const model = models.set(stored);
  const entries = new Map<string, LiveEntry>([["set", setDetail(model)]]);
  const pods = podsByGroup(model);
  for (const group of model.state.groups) {
    entries.set(`group/${group.index}`, groupView(model, group));
    const shown = [...groupPods(model, group, pods.get(group.index) ?? []), ...copyPods(model, group)];
    for (const pod of shown) entries.set(`pod/${pod.uid}`, pod);
  }
  return entries;
}

async function timelineTopic(
  timeline: TimelineStore,
  stored: StoredSet | null,
  { namespace, name, home }: SetKey,
): Promise<Entries | null> {
  const of = stored === null ? (home ?? null) : homeOf(stored.state);
  const items = await timeline.list({ namespace, name, home: of }, TIMELINE_LENGTH);
  if (items.length === 0 && stored === null) return null;
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
