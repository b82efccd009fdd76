import { DomainError } from "@openpatio/core/errors";
import { fields, type KubeObject, MANAGER } from "@openpatio/core/model";
import { ApiError, toDomainError } from "./api-error.ts";
import type { ClusterCache } from "./cluster-cache.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import type { WriteAnswer } from "./object-store.ts";
import { NODE, POD, resourcePath } from "./resources.ts";
import { isKept } from "./writes.ts";

/** What an operator does by hand to nodes and pods: delete, evict, cordon, annotate. */
export class NodeAndPodActions {
  readonly #cluster: string;
  readonly #connection: ApiConnection;
  readonly #cache: ClusterCache;

  constructor(options: {
    readonly cluster: string;
    readonly connection: ApiConnection;
    readonly cache: ClusterCache;
  }) {
    this.#cluster = options.cluster;
    this.#connection = options.connection;
    this.#cache = options.cache;
  }

  /** With the UID that is shown at this moment: a pod that has just taken the name is another one. */
  async deletePod(namespace: string, pod: string, isForced: boolean): Promise<void> {
    const store = this.#cache.stores.pods;
    const uid = store.get(namespace, pod)?.uid;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      ...(isForced ? { gracePeriodSeconds: 0 } : {}),
    };
    let answer: WriteAnswer = null;
    store.beginWrite(namespace, pod);
    try {
      const path = resourcePath(POD, { namespace, name: pod });
      const left = await this.#connection.request({ method: "DELETE", path, body });
      if (isKept(left)) answer = { object: left };
      else if (uid !== undefined) answer = { goneUid: uid };
    } catch (error) {
      throw this.#podError(`delete pod ${namespace}/${pod}`, namespace, pod, error);
    } finally {
      store.endWrite(namespace, pod, answer);
    }
  }

  async annotatePod(
    namespace: string,
    pod: string,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const path = resourcePath(POD, { namespace, name: pod });
    try {
      await this.#mergePatch(path, { metadata: { annotations } });
    } catch (error) {
      throw this.#podError(`annotate pod ${namespace}/${pod}`, namespace, pod, error);
    }
  }

  async cordonNode(node: string, isCordoned: boolean): Promise<void> {
    const what = `${isCordoned ? "cordon" : "uncordon"} node ${node}`;
    const store = this.#cache.stores.nodes;
    let answer: WriteAnswer = null;
    store.beginWrite("", node);
    try {
      const path = resourcePath(NODE, { name: node });
      answer = { object: await this.#mergePatch(path, { spec: { unschedulable: isCordoned ? true : null } }) };
    } catch (error) {
      throw this.#notFoundIsRefused(what, error);
    } finally {
      store.endWrite("", node, answer);
    }
  }

  /**
   * Errors: `cluster.refused` (backoff) after evicting what could be evicted, naming the pods that a disruption budget
   * protects.
   */
  async drainNode(node: string): Promise<number> {
    await this.cordonNode(node, true);
    const what = `drain node ${node}`;
    let evicted = 0;
    const blocked: string[] = [];
    try {
      const query = { fieldSelector: `spec.nodeName=${node}` };
      const list = await this.#connection.request({ method: "GET", path: resourcePath(POD), query });
      const pods = fields(list)["items"] as readonly KubeObject[] | undefined;
      for (const pod of (pods ?? []).filter(isEvictable)) {
        const refused = await this.#evict(pod);
        if (refused === null) evicted += 1;
        else blocked.push(`${pod.metadata.namespace}/${pod.metadata.name}: ${refused}`);
      }
    } catch (error) {
      throw toDomainError(this.#cluster, what, error);
    }
    if (blocked.length > 0) {
      throw new DomainError(
        "cluster.refused",
        `Cordoned ${node} and evicted ${evicted} pods; ${blocked.length} are protected. ${blocked.join(" ")} Try again when others are Ready.`,
        { params: { cluster: this.#cluster, what, evicted, blocked: blocked.length }, retry: "backoff" },
      );
    }
    return evicted;
  }

  /** Null when it is evicted (or gone anyway), else why not. */
  async #evict(pod: KubeObject): Promise<string | null> {
    const { namespace, name, uid } = pod.metadata;
    const path = resourcePath(POD, { namespace, name, subresource: "eviction" });
    const body = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace, name },
      deleteOptions: { preconditions: { uid } },
    };
    try {
      await this.#connection.request({ method: "POST", path, body, isTooManyFinal: true });
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404 || error.status === 409) return null;
      if (error.status === 429) return error.causes[0]?.message ?? error.message;
      throw error;
    }
  }

  async #mergePatch(path: string, body: unknown): Promise<KubeObject> {
    const contentType = "application/merge-patch+json";
    const query = { fieldManager: MANAGER };
    return toKubeObject(await this.#connection.request({ method: "PATCH", path, query, body, contentType }));
  }

  #podError(what: string, namespace: string, pod: string, error: unknown): DomainError {
    if (error instanceof ApiError && (error.status === 404 || error.status === 409)) {
      return new DomainError(
        "pod.not-found",
        `There is no pod ${namespace}/${pod} in cluster ${this.#cluster} any more.`,
        {
          params: { cluster: this.#cluster, namespace, pod },
          cause: error,
        },
      );
    }
    return toDomainError(this.#cluster, what, error);
  }

  #notFoundIsRefused(what: string, error: unknown): DomainError {
    if (!(error instanceof ApiError) || error.status !== 404) return toDomainError(this.#cluster, what, error);
    const params = { cluster: this.#cluster, what, status: error.status };
    return new DomainError("cluster.refused", `Cluster ${this.#cluster} could not ${what}: ${error.message}`, {
      params,
      cause: error,
    });
  }
}

const MIRROR_POD = "kubernetes.io/config.mirror";

/** As kubectl drain --ignore-daemonsets: DaemonSet and static pods would come back on the same node. */
function isEvictable(pod: KubeObject): boolean {
  const phase = fields(pod["status"])["phase"];
  const isFinished = phase === "Succeeded" || phase === "Failed";
  const isOfDaemonSet = pod.metadata.ownerReferences?.some((owner) => owner.controller && owner.kind === "DaemonSet");
  return !isFinished && isOfDaemonSet !== true && pod.metadata.annotations?.[MIRROR_POD] === undefined;
}
