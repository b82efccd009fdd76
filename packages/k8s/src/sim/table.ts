/** The server-side tables that kubectl shows: columns and cells for each resource. */
import type { KubeObject } from "@openpatio/core/model";
import { isObject, type MutableObject, objectsOf, textOf, valueAt } from "./store-json.ts";
import type { PrinterColumn, ResourceDefinition } from "./store-resources.ts";
import { podCells } from "./table-pods.ts";
import { age, labelsText, orNone, selectorText } from "./table-text.ts";

export type Column = {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
};

type Printer = {
  readonly columns: readonly Column[];
  readonly cells: (object: MutableObject, nowMs: number) => unknown[];
};

export type TableOptions = {
  readonly nowMs: number;
  readonly version: string;
  readonly includeObject: "None" | "Metadata" | "Object";
};

export function columnsOf(definition: ResourceDefinition, version: string): readonly Column[] {
  return printerOf(definition, version).columns;
}

export function rowOf(definition: ResourceDefinition, object: KubeObject, options: TableOptions) {
  const cells = printerOf(definition, options.version).cells(object as unknown as MutableObject, options.nowMs);
  const shown =
    options.includeObject === "Object"
      ? { object }
      : options.includeObject === "Metadata"
        ? { object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata } }
        : {};
  return { cells, ...shown };
}

function column(spec: string): Column {
  // `Name` is shown always, `+Name` only in wide output; `:type` follows where it is not a string.
  const isWide = spec.startsWith("+");
  const [name = "", type = "string"] = spec.replace("+", "").split(":");
  return { name, type, format: name === "Name" ? "name" : "", description: "", priority: isWide ? 1 : 0 };
}

function printer(columns: string, cells: Printer["cells"]): Printer {
  return { columns: columns.split("|").map(column), cells };
}

const name = (object: MutableObject) => valueAt(object, "metadata.name");
const created = (object: MutableObject, nowMs: number) => age(valueAt(object, "metadata.creationTimestamp"), nowMs);
const at = valueAt;
const countAt = (object: MutableObject, path: string) => Number(valueAt(object, path) ?? 0);

function containerTexts(object: MutableObject): [string, string] {
  const containers = objectsOf(at(object, "spec.template.spec.containers"));
  return [
    containers.map((one) => textOf(one["name"])).join(","),
    containers.map((one) => textOf(one["image"])).join(","),
  ];
}

const PRINTERS: Readonly<Record<string, Printer>> = {
  pods: printer("Name|Ready|Status|Restarts|Age|+IP|+Node|+Nominated Node|+Readiness Gates", podCells),
  nodes: printer(
    "Name|Status|Roles|Age|Version|+Internal-IP|+External-IP|+OS-Image|+Kernel-Version|+Container-Runtime",
    nodeCells,
  ),
  services: printer("Name|Type|Cluster-IP|External-IP|Port(s)|Age|+Selector", serviceCells),
  configmaps: printer("Name|Data|Age", (object, nowMs) => [name(object), dataCount(object), created(object, nowMs)]),
  secrets: printer("Name|Type|Data|Age", (object, nowMs) => [
    name(object),
    object["type"],
    dataCount(object),
    created(object, nowMs),
  ]),
  namespaces: printer("Name|Status|Age", (object, nowMs) => [
    name(object),
    at(object, "status.phase"),
    created(object, nowMs),
  ]),
  events: printer("Last Seen|Type|Reason|Object|+Subobject|+Source|Message|+First Seen|+Count|+Name", eventCells),
  endpoints: printer("Name|Endpoints|Age", (object, nowMs) => [
    name(object),
    endpointsText(object),
    created(object, nowMs),
  ]),
  persistentvolumeclaims: printer(
    "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|+VolumeMode",
    claimCells,
  ),
  persistentvolumes: printer(
    "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|+VolumeMode",
    volumeCells,
  ),
  resourcequotas: printer("Name|Request|Limit|Age", (object, nowMs) => [name(object), "", "", created(object, nowMs)]),
  "statefulsets.apps": printer("Name|Ready|Age|+Containers|+Images", (object, nowMs) => [
    name(object),
    `${countAt(object, "status.readyReplicas")}/${countAt(object, "spec.replicas")}`,
    created(object, nowMs),
    ...containerTexts(object),
  ]),
  "deployments.apps": printer("Name|Ready|Up-to-date|Available|Age|+Containers|+Images|+Selector", (object, nowMs) => [
    name(object),
    `${countAt(object, "status.readyReplicas")}/${countAt(object, "spec.replicas")}`,
    countAt(object, "status.updatedReplicas"),
    countAt(object, "status.availableReplicas"),
    created(object, nowMs),
    ...containerTexts(object),
    selectorText(at(object, "spec.selector")),
  ]),
  "replicasets.apps": printer(
    "Name|Desired:integer|Current:integer|Ready:integer|Age|+Containers|+Images|+Selector",
    (object, nowMs) => [
      name(object),
      countAt(object, "spec.replicas"),
      countAt(object, "status.replicas"),
      countAt(object, "status.readyReplicas"),
      created(object, nowMs),
      ...containerTexts(object),
      selectorText(at(object, "spec.selector")),
    ],
  ),
  "controllerrevisions.apps": printer("Name|Controller|Revision|Age", (object, nowMs) => {
    const owner = objectsOf(at(object, "metadata.ownerReferences")).find((one) => one["controller"] === true);
    const group = textOf(owner?.["apiVersion"]).split("/")[0];
    const controller =
      owner === undefined ? "<none>" : `${textOf(owner["kind"]).toLowerCase()}.${group}/${textOf(owner["name"])}`;
    return [name(object), controller, object["revision"], created(object, nowMs)];
  }),
  "endpointslices.discovery.k8s.io": printer("Name|AddressType|Ports|Endpoints|Age", (object, nowMs) => [
    name(object),
    object["addressType"],
    shortList(
      objectsOf(object["ports"]).map((port) => textOf(port["port"] ?? "*")),
      "<unset>",
    ),
    shortList(
      objectsOf(object["endpoints"]).flatMap((one) =>
        Array.isArray(one["addresses"]) ? one["addresses"].map(textOf) : [],
      ),
      "<unset>",
    ),
    created(object, nowMs),
  ]),
  "leases.coordination.k8s.io": printer("Name|Holder|Age", (object, nowMs) => [
    name(object),
    at(object, "spec.holderIdentity") ?? "",
    created(object, nowMs),
  ]),
  "customresourcedefinitions.apiextensions.k8s.io": printer(
    "Name|Scope|Versions|Created At:date|+Group|+Kind|+ShortNames|+Established:boolean",
    definitionCells,
  ),
  "priorityclasses.scheduling.k8s.io": printer(
    "Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy",
    (object, nowMs) => [
      name(object),
      object["value"],
      object["globalDefault"] === true,
      created(object, nowMs),
      object["preemptionPolicy"],
    ],
  ),
  "runtimeclasses.node.k8s.io": printer("Name|Handler|Age", (object, nowMs) => [
    name(object),
    object["handler"],
    created(object, nowMs),
  ]),
  "storageclasses.storage.k8s.io": printer(
    "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",
    (object, nowMs) => {
      const annotations = at(object, "metadata.annotations");
      const isDefault = isObject(annotations) && annotations["storageclass.kubernetes.io/is-default-class"] === "true";
      return [
        `${textOf(name(object))}${isDefault ? " (default)" : ""}`,
        object["provisioner"],
        object["reclaimPolicy"],
        object["volumeBindingMode"],
        object["allowVolumeExpansion"] === true,
        created(object, nowMs),
      ];
    },
  ),
};

const PLAIN = printer("Name|Age", (object, nowMs) => [name(object), created(object, nowMs)]);

function printerOf(definition: ResourceDefinition, version: string): Printer {
  if (definition.custom === undefined) return PRINTERS[definition.id] ?? PLAIN;
  const columns = definition.custom.versions.find((one) => one.name === version)?.columns ?? [];
  return columns.length === 0 ? PLAIN : customPrinter(columns);
}

function customPrinter(columns: readonly PrinterColumn[]): Printer {
  return {
    columns: [
      column("Name"),
      ...columns.map((one) => ({
        name: one.name,
        type: one.type,
        format: one.format ?? "",
        description: one.description ?? `Custom resource definition column (in JSONPath format): ${one.jsonPath}`,
        priority: one.priority ?? 0,
      })),
    ],
    cells: (object, nowMs) => [name(object), ...columns.map((one) => customCell(object, one, nowMs))],
  };
}

function customCell(object: MutableObject, spec: PrinterColumn, nowMs: number): unknown {
  const value = jsonPathValue(object, spec.jsonPath);
  if (value === undefined || value === null) return spec.type === "date" ? "<unknown>" : null;
  if (spec.type === "date") return age(value, nowMs);
  if (spec.type === "integer") return Number.isInteger(value) ? value : null;
  if (spec.type === "number" || spec.type === "boolean") return value;
  return typeof value === "object" ? JSON.stringify(value) : textOf(value);
}

/** The subset that printer columns use: fields, indexes, and a filter by one field (`[?(@.type=="Ready")]`). */
function jsonPathValue(object: unknown, path: string): unknown {
  let value = object;
  for (const [, field, index, filterField, filterValue] of path.matchAll(
    /\.([A-Za-z0-9_-]+)|\[(\d+|\*)\]|\[\?\(@\.([A-Za-z0-9_]+)\s*==\s*['"]([^'"]*)['"]\)\]/g,
  )) {
    if (field !== undefined) value = isObject(value) ? value[field] : undefined;
    else if (index !== undefined) value = Array.isArray(value) ? value[index === "*" ? 0 : Number(index)] : undefined;
    else value = objectsOf(value).find((one) => textOf(one[filterField ?? ""]) === filterValue);
  }
  return value;
}

function dataCount(object: MutableObject): number {
  return [object["data"], object["binaryData"]].reduce<number>(
    (sum, part) => sum + (isObject(part) ? Object.keys(part).length : 0),
    0,
  );
}

function nodeCells(object: MutableObject, nowMs: number): unknown[] {
  const ready = objectsOf(at(object, "status.conditions")).find((one) => one["type"] === "Ready");
  const status = [ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady"];
  if (at(object, "spec.unschedulable") === true) status.push("SchedulingDisabled");
  const labels = at(object, "metadata.labels");
  const roles = Object.keys(isObject(labels) ? labels : {})
    .filter((key) => key.startsWith("node-role.kubernetes.io/"))
    .map((key) => key.slice("node-role.kubernetes.io/".length));
  const address = (type: string) =>
    objectsOf(at(object, "status.addresses")).find((one) => one["type"] === type)?.["address"];
  const kernel = at(object, "status.nodeInfo.kernelVersion");
  const architecture = at(object, "status.nodeInfo.architecture");
  return [
    name(object),
    status.join(","),
    orNone(roles.sort().join(",")),
    created(object, nowMs),
    at(object, "status.nodeInfo.kubeletVersion") ?? "",
    orNone(address("InternalIP")),
    orNone(address("ExternalIP")),
    at(object, "status.nodeInfo.osImage") ?? "<unknown>",
    kernel === undefined ? "<unknown>" : `${textOf(kernel)} (${textOf(architecture)})`,
    at(object, "status.nodeInfo.containerRuntimeVersion") ?? "<unknown>",
  ];
}

function serviceCells(object: MutableObject, nowMs: number): unknown[] {
  const type = textOf(at(object, "spec.type"));
  const ports = objectsOf(at(object, "spec.ports")).map((port) => {
    const node = port["nodePort"] === undefined ? "" : `:${textOf(port["nodePort"])}`;
    return `${textOf(port["port"])}${node}/${textOf(port["protocol"])}`;
  });
  const external =
    type === "ExternalName" ? at(object, "spec.externalName") : type === "LoadBalancer" ? "<pending>" : undefined;
  return [
    name(object),
    type,
    orNone(at(object, "spec.clusterIP")),
    orNone(external),
    orNone(ports.join(",")),
    created(object, nowMs),
    labelsText(at(object, "spec.selector")),
  ];
}

function eventCells(object: MutableObject, nowMs: number): unknown[] {
  const first = at(object, "firstTimestamp") ?? at(object, "eventTime");
  const seriesTime = at(object, "series.lastObservedTime");
  const last = seriesTime ?? at(object, "lastTimestamp") ?? first;
  const source = at(object, "source.component") ?? at(object, "reportingComponent") ?? "";
  const host = at(object, "source.host");
  return [
    age(last, nowMs),
    at(object, "type"),
    at(object, "reason"),
    `${textOf(at(object, "involvedObject.kind")).toLowerCase()}/${textOf(at(object, "involvedObject.name"))}`,
    at(object, "involvedObject.fieldPath") ?? "",
    host === undefined || host === "" ? textOf(source) : `${textOf(source)}, ${textOf(host)}`,
    textOf(at(object, "message")).trim(),
    age(first, nowMs),
    at(object, "series.count") ?? at(object, "count") ?? 1,
    name(object),
  ];
}

function endpointsText(object: MutableObject): string {
  const addresses = objectsOf(object["subsets"]).flatMap((subset) =>
    objectsOf(subset["addresses"]).flatMap((one) =>
      objectsOf(subset["ports"]).map((port) => `${textOf(one["ip"])}:${textOf(port["port"])}`),
    ),
  );
  return shortList(addresses, "<none>");
}

function shortList(items: readonly string[], empty: string): string {
  if (items.length === 0) return empty;
  return items.length > 3 ? `${items.slice(0, 3).join(",")} + ${items.length - 3} more...` : items.join(",");
}

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModesText(modes: unknown): string {
  return Array.isArray(modes) ? modes.map((mode) => ACCESS_MODES[textOf(mode)] ?? textOf(mode)).join(",") : "";
}

function claimCells(object: MutableObject, nowMs: number): unknown[] {
  const isBound = at(object, "spec.volumeName") !== undefined;
  const isDeleted = at(object, "metadata.deletionTimestamp") !== undefined;
  return [
    name(object),
    isDeleted ? "Terminating" : at(object, "status.phase"),
    at(object, "spec.volumeName") ?? "",
    isBound ? (at(object, "status.capacity.storage") ?? "") : "",
    isBound ? accessModesText(at(object, "status.accessModes")) : "",
    at(object, "spec.storageClassName") ?? "",
    "<unset>",
    created(object, nowMs),
    at(object, "spec.volumeMode"),
  ];
}

function volumeCells(object: MutableObject, nowMs: number): unknown[] {
  const claim = at(object, "spec.claimRef.name");
  return [
    name(object),
    at(object, "spec.capacity.storage") ?? "",
    accessModesText(at(object, "spec.accessModes")),
    at(object, "spec.persistentVolumeReclaimPolicy"),
    at(object, "status.phase"),
    claim === undefined ? "" : `${textOf(at(object, "spec.claimRef.namespace"))}/${textOf(claim)}`,
    at(object, "spec.storageClassName") ?? "",
    "<unset>",
    at(object, "status.reason") ?? "",
    created(object, nowMs),
    at(object, "spec.volumeMode"),
  ];
}

function definitionCells(object: MutableObject): unknown[] {
  const names = at(object, "spec.names.shortNames");
  return [
    name(object),
    at(object, "spec.scope"),
    objectsOf(at(object, "spec.versions"))
      .map((one) => textOf(one["name"]))
      .join(","),
    at(object, "metadata.creationTimestamp"),
    at(object, "spec.group"),
    at(object, "spec.names.kind"),
    Array.isArray(names) ? names.join(",") : "<none>",
    objectsOf(at(object, "status.conditions")).some((one) => one["type"] === "Established" && one["status"] === "True"),
  ];
}
