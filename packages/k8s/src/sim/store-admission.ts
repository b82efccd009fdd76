/** What the built-in admission plugins and registries of the API server add to an object. */
import type { SimApi } from "./api.ts";
import { forbidden, invalid } from "./status.ts";
import { childOf, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import { admitByQuota } from "./store-quota.ts";
import type { ResourceDefinition } from "./store-resources.ts";

type Reader = Pick<SimApi, "get" | "list">;

/** The status that a new object starts with; what the client sent for it does not count. */
export function prepareStatus(definition: ResourceDefinition, object: MutableObject): void {
  switch (definition.id) {
    case "pods":
      object["status"] = { phase: "Pending", qosClass: qosClassOf(childOf(object, "spec")) };
      return;
    case "namespaces":
      object["status"] = { phase: "Active" };
      return;
    case "persistentvolumeclaims":
    case "persistentvolumes":
      object["status"] = { phase: "Pending" };
      return;
    case "services":
      object["status"] = { loadBalancer: {} };
      return;
    case "statefulsets.apps":
      object["status"] = { replicas: 0, availableReplicas: 0 };
      return;
    case "replicasets.apps":
      object["status"] = { replicas: 0 };
      return;
    case "deployments.apps":
    case "resourcequotas":
      object["status"] = {};
      return;
    case "nodes":
      return;
    default:
      if (definition.hasStatus) delete object["status"];
  }
}

/** Status counts that Go leaves out when they are zero, and those that it always writes. */
const STATUS_COUNTS: Readonly<
  Record<string, { readonly optional: readonly string[]; readonly always: readonly string[] }>
> = {
  "statefulsets.apps": {
    optional: ["observedGeneration", "readyReplicas", "currentReplicas", "updatedReplicas"],
    always: ["replicas", "availableReplicas"],
  },
  "deployments.apps": {
    optional: [
      "observedGeneration",
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "unavailableReplicas",
    ],
    always: [],
  },
  "replicasets.apps": {
    optional: ["observedGeneration", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    always: ["replicas"],
  },
};

export function normalizeStatus(definition: ResourceDefinition, object: MutableObject): void {
  const counts = STATUS_COUNTS[definition.id];
  const status = object["status"];
  if (counts === undefined || !isObject(status)) return;
  for (const key of counts.optional) if (status[key] === 0) delete status[key];
  for (const key of counts.always) status[key] ??= 0;
}

/** What the registry of a kind sets at creation, whatever the client sent. */
export function prepareSpec(definition: ResourceDefinition, object: MutableObject): void {
  if (definition.id === "namespaces") childOf(object, "spec")["finalizers"] = ["kubernetes"];
  if (definition.id === "persistentvolumeclaims") {
    const metadata = childOf(object, "metadata");
    const finalizers = Array.isArray(metadata["finalizers"]) ? metadata["finalizers"] : [];
    metadata["finalizers"] = [...new Set([...finalizers, "kubernetes.io/pvc-protection"])];
  }
}

/** Guaranteed, Burstable or BestEffort, from cpu and memory of all containers. */
function qosClassOf(spec: MutableObject): string {
  const containers = [...objectsOf(spec["containers"]), ...objectsOf(spec["initContainers"])];
  const COUNTED = ["cpu", "memory"];
  let isGuaranteed = containers.length > 0;
  let isAny = false;
  for (const container of containers) {
    const resources = isObject(container["resources"]) ? container["resources"] : {};
    const requests = isObject(resources["requests"]) ? resources["requests"] : {};
    const limits = isObject(resources["limits"]) ? resources["limits"] : {};
    for (const name of COUNTED) {
      if (requests[name] !== undefined || limits[name] !== undefined) isAny = true;
      if (limits[name] === undefined || (requests[name] ?? limits[name]) !== limits[name]) isGuaranteed = false;
    }
  }
  if (!isAny) return "BestEffort";
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** Errors: 403 when a pod names a ServiceAccount or PriorityClass that does not exist, or is more than a quota allows. */
export function admitCreate(
  definition: ResourceDefinition,
  object: MutableObject,
  store: Reader,
  tolerationSeconds: number,
): void {
  if (definition.id === "pods") admitPod(definition, object, store, tolerationSeconds);
  if (definition.id === "persistentvolumeclaims") {
    const spec = childOf(object, "spec");
    const fallback = store
      .list("storageclasses.storage.k8s.io")
      .find((one) => one.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true");
    if (spec["storageClassName"] === undefined && fallback !== undefined)
      spec["storageClassName"] = fallback.metadata.name;
  }
}

function admitPod(definition: ResourceDefinition, pod: MutableObject, store: Reader, tolerationSeconds: number): void {
  const spec = childOf(pod, "spec");
  const metadata = childOf(pod, "metadata");
  const namespace = textOf(metadata["namespace"]);
  const name = textOf(metadata["name"]);
  const account =
    typeof spec["serviceAccountName"] === "string" && spec["serviceAccountName"] !== ""
      ? spec["serviceAccountName"]
      : "default";
  spec["serviceAccountName"] = account;
  spec["serviceAccount"] = account;
  if (store.get("serviceaccounts", namespace, account) === undefined) {
    throw forbidden(
      definition,
      name,
      `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`,
    );
  }
  admitPriority(definition, spec, name, store);
  const runtimeClass = spec["runtimeClassName"];
  if (
    typeof runtimeClass === "string" &&
    store.get("runtimeclasses.node.k8s.io", undefined, runtimeClass) === undefined
  ) {
    throw forbidden(definition, name, `pod rejected: RuntimeClass ${JSON.stringify(runtimeClass)} not found`);
  }
  const tolerations = objectsOf(spec["tolerations"]);
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) =>
      !tolerations.some(
        (one) =>
          (one["key"] === key || (one["key"] === undefined && one["operator"] === "Exists")) &&
          (one["effect"] === undefined || one["effect"] === "NoExecute"),
      ),
  );
  if (added.length > 0) {
    spec["tolerations"] = [
      ...tolerations,
      ...added.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds })),
    ];
  }
  copyTopologyLabels(undefined, pod, store);
  admitByQuota(definition, pod, store);
}

const BUILTIN_PRIORITIES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

function admitPriority(definition: ResourceDefinition, spec: MutableObject, name: string, store: Reader): void {
  const className = spec["priorityClassName"];
  const classes = store.list("priorityclasses.scheduling.k8s.io");
  const isNamed = typeof className === "string" && className !== "";
  const found = classes.find((one) => (isNamed ? one.metadata.name === className : one["globalDefault"] === true));
  if (isNamed && found === undefined && BUILTIN_PRIORITIES[className] === undefined) {
    throw forbidden(definition, name, `no PriorityClass with name ${className} was found`);
  }
  spec["priority"] ??= found?.["value"] ?? (isNamed ? BUILTIN_PRIORITIES[className] : undefined) ?? 0;
  spec["preemptionPolicy"] ??= found?.["preemptionPolicy"] ?? "PreemptLowerPriority";
}

export function admitUpdate(
  definition: ResourceDefinition,
  before: MutableObject,
  after: MutableObject,
  store: Reader,
): void {
  if (definition.id === "pods") {
    const spec = childOf(after, "spec");
    // Defaults of admission are not repeated by clients that send what they once applied.
    const old = isObject(before["spec"]) ? before["spec"] : {};
    for (const key of [
      "serviceAccountName",
      "serviceAccount",
      "priority",
      "preemptionPolicy",
      "tolerations",
      "nodeName",
    ]) {
      if (spec[key] === undefined && old[key] !== undefined) spec[key] = old[key];
    }
    copyTopologyLabels(before, after, store);
  }
  if (definition.id === "services") {
    const spec = childOf(after, "spec");
    const old = isObject(before["spec"]) ? before["spec"] : {};
    for (const key of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
      if (spec[key] === undefined && old[key] !== undefined && spec["type"] !== "ExternalName") spec[key] = old[key];
    }
  }
}

/** A pod that is bound takes the zone and region of its node as labels. */
function copyTopologyLabels(before: MutableObject | undefined, pod: MutableObject, store: Reader): void {
  const spec = childOf(pod, "spec");
  const old = before !== undefined && isObject(before["spec"]) ? before["spec"]["nodeName"] : undefined;
  const nodeName = spec["nodeName"];
  if (typeof nodeName !== "string" || nodeName === "" || old === nodeName) return;
  const nodeLabels = store.get("nodes", undefined, nodeName)?.metadata.labels ?? {};
  const metadata = childOf(pod, "metadata");
  for (const key of ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"]) {
    const value = nodeLabels[key];
    if (value !== undefined)
      metadata["labels"] = { ...(isObject(metadata["labels"]) ? metadata["labels"] : {}), [key]: value };
  }
}

/** The sandbox's service network: 10.96.0.0/16, the first address is the API server's. */
export function allocateService(service: MutableObject, store: Reader): void {
  const spec = childOf(service, "spec");
  if (spec["type"] === "ExternalName") return;
  const services = store.list("services").map((one) => (isObject(one["spec"]) ? one["spec"] : {}));
  const taken = new Set(services.map((one) => one["clusterIP"]));
  const wanted = spec["clusterIP"];
  if (typeof wanted === "string" && wanted !== "" && wanted !== "None") {
    if (taken.has(wanted)) {
      const detail = "failed to allocate IP " + wanted + ": provided IP is already allocated";
      const name = textOf(childOf(service, "metadata")["name"]);
      throw invalid({ group: "", kind: "Service" }, name, [
        { kind: "invalid", field: "spec.clusterIPs", value: [wanted], detail },
      ]);
    }
  } else if (wanted !== "None") {
    spec["clusterIP"] = freeAddress(taken);
  }
  spec["clusterIPs"] = [spec["clusterIP"]];
  spec["ipFamilies"] ??= ["IPv4"];
  spec["ipFamilyPolicy"] ??= "SingleStack";
  if (spec["type"] === "NodePort" || spec["type"] === "LoadBalancer") {
    spec["externalTrafficPolicy"] ??= "Cluster";
    if (spec["type"] === "LoadBalancer") spec["allocateLoadBalancerNodePorts"] ??= true;
    const ports = new Set(services.flatMap((one) => objectsOf(one["ports"]).map((port) => port["nodePort"])));
    let next = 30_000;
    for (const port of objectsOf(spec["ports"])) {
      while (ports.has(next)) next += 1;
      if (port["nodePort"] === undefined || port["nodePort"] === 0) port["nodePort"] = next;
      ports.add(next);
    }
  }
}

function freeAddress(taken: ReadonlySet<unknown>): string {
  for (let index = 2; index < 65_535; index += 1) {
    const address = `10.96.${index >> 8}.${index & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new RangeError("the service network is full");
}
