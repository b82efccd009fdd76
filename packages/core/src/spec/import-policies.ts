import type { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";
import { present } from "./present.ts";
import { isRecord, listAt, member, textAt, valueAt } from "./shape.ts";

/**
 * Rollout and recovery. The other dialects say them per role; a set has one rollout and one recovery for all its groups,
 * and each role may be excepted from recovery.
 */

type Loose = Readonly<Record<string, unknown>>;

/** The two names that a role's way to replace pods has had. */
const ROLLOUT_FIELDS = ["rolloutStrategy", "updateStrategy"] as const;

/** `spec.rollout` for the roles at `path`; undefined where none says how it is rolled out. */
export function rolloutOf(roles: readonly unknown[], path: Path, notes: ImportNotes): Loose | undefined {
  let isRolling = false;
  let isPaused = false;
  for (const [index, role] of roles.entries())
    for (const field of ROLLOUT_FIELDS) {
      const strategy = member(role, field);
      if (strategy === undefined) continue;
      const at = [...path, index, field];
      if (!isRecord(strategy)) {
        notes.add(at, "not supported", `${field} is no map and was left out.`);
        continue;
      }
      isRolling = true;
      notes.add(
        [...at, "type"],
        "mapped",
        "rollout.strategy: RoleRolling, role by role in the order of dependencies. Remove it for the default GroupRolling, which never mixes revisions in a group.",
      );
      notes.addRest(at, strategy, ["type", "rollingUpdate"]);
      if (readRollingUpdate(member(strategy, "rollingUpdate"), [...at, "rollingUpdate"], notes)) isPaused = true;
    }
  if (!isRolling) return undefined;
  return present({ strategy: "RoleRolling", paused: isPaused ? true : undefined });
}

/** True when it is paused. */
function readRollingUpdate(rolling: unknown, path: Path, notes: ImportNotes): boolean {
  if (!isRecord(rolling)) return false;
  const has = (field: string): boolean => rolling[field] !== undefined;
  const text = (field: string): string => String(rolling[field]);
  if (has("type"))
    notes.add(
      [...path, "type"],
      rolling["type"] === "InPlaceOnly" ? "not supported" : "dropped",
      `${text("type")}: pods are replaced here, never changed in place.`,
    );
  if (has("inPlaceUpdateStrategy"))
    notes.add([...path, "inPlaceUpdateStrategy"], "dropped", "Pods are replaced here, never changed in place.");
  if (has("maxUnavailable"))
    notes.add(
      [...path, "maxUnavailable"],
      rolling["maxUnavailable"] === 1 ? "mapped" : "dropped",
      rolling["maxUnavailable"] === 1
        ? "A StatefulSet replaces one pod of a role at a time."
        : `${text("maxUnavailable")} pods of a role: a StatefulSet replaces one at a time. rollout.maxUnavailable counts groups.`,
    );
  if (has("maxSurge"))
    notes.add(
      [...path, "maxSurge"],
      rolling["maxSurge"] === 0 ? "mapped" : "not supported",
      rolling["maxSurge"] === 0
        ? "A StatefulSet makes no extra pods."
        : `${text("maxSurge")} extra pods of a role: rollout.maxSurge counts whole groups, and was left at 0.`,
    );
  if (has("partition"))
    notes.add(
      [...path, "partition"],
      rolling["partition"] === 0 ? "mapped" : "not supported",
      rolling["partition"] === 0
        ? "All pods of the role are rolled out."
        : `${text("partition")} pods of a role: rollout.partition counts whole groups, and was left at 0.`,
    );
  if (has("paused"))
    notes.add([...path, "paused"], "mapped", "rollout.paused, for the whole set where one role says so.");
  notes.addRest(path, rolling, ["type", "inPlaceUpdateStrategy", "maxUnavailable", "maxSurge", "partition", "paused"]);
  return rolling["paused"] === true;
}

type RestartWord = { readonly word: string; readonly path: Path };

/** Where patterns have their restart policy, under both names that it has had. */
const PATTERNS = ["standalonePattern", "leaderWorkerPattern", "leaderWorkerSet", "customComponentsPattern"] as const;
const RESTART_CONFIGS = ["restartPolicyConfig", "restartPolicy"] as const;

const restartConfigs = (role: unknown, path: Path): readonly (readonly [unknown, Path])[] =>
  PATTERNS.flatMap((pattern) =>
    RESTART_CONFIGS.map((field) => [valueAt(role, [pattern, field]), [...path, pattern, field]] as const),
  ).filter(([config]) => config !== undefined);

function restartWord(role: unknown, path: Path): RestartWord | undefined {
  const own = textAt(role, ["restartPolicy"]);
  if (own !== undefined) return { word: own, path: [...path, "restartPolicy"] };
  for (const [config, at] of restartConfigs(role, path)) {
    const word = typeof config === "string" ? config : textAt(config, ["type"]);
    if (word !== undefined) return { word, path: typeof config === "string" ? at : [...at, "type"] };
  }
  return undefined;
}

export type ImportedRecovery = {
  /** `spec.recovery`; undefined where the default does. */
  readonly recovery: Loose | undefined;
  /** `onPodFailure` of each role. */
  readonly onPodFailure: readonly ("Ignore" | undefined)[];
};

export function recoveryOf(roles: readonly unknown[], path: Path, notes: ImportNotes): ImportedRecovery {
  const words = roles.map((role, index) => restartWord(role, [...path, index]));
  const says = (word: string): boolean => words.some((each) => each?.word === word);
  const policy = says("RecreateRBGOnPodRestart")
    ? undefined
    : roles.length > 0 && words.every((each) => each?.word === "None")
      ? "None"
      : says("RecreateRoleInstanceOnPodRestart")
        ? "RecreateRole"
        : undefined;
  for (const each of words) if (each !== undefined) noteRestart(each, policy, notes);
  const backoff = backoffOf(roles, path, notes);
  return {
    recovery: policy === undefined && backoff === undefined ? undefined : present({ policy, backoff }),
    onPodFailure: words.map((each) => (each?.word === "None" && policy !== "None" ? "Ignore" : undefined)),
  };
}

function noteRestart({ word, path }: RestartWord, policy: string | undefined, notes: ImportNotes): void {
  if (word === "None" && policy === "None")
    notes.add(path, "mapped", "recovery.policy: None, since all roles say so: the workloads replace failed pods.");
  else if (word === "None")
    notes.add(path, "mapped", "onPodFailure: Ignore: failures of this role never recreate the group.");
  else if (word === "RecreateRBGOnPodRestart")
    notes.add(path, "mapped", "recovery.policy: RecreateGroup, the default: a failure recreates the whole group.");
  else if (word === "RecreateRoleInstanceOnPodRestart")
    notes.add(
      path,
      "rewritten",
      policy === "RecreateRole"
        ? `${word} → recovery.policy: RecreateRole: all instances of the role start again, and then those of the roles that depend on it.`
        : `${word} → a failure recreates the whole group, since another role asks for that and a set has one policy.`,
    );
  else notes.add(path, "not supported", `${word} has no equivalent: a failure of this role recreates the whole group.`);
}

/** The first delays that a role states: a set has one pair of them. */
function backoffOf(roles: readonly unknown[], path: Path, notes: ImportNotes): Loose | undefined {
  const taken: Record<string, unknown> = {};
  for (const [index, role] of roles.entries())
    for (const [config, at] of restartConfigs(role, [...path, index])) {
      notes.addRest(at, config, ["type", "baseDelaySeconds", "maxDelaySeconds"]);
      for (const [theirs, ours] of [
        ["baseDelaySeconds", "baseSeconds"],
        ["maxDelaySeconds", "maxSeconds"],
      ] as const) {
        const value = member(config, theirs);
        if (value === undefined) continue;
        taken[ours] ??= value;
        if (taken[ours] === value) notes.add([...at, theirs], "mapped", `recovery.backoff.${ours}`);
        else
          notes.add(
            [...at, theirs],
            "not supported",
            `A set has one backoff: ${JSON.stringify(taken[ours])} of another role was taken, ${JSON.stringify(value)} left out.`,
          );
      }
    }
  return Object.keys(taken).length === 0 ? undefined : taken;
}

/** What a group says about its roles together. */
export function readGroupPolicies(group: unknown, path: Path, notes: ImportNotes): void {
  if (member(group, "podGroupPolicy") !== undefined)
    notes.add(
      [...path, "podGroupPolicy"],
      "dropped",
      "With placement.topology a group is placed only when all of it fits. A priority class belongs in the pod templates.",
    );
  for (const [index, coordination] of listAt(group, ["coordination"]).entries())
    notes.add(
      [...path, "coordination", index],
      "not supported",
      `Coordination ${textAt(coordination, ["name"]) ?? "without a name"}: roles are rolled out one after another, and GroupRolling replaces groups as a whole; a skew between roles cannot be set.`,
    );
  const coordination = member(group, "coordination");
  if (coordination !== undefined && !Array.isArray(coordination))
    notes.add([...path, "coordination"], "not supported", "coordination has no equivalent here and was left out.");
}
