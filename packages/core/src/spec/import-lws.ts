import { API_VERSION, workloadName } from "../model/names.ts";
import { escapeForRegExp, instancePodName, type MultiNodeForm } from "./import-addresses.ts";
import { mapContainers, mapTexts } from "./import-containers.ts";
import type { ImportNotes } from "./import-report.ts";
import { importedSet } from "./import-result.ts";
import { TopologyReader } from "./import-topology.ts";
import type { Path } from "./path.ts";
import { present } from "./present.ts";
import { isRecord, listAt, member, textAt, valueAt } from "./shape.ts";

type Loose = Readonly<Record<string, unknown>>;

/** Short, since it is part of every name, and LeaderWorkerSets are often called after their models. */
const ROLE = "lws";

const TEMPLATE: Path = ["spec", "leaderWorkerTemplate"];

/**
 * Translates a LeaderWorkerSet into a set that behaves like it: each of its groups, a leader with its workers, becomes a
 * group of ours with one role that has one multi-node instance. So rollout, recovery and an exclusive topology are per
 * leader with its workers, as there.
 */
export function fromLeaderWorkerSet(document: Loose, notes: ImportNotes): Loose {
  const name = textAt(document, ["metadata", "name"]) ?? "";
  const metadata = document["metadata"];
  notes.addRest([], document, ["apiVersion", "kind", "metadata", "spec", "status"]);
  notes.addServerFields(document);
  notes.add(["apiVersion"], "mapped", `${String(document["apiVersion"])} → ${API_VERSION}`);
  notes.add(
    ["kind"],
    "mapped",
    `Each leader with its workers becomes a group with the one role ${ROLE}, which has one instance: pods ${name}-0, ${name}-0-1 become ${workloadName(name, 0, ROLE)}-0, ${workloadName(name, 0, ROLE)}-0-1.`,
  );
  notes.addRest(["spec"], document["spec"], READ_SPEC_FIELDS);
  notes.addRest(TEMPLATE, valueAt(document, TEMPLATE), READ_TEMPLATE_FIELDS);

  const topology = new TopologyReader(notes);
  const annotations = topology.read(member(metadata, "annotations"), ["metadata", "annotations"]);
  const rollout = readRollout(document, notes);
  const recovery = readRestartPolicy(document, notes);
  notePolicies(document, notes);
  const role = readRole(document, name, topology, notes);
  return importedSet(document, annotations, {
    replicas: valueAt(document, ["spec", "replicas"]),
    groupTemplate: { roles: [role] },
    placement: topology.placement(),
    rollout,
    recovery,
  });
}

const READ_SPEC_FIELDS = ["replicas", "leaderWorkerTemplate", "rolloutStrategy", "startupPolicy", "networkConfig"];
const READ_TEMPLATE_FIELDS = [
  "size",
  "leaderTemplate",
  "workerTemplate",
  "restartPolicy",
  "subGroupPolicy",
  "volumeClaimTemplates",
  "persistentVolumeClaimRetentionPolicy",
];

function readRole(document: Loose, name: string, topology: TopologyReader, notes: ImportNotes): Loose {
  const given = valueAt(document, TEMPLATE);
  const size = member(given, "size") ?? 1;
  const claims = listAt(given, ["volumeClaimTemplates"]);
  const leaders = member(given, "leaderTemplate");
  const workers = member(given, "workerTemplate");
  const hasWorkersTemplate = leaders !== undefined && workers !== undefined && size !== 1;
  if (leaders !== undefined && workers !== undefined && size === 1)
    notes.add([...TEMPLATE, "workerTemplate"], "dropped", "With size 1 there are no workers.");
  if (claims.length > 0)
    notes.add(
      [...TEMPLATE, "volumeClaimTemplates"],
      "mapped",
      "volumeClaimTemplates of the role, which therefore runs as StatefulSets. New claims: data in the old ones is not moved.",
    );
  const form: MultiNodeForm =
    claims.length > 0 ? { kind: "StatefulSets", isSplit: hasWorkersTemplate } : { kind: "LeaderWorkerSet" };
  const template = (field: string): unknown =>
    readTemplate(member(given, field), [...TEMPLATE, field], { name, form }, topology, notes);
  return present({
    role: ROLE,
    replicas: 1,
    workload:
      form.kind === "StatefulSets"
        ? { apiVersion: "apps/v1", kind: "StatefulSet" }
        : { apiVersion: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet" },
    leaderWorker: present({ size, workerTemplate: hasWorkersTemplate ? template("workerTemplate") : undefined }),
    volumeClaimTemplates: claims.length > 0 ? claims : undefined,
    template: template(leaders === undefined ? "workerTemplate" : "leaderTemplate"),
  });
}

function readTemplate(
  template: unknown,
  path: Path,
  set: { readonly name: string; readonly form: MultiNodeForm },
  topology: TopologyReader,
  notes: ImportNotes,
): unknown {
  const rewritten = mapContainers(template, path, (container, at) => {
    const own = listAt(container, ["env"]).flatMap((variable) => textAt(variable, ["name"]) ?? []);
    const texts = mapTexts(container, at, (text) => rewriteText(text, set, own), notes);
    return Array.isArray(texts["env"])
      ? { ...texts, env: texts["env"].map((variable, index) => readVariable(variable, [...at, "env", index], notes)) }
      : texts;
  });
  if (!isRecord(rewritten) || !isRecord(rewritten["metadata"])) return rewritten;
  const { annotations, creationTimestamp: _, ...others } = rewritten["metadata"];
  return present({
    ...rewritten,
    metadata: present({ ...others, annotations: topology.read(annotations, [...path, "metadata", "annotations"]) }),
  });
}

/** Variables and host names; a variable that the container sets itself keeps its name. */
function rewriteText(
  text: string,
  { name, form }: { readonly name: string; readonly form: MultiNodeForm },
  own: readonly string[],
): string {
  const host = new RegExp(
    `(?<![A-Za-z0-9.-])${escapeForRegExp(name)}-(\\d+)(?:-(\\d+))?\\.${escapeForRegExp(name)}(?:-\\1)?(?![A-Za-z0-9-])`,
    "g",
  );
  return text
    .replace(/\bLWS_(LEADER_ADDRESS|GROUP_SIZE|WORKER_INDEX)\b/g, (whole: string, word: string) =>
      own.includes(whole) ? whole : `RBG_LWP_${word}`,
    )
    .replace(host, (_, group: string, worker: string | undefined) => {
      const workload = workloadName(name, Number(group), ROLE);
      const domain = form.kind === "LeaderWorkerSet" ? workload : `s-${workload}`;
      return `${instancePodName(`${workload}-0`, Number(worker ?? 0), form)}.${domain}`;
    });
}

/** What pods learned from labels and annotations of the other controller, which they have only under it. */
const FACTS: Readonly<Record<string, string>> = {
  "leaderworkerset.sigs.k8s.io/name": "RBG_SET_NAME",
  "leaderworkerset.sigs.k8s.io/group-index": "RBG_GROUP_INDEX",
  "leaderworkerset.sigs.k8s.io/worker-index": "RBG_LWP_WORKER_INDEX",
  "leaderworkerset.sigs.k8s.io/size": "RBG_LWP_GROUP_SIZE",
};

function readVariable(variable: unknown, path: Path, notes: ImportNotes): unknown {
  const field = textAt(variable, ["valueFrom", "fieldRef", "fieldPath"]);
  const key = field?.match(/\['(leaderworkerset\.sigs\.k8s\.io\/[^']+)'\]/)?.[1];
  if (field === undefined || key === undefined) return variable;
  const at = [...path, "valueFrom", "fieldRef", "fieldPath"];
  const fact = Object.hasOwn(FACTS, key) ? FACTS[key] : undefined;
  if (fact === undefined) {
    notes.add(
      at,
      "not supported",
      `${key} is there only where the cluster has LeaderWorkerSets, and stands for the one of the group.`,
    );
    return variable;
  }
  notes.add([...path, "valueFrom"], "rewritten", `${field} → $(${fact})`);
  return { name: member(variable, "name"), value: `$(${fact})` };
}

function readRollout(document: Loose, notes: ImportNotes): Loose | undefined {
  const path: Path = ["spec", "rolloutStrategy"];
  const strategy = valueAt(document, path);
  if (strategy === undefined) return undefined;
  notes.addRest(path, strategy, ["type", "rollingUpdateConfiguration"]);
  if (member(strategy, "type") !== undefined)
    notes.add(
      [...path, "type"],
      "mapped",
      "rollout.strategy: GroupRolling, the default: a leader goes with its workers.",
    );
  const at = [...path, "rollingUpdateConfiguration"];
  const configuration = member(strategy, "rollingUpdateConfiguration");
  notes.addRest(at, configuration, ["partition", "maxUnavailable", "maxSurge"]);
  if (!isRecord(configuration)) return undefined;
  return present({
    maxUnavailable: configuration["maxUnavailable"],
    maxSurge: configuration["maxSurge"],
    partition: configuration["partition"],
  });
}

function readRestartPolicy(document: Loose, notes: ImportNotes): Loose | undefined {
  const path = [...TEMPLATE, "restartPolicy"];
  const policy = valueAt(document, path);
  switch (policy) {
    case undefined:
      return undefined;
    case "RecreateGroupOnPodRestart":
      notes.add(path, "mapped", "recovery.policy: RecreateGroup, the default.");
      return undefined;
    case "RecreateGroupAfterStart":
      notes.add(
        path,
        "mapped",
        "recovery.policy: RecreateGroup, the default: what restarts before a pod was first Ready recreates nothing.",
      );
      return undefined;
    case "None":
    case "Default":
      notes.add(path, "mapped", "recovery.policy: None: failed pods are replaced alone.");
      return { policy: "None" };
    default:
      notes.add(path, "not supported", `${String(policy)} has no equivalent: a failure recreates the whole group.`);
      return undefined;
  }
}

/** What needs no field of its own, or has none. */
function notePolicies(document: Loose, notes: ImportNotes): void {
  const startup = valueAt(document, ["spec", "startupPolicy"]);
  if (startup === "LeaderCreated") notes.add(["spec", "startupPolicy"], "mapped", "Workers start with their leader.");
  else if (startup !== undefined)
    notes.add(
      ["spec", "startupPolicy"],
      "not supported",
      `${JSON.stringify(startup)}: workers start with their leader here. Let the workers wait for the leader's port, or make leader and workers two roles with a dependency.`,
    );
  const network: Path = ["spec", "networkConfig"];
  notes.addRest(network, valueAt(document, network), ["subdomainPolicy"]);
  if (valueAt(document, [...network, "subdomainPolicy"]) !== undefined)
    notes.add(
      [...network, "subdomainPolicy"],
      "mapped",
      "Each group has a headless Service of its own; RBG_LWP_LEADER_ADDRESS has the leader's name under it.",
    );
  const subGroups = [...TEMPLATE, "subGroupPolicy"];
  if (valueAt(document, subGroups) !== undefined)
    notes.add(
      subGroups,
      "not supported",
      "A group has one topology domain: its pods are not divided into parts with domains of their own.",
    );
  const retention = [...TEMPLATE, "persistentVolumeClaimRetentionPolicy"];
  const policy = valueAt(document, retention);
  for (const when of isRecord(policy) ? Object.keys(policy) : [])
    notes.add(
      [...retention, when],
      member(policy, when) === "Retain" ? "mapped" : "not supported",
      "Claims are kept over scale-in and recovery, and go with the set only when deleting it asks for that.",
    );
  notes.add(
    TEMPLATE.concat("size"),
    "mapped",
    "leaderWorker.size. LWS_LEADER_ADDRESS, LWS_GROUP_SIZE and LWS_WORKER_INDEX are RBG_LWP_… here: a script inside an image that reads the old names finds them only where the cluster has LeaderWorkerSets.",
  );
}
