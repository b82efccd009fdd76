import type { BoundVolume, Domain, ResourceAmounts } from "../model/index.ts";

/** What one pod of a role asks of a node. */
export type PodDemand = {
  readonly role: string;
  /** Index of its instance. */
  readonly ordinal: number;
  /** Of a multi-node instance: 0 is its leader. Absent where an instance is one pod. */
  readonly worker?: number;
  readonly requests: ResourceAmounts;
  readonly hostPorts: readonly number[];
  /** From the pod template, as they are. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly affinity: unknown;
  readonly tolerations: readonly unknown[];
  /** Names of the claims that the pod mounts; absent where the group is not known yet. */
  readonly claims?: readonly string[];
  /** Those that are bound in the cluster that is looked at, and not to every node. */
  readonly volumes?: readonly BoundVolume[];
};

export type Exclusive = "None" | "Group" | "Set" | "All";

/** What is known not to exist, per cluster: `Secret/hf-token`, in the namespace of the set where it has one. */
export type MissingObjects = ReadonlyMap<string, ReadonlySet<string>>;

/** Room promised to one group, whether or not its pods exist yet. */
export type Reservation = {
  readonly namespace: string;
  readonly set: string;
  readonly group: number;
  readonly cluster: string;
  readonly domain: Domain | null;
  /** Domain that its pods prefer and need not stay in; null for pods that must run in `domain`, or prefer nothing. */
  readonly prefers: Domain | null;
  /** Domains that its pods are kept out of. */
  readonly avoid: readonly Domain[];
  /** What of `spec.placement.topology.exclusive` it was placed with. */
  readonly exclusive: Exclusive;
  readonly demands: readonly PodDemand[];
  /** It stays there no longer than it must. */
  readonly isGoing?: true;
};

/** Why a domain (or a whole cluster, with domain null) can't take a group. */
export type Refusal = {
  readonly cluster: string;
  readonly domain: string | null;
  readonly kind:
    | "not-live"
    | "not-chosen"
    | "leaving"
    | "no-domain"
    | "insufficient"
    | "exclusive"
    | "other-kind"
    | "missing-reference";
  /** One sentence, e.g. "3 of 4 nodes usable, short of 2 nvidia.com/gpu for decode-1". */
  readonly message: string;
  /** For drawing the fit: how many of the group's pods would find room, in demand order; empty where not considered. */
  readonly fits: readonly {
    readonly role: string;
    readonly ordinal: number;
    readonly worker?: number;
    readonly fits: boolean;
  }[];
  /** Free and total amounts of the scarcest resource over the domain's usable nodes, when that is the reason. */
  readonly resource: string | null;
  readonly free: number | null;
  readonly short: number | null;
};

export type PlacementDecision =
  | {
      readonly placed: true;
      readonly cluster: string;
      readonly domain: Domain | null;
      /** Domain that its pods prefer (mode Preferred); with `domain` null the group spreads over the cluster. */
      readonly prefers: Domain | null;
      /** Domains that others hold alone, which its pods are to be kept out of, where they are not pinned to one. */
      readonly avoid: readonly Domain[];
      readonly exclusive: Exclusive;
      /** It is placed although it fits nowhere (whenFull: CreatePods). */
      readonly isBeyondRoom: boolean;
      /** One sentence: why here. */
      readonly why: string;
      /** Other places that would hold all of it, best first. */
      readonly others: readonly { readonly cluster: string; readonly domain: Domain | null }[];
      readonly refusals: readonly Refusal[];
    }
  | { readonly placed: false; readonly message: string; readonly refusals: readonly Refusal[] };
