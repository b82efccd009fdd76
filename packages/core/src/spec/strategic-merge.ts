import { isRecord, member } from "./shape.ts";

/**
 * Strategic merge of pod templates, as Kubernetes defines it for the lists that people patch: their items are matched
 * by a key. All other lists are replaced. null and `$patch: delete` remove, `$patch: replace` takes the patch alone.
 */

const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  ports: "containerPort",
  volumes: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
};

export function strategicMerge(base: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  if (!isRecord(base) || patch["$patch"] === "replace") return withoutDirectives(patch);
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (value === null || (isRecord(value) && value["$patch"] === "delete")) delete merged[key];
    else if (Array.isArray(value)) merged[key] = mergeList(key, merged[key], value);
    else merged[key] = strategicMerge(merged[key], value);
  }
  return merged;
}

function mergeList(field: string, base: unknown, patch: readonly unknown[]): readonly unknown[] {
  const mergeKey = Object.hasOwn(MERGE_KEYS, field) ? MERGE_KEYS[field] : undefined;
  if (
    mergeKey === undefined ||
    !Array.isArray(base) ||
    patch.some((item) => isRecord(item) && item["$patch"] === "replace")
  )
    return patch.map(withoutDirectives).filter((item) => !isRecord(item) || Object.keys(item).length > 0);
  const merged: unknown[] = [...(base as readonly unknown[])];
  for (const item of patch) {
    const key = member(item, mergeKey);
    const at = merged.findIndex((candidate) => key !== undefined && member(candidate, mergeKey) === key);
    if (isRecord(item) && item["$patch"] === "delete") {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = strategicMerge(merged[at], item);
    else merged.push(withoutDirectives(item));
  }
  return merged;
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !key.startsWith("$") && item !== null)
      .map(([key, item]) => [key, withoutDirectives(item)]),
  );
}
