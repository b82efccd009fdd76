/** The defaults that the API server writes into an object before it stores it. */
import { childOf, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";

function setDefault(object: MutableObject, key: string, value: unknown): void {
  if (object[key] === undefined) object[key] = value;
}

/** Changes `object`, which must be of the resource `id` and nobody else's. */
export function applyDefaults(id: string, object: MutableObject): void {
  SPEC_DEFAULTS[id]?.(childOf(object, "spec"), object);
  OBJECT_DEFAULTS[id]?.(object);
}

const SPEC_DEFAULTS: Readonly<Record<string, (spec: MutableObject, object: MutableObject) => void>> = {
  pods: (spec) => {
    defaultPodSpec(spec);
    setDefault(spec, "enableServiceLinks", true);
    for (const container of containersOf(spec)) defaultRequests(container);
  },
  "statefulsets.apps": (spec) => {
    setDefault(spec, "podManagementPolicy", "OrderedReady");
    const strategy = childOf(spec, "updateStrategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy["type"] === "RollingUpdate") {
      const rolling = childOf(strategy, "rollingUpdate");
      setDefault(rolling, "partition", 0);
      setDefault(rolling, "maxUnavailable", 1);
    }
    const retention = childOf(spec, "persistentVolumeClaimRetentionPolicy");
    setDefault(retention, "whenDeleted", "Retain");
    setDefault(retention, "whenScaled", "Retain");
    setDefault(spec, "replicas", 1);
    setDefault(spec, "revisionHistoryLimit", 10);
    setDefault(spec, "serviceName", "");
    defaultPodTemplate(spec);
    for (const claim of objectsOf(spec["volumeClaimTemplates"])) {
      setDefault(claim, "apiVersion", "v1");
      setDefault(claim, "kind", "PersistentVolumeClaim");
      childOf(claim, "metadata");
      setDefault(childOf(claim, "spec"), "volumeMode", "Filesystem");
      claim["status"] = { phase: "Pending" };
    }
  },
  "deployments.apps": (spec) => {
    setDefault(spec, "replicas", 1);
    setDefault(spec, "revisionHistoryLimit", 10);
    setDefault(spec, "progressDeadlineSeconds", 600);
    const strategy = childOf(spec, "strategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy["type"] === "RollingUpdate") {
      const rolling = childOf(strategy, "rollingUpdate");
      setDefault(rolling, "maxUnavailable", "25%");
      setDefault(rolling, "maxSurge", "25%");
    }
    defaultPodTemplate(spec);
  },
  "replicasets.apps": (spec, object) => {
    setDefault(spec, "replicas", 1);
    const template = defaultPodTemplate(spec);
    const metadata = childOf(object, "metadata");
    const labels = childOf(template, "metadata")["labels"];
    if (isObject(labels) && Object.keys(labels).length > 0) setDefault(metadata, "labels", { ...labels });
  },
  services: (spec) => {
    setDefault(spec, "sessionAffinity", "None");
    setDefault(spec, "type", "ClusterIP");
    for (const port of objectsOf(spec["ports"])) {
      setDefault(port, "protocol", "TCP");
      setDefault(port, "targetPort", port["port"]);
    }
    if (spec["type"] !== "ExternalName") setDefault(spec, "internalTrafficPolicy", "Cluster");
  },
  persistentvolumeclaims: (spec) => {
    setDefault(spec, "volumeMode", "Filesystem");
  },
  persistentvolumes: (spec) => {
    setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
    setDefault(spec, "volumeMode", "Filesystem");
  },
  namespaces: (_spec, object) => {
    const metadata = childOf(object, "metadata");
    const labels = childOf(metadata, "labels");
    setDefault(labels, "kubernetes.io/metadata.name", metadata["name"]);
  },
  "customresourcedefinitions.apiextensions.k8s.io": (spec) => {
    const names = childOf(spec, "names");
    setDefault(names, "singular", textOf(names["kind"]).toLowerCase());
    setDefault(names, "listKind", `${textOf(names["kind"])}List`);
    setDefault(spec, "conversion", { strategy: "None" });
  },
};

/** Kinds without a spec. */
const OBJECT_DEFAULTS: Readonly<Record<string, (object: MutableObject) => void>> = {
  secrets: (object) => {
    setDefault(object, "type", "Opaque");
    const text = object["stringData"];
    if (isObject(text)) {
      const data = childOf(object, "data");
      for (const [key, value] of Object.entries(text)) data[key] = Buffer.from(textOf(value)).toString("base64");
      delete object["stringData"];
    }
  },
  "priorityclasses.scheduling.k8s.io": (object) => {
    setDefault(object, "preemptionPolicy", "PreemptLowerPriority");
  },
  "storageclasses.storage.k8s.io": (object) => {
    setDefault(object, "reclaimPolicy", "Delete");
    setDefault(object, "volumeBindingMode", "Immediate");
  },
  "endpointslices.discovery.k8s.io": (object) => {
    for (const port of objectsOf(object["ports"])) {
      setDefault(port, "name", "");
      setDefault(port, "protocol", "TCP");
    }
  },
};

function defaultPodTemplate(spec: MutableObject): MutableObject {
  const template = childOf(spec, "template");
  childOf(template, "metadata");
  defaultPodSpec(childOf(template, "spec"));
  return template;
}

function containersOf(spec: MutableObject): readonly MutableObject[] {
  return [...objectsOf(spec["initContainers"]), ...objectsOf(spec["containers"])];
}

function defaultPodSpec(spec: MutableObject): void {
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "schedulerName", "default-scheduler");
  childOf(spec, "securityContext");
  // The deprecated name of the field is kept equal to the present one.
  if (typeof spec["serviceAccountName"] === "string") spec["serviceAccount"] = spec["serviceAccountName"];
  else if (typeof spec["serviceAccount"] === "string") spec["serviceAccountName"] = spec["serviceAccount"];
  const isHostNetwork = spec["hostNetwork"] === true;
  for (const container of containersOf(spec)) defaultContainer(container, isHostNetwork);
  for (const volume of objectsOf(spec["volumes"])) defaultVolume(volume);
}

function defaultContainer(container: MutableObject, isHostNetwork: boolean): void {
  setDefault(container, "imagePullPolicy", isFloating(container["image"]) ? "Always" : "IfNotPresent");
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  childOf(container, "resources");
  for (const port of objectsOf(container["ports"])) {
    setDefault(port, "protocol", "TCP");
    if (isHostNetwork) setDefault(port, "hostPort", port["containerPort"]);
  }
  for (const variable of objectsOf(container["env"])) {
    const source = variable["valueFrom"];
    const field = isObject(source) ? source["fieldRef"] : undefined;
    if (isObject(field)) setDefault(field, "apiVersion", "v1");
    const resource = isObject(source) ? source["resourceFieldRef"] : undefined;
    if (isObject(resource)) setDefault(resource, "divisor", "0");
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = container[name];
    if (isObject(probe)) defaultProbe(probe);
  }
  const lifecycle = container["lifecycle"];
  for (const hook of isObject(lifecycle) ? ["postStart", "preStop"] : []) {
    const handler = isObject(lifecycle) ? lifecycle[hook] : undefined;
    if (isObject(handler)) defaultHandler(handler);
  }
}

function isFloating(image: unknown): boolean {
  const text = textOf(image);
  if (text.includes("@")) return false;
  const tag = text.slice(text.lastIndexOf("/") + 1).split(":")[1];
  return tag === undefined || tag === "latest";
}

function defaultProbe(probe: MutableObject): void {
  setDefault(probe, "timeoutSeconds", 1);
  setDefault(probe, "periodSeconds", 10);
  setDefault(probe, "successThreshold", 1);
  setDefault(probe, "failureThreshold", 3);
  defaultHandler(probe);
}

function defaultHandler(handler: MutableObject): void {
  const http = handler["httpGet"];
  if (isObject(http)) {
    setDefault(http, "path", "/");
    setDefault(http, "scheme", "HTTP");
  }
  const grpc = handler["grpc"];
  if (isObject(grpc)) setDefault(grpc, "service", "");
}

function defaultVolume(volume: MutableObject): void {
  const sources = Object.keys(volume).filter((key) => key !== "name" && volume[key] !== undefined);
  if (sources.length === 0) volume["emptyDir"] = {};
  for (const kind of ["configMap", "secret", "downwardAPI", "projected"]) {
    const source = volume[kind];
    if (!isObject(source)) continue;
    setDefault(source, "defaultMode", 420);
    for (const part of objectsOf(source["sources"])) {
      const token = part["serviceAccountToken"];
      if (isObject(token)) setDefault(token, "expirationSeconds", 3600);
      if (isObject(part["downwardAPI"])) defaultDownward(part["downwardAPI"]);
    }
    if (kind === "downwardAPI") defaultDownward(source);
  }
  const hostPath = volume["hostPath"];
  if (isObject(hostPath)) setDefault(hostPath, "type", "");
}

function defaultDownward(source: MutableObject): void {
  for (const item of objectsOf(source["items"])) {
    const field = item["fieldRef"];
    if (isObject(field)) setDefault(field, "apiVersion", "v1");
  }
}

/** A limit without a request is requested too. */
function defaultRequests(container: MutableObject): void {
  const resources = childOf(container, "resources");
  const limits = resources["limits"];
  if (!isObject(limits)) return;
  const requests = childOf(resources, "requests");
  for (const [name, quantity] of Object.entries(limits)) setDefault(requests, name, quantity);
}
