import { formatPath, type Path } from "./path.ts";
import type { Problem } from "./problem.ts";
import { isRecord, listAt, textAt, valueAt } from "./shape.ts";

/** Where the discovery file is mounted in every container. */
const DISCOVERY_MOUNT = "/etc/rbg";

/**
 * What is checked inside a pod template: mistakes that a cluster accepts and resolves in silence (the last of two equal
 * env names wins), or that break what we add. Everything else is the cluster's to judge, by a dry run.
 */
export function templateProblems(template: unknown, path: Path): readonly Problem[] {
  const ofContainers = (["initContainers", "containers"] as const).flatMap((field) =>
    listAt(template, ["spec", field]).flatMap((container, index) =>
      containerProblems(container, [...path, "spec", field, index]),
    ),
  );
  return [...ofContainers, ...duplicateContainers(template, path)];
}

function duplicateContainers(template: unknown, path: Path): readonly Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const field of ["initContainers", "containers"] as const) {
    for (const [index, container] of listAt(template, ["spec", field]).entries()) {
      const name = textAt(container, ["name"]);
      if (name === undefined) continue;
      if (seen.has(name))
        problems.push({
          path: formatPath([...path, "spec", field, index, "name"]),
          code: "duplicate",
          message: `Two containers of this pod are named ${name}: give one of them another name.`,
        });
      seen.add(name);
    }
  }
  return problems;
}

function containerProblems(container: unknown, path: Path): readonly Problem[] {
  const problems: Problem[] = [];
  const duplicate = (at: Path, message: string): void => {
    problems.push({ path: formatPath(at), code: "duplicate", message });
  };

  const envNames = new Set<string>();
  for (const [index, variable] of listAt(container, ["env"]).entries()) {
    const name = textAt(variable, ["name"]);
    if (name === undefined) continue;
    if (envNames.has(name))
      duplicate(
        [...path, "env", index, "name"],
        `The variable ${name} is set twice in this container; only the last one would count.`,
      );
    envNames.add(name);
  }

  const portNames = new Set<string>();
  const portNumbers = new Set<string>();
  for (const [index, port] of listAt(container, ["ports"]).entries()) {
    const at = [...path, "ports", index];
    const name = textAt(port, ["name"]);
    if (name !== undefined) {
      if (portNames.has(name)) duplicate([...at, "name"], `Two ports of this container are named ${name}.`);
      portNames.add(name);
    }
    const number = valueAt(port, ["containerPort"]);
    const key = `${String(number)}/${textAt(port, ["protocol"]) ?? "TCP"}`;
    if (isPort(number)) {
      if (portNumbers.has(key)) duplicate([...at, "containerPort"], `The port ${key} stands twice in this container.`);
      portNumbers.add(key);
    } else if (isRecord(port))
      problems.push({
        path: formatPath([...at, "containerPort"]),
        code: "value",
        message: `containerPort has to be a whole number from 1 to 65535${number === undefined ? "; it is missing" : `, not ${JSON.stringify(number)}`}.`,
      });
    const hostPort = valueAt(port, ["hostPort"]);
    if (hostPort !== undefined && hostPort !== 0 && !isPort(hostPort))
      problems.push({
        path: formatPath([...at, "hostPort"]),
        code: "value",
        message: `hostPort has to be a whole number from 1 to 65535, not ${JSON.stringify(hostPort)}.`,
      });
  }

  for (const [index, mount] of listAt(container, ["volumeMounts"]).entries()) {
    const mountPath = plainPath(textAt(mount, ["mountPath"]) ?? "");
    if (mountPath === DISCOVERY_MOUNT || mountPath.startsWith(`${DISCOVERY_MOUNT}/`))
      problems.push({
        path: formatPath([...path, "volumeMounts", index, "mountPath"]),
        code: "value",
        message: `${DISCOVERY_MOUNT} is where OpenPatio mounts the discovery file: mount this volume elsewhere.`,
      });
  }
  return problems;
}

/** A path without the detours that lead to the same place. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

const isPort = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535;
