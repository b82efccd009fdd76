import type { Action } from "@openpatio/core/plan";

export type StatusAction = Extract<Action, { kind: "status" }>;

const DELAY_MS = 1000;

type Pending = { action: StatusAction; timer: NodeJS.Timeout };

/**
 * Writes `status` of RoleBasedGroups, which is for people and `kubectl get -w`: at once when the phase changes, else at
 * most once a second per group, the last value winning. A write is repeated only when the planner still finds another
 * status in the cluster.
 */
export class StatusWriter {
  private readonly write: (setId: string, action: StatusAction) => void;
  private readonly pending = new Map<string, Map<number, Pending>>();
  private readonly phases = new Map<string, unknown>();

  constructor(write: (setId: string, action: StatusAction) => void) {
    this.write = write;
  }

  /** All status actions of one plan of a set: what is pending and not among them is not wanted any more. */
  offer(setId: string, actions: readonly StatusAction[]): void {
    const pending = this.pending.get(setId) ?? new Map<number, Pending>();
    this.pending.set(setId, pending);
    for (const [group, { timer }] of pending) {
      if (actions.some((action) => action.group === group)) continue;
      clearTimeout(timer);
      pending.delete(group);
    }
    for (const action of actions) this.offerOne(setId, pending, action);
  }

  forget(setId: string): void {
    this.offer(setId, []);
    this.pending.delete(setId);
    for (const key of this.phases.keys()) if (key.startsWith(`${setId}/`)) this.phases.delete(key);
  }

  stop(): void {
    for (const groups of this.pending.values()) for (const { timer } of groups.values()) clearTimeout(timer);
    this.pending.clear();
  }

  private offerOne(setId: string, pending: Map<number, Pending>, action: StatusAction): void {
    const known = pending.get(action.group);
    const key = `${setId}/${action.group}`;
    const phase = action.status["phase"];
    const isNewPhase = this.phases.get(key) !== phase;
    if (!isNewPhase && known !== undefined) {
      known.action = action;
      return;
    }
    if (known !== undefined) clearTimeout(known.timer);
    this.phases.set(key, phase);
    const entry: Pending = {
      action,
      timer: setTimeout(
        () => {
          pending.delete(action.group);
          this.write(setId, entry.action);
        },
        isNewPhase ? 0 : DELAY_MS,
      ),
    };
    pending.set(action.group, entry);
  }
}
