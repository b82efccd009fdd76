/** Custom resources: from a CustomResourceDefinition to a served resource, and its objects against the CRD's schema. */
import type { KubeObject } from "@openpatio/core/model";
import type { Schema } from "./openapi-schema.ts";
import { type Decoded, decodeMetadata } from "./store-decode.ts";
import { clone, isObject, type MutableObject, objectsOf, textOf } from "./store-json.ts";
import type { CustomVersion, PrinterColumn, ResourceDefinition, ScalePaths } from "./store-resources.ts";

export function customResourceOf(object: KubeObject): ResourceDefinition | undefined {
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  const names = isObject(spec["names"]) ? spec["names"] : {};
  const versions = objectsOf(spec["versions"]).map(readVersion);
  const storage = objectsOf(spec["versions"]).find((version) => version["storage"] === true);
  const stored = versions.find((version) => version.name === storage?.["name"]);
  if (stored === undefined) return undefined;
  return {
    id: object.metadata.name,
    group: textOf(spec["group"]),
    version: stored.name,
    kind: textOf(names["kind"]),
    plural: textOf(names["plural"]),
    singular: textOf(names["singular"]),
    listKind: textOf(names["listKind"]),
    shortNames: strings(names["shortNames"]),
    categories: strings(names["categories"]),
    namespaced: spec["scope"] === "Namespaced",
    hasStatus: stored.hasStatus,
    ...(stored.scale === undefined ? {} : { scale: stored.scale }),
    custom: { versions },
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function readVersion(version: MutableObject): CustomVersion {
  const schema = isObject(version["schema"]) ? version["schema"]["openAPIV3Schema"] : undefined;
  const subresources = isObject(version["subresources"]) ? version["subresources"] : {};
  const scale = subresources["scale"];
  return {
    name: textOf(version["name"]),
    served: version["served"] !== false,
    schema: isObject(schema) ? schema : undefined,
    columns: objectsOf(version["additionalPrinterColumns"]).map((column) => column as unknown as PrinterColumn),
    hasStatus: isObject(subresources["status"]),
    ...(isObject(scale) ? { scale: scale as unknown as ScalePaths } : {}),
  };
}

/** The definition with the status that says it is served. */
export function acceptDefinition(object: KubeObject, now: string): KubeObject {
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  const storage = objectsOf(spec["versions"]).find((version) => version["storage"] === true);
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason,
    message,
  });
  return {
    ...object,
    status: {
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ],
      acceptedNames: spec["names"],
      storedVersions: [storage?.["name"]],
    },
  };
}

/** Prunes and defaults a custom resource; `isPartial` is for what somebody applies, which is only pruned. */
export function decodeCustom(
  object: MutableObject,
  schema: Schema | undefined,
  subject: string,
  isPartial: boolean,
): Decoded {
  const { metadata, unknown } = decodeMetadata(object["metadata"], subject);
  const paths = [...unknown];
  if (schema === undefined) return { object: { ...clone(object), metadata }, unknown: paths };
  const { metadata: _, ...rest } = object;
  const pruned = prune(rest, schema, "", paths) as MutableObject;
  if (isPartial) return { object: { ...pruned, metadata }, unknown: paths };
  applySchemaDefaults(pruned, schema);
  return { object: { ...pruned, metadata }, unknown: paths };
}

function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

function prune(value: unknown, schema: Schema | undefined, at: string, unknown: string[]): unknown {
  if (schema === undefined) return clone(value);
  if (Array.isArray(value)) return value.map((item, index) => prune(item, schema.items, `${at}[${index}]`, unknown));
  if (!isObject(value)) return value;
  const out: MutableObject = {};
  for (const [key, child] of Object.entries(value)) {
    const path = at === "" ? key : `${at}.${key}`;
    const own =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (own !== undefined) {
      // A null that may not be one counts as absent.
      if (child !== null || own.nullable === true) out[key] = prune(child, own, path, unknown);
    } else if (schema.additionalProperties !== undefined) {
      out[key] = prune(
        child,
        isObject(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined,
        path,
        unknown,
      );
    } else if (isOpen(schema) || isEmbeddedField(schema, key)) {
      out[key] = clone(child);
    } else {
      unknown.push(path);
    }
  }
  return out;
}

function isEmbeddedField(schema: Schema, key: string): boolean {
  return schema["x-kubernetes-embedded-resource"] === true && ["apiVersion", "kind", "metadata"].includes(key);
}

function applySchemaDefaults(value: unknown, schema: Schema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) for (const item of value) applySchemaDefaults(item, schema.items);
  if (!isObject(value)) return;
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (value[key] === undefined && child.default !== undefined) value[key] = clone(child.default);
    applySchemaDefaults(value[key], child);
  }
  if (isObject(schema.additionalProperties)) {
    for (const child of Object.values(value)) applySchemaDefaults(child, schema.additionalProperties as Schema);
  }
}
