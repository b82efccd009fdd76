import { z } from "zod";
import { dropSafeIntegerBounds, manifestJsonSchema, nodeAt } from "./editor-schema.ts";
import { GroupResourceSpec, GroupResourceStatus } from "./group-schema.ts";
import { SetResourceStatus } from "./set-status-schema.ts";
import { isRecord } from "./shape.ts";

/**
 * The text of docs/API_REFERENCE.md, from the schema. Run: npm run generate
 */
export function renderApiReference(): string {
  const manifest = manifestJsonSchema();
  const section = (path: string, intro = ""): string => {
    const node = path === "" ? manifest : nodeAt(manifest, path);
    if (node === undefined) throw new Error(`The schema has no ${path}`);
    return `## ${path === "" ? "Manifest" : path}\n\n${intro === "" ? "" : `${intro}\n\n`}${table(rows(node, "", path))}`;
  };
  return `${[
    `# API reference

<!-- Generated from the schema; see packages/core/src/spec/api-reference.ts. -->

The fields of a \`RoleBasedGroupSet\`, version \`openpatio.io/v1alpha1\`. A field that is not in these tables is refused,
with its path and the field that was probably meant. Inside a pod template every field of Kubernetes may stand.

\`\`\`yaml
apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata: { name: demo-group, namespace: default }
spec:
  replicas: 2
  groupTemplate:
    roles:
      - role: prefill
        replicas: 2
        template: { spec: { containers: [{ name: engine, image: "lmsysorg/sglang:v0.5.9" }] } }
      - role: decode
        replicas: 2
        dependencies: [prefill]
        template: { spec: { containers: [{ name: engine, image: "lmsysorg/sglang:v0.5.9" }] } }
\`\`\``,
    section(""),
    section("metadata"),
    section("spec"),
    section("spec.groupTemplate.roles[]"),
    section(
      "spec.groupTemplate.roles[].template",
      "A PodTemplateSpec of Kubernetes. Only what is checked before the cluster sees it is listed.",
    ),
    section("spec.placement"),
    section("spec.rollout"),
    section("spec.recovery"),
    `## Rules between fields

All problems of a manifest are reported at once, each with its path.

- Dependencies name roles of the same group and form no cycle; a cycle is reported as its path, \`decode → router → decode\`.
- Roles, dependencies of a role, containers of a pod, variables and ports of a container are each given once.
- Names fit at the largest index: a StatefulSet \`<set>-<index>-<role>\` has at most 52 characters, a pod, a Service and a
  label at most 63. The problem names the longest name that would arise.
- Two sets of a namespace never have names that are the same or cannot be told apart: set \`a-b\` with role \`c\` is refused beside
  set \`a\` with role \`b-c\`.
- A role with \`leaderWorker\` is a StatefulSet or a LeaderWorkerSet. Its instances have names of their own, which no other role may
  have: role \`prefill-0\` is refused beside a multi-node role \`prefill\`. \`RBG_ROLE_INDEX\` is not defined by its containers.
- \`topology.exclusive\` needs \`topology.mode: Required\`.
- \`maxUnavailable\` and \`maxSurge\` are not both 0.
- Labels and annotations under \`openpatio.io/\`, and \`app.kubernetes.io/managed-by\` on pods, are set by OpenPatio.
- \`/etc/rbg\` is where the discovery file is mounted. The discovery file of a group has at most 900 KiB.
- A variable that a container defines itself is never replaced by one of service discovery.
- A manifest has at most 1 MiB; its aliases are expanded up to 100,000 values; it is nested at most 64 levels deep.`,
    `## status

What \`kubectl get rbgs\` shows. Written by OpenPatio.

${table(rows(toJson(SetResourceStatus), "", "set"))}`,
    `## RoleBasedGroup

One object per group in its cluster: the owner of everything else of the group. Written by OpenPatio and read with
\`kubectl get rbg\`; edit the set instead.

### spec

${table(rows(toJson(GroupResourceSpec), "", "group"))}

### status

${table(rows(toJson(GroupResourceStatus), "", "group"))}`,
  ].join("\n\n")}\n`;
}

const toJson = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, { io: "input", override: ({ jsonSchema }) => dropSafeIntegerBounds(jsonSchema) });

type Row = { readonly field: string; readonly type: string; readonly fallback: string; readonly meaning: string };

function table(list: readonly Row[]): string {
  const lines = list.map(
    ({ field, type, fallback, meaning }) => `| \`${field}\` | ${type} | ${fallback} | ${meaning} |`,
  );
  return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

/** Described in a section of their own, or elsewhere. */
const OWN_SECTION = [
  "metadata",
  "spec",
  "spec.groupTemplate.roles[]",
  "spec.groupTemplate.roles[].template",
  "spec.groupTemplate.roles[].leaderWorker.workerTemplate",
  "spec.placement",
  "spec.rollout",
  "spec.recovery",
];

/** One row per field, members of maps and of list items below their parent. */
function rows(node: Readonly<Record<string, unknown>>, prefix: string, path: string): readonly Row[] {
  const properties = node["properties"];
  if (!isRecord(properties)) return [];
  const required = Array.isArray(node["required"]) ? (node["required"] as readonly unknown[]) : [];
  return Object.entries(properties).flatMap(([name, raw]) => {
    const child = isRecord(raw) ? raw : {};
    const items = child["items"];
    const isObjectList = isRecord(items) && isRecord(items["properties"]);
    const fullPath = path === "" ? name : `${path}.${name}`;
    const row: Row = {
      field: `${prefix}${name}`,
      type: typeOf(child),
      fallback: required.includes(name) ? "required" : defaultOf(child),
      meaning: meaningOf(child),
    };
    const [inner, suffix] = isObjectList ? [items, "[]"] : [child, ""];
    if (OWN_SECTION.includes(`${fullPath}${suffix}`)) return [row];
    return [row, ...rows(inner, `${prefix}${name}${suffix}.`, `${fullPath}${suffix}`)];
  });
}

function typeOf(node: Readonly<Record<string, unknown>>): string {
  const choices = node["anyOf"];
  if (Array.isArray(choices)) return choices.filter(isRecord).map(typeOf).join(" or ");
  const values = node["enum"];
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (node["const"] !== undefined) return `\`${JSON.stringify(node["const"]).replaceAll('"', "")}\``;
  const { type, minimum, maximum, pattern } = node;
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...node, type: one })).join(" or ");
  if (type === "integer" || type === "number") {
    const word = type === "integer" ? "integer" : "number";
    if (typeof maximum === "number") return `${word}, ${String(minimum)} to ${maximum}`;
    return typeof minimum === "number" ? `${word} ≥ ${minimum}` : word;
  }
  if (type === "array") return isRecord(node["items"]) && node["items"]["type"] === "string" ? "list of text" : "list";
  if (type === "object") {
    const values_ = node["additionalProperties"];
    return isRecord(values_) && values_["type"] === "string" ? "map of text" : "map";
  }
  if (type === "string") return typeof pattern === "string" && pattern.endsWith("%$") ? "percentage" : "text";
  return String(type);
}

function defaultOf(node: Readonly<Record<string, unknown>>): string {
  const value = node["default"];
  if (value === undefined) return "";
  // The members of a map have their own lines.
  if (isRecord(value)) return isRecord(node["properties"]) ? "" : "`{}`";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function meaningOf(node: Readonly<Record<string, unknown>>): string {
  return typeof node["description"] === "string" ? node["description"] : "";
}
