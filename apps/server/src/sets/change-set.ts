import { DomainError } from "@openpatio/core/errors";
import { clustersOfGroup, homeOf, isRecord } from "@openpatio/core/model";
import type { StateChange, TimelineDraft } from "@openpatio/core/plan";
import { editYaml, parseSetYaml, type SetSpec, setToYaml, type YamlEdit } from "@openpatio/core/spec";
import type { TimelineEntry } from "../timeline/timeline-store.ts";
import type { SetKey } from "../trpc/inputs.ts";
import type { SetStore, StoredSet } from "./set-store.ts";

/** A verb that loses its race against the reconciler is decided again on the fresh state, this often. */
const MAX_RACES = 20;

/** What a verb makes of a set; null leaves it as it is. */
export type Decision = (StateChange & { readonly yaml?: string }) | null;

/**
 * The set that a key names; null when there is none. Without a home: the only one of that name, or the console's.
 *
 * Errors: DomainError `set.ambiguous` that names the homes.
 */
export function resolveSet(sets: SetStore, { namespace, name, home }: SetKey): StoredSet | null {
  if (home !== undefined) return sets.find(namespace, name, home);
  const named = sets.named(namespace, name);
  const [only] = named;
  if (named.length <= 1) return only ?? null;
  const ofConsole = sets.find(namespace, name, null);
  if (ofConsole !== null) return ofConsole;
  const homes = named.map(({ state }) => homeOf(state) ?? "").sort();
  throw new DomainError(
    "set.ambiguous",
    `There are several sets ${namespace}/${name}: on ${homes.join(", ")}. Say which with home.`,
    { params: { namespace, name, homes: homes.join(", ") } },
  );
}

/** Errors: DomainError `set.not-found`, `set.ambiguous`. */
export function requireSet(sets: SetStore, key: SetKey): StoredSet {
  const { namespace, name, home } = key;
  const set = resolveSet(sets, key);
  if (set !== null) return set;
  const where = home === undefined ? "" : home === null ? " made in the console" : ` from cluster ${home}`;
  throw new DomainError("set.not-found", `There is no set ${namespace}/${name}${where}.`, {
    params: { namespace, name },
  });
}

/**
 * One act of a person on a set: state and timeline in one transaction, decided on the state that it is stored over. Of a
 * set that was applied to a cluster, what is part of its definition is written there instead, and the row follows;
 * with `isOurs` the definition there stays as it is.
 *
 * Errors: DomainError `set.not-found`, `set.deleting` (nothing but its end can happen to it any more), and whatever
 * `decide` throws.
 */
export async function changeSet(
  sets: SetStore,
  actor: string,
  key: SetKey,
  decide: (set: StoredSet) => Decision,
  { isOurs = false }: { readonly isOurs?: boolean } = {},
): Promise<StoredSet> {
  for (let race = 0; race < MAX_RACES; race++) {
    const before = requireSet(sets, key);
    if (before.state.isDeleting) throw deleting(key);
    const decision = decide(before);
    if (decision === null) return before;
    const { state, timeline } = decision;
    const door = before.state.resource === null || isOurs ? null : sets.resources;
    if (door !== null && isOfDefinition(before, decision) && (door.isRegistered(before.state) || !state.isDeleting))
      return door.write(before, decision, decide);
    const stored = await sets.commit({
      before,
      after: { state, yaml: decision.yaml ?? before.yaml },
      timeline: timeline.map((draft) => entryOf(before, actor, draft)),
      placements: clustersOf(before).map((name) => ({ name, version: null })),
      isChange: true,
    });
    if (stored !== null && stored !== "removed") return stored;
  }
  throw new DomainError("set.version-conflict", `${key.namespace}/${key.name} changes too fast just now: try again.`, {
    retry: "backoff",
  });
}

const isOfDefinition = (before: StoredSet, { state, yaml = before.yaml }: NonNullable<Decision>): boolean =>
  state.spec !== before.state.spec || state.isDeleting !== before.state.isDeleting || yaml !== before.yaml;

export function entryOf(set: Pick<StoredSet, "state">, actor: string, draft: TimelineDraft): TimelineEntry {
  const { id, namespace, name, groups } = set.state;
  const group = groups.find((candidate) => candidate.index === draft.group);
  const cluster = group?.placement?.cluster ?? null;
  return { ...draft, actor, setId: id, namespace, set: name, home: homeOf(set.state), cluster };
}

/** Wanted counts are part of what is promised there, so a change of the spec makes placements under way plan again. */
function clustersOf({ state }: StoredSet): readonly string[] {
  return [...new Set(state.groups.flatMap(clustersOfGroup))].sort();
}

const deleting = ({ namespace, name }: SetKey) =>
  new DomainError("set.deleting", `${namespace}/${name} is being deleted; wait until it is gone.`, {
    params: { namespace, name },
  });

/** The definition after its group template became another one (a roll back), with the comments of what stays. */
export function yamlWithTemplate(yaml: string, before: SetSpec, after: SetSpec): string {
  if (before === after) return yaml;
  const path = ["spec", "groupTemplate"];
  const edits = differences(before.groupTemplate, after.groupTemplate, path);
  const edited = editYaml(yaml, edits);
  const parsed = parseSetYaml(edited, { present: after });
  if (parsed.ok && differences(parsed.spec.groupTemplate, after.groupTemplate, path).length === 0) return edited;
  const written = parseSetYaml(yaml, { present: before });
  return written.ok ? setToYaml({ ...written.manifest, spec: after }) : yaml;
}

type Path = readonly (string | number)[];

function differences(before: unknown, after: unknown, path: Path): readonly YamlEdit[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return after.flatMap((value, index) => differences(before[index], value, [...path, index]));
  }
  if (isRecord(before) && isRecord(after)) {
    const removed = Object.keys(before).filter((key) => before[key] !== undefined && after[key] === undefined);
    return [
      ...removed.map((key) => ({ path: [...path, key], delete: true as const })),
      ...Object.keys(after)
        .filter((key) => after[key] !== undefined)
        .flatMap((key) => differences(before[key], after[key], [...path, key])),
    ];
  }
  return [{ path, value: after }];
}
