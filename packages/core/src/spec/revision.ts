import { WORKLOAD_KINDS, type WorkloadKind } from "../model/observed.ts";
import type { LeaderWorker, RevisionContent, RevisionRole } from "../model/state.ts";
import { contentHash } from "./hash.ts";
import type { RoleSpec, SetSpecInput } from "./schema.ts";
import { isRecord, listAt, member, textAt } from "./shape.ts";

/**
 * What a revision is: the part of a spec that changes pods, and the hash that names it.
 *
 * Two specs have the same hash when they differ only in the order of keys or roles, or in members that Kubernetes
 * reads as absent: null, an empty map or an empty list (`resources: {}`, `command: []`). Values are compared as they
 * were written: `1` and `1000m` of cpu are two revisions, because their equality is the cluster's knowledge.
 */

/** Where empty means something: an empty selector selects everything, and `emptyDir: {}` is the kind of a volume. */
const MEANINGFUL_EMPTY: readonly string[] = [
  "downwardAPI",
  "emptyDir",
  "labelSelector",
  "namespaceSelector",
  "projected",
  "selector",
];

export function revisionContent(spec: Pick<SetSpecInput, "groupTemplate">): RevisionContent {
  const { metadata, roles } = spec.groupTemplate;
  return {
    groupMetadata: { labels: metadata.labels, annotations: metadata.annotations },
    roles: [...roles].sort((a, b) => (a.role < b.role ? -1 : 1)).map(toRevisionRole),
  };
}

function toRevisionRole(role: RoleSpec): RevisionRole {
  const kind = WORKLOAD_KINDS.find((known) => known === role.workload.kind) ?? "StatefulSet";
  return {
    role: role.role,
    kind,
    leaderWorker: leaderWorkerOf(role, kind),
    volumeClaimTemplates: role.volumeClaimTemplates,
    template: role.template,
  };
}

/** A LeaderWorkerSet has instances even where they are of one pod. */
function leaderWorkerOf({ leaderWorker }: RoleSpec, kind: WorkloadKind): LeaderWorker | null {
  if (leaderWorker === undefined) return kind === "LeaderWorkerSet" ? { size: 1, workerTemplate: null } : null;
  return { size: leaderWorker.size, workerTemplate: leaderWorker.workerTemplate ?? null };
}

/** Ten hexadecimal digits; equal content, equal hash. */
export function revisionHash(content: RevisionContent): string {
  return contentHash(withoutEmpty(content));
}

/**
 * Hash of what one role's pods depend on. Roles whose hash is the same in two revisions need no restart for the one to
 * become the other: so a role can be added or removed alone.
 */
export function revisionRoleHash(content: RevisionContent, role: string): string | undefined {
  const found = content.roles.find((candidate) => candidate.role === role);
  return found === undefined
    ? undefined
    : contentHash(withoutEmpty({ groupMetadata: content.groupMetadata, role: found }));
}

function withoutEmpty(value: unknown): unknown {
  // Entries of a list keep their place, so that an empty one never makes its neighbours move.
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item) ?? null);
  if (!isRecord(value)) return value;
  const kept: [string, unknown][] = [];
  for (const [key, raw] of Object.entries(value)) {
    const item = withoutEmpty(raw);
    if (item === null || item === undefined) continue;
    if (isEmpty(item) && !MEANINGFUL_EMPTY.includes(key)) continue;
    kept.push([key, item]);
  }
  return Object.fromEntries(kept);
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;

/** What differs, for a person: `image of decode; env of prefill`. "nothing" when the hashes are equal. */
export function describeRevisionChange(before: RevisionContent, after: RevisionContent): string {
  const changes: string[] = [];
  for (const field of ["labels", "annotations"] as const)
    if (isChanged(before.groupMetadata[field], after.groupMetadata[field])) changes.push(`${field} of the group`);
  for (const role of after.roles) {
    const old = before.roles.find((candidate) => candidate.role === role.role);
    if (old === undefined) changes.push(`role ${role.role} added`);
    else if (isChanged(old, role)) changes.push(`${listed(roleChanges(old, role))} of ${role.role}`);
  }
  for (const role of before.roles)
    if (!after.roles.some((candidate) => candidate.role === role.role)) changes.push(`role ${role.role} removed`);
  return changes.length === 0 ? "nothing" : changes.join("; ");
}

const isChanged = (a: unknown, b: unknown): boolean => contentHash(withoutEmpty(a)) !== contentHash(withoutEmpty(b));

const listed = (words: readonly string[]): string =>
  words.length <= 1 ? (words[0] ?? "pod template") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** Changed fields of a container or pod spec that have a better word than their own name. */
const WORDS: Readonly<Record<string, string>> = {
  envFrom: "env",
  livenessProbe: "probes",
  readinessProbe: "probes",
  startupProbe: "probes",
  volumeMounts: "volumes",
  nodeSelector: "node selection",
  affinity: "node selection",
  tolerations: "node selection",
  securityContext: "security context",
};

function roleChanges(before: RevisionRole, after: RevisionRole): readonly string[] {
  const changes = new Set<string>();
  if (before.kind !== after.kind) changes.add("workload kind");
  if (isChanged(before.volumeClaimTemplates, after.volumeClaimTemplates)) changes.add("volume claims");
  if (before.leaderWorker?.size !== after.leaderWorker?.size) changes.add("pods per instance");
  for (const change of templateChanges(before.template, after.template)) changes.add(change);
  const workersOf = (role: RevisionRole): unknown => role.leaderWorker?.workerTemplate ?? role.template;
  if (isChanged(before.leaderWorker?.workerTemplate ?? null, after.leaderWorker?.workerTemplate ?? null))
    for (const change of templateChanges(workersOf(before), workersOf(after))) changes.add(`${change} of the workers`);
  return [...changes];
}

function templateChanges(before: unknown, after: unknown): readonly string[] {
  const changes = new Set<string>();
  for (const field of changedKeys(member(before, "metadata"), member(after, "metadata"))) changes.add(`pod ${field}`);
  const oldSpec = member(before, "spec");
  const newSpec = member(after, "spec");
  for (const field of changedKeys(oldSpec, newSpec)) {
    if (field === "containers" || field === "initContainers")
      for (const change of containerChanges(listAt(oldSpec, [field]), listAt(newSpec, [field]))) changes.add(change);
    else changes.add(WORDS[field] ?? field);
  }
  return [...changes];
}

function containerChanges(before: readonly unknown[], after: readonly unknown[]): readonly string[] {
  const changes = new Set<string>();
  const named = (list: readonly unknown[], name: string | undefined): unknown =>
    list.find((container) => textAt(container, ["name"]) === name);
  for (const container of after) {
    const name = textAt(container, ["name"]);
    const old = named(before, name);
    if (old === undefined) changes.add(`container ${name ?? ""} (added)`);
    // With several containers the name tells which one; with one it would only repeat the role.
    else
      for (const field of changedKeys(old, container))
        changes.add(after.length > 1 ? `${WORDS[field] ?? field} of ${name ?? ""}` : (WORDS[field] ?? field));
  }
  for (const container of before) {
    const name = textAt(container, ["name"]);
    if (named(after, name) === undefined) changes.add(`container ${name ?? ""} (removed)`);
  }
  return changes.size === 0 ? ["order of containers"] : [...changes];
}

function changedKeys(before: unknown, after: unknown): readonly string[] {
  const keys = [before, after].flatMap((value) => (isRecord(value) ? Object.keys(value) : []));
  return [...new Set(keys)].filter((key) => isChanged(member(before, key), member(after, key)));
}
