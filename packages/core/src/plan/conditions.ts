import { CONDITION_TYPES, type Condition, type SetState, type SetStatus } from "../model/index.ts";
import { problemsText } from "../spec/problem.ts";
import { canaryMessage } from "./canary.ts";
import { fightMessage } from "./fight-message.ts";
import { rolloutMessage, rolloutProgress } from "./rollout-message.ts";
import { isRolloutPaused } from "./rollout-state.ts";
import { ofGroup, plural } from "./words.ts";

type Judged = Pick<Condition, "status" | "reason" | "message">;

/** The set's conditions. A condition keeps its identity, and its time, until its status changes. */
export function conditionsAfter(set: SetState, status: SetStatus, nowMs: number): readonly Condition[] {
  const judged: Readonly<Record<Condition["type"], Judged>> = {
    Accepted: accepted(set),
    Placed: placed(status),
    Progressing: progressing(set, status),
    Available: available(status),
    Recovering: recovering(status),
    FieldFight: fieldFight(set),
  };
  const conditions = CONDITION_TYPES.map((type): Condition => {
    const before = set.conditions.find((condition) => condition.type === type);
    const next = judged[type];
    if (before?.status === next.status && before.reason === next.reason && before.message === next.message)
      return before;
    const lastTransitionMs =
      before?.status === next.status ? before.lastTransitionMs : Math.max(nowMs, before?.lastTransitionMs ?? 0);
    return { type, ...next, lastTransitionMs };
  });
  const isSame =
    conditions.length === set.conditions.length && conditions.every((condition, i) => condition === set.conditions[i]);
  return isSame ? set.conditions : conditions;
}

function accepted({ resource }: SetState): Judged {
  if (resource === null || resource.problems.length === 0)
    return { status: "True", reason: "Valid", message: "The definition is valid." };
  return { status: "False", reason: "Invalid", message: problemsText(resource.problems) };
}

function placed({ groups }: SetStatus): Judged {
  const pending = groups.filter((group) => group.phase === "Pending");
  const [unplaced] = pending;
  if (unplaced === undefined) return { status: "True", reason: "AllPlaced", message: "Every group has a place." };
  return {
    status: "False",
    reason: "NotPlaced",
    message: `${plural(pending.length, "group")} not placed. ${unplaced.message ?? ""}`,
  };
}

function progressing(set: SetState, status: SetStatus): Judged {
  const { stalledReason } = set.rollout;
  if (stalledReason !== null)
    return { status: "False", reason: "RolloutStalled", message: rolloutMessage(set, status) };
  const stalled = set.groups.find((group) => group.stalledReason !== null);
  if (stalled !== undefined)
    return {
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: ofGroup(stalled.index, stalled.stalledReason ?? ""),
    };
  if (rolloutProgress(set).isActive) {
    const message = rolloutMessage(set, status);
    return isRolloutPaused(set)
      ? { status: "Unknown", reason: "Paused", message }
      : { status: "True", reason: "RollingOut", message };
  }
  const canary = canaryMessage(set, status.updatedGroups);
  if (canary !== null) return { status: "True", reason: "Canary", message: canary };
  const starting = status.groups.find(
    ({ phase }) => phase === "Starting" || phase === "Recovering" || phase === "Updating",
  );
  if (starting !== undefined)
    return { status: "True", reason: "Starting", message: ofGroup(starting.index, starting.message ?? "It starts.") };
  const { returnedFrom } = set.rollout;
  if (returnedFrom !== undefined)
    return {
      status: "True",
      reason: "RolledBack",
      message: `Went back from revision ${returnedFrom.revision} by itself: ${returnedFrom.reason}.`,
    };
  return { status: "True", reason: "Settled", message: "Nothing is left to do." };
}

/** Extra groups of a rollout serve as well as the others. */
function available({ groups, replicas }: SetStatus): Judged {
  const ready = groups.filter((group) => group.phase === "Ready").length;
  return ready >= replicas
    ? { status: "True", reason: "AllReady", message: "Every group is ready." }
    : {
        status: "False",
        reason: "NotReady",
        message: `${ready} of ${plural(replicas, "group")} ${ready === 1 ? "is" : "are"} ready.`,
      };
}

function recovering({ groups }: SetStatus): Judged {
  const found = groups.filter((group) => group.phase === "Recovering");
  const [first] = found;
  if (first === undefined) return { status: "False", reason: "None", message: "No group is recovering." };
  const more = found.length === 1 ? "" : ` ${plural(found.length - 1, "other group")} too.`;
  return {
    status: "True",
    reason: "Failure",
    message: `${ofGroup(first.index, first.message ?? "It recovers.")}${more}`,
  };
}

/** Names the first by group and object, so that the message is the same however they came. */
function fieldFight({ groups }: SetState): Judged {
  const fights = groups.flatMap(({ index, restorations }) =>
    restorations.flatMap(({ object, fight }) => (fight === null ? [] : [{ index, object, fight }])),
  );
  const [first] = fights.sort((a, b) => a.index - b.index || (a.object < b.object ? -1 : 1));
  if (first === undefined)
    return { status: "False", reason: "None", message: "Nobody else changes what this set owns." };
  const more = fights.length === 1 ? "" : ` So it is with ${plural(fights.length - 1, "other object")}.`;
  return { status: "True", reason: "OtherManager", message: `${fightMessage(first)}${more}` };
}
