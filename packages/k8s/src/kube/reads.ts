import { DomainError } from "@openpatio/core/errors";
import { fields, type KubeObject, records } from "@openpatio/core/model";
import type { CancelSignal, ClusterEvent, LogRequest } from "@openpatio/core/ports";
import { ApiError, toDomainError } from "./api-error.ts";
import { type ApiConnection, toKubeObject } from "./connection.ts";
import { findResource, POD, type Resource, resourcePath } from "./resources.ts";
import { textOf, timeOf } from "./trim.ts";

/** What is asked of the API server when somebody looks: one object, its events, a pod's log. */
export class ClusterReads {
  readonly #cluster: string;
  readonly #connection: ApiConnection;

  constructor(options: { readonly cluster: string; readonly connection: ApiConnection }) {
    this.#cluster = options.cluster;
    this.#connection = options.connection;
  }

  async read(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | null> {
    const what = `read ${kind} ${namespace}/${name}`;
    if (kind === "Secret") {
      throw new DomainError("cluster.refused", "Secrets are never read. Use kubectl for them.", {
        params: { cluster: this.#cluster, what },
      });
    }
    const resource = findResource(apiVersion, kind) ?? (await this.#discover(apiVersion, kind, what));
    try {
      const path = resourcePath(resource, { namespace, name });
      const object = toKubeObject(await this.#connection.request({ method: "GET", path }));
      const { managedFields: _, ...metadata } = object.metadata;
      return { ...object, metadata };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw toDomainError(this.#cluster, what, error);
    }
  }

  async exists(apiVersion: string, kind: string, namespace: string, name: string): Promise<boolean> {
    const what = `look for ${kind} ${name}`;
    const resource =
      kind === "Secret" ? SECRET : (findResource(apiVersion, kind) ?? (await this.#discover(apiVersion, kind, what)));
    try {
      const path = resourcePath(resource, { namespace, name });
      await this.#connection.request({ method: "GET", path, accept: METADATA_ONLY });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw toDomainError(this.#cluster, what, error);
    }
  }

  /** Newest last. */
  async events(namespace: string, involvedName: string): Promise<readonly ClusterEvent[]> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const query = { fieldSelector: `involvedObject.name=${involvedName}`, limit: 500 };
    try {
      const list = fields(await this.#connection.request({ method: "GET", path, query }));
      return records(list["items"])
        .map(trimEvent)
        .sort((a, b) => (a.lastAtMs ?? 0) - (b.lastAtMs ?? 0));
    } catch (error) {
      throw toDomainError(this.#cluster, `list events of ${namespace}/${involvedName}`, error);
    }
  }

  /** Errors: `pod.not-found`; `cluster.refused` when there is no log (yet), in the server's words. */
  async *logs(request: LogRequest, cancel: CancelSignal): AsyncGenerator<string, void, undefined> {
    const { namespace, pod, container, follow, previous, tailLines } = request;
    const abort = new AbortController();
    if (cancel.aborted) return;
    cancel.addEventListener("abort", () => abort.abort());
    const path = resourcePath(POD, { namespace, name: pod, subresource: "log" });
    const query = {
      container: container ?? undefined,
      follow: follow || undefined,
      previous: previous || undefined,
      tailLines: tailLines ?? undefined,
    };
    try {
      // A log that is followed may be silent for as long as it likes.
      yield* this.#connection.stream(path, query, {
        signal: abort.signal,
        silenceMs: follow ? null : LOG_SILENCE_MS,
        keepsLastPart: true,
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        throw new DomainError("pod.not-found", `There is no pod ${namespace}/${pod} in cluster ${this.#cluster}.`, {
          params: { cluster: this.#cluster, namespace, pod },
          cause: error,
        });
      }
      throw toDomainError(this.#cluster, `read the log of ${namespace}/${pod}`, error);
    } finally {
      abort.abort();
    }
  }

  async #discover(apiVersion: string, kind: string, what: string): Promise<Resource> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    try {
      const list = fields(await this.#connection.request({ method: "GET", path }));
      const found = records(list["resources"]).find(
        (one) => one["kind"] === kind && !textOf(one["name"])?.includes("/"),
      );
      if (found !== undefined) {
        return { apiVersion, kind, plural: textOf(found["name"]) ?? "", isNamespaced: found["namespaced"] === true };
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw toDomainError(this.#cluster, what, error);
    }
    throw new DomainError("cluster.refused", `Cluster ${this.#cluster} has no kind ${kind} in ${apiVersion}.`, {
      params: { cluster: this.#cluster, what },
    });
  }
}

/** Not among the kinds that may be read. */
const SECRET: Resource = { apiVersion: "v1", kind: "Secret", plural: "secrets", isNamespaced: true };
/** No fallback to the whole object: a server that does not know this form must refuse rather than send a Secret. */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

const LOG_SILENCE_MS = 10_000;

/** Recorders of the older and of the newer event API fill in different fields. */
function trimEvent(event: Readonly<Record<string, unknown>>): ClusterEvent {
  const involved = fields(event["involvedObject"]);
  const series = fields(event["series"]);
  const firstAtMs = timeOf(event["firstTimestamp"]) ?? timeOf(event["eventTime"]);
  const count = series["count"] ?? event["count"];
  return {
    type: textOf(event["type"]) ?? "Normal",
    reason: textOf(event["reason"]) ?? "",
    message: textOf(event["message"]) ?? "",
    object: `${textOf(involved["kind"]) ?? ""}/${textOf(involved["name"]) ?? ""}`,
    count: typeof count === "number" ? count : 1,
    firstAtMs,
    lastAtMs: timeOf(series["lastObservedTime"]) ?? timeOf(event["lastTimestamp"]) ?? firstAtMs,
  };
}
