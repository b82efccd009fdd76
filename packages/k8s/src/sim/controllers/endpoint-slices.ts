import { canonicalJson, compareText, type KubeObject } from "@openpatio/core/model";
import type { Controller, ControllerContext } from "./context.ts";
import {
  byName,
  controllerReference,
  isPodReady,
  isTerminal,
  isTerminating,
  keyOf,
  type Node,
  type Pod,
  type Service,
  splitKey,
  typed,
} from "./objects.ts";
import { matchesLabels } from "./selector.ts";
import { safeSuffix } from "./timing.ts";

const RESOURCE = "endpointslices.discovery.k8s.io";
const MAX_ENDPOINTS = 100;
const MANAGED_BY = "endpointslice-controller.k8s.io";

type Port = { readonly name: string; readonly port?: number; readonly protocol: string; readonly appProtocol?: string };

/** Publishes the addresses of the pods behind each Service that has a selector. */
export function createEndpointSliceController(context: ControllerContext): Controller {
  const { api } = context;
  const queue = context.queue("endpoint-slice-controller", reconcile);

  function reconcile(key: string): undefined {
    const object = api.get("services", ...splitKey(key));
    // Slices of a deleted service go by their owner reference.
    if (object === undefined || isTerminating(object)) return;
    const service = typed<Service>(object);
    const { selector } = service.spec;
    if (selector === undefined || Object.keys(selector).length === 0) return;
    const { namespace = "", name } = service.metadata;
    const pods = api
      .list("pods", { namespace, labels: selector })
      .map((pod) => typed<Pod>(pod))
      .filter((pod) => pod.status?.podIP !== undefined && !isTerminal(pod))
      .toSorted(byName);
    const wanted = toSlices(service, pods);
    const present = api
      .list(RESOURCE, { namespace, labels: { "kubernetes.io/service-name": name } })
      .filter(({ metadata }) => metadata.labels?.["endpointslice.kubernetes.io/managed-by"] === MANAGED_BY)
      .toSorted(byName);
    for (const slice of wanted) {
      const before = present.find(({ metadata }) => metadata.name === slice.metadata.name);
      if (before === undefined) api.create(RESOURCE, slice);
      else if (factsOf(before) !== factsOf(slice)) api.update(RESOURCE, { ...before, ...contentOf(slice) });
    }
    for (const { metadata } of present) {
      if (!wanted.some((slice) => slice.metadata.name === metadata.name))
        api.delete(RESOURCE, namespace, metadata.name);
    }
  }

  function toSlices(service: Service, pods: readonly Pod[]): readonly KubeObject[] {
    // Named target ports may differ between pods: one set of slices per resulting port list.
    const groups = new Map<string, { readonly ports: readonly Port[]; readonly pods: Pod[] }>();
    for (const pod of pods) {
      const ports = portsFor(service, pod);
      const id = canonicalJson(ports);
      const group = groups.get(id) ?? { ports, pods: [] };
      group.pods.push(pod);
      groups.set(id, group);
    }
    if (groups.size === 0) groups.set("", { ports: [], pods: [] });
    return [...groups]
      .toSorted(([a], [b]) => compareText(a, b))
      .flatMap(([id, group]) =>
        Array.from({ length: Math.max(1, Math.ceil(group.pods.length / MAX_ENDPOINTS)) }, (_, page) =>
          toSlice(
            service,
            group.ports,
            group.pods.slice(page * MAX_ENDPOINTS, (page + 1) * MAX_ENDPOINTS),
            `${id}/${page}`,
          ),
        ),
      );
  }

  function toSlice(service: Service, ports: readonly Port[], pods: readonly Pod[], id: string): KubeObject {
    const { namespace = "", name, labels } = service.metadata;
    return {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${name}-${safeSuffix(`${service.metadata.uid}/${id}`, 5)}`,
        generateName: `${name}-`,
        namespace,
        labels: {
          ...labels,
          "kubernetes.io/service-name": name,
          "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
          ...(service.spec.clusterIP === "None" ? { "service.kubernetes.io/headless": "" } : {}),
        },
        ownerReferences: [controllerReference(service)],
      },
      addressType: "IPv4",
      endpoints: pods.map((pod) => toEndpoint(service, pod)),
      ports,
    };
  }

  function toEndpoint(service: Service, pod: Pod): Readonly<Record<string, unknown>> {
    const isServing = isPodReady(pod);
    const terminating = isTerminating(pod);
    const ready = service.spec.publishNotReadyAddresses === true || (isServing && !terminating);
    const { hostname, subdomain, nodeName } = pod.spec;
    const isNamed = hostname !== undefined && subdomain === service.metadata.name;
    const node = nodeName === undefined ? undefined : api.get("nodes", undefined, nodeName);
    const zone = node === undefined ? undefined : typed<Node>(node).metadata.labels?.["topology.kubernetes.io/zone"];
    return {
      addresses: [pod.status?.podIP],
      conditions: { ready, serving: isServing, terminating },
      ...(isNamed ? { hostname } : {}),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(zone === undefined ? {} : { zone }),
      targetRef: { kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    };
  }

  function servicesOf(...pods: readonly (KubeObject | undefined)[]): void {
    const namespace = pods[0]?.metadata.namespace;
    if (namespace === undefined) return;
    for (const service of servicesIn(namespace)) {
      const { selector } = service.spec;
      if (selector === undefined || Object.keys(selector).length === 0) continue;
      if (pods.some((pod) => pod !== undefined && matchesLabels(selector, pod.metadata.labels)))
        queue.add(keyOf(service));
    }
  }

  /** Services by namespace, kept until one of them changes: pods change far more often. */
  const known = new Map<string, readonly Service[]>();
  function servicesIn(namespace: string): readonly Service[] {
    const services = known.get(namespace) ?? api.list("services", { namespace }).map((item) => typed<Service>(item));
    known.set(namespace, services);
    return services;
  }

  return {
    observe({ type, resource, object, previous }) {
      if (resource === "services") {
        known.delete(object.metadata.namespace ?? "");
        if (type !== "DELETED") queue.add(keyOf(object));
      } else if (resource === "pods") {
        if (servicesIn(object.metadata.namespace ?? "").length === 0) return;
        if (previous === undefined || type === "DELETED" || endpointFacts(object) !== endpointFacts(previous)) {
          servicesOf(object, previous);
        }
      } else if (resource === RESOURCE && type === "DELETED") {
        const service = object.metadata.labels?.["kubernetes.io/service-name"];
        if (service !== undefined) queue.add(`${object.metadata.namespace ?? ""}/${service}`);
      }
    },
    start() {
      for (const service of api.list("services")) queue.add(keyOf(service));
    },
    stop: queue.stop,
  };
}

function endpointFacts(object: KubeObject): string {
  const pod = typed<Pod>(object);
  return canonicalJson([
    pod.status?.podIP,
    pod.status?.phase,
    isPodReady(pod),
    isTerminating(pod),
    pod.metadata.labels,
  ]);
}

function portsFor(service: Service, pod: Pod): readonly Port[] {
  return (service.spec.ports ?? []).flatMap(({ name = "", port, targetPort, protocol = "TCP", appProtocol }) => {
    const number =
      typeof targetPort === "string" && targetPort !== "" ? namedPort(pod, targetPort) : targetPort || port;
    if (number === undefined) return [];
    return [{ name, port: Number(number), protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function namedPort(pod: Pod, wanted: string): number | undefined {
  return pod.spec.containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === wanted)?.containerPort;
}

function contentOf(slice: KubeObject): Readonly<Record<string, unknown>> {
  return { endpoints: slice["endpoints"] ?? [], ports: slice["ports"] ?? [] };
}

function factsOf(slice: KubeObject): string {
  return canonicalJson(contentOf(slice));
}
