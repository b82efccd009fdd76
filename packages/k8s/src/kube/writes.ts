import { DomainError } from "@openpatio/core/errors";
import {
  ANNOTATION,
  canonicalJson,
  fields,
  type KubeObject,
  LABEL,
  MANAGER,
  type ObservedWorkload,
} from "@openpatio/core/model";
import type { ObjectRef, Propagation } from "@openpatio/core/plan";
import { ApiError, isTestFailed, isUidMismatch, refusal, toDomainError } from "./api-error.ts";
import type { ClusterCache } from "./cluster-cache.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import type { WriteAnswer } from "./object-store.ts";
import { planMergePatch } from "./owned-fields.ts";
import { planRelease } from "./release.ts";
import { findResource, type Resource, resourcePath, watchedKindOf } from "./resources.ts";

/**
 * Writes that a late, repeated or mistaken request can't turn into damage. What was verified on a real API server:
 *
 * | write | form | another life of the name | gone |
 * | --- | --- | --- | --- |
 * | create | POST, never an upsert | 409 AlreadyExists: looked at, taken only if it is ours | |
 * | update | merge patch with metadata.uid | 422, cause at metadata.uid: "field is immutable" | 404 |
 * | status | JSON patch that begins with a test of metadata.uid (in a merge patch, custom resources ignore it) | 422 | 404 |
 * | scale | merge patch of the scale subresource with metadata.uid (of a LeaderWorkerSet as for status) | 409, "Precondition failed: UID in precondition" | 404 |
 * | delete | preconditions.uid | 409, "the UID in the precondition … does not match" | 404 |
 *
 * A patch never creates, so nothing that was torn down comes back. All may be sent twice with the effect of once.
 */
export class ClusterWrites {
  readonly #cluster: string;
  readonly #connection: ApiConnection;
  readonly #cache: ClusterCache;
  /** Answers to two writes to one object could overtake each other; they take turns instead. */
  readonly #lastByObject = new Map<string, Promise<unknown>>();

  constructor(options: {
    readonly cluster: string;
    readonly connection: ApiConnection;
    readonly cache: ClusterCache;
  }) {
    this.#cluster = options.cluster;
    this.#connection = options.connection;
    this.#cache = options.cache;
  }

  async create(object: KubeObject, isDryRun: boolean): Promise<void> {
    const resource = this.#resource(object.apiVersion, object.kind);
    const { namespace = "", name } = object.metadata;
    const what = `create ${object.kind} ${namespace}/${name}`;
    const query = { ...WRITER, fieldValidation: "Strict", dryRun: isDryRun ? "All" : undefined };
    if (isDryRun) {
      await this.#post(resource, object, query, what);
      return;
    }
    await this.#feed(object.apiVersion, object.kind, namespace, name, async () => {
      return { object: await this.#post(resource, object, query, what) };
    });
  }

  async update(ref: ObjectRef, object: KubeObject): Promise<void> {
    const resource = this.#resource(ref.apiVersion, ref.kind);
    const path = resourcePath(resource, ref);
    const what = `update ${ref.kind} ${ref.namespace}/${ref.name}`;
    await this.#feed(ref.apiVersion, ref.kind, ref.namespace, ref.name, async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const live = toKubeObject(await this.#connection.request({ method: "GET", path }));
          if (live.metadata.uid !== ref.uid) throw this.#anotherLife(what, ref);
          const patch = planMergePatch(live, object);
          if (patch === null) return { object: live };
          return { object: await this.#patch(path, patch) };
        } catch (error) {
          if (isChangedMeanwhile(error) && attempt < UPDATE_ATTEMPTS) continue;
          throw toDomainError(this.#cluster, what, error);
        }
      }
    });
  }

  /** Through the scale subresource: an autoscaler's way, and nothing but the replicas can be touched by it. */
  async scale(ref: ObjectRef, replicas: number): Promise<void> {
    const resource = this.#resource(ref.apiVersion, ref.kind);
    const kind = watchedKindOf(ref.apiVersion, ref.kind);
    const what = `scale ${ref.kind} ${ref.namespace}/${ref.name} to ${replicas}`;
    if (kind !== "statefulsets" && kind !== "deployments" && kind !== "leaderworkersets")
      throw new Error(`${ref.kind} can't be scaled`);
    const store = this.#cache.stores[kind];
    await this.#inTurn(kind, ref.namespace, ref.name, async () => {
      store.beginWrite(ref.namespace, ref.name);
      try {
        const path = resourcePath(resource, { ...ref, subresource: "scale" });
        const scale =
          kind === "leaderworkersets"
            ? await this.#scaleCustom(path, ref, replicas)
            : await this.#patch(path, { metadata: { uid: ref.uid }, spec: { replicas } });
        store.endWriteWith(ref.namespace, ref.name, ref.uid, scale.metadata.resourceVersion ?? "", (workload) =>
          withReplicas(workload, replicas),
        );
      } catch (error) {
        store.endWrite(ref.namespace, ref.name, this.#goneBy(error, ref));
        throw toDomainError(this.#cluster, what, error);
      }
    });
  }

  async updateStatus(ref: ObjectRef, status: Readonly<Record<string, unknown>>): Promise<void> {
    const resource = this.#resource(ref.apiVersion, ref.kind);
    const path = resourcePath(resource, { ...ref, subresource: "status" });
    const what = `write the status of ${ref.kind} ${ref.namespace}/${ref.name}`;
    const body = [
      { op: "test", path: "/metadata/uid", value: ref.uid },
      { op: "add", path: "/status", value: status },
    ];
    const contentType = "application/json-patch+json";
    await this.#feed(ref.apiVersion, ref.kind, ref.namespace, ref.name, async () => {
      try {
        const answer = await this.#connection.request({ method: "PATCH", path, query: WRITER, body, contentType });
        return { object: toKubeObject(answer) };
      } catch (error) {
        throw isTestFailed(error) ? this.#anotherLife(what, ref) : toDomainError(this.#cluster, what, error);
      }
    });
  }

  /** Guarded by UID and resourceVersion, as an update. */
  async release(ref: ObjectRef): Promise<void> {
    const path = resourcePath(this.#resource(ref.apiVersion, ref.kind), ref);
    const what = `let go of ${ref.kind} ${ref.namespace}/${ref.name}`;
    await this.#feed(ref.apiVersion, ref.kind, ref.namespace, ref.name, async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const live = toKubeObject(await this.#connection.request({ method: "GET", path }));
          if (live.metadata.uid !== ref.uid) throw this.#anotherLife(what, ref);
          const patch = planRelease(live);
          const left = patch === null ? live : await this.#patch(path, patch);
          // Without its last finalizer an object that was deleted is gone with this very write.
          const isEnded = left.metadata.deletionTimestamp !== undefined && !isKept(left);
          return isEnded ? { goneUid: ref.uid } : { object: left };
        } catch (error) {
          const gone = this.#goneBy(error, ref);
          if (gone !== null) return gone;
          if (isChangedMeanwhile(error) && attempt < UPDATE_ATTEMPTS) continue;
          throw toDomainError(this.#cluster, what, error);
        }
      }
    });
  }

  async delete(ref: ObjectRef, propagation: Propagation, isForced = false): Promise<void> {
    const resource = this.#resource(ref.apiVersion, ref.kind);
    await this.#feed(ref.apiVersion, ref.kind, ref.namespace, ref.name, async () => {
      try {
        const body = {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid: ref.uid },
          propagationPolicy: propagation,
          ...(isForced ? { gracePeriodSeconds: 0 } : {}),
        };
        const answer = await this.#connection.request({ method: "DELETE", path: resourcePath(resource, ref), body });
        return isKept(answer) ? { object: answer } : { goneUid: ref.uid };
      } catch (error) {
        const gone = this.#goneBy(error, ref);
        if (gone !== null) return gone;
        throw toDomainError(this.#cluster, `delete ${ref.kind} ${ref.namespace}/${ref.name}`, error);
      }
    });
  }

  /** Of custom resources no merge patch of the scale looks at the UID; a test in a JSON patch does. */
  async #scaleCustom(path: string, ref: ObjectRef, replicas: number): Promise<KubeObject> {
    const body = [
      { op: "test", path: "/metadata/uid", value: ref.uid },
      { op: "add", path: "/spec/replicas", value: replicas },
    ];
    try {
      const contentType = "application/json-patch+json";
      return toKubeObject(await this.#connection.request({ method: "PATCH", path, query: WRITER, body, contentType }));
    } catch (error) {
      throw isTestFailed(error) ? this.#anotherLife(`scale ${ref.kind} ${ref.namespace}/${ref.name}`, ref) : error;
    }
  }

  async #post(
    resource: Resource,
    object: KubeObject,
    query: Readonly<Record<string, string | undefined>>,
    what: string,
  ): Promise<KubeObject> {
    const path = resourcePath(resource, { namespace: object.metadata.namespace });
    try {
      return toKubeObject(await this.#connection.request({ method: "POST", path, query, body: object }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // There is nothing to be 404 but the namespace or the kind.
      if (error.status === 404) throw refusal(this.#cluster, what, error);
      if (error.reason !== "AlreadyExists") throw toDomainError(this.#cluster, what, error);
    }
    return this.#adopt(resource, object, query["dryRun"] !== undefined, what);
  }

  /** The name exists. Success only for what an earlier try of the same request has made. */
  async #adopt(resource: Resource, wanted: KubeObject, isDryRun: boolean, what: string): Promise<KubeObject> {
    const { namespace, name } = wanted.metadata;
    let live: KubeObject;
    try {
      const path = resourcePath(resource, { namespace, name });
      live = toKubeObject(await this.#connection.request({ method: "GET", path }));
    } catch (error) {
      throw toDomainError(this.#cluster, what, error);
    }
    const params = { cluster: this.#cluster, kind: wanted.kind, namespace: namespace ?? "", name };
    const isSameLabel = (label: string): boolean => live.metadata.labels?.[label] === wanted.metadata.labels?.[label];
    const isLabelled = [LABEL.set, LABEL.groupIndex, LABEL.role, LABEL.managedBy].every(isSameLabel);
    if (!isLabelled && !isDryRun && isOursByMore(live, wanted)) return this.#relabel(resource, live, wanted, what);
    if (!isLabelled) {
      throw new DomainError(
        "cluster.name-conflict",
        `${wanted.kind} ${namespace}/${name} exists in cluster ${this.#cluster} and is not part of this set${madeBy(live)}. Delete or rename it, or rename the set.`,
        { params },
      );
    }
    const setIdOf = (object: KubeObject): string | undefined => object.metadata.annotations?.[ANNOTATION.setId];
    if (setIdOf(wanted) !== undefined && setIdOf(live) !== setIdOf(wanted)) {
      throw new DomainError(
        "cluster.name-conflict",
        `${wanted.kind} ${namespace}/${name} in cluster ${this.#cluster} belongs to another OpenPatio (or to an earlier database). Delete it there, or give this set another name.`,
        { params },
      );
    }
    if (isDryRun) return live;
    const isLeaving = live.metadata.deletionTimestamp !== undefined;
    if (
      isLeaving ||
      !isSameLabel(LABEL.incarnation) ||
      !isSameLabel(LABEL.roleRestart) ||
      ownerUid(live) !== ownerUid(wanted)
    ) {
      const why = isLeaving ? "is still being deleted" : "still exists from an earlier life of the group";
      throw new DomainError("cluster.conflict", `${wanted.kind} ${namespace}/${name} ${why}.`, {
        params,
        retry: "backoff",
      });
    }
    return live;
  }

  /** Somebody took our labels away from an object of this very life: they are put back, and nothing else. */
  async #relabel(resource: Resource, live: KubeObject, wanted: KubeObject, what: string): Promise<KubeObject> {
    const { namespace, name, uid, resourceVersion } = live.metadata;
    try {
      const path = resourcePath(resource, { namespace, name });
      return await this.#patch(path, { metadata: { uid, resourceVersion, labels: wanted.metadata.labels } });
    } catch (error) {
      throw toDomainError(this.#cluster, what, error);
    }
  }

  async #patch(path: string, body: unknown): Promise<KubeObject> {
    const contentType = "application/merge-patch+json";
    return toKubeObject(await this.#connection.request({ method: "PATCH", path, query: WRITER, body, contentType }));
  }

  /** Runs a write and gives its answer to the cache. */
  async #feed(
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    write: () => Promise<Exclude<WriteAnswer, null>>,
  ): Promise<void> {
    const watched = watchedKindOf(apiVersion, kind);
    if (watched === undefined) {
      await write();
      return;
    }
    const store = this.#cache.store(watched);
    await this.#inTurn(watched, namespace, name, async () => {
      let answer: WriteAnswer = null;
      store.beginWrite(namespace, name);
      try {
        answer = await write();
      } finally {
        store.endWrite(namespace, name, answer);
      }
    });
  }

  async #inTurn(kind: string, namespace: string, name: string, write: () => Promise<void>): Promise<void> {
    const key = `${kind}/${namespace}/${name}`;
    const before = this.#lastByObject.get(key) ?? Promise.resolve();
    const turn = before.then(write, write);
    this.#lastByObject.set(key, turn);
    try {
      await turn;
    } finally {
      if (this.#lastByObject.get(key) === turn) this.#lastByObject.delete(key);
    }
  }

  /** A 404 and a UID mismatch both say that the life we meant is over. */
  #goneBy(error: unknown, ref: ObjectRef): WriteAnswer {
    const isGone = error instanceof ApiError && (error.status === 404 || isUidMismatch(error));
    return isGone ? { goneUid: ref.uid } : null;
  }

  #anotherLife(what: string, ref: ObjectRef): DomainError {
    return new DomainError(
      "cluster.conflict",
      `Cluster ${this.#cluster} could not ${what}: another object has its name now.`,
      { params: { cluster: this.#cluster, kind: ref.kind, name: ref.name }, retry: "backoff" },
    );
  }

  #resource(apiVersion: string, kind: string): Resource {
    const resource = findResource(apiVersion, kind);
    if (resource === undefined) throw new Error(`no kind ${apiVersion} ${kind} is written here`);
    return resource;
  }
}

const WRITER = { fieldManager: MANAGER };
/** Status writes of controllers come in bursts while a group starts. */
const UPDATE_ATTEMPTS = 5;

const isChangedMeanwhile = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 409 && !isUidMismatch(error);

/** As the API server does it: a changed spec is the next generation, which no controller has observed yet. */
function withReplicas(workload: ObservedWorkload, replicas: number): ObservedWorkload {
  return workload.replicas === replicas ? workload : { ...workload, replicas, generation: workload.generation + 1 };
}

/** Some kinds answer a finished deletion with a Status, some with the object: only finalizers or a grace period keep it. */
export function isKept(answer: unknown): answer is KubeObject {
  const metadata = (answer as KubeObject | null)?.metadata;
  if (metadata?.deletionTimestamp === undefined) return false;
  return (metadata.finalizers ?? []).length > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
}

const ownerUid = (object: KubeObject): string | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid;

/** By its owner, or by the id of the set on it. Of a workload also its selector, which nobody can change, is of this life. */
function isOursByMore(live: KubeObject, wanted: KubeObject): boolean {
  if (live.metadata.deletionTimestamp !== undefined) return false;
  const selectorOf = (object: KubeObject): unknown => fields(fields(object["spec"])["selector"])["matchLabels"];
  if (canonicalJson(selectorOf(live) ?? null) !== canonicalJson(selectorOf(wanted) ?? null)) return false;
  const setId = wanted.metadata.annotations?.[ANNOTATION.setId];
  const isOwned = ownerUid(wanted) !== undefined && ownerUid(live) === ownerUid(wanted);
  return isOwned || (setId !== undefined && live.metadata.annotations?.[ANNOTATION.setId] === setId);
}

function madeBy(live: KubeObject): string {
  const manager = fields(live.metadata.managedFields?.[0])["manager"];
  return typeof manager === "string" ? ` (made by ${manager})` : "";
}
