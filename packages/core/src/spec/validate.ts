import { LABEL } from "../model/names.ts";
import { findCycles } from "./dependencies.ts";
import { multiNodeProblems } from "./multi-node-rules.ts";
import { nameProblems, roleNameProblems } from "./name-budget.ts";
import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { MAX_ROLES, WORKLOADS } from "./schema.ts";
import { countAt, isRecord, listAt, member, textAt, valueAt } from "./shape.ts";
import { closest } from "./suggest.ts";
import { templateProblems } from "./template-rules.ts";
import { volumeClaimProblems } from "./volume-claims.ts";

/**
 * The rules that hold between fields. They read the manifest as far as its shape allows, so that they also speak about
 * a document that the schema refuses elsewhere; for a manifest that it accepts, no problem here means that it is valid.
 */

const GROUP_TEMPLATE: Path = ["spec", "groupTemplate"];
const ROLES: Path = [...GROUP_TEMPLATE, "roles"];
const WORKERS_METADATA: Path = ["leaderWorker", "workerTemplate", "metadata"];

/**
 * All cross-field problems of a manifest, in the order of the document's sections. `presentReplicas` stands for
 * `spec.replicas` where that is absent.
 */
export function validateManifest(manifest: unknown, presentReplicas = 1): readonly Problem[] {
  return [
    ...nameProblems(manifest, presentReplicas),
    ...roleNameProblems(manifest),
    ...labelProblems(valueAt(manifest, [...GROUP_TEMPLATE, "metadata"]), [...GROUP_TEMPLATE, "metadata"]),
    ...roleProblems(manifest),
    ...discoveryProblems(manifest),
    ...placementProblems(manifest),
    ...rolloutProblems(manifest),
    ...recoveryProblems(manifest),
    ...entryProblems(manifest),
  ];
}

type RoleFacts = { readonly index: number; readonly role: string; readonly dependencies: readonly string[] };

function roleProblems(manifest: unknown): readonly Problem[] {
  const roles: readonly RoleFacts[] = listAt(manifest, ROLES)
    .slice(0, MAX_ROLES)
    .map((role, index) => ({
      index,
      role: textAt(role, ["role"]) ?? "",
      dependencies: listAt(role, ["dependencies"])
        .slice(0, MAX_ROLES)
        .map((name) => (typeof name === "string" ? name : "")),
    }));
  const ofEach = roles.flatMap((facts) => {
    const path = [...ROLES, facts.index];
    const role = valueAt(manifest, path);
    const template = member(role, "template");
    return [
      ...duplicateRole(facts, roles),
      ...dependencyProblems(facts, roles),
      ...workloadProblems(member(role, "workload"), [...path, "workload"]),
      ...labelProblems(member(template, "metadata"), [...path, "template", "metadata"]),
      ...templateProblems(template, [...path, "template"]),
      ...multiNodeProblems(role, path),
      ...labelProblems(valueAt(role, WORKERS_METADATA), [...path, ...WORKERS_METADATA]),
      ...volumeClaimProblems(role, path),
    ];
  });
  return [...ofEach, ...cycleProblems(roles)];
}

function duplicateRole({ index, role }: RoleFacts, roles: readonly RoleFacts[]): readonly Problem[] {
  if (role === "" || !roles.some((other) => other.role === role && other.index < index)) return [];
  return [
    {
      path: formatPath([...ROLES, index, "role"]),
      code: "duplicate",
      message: `The role ${role} is defined twice: give this one another name, or remove it.`,
    },
  ];
}

function dependencyProblems({ index, role, dependencies }: RoleFacts, roles: readonly RoleFacts[]): readonly Problem[] {
  const others = roles.map((other) => other.role).filter((name) => name !== "" && name !== role);
  return dependencies.flatMap((dependency, at): readonly Problem[] => {
    const path = formatPath([...ROLES, index, "dependencies", at]);
    if (dependency === "") return [];
    if (dependencies.indexOf(dependency) < at)
      return [
        {
          path,
          code: "duplicate",
          message: `${dependency} is already among the dependencies of ${role}: remove it here.`,
        },
      ];
    // A role that depends on itself is a cycle.
    if (dependency === role || others.includes(dependency)) return [];
    const meant = closest(dependency, others);
    const known = others.length === 0 ? "There is no other role." : `The other roles are ${others.join(", ")}.`;
    return [
      {
        path,
        code: "unknown-role",
        message: `There is no role ${dependency}. ${known}`,
        ...(meant === undefined ? {} : { suggestion: meant }),
      },
    ];
  });
}

function cycleProblems(roles: readonly RoleFacts[]): readonly Problem[] {
  return findCycles(roles).map((cycle) => ({
    path: formatPath([...ROLES, cycle.roleIndex, "dependencies", cycle.dependencyIndex]),
    code: "cycle",
    message:
      cycle.roles.length === 2
        ? `The role ${cycle.roles[0]} depends on itself: remove this dependency.`
        : `The dependencies form a cycle: ${cycle.roles.join(" → ")}. Remove one of them.`,
  }));
}

function workloadProblems(workload: unknown, path: Path): readonly Problem[] {
  const apiVersion = textAt(workload, ["apiVersion"]);
  const kind = textAt(workload, ["kind"]);
  if (apiVersion === undefined || kind === undefined) return [];
  const given = `${apiVersion}/${kind}`;
  if (WORKLOADS.some((known) => known === given)) return [];
  const sameKind = WORKLOADS.find((known) => known.endsWith(`/${kind}`));
  if (sameKind !== undefined) {
    const right = sameKind.slice(0, sameKind.lastIndexOf("/"));
    return [
      {
        path: formatPath([...path, "apiVersion"]),
        code: "value",
        message: `A ${kind} has apiVersion ${right}, not ${apiVersion}.`,
        suggestion: right,
      },
    ];
  }
  const kinds = WORKLOADS.map((known) => known.slice(known.lastIndexOf("/") + 1));
  const meant = closest(kind, kinds);
  return [
    {
      path: formatPath([...path, "kind"]),
      code: "value",
      message: `A role cannot run as ${kind}. Possible kinds are StatefulSet and Deployment of apps/v1, and LeaderWorkerSet of leaderworkerset.x-k8s.io/v1.`,
      ...(meant === undefined ? {} : { suggestion: meant }),
    },
  ];
}

const OURS: readonly string[] = Object.values(LABEL);

/** Labels by which we find what is ours: a user's value would make an object look like another's. */
function labelProblems(metadata: unknown, path: Path): readonly Problem[] {
  const problems: Problem[] = [];
  for (const field of ["labels", "annotations"] as const) {
    const entries = member(metadata, field);
    if (!isRecord(entries)) continue;
    for (const key of Object.keys(entries))
      if (key.startsWith("openpatio.io/") || (field === "labels" && OURS.includes(key)))
        problems.push({
          path: formatPath([...path, field, key]),
          code: "value",
          message: `The ${field === "labels" ? "label" : "annotation"} ${key} is set by OpenPatio itself: remove it.`,
        });
  }
  return problems;
}

/** Bytes. A ConfigMap holds 1 MiB; the rest is for what is added later and for the object around it. */
const MAX_DISCOVERY_BYTES = 900 * 1024;

/**
 * The discovery file lists every pod of a group and the environment one variable per pod and port, so a group with very
 * many pods has no room in its ConfigMaps. The size is that of the larger of the two, estimated from above.
 */
function discoveryProblems(manifest: unknown): readonly Problem[] {
  const name = textAt(manifest, ["metadata", "name"]) ?? "";
  const namespace = textAt(manifest, ["metadata", "namespace"]) ?? "default";
  let bytes = 0;
  let pods = 0;
  for (const role of listAt(manifest, ROLES)) {
    if (textAt(role, ["workload", "kind"]) === "Deployment") continue;
    const roleName = textAt(role, ["role"]) ?? "";
    const replicas = countAt(role, ["replicas"], 1);
    const workers = Math.max(countAt(role, ["leaderWorker", "size"], 1), 1) - 1;
    const sidecars = listAt(role, ["template", "spec", "initContainers"]).filter(
      (container) => textAt(container, ["restartPolicy"]) === "Always",
    );
    const running = [...listAt(role, ["template", "spec", "containers"]), ...sidecars];
    const ports = running.flatMap((container) => listAt(container, ["ports"]));
    // Twice the workload's name, an index and the namespace make an address: S-i-R-k.s-S-i-R.namespace.svc
    const address = 2 * (name.length + roleName.length + 12) + namespace.length + 10;
    const perPort = ports.reduce<number>(
      (sum, port) => sum + (textAt(port, ["name"])?.length ?? 9) + roleName.length + 36,
      0,
    );
    bytes += replicas * (address + roleName.length + 40 + perPort + workers * (address + 28));
    pods += replicas * (workers + 1);
  }
  if (bytes <= MAX_DISCOVERY_BYTES) return [];
  return [
    {
      path: formatPath(ROLES),
      code: "too-large",
      message: `A group of ${pods} pods would have a discovery file of about ${Math.ceil(bytes / 1024)} KiB; ${MAX_DISCOVERY_BYTES / 1024} KiB have room. Use fewer replicas per role and more groups.`,
    },
  ];
}

const isZero = (value: unknown): boolean => value === 0 || value === "0%";

/** A domain that a group may leave can't be promised to it alone. */
function placementProblems(manifest: unknown): readonly Problem[] {
  const path: Path = ["spec", "placement", "topology"];
  const topology = valueAt(manifest, path);
  const exclusive = textAt(topology, ["exclusive"]);
  if (textAt(topology, ["mode"]) !== "Preferred" || exclusive === undefined || exclusive === "None") return [];
  return [
    {
      path: formatPath([...path, "exclusive"]),
      code: "value",
      message: `exclusive: ${exclusive} needs mode Required: with Preferred a group may spread beyond its domain. Use Required, or exclusive None.`,
    },
  ];
}

function rolloutProblems(manifest: unknown): readonly Problem[] {
  const rollout = valueAt(manifest, ["spec", "rollout"]);
  if (!isZero(member(rollout, "maxUnavailable")) || !isZero(member(rollout, "maxSurge") ?? 0)) return [];
  return [
    {
      path: "spec.rollout.maxUnavailable",
      code: "value",
      message: "With maxUnavailable 0 and maxSurge 0 no rollout could ever begin: use maxUnavailable 1.",
      suggestion: "1",
    },
  ];
}

function recoveryProblems(manifest: unknown): readonly Problem[] {
  const backoff = valueAt(manifest, ["spec", "recovery", "backoff"]);
  const base = member(backoff, "baseSeconds") ?? 30;
  const max = member(backoff, "maxSeconds") ?? 600;
  if (typeof base !== "number" || typeof max !== "number" || base <= max) return [];
  return [
    {
      path: `spec.recovery.backoff.${member(backoff, "maxSeconds") === undefined ? "baseSeconds" : "maxSeconds"}`,
      code: "value",
      message: `baseSeconds (${base}) is more than maxSeconds (${max}): the first delay would already be over the limit.`,
    },
  ];
}

function entryProblems(manifest: unknown): readonly Problem[] {
  const entry = valueAt(manifest, ["spec", "entry"]);
  const roleName = textAt(entry, ["role"]);
  if (roleName === undefined) return [];
  const roles = listAt(manifest, ROLES);
  const role = roles.find((candidate) => textAt(candidate, ["role"]) === roleName);
  const problem = (field: string, wanted: string, what: string, known: readonly string[]): Problem => {
    const meant = closest(wanted, known);
    return {
      path: `spec.entry.${field}`,
      code: field === "role" ? "unknown-role" : "value",
      message: `There is no ${what} ${wanted}. ${known.length === 0 ? "There is none." : `Known are ${known.join(", ")}.`}`,
      ...(meant === undefined ? {} : { suggestion: meant }),
    };
  };
  const texts = (values: readonly unknown[], key: string): string[] =>
    values.flatMap((value) => textAt(value, [key]) ?? []);
  if (role === undefined) return [problem("role", roleName, "role", texts(roles, "role"))];
  const portName = textAt(entry, ["port"]);
  const ports = listAt(role, ["template", "spec", "containers"])
    .flatMap((container) => listAt(container, ["ports"]))
    .flatMap((port) => textAt(port, ["name"]) ?? unnamedPort(port));
  return portName === undefined || ports.includes(portName)
    ? []
    : [problem("port", portName, `port of role ${roleName} named`, ports)];
}

/** The name by which launchers know a port without one. */
function unnamedPort(port: unknown): readonly string[] {
  const number = valueAt(port, ["containerPort"]);
  return typeof number === "number" ? [`port${number}`] : [];
}
