/** The forms in which an object or list leaves the server: as it is, as a table row, as metadata only. */
import type { KubeObject } from "@openpatio/core/model";
import type { SimClock } from "./api.ts";
import type { Exchange } from "./http-exchange.ts";
import type { ResourceRoute } from "./http-route.ts";
import { columnsOf, rowOf, type TableOptions } from "./table.ts";

type Form = "object" | "table" | "metadata";

export type Representation = {
  readonly form: Form;
  /** One object in the client's version and form; `isFirst` carries a table's headers. */
  object(object: KubeObject, isFirst: boolean): unknown;
  list(items: readonly KubeObject[], metadata: Readonly<Record<string, unknown>>): unknown;
};

export function representationFor(exchange: Exchange, route: ResourceRoute, clock: SimClock): Representation {
  const form = acceptedForm(exchange.request.headers.accept ?? "");
  const include = exchange.query.get("includeObject");
  const { definition, version } = route;
  const apiVersion = definition.group === "" ? version : `${definition.group}/${version}`;
  const options: Omit<TableOptions, "nowMs"> = {
    version,
    includeObject: include === "Object" || include === "None" ? include : "Metadata",
  };
  const versioned = (object: KubeObject) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion });
  const table = (items: readonly KubeObject[], metadata: Readonly<Record<string, unknown>>, withColumns: boolean) => ({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: withColumns ? columnsOf(definition, version) : [],
    rows: items.map((item) => rowOf(definition, versioned(item), { ...options, nowMs: clock.nowMs() })),
  });
  const metadataOnly = (object: KubeObject) => ({
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  });
  return {
    form,
    object(object, isFirst) {
      if (form === "table") return table([object], { resourceVersion: object.metadata.resourceVersion }, isFirst);
      return form === "metadata" ? metadataOnly(object) : versioned(object);
    },
    list(items, metadata) {
      if (form === "table") return table(items, metadata, true);
      if (form === "metadata") {
        return {
          kind: "PartialObjectMetadataList",
          apiVersion: "meta.k8s.io/v1",
          metadata,
          items: items.map(metadataOnly),
        };
      }
      // Items of built-in lists carry no kind, as upstream's typed lists; custom ones do.
      const shown =
        definition.custom === undefined
          ? items.map(({ apiVersion: _a, kind: _k, ...rest }) => rest)
          : items.map(versioned);
      return { kind: definition.listKind, apiVersion, metadata, items: shown };
    },
  };
}

function acceptedForm(accept: string): Form {
  for (const part of accept.split(",")) {
    if (!part.includes("application/json")) continue;
    if (/;\s*as=Table\b/.test(part)) return "table";
    if (/;\s*as=PartialObjectMetadata(List)?\b/.test(part)) return "metadata";
    return "object";
  }
  return "object";
}
