import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { API_GROUP, isRecord } from "@openpatio/core/model";
import { GroupResourceSpec, GroupResourceStatus, renderApiReference } from "@openpatio/core/spec";
import { stringify } from "yaml";
import { z } from "zod";

/**
 * Generates what follows from the schema in core: the custom resource definitions, as YAML for `kubectl apply -f` and as
 * a module that needs no file system, and docs/API_REFERENCE.md. Run: npm run generate
 */

type Json = Readonly<Record<string, unknown>>;

export const ROLE_BASED_GROUPS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `rolebasedgroups.${API_GROUP}` },
  spec: {
    group: API_GROUP,
    scope: "Namespaced",
    names: {
      kind: "RoleBasedGroup",
      listKind: "RoleBasedGroupList",
      plural: "rolebasedgroups",
      singular: "rolebasedgroup",
      shortNames: ["rbg"],
      categories: ["openpatio"],
    },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          column("Set", "string", ".spec.set"),
          column("Index", "integer", ".spec.index"),
          column("Phase", "string", ".status.phase"),
          column("Incarnation", "integer", ".spec.incarnation"),
          column("Revision", "integer", ".status.revision"),
          column("Domain", "string", ".status.domain"),
          column("Message", "string", ".status.message", 1),
          column("Age", "date", ".metadata.creationTimestamp"),
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            description: "One group of a RoleBasedGroupSet. Written by OpenPatio: edit the set instead.",
            required: ["spec"],
            properties: {
              apiVersion: { type: "string" },
              kind: { type: "string" },
              metadata: { type: "object" },
              spec: structural(GroupResourceSpec),
              status: structural(GroupResourceStatus),
            },
          },
        },
      },
    ],
  },
};

function column(name: string, type: string, jsonPath: string, priority = 0): Json {
  return { name, type, jsonPath, ...(priority === 0 ? {} : { priority }) };
}

/** The subset of JSON Schema that Kubernetes calls structural. */
function structural(schema: z.ZodType): Json {
  return toStructural(z.toJSONSchema(schema, { io: "input", target: "openapi-3.0" }));
}

function toStructural(schema: Json): Json {
  const { type, description, enum: values, nullable, minimum, maximum, pattern, required, items, properties } = schema;
  const { minLength, maxLength, minItems, maxItems, additionalProperties } = schema;
  const isOpen = properties !== undefined && isRecord(additionalProperties);
  return withoutAbsent({
    type,
    description,
    nullable,
    enum: values,
    pattern,
    // The bounds of a safe integer are the schema's way to say "integer".
    minimum: minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum,
    maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
    minLength,
    maxLength,
    minItems,
    maxItems,
    required,
    items: isRecord(items) ? toStructural(items) : undefined,
    properties: isRecord(properties)
      ? Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, toStructural(child as Json)]))
      : undefined,
    // A structural schema has either named properties or any; unknown ones are kept by this extension.
    "x-kubernetes-preserve-unknown-fields": isOpen ? true : undefined,
  });
}

function withoutAbsent(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export const YAML_TEXT = `# Generated from the schema in packages/core/src/spec; do not edit.\n${stringify(ROLE_BASED_GROUPS, { lineWidth: 0 })}`;

export const API_REFERENCE = new URL("../../../docs/API_REFERENCE.md", import.meta.url);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = new URL("../src/crds/", import.meta.url);
  writeFileSync(new URL(`${ROLE_BASED_GROUPS.metadata.name}.yaml`, folder), YAML_TEXT);
  writeFileSync(
    new URL("definitions.ts", folder),
    `// Generated from the schema in packages/core/src/spec; do not edit.
import type { KubeObject } from "@openpatio/core/model";

export const ROLE_BASED_GROUPS: KubeObject = ${JSON.stringify(ROLE_BASED_GROUPS, null, 2)};
`,
  );
  writeFileSync(API_REFERENCE, renderApiReference());
}
