import type {
  Cause,
  ClusterHealth,
  ClusterRemovalMode,
  Condition,
  GroupPhase,
  PastIncarnation,
  PodState,
  SetPhase,
} from "../model/index.ts";
import type { Refusal } from "../placement/types.ts";
import type { TimelineKind } from "../plan/types.ts";

/**
 * What the console draws. The server computes these entries and streams them by topic; the browser keeps them in a keyed
 * store and draws them without deciding anything. Every entry is JSON; times are epoch milliseconds; unknown is null.
 *
 * Topics and their keys (one subscription carries several topics):
 *   sets                     <namespace>/<name>[/<home>]       -> SetRow
 *   clusters                 <cluster>                         -> ClusterRow
 *   attention                <any stable key>                  -> AttentionItem
 *   activity                 <id>                              -> TimelineItem      (newest 50, all sets)
 *   set/<ns>/<name>[/<home>] set | group/<index> | pod/<uid>   -> SetDetail | GroupView | PodView
 *   timeline/<ns>/<name>[/<home>]  <id>                        -> TimelineItem      (newest 200)
 *   (without a home: the only set of that name, or the console's)
 *   cluster/<name>           cluster | node/<name> | pod/<uid> -> ClusterDetail | NodeView | PodView (every pod, ours and others')
 */

export type GroupTile = { readonly index: number; readonly phase: GroupPhase };

export type SetRow = {
  readonly namespace: string;
  readonly name: string;
  /** The cluster that it was applied to with kubectl; null: made in the console. */
  readonly home: string | null;
  /** The tool that manages it there (Argo CD, Flux): why the console leaves it alone, as a sentence; null where not. */
  readonly readOnlyReason: string | null;
  readonly phase: SetPhase;
  readonly message: string | null;
  /** At most 60, worst first in roll-ups; `replicas` says how many there are. */
  readonly tiles: readonly GroupTile[];
  readonly replicas: number;
  readonly readyGroups: number;
  readonly pods: number;
  readonly readyPods: number;
  readonly gpus: number;
  readonly currentRevision: number | null;
  readonly updateRevision: number;
  readonly clusters: readonly string[];
  /** True when a cluster of it does not answer: shown "as of". */
  readonly isStale: boolean;
  readonly isSimulated: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly changedAtMs: number;
};

export type RoleView = {
  readonly role: string;
  readonly kind: string;
  /** Instances per group, wanted. */
  readonly replicas: number;
  /** Pods per instance: 1, or the leader and the workers of a multi-node instance. */
  readonly size: number;
  readonly dependencies: readonly string[];
  /** 1-based startup wave. */
  readonly wave: number;
  readonly gpusPerPod: number;
  /** Of a leader and all its workers. */
  readonly gpusPerInstance: number;
  readonly image: string;
  readonly onPodFailure: "Recreate" | "Ignore";
  /** An outside autoscaler owns its count, group by group. */
  readonly isExternal: boolean;
  /** Over all groups. */
  readonly readyPods: number;
  readonly wantedPods: number;
};

export type RevisionView = {
  readonly number: number;
  readonly hash: string;
  readonly createdAtMs: number;
  /** e.g. "image of decode", "first revision". */
  readonly summary: string;
  readonly groups: number;
  readonly isTarget: boolean;
  readonly isCurrent: boolean;
};

export type RolloutView = {
  readonly strategy: "GroupRolling" | "RoleRolling";
  /** What it does by itself when it stalls. */
  readonly onFailure: "Pause" | "Rollback";
  readonly target: number;
  readonly current: number | null;
  readonly isActive: boolean;
  readonly isPaused: boolean;
  readonly stalledReason: string | null;
  readonly canAbort: boolean;
  readonly startedAtMs: number | null;
  readonly updatedGroups: number;
  readonly maxUnavailable: number;
  readonly maxSurge: number;
  /** Extra groups above the wanted ones that are there now. */
  readonly extraGroups: number;
  /** Groups with a lower index keep the revision that they have. */
  readonly partition: number;
  /** Groups that the partition keeps from the target now: more than 0 makes the rollout a canary, which can be promoted. */
  readonly heldBack: number;
  /** What the partition does with the next revision; null without one, and while `message` tells how it holds groups back. */
  readonly partitionMessage: string | null;
  /** The revision that failed and was returned from by itself (`onFailure: Rollback`), and why; null when a person decided. */
  readonly returnedFrom: { readonly revision: number; readonly reason: string } | null;
  /** One sentence: what it does or waits for now. */
  readonly message: string;
};

/** A field of ours that somebody else sets again and again. */
export type FightView = {
  readonly group: number;
  /** e.g. "StatefulSet demo-0-decode". */
  readonly object: string;
  readonly field: string;
  /** Where the API server tells. */
  readonly manager: string | null;
  readonly sinceMs: number;
};

/** The Service over the Ready pods of a role in all groups, e.g. `demo.default.svc:8000`. */
export type EntryView = { readonly role: string; readonly port: string; readonly address: string };

/** Header of the set page and everything that is not per group. */
export type SetDetail = SetRow & {
  readonly id: string;
  readonly generation: number;
  readonly startupPolicy: "Ordered" | "Parallel";
  readonly isDeleting: boolean;
  readonly roles: readonly RoleView[];
  readonly revisions: readonly RevisionView[];
  readonly rollout: RolloutView;
  readonly conditions: readonly Condition[];
  readonly topologyKey: string | null;
  readonly exclusive: "None" | "Group" | "Set" | "All";
  /** Objects that another manager keeps changing, and that are left as that one wants them. */
  readonly fights: readonly FightView[];
  /** `deletion.orphan`: deleting it leaves what runs, unless that is decided anew. */
  readonly isOrphaning: boolean;
  /** Its pods have volumes that outlive them, unless they are deleted with the set. */
  readonly hasVolumes: boolean;
  /** How clients reach the set on each of its clusters; null without `spec.entry`. */
  readonly entry: EntryView | null;
  readonly createdAtMs: number;
};

export type GroupRoleView = {
  readonly role: string;
  /** Instances all of whose pods are Ready, of those that are wanted. */
  readonly ready: number;
  readonly replicas: number;
  /** Pods per instance. */
  readonly size: number;
  /** "done" all Ready · "starting" created · "waiting" held by dependencies (see waitsFor) · "none" torn down or unplaced. */
  readonly stage: "done" | "starting" | "waiting" | "none";
  readonly waitsFor: readonly string[];
  /** It was recreated within this incarnation (RecreateRole); null where it was not. */
  readonly restart: RoleRestartView | null;
  /** RoleRolling: the revision that it still runs, while the group is on its way to another; null where it runs that. */
  readonly behind: number | null;
};

export type RoleRestartView = {
  /** Number of the life that it is in or waits for. */
  readonly number: number;
  /** "given-up": it failed too often in a row and waits for a person. */
  readonly stage: "leaving" | "waiting" | "starting" | "ready" | "given-up";
  readonly message: string;
  readonly atMs: number;
  /** When it starts, while it waits. */
  readonly untilMs: number | null;
};

export type GroupView = {
  readonly index: number;
  /** An extra group of a rollout (maxSurge), above the wanted ones. */
  readonly isSurge: boolean;
  readonly name: string;
  readonly phase: GroupPhase;
  readonly cluster: string | null;
  readonly domain: string | null;
  readonly revision: number;
  /** Revision it is leaving while it updates. */
  readonly fromRevision: number | null;
  readonly incarnation: number;
  readonly nextIncarnation: number | null;
  readonly sinceMs: number;
  /** The sentence; null when Ready and nothing waits. Times inside are relative to untilMs and are appended by the browser. */
  readonly message: string | null;
  readonly untilMs: number | null;
  readonly roles: readonly GroupRoleView[];
  readonly cause: Cause | null;
  readonly history: readonly PastIncarnation[];
  /** Unplaced: why not there, per cluster and domain. */
  readonly refusals: readonly Refusal[];
  readonly placementWhy: string | null;
  /** Domain that its pods prefer (mode Preferred); with `domain` null the group spreads over its cluster. */
  readonly prefers: string | null;
  /** What of `exclusive` it was placed with, and so is in effect. */
  readonly exclusive: "None" | "Group" | "Set" | "All";
  /** Copies of it on other clusters that it is leaving; their pods are told by that cluster. */
  readonly copies: readonly CopyView[];
  /** What of its placement is in effect, and what not yet or not any more; one sentence each. */
  readonly placementNotes: readonly string[];
  readonly isStale: boolean;
};

/** move: serves until the group is Ready where it is now. failover: on a cluster that does not answer. removal: goes away. */
export type CopyView = {
  readonly cluster: string;
  readonly domain: string | null;
  readonly incarnation: number;
  readonly stage: "move" | "failover" | "removal";
};

export type ContainerView = {
  readonly name: string;
  readonly kind: "init" | "sidecar" | "main";
  readonly image: string;
  readonly state: "waiting" | "running" | "terminated";
  readonly isReady: boolean;
  readonly restarts: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly exitCode: number | null;
  readonly startedAtMs: number | null;
  readonly last: {
    readonly exitCode: number;
    readonly reason: string | null;
    readonly finishedAtMs: number | null;
  } | null;
};

/** A pod, or (uid starting with "place:") the place of one that is wanted and not there. */
export type PodView = {
  readonly uid: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Null: not of an OpenPatio set. */
  readonly set: string | null;
  readonly group: number | null;
  readonly role: string | null;
  /** Index of its instance in the role; null with a Deployment. */
  readonly ordinal: number | null;
  /** Of a multi-node instance: 0 is the leader, others are its workers. Null where an instance is one pod. */
  readonly worker: number | null;
  readonly incarnation: number | null;
  readonly state: PodState;
  /** Word and reason, e.g. "starting: pulling image", "exit 137 (OOMKilled)", "after prefill". */
  readonly stateText: string;
  /** 0..1 while starting, from what is known (scheduled, created, running, ready); null otherwise. */
  readonly progress: number | null;
  readonly node: string | null;
  readonly gpus: number;
  readonly createdAtMs: number | null;
  readonly readySinceMs: number | null;
  /** When its deletion was due to be over; null while it is not being deleted. */
  readonly deletingSinceMs: number | null;
  readonly ip: string | null;
  readonly containers: readonly ContainerView[];
  readonly isStale: boolean;
};

export type NodeView = {
  readonly name: string;
  readonly zone: string | null;
  readonly rack: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly isReady: boolean;
  readonly isCordoned: boolean;
  readonly message: string | null;
  readonly gpus: number;
  readonly gpusUsed: number;
  readonly pods: number;
  readonly cpuFraction: number;
  readonly memoryFraction: number;
};

export type DomainView = {
  readonly key: string;
  readonly value: string;
  readonly nodes: number;
  readonly usableNodes: number;
  readonly gpus: number;
  readonly gpusUsed: number;
  readonly gpusReserved: number;
  /** `<namespace>/<set>-<index>` of groups placed here. */
  readonly groups: readonly string[];
};

/** held: ours, or no question. unconfirmed: ours, and not shown in time. pausing: taken over a moment ago. */
export const OWNERSHIP_STATES = ["held", "unknown", "unconfirmed", "unprotected", "pausing", "foreign"] as const;

export type OwnershipView = {
  readonly state: (typeof OWNERSHIP_STATES)[number];
  readonly owner: {
    /** The machine and the beginning of its id. */
    readonly name: string;
    /** `<namespace>/<name>` of its Lease. */
    readonly lease: string;
    readonly isCopy: boolean;
    readonly isSilent: boolean;
    readonly lastRenewedMs: number | null;
  } | null;
  /** When work begins after a take-over; null: not pausing. */
  readonly beginsAtMs: number | null;
  readonly message: string | null;
};

export type ClusterRow = {
  readonly name: string;
  readonly isSimulated: boolean;
  /** It is being removed, and what becomes of its groups; null: it stays. */
  readonly removal: ClusterRemovalMode | null;
  /** As registered, without the built-in one that names the cluster. */
  readonly labels: Readonly<Record<string, string>>;
  readonly health: ClusterHealth;
  readonly ownership: OwnershipView;
  readonly message: string | null;
  readonly version: string | null;
  readonly latencyMs: number | null;
  readonly lastContactMs: number | null;
  readonly nodes: number;
  readonly usableNodes: number;
  readonly gpus: number;
  readonly gpusUsed: number;
  readonly gpusReserved: number;
  readonly gpusCordoned: number;
  readonly groups: number;
  readonly readyGroups: number;
  readonly tiles: readonly GroupTile[];
  readonly pods: number;
  readonly readyPods: number;
  /** By the topology label that most nodes carry (rack, else zone, else none). */
  readonly domains: readonly DomainView[];
  readonly largestFreeBlock: { readonly domain: string; readonly gpus: number } | null;
};

export type ClusterDetail = ClusterRow & {
  readonly server: string;
  readonly registeredAtMs: number;
  readonly missingPermissions: readonly string[];
  readonly apiRequests: number;
  readonly apiErrors: number;
  readonly groupsHere: readonly {
    readonly namespace: string;
    readonly set: string;
    readonly home: string | null;
    readonly index: number;
    readonly phase: GroupPhase;
    readonly domain: string | null;
    readonly readyPods: number;
    readonly pods: number;
    readonly gpus: number;
    readonly sinceMs: number;
  }[];
  /** Simulated clusters only: faults in force. */
  readonly faults: { readonly isCut: boolean; readonly delayMs: number } | null;
};

export type AttentionItem = {
  readonly key: string;
  readonly severity: "failed" | "warning" | "waiting";
  readonly phase: GroupPhase | SetPhase | "Unreachable" | "Foreign";
  readonly title: string;
  /** Where: cluster/domain, or what kind of thing. */
  readonly place: string;
  readonly message: string;
  readonly untilMs: number | null;
  readonly sinceMs: number;
  /** Path in the console, e.g. /sets/default/demo-group?group=1 */
  readonly href: string;
  readonly action: { readonly label: string; readonly href: string } | null;
};

export type TimelineItem = {
  readonly id: string;
  readonly atMs: number;
  readonly kind: TimelineKind;
  /** "operator" for a person's act, "openpatio" for ours, "cluster" for what a cluster did. */
  readonly actor: string;
  readonly namespace: string | null;
  readonly set: string | null;
  /** Of the set; null for one made in the console. */
  readonly home: string | null;
  readonly cluster: string | null;
  readonly group: number | null;
  readonly incarnation: number | null;
  readonly cause: string | null;
  readonly decision: string;
  readonly actions: readonly string[];
};

export type LiveEntry =
  | SetRow
  | ClusterRow
  | AttentionItem
  | TimelineItem
  | SetDetail
  | GroupView
  | PodView
  | ClusterDetail
  | NodeView;

/** What one live subscription yields. */
export type LiveEvent =
  | {
      readonly type: "snapshot";
      readonly topic: string;
      readonly seq: number;
      readonly entries: Readonly<Record<string, LiveEntry>>;
    }
  | {
      readonly type: "delta";
      readonly topic: string;
      readonly seq: number;
      readonly set: Readonly<Record<string, LiveEntry>>;
      readonly removed: readonly string[];
    }
  /** The topic does not exist (a set that was deleted, an unknown cluster). */
  | { readonly type: "gone"; readonly topic: string; readonly seq: number };

/** Preview of an apply: computed by the planner, nothing written. */
export type PreviewView = {
  readonly namespace: string;
  readonly name: string;
  readonly isNew: boolean;
  readonly fromRevision: number | null;
  readonly toRevision: number;
  /** One sentence for the head of the page. */
  readonly summary: string;
  readonly groups: readonly PreviewGroup[];
  readonly waves: readonly {
    readonly wave: number;
    readonly roles: readonly {
      readonly role: string;
      readonly replicas: number;
      /** Pods per instance. */
      readonly size: number;
    }[];
    readonly after: readonly string[];
  }[];
  readonly capacity: readonly {
    readonly cluster: string;
    readonly domain: string;
    readonly total: number;
    readonly usedBefore: number;
    readonly usedAfter: number;
    readonly blocked: number;
    readonly note: string;
  }[];
  readonly objects: readonly PreviewObject[];
  readonly checks: readonly {
    readonly level: "ok" | "warning" | "error" | "note";
    readonly message: string;
    readonly path: string | null;
  }[];
  /** The stored definition and the new one as YAML, for the side-by-side diff; before is "" for a new set. */
  readonly specBefore: string;
  readonly specAfter: string;
  readonly plannedAtMs: number;
  readonly podsPerGroup: number;
  readonly gpusPerGroup: number;
  /** Where one more group of this definition would find room now: domains that fit, of how many, and why not elsewhere. */
  readonly oneMore: {
    readonly fits: number;
    readonly domains: number;
    /** One sentence. */
    readonly why: string;
    readonly refusals: readonly Refusal[];
  };
  /** False when a check has level "error": Apply is off. */
  readonly canApply: boolean;
};

export type PreviewGroup = {
  readonly index: number;
  readonly now: GroupPhase | "none";
  readonly then: "starts" | "restarts" | "stays" | "scales" | "removed" | "unplaced";
  readonly fromRevision: number | null;
  readonly toRevision: number | null;
  readonly cluster: string | null;
  readonly domain: string | null;
  readonly podsStopped: number;
  readonly podsNow: number;
  readonly podsAfter: number;
  readonly why: string;
  readonly refusals: readonly Refusal[];
};

export type PreviewObject = {
  readonly cluster: string;
  readonly kind: string;
  readonly name: string;
  readonly change: "create" | "change" | "delete" | "recreate" | "same";
  /** YAML before ("" for create) and after ("" for delete). Loaded with the preview; at most the first 3 groups carry text. */
  readonly before: string;
  readonly after: string;
};
