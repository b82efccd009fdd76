import type { Action } from "@openpatio/core/plan";

export type StatusAction = Extract<Action, { kind: "status" }>;

const DELAY_MS = 1000;
/** A status that was written is not written again before the watch had its time to show it. */
const SETTLE_MS = 10_000;

type Group = {
  pending: { action: StatusAction; readonly timer: NodeJS.Timeout } | null;
  /** Last one sent. */
  sent: { readonly text: string; readonly phase: unknown; readonly atMs: number } | null;
};

/**
 * Writes `status` of RoleBasedGroups and of the sets of a cluster, which is for people and `kubectl get -w`: at once when the phase changes, else at
 * most once a second per group, the last value winning.
 */
export class StatusWriter {
  private readonly write: (setId: string, action: StatusAction) => Promise<boolean>;
  private readonly nowMs: () => number;
  private readonly sets = new Map<string, Map<number | null, Group>>();

  /** `write` answers false when the status has to be offered again. */
  constructor(write: (setId: string, action: StatusAction) => Promise<boolean>, nowMs: () => number) {
    this.write = write;
    this.nowMs = nowMs;
  }

  /** All status actions of one plan of a set: what is pending and not among them is not wanted any more. */
  offer(setId: string, actions: readonly StatusAction[]): void {
    let groups = this.sets.get(setId);
    if (groups === undefined) {
      groups = new Map();
      this.sets.set(setId, groups);
    }
    for (const [index, group] of groups) {
      if (!actions.some((action) => action.group === index)) cancel(group);
    }
    for (const action of actions) this.offerOne(setId, groups, action);
  }

  forget(setId: string): void {
    for (const group of this.sets.get(setId)?.values() ?? []) cancel(group);
    this.sets.delete(setId);
  }

  stop(): void {
    for (const setId of this.sets.keys()) this.forget(setId);
  }

  private offerOne(setId: string, groups: Map<number | null, Group>, action: StatusAction): void {
    let group = groups.get(action.group);
    if (group === undefined) {
      group = { pending: null, sent: null };
      groups.set(action.group, group);
    }
    const { sent, pending } = group;
    if (sent?.text === textOf(action) && this.nowMs() - sent.atMs < SETTLE_MS) {
      cancel(group);
      return;
    }
    const isNewPhase = sent?.phase !== action.status["phase"];
    if (pending !== null && !isNewPhase) {
      pending.action = action;
      return;
    }
    cancel(group);
    const timer = setTimeout(() => void this.send(setId, group), isNewPhase ? 0 : DELAY_MS);
    group.pending = { action, timer };
  }

  private async send(setId: string, group: Group): Promise<void> {
    const action = group.pending?.action;
    if (action === undefined) return;
    group.pending = null;
    group.sent = { text: textOf(action), phase: action.status["phase"], atMs: this.nowMs() };
    if (!(await this.write(setId, action))) group.sent = null;
  }
}

function cancel(group: Group): void {
  if (group.pending !== null) clearTimeout(group.pending.timer);
  group.pending = null;
}

/**
 * What makes a status worth another write. The life of the object belongs to it: a group that was made anew has no status
 * yet. The time of a condition does not: until a write is seen, the planner offers the same again with a later one.
 */
const textOf = ({ ref, status }: StatusAction): string =>
  JSON.stringify([ref.uid, status], (key, value: unknown) => (key === "lastTransitionTime" ? undefined : value));
