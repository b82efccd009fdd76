import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { KubeObject } from "@openpatio/core/model";
import { parseKubeconfig } from "@openpatio/k8s";
import { ApiError, type Store } from "@openpatio/k8s/sim";

export type PodEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly pod: KubeObject };

/**
 * Everybody else who has to do with a cluster: kubectl, kubelets, somebody's script. Works also while the server under
 * test is cut off. Resources are `pods`, `statefulsets.apps`, …; all in the namespace of the scenario, save for nodes.
 */
export interface Kube {
  get(resource: string, name: string): Promise<KubeObject | null>;
  list(resource: string, labels?: Readonly<Record<string, string>>): Promise<readonly KubeObject[]>;
  create(resource: string, object: KubeObject): Promise<KubeObject>;
  /** JSON merge patch. */
  patch(resource: string, name: string, patch: Readonly<Record<string, unknown>>): Promise<void>;
  delete(resource: string, name: string, options?: { readonly isForced?: boolean }): Promise<void>;
  /** Every change of the pods in the namespace, in order. */
  watchPods(onEvent: (event: PodEvent) => void): Promise<() => void>;
  removeNamespace(): Promise<void>;
}

const CLUSTER_WIDE = new Set([
  "nodes",
  "namespaces",
  "persistentvolumes",
  "customresourcedefinitions.apiextensions.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "clusterrolebindings.rbac.authorization.k8s.io",
]);

/** Speaks to the sandbox's store, past its HTTP server. */
export function sandboxKube(api: Store, namespace: string): Kube {
  const within = (resource: string) => (CLUSTER_WIDE.has(resource) ? undefined : namespace);
  return {
    get: async (resource, name) => api.get(resource, within(resource), name) ?? null,
    list: async (resource, labels) =>
      api.list(resource, {
        ...(CLUSTER_WIDE.has(resource) ? {} : { namespace }),
        ...(labels === undefined ? {} : { labels }),
      }),
    create: async (resource, object) => api.create(resource, object),
    patch: async (resource, name, patch) => void api.patch(resource, within(resource), name, patch),
    delete: async (resource, name, options) => {
      try {
        const grace = options?.isForced === true ? { gracePeriodSeconds: 0 } : {};
        api.delete(resource, within(resource), name, { propagation: "Background", ...grace });
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 404)) throw error;
      }
    },
    watchPods: async (onEvent) =>
      api.subscribe(({ type, resource, object }) => {
        if (resource === "pods" && object.metadata.namespace === namespace) onEvent({ type, pod: object });
      }),
    removeNamespace: async () => {}, // It ends with the sandbox.
  };
}

/** Speaks HTTPS to the API server that a kubeconfig with a token names. */
export function httpKube(kubeconfigText: string, namespace: string): Kube {
  const { kubeconfig, server } = parseKubeconfig(kubeconfigText);
  const ca = Buffer.from(kubeconfig.getCurrentCluster()?.caData ?? "", "base64");
  const token = kubeconfig.getCurrentUser()?.token ?? "";

  const send = (method: string, path: string, body?: unknown, contentType = "application/json") => {
    const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body));
    // Node gives no length of its own to the body of a DELETE.
    const about = bytes === null ? {} : { "content-type": contentType, "content-length": bytes.length };
    const headers = { authorization: `Bearer ${token}`, ...about };
    return request(new URL(path, server), { method, ca, headers }).end(bytes ?? undefined);
  };

  const ask = async (method: string, path: string, body?: unknown, contentType?: string) => {
    const [response] = (await once(send(method, path, body, contentType), "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    if (response.statusCode === 404) return null;
    if ((response.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text) as KubeObject;
  };
  const found = (object: KubeObject | null, what: string): KubeObject => {
    if (object === null) throw new Error(`${what} does not exist`);
    return object;
  };
  const pathOf = (resource: string, name?: string): string => {
    const [plural = "", ...group] = resource.split(".");
    const version = group.join(".") === "openpatio.io" ? "v1alpha1" : "v1";
    const root = group.length === 0 ? "/api/v1" : `/apis/${group.join(".")}/${version}`;
    const scope = CLUSTER_WIDE.has(resource) ? "" : `/namespaces/${namespace}`;
    return `${root}${scope}/${plural}${name === undefined ? "" : `/${name}`}`;
  };

  return {
    get: (resource, name) => ask("GET", pathOf(resource, name)),
    async list(resource, labels = {}) {
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const path = `${pathOf(resource)}?labelSelector=${encodeURIComponent(selector.join(","))}`;
      return found(await ask("GET", path), resource)["items"] as readonly KubeObject[];
    },
    create: async (resource, object) => found(await ask("POST", pathOf(resource), object), resource),
    async patch(resource, name, patch) {
      found(await ask("PATCH", pathOf(resource, name), patch, "application/merge-patch+json"), `${resource}/${name}`);
    },
    async delete(resource, name, options) {
      const grace = options?.isForced === true ? { gracePeriodSeconds: 0 } : {};
      await ask("DELETE", pathOf(resource, name), { propagationPolicy: "Background", ...grace });
    },
    async watchPods(onEvent) {
      const list = found(await ask("GET", pathOf("pods")), "pods");
      const from = list.metadata.resourceVersion ?? "";
      const sent = send("GET", `${pathOf("pods")}?watch=1&timeoutSeconds=900&resourceVersion=${from}`);
      sent.on("error", () => {}); // Destroyed by us; scenarios that miss events fail by what they expect.
      sent.on("response", (response) => {
        let rest = "";
        response.on("error", () => {});
        response.setEncoding("utf8").on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const { type, object } = JSON.parse(line) as { type: PodEvent["type"]; object: KubeObject };
            onEvent({ type, pod: object });
          }
        });
      });
      return () => sent.destroy();
    },
    async removeNamespace() {
      await ask("DELETE", pathOf("namespaces", namespace));
      // No server is there any more to let go of what it holds.
      for (const resource of ["rolebasedgroupsets.openpatio.io", "rolebasedgroups.openpatio.io"]) {
        const { items } = found(await ask("GET", pathOf(resource)), resource) as unknown as { items: KubeObject[] };
        const path = ({ metadata }: KubeObject) => pathOf(resource, metadata.name);
        const patch = { metadata: { finalizers: null } };
        await Promise.all(items.map((item) => ask("PATCH", path(item), patch, "application/merge-patch+json")));
      }
    },
  };
}
