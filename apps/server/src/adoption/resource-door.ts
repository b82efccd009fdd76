import { DomainError } from "@openpatio/core/errors";
import { canonicalJson, homeOf, type KubeObject, type SetState } from "@openpatio/core/model";
import type { ObjectRef, StateChange } from "@openpatio/core/plan";
import type { JsonEdit, SetResourcePort } from "@openpatio/core/ports";
import { CONSOLE_MANAGER, withAuthored } from "@openpatio/core/resource";
import { authoredData, problemsText, type SetSpec } from "@openpatio/core/spec";
import { readOnlyReason } from "@openpatio/core/view";
import type { Fleet, Member } from "../clusters/fleet.ts";
import type { ResourceDoor, SetStore, StoredSet } from "../sets/set-store.ts";
import type { Adopter } from "./adopter.ts";
import { refOf } from "./resource-status.ts";

/** So long an answer waits for the row to follow what was written; what comes later is shown when it comes. */
const FOLLOW_MS = 3_000;
/** Status is written all the time while groups start; only another definition is a conflict. */
const MAX_RACES = 10;

type Decision = StateChange & { readonly yaml?: string };

/**
 * Edits of the console of a set that is kept in a cluster: they are written to its resource there, over the generation
 * that they were made for, and reach the row the way that every edit with kubectl does. So there is one path, and no
 * edit that the cluster does not have.
 */
export class ConsoleDoor implements ResourceDoor {
  private readonly sets: SetStore;
  private readonly fleet: Fleet;
  private readonly adopter: Adopter;

  constructor(options: { readonly sets: SetStore; readonly fleet: Fleet; readonly adopter: Adopter }) {
    this.sets = options.sets;
    this.fleet = options.fleet;
    this.adopter = options.adopter;
  }

  isRegistered(state: SetState): boolean {
    return this.fleet.get(homeOf(state) ?? "") !== null;
  }

  async write(before: StoredSet, decision: Decision, decide: (set: StoredSet) => Decision | null): Promise<StoredSet> {
    const { state } = before;
    const scaled = scaleEdits(state.spec, decision.state.spec);
    const isScale = scaled !== null && !decision.state.isDeleting;
    const reason = isScale ? null : readOnlyReason(state);
    if (reason !== null) throw new DomainError("set.read-only", reason, { params: { name: state.name } });
    const { member, ref } = this.open(state);
    if (decision.state.isDeleting) return this.delete(member, ref, before, decision.state);
    if (isScale) {
      requireAccepted(state);
      return this.followed(before, await member.port.sets.edit(ref, scaled, CONSOLE_MANAGER));
    }
    const stored = await replace(member.port.sets, ref, before, decision.yaml ?? before.yaml);
    this.adopter.expect(ref.uid, stored.metadata.generation ?? 0, (now) => actAgain(before, now, decide));
    return this.followed(before, stored);
  }

  private async delete(member: Member, ref: ObjectRef, before: StoredSet, wanted: SetState): Promise<StoredSet> {
    const { orphan } = wanted.spec.deletion;
    if (orphan !== before.state.spec.deletion.orphan) {
      const edit = { op: "add", path: "/spec/deletion", value: { orphan } } as const;
      await this.followed(before, await member.port.sets.edit(ref, [edit], CONSOLE_MANAGER));
    }
    await member.port.sets.delete(ref);
    if (wanted.deletesVolumes === true) await this.takeVolumes(before.state.id);
    return this.until(before, (set) => set === null || set.state.isDeleting);
  }

  /**
   * The resource has no word for it, so it is kept with us: after the deletion was taken, for one that fails must not make
   * a later one with kubectl take the volumes.
   */
  private async takeVolumes(id: string): Promise<void> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const before = this.sets.get(id);
      if (before === null) return;
      const state = { ...before.state, deletesVolumes: true };
      if ((await this.sets.commit({ before, after: { state }, timeline: [] })) !== null) return;
    }
    throw new DomainError("set.version-conflict", "The set goes, and its volumes stay: it changed too fast to tell.", {
      retry: "backoff",
    });
  }

  /** Errors: `cluster.unreachable`, and nothing is stored; `set.version-conflict` when the resource is another one by now. */
  private open(state: SetState): { readonly member: Member; readonly ref: ObjectRef } {
    const { namespace, name, resource } = state;
    const cluster = resource?.cluster ?? "";
    const member = this.fleet.get(cluster);
    const info = member?.port.info();
    if (member?.health === "foreign") {
      throw new DomainError(
        "cluster.foreign",
        `${namespace}/${name} is kept in cluster ${cluster}, which belongs to another control plane, so nothing was changed. Change it there, or take the cluster over.`,
        { params: { cluster }, retry: "backoff" },
      );
    }
    if (member === null || member.health !== "live") {
      const why = info?.message ?? "It is not registered.";
      throw new DomainError(
        "cluster.unreachable",
        `${namespace}/${name} is kept in cluster ${cluster}, which can't be reached now, so nothing was changed. ${why}`,
        { params: { cluster }, retry: "backoff" },
      );
    }
    const object = member.port.sets.get(namespace, name);
    if (object !== null && object.metadata.uid === resource?.uid) return { member, ref: refOf(cluster, object) };
    throw conflict(state, "it was deleted there, or made anew");
  }

  /** The row once it has taken in what was stored. */
  private followed(before: StoredSet, { metadata }: KubeObject): Promise<StoredSet> {
    const generation = metadata.generation ?? 0;
    return this.until(before, (set) => set === null || (set.state.resource?.generation ?? 0) >= generation);
  }

  private async until(before: StoredSet, isThere: (set: StoredSet | null) => boolean): Promise<StoredSet> {
    const { id } = before.state;
    const look = () => this.sets.get(id);
    if (!isThere(look())) {
      await new Promise<void>((resolve) => {
        const stop = this.sets.onChange((changed, set) => {
          if (changed === id && isThere(set)) end();
        });
        const timer = setTimeout(() => end(), FOLLOW_MS);
        const end = () => {
          clearTimeout(timer);
          stop();
          resolve();
        };
      });
    }
    return look() ?? { ...before, state: { ...before.state, isDeleting: true } };
  }
}

/** PUT of the text over the generation that it was made for. */
async function replace(port: SetResourcePort, ref: ObjectRef, before: StoredSet, yaml: string): Promise<KubeObject> {
  const data = authoredData(yaml) ?? {};
  for (let race = 1; ; race += 1) {
    const object = await port.read(ref.namespace, ref.name);
    if (object === null || object.metadata.uid !== ref.uid) throw conflict(before.state, "it was deleted or made anew");
    const made = before.state.resource?.generation ?? 0;
    const { generation } = object.metadata;
    if (generation !== made)
      throw conflict(before.state, `it is at generation ${generation} there, and the edit was made for ${made}`);
    const edited = withAuthored(object, data);
    if (canonicalJson(edited) === canonicalJson(object)) return object;
    try {
      return await port.replace(edited, CONSOLE_MANAGER);
    } catch (error) {
      if (!(error instanceof DomainError && error.code === "cluster.conflict") || race === MAX_RACES) throw error;
    }
  }
}

/** How replicas get from one spec to the other, when nothing else differs; null when something does. */
function scaleEdits(before: SetSpec, after: SetSpec): readonly JsonEdit[] | null {
  if (canonicalJson(withoutReplicas(before)) !== canonicalJson(withoutReplicas(after))) return null;
  const edits: JsonEdit[] = [];
  if (before.replicas !== after.replicas) edits.push({ op: "add", path: "/spec/replicas", value: after.replicas });
  for (const [index, role] of after.groupTemplate.roles.entries()) {
    if (before.groupTemplate.roles[index]?.replicas === role.replicas) continue;
    const path = `/spec/groupTemplate/roles/${index}`;
    edits.push({ op: "test", path: `${path}/role`, value: role.role });
    edits.push({ op: "add", path: `${path}/replicas`, value: role.replicas });
  }
  return edits.length === 0 ? null : edits;
}

function withoutReplicas({ replicas: _replicas, groupTemplate, ...spec }: SetSpec) {
  const roles = groupTemplate.roles.map(({ replicas: _ofRole, ...role }) => role);
  return { ...spec, groupTemplate: { ...groupTemplate, roles } };
}

/** While the definition there is refused, nothing that is written to it takes effect. */
function requireAccepted({ namespace, name, resource }: SetState): void {
  if (resource === null || resource.problems.length === 0) return;
  throw new DomainError(
    "spec.invalid",
    `The definition of ${namespace}/${name} in ${resource.cluster} is not accepted, so its counts can't be changed either. ${problemsText(resource.problems)}`,
    { problems: resource.problems },
  );
}

function actAgain(before: StoredSet, state: SetState, decide: (set: StoredSet) => Decision | null): StateChange | null {
  try {
    return decide({ ...before, state });
  } catch {
    return null; // it would not be decided so any more; then it is an edit like any other
  }
}

const conflict = ({ namespace, name, resource }: SetState, why: string): DomainError =>
  new DomainError(
    "set.version-conflict",
    `${namespace}/${name} was changed in cluster ${resource?.cluster}: ${why}. Look at what changed and try again.`,
    { params: { namespace, name } },
  );
