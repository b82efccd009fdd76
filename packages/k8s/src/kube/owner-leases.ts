import type { KubeObject } from "@openpatio/core/model";
import { LEASE_NAME, type OwnerLease, readLease } from "@openpatio/core/ownership";
import type { OwnerLeasePort } from "@openpatio/core/ports";
import { ApiError, toDomainError } from "./api-error.ts";
import { type ApiConnection, type ApiRequest, toKubeObject } from "./connection.ts";
import { LEASE, resourcePath } from "./resources.ts";

/** Shorter than the time for which a look at the Lease permits writes. */
const TIMEOUT_MS = 5_000;
const WRITER = { fieldManager: "openpatio-lease" };

/** The Leases by which a cluster belongs to a control plane. They are asked for, never watched: an answer says when it was true. */
export class OwnerLeases implements OwnerLeasePort {
  readonly #cluster: string;
  readonly #connection: ApiConnection;

  constructor(cluster: string, connection: ApiConnection) {
    this.#cluster = cluster;
    this.#connection = connection;
  }

  async read(namespace: string): Promise<OwnerLease | null> {
    try {
      return readLease(toKubeObject(await this.#send({ method: "GET", path: pathOf(namespace) })));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw this.#refused("read the Lease of its control plane", error);
    }
  }

  async list(): Promise<readonly OwnerLease[]> {
    const query = { fieldSelector: `metadata.name=${LEASE_NAME}` };
    try {
      const answer = await this.#send({ method: "GET", path: resourcePath(LEASE), query });
      return ((answer["items"] ?? []) as readonly KubeObject[]).map(readLease); // an API server's list
    } catch (error) {
      throw this.#refused("list the Leases of control planes", error);
    }
  }

  async create(object: KubeObject): Promise<boolean> {
    const path = resourcePath(LEASE, { namespace: object.metadata.namespace });
    try {
      await this.#send({ method: "POST", path, query: WRITER, body: object });
      return true;
    } catch (error) {
      if (error instanceof ApiError && hasNoNamespace(error)) return false;
      throw this.#refused("create the Lease of its control plane", error);
    }
  }

  async replace(object: KubeObject): Promise<void> {
    try {
      await this.#send({ method: "PUT", path: pathOf(object.metadata.namespace), query: WRITER, body: object });
    } catch (error) {
      throw this.#refused("renew the Lease of its control plane", error);
    }
  }

  async delete({ namespace, uid, version }: OwnerLease): Promise<void> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion: version } };
    try {
      await this.#send({ method: "DELETE", path: pathOf(namespace), body });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
      throw this.#refused("remove the Lease of its control plane", error);
    }
  }

  #send(request: ApiRequest) {
    return this.#connection.request({ ...request, isLease: true, isUrgent: true, timeoutMs: TIMEOUT_MS });
  }

  #refused(what: string, error: unknown): unknown {
    return toDomainError(this.#cluster, what, error);
  }
}

const pathOf = (namespace: string | undefined): string => resourcePath(LEASE, { namespace, name: LEASE_NAME });

/** It does not exist, or is on its way out. */
const hasNoNamespace = ({ status, causes }: ApiError): boolean =>
  status === 404 || causes.some(({ reason }) => reason === "NamespaceTerminating");
