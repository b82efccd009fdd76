import { API_VERSION, canonicalJson, type GroupStatus, groupName, type SetState } from "../model/index.ts";
import type { AssessedGroup } from "./assess.ts";
import { type PlanContext, type PlanNotes, refTo } from "./context.ts";
import { listed } from "./words.ts";

/** Status of a RoleBasedGroup: what kubectl shows of a group. */
type OwnerStatus = {
  readonly phase: string;
  readonly incarnation: number;
  readonly revision: number;
  readonly domain: string;
  readonly message: string;
  readonly roles: readonly { readonly role: string; readonly ready: number; readonly replicas: number }[];
  readonly conditions: readonly Readonly<Record<string, string>>[];
};

/**
 * Offers the status of a group's RoleBasedGroup when it differs from the one that is there.
 *
 * Pods that become Ready one by one make no difference: their counts are written along with other changes. A settled
 * group costs no write.
 */
export function planOwnerStatus(
  context: PlanContext,
  set: SetState,
  item: AssessedGroup,
  status: GroupStatus,
  notes: PlanNotes,
): void {
  const cluster = item.group.placement?.cluster;
  if (cluster === undefined || !item.isInReach) return;
  const { owner } = context.observed(cluster, item.group.index);
  if (owner === null || owner.deletionAtMs !== null) return;
  const since = readySince(owner.status, status.phase === "Ready", context.nowMs);
  const wanted = ownerStatus(set, item, status, { since, isToldWhole: isWaiting(context, item, notes) });
  if (isShown(owner.status, wanted)) return;
  notes.actions.push({
    kind: "status",
    group: item.group.index,
    ref: refTo(cluster, API_VERSION, owner),
    status: wanted,
  });
}

/** RFC 3339. The condition keeps its time while its status is the same, and never goes back. */
function readySince(shown: unknown, isReady: boolean, nowMs: number): string {
  const before = (shown as Partial<OwnerStatus> | null | undefined)?.conditions?.[0];
  const now = isoTime(nowMs);
  const since = before?.["lastTransitionTime"];
  if (since === undefined) return now;
  return before?.["status"] === (isReady ? "True" : "False") || since > now ? since : now;
}

function ownerStatus(
  set: SetState,
  item: AssessedGroup,
  status: GroupStatus,
  { since, isToldWhole }: { readonly since: string; readonly isToldWhole: boolean },
): OwnerStatus {
  const isReady = status.phase === "Ready";
  const message = isReady
    ? (status.message ?? `${groupName(set.name, item.group.index)} is ready.`)
    : ((isToldWhole ? status.message : null) ?? coarseMessage(set, item, status));
  return {
    phase: status.phase,
    incarnation: status.incarnation,
    revision: status.revision,
    domain: status.domain ?? "",
    message,
    roles: status.roles,
    conditions: [
      {
        type: "Ready",
        status: isReady ? "True" : "False",
        reason: status.phase,
        message,
        lastTransitionTime: since,
      },
    ],
  };
}

/** A start that goes on by itself is told in few writes; one that stands still for so long says all that is known of it. */
const STANDSTILL_MS = 2_000;

function isWaiting(context: PlanContext, { group, running }: AssessedGroup, notes: PlanNotes): boolean {
  if (running === null || running.isReady) return true;
  const fromMs = group.progressAtMs + STANDSTILL_MS;
  if (fromMs > context.nowMs) notes.wakeAtMs.push(fromMs);
  return fromMs <= context.nowMs;
}

/**
 * The group's message without what changes with every pod. While an incarnation comes up it changes once, when the first
 * wave is Ready: so a start costs three writes, however many roles it has.
 */
function coarseMessage(set: SetState, { group, running }: AssessedGroup, status: GroupStatus): string {
  if (running === null || status.phase === "Degraded") return status.message ?? "";
  const open = running.progress.filter((step) => !step.isReady).map((step) => step.role.role);
  if (group.firstReadyAtMs !== null) return `Waits for ${listed(open)}.`;
  if (set.spec.startupPolicy === "Parallel") return "Starts all roles at once.";
  const first = running.progress.filter(({ role }) => role.dependencies.length === 0);
  const later = running.progress.filter(({ role }) => role.dependencies.length > 0).map(({ role }) => role.role);
  const names = first.map(({ role }) => role.role);
  if (later.length === 0) return `Starts ${listed(names)}.`;
  if (first.every((step) => step.isReady)) return `Started ${listed(names)}; ${listed(later)} follow in order.`;
  return `Starts ${listed(names)}, then ${listed(later)}.`;
}

function isShown(shown: unknown, wanted: OwnerStatus): boolean {
  return canonicalJson(comparable(shown)) === canonicalJson(comparable(wanted));
}

/** What makes a status worth a write. An API server may drop empty fields, so they compare as absent. */
function comparable(status: unknown): unknown {
  if (typeof status !== "object" || status === null) return null;
  const { phase, incarnation, revision, domain, message, roles } = status as Partial<OwnerStatus>;
  const wanted = (roles ?? []).map(({ role, replicas }) => ({ role, replicas }));
  return { phase, incarnation, revision, domain: domain ?? "", message: message ?? "", wanted };
}

/**
 * RFC 3339 in UTC, to the second, of epoch milliseconds.
 *
 * Source: the civil-from-days algorithm of Howard Hinnant's chrono notes; core has no clock to ask.
 */
export function isoTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const ofDay = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(Math.floor(ofDay / 3600))}:${two(Math.floor(ofDay / 60) % 60)}:${two(ofDay % 60)}`;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${time}Z`;
}
