import type { Controller, ControllerContext } from "./context.ts";
import { everyResource } from "./garbage-collector.ts";
import { isTerminating } from "./objects.ts";

/** Namespaces get their default service account, and are emptied before they go. */
export function createNamespaceController(context: ControllerContext): Controller {
  const { api } = context;
  const queue = context.queue("namespace-controller", reconcile);

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
      for (const { metadata } of api.list(resource, { namespace: name })) {
        if (metadata.deletionTimestamp === undefined) api.delete(resource, name, metadata.name);
        isEmpty &&= api.get(resource, name, metadata.name) === undefined;
      }
    }
    // The finalizer `kubernetes` in the spec is what holds an empty namespace.
    if (isEmpty) api.patch("namespaces", undefined, name, { spec: { finalizers: [] } });
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
