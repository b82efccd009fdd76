import type { TimelineEntry } from "../timeline/timeline-store.ts";

/** A line of the timeline about a cluster as such; what a person asks for has no other cause. */
export function clusterEntry(
  kind: TimelineEntry["kind"],
  actor: string,
  cluster: string,
  decision: string,
  cause: string | null = "Asked for",
): TimelineEntry {
  return {
    kind,
    actor,
    setId: null,
    namespace: null,
    set: null,
    cluster,
    group: null,
    incarnation: null,
    cause,
    decision,
    actions: [],
  };
}
