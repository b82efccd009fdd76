import { DomainError } from "@openpatio/core/errors";
import {
  canonicalJson,
  fields,
  homeOf,
  type KubeObject,
  MANAGER,
  type SetResource,
  type SetState,
} from "@openpatio/core/model";
import {
  acceptSpec,
  createSet,
  deleteSet,
  type StateChange,
  specAtRevision,
  type TimelineDraft,
} from "@openpatio/core/plan";
import {
  CONSOLE_MANAGER,
  DEFAULTS_MANAGER,
  managedBy,
  ORDERED_TEARDOWN,
  type Refusal,
  readResource,
  refusedStatus,
  resourceYaml,
  statusText,
  strayGroupStatus,
  wroteLast,
} from "@openpatio/core/resource";
import {
  type Problem,
  problemsText,
  revisionContent,
  revisionHash,
  type SetSpec,
  setNames,
  validateAgainst,
} from "@openpatio/core/spec";
import type { Fleet, Member } from "../clusters/fleet.ts";
import type { Logger } from "../log.ts";
import { KeyedQueue } from "../reconcile/keyed-queue.ts";
import { entryOf } from "../sets/change-set.ts";
import { neighbours } from "../sets/definition.ts";
import type { SetStore, StoredSet } from "../sets/set-store.ts";
import { refOf } from "./resource-status.ts";

/**
 * Follows the RoleBasedGroupSets of the registered clusters. A key is one of them; a run is
 *
 *   resource (cache) + row → parse → finalizer and absent replicas written there → row stored → the planner does the rest
 *
 * The row's id is the UID of the resource: one life of a name is one set, a server that crashes between two writes
 * repeats the first, and a cluster that is registered twice is followed once. Watches may be late or repeat themselves:
 * only a higher generation of the same life is news.
 */

const RESYNC_MS = 60_000;
const RETRY_MS = 1_000;
/** Somebody else wrote in between: the watch is about to bring it. */
const CONFLICT_MS = 100;
const MAX_RACES = 20;

export type AdopterOptions = {
  readonly sets: SetStore;
  readonly fleet: Fleet;
  /** Null: all. Several OpenPatios may share a cluster when each has namespaces of its own. */
  readonly namespaces: readonly string[] | null;
  readonly mayAct: () => boolean;
  readonly nowMs: () => number;
  readonly log: Logger;
};

export class Adopter {
  private readonly options: AdopterOptions;
  private readonly queue: KeyedQueue;
  private readonly stops: (() => void)[] = [];
  /** Acts of the console that were written to a resource, by UID and the generation that they made. */
  private readonly acts = new Map<string, (state: SetState) => StateChange | null>();

  constructor(options: AdopterOptions) {
    this.options = options;
    this.queue = new KeyedQueue((key) => this.run(key), options.nowMs);
  }

  start(): void {
    const { fleet, sets } = this.options;
    const timer = setInterval(() => this.lookAtAll(), RESYNC_MS);
    this.stops.push(
      () => clearInterval(timer),
      fleet.subscribe({
        onMembers: () => this.lookAtAll(),
        onChange: (cluster, change) => {
          const member = fleet.get(cluster);
          if (member === null) return;
          if (change.kind === "resource") this.queue.add(keyText(cluster, change.namespace, change.name));
          else if (change.kind === "resources" || change.kind === "health") this.lookAt(member);
        },
      }),
      // What waited for the end of an earlier life of its name can begin; one whose groups are gone may go.
      sets.onChange((_, set) => {
        if (set === null) this.lookAtAll();
      }),
    );
    this.lookAtAll();
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.queue.stop();
  }

  lookAtAll(): void {
    for (const member of this.options.fleet.all()) this.lookAt(member);
  }

  /** The next generation of this life came about by that act, and is told as such. */
  expect(uid: string, generation: number, act: (state: SetState) => StateChange | null): void {
    this.acts.set(`${uid} ${generation}`, act);
  }

  private lookAt({ name, port }: Member): void {
    if (!port.sets.isListed()) return;
    for (const { metadata } of port.sets.all()) this.queue.add(keyText(name, metadata.namespace ?? "", metadata.name));
    for (const { state } of this.options.sets.all())
      if (homeOf(state) === name) this.queue.add(keyText(name, state.namespace, state.name));
    if (port.sets.strayGroups().length > 0) this.queue.add(keyText(name, "", ""));
  }

  private async run(key: string): Promise<void> {
    const [cluster = "", namespace = "", name = ""] = key.split("/");
    const member = this.options.fleet.get(cluster);
    // What is on a cluster that is being removed is not taken over any more.
    if (member === null || member.removal !== null || !this.options.mayAct()) return;
    const { port } = member;
    if (!port.sets.isListed() || member.health !== "live") return;
    if (name !== "" && !this.isFollowed(namespace)) return;
    try {
      if (name === "") await this.answerStrays(member);
      else await this.follow(member, namespace, name);
    } catch (error) {
      const isConflict = error instanceof DomainError && error.code === "cluster.conflict";
      if (!isConflict) this.options.log.warn({ err: error, cluster, namespace, name }, "resource not followed");
      this.queue.add(key, isConflict ? CONFLICT_MS : RETRY_MS);
    }
  }

  private isFollowed(namespace: string): boolean {
    return this.options.namespaces?.includes(namespace) ?? true;
  }

  private async follow(member: Member, namespace: string, name: string): Promise<void> {
    const { sets } = this.options;
    const object = member.port.sets.get(namespace, name);
    const row = sets.find(namespace, name, member.name);
    const isOfRow = object !== null && row?.state.resource?.uid === object.metadata.uid;
    if (row !== null && !isOfRow) {
      // Its finalizer was taken away, or it ended while nobody looked: what it left behind is removed in order.
      await this.end(row, `The resource is gone from ${member.name}`);
      if (object !== null) await this.refuse(member, object, earlierLife(namespace, name));
      return;
    }
    if (object === null) return;
    if (object.metadata.deletionTimestamp !== undefined) {
      if (row !== null) await this.end(row, `Deleted in ${member.name}`, isToBeOrphaned(object));
      else await this.release(member, object);
      return;
    }
    if (row?.state.isDeleting === true) return;
    await this.take(member, object, row);
  }

  /** Takes over what the resource says, or tells on it why not. */
  private async take(member: Member, object: KubeObject, row: StoredSet | null): Promise<void> {
    const { metadata } = object;
    const known = row?.state.resource ?? null;
    const generation = metadata.generation ?? 0;
    if (known !== null && known.generation > generation) return;
    const tool = managedBy(object);
    const isNews = known?.generation !== generation;
    if (!isNews && known?.managedBy === tool && row?.yaml === resourceYaml(object)) return;
    const read = this.read(object, member.name, row);
    const resource: SetResource = {
      cluster: member.name,
      uid: metadata.uid ?? "",
      generation,
      problems: read.ok ? [] : read.problems,
      contentHash: read.ok ? revisionHash(revisionContent(read.spec)) : (known?.contentHash ?? ""),
      managedBy: tool,
    };
    if (!read.ok) {
      if (row === null) await this.refuse(member, object, invalid(read.problems));
      // What is wrong may be another set, and so may end without an edit: it is read again, and told when it differs.
      else await this.store(row, (set) => (isSame(set.state.resource, resource) ? null : refusal(set.state, resource)));
      return;
    }
    const held = await this.hold(member, object, read.spec);
    if (held !== object) return this.take(member, held, row);
    if (row === null) return this.insert(object, read.spec, resource);
    const by = authorOf(object);
    const act = this.acts.get(`${resource.uid} ${generation}`);
    this.acts.delete(`${resource.uid} ${generation}`);
    await this.store(row, (set) => {
      if ((set.state.resource?.generation ?? 0) > generation) return null;
      const spec = stillReturned(set.state, read.spec, resource.contentHash);
      const change = actOn(set.state, spec, act) ?? acceptSpec(set.state, spec, this.options.nowMs());
      const state = change?.state ?? set.state;
      return {
        actor: by.actor,
        yaml: resourceYaml(object),
        state: { ...state, generation, resource },
        timeline: (change?.timeline ?? []).map((draft) => withAuthor(draft, by.words)),
      };
    });
  }

  private read(
    object: KubeObject,
    cluster: string,
    row: StoredSet | null,
  ): { readonly ok: true; readonly spec: SetSpec } | { readonly ok: false; readonly problems: readonly Problem[] } {
    const parsed = readResource(object, cluster, row?.state.spec ?? null);
    if (!parsed.ok) return parsed;
    const { namespace = "", name } = object.metadata;
    const own = setNames(namespace, name, parsed.spec.groupTemplate.roles);
    const problems = validateAgainst(own, neighbours(this.options.sets, [cluster]));
    return problems.length > 0 ? { ok: false, problems } : { ok: true, spec: parsed.spec };
  }

  /** From now on it waits for the end of its groups. Replicas that it leaves out are written once, for autoscalers to read. */
  private async hold({ port }: Member, object: KubeObject, spec: SetSpec): Promise<KubeObject> {
    const { finalizers = [] } = object.metadata;
    if (!finalizers.includes(ORDERED_TEARDOWN)) {
      return port.sets.patch(object, { metadata: { finalizers: [...finalizers, ORDERED_TEARDOWN] } }, MANAGER);
    }
    const written = object["spec"] as { readonly replicas?: unknown };
    if (written.replicas !== undefined && written.replicas !== null) return object;
    return port.sets.patch(object, { spec: { replicas: spec.replicas } }, DEFAULTS_MANAGER);
  }

  /** Nothing of it is left, by the database's word and not by a copy of it. */
  private async release({ port }: Member, object: KubeObject): Promise<void> {
    const { uid = "", finalizers = [] } = object.metadata;
    if (!finalizers.includes(ORDERED_TEARDOWN) || (await this.options.sets.reload(uid)) !== null) return;
    const others = finalizers.filter((finalizer) => finalizer !== ORDERED_TEARDOWN);
    await port.sets.patch(object, { metadata: { finalizers: others } }, MANAGER);
  }

  private async insert(object: KubeObject, spec: SetSpec, resource: SetResource): Promise<void> {
    const { namespace = "", name } = object.metadata;
    const made = createSet({ id: resource.uid, namespace, name, resource }, spec, this.options.nowMs());
    const state: SetState = { ...made.state, generation: resource.generation };
    const by = authorOf(object);
    const entries = made.timeline.map((draft) => entryOf({ state }, by.actor, withAuthor(draft, by.words)));
    const stored = await this.options.sets.insert(state, resourceYaml(object), entries);
    if (stored !== null) return;
    const other = this.options.sets.get(resource.uid);
    if (other !== null && homeOf(other.state) !== resource.cluster) {
      this.options.log.warn({ cluster: resource.cluster, namespace, name }, "this cluster is registered twice");
      return;
    }
    this.queue.add(keyText(resource.cluster, namespace, name), CONFLICT_MS);
  }

  /** `orphan`: what runs stays, although the definition that was last accepted may say otherwise. */
  private async end(row: StoredSet, cause: string, orphan = false): Promise<void> {
    await this.store(row, ({ state }) => {
      const change = deleteSet(state, { orphan });
      if (change === null) return null;
      return {
        actor: "cluster",
        state: change.state,
        timeline: change.timeline.map((draft) => ({ ...draft, cause })),
      };
    });
  }

  private async store(
    row: StoredSet,
    decide: (set: StoredSet) => (StateChange & { readonly actor: string; readonly yaml?: string }) | null,
  ): Promise<void> {
    const { sets } = this.options;
    for (let race = 0; race < MAX_RACES; race++) {
      const before = sets.get(row.state.id);
      const decision = before === null ? null : decide(before);
      if (before === null || decision === null) return;
      const { state, timeline, actor, yaml } = decision;
      const stored = await sets.commit({
        before,
        after: { state, yaml: yaml ?? before.yaml },
        timeline: timeline.map((draft) => entryOf(before, actor, draft)),
        placements: [{ name: homeOf(state) ?? "", version: null }],
        isChange: timeline.length > 0,
      });
      if (stored !== null) return;
    }
    throw new DomainError("cluster.conflict", `${row.state.name} changes too fast just now.`, { retry: "backoff" });
  }

  private async refuse({ name, port }: Member, object: KubeObject, refusal: Refusal): Promise<void> {
    const wanted = refusedStatus(object["status"], object.metadata.generation ?? 0, refusal, this.options.nowMs());
    if (statusText(object["status"]) === statusText(wanted)) return;
    await port.updateStatus(refOf(name, object), wanted);
  }

  private async answerStrays({ name, port }: Member): Promise<void> {
    for (const object of port.sets.strayGroups()) {
      const { namespace = "", deletionTimestamp } = object.metadata;
      if (deletionTimestamp !== undefined || !this.isFollowed(namespace)) continue;
      const wanted = strayGroupStatus(object["status"], object.metadata.generation ?? 0, this.options.nowMs());
      if (statusText(object["status"]) === statusText(wanted)) continue;
      await port.updateStatus(refOf(name, object), wanted);
    }
  }
}

/** An edit and the deletion after it may be heard of as one. */
const isToBeOrphaned = (object: KubeObject): boolean => fields(fields(object["spec"])["deletion"])["orphan"] === true;

const keyText = (cluster: string, namespace: string, name: string): string => `${cluster}/${namespace}/${name}`;

/**
 * A rollout that was aborted, or that returned by itself, is our state: the resource still has the content that it
 * returned from. Whatever else is edited there, that content is not tried again before it changes.
 */
function stillReturned(state: SetState, spec: SetSpec, contentHash: string): SetSpec {
  const target = state.revisions.find(({ number }) => number === state.rollout.target);
  const isKnown = state.resource?.contentHash === contentHash;
  return isKnown && target !== undefined && target.hash !== contentHash ? specAtRevision(spec, target) : spec;
}

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** What the console did, when the resource says just that. */
function actOn(
  state: SetState,
  spec: SetSpec,
  act: ((state: SetState) => StateChange | null) | undefined,
): StateChange | null {
  const change = act?.(state) ?? null;
  return change !== null && isSame(change.state.spec, spec) ? change : null;
}

/** A person with kubectl is an operator as much as one at the console; another controller is the cluster's doing. */
function authorOf(object: KubeObject): { readonly actor: string; readonly words: string } {
  const manager = wroteLast(object);
  const name = manager === null ? "somebody" : manager.startsWith("kubectl") ? "kubectl" : manager;
  if (manager === CONSOLE_MANAGER) return { actor: "operator", words: "Asked for" };
  return { actor: name === "kubectl" ? "operator" : "cluster", words: `Applied by ${name}` };
}

const withAuthor = (draft: TimelineDraft, words: string): TimelineDraft =>
  draft.cause === null || draft.cause === "Asked for" ? { ...draft, cause: words } : draft;

function refusal(state: SetState, resource: SetResource): StateChange & { readonly actor: string } {
  const count = resource.problems.length === 1 ? "1 problem" : `${resource.problems.length} problems`;
  const draft: TimelineDraft = {
    kind: "set.refused",
    group: null,
    incarnation: null,
    cause: problemsText(resource.problems),
    decision: `Generation ${resource.generation} has ${count} and is not taken; the last accepted definition goes on`,
    actions: [],
  };
  return { actor: "openpatio", state: { ...state, resource }, timeline: [draft] };
}

const invalid = (problems: readonly Problem[]): Refusal => ({
  status: "False",
  reason: "Invalid",
  message: problemsText(problems),
});

const earlierLife = (namespace: string, name: string): Refusal => ({
  status: "Unknown",
  reason: "EarlierSetEnding",
  message: `An earlier set ${namespace}/${name} is still ending; this one begins when nothing is left of it.`,
});
