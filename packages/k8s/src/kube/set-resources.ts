import { createHash } from "node:crypto";
import { DomainError } from "@openpatio/core/errors";
import { ANNOTATION, fields, type KubeObject, MANAGER, records } from "@openpatio/core/model";
import type { ObjectRef } from "@openpatio/core/plan";
import type { ClusterChange, ClusterEventDraft, JsonEdit, SetResourcePort } from "@openpatio/core/ports";
import { ApiError, isTestFailed, isUidMismatch, toDomainError } from "./api-error.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import { ObjectStore, type WriteAnswer } from "./object-store.ts";
import { EVENT, resourcePath, SET } from "./resources.ts";
import type { WatchReceiver } from "./watch-supervisor.ts";
import { isKept } from "./writes.ts";

/**
 * The RoleBasedGroupSets of one cluster: a cache that is fed by a watch and by the answers to our own writes, and those
 * writes. The definition may be missing, or be installed later: the cluster is `live` without it, and has no sets then.
 */
export class SetResources implements SetResourcePort {
  readonly #cluster: string;
  readonly #connection: ApiConnection;
  readonly #onChange: (change: ClusterChange) => void;
  readonly #sets: ObjectStore<KubeObject>;
  readonly #strays: ObjectStore<KubeObject>;
  #isListed = false;

  constructor(options: {
    readonly cluster: string;
    readonly connection: ApiConnection;
    readonly nowMs: () => number;
    readonly onChange: (change: ClusterChange) => void;
  }) {
    this.#cluster = options.cluster;
    this.#connection = options.connection;
    this.#onChange = options.onChange;
    const { nowMs } = options;
    this.#sets = new ObjectStore({
      trim: withoutOwnedFields,
      onChange: (before, after) => {
        const { namespace = "", name } = (after ?? before)?.metadata ?? { name: "" };
        this.#onChange({ kind: "resource", namespace, name });
      },
      nowMs,
    });
    this.#strays = new ObjectStore({
      trim: (object) => (isMadeByHand(object) ? withoutOwnedFields(object) : null),
      onChange: () => this.#onChange({ kind: "resources" }),
      nowMs,
    });
  }

  readonly receiver: WatchReceiver = {
    onListBegin: () => this.#sets.beginList(),
    onList: (objects, beganAt) => {
      this.#sets.replaceAll(objects, beganAt);
      this.#isListed = true;
      this.#onChange({ kind: "resources" });
    },
    onEvent: (type, object) => this.#sets.applyEvent(type, object),
    onState: () => {},
  };

  /** What the watch of RoleBasedGroups brings, as well: the ones that are not ours. */
  readonly straysReceiver: Pick<WatchReceiver, "onList" | "onEvent"> = {
    onList: (objects) => this.#strays.replaceAll(objects, this.#strays.beginList()),
    onEvent: (type, object) => this.#strays.applyEvent(type, object),
  };

  sweep(): void {
    this.#sets.sweep();
    this.#strays.sweep();
  }

  isListed(): boolean {
    return this.#isListed;
  }

  get(namespace: string, name: string): KubeObject | null {
    return this.#sets.get(namespace, name);
  }

  all(): readonly KubeObject[] {
    return this.#sets.values();
  }

  async read(namespace: string, name: string): Promise<KubeObject | null> {
    try {
      const path = resourcePath(SET, { namespace, name });
      return toKubeObject(await this.#connection.request({ method: "GET", path }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw toDomainError(this.#cluster, `read ${SET.kind} ${namespace}/${name}`, error);
    }
  }

  strayGroups(): readonly KubeObject[] {
    return this.#strays.values();
  }

  patch(object: KubeObject, patch: Readonly<Record<string, unknown>>, manager: string): Promise<KubeObject> {
    const { uid, resourceVersion } = object.metadata;
    const body = { ...patch, metadata: { ...fields(patch["metadata"]), uid, resourceVersion } };
    return this.#write("PATCH", object, body, { manager, contentType: "application/merge-patch+json" });
  }

  replace(object: KubeObject, manager: string): Promise<KubeObject> {
    return this.#write("PUT", object, object, { manager });
  }

  edit(ref: ObjectRef, edits: readonly JsonEdit[], manager: string): Promise<KubeObject> {
    const body = [{ op: "test", path: "/metadata/uid", value: ref.uid }, ...edits];
    const { apiVersion, kind, namespace, name } = ref;
    return this.#write("PATCH", { apiVersion, kind, metadata: { namespace, name } }, body, {
      manager,
      contentType: "application/json-patch+json",
    });
  }

  async delete(ref: ObjectRef): Promise<void> {
    const { namespace, name, uid } = ref;
    const path = resourcePath(SET, ref);
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
    this.#sets.beginWrite(namespace, name);
    let answer: WriteAnswer = null;
    try {
      const left = await this.#connection.request({ method: "DELETE", path, body });
      answer = isKept(left) ? { object: left } : { goneUid: uid };
    } catch (error) {
      // Gone, or made anew since: the one that was meant is no more.
      if (!(error instanceof ApiError && (error.status === 404 || isUidMismatch(error))))
        throw toDomainError(this.#cluster, `delete ${SET.kind} ${namespace}/${name}`, error);
      answer = { goneUid: uid };
    } finally {
      this.#sets.endWrite(namespace, name, answer);
    }
  }

  async tell(event: ClusterEventDraft): Promise<void> {
    const { about, type, reason, atMs } = event;
    const message = event.message.slice(0, MAX_EVENT_MESSAGE);
    const words = createHash("sha256").update([about.uid, type, reason, message].join("\n")).digest("hex").slice(0, 16);
    const name = `${about.name}.${words}`;
    const at = new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
    const { apiVersion, kind, namespace, uid } = about;
    const body = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace, name },
      involvedObject: { apiVersion, kind, namespace, name: about.name, uid },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component: MANAGER },
    };
    try {
      await this.#createEvent(namespace, body);
    } catch (error) {
      throw toDomainError(this.#cluster, `tell about ${kind} ${namespace}/${about.name}`, error);
    }
  }

  async #createEvent(namespace: string, body: KubeObject): Promise<void> {
    const query = { fieldManager: MANAGER };
    try {
      await this.#connection.request({ method: "POST", path: resourcePath(EVENT, { namespace }), query, body });
      return;
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
    }
    const path = resourcePath(EVENT, { namespace, name: body.metadata.name });
    const known = await this.#connection.request({ method: "GET", path });
    const count = typeof known["count"] === "number" ? known["count"] + 1 : 2;
    await this.#connection.request({
      method: "PATCH",
      path,
      query,
      contentType: "application/merge-patch+json",
      body: { count, lastTimestamp: body["lastTimestamp"] },
    });
  }

  async #write(
    method: "PATCH" | "PUT",
    object: KubeObject,
    body: unknown,
    options: { readonly manager: string; readonly contentType?: string },
  ): Promise<KubeObject> {
    const { namespace = "", name } = object.metadata;
    const what = `change ${SET.kind} ${namespace}/${name}`;
    const query = { fieldManager: options.manager, ...(method === "PUT" ? { fieldValidation: "Strict" } : {}) };
    const about = options.contentType === undefined ? {} : { contentType: options.contentType };
    this.#sets.beginWrite(namespace, name);
    let answer: WriteAnswer = null;
    try {
      const path = resourcePath(SET, { namespace, name });
      const stored = toKubeObject(await this.#connection.request({ method, path, query, body, ...about }));
      // Without its last finalizer an object that was deleted is gone with this very write.
      const isGone = stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0;
      answer = isGone ? { goneUid: stored.metadata.uid ?? "" } : { object: stored };
      return stored;
    } catch (error) {
      if (Array.isArray(body) && isTestFailed(error)) {
        throw new DomainError(
          "cluster.conflict",
          `Cluster ${this.#cluster} could not ${what}: it was changed or made anew meanwhile.`,
          { params: { cluster: this.#cluster, name }, retry: "backoff" },
        );
      }
      throw toDomainError(this.#cluster, what, error);
    } finally {
      this.#sets.endWrite(namespace, name, answer);
    }
  }
}

/** Kubernetes takes no longer one. */
const MAX_EVENT_MESSAGE = 1024;

/** Ours carry the id of their set and the hash of what we sent; somebody may have taken one of them away. */
function isMadeByHand({ metadata: { annotations = {} } }: KubeObject): boolean {
  return annotations[ANNOTATION.setId] === undefined && annotations[ANNOTATION.contentHash] === undefined;
}

/** Who wrote is used, which fields is not: they are most of such an object. */
function withoutOwnedFields(object: KubeObject): KubeObject {
  const managedFields = records(object.metadata.managedFields).map((entry) =>
    Object.fromEntries(Object.entries(entry).filter(([key]) => key !== "fieldsV1")),
  );
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
