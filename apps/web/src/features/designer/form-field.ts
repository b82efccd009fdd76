import { describeSchemaForEditor, formatPath, type Path, type Problem } from "@openpatio/core/spec";

/**
 * What the form can know of a field without being told: its meaning, values and default, from the schema that validates
 * it. So a field that the schema gains has its control, its words and its problems when one line names it.
 */

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly additionalProperties?: unknown;
};

export type FieldKind = "choice" | "switch" | "number" | "count-or-percent" | "text" | "map" | "names";

export type FieldFacts = {
  readonly kind: FieldKind;
  readonly description: string;
  /** Of a choice. */
  readonly values: readonly string[];
  /** Undefined or null: nothing, which has a meaning of its own. */
  readonly fallback: unknown;
};

let root: Schema | null = null;

/** Errors: RangeError for a path that the schema does not have. */
export function factsOf(path: Path): FieldFacts {
  root ??= describeSchemaForEditor() as Schema;
  let node: Schema | undefined = root;
  for (const part of path) node = typeof part === "number" ? node?.items : node?.properties?.[part];
  if (node === undefined) throw new RangeError(`the schema has no ${formatPath(path)}`);
  return {
    kind: kindOf(node),
    description: node.description ?? "",
    values: (node.enum ?? []).map(String),
    fallback: node.default,
  };
}

function kindOf(node: Schema): FieldKind {
  if (node.enum !== undefined) return "choice";
  const types = node.anyOf?.map((each) => each.type) ?? [node.type];
  if (types.includes("boolean")) return "switch";
  if (types.includes("array")) return "names";
  if (types.includes("object")) return "map";
  if (!types.includes("integer") && !types.includes("number")) return "text";
  return types.includes("string") ? "count-or-percent" : "number";
}

/** What is typed, as the document has it: digits are a number; anything else stands as it is, and the schema says what is wrong. */
export const parseTyped = (kind: FieldKind, text: string): unknown =>
  (kind === "number" || kind === "count-or-percent") && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;

/** What is wrong with a field, or with something inside it. */
export function problemUnder(problems: readonly Problem[], path: Path): string | undefined {
  const at = formatPath(path);
  return problems.find(({ path: each }) => each === at || each.startsWith(`${at}.`) || each.startsWith(`${at}[`))
    ?.message;
}

/** A field of the form: where it stands below the document (or below a role), and what it is called. */
export type FormField = {
  readonly path: readonly string[];
  readonly label: string;
  /** Other words for the values of a choice or a switch. */
  readonly words?: Readonly<Record<string, string>>;
  /** What the empty field means. */
  readonly whenEmpty?: string;
};

const at = (path: string, label: string, more: Omit<FormField, "path" | "label"> = {}): FormField => ({
  path: path.split("."),
  label,
  ...more,
});

export const STARTUP_FIELDS = [at("spec.startupPolicy", "Startup")];
export const TOPOLOGY_FIELDS = [
  at("spec.placement.topology.mode", "If none fits", { words: { Required: "Wait", Preferred: "Spread out" } }),
  at("spec.placement.topology.exclusive", "Keep out"),
];
export const PLACEMENT_FIELDS = [
  at("spec.placement.strategy", "Prefer", { words: { Pack: "Fullest", Spread: "Emptiest" } }),
  at("spec.placement.whenFull", "When full", { words: { Wait: "Wait", CreatePods: "Create pods" } }),
];
export const CLUSTER_FIELDS = [
  at("spec.placement.clusters.selector.matchLabels", "Cluster labels"),
  at("spec.placement.failover.afterSeconds", "Failover, s", { whenEmpty: "never" }),
];
export const ROLLOUT_FIELDS = [
  at("spec.rollout.strategy", "Strategy"),
  at("spec.rollout.maxUnavailable", "Groups down"),
  at("spec.rollout.maxSurge", "Extra groups"),
  at("spec.rollout.partition", "Partition"),
  at("spec.rollout.progressDeadlineSeconds", "Deadline, s"),
  at("spec.rollout.onFailure", "If it stalls"),
  at("spec.rollout.paused", "Paused", { words: { false: "No", true: "Yes" } }),
];
export const RECOVERY_FIELDS = [
  at("spec.recovery.policy", "Policy"),
  at("spec.recovery.backoff.baseSeconds", "Delay, s"),
  at("spec.recovery.backoff.maxSeconds", "Longest, s"),
  at("spec.recovery.backoff.stableAfterSeconds", "Stable after, s"),
  at("spec.recovery.maxRecoveries", "Give up after", { whenEmpty: "never" }),
  at("spec.recovery.forceDeleteAfterSeconds", "Force after, s", { whenEmpty: "never" }),
];
export const LABEL_FIELDS = [
  at("metadata.labels", "Of the set"),
  at("metadata.annotations", "Notes on it"),
  at("spec.groupTemplate.metadata.labels", "Of all pods"),
  at("spec.groupTemplate.metadata.annotations", "Pod notes"),
];
export const END_FIELDS = [
  at("spec.deletion.orphan", "Workloads", { words: { false: "Deleted too", true: "Keep running" } }),
  at("spec.revisionHistoryLimit", "Old revisions"),
];
export const ROLE_FIELDS = [
  at("onPodFailure", "If a pod fails", { words: { Recreate: "Recover", Ignore: "Ignore" } }),
  at("scaling.external", "Scaled by", { words: { false: "OpenPatio", true: "An autoscaler" } }),
  at("minReadySeconds", "Ready after, s"),
];
export const ROLE_LABEL_FIELDS = [
  at("template.metadata.labels", "Labels"),
  at("template.metadata.annotations", "Annotations"),
];
