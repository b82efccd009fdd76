import { clustersOfGroup, homeOf } from "@openpatio/core/model";
import type { Logger } from "../log.ts";
import type { SetStore } from "../sets/set-store.ts";
import type { Fleet, Member } from "./fleet.ts";

const LOOK_MS = 1_000;

/**
 * Ends the removal of clusters whose groups have left: which those are is in the database, so that a restart goes on with
 * it. Nothing of a set may be there any more that would lose who looks after it.
 */
export class ClusterRemovals {
  private readonly options: {
    readonly fleet: Fleet;
    readonly sets: SetStore;
    readonly mayAct: () => boolean;
    readonly finish: (member: Member) => Promise<void>;
    readonly log: Logger;
  };
  private timer: NodeJS.Timeout | null = null;
  private isLooking = false;

  constructor(options: ClusterRemovals["options"]) {
    this.options = options;
  }

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { fleet, mayAct, finish, log } = this.options;
    if (this.isLooking || !mayAct()) return;
    this.isLooking = true;
    for (const member of fleet.all()) {
      if (member.removal === null || !this.isLeft(member)) continue;
      try {
        await finish(member);
      } catch (error) {
        log.warn({ err: error, cluster: member.name }, "cluster not removed yet");
      }
    }
    this.isLooking = false;
  }

  private isLeft({ name, port, health }: Member): boolean {
    const observed = port.observe();
    if (health !== "live") return false;
    return [...this.options.sets.all()].every(({ state }) => {
      if (homeOf(state) === name || state.groups.some((group) => clustersOfGroup(group).includes(name))) return false;
      const { owners, services } = observed.set(state.namespace, state.name);
      return ![...owners, ...services].some(({ setId }) => setId === state.id);
    });
  }
}
