import type { Problem } from "../spec/problem.ts";
import type { SetSpec } from "../spec/schema.ts";
import type { KubeObject } from "./kube-object.ts";
import type { WorkloadKind } from "./observed.ts";
import type { Condition, GroupPhase, SetPhase } from "./phases.ts";

/**
 * State that must survive a crash. The planner takes it, returns its next value, and the server stores that before it
 * executes the plan's actions. Everything is JSON; times are epoch milliseconds of the server's clock.
 */

/** An immutable numbered snapshot of what changes pods. Two numbers with one hash are the same content. */
export type Revision = {
  readonly number: number;
  readonly hash: string;
  /** Normalised pod-affecting content; see spec/revision.ts. */
  readonly content: RevisionContent;
  /** What the last spec of this revision said of its roles, for groups that still run it when the spec has moved on. */
  readonly shape: readonly RoleShape[];
  readonly createdAtMs: number;
};

/** What a spec says of a role without changing its pods. */
export type RoleShape = {
  readonly role: string;
  readonly replicas: number;
  readonly dependencies: readonly string[];
  readonly onPodFailure: "Recreate" | "Ignore";
  /** How long a pod has to be Ready before it counts. Judged by us, so changing it restarts nothing. */
  readonly minReadySeconds: number;
};

/** The pod-affecting part of a spec, normalised. No replica counts, dependencies, placement or policy. */
export type RevisionContent = {
  readonly groupMetadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly roles: readonly RevisionRole[];
};

export type RevisionRole = {
  readonly role: string;
  /** As it was asked for; a LeaderWorkerSet becomes StatefulSets where a cluster has none. */
  readonly kind: WorkloadKind;
  /** Instances of several pods; null where an instance is one pod. Absent in revisions from before there were any. */
  readonly leaderWorker?: LeaderWorker | null;
  readonly volumeClaimTemplates: readonly unknown[];
  /** PodTemplateSpec as the user wrote it. */
  readonly template: Readonly<Record<string, unknown>>;
};

export type LeaderWorker = {
  /** Pods per instance: a leader and its workers. */
  readonly size: number;
  /** PodTemplateSpec of the workers as the user wrote it; null: that of the leader. */
  readonly workerTemplate: Readonly<Record<string, unknown>> | null;
};

export type Domain = { readonly key: string; readonly value: string };

export type GroupPlacement = {
  readonly cluster: string;
  /** Null: no topology constraint, or a preferred domain that has no room for all of it. */
  readonly domain: Domain | null;
  /** Domain that its pods prefer (mode Preferred) and need not stay in. Absent: `domain` is where they must run. */
  readonly prefers?: Domain;
  /** What of `exclusive` it was placed with, and so is in effect. Absent: nothing. */
  readonly exclusive?: "Group" | "Set" | "All";
  /** Domains that others hold alone (exclusive: All): its pods are kept off their nodes. Only where no domain is required. */
  readonly avoid: readonly Domain[];
  /** One sentence: why here. */
  readonly why: string;
};

/** Why an incarnation ended (or a role, a group was stopped). Kept with the incarnation and shown in the timeline. */
export type Cause = {
  readonly kind: "failure" | "rollout" | "restart" | "move" | "failover" | "scale-in" | "delete";
  /** One sentence that names pod, container, exit code and node where there are such. */
  readonly message: string;
  readonly atMs: number;
  readonly pod?: string;
  readonly role?: string;
  readonly container?: string;
  readonly exitCode?: number;
  readonly node?: string;
  /** Last lines of the container's log, where they could still be read; at most 20. */
  readonly logTail?: readonly string[];
};

/** A workload as it was rendered for an incarnation: stored, so that a newer server changes no running pod. */
export type RenderedWorkload = {
  readonly role: string;
  readonly kind: WorkloadKind;
  /** Complete object without replicas and ownerReferences, which are filled in when it is created. */
  readonly object: KubeObject;
  /**
   * Of a multi-node role that runs as StatefulSets: `object` is what each instance is made from, by its own name and
   * label. Decided when the incarnation began, by what its cluster could do then.
   */
  readonly instances?: {
    readonly size: number;
    /** The workers' StatefulSet, where they have a template of their own; `object` is then the leader's. */
    readonly workers: KubeObject | null;
  };
};

export const GROUP_STAGES = ["unplaced", "running", "teardown", "waiting"] as const;
/**
 * unplaced: no placement, nothing in a cluster. running: the incarnation is starting or up. teardown: everything of the
 * incarnation is being removed. waiting: torn down, next incarnation due at `notBeforeMs` (or given up, when that is null).
 * A group of which nothing is left for good is no longer in the list.
 */
export type GroupStage = (typeof GROUP_STAGES)[number];

/** A pod as it was when it was last Ready: what failures are judged against. */
export type ReadyPod = {
  readonly uid: string;
  readonly name: string;
  readonly role: string;
  /** Of a multi-node instance: which one, and 0 for its leader. Absent where an instance is one pod. */
  readonly instance?: number;
  readonly worker?: number;
  readonly node: string | null;
  /** container name -> container ID. */
  readonly containers: Readonly<Record<string, string>>;
  /** Since when a pod of an externally scaled role is gone, while its workload may yet be seen to have fewer. */
  readonly missingSinceMs?: number;
};

/** Replicas of a role of one group. */
export type RoleCount = { readonly role: string; readonly replicas: number };

/** The number of pods that a role's workload was last asked for in this incarnation. */
export type AskedReplicas = {
  readonly role: string;
  /** Name of the StatefulSet, where the role has one per instance. */
  readonly workload?: string;
  readonly replicas: number;
  readonly atMs: number;
  /** The workload was seen with that number since: another number is somebody else's. */
  readonly isSeen: boolean;
  /**
   * UIDs of pods that a scale-in which was sent may take, whatever was asked for after it: their end is no failure.
   * Forgotten when it has taken its number, or when no watch can be that late any more.
   */
  readonly mayTake: readonly string[];
  /** How many of them it may take yet. */
  readonly takes: number;
};

/** When foreign changes of an object were undone; limits how often, and ends in a fight when it does not help. */
export type Restoration = {
  /** `<kind>/<name>` */
  readonly object: string;
  readonly atMs: number;
  /** The undoing before that. */
  readonly beforeMs: number | null;
  readonly fight: FieldFight | null;
};

/** Another manager sets a field of ours again and again: the object is left as that one wants it. */
export type FieldFight = {
  readonly field: string;
  /** Where the API server tells. */
  readonly manager: string | null;
  readonly sinceMs: number;
  /** What the field said at the last look, as a hash or a number, and since when. */
  readonly seen: string;
  readonly changedAtMs: number;
  /** Of the set, when the fight began: a new definition is a new try. */
  readonly generation: number;
};

/**
 * Where a role is that was recreated within its incarnation. leaving: what is left of the life before is being removed.
 * waiting: that is gone, its name is held, the life is due at `notBeforeMs` (or given up, when that is null). starting:
 * it may start when what it depends on is Ready. ready: it was Ready since.
 */
export type RoleRestart = {
  readonly role: string;
  /** Number of the life; a role without an entry is in its first, number 0. */
  readonly restart: number;
  readonly stage: "leaving" | "waiting" | "starting" | "ready";
  readonly notBeforeMs: number | null;
  /** Failures of this very role in a row, for the backoff; the group counts its own. Reset as those. */
  readonly failuresInRow: number;
  readonly cause: Cause;
  /** When the life before was ended. */
  readonly sinceMs: number;
};

/** A pod that hangs in termination on a node that is not Ready. */
export type StuckPod = {
  readonly uid: string;
  /** When it was first seen so, by the server's clock. */
  readonly sinceMs: number;
  /** Since when its node is silent without a break; null while the node itself says that it is not Ready. */
  readonly deadSinceMs: number | null;
  /** Its deletion by force was told. */
  readonly isForced: boolean;
};

/** A role of a group under RoleRolling that still runs what it had, at the number of that revision. */
export type RoleBehind = {
  readonly role: string;
  readonly revision: number;
  /** It is to be restarted, whether its content differs or not. */
  readonly isRestart: boolean;
};

export type RoleUpdate = {
  /** Roles that are still to be updated, the next one first. */
  readonly behind: readonly RoleBehind[];
  /** The role whose workload is replacing its pods. */
  readonly underWay: {
    readonly role: string;
    /** By its workload's own rolling update; otherwise it is recreated alone. */
    readonly isInPlace: boolean;
    /** UIDs of the pods of another template that were there when it was told. */
    readonly replaces: readonly string[];
    /** The most new pods that were Ready at once, for the progress deadline. */
    readonly updated: number;
  } | null;
};

export type PastIncarnation = {
  readonly incarnation: number;
  readonly revision: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly cause: Cause;
};

/** Where a person wants a group. Null: anywhere. */
export type PlaceWish = { readonly cluster: string | null; readonly domain: string | null };

/**
 * Another copy of a group, on a cluster that it leaves. move: it serves until the new copy is Ready. failover: its cluster
 * does not answer. removal: it is taken away, whatever becomes of the group.
 */
export type LeavingCopy = {
  /** As it was when the group left: what it is again when the move is undone. */
  readonly copy: GroupState;
  readonly stage: "move" | "failover" | "removal";
  readonly sinceMs: number;
};

export type GroupState = {
  readonly index: number;
  readonly stage: GroupStage;
  /** Number of the present incarnation; in stage `waiting` of the one that ended; 0 = none yet. */
  readonly incarnation: number;
  /** Revision the present incarnation runs, or (unplaced, waiting) the next one will. */
  readonly revision: number;
  readonly placement: GroupPlacement | null;
  /** A move that was asked for and has not begun; null: none. */
  readonly moveTo: PlaceWish | null;
  /** Copies on other clusters; at most one of them is not to be removed. */
  readonly leaving: readonly LeavingCopy[];
  /** The highest number that an incarnation had whose move was undone; 0: none. The next one is above it. */
  readonly undone: number;
  /** Why it is not placed, one sentence; null when it is. The full list is computed when asked for. */
  readonly unplacedReason: string | null;
  /** When the present stage of life began (start of the incarnation, of the teardown, of the waiting). */
  readonly sinceMs: number;
  readonly incarnationStartedAtMs: number | null;
  /** Roles whose workload was started in this incarnation: latched, so later unreadiness of a dependency holds nothing. */
  readonly startedRoles: readonly string[];
  /** Roles that were recreated within this incarnation. */
  readonly roleRestarts: readonly RoleRestart[];
  readonly rendering: readonly RenderedWorkload[];
  /** How far it is on its way to `revision`, role by role (RoleRolling); null when all of it runs that. */
  readonly roleUpdate: RoleUpdate | null;
  /** Counts that an outside autoscaler gave to roles with `scaling.external`; absent while there are none. */
  readonly external?: readonly RoleCount[];
  readonly readyPods: readonly ReadyPod[];
  /** Since when a workload is gone, while its RoleBasedGroup may yet be seen to be gone too; see plan/owner-doubt. */
  readonly workloadGoneSinceMs?: number;
  readonly asked: readonly AskedReplicas[];
  readonly restorations: readonly Restoration[];
  readonly stuckPods: readonly StuckPod[];
  /** Roles that were scaled in and whose pods have not come to rest: what vanishes from them may be our own doing. */
  readonly unsettledRoles: readonly string[];
  /** First moment when every role of this incarnation was Ready; null until then. */
  readonly firstReadyAtMs: number | null;
  /** Since when the group is Ready without a break; null while it is not. */
  readonly readySinceMs: number | null;
  readonly teardown: {
    readonly cause: Cause;
    readonly next: "restart" | "remove";
    /** The deletion of its RoleBasedGroup was sent. */
    readonly isOwnerGoing?: boolean;
    /** What runs is let go instead of deleted: it goes on without us. */
    readonly isLetGo?: boolean;
  } | null;
  readonly notBeforeMs: number | null;
  /** Failures in a row, for the backoff; reset after stableAfterSeconds of Ready. */
  readonly failuresInRow: number;
  readonly lastCause: Cause | null;
  /** True from the take-down of a Ready group for a rollout or restart until it is Ready again: counts in the budget. */
  readonly takenDown: boolean;
  /** An extra group of a rollout, above the wanted ones; see maxSurge. */
  readonly isSurge: boolean;
  /** Restart number of the set this group has followed; see RolloutState.restart. */
  readonly restartSeen: number;
  /** Last moment anything got better, or was asked for, or was lost; for the progress deadline. */
  readonly progressAtMs: number;
  /** Why there was no progress for the deadline, one sentence; null while there is some. */
  readonly stalledReason: string | null;
  /** Newest last, at most 20. */
  readonly history: readonly PastIncarnation[];
};

export type RolloutState = {
  /** Revision that groups should run. */
  readonly target: number;
  /** Last revision at which every group was Ready; what abort returns to. Null until there was one. */
  readonly lastGood: number | null;
  /**
   * Revision of groups below the partition that have none of their own yet: the last good one, or, before there was one,
   * the newest that was meant for all groups.
   */
  readonly current: number;
  /** By the user, through the rollout controls. `spec.rollout.paused` pauses too. */
  readonly isPaused: boolean;
  /** Why it stopped by itself (deadline), one sentence. */
  readonly stalledReason: string | null;
  readonly startedAtMs: number | null;
  /** Last moment when more groups than ever in this rollout were Ready at the target, or when it began or was resumed. */
  readonly progressAtMs: number;
  /** The most groups that were Ready at the target at once in this rollout. */
  readonly mostReady: number;
  /** Number of the last "restart all groups" request; 0 = none. */
  readonly restart: number;
  /** The revision that the target was returned to from by itself, and why; absent when a person decided the target. */
  readonly returnedFrom?: { readonly revision: number; readonly reason: string };
};

/** The RoleBasedGroupSet in a cluster that a set was adopted from: there it is changed, here it is followed. */
export type SetResource = {
  /** The set's home: it stays in the cluster that it was applied to. */
  readonly cluster: string;
  readonly uid: string;
  /** `metadata.generation` that was judged last. */
  readonly generation: number;
  /** What is wrong with that generation; while there is something, the last accepted one goes on. */
  readonly problems: readonly Problem[];
  /** Hash of the pods of the last accepted generation: what was returned from stays so until they change there. */
  readonly contentHash: string;
  /** The GitOps tool that writes it, by its name; null when people do. */
  readonly managedBy: string | null;
};

export type SetState = {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Null: made in the console, and the stored definition is the one that counts. */
  readonly resource: SetResource | null;
  /** Normalised, defaults filled in. */
  readonly spec: SetSpec;
  /** Number of spec changes. */
  readonly generation: number;
  readonly isDeleting: boolean;
  /** Asked for with the deletion: the volume claims of its pods go too. */
  readonly deletesVolumes: boolean;
  readonly revisions: readonly Revision[];
  readonly rollout: RolloutState;
  readonly groups: readonly GroupState[];
  readonly conditions: readonly Condition[];
};

/** The cluster that a set was applied to with kubectl; null for one made in the console. */
export const homeOf = ({ resource }: Pick<SetState, "resource">): string | null => resource?.cluster ?? null;

export type RoleStatus = { readonly role: string; readonly ready: number; readonly replicas: number };

export type GroupStatus = {
  readonly index: number;
  readonly phase: GroupPhase;
  readonly cluster: string | null;
  readonly domain: string | null;
  readonly revision: number;
  readonly incarnation: number;
  readonly roles: readonly RoleStatus[];
  /** One sentence: what it waits for or what is wrong; null when Ready. */
  readonly message: string | null;
  /** When the countdown of the sentence ends (backoff), if there is one. */
  readonly untilMs: number | null;
};

export type SetStatus = {
  readonly phase: SetPhase;
  readonly message: string | null;
  readonly replicas: number;
  readonly readyGroups: number;
  readonly updatedGroups: number;
  readonly unplacedGroups: number;
  readonly currentRevision: number | null;
  readonly updateRevision: number;
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly groups: readonly GroupStatus[];
};
