"use client";

import { useCallback, useEffect, useMemo, useState } from "react";
import { useLiveEntries, useLiveEntry } from "#lib/live.ts";
import { clusterTopic } from "#lib/paths.ts";
import type { ClusterEntries } from "./rack-model.ts";

type ClusterEntriesStore = {
  readonly entriesOf: (clusters: readonly string[]) => readonly ClusterEntries[];
  readonly setEntries: (entries: ClusterEntries) => void;
};

/** Entries of several clusters, filled by one {@link ClusterWatch} per cluster: a set may span any number of them. */
export function useClusterEntries(): ClusterEntriesStore {
  const [byName, setByName] = useState<ReadonlyMap<string, ClusterEntries>>(new Map());
  const setEntries = useCallback((entries: ClusterEntries) => {
    setByName((before) => new Map(before).set(entries.name, entries));
  }, []);
  return useMemo(
    () => ({
      entriesOf: (clusters) => clusters.map((name) => byName.get(name) ?? { name, detail: null, nodes: [], pods: [] }),
      setEntries,
    }),
    [byName, setEntries],
  );
}

type ClusterWatchProps = { readonly name: string; readonly onEntries: (entries: ClusterEntries) => void };

/** Watches one cluster while it is mounted; draws nothing. */
export function ClusterWatch({ name, onEntries }: ClusterWatchProps) {
  const topic = clusterTopic(name);
  const detail = useLiveEntry(topic, "cluster") ?? null;
  const nodes = useLiveEntries(topic, "node/");
  const pods = useLiveEntries(topic, "pod/");
  useEffect(() => onEntries({ name, detail, nodes, pods }), [name, detail, nodes, pods, onEntries]);
  return null;
}
