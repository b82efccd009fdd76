import type {
  Condition,
  GroupState,
  KubeObject,
  ObservedCluster,
  Revision,
  RolloutState,
  SetState,
  SetStatus,
} from "../model/index.ts";
import type { MissingObjects, Reservation } from "../placement/types.ts";

/** A named object in one cluster. `uid` is the life we observed: a write that meets another life is refused. */
export type ObjectRef = {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
};

/** What a deletion does with what the object owns. */
export type Propagation = "Background" | "Foreground" | "Orphan";

/** What is to be done in clusters; `group` is null for what belongs to the set as a whole. Order within a plan matters only where a later action needs an earlier one's result, and then it waits for the next plan. */
export type Action =
  /** POST. An existing name that is not ours is a NameConflict. */
  | { readonly kind: "create"; readonly cluster: string; readonly group: number | null; readonly object: KubeObject }
  /** Replace what we own of an object that outlives an incarnation (data, ports, our labels and annotations), or of a workload that takes another template; never replicas. */
  | { readonly kind: "update"; readonly group: number | null; readonly ref: ObjectRef; readonly object: KubeObject }
  | { readonly kind: "scale"; readonly group: number; readonly ref: ObjectRef; readonly replicas: number }
  /** Status of a RoleBasedGroup, or of the set's own resource. May be delayed and merged by the server; the last one wins. */
  | {
      readonly kind: "status";
      readonly group: number | null;
      readonly ref: ObjectRef;
      readonly status: Readonly<Record<string, unknown>>;
    }
  /**
   * Our labels, annotations and owner reference go; the object stays, and is nobody's. Of a RoleBasedGroup only our
   * finalizer goes: one that is being deleted is no longer held.
   */
  | { readonly kind: "release"; readonly group: number | null; readonly ref: ObjectRef }
  | {
      readonly kind: "delete";
      readonly group: number | null;
      readonly ref: ObjectRef;
      readonly propagation: Propagation;
      /** A pod only: without its grace period, for a machine that is off. */
      readonly isForced?: true;
    };

export const TIMELINE_KINDS = [
  "set.created",
  "set.changed",
  "set.refused",
  "set.deleting",
  "set.deleted",
  "group.placed",
  "group.moving",
  "group.moved",
  "group.returned",
  "group.unplaced",
  "group.starting",
  "group.role-started",
  "group.ready",
  "group.failed",
  "group.recovering",
  "group.stopping",
  "group.stopped",
  "group.gave-up",
  "group.stalled",
  "group.updating",
  "scaled",
  "rollout.started",
  "rollout.paused",
  "rollout.resumed",
  "rollout.finished",
  "rollout.aborted",
  "rollout.rolled-back",
  "rollout.restarted",
  "rollout.stalled",
  "object.restored",
  "object.conflict",
  "pod.deleted",
  "cluster.registered",
  "cluster.changed",
  "cluster.removed",
  "cluster.lost",
  "cluster.ousted",
  "cluster.taken",
  "cluster.found",
  "node.changed",
  "sandbox.fault",
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** One line of the timeline: what happened, why, and what is done about it. */
export type TimelineDraft = {
  readonly kind: TimelineKind;
  readonly group: number | null;
  readonly incarnation: number | null;
  /** What was seen, e.g. "decode-2: engine exited 137 (OOMKilled)". */
  readonly cause: string | null;
  /** What was decided, e.g. "Recreate group 1 as incarnation 5". */
  readonly decision: string;
  /** What is done in clusters, in words, e.g. "delete 3 StatefulSets". */
  readonly actions: readonly string[];
};

/** For how long a cluster has not answered, as far as that counts for a failover. */
export type LostContact = {
  /** Epoch milliseconds; what did not count has moved it. */
  readonly sinceMs: number;
  /** False while no other cluster answers either: it may be our own network. */
  readonly isCounting: boolean;
};

export type PlanInput = {
  readonly set: SetState;
  /** Clusters by name: all that are registered, whatever their health. */
  readonly clusters: ReadonlyMap<string, ObservedCluster>;
  /** Room promised to groups of all other sets. This set's own are derived from its state. */
  readonly reservations: readonly Reservation[];
  /** Clusters that do not answer; those of which nothing is counted may be left out. */
  readonly lost?: ReadonlyMap<string, LostContact>;
  /** What this set's pods name and is known not to exist; asked about while a group is to be placed. */
  readonly missing?: MissingObjects;
};

export type Plan = {
  readonly actions: readonly Action[];
  /**
   * The next state, complete: a group that is not in it is gone. Unchanged parts are the same references, so that only
   * what changed is stored.
   */
  readonly next: {
    /** Another one only when a rollout returned to an earlier revision by itself; the definition follows from it. */
    readonly spec: SetState["spec"];
    readonly generation: number;
    readonly rollout: RolloutState;
    readonly revisions: readonly Revision[];
    readonly conditions: readonly Condition[];
    readonly groups: readonly GroupState[];
  };
  /** Clusters on which room was promised: storing is conditional on the placement version of each of them. */
  readonly placedOn: readonly string[];
  readonly status: SetStatus;
  readonly timeline: readonly TimelineDraft[];
  /** True when the set is being deleted and nothing of it is left anywhere: its row can go. */
  readonly isGone: boolean;
  /** Earliest time to plan again if nothing changes; "on-change" waits for a watch event or the resync. */
  readonly requeue: { readonly afterMs: number } | "on-change";
};
