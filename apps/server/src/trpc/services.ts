import type { ClusterRemovalMode } from "@openpatio/core/model";
import type {
  ApplyAnswer,
  ClusterAnswer,
  ClusterRemoval,
  ClusterRow,
  DeleteAnswer,
  DiffAnswer,
  DiscoveryAnswer,
  ImportAnswer,
  LiveEvent,
  LogsAnswer,
  MoveView,
  PodAnswer,
  PreviewView,
  RolloutAnswer,
  ScaleAnswer,
  SetAnswer,
  SetRow,
  SystemInfo,
  TemplateAnswer,
  TimelineAnswer,
  ValidateAnswer,
} from "@openpatio/core/view";
import type { PodKey, SetKey } from "./inputs.ts";

/**
 * The verbs behind the procedures. Types only, so that the browser can import the router's type without a word of the
 * server. `actor` is who asks, for the timeline. Every verb throws DomainError for what it refuses.
 */

export type Definition = {
  readonly yaml: string;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  /** Of the set that it updates, as in a SetKey. */
  readonly home?: string | null | undefined;
};

export interface SetService {
  validate(input: Definition): Promise<ValidateAnswer>;
  preview(input: Definition): Promise<PreviewView>;
  apply(actor: string, input: Definition & { readonly ifGeneration?: number | undefined }): Promise<ApplyAnswer>;
  list(): readonly SetRow[];
  get(key: SetKey): SetAnswer;
  scale(
    actor: string,
    input: SetKey & { readonly role?: string | undefined; readonly replicas: number },
  ): Promise<ScaleAnswer>;
  delete(actor: string, key: SetKey): Promise<DeleteAnswer>;
  timeline(input: SetKey & { readonly limit: number; readonly before?: string | undefined }): Promise<TimelineAnswer>;
  discovery(input: SetKey & { readonly group: number }): DiscoveryAnswer;
  diff(input: SetKey & { readonly from: number; readonly to: number }): DiffAnswer;
  /** Ends a fight with another manager over a field: what is ours is written once more. */
  retakeFields(actor: string, key: SetKey): Promise<{ readonly name: string }>;
  /** Ends the backoff of a group that waits for its next incarnation. */
  retryNow(actor: string, input: SetKey & { readonly group: number }): Promise<{ readonly group: number }>;
  /** Where a group would go that is stopped and placed anew; nothing is done. */
  previewMove(input: SetKey & MoveTarget): Promise<MoveView>;
  /** Does what the preview says. With `ifIncarnation` only to that incarnation, so that asking twice moves once. */
  move(actor: string, input: SetKey & MoveTarget & { readonly ifIncarnation?: number | undefined }): Promise<MoveView>;
  import(text: string): ImportAnswer;
  templates(): readonly TemplateAnswer[];
}

/** Which group is to move, and where to; without a place wherever it would be placed anew. */
export type MoveTarget = {
  readonly group: number;
  readonly cluster?: string | undefined;
  readonly domain?: string | undefined;
};

export interface RolloutService {
  pause(actor: string, key: SetKey): Promise<RolloutAnswer>;
  resume(actor: string, key: SetKey): Promise<RolloutAnswer>;
  restart(actor: string, key: SetKey): Promise<RolloutAnswer>;
  abort(actor: string, key: SetKey): Promise<RolloutAnswer>;
  /** Moves the partition in the definition: groups from there up take the target. */
  promote(actor: string, input: SetKey & { readonly partition: number }): Promise<RolloutAnswer>;
  rollback(actor: string, input: SetKey & { readonly revision: number }): Promise<RolloutAnswer>;
}

export type NodeKey = { readonly cluster: string; readonly node: string };

export interface ClusterService {
  list(): readonly ClusterRow[];
  get(name: string): Promise<ClusterAnswer>;
  register(
    actor: string,
    input: {
      readonly name: string;
      readonly kubeconfig: string;
      readonly context?: string | undefined;
      readonly labels?: Readonly<Record<string, string>> | undefined;
      /** Also when it belongs to another control plane. */
      readonly takeOver?: boolean | undefined;
    },
  ): Promise<ClusterRow>;
  /** From another control plane, which stops there. */
  takeOver(actor: string, name: string): Promise<ClusterRow>;
  /** Replaces its labels. Groups that are placed already stay where they are. */
  update(
    actor: string,
    input: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
  ): Promise<ClusterRow>;
  /** Without `groups` it is refused while groups are there. `forget` leaves them as they are, with our labels. */
  remove(
    actor: string,
    input: { readonly name: string; readonly groups?: ClusterRemovalMode | "forget" | undefined },
  ): Promise<ClusterRemoval>;
  retry(name: string): Promise<ClusterRow>;
  cordonNode(actor: string, key: NodeKey, isCordoned: boolean): Promise<{ readonly node: string }>;
  drainNode(actor: string, key: NodeKey): Promise<{ readonly node: string; readonly evicted: number }>;
}

export type LogsInput = PodKey & {
  readonly container?: string | undefined;
  readonly previous: boolean;
  readonly tailLines: number;
};

export interface PodService {
  get(key: PodKey): Promise<PodAnswer>;
  logs(input: LogsInput, signal: AbortSignal | undefined): Promise<LogsAnswer>;
  /** Batches of lines as they come. A reader that is too slow gets the newest lines, told how many are missing. */
  followLogs(
    input: LogsInput,
    bufferedBytes: () => number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly lines: readonly string[]; readonly skipped: number }, void>;
  delete(
    actor: string,
    input: PodKey & { readonly force: boolean; readonly uid?: string | undefined },
  ): Promise<{ readonly pod: string }>;
}

export interface SandboxService {
  failContainer(
    actor: string,
    input: PodKey & { readonly container?: string | undefined; readonly exitCode: number },
  ): Promise<{ readonly pod: string }>;
  killPod(actor: string, key: PodKey): Promise<{ readonly pod: string }>;
  drainNode(actor: string, key: NodeKey): Promise<{ readonly node: string; readonly evicted: number }>;
  cut(
    actor: string,
    input: { readonly cluster: string; readonly cut: boolean },
  ): Promise<{ readonly cluster: string; readonly cut: boolean }>;
  slow(
    actor: string,
    input: { readonly cluster: string; readonly delayMs: number },
  ): Promise<{ readonly cluster: string; readonly delayMs: number }>;
}

export interface SystemService {
  info(): SystemInfo;
}

export interface LiveService {
  /** A snapshot (or the deltas after `since`) of each topic, then deltas; ends when the signal aborts. */
  watch(
    topics: readonly string[],
    since: Readonly<Record<string, number>>,
    bufferedBytes: () => number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LiveEvent, void>;
}
