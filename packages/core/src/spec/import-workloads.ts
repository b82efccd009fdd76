import { API_VERSION, LABEL } from "../model/names.ts";
import { type MultiNodeForm, rewriteAddresses } from "./import-addresses.ts";
import { readGroupPolicies, recoveryOf, rolloutOf } from "./import-policies.ts";
import type { ImportNotes } from "./import-report.ts";
import { importedSet } from "./import-result.ts";
import { TopologyReader } from "./import-topology.ts";
import type { Path } from "./path.ts";
import { present } from "./present.ts";
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
  notes.addRest([], document, ["apiVersion", "kind", "metadata", "spec", "status"]);
  notes.addServerFields(document);
  notes.add(["apiVersion"], "mapped", `${String(document["apiVersion"])} → ${API_VERSION}`);
  notes.addRest(group.path, group.spec, ["roles", "roleTemplates", "podGroupPolicy", "coordination"]);
  readGroupPolicies(group.spec, group.path, notes);

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
  const kept = given.slice(0, MAX_ROLES);
  const templates = listAt(group.spec, ["roleTemplates"]);
  noteRoleTemplates(templates, kept, [...group.path, "roleTemplates"], notes);
  const rollout = rolloutOf(kept, [...group.path, "roles"], notes);
  const { recovery, onPodFailure } = recoveryOf(kept, [...group.path, "roles"], notes);
  const forms = formsOf(kept);
  const roles = kept.map((role, index) => {
    const path = [...group.path, "roles", index];
    const converted = toRole(role, path, onPodFailure[index], templates, topology, notes);
    const rewritten = (template: unknown): unknown =>
      rewriteAddresses(template, converted.templatePath, { name, isSingle, roles: roleNames, forms }, notes);
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

  return importedSet(document, setAnnotations, {
    replicas: isSingle ? 1 : valueAt(document, ["spec", "replicas"]),
    groupTemplate: present({ metadata: groupMetadata, roles }),
    placement: topology.placement(),
    rollout,
    recovery,
  });
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
  onPodFailure: "Ignore" | undefined,
  roleTemplates: readonly unknown[],
  topology: TopologyReader,
  notes: ImportNotes,
): { readonly role: Loose; readonly templatePath: Path } {
  const multiNode = readMultiNode(role, path, roleTemplates, notes);
  const source = multiNode ?? readTemplate(role, path, roleTemplates, notes);
  const workload = readWorkload(role, path, notes);
  if (multiNode === undefined)
    notes.add(
      [...path, "name"],
      "mapped",
      `Role ${textAt(role, ["name"]) ?? "without a name"} runs as ${textAt(workload, ["kind"]) ?? "StatefulSet"}.`,
    );
  notes.addRest(path, role, READ_ROLE_FIELDS);
  const template = (value: unknown): unknown =>
    withRoleMetadata(role, path, cleanTemplate(value, source.path, topology, notes), topology, notes);
  const { leaderWorker } = multiNode ?? {};
  return {
    role: present({
      role: member(role, "name"),
      replicas: member(role, "replicas"),
      dependencies: member(role, "dependencies"),
      workload,
      leaderWorker:
        leaderWorker?.["workerTemplate"] === undefined
          ? leaderWorker
          : { ...leaderWorker, workerTemplate: template(leaderWorker["workerTemplate"]) },
      minReadySeconds: member(role, "minReadySeconds"),
      volumeClaimTemplates: member(role, "volumeClaimTemplates"),
      onPodFailure,
      scaling: readScaling(role, path, notes),
      template: template(source.template),
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
  "labels",
  "annotations",
  "volumeClaimTemplates",
  "podManagementPolicy",
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
    notes.addRest(at, pattern, ["template", "templateRef", "restartPolicy", "restartPolicyConfig"]);
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
      `There is no role template ${name ?? "without a name"}: the role has only what its patch says. Add the template to spec.roleTemplates and import again.`,
    );
    return { template: patch, path };
  }
  notes.add(
    [...path, "name"],
    "mapped",
    `Role template ${name ?? ""}${patch === undefined ? "" : ", with the patch,"} is written out here.`,
  );
  const template = member(found, "template");
  if (patch === undefined) return { template, path };
  return { template: strategicMerge(template, patch), path: [...path, "patch"] };
}

/** What the pods of multi-node roles are called here. */
function formsOf(roles: readonly unknown[]): ReadonlyMap<string, MultiNodeForm> {
  return new Map(
    roles.flatMap((role): (readonly [string, MultiNodeForm])[] => {
      const name = textAt(role, ["name"]) ?? "";
      if (workloadKind(role) === "LeaderWorkerSet") return [[name, { kind: "LeaderWorkerSet" }]];
      const pattern = MULTI_NODE_FIELDS.map((field) => member(role, field)).find(isRecord);
      if (pattern === undefined) return [];
      return [[name, { kind: "StatefulSets", isSplit: PATCHES.some((patch) => pattern[patch] !== undefined) }]];
    }),
  );
}

const PATCHES = ["leaderTemplatePatch", "workerTemplatePatch", "patchLeaderTemplate", "patchWorkerTemplate"];
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
  const isLeaderWorkerSet = workloadKind(role) === "LeaderWorkerSet";
  notes.add(
    [...path, "name"],
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
    "restartPolicy",
    "restartPolicyConfig",
    "sharedServiceSelection",
  ]);
  if (member(pattern, "sharedServiceSelection") !== undefined)
    notes.add(
      [...at, "sharedServiceSelection"],
      "dropped",
      "The Service of a role publishes the leader and the workers of every instance.",
    );
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

/** `workload` in v1alpha1, an annotation `apiVersion/kind` in v1alpha2. */
function workloadKind(role: unknown): string | undefined {
  const annotated = textAt(role, ["annotations", WORKLOAD_ANNOTATION]);
  return textAt(role, ["workload", "kind"]) ?? annotated?.slice(annotated.lastIndexOf("/") + 1);
}

const WORKLOAD_ANNOTATION = "rbg.workloads.x-k8s.io/role-workload-type";

function readWorkload(role: unknown, path: Path, notes: ImportNotes): Loose | undefined {
  const kind = workloadKind(role);
  if (kind === undefined) return undefined;
  if (kind === "StatefulSet" || kind === "Deployment") return { apiVersion: "apps/v1", kind };
  if (kind === "LeaderWorkerSet") return { apiVersion: "leaderworkerset.x-k8s.io/v1", kind };
  notes.add([...path, "workload"], "rewritten", `${kind} → StatefulSet, which gives its pods the same names.`);
  return undefined;
}

function readScaling(role: unknown, path: Path, notes: ImportNotes): Loose | undefined {
  const at = [...path, "scalingAdapter"];
  if (member(role, "servicePorts") !== undefined)
    notes.add([...path, "servicePorts"], "dropped", "The Service of a role has every container port.");
  if (member(role, "podManagementPolicy") !== undefined)
    notes.add(
      [...path, "podManagementPolicy"],
      member(role, "podManagementPolicy") === "Parallel" ? "mapped" : "not supported",
      "The pods of a role start together; roles wait for one another by dependencies.",
    );
  if (member(role, "scalingAdapter") === undefined) return undefined;
  if (valueAt(role, ["scalingAdapter", "enable"]) !== true) {
    notes.add(at, "mapped", "The replicas of the role are scaled here, the default.");
    return undefined;
  }
  notes.add(
    [...at, "enable"],
    "mapped",
    "scaling.external: an autoscaler outside owns the replicas. Its target is the role's workload; there is no adapter object.",
  );
  notes.addRest(at, member(role, "scalingAdapter"), ["enable"]);
  return { external: true };
}

/** Which roles a template was written out in; its own parts are listed there only where a patch replaced them. */
function noteRoleTemplates(
  templates: readonly unknown[],
  roles: readonly unknown[],
  path: Path,
  notes: ImportNotes,
): void {
  for (const [index, template] of templates.entries()) {
    const name = textAt(template, ["name"]);
    const users = roles.filter((role) =>
      [[], ...MULTI_NODE_FIELDS.map((field) => [field]), ["standalonePattern"]].some(
        (at) => textAt(role, [...at, "templateRef", "name"]) === name,
      ),
    );
    notes.add(
      [...path, index],
      users.length === 0 ? "dropped" : "mapped",
      users.length === 0
        ? `No role uses the template ${name ?? "without a name"}.`
        : `Written out in ${users.map((role) => textAt(role, ["name"]) ?? "a role").join(", ")}, with the patches of each.`,
    );
  }
}

/** Labels and annotations of a role are on its pods; the template's own come before them. */
function withRoleMetadata(
  role: unknown,
  path: Path,
  template: unknown,
  topology: TopologyReader,
  notes: ImportNotes,
): unknown {
  if (!isRecord(template)) return template;
  const given = member(role, "annotations");
  const { [WORKLOAD_ANNOTATION]: workload, ...others } = isRecord(given) ? given : {};
  if (workload !== undefined)
    notes.add([...path, "annotations", WORKLOAD_ANNOTATION], "mapped", "workload of the role.");
  const added = present({
    labels: withoutOurLabels(member(role, "labels"), [...path, "labels"], notes),
    annotations: isRecord(given) ? topology.read(others, [...path, "annotations"]) : undefined,
  });
  const metadata: Record<string, unknown> = isRecord(template["metadata"]) ? { ...template["metadata"] } : {};
  for (const [field, values] of Object.entries(added)) {
    const own = metadata[field];
    if (!isRecord(values) || Object.keys(values).length === 0) continue;
    notes.add([...path, field], "mapped", `On the pods of the role: template.metadata.${field}.`);
    metadata[field] = { ...values, ...(isRecord(own) ? own : {}) };
  }
  return Object.keys(metadata).length === 0 ? template : { ...template, metadata };
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
