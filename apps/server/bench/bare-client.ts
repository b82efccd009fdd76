import { type KubeObject, LABEL } from "@openpatio/core/model";
import type { ApiClient } from "./api-client.ts";
import { creationsOf, manifestOf, type Subject } from "./subject.ts";

const COLLECTIONS: Readonly<Record<string, (namespace: string) => string>> = {
  RoleBasedGroup: (namespace) => `/apis/openpatio.io/v1alpha1/namespaces/${namespace}/rolebasedgroups`,
  ConfigMap: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  Service: (namespace) => `/api/v1/namespaces/${namespace}/services`,
  StatefulSet: (namespace) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
};

export function collection(kind: string, namespace: string): string {
  const path = COLLECTIONS[kind];
  if (path === undefined) throw new Error(`nothing is known of ${kind}`);
  return path(namespace);
}

/**
 * The limit: sends the same objects that the server sends, rendered beforehand, and decides nothing. A role that depends
 * on others is sent when their StatefulSets are as Ready as they should be, seen by a watch.
 */
export class BareClient {
  readonly #api: ApiClient;
  readonly #namespace: string;

  constructor(api: ApiClient, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** Renders now; the function that it gives back sends everything, and resolves when the last object is created. */
  prepare(subject: Subject, name: string): () => Promise<void> {
    const groups = creationsOf(subject, this.#namespace, name);
    const { roles } = manifestOf(subject, this.#namespace, name).spec.groupTemplate;
    const dependencies = new Map(roles.map((role) => [role.role, role.dependencies ?? []]));
    return async () => {
      const waiting = new Map<string, () => void>();
      const ready = new Set<string>();
      const unwatch = await this.#api.watch(collection("StatefulSet", this.#namespace), (_, { metadata, ...rest }) => {
        const { spec, status } = rest as unknown as StatefulSetNumbers;
        if ((status?.readyReplicas ?? 0) < spec.replicas) return;
        ready.add(metadata.name);
        waiting.get(metadata.name)?.();
      });
      const isReady = async (workload: string): Promise<void> => {
        if (!ready.has(workload)) await new Promise<void>((resolve) => waiting.set(workload, resolve));
      };
      await Promise.all(groups.map((objects, index) => this.#send(objects, `${name}-${index}`, dependencies, isReady)));
      unwatch();
    };
  }

  async #send(
    objects: readonly KubeObject[],
    group: string,
    dependencies: ReadonlyMap<string, readonly string[]>,
    isReady: (workload: string) => Promise<void>,
  ): Promise<void> {
    const [owner, ...rest] = objects;
    if (owner?.kind !== "RoleBasedGroup") throw new Error("the owner comes first");
    // Its finalizer is the server's to take off; here nobody would.
    const { finalizers: _, ...metadata } = owner.metadata;
    const { uid } = (await this.#create({ ...owner, metadata })).metadata;
    const started = new Map<string, Promise<void>>();
    const sent = rest.map(async (object) => {
      const ownerReferences = object.metadata.ownerReferences?.map((reference) => ({ ...reference, uid }));
      const owned = { ...object, metadata: { ...object.metadata, ownerReferences } } as KubeObject;
      const needs = dependencies.get(object.kind === "StatefulSet" ? (object.metadata.labels?.[LABEL.role] ?? "") : "");
      for (const role of needs ?? []) await once(started, `${group}-${role}`, isReady);
      await this.#create(owned);
    });
    await Promise.all(sent);
  }

  #create(object: KubeObject): Promise<KubeObject> {
    return this.#api.json("POST", collection(object.kind, this.#namespace), object);
  }
}

type StatefulSetNumbers = {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly readyReplicas?: number };
};

/** Two roles may wait for the same one. */
function once(
  started: Map<string, Promise<void>>,
  workload: string,
  isReady: (workload: string) => Promise<void>,
): Promise<void> {
  const known = started.get(workload) ?? isReady(workload);
  started.set(workload, known);
  return known;
}
