import {
  type Condition,
  canonicalJson,
  fields,
  type GroupStatus,
  LABEL,
  MANAGER,
  records,
  type SetState,
  type SetStatus,
} from "../model/index.ts";
import { isoTime } from "../plan/owner-status.ts";
import { MAX_STATUS_GROUPS } from "../spec/set-status-schema.ts";

type Status = Readonly<Record<string, unknown>>;

/** `status` of the resource of a set. Fields without a value are left out, as an API server may drop them. */
export function resourceStatus(state: SetState, status: SetStatus): Status {
  const generation = state.resource?.generation ?? state.generation;
  const { currentRevision, message } = status;
  return {
    phase: status.phase,
    ...(message === null ? {} : { message }),
    replicas: status.replicas,
    readyGroups: status.readyGroups,
    updatedGroups: status.updatedGroups,
    unplacedGroups: status.unplacedGroups,
    selector: `${LABEL.set}=${state.name},${LABEL.managedBy}=${MANAGER}`,
    ...(currentRevision === null ? {} : { currentRevision }),
    updateRevision: status.updateRevision,
    observedGeneration: generation,
    conditions: status.conditions.map((condition) => toStandard(condition, generation)),
    groups: mostUrgent(status.groups).map(groupTold),
  };
}

/** Equal for a status that is wanted and one that is shown when there is nothing to write. */
export const statusText = (status: unknown): string => canonicalJson(status ?? null);

function toStandard({ type, status, reason, message, lastTransitionMs }: Condition, observedGeneration: number) {
  return { type, status, reason, message, lastTransitionTime: isoTime(lastTransitionMs), observedGeneration };
}

function mostUrgent(groups: readonly GroupStatus[]): readonly GroupStatus[] {
  const rank = ({ phase }: GroupStatus) => (phase === "Ready" ? 1 : 0);
  return [...groups].sort((a, b) => rank(a) - rank(b) || a.index - b.index).slice(0, MAX_STATUS_GROUPS);
}

function groupTold({ index, phase, cluster, domain, revision, incarnation, message, roles }: GroupStatus): Status {
  return {
    index,
    phase,
    ...(cluster === null ? {} : { cluster }),
    ...(domain === null ? {} : { domain }),
    revision,
    incarnation,
    ...(message === null ? {} : { message }),
    roles,
  };
}

/** `status` of a resource that was never accepted: nothing of it runs. */
export function refusedStatus(shown: unknown, generation: number, refusal: Refusal, nowMs: number): Status {
  return withAccepted(shown, { ...refusal, generation }, nowMs);
}

/** `status` of a RoleBasedGroup that somebody made by hand. */
export function strayGroupStatus(shown: unknown, generation: number, nowMs: number): Status {
  const message =
    "RoleBasedGroups are made by OpenPatio for the groups of a RoleBasedGroupSet. One made by hand starts nothing: apply a RoleBasedGroupSet instead.";
  return withAccepted(shown, { status: "False", reason: "NoSet", message, generation }, nowMs);
}

export type Refusal = {
  readonly status: "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

function withAccepted(shown: unknown, accepted: Refusal & { readonly generation: number }, nowMs: number): Status {
  const { status, reason, message, generation } = accepted;
  const before = records(fields(shown)["conditions"]).find((condition) => condition["type"] === "Accepted");
  const isSame = before?.["status"] === status && typeof before["lastTransitionTime"] === "string";
  const lastTransitionTime = isSame ? before["lastTransitionTime"] : isoTime(nowMs);
  return {
    observedGeneration: generation,
    conditions: [{ type: "Accepted", status, reason, message, lastTransitionTime, observedGeneration: generation }],
  };
}
