import type { Logger } from "../log.ts";
import type { TimelineStore } from "../timeline/timeline-store.ts";
import { clusterEntry } from "./entry.ts";
import type { Fleet } from "./fleet.ts";

export type ContactLogOptions = {
  readonly fleet: Fleet;
  readonly timeline: TimelineStore;
  readonly nowMs: () => number;
  readonly log: Logger;
  /** Of several servers on one database, one writes. */
  readonly mayWrite: () => boolean;
};

/** Writes into the timeline when a cluster was lost and when it was found again. A loss that mends itself is no line. */
export class ContactLog {
  private readonly options: ContactLogOptions;
  private readonly lost = new Set<string>();
  readonly stop: () => void;

  constructor(options: ContactLogOptions) {
    this.options = options;
    this.stop = options.fleet.subscribe({
      onChange: (cluster, change) => {
        if (change.kind !== "health") return;
        if (change.health === "unreachable" && !this.lost.has(cluster)) {
          this.lost.add(cluster);
          const message = options.fleet.get(cluster)?.port.info().message ?? null;
          this.write(cluster, "cluster.lost", message, "Touch nothing there and assume nothing until it answers");
        } else if (change.health === "live" && this.lost.delete(cluster)) {
          this.write(cluster, "cluster.found", null, "Go on there with what it shows now");
        }
      },
    });
  }

  private write(cluster: string, kind: "cluster.lost" | "cluster.found", cause: string | null, decision: string): void {
    const { timeline, nowMs, log, mayWrite } = this.options;
    if (!mayWrite()) return;
    const line = clusterEntry(kind, "cluster", cluster, decision, cause);
    timeline.record([line], nowMs()).catch((error: unknown) => log.warn({ err: error }, "contact not recorded"));
  }
}
