import { API_VERSION, LABEL } from "../model/names.ts";
import { type MultiNodeForm, rewriteAddresses } from "./import-addresses.ts";
import { ImportNotes } from "./import-report.ts";
import type { Path } from "./path.ts";
import { MAX_ROLES } from "./schema.ts";
import { isRecord, listAt, member, textAt, valueAt } from "./shape.ts";
import { strategicMerge } from "./strategic-merge.ts";

type Loose = Readonly<Record<string, unknown>>;

/**
 * Translates a RoleBasedGroupSet or a single RoleBasedGroup of workloads.x-k8s.io, v1alpha1 or v1alpha2, into a set.
 * Reads as much as the shape allows; whether the result is valid is asked afterwards, of the schema.
 */
export function fromWorkloads(document: Loose, notes: ImportNotes): Loose {
  const isSingle = document["kind"] === "RoleBasedGroup";
  const name = textAt(document, ["metadata", "name"]) ?? "";
  const group = isSingle ? { spec: document["spec"], path: ["spec"] as Path } : groupTemplateOf(document, notes);
  const roleNames = listAt(group.spec, ["roles"])
    .slice(0, MAX_ROLES)
    .flatMap((role) => textAt(role, ["name"]) ?? []);
  notes.addRest(group.path, group.spec, ["roles", "roleTemplates"]);

  const topology = new TopologyReader(notes);
  const setAnnotations = topology.read(valueAt(document, ["metadata", "annotations"]), ["metadata", "annotations"]);
  const groupMetadata = isSingle ? {} : readGroupMetadata(document, topology, notes);

  const given = listAt(group.spec, ["roles"]);
  if (given.length > MAX_ROLES)
    notes.add(
      [...group.path, "roles"],
      "not supported",
      `A group has at most ${MAX_ROLES} roles: ${given.length - MAX_ROLES} were left out.`,
    );
  const forms = formsOf(given);
  const roles = given.slice(0, MAX_ROLES).map((role, index) => {
    const path = [...group.path, "roles", index];
    const converted = toRole(role, path, listAt(group.spec, ["roleTemplates"]), topology, notes);
    if (!isSingle) return converted.role;
    const rewritten = (template: unknown): unknown =>
      rewriteAddresses(template, converted.templatePath, { group: name, roles: roleNames, forms }, notes);
    const leaderWorker = converted.role["leaderWorker"];
    return present({
      ...converted.role,
      template: rewritten(converted.role["template"]),
      leaderWorker: isRecord(leaderWorker)
        ? present({ ...leaderWorker, workerTemplate: rewritten(leaderWorker["workerTemplate"]) })
        : undefined,
    });
  });
  if (isSingle)
    notes.add(["kind"], "mapped", `The single group ${name} becomes a set of one, whose group is ${name}-0.`);

  const metadata = document["metadata"];
  return {
    apiVersion: API_VERSION,
    kind: "RoleBasedGroupSet",
    metadata: present({
      name: member(metadata, "name"),
      namespace: member(metadata, "namespace"),
      labels: member(metadata, "labels"),
      annotations: setAnnotations,
    }),
    spec: present({
      replicas: isSingle ? 1 : valueAt(document, ["spec", "replicas"]),
      groupTemplate: present({ metadata: groupMetadata, roles }),
      placement:
        topology.key === undefined
          ? undefined
          : { topology: { key: topology.key, mode: "Required", exclusive: "Group" } },
    }),
  };
}

/** `groupTemplate.spec` in v1alpha2; `template`, the spec itself or with a `spec` in it, in v1alpha1. */
function groupTemplateOf(document: Loose, notes: ImportNotes): { readonly spec: unknown; readonly path: Path } {
  notes.addRest(["spec"], document["spec"], ["replicas", "groupTemplate", "template"]);
  for (const field of ["groupTemplate", "template"]) {
    const template = valueAt(document, ["spec", field]);
    if (isRecord(member(template, "spec"))) return { spec: member(template, "spec"), path: ["spec", field, "spec"] };
    if (isRecord(template)) return { spec: template, path: ["spec", field] };
  }
  return { spec: {}, path: ["spec", "groupTemplate", "spec"] };
}

function readGroupMetadata(document: Loose, topology: TopologyReader, notes: ImportNotes): Loose {
  for (const field of ["groupTemplate", "template"]) {
    const path = ["spec", field, "metadata"];
    const metadata = valueAt(document, path);
    if (!isRecord(metadata)) continue;
    notes.addRest(path, metadata, ["labels", "annotations", "creationTimestamp"]);
    return present({
      labels: withoutOurLabels(metadata["labels"], [...path, "labels"], notes),
      annotations: topology.read(metadata["annotations"], [...path, "annotations"]),
    });
  }
  return {};
}

function toRole(
  role: unknown,
  path: Path,
  roleTemplates: readonly unknown[],
  topology: TopologyReader,
  notes: ImportNotes,
): { readonly role: Loose; readonly templatePath: Path } {
  const multiNode = readMultiNode(role, path, roleTemplates, notes);
  const source = multiNode ?? readTemplate(role, path, roleTemplates, notes);
  const workload = readWorkload(member(role, "workload"), [...path, "workload"], notes);
  if (multiNode === undefined)
    notes.add(
      path,
      "mapped",
      `Role ${textAt(role, ["name"]) ?? "without a name"} runs as ${textAt(workload, ["kind"]) ?? "StatefulSet"}.`,
    );
  readPolicies(role, path, notes);
  notes.addRest(path, role, READ_ROLE_FIELDS);
  return {
    role: present({
      role: member(role, "name"),
      replicas: member(role, "replicas"),
      dependencies: member(role, "dependencies"),
      workload,
      leaderWorker: multiNode?.leaderWorker,
      minReadySeconds: member(role, "minReadySeconds"),
      onPodFailure: member(role, "restartPolicy") === "None" ? "Ignore" : undefined,
      template: cleanTemplate(source.template, source.path, topology, notes),
    }),
    templatePath: source.path,
  };
}

const READ_ROLE_FIELDS = [
  "name",
  "replicas",
  "dependencies",
  "workload",
  "minReadySeconds",
  "restartPolicy",
  "template",
  "templateRef",
  "templatePatch",
  "standalonePattern",
  "leaderWorkerPattern",
  "leaderWorkerSet",
  "rolloutStrategy",
  "updateStrategy",
  "scalingAdapter",
  "servicePorts",
];

/** A pod template and where it stands in the imported document. */
type SourceTemplate = { readonly template: unknown; readonly path: Path };

function readTemplate(
  role: unknown,
  path: Path,
  roleTemplates: readonly unknown[],
  notes: ImportNotes,
): SourceTemplate {
  const pattern = member(role, "standalonePattern");
  if (isRecord(pattern)) {
    const at = [...path, "standalonePattern"];
    notes.addRest(at, pattern, ["template", "templateRef"]);
    const template = member(pattern, "template");
    if (template !== undefined) return { template, path: [...at, "template"] };
    return expand(pattern["templateRef"], undefined, [...at, "templateRef"], roleTemplates, notes);
  }
  const reference = member(role, "templateRef");
  if (reference === undefined) return { template: member(role, "template"), path: [...path, "template"] };
  return expand(reference, member(role, "templatePatch"), [...path, "templateRef"], roleTemplates, notes);
}

/** The role template that is referred to, with the role's patch. */
function expand(
  reference: unknown,
  olderPatch: unknown,
  path: Path,
  roleTemplates: readonly unknown[],
  notes: ImportNotes,
): SourceTemplate {
  const name = textAt(reference, ["name"]);
  const found = roleTemplates.find((template) => textAt(template, ["name"]) === name);
  const patch = member(reference, "patch") ?? olderPatch;
  if (found === undefined) {
    notes.add(
      path,
      "not supported",
      `There is no role template ${name ?? "without a name"}: the role has only what its patch says.`,
    );
    return { template: patch, path };
  }
  notes.add(
    path,
    "mapped",
    `Role template ${name ?? ""}${patch === undefined ? "" : ", with the patch,"} is written out here.`,
  );
  const template = member(found, "template");
  return { template: patch === undefined ? template : strategicMerge(template, patch), path };
}

/** What the pods of multi-node roles are called here. */
function formsOf(roles: readonly unknown[]): ReadonlyMap<string, MultiNodeForm> {
  return new Map(
    roles.flatMap((role): (readonly [string, MultiNodeForm])[] => {
      const isMultiNode = MULTI_NODE_FIELDS.some((name) => isRecord(member(role, name)));
      if (textAt(role, ["workload", "kind"]) === "LeaderWorkerSet")
        return [[textAt(role, ["name"]) ?? "", "LeaderWorkerSet"]];
      return isMultiNode ? [[textAt(role, ["name"]) ?? "", "StatefulSets"]] : [];
    }),
  );
}

const MULTI_NODE_FIELDS = ["leaderWorkerPattern", "leaderWorkerSet"];

/** Instances over several nodes, in the form of either version. */
function readMultiNode(
  role: unknown,
  path: Path,
  roleTemplates: readonly unknown[],
  notes: ImportNotes,
): (SourceTemplate & { readonly leaderWorker: Loose }) | undefined {
  const field = MULTI_NODE_FIELDS.find((name) => isRecord(member(role, name)));
  if (field === undefined) return undefined;
  const pattern = member(role, field);
  const at = [...path, field];
  const isLeaderWorkerSet = textAt(role, ["workload", "kind"]) === "LeaderWorkerSet";
  notes.add(
    at,
    "mapped",
    isLeaderWorkerSet
      ? "leaderWorker with kind LeaderWorkerSet: where a cluster has none, each instance is a StatefulSet."
      : "leaderWorker: each instance is a StatefulSet, its leader has the ordinal 0.",
  );
  notes.addRest(at, pattern, [
    "size",
    "template",
    "templateRef",
    "leaderTemplatePatch",
    "workerTemplatePatch",
    "patchLeaderTemplate",
    "patchWorkerTemplate",
  ]);
  const reference = member(pattern, "templateRef");
  const own = member(pattern, "template");
  const base =
    own !== undefined
      ? { template: own, path: [...at, "template"] }
      : reference === undefined
        ? readTemplate(role, path, roleTemplates, notes)
        : expand(reference, undefined, [...at, "templateRef"], roleTemplates, notes);
  const leader = member(pattern, "leaderTemplatePatch") ?? member(pattern, "patchLeaderTemplate");
  const worker = member(pattern, "workerTemplatePatch") ?? member(pattern, "patchWorkerTemplate");
  return {
    template: leader === undefined ? base.template : strategicMerge(base.template, leader),
    path: base.path,
    leaderWorker: present({
      size: member(pattern, "size") ?? 1,
      workerTemplate:
        worker === undefined && leader === undefined ? undefined : strategicMerge(base.template, worker ?? {}),
    }),
  };
}

function readWorkload(workload: unknown, path: Path, notes: ImportNotes): Loose | undefined {
  const kind = textAt(workload, ["kind"]);
  if (kind === undefined || kind === "StatefulSet") return undefined;
  if (kind === "Deployment") return { apiVersion: "apps/v1", kind };
  if (kind === "LeaderWorkerSet") return { apiVersion: "leaderworkerset.x-k8s.io/v1", kind };
  notes.add(path, "rewritten", `${kind} → StatefulSet, which gives its pods the same names.`);
  return undefined;
}

function readPolicies(role: unknown, path: Path, notes: ImportNotes): void {
  const restartPolicy = textAt(role, ["restartPolicy"]);
  const at = [...path, "restartPolicy"];
  if (restartPolicy === "None")
    notes.add(at, "mapped", "onPodFailure: Ignore: failures of this role never recreate the group.");
  else if (restartPolicy === "RecreateRBGOnPodRestart")
    notes.add(at, "mapped", "A failure recreates the whole group: that is the default here.");
  else if (restartPolicy !== undefined)
    notes.add(
      at,
      "not supported",
      `${restartPolicy} has no equivalent: a failure of this role recreates the whole group.`,
    );

  for (const field of ["rolloutStrategy", "updateStrategy"])
    if (member(role, field) !== undefined)
      notes.add(
        [...path, field],
        "dropped",
        "Roles are not rolled out alone: a change replaces one group after another (spec.rollout).",
      );
  if (member(role, "scalingAdapter") !== undefined)
    notes.add(
      [...path, "scalingAdapter"],
      valueAt(role, ["scalingAdapter", "enable"]) === true ? "not supported" : "dropped",
      "An outside autoscaler cannot own the replicas of a role yet: they are scaled here.",
    );
  if (member(role, "servicePorts") !== undefined)
    notes.add([...path, "servicePorts"], "dropped", "The Service of a role has every container port.");
}

function cleanTemplate(template: unknown, path: Path, topology: TopologyReader, notes: ImportNotes): unknown {
  if (!isRecord(template) || !isRecord(template["metadata"])) return template;
  const { labels, annotations, creationTimestamp: _, ...metadata } = template["metadata"];
  const cleaned = present({
    ...metadata,
    labels: withoutOurLabels(labels, [...path, "metadata", "labels"], notes),
    annotations: topology.read(annotations, [...path, "metadata", "annotations"]),
  });
  const { metadata: __, ...rest } = template;
  return Object.keys(cleaned).length === 0 ? rest : { metadata: cleaned, ...rest };
}

const OURS: readonly string[] = Object.values(LABEL);

function withoutOurLabels(labels: unknown, path: Path, notes: ImportNotes): unknown {
  if (!isRecord(labels)) return labels;
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => {
      if (!OURS.includes(key)) return true;
      notes.add([...path, key], "dropped", `The label ${key} is set by OpenPatio itself.`);
      return false;
    }),
  );
}

/** Collects the topology key from the annotations of all places that may have it, and lists the others of that API. */
class TopologyReader {
  key: string | undefined;
  readonly #notes: ImportNotes;

  constructor(notes: ImportNotes) {
    this.#notes = notes;
  }

  read(annotations: unknown, path: Path): unknown {
    if (!isRecord(annotations)) return annotations;
    const kept: [string, unknown][] = [];
    for (const [key, value] of Object.entries(annotations)) {
      if (key === "kubectl.kubernetes.io/last-applied-configuration") continue;
      if (!/(^|\.)workloads\.x-k8s\.io\//.test(key)) kept.push([key, value]);
      else this.#readOne(key, value, [...path, key]);
    }
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }

  #readOne(key: string, value: unknown, path: Path): void {
    const word = key.slice(key.indexOf("/") + 1);
    if ((word === "exclusive-topology" || word === "group-exclusive-topology") && typeof value === "string") {
      if (this.key === undefined || this.key === value) {
        this.key = value;
        this.#notes.add(path, "mapped", `placement.topology: each group alone in one domain of ${value}.`);
      } else
        this.#notes.add(path, "not supported", `A set has one topology key: ${this.key} was taken, ${value} left out.`);
    } else if (word === "disable-exclusive-topology")
      this.#notes.add(
        path,
        "not supported",
        "Every role of a group is in the group's domain: this one cannot be excepted.",
      );
    else if (word.includes("gang-scheduling"))
      this.#notes.add(path, "dropped", "With placement.topology a group is placed only when all of it fits.");
    else this.#notes.add(path, "not supported", `${key} has no equivalent here and was left out.`);
  }
}

/** Without members that are undefined, and without empty metadata. */
function present(object: Loose): Loose {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) =>
        value !== undefined && !(key === "metadata" && isRecord(value) && Object.keys(value).length === 0),
    ),
  );
}
