import type { SetStatus } from "../model/index.ts";
import type { ClusterEvent } from "../ports.ts";
import type { Problem } from "../spec/problem.ts";
import type { ClusterDetail, GroupView, NodeView, PodView, SetDetail, TimelineItem } from "./types.ts";

/** What the procedures of the HTTP API answer: plain JSON, stable, times in epoch milliseconds. */

export type ValidateAnswer = {
  readonly ok: boolean;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

export type ApplyAnswer = {
  readonly namespace: string;
  readonly name: string;
  /** The cluster whose resource it is; null: made in the console. */
  readonly home: string | null;
  readonly isNew: boolean;
  /** False when the definition is what was stored already. */
  readonly isChanged: boolean;
  readonly generation: number;
  /** Number of the revision that groups should run now. */
  readonly revision: number;
};

export type SetAnswer = {
  readonly namespace: string;
  readonly name: string;
  readonly home: string | null;
  readonly generation: number;
  /** The definition as its author wrote it, with the replicas of today. */
  readonly yaml: string;
  /** `status` of the resource. */
  readonly status: SetStatus;
  readonly detail: SetDetail;
  readonly groups: readonly GroupView[];
  readonly pods: readonly PodView[];
};

export type ScaleAnswer = {
  readonly namespace: string;
  readonly name: string;
  readonly role: string | null;
  readonly from: number;
  readonly replicas: number;
  readonly generation: number;
};

export type DeleteAnswer = { readonly namespace: string; readonly name: string; readonly isDeleting: true };

/** Newest first; the id of the last item is the `before` of the next page. */
export type TimelineAnswer = readonly TimelineItem[];

export type DiscoveryAnswer = {
  readonly group: number;
  /** /etc/rbg/config.yaml as mounted in every container of the group. */
  readonly configYaml: string;
  /** What every container takes by envFrom, name by name. */
  readonly env: Readonly<Record<string, string>>;
};

export type DiffAnswer = {
  readonly from: { readonly revision: number; readonly yaml: string };
  readonly to: { readonly revision: number; readonly yaml: string };
  readonly summary: string;
};

export type TemplateAnswer = {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly yaml: string;
};

export type RolloutAnswer = {
  readonly namespace: string;
  readonly name: string;
  readonly target: number;
  readonly isPaused: boolean;
  readonly restart: number;
};

export type ClusterAnswer = {
  readonly cluster: ClusterDetail;
  readonly nodes: readonly NodeView[];
  readonly pods: readonly PodView[];
  /** Grants what is in `missingPermissions`, for `kubectl apply -f -`; null when nothing is missing. */
  readonly permissionManifest: string | null;
};

export type ClusterRemoval = {
  readonly name: string;
  /** True while its groups leave it; it is removed when they have. */
  readonly isUnderWay: boolean;
  /** `<namespace>/<set>-<index>` of groups that were placed there: what is there of them stays, and nothing looks after it. */
  readonly leftBehind: readonly string[];
};

export type PodAnswer = {
  readonly pod: PodView;
  /** The live object. */
  readonly yaml: string;
  /** Newest first. */
  readonly events: readonly ClusterEvent[];
};

export type LogsAnswer = { readonly container: string | null; readonly lines: readonly string[] };

export type SystemInfo = {
  readonly version: string;
  readonly startedAtMs: number;
  /** The server's clock, for countdowns on a machine whose own clock is off. */
  readonly nowMs: number;
  readonly node: string;
  /** The address it listens on; loopback only until there is a sign-in. */
  readonly host: string;
  readonly isSandboxOn: boolean;
  readonly sets: number;
  readonly clusters: number;
  /** False while another server process works on this database. */
  readonly isReconciling: boolean;
};

export type ImportAnswer = {
  readonly sets: readonly {
    /** Position of its document in the file, from 0, and its kind there. */
    readonly index: number;
    readonly kind: string;
    readonly namespace: string | null;
    readonly name: string;
    readonly yaml: string;
    readonly report: readonly {
      readonly path: string;
      readonly action: "mapped" | "rewritten" | "dropped" | "not supported";
      readonly message: string;
    }[];
  }[];
  readonly skipped: readonly {
    readonly index: number;
    readonly kind: string;
    readonly name: string | null;
    readonly reason: string;
    /** What to apply with kubectl instead, where a reference in it had to change; else null. */
    readonly yaml: string | null;
  }[];
  readonly problems: readonly Problem[];
};
