import type { Controller, ControllerContext } from "./context.ts";
import { everyResource } from "./garbage-collector.ts";
import { isTerminating } from "./objects.ts";
import { BUILTIN_RESOURCES } from "../store-resources.ts";

/** Namespaces get their default service account, and are emptied before they go. */
export function createNamespaceController(context: ControllerContext): Controller {
  const { api } = context;
  const queue = context.queue("namespace-controller", reconcile);
  const clusterScoped = new Set(BUILTIN_RESOURCES.filter(({ namespaced }) => !namespaced).map(({ id }) => id));

  function reconcile(name: string): undefined {
    const namespace = api.get("namespaces", undefined, name);
    if (namespace === undefined) return;
    if (!isTerminating(namespace)) {
      if (api.get("serviceaccounts", name, "default") === undefined) {
        const metadata = { name: "default", namespace: name };
        api.create("serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata });
      }
      return;
    }
    let isEmpty = true;
    for (const resource of everyResource(context)) {
      if (clusterScoped.has(resource)) continue;
      for (const { metadata } of api.list(resource, { namespace: name })) {
        if (metadata.deletionTimestamp === undefined) api.delete(resource, name, metadata.name);
        isEmpty &&= api.get(resource, name, metadata.name) === undefined;
      }
    }
    if (isEmpty) finalize(name);
  }

  /** A namespace goes when its own finalizers are empty. */
  function finalize(name: string): void {
    api.patch("namespaces", undefined, name, { spec: { finalizers: [] } });
    if (api.get("namespaces", undefined, name) !== undefined) api.delete("namespaces", undefined, name);
  }

  return {
    observe({ type, resource, object }) {
      if (resource === "namespaces" && type !== "DELETED") {
        queue.add(object.metadata.name);
      } else if (type === "DELETED" && object.metadata.namespace !== undefined) {
        const namespace = api.get("namespaces", undefined, object.metadata.namespace);
        const isNeeded = resource === "serviceaccounts" && object.metadata.name === "default";
        if (namespace !== undefined && (isTerminating(namespace) || isNeeded)) queue.add(namespace.metadata.name);
      }
    },
    start() {
      for (const namespace of api.list("namespaces")) queue.add(namespace.metadata.name);
    },
    stop: queue.stop,
  };
}
