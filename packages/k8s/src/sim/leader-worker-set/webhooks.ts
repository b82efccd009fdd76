/** The admission webhooks of LeaderWorkerSet: defaults and checks of the sets, identity and environment of their pods. */
import { createHash } from "node:crypto";
import { resolveIntOrPercent } from "../controllers/int-or-percent.ts";
import { ApiError } from "../status.ts";
import { childOf, isObject, type MutableObject, objectsOf, textOf } from "../store-json.ts";
import type { Webhook } from "../store-webhooks.ts";
import { KEY, ordinalOf, RESOURCE } from "./types.ts";

export const leaderWorkerSetWebhook: Webhook = ({ definition, object, before }) => {
  if (definition.id === RESOURCE) {
    setDefaults(childOf(object, "spec"));
    checkSet(object, before);
  }
  // What it adds to a pod at creation is never changed, so an update has nothing to add.
  if (definition.id === "pods" && before === undefined) admitPod(object);
};

function setDefaults(spec: MutableObject): void {
  const template = childOf(spec, "leaderWorkerTemplate");
  if (template["restartPolicy"] === "Default") template["restartPolicy"] = "None";
  const strategy = childOf(spec, "rolloutStrategy");
  strategy["type"] ??= "RollingUpdate";
  strategy["rollingUpdateConfiguration"] ??= { maxUnavailable: 1, maxSurge: 0, partition: 0 };
  childOf(spec, "networkConfig")["subdomainPolicy"] ??= "Shared";
}

const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/u;
const DNS_1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** Errors: 403 with every problem, in the words of the webhook. */
function checkSet(object: MutableObject, before: MutableObject | undefined): void {
  const problems: string[] = [];
  const bad = (path: string, value: unknown, why: string) => {
    problems.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`);
  };
  const name = textOf(childOf(object, "metadata")["name"]);
  if (!DNS_1035.test(name)) bad("metadata.name", name, DNS_1035_RULE);
  else if (name.length > 63) bad("metadata.name", name, "must be no more than 63 bytes");
  const spec = childOf(object, "spec");
  const replicas = Number(spec["replicas"]);
  const template = childOf(spec, "leaderWorkerTemplate");
  const size = Number(template["size"]);
  if (replicas < 0) bad("spec.replicas", replicas, "replicas must be equal or greater than 0");
  if (size < 1) bad("spec.leaderWorkerTemplate.size", size, "size must be equal or greater than 1");
  if (replicas * size > 2_147_483_647) {
    bad("spec.replicas", replicas, "the product of replicas and worker replicas must not exceed 2147483647");
  }
  checkRollout(childOf(childOf(spec, "rolloutStrategy"), "rollingUpdateConfiguration"), replicas, bad);
  checkSubGroups(template, before, size, bad);
  if (problems.length === 0) return;
  const list = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  throw new ApiError(403, "Forbidden", `admission webhook "vleaderworkerset.kb.io" denied the request: ${list}`, {});
}

type Report = (path: string, value: unknown, why: string) => void;

function checkRollout(config: MutableObject, replicas: number, bad: Report): void {
  const path = "spec.rolloutStrategy.rollingUpdateConfiguration";
  const valueOf = (key: "maxUnavailable" | "maxSurge", round: "up" | "down"): number => {
    const value = config[key] as number | string;
    if (typeof value === "number" && value < 0) bad(`${path}.${key}`, value, "must be greater than or equal to 0");
    if (typeof value === "string" && !/^\d+%$/u.test(value)) {
      bad(
        `${path}.${key}`,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      );
      return Number.NaN;
    }
    if (typeof value === "string" && Number.parseInt(value, 10) > 100) {
      bad(`${path}.${key}`, value, "must not be greater than 100%");
    }
    return resolveIntOrPercent(value, replicas, round, 0);
  };
  const maxUnavailable = valueOf("maxUnavailable", "down");
  const maxSurge = valueOf("maxSurge", "up");
  if (Number(config["partition"]) < 0) {
    bad(`${path}.partition`, config["partition"], "must be greater than or equal to 0");
  }
  if (maxUnavailable === 0 && maxSurge === 0 && replicas !== 0) {
    bad(`${path}.maxUnavailable`, config["maxUnavailable"], "must not be 0 when `maxSurge` is 0");
  }
}

function checkSubGroups(template: MutableObject, before: MutableObject | undefined, size: number, bad: Report): void {
  const path = "spec.leaderWorkerTemplate.SubGroupPolicy.subGroupSize";
  const policy = template["subGroupPolicy"];
  const sizeIn = (value: unknown): unknown => (isObject(value) ? value["subGroupSize"] : undefined);
  const subSize = Number(sizeIn(policy));
  if (isObject(policy)) {
    if (subSize < 1) bad(path, subSize, "subGroupSize must be equal or greater than 1");
    if (size % subSize !== 0 && (size - 1) % subSize !== 0) {
      bad(path, subSize, "size or size - 1 must be divisible by subGroupSize");
    }
    if (size < subSize) bad(path, subSize, "subGroupSize cannot be larger than size");
    if (policy["subGroupPolicyType"] === "LeaderExcluded" && (size - 1) % subSize !== 0) {
      bad(path, subSize, "size-1 must be divisible by subGroupSize when using LeaderExcluded");
    }
  }
  if (before === undefined) return;
  const earlier = childOf(childOf({ ...before }, "spec"), "leaderWorkerTemplate")["subGroupPolicy"];
  if (isObject(policy) && isObject(earlier) && sizeIn(earlier) !== sizeIn(policy)) {
    bad(path, subSize, "field is immutable");
  }
  if (isObject(policy) && !isObject(earlier)) {
    bad(path, subSize, "cannot enable subGroupSize after the lws is already created");
  }
  if (!isObject(policy) && isObject(earlier)) bad(path, sizeIn(earlier), "cannot remove subGroupSize after enabled");
}

/** The same for the same pod name: a leader's later life has the key of the earlier one. */
function groupHash(first: string, second: string): string {
  return createHash("sha1").update(`${first}/${second}`).digest("hex");
}

function admitPod(pod: MutableObject): void {
  const metadata = childOf(pod, "metadata");
  const labels = { ...childOf(metadata, "labels") } as Record<string, string>;
  if (labels[KEY.setName] === undefined) return;
  metadata["labels"] = labels;
  const annotations = (isObject(metadata["annotations"]) ? metadata["annotations"] : {}) as Record<string, string>;
  const name = textOf(metadata["name"]);
  const size = annotations[KEY.size];
  if (size === undefined) throw denied(`size annotation is unexpectedly missing for pod ${name}`);
  const ordinal = ordinalOf(name);
  if (ordinal < 0) throw denied(`parsing pod ordinal for pod ${name}`);
  const spec = childOf(pod, "spec");
  const isLeader = labels[KEY.workerIndex] === "0";
  if (isLeader) {
    labels[KEY.groupIndex] ??= String(ordinal);
    if (annotations[KEY.subdomainPolicy] === "UniquePerReplica") spec["subdomain"] = name;
    const hash = labels[KEY.groupHash] ?? groupHash(textOf(metadata["namespace"]), name);
    labels[KEY.groupHash] = hash;
    const topology = annotations[KEY.exclusiveTopology];
    if (topology !== undefined) keepTogether(spec, KEY.groupHash, hash, topology);
  } else {
    labels[KEY.workerIndex] = String(ordinal);
  }
  const subSize = Number(annotations[KEY.subGroupSize]);
  if (!Number.isNaN(subSize) && labels[KEY.subGroupIndex] === undefined) {
    const leader = isLeader ? name : textOf(annotations[KEY.leaderName]);
    // With one pod too many for equal parts the leader is the extra one, and belongs to the first.
    const shift = (Number(size) - 1) % subSize === 0 ? 1 : 0;
    const index = isLeader ? "0" : String(Math.floor((ordinal - shift) / subSize));
    const hash = groupHash(leader, index);
    labels[KEY.subGroupIndex] = index;
    labels[KEY.subGroupHash] = hash;
    const topology = annotations[KEY.subGroupExclusiveTopology];
    if (topology !== undefined) keepTogether(spec, KEY.subGroupHash, hash, topology);
  }
  addEnvironment(pod, spec, labels, size);
}

function denied(why: string): ApiError {
  return new ApiError(403, "Forbidden", `admission webhook "mpod.kb.io" denied the request: ${why}`, {});
}

/** Pods of one key in one domain, and no other key's pods there. */
function keepTogether(spec: MutableObject, key: string, value: string, topologyKey: string): void {
  const affinity = { ...childOf(spec, "affinity") };
  spec["affinity"] = affinity;
  const add = (kind: "podAffinity" | "podAntiAffinity", matchExpressions: readonly MutableObject[]) => {
    const terms = childOf(affinity, kind);
    const field = "requiredDuringSchedulingIgnoredDuringExecution";
    const term = { labelSelector: { matchExpressions }, topologyKey };
    affinity[kind] = { ...terms, [field]: [...objectsOf(terms[field]), term] };
  };
  add("podAffinity", [{ key, operator: "In", values: [value] }]);
  add("podAntiAffinity", [
    { key, operator: "Exists" },
    { key, operator: "NotIn", values: [value] },
  ]);
}

/** Its own variables come first and win, so that others may refer to them. */
function addEnvironment(
  pod: MutableObject,
  spec: MutableObject,
  labels: Readonly<Record<string, string>>,
  size: string,
): void {
  const set = labels[KEY.setName] ?? "";
  const namespace = textOf(childOf(pod, "metadata")["namespace"]);
  const subdomain = textOf(spec["subdomain"] ?? set);
  const own = [
    { name: "LWS_LEADER_ADDRESS", value: `${set}-${labels[KEY.groupIndex] ?? ""}.${subdomain}.${namespace}` },
    { name: "LWS_GROUP_SIZE", value: size },
    { name: "LWS_WORKER_INDEX", value: labels[KEY.workerIndex] ?? "" },
  ];
  const names = new Set<unknown>(own.map((variable) => variable.name));
  for (const container of [...objectsOf(spec["containers"]), ...objectsOf(spec["initContainers"])]) {
    container["env"] = [...own, ...objectsOf(container["env"]).filter((variable) => !names.has(variable["name"]))];
  }
}
