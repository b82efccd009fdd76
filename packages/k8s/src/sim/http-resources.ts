/** The verbs on stored resources: get, list, watch, create, update, patch, delete, deletecollection. */
import type { KubeObject } from "@openpatio/core/model";
import type { DeleteOptions } from "./api.ts";
import { contentTypeOf, type Exchange, isFlag, readBody, readObjectBody, sendJson, success } from "./http-exchange.ts";
import { answerList, filterFor } from "./http-list.ts";
import { representationFor } from "./http-representation.ts";
import type { ResourceRoute } from "./http-route.ts";
import { answerWatch } from "./http-watch.ts";
import { schemaOf } from "./openapi-schema.ts";
import { jsonPatch } from "./patch-json.ts";
import { mergePatch } from "./patch-merge.ts";
import { strategicPatch } from "./patch-strategic.ts";
import { ApiError, badRequest, invalid, methodNotAllowed, notFound } from "./status.ts";
import type { Store, StoreWriteOptions } from "./store.ts";
import { isObject, type MutableObject, textOf } from "./store-json.ts";
import type { Subresource } from "./store-update.ts";

type Named = ResourceRoute & { readonly name: string };

export async function answerResource(store: Store, exchange: Exchange, route: ResourceRoute): Promise<void> {
  const { method } = exchange;
  if (route.name === undefined) {
    if (method === "GET") return answerCollection(store, exchange, route);
    if (method === "POST") return create(store, exchange, route);
    if (method === "DELETE") return deleteCollection(store, exchange, route);
    throw methodNotAllowed();
  }
  const named: Named = { ...route, name: route.name };
  switch (method) {
    case "GET":
      return show(store, exchange, named, 200, read(store, named));
    case "PUT":
      return update(store, exchange, named);
    case "PATCH":
      return patch(store, exchange, named);
    case "DELETE":
      return remove(store, exchange, named);
    default:
      throw methodNotAllowed();
  }
}

export function read(store: Store, route: Named): KubeObject {
  const object = store.get(route.definition.id, route.namespace, route.name);
  if (object === undefined) throw notFound(route.definition, route.name);
  return object;
}

function show(store: Store, exchange: Exchange, route: ResourceRoute, code: number, object: KubeObject): void {
  sendJson(exchange, code, representationFor(exchange, route, store.clock).object(object, true));
}

function answerCollection(store: Store, exchange: Exchange, route: ResourceRoute): void {
  const representation = representationFor(exchange, route, store.clock);
  if (isFlag(exchange.query, "watch")) answerWatch(store, exchange, route, representation);
  else sendJson(exchange, 200, answerList(store, exchange, route, representation));
}

/** Errors: 400 for a dry run other than All, 422 for an unknown field validation. */
export function writeOptions(exchange: Exchange, route: ResourceRoute): StoreWriteOptions {
  const { query, request } = exchange;
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All" && value !== "")) {
    throw invalid({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [
      { kind: "unsupported", field: "dryRun", value: dryRun, detail: 'supported values: "All"' },
    ]);
  }
  const validation = query.get("fieldValidation");
  const agent = (request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown";
  const subresource = route.subresource;
  return {
    version: route.version,
    fieldManager: query.get("fieldManager") ?? agent,
    dryRun: dryRun.includes("All"),
    fieldValidation: validation === "Strict" || validation === "Ignore" ? validation : "Warn",
    onWarning: (text) => exchange.warnings.push(text),
    ...(subresource === undefined ? {} : { subresource: subresource as Subresource }),
  };
}

/** The object of a POST or PUT, checked against the URL. */
async function readResource(exchange: Exchange, route: ResourceRoute): Promise<KubeObject> {
  const { definition, version, namespace, name } = route;
  const body = await readObjectBody(exchange, definition.kind);
  checkKind(body, route);
  const metadata: MutableObject = isObject(body["metadata"]) ? { ...body["metadata"] } : {};
  if (definition.namespaced && namespace !== undefined) {
    if (metadata["namespace"] !== undefined && metadata["namespace"] !== "" && metadata["namespace"] !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    metadata["namespace"] = namespace;
  }
  if (name !== undefined) {
    if (metadata["name"] === undefined) {
      throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
    }
    if (metadata["name"] !== name) {
      throw badRequest(
        `the name of the object (${textOf(metadata["name"])}) does not match the name on the URL (${name})`,
      );
    }
  }
  return { apiVersion: version, kind: definition.kind, ...body, metadata } as KubeObject;
}

function checkKind(body: MutableObject, { definition, version }: ResourceRoute): void {
  const { kind, apiVersion } = body;
  if (definition.custom !== undefined && kind === undefined) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${definition.kind}): Object 'Kind' is missing`,
    );
  }
  const expected = definition.group === "" ? version : `${definition.group}/${version}`;
  if ((kind === undefined || kind === definition.kind) && (apiVersion === undefined || apiVersion === expected)) return;
  if (kind !== undefined && kind !== definition.kind) {
    const given = textOf(apiVersion ?? expected);
    const internal = `${definition.group.split(".")[0] || "core"}.${definition.kind}`;
    const [, own = given] = given.split("/");
    throw badRequest(
      `${textOf(kind)} in version ${JSON.stringify(own)} cannot be handled as a ${definition.kind}: converting (${own}.${textOf(kind)}) to (${internal}): unknown conversion`,
    );
  }
  const got = `${textOf(kind ?? definition.kind)} in version ${JSON.stringify(
    textOf(apiVersion ?? expected)
      .split("/")
      .at(-1),
  )}`;
  throw badRequest(
    `${got} cannot be handled as a ${definition.kind}: the API version in the data (${textOf(apiVersion)}) does not match the expected API version (${expected})`,
  );
}

async function create(store: Store, exchange: Exchange, route: ResourceRoute): Promise<void> {
  if (route.definition.namespaced && route.namespace === undefined) throw methodNotAllowed();
  const object = await readResource(exchange, route);
  show(store, exchange, route, 201, store.create(route.definition.id, object, writeOptions(exchange, route)));
}

async function update(store: Store, exchange: Exchange, route: Named): Promise<void> {
  const object = await readResource(exchange, route);
  show(store, exchange, route, 200, store.update(route.definition.id, object, writeOptions(exchange, route)));
}

async function patch(store: Store, exchange: Exchange, route: Named): Promise<void> {
  const type = contentTypeOf(exchange.request);
  if (type === "application/apply-patch+yaml") return apply(store, exchange, route);
  const options = writeOptions(exchange, route);
  const mutate = await patchFunction(exchange, route, type);
  const changed = store.modify(
    route.definition.id,
    route.namespace,
    route.name,
    (current) => checkAddress(route, mutate(current)),
    options,
  );
  show(store, exchange, route, 200, changed);
}

/** A patch cannot move an object. */
function checkAddress(route: Named, patched: unknown): unknown {
  const metadata = isObject(patched) && isObject(patched["metadata"]) ? patched["metadata"] : {};
  const { name, namespace } = metadata;
  if (name !== route.name) {
    throw badRequest(`the name of the object (${textOf(name)}) does not match the name on the URL (${route.name})`);
  }
  if (route.namespace !== undefined && namespace !== undefined && namespace !== route.namespace) {
    throw badRequest(
      `the namespace of the object (${textOf(namespace)}) does not match the namespace on the URL (${route.namespace})`,
    );
  }
  return patched;
}

/** Errors: 415 for a type of patch that the resource does not take. */
export async function patchFunction(
  exchange: Exchange,
  route: ResourceRoute,
  type: string,
): Promise<(current: MutableObject) => unknown> {
  const { definition, version } = route;
  const isCustom = definition.custom !== undefined;
  const accepted =
    type === "application/json-patch+json" ||
    type === "application/merge-patch+json" ||
    (type === "application/strategic-merge-patch+json" && !isCustom);
  if (!accepted) throw unsupportedPatch(type, isCustom);
  const body = await readBody(exchange, definition.kind);
  if (type === "application/json-patch+json") return (current) => jsonPatch(current, body);
  if (!isObject(body)) throw badRequest("error decoding patch: a patch must be an object");
  if (type === "application/merge-patch+json") return (current) => mergePatch(current, body);
  const schema = schemaOf(definition, version);
  return (current) => strategicPatch(current, body, schema);
}

function unsupportedPatch(type: string, isCustom: boolean): ApiError {
  if (!type.endsWith("-patch+json"))
    return new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  const types = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
  if (!isCustom) types.splice(2, 0, "application/strategic-merge-patch+json");
  const message = `the body of the request was in an unknown format - accepted media types include: ${types.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", message, {});
}

async function apply(store: Store, exchange: Exchange, route: Named): Promise<void> {
  const { query } = exchange;
  const manager = query.get("fieldManager") ?? "";
  if (manager === "") {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      { kind: "required", field: "fieldManager", detail: "is required for apply patch" },
    ]);
  }
  const body = await readObjectBody(exchange, route.definition.kind);
  checkKind(body, route);
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  if (Array.isArray(metadata["managedFields"]) && metadata["managedFields"].length > 0) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const { name, namespace } = route;
  if (metadata["name"] !== undefined && metadata["name"] !== name) {
    throw badRequest(
      `the name of the object (${textOf(metadata["name"])}) does not match the name on the URL (${name})`,
    );
  }
  const object = {
    ...body,
    metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) },
  } as unknown as KubeObject;
  const options = { ...writeOptions(exchange, route), fieldManager: manager, force: isFlag(query, "force") };
  const result = store.apply(route.definition.id, object, options);
  show(store, exchange, route, result.created ? 201 : 200, result.object);
}

/** Kinds whose deletion answers with the object instead of a Status. */
const RETURNS_DELETED = new Set([
  "pods",
  "services",
  "serviceaccounts",
  "persistentvolumeclaims",
  "persistentvolumes",
  "resourcequotas",
]);

async function remove(store: Store, exchange: Exchange, route: Named): Promise<void> {
  const { definition, namespace, name } = route;
  const options = await deleteOptions(exchange);
  const { object, isGone } = store.remove(definition.id, namespace, name, options);
  if (!isGone || RETURNS_DELETED.has(definition.id)) {
    show(store, exchange, route, 200, object);
    return;
  }
  const { uid } = object.metadata;
  const group = definition.group === "" ? {} : { group: definition.group };
  sendJson(exchange, 200, success({ name, ...group, kind: definition.plural, ...(uid === undefined ? {} : { uid }) }));
}

async function deleteCollection(store: Store, exchange: Exchange, route: ResourceRoute): Promise<void> {
  const options = await deleteOptions(exchange);
  const filter = filterFor(route, exchange.query);
  const { definition, namespace } = route;
  const deleted = store.list(definition.id, namespace === undefined ? {} : { namespace }).filter(filter);
  for (const object of deleted) store.remove(definition.id, object.metadata.namespace, object.metadata.name, options);
  const metadata = { resourceVersion: String(store.version()) };
  sendJson(exchange, 200, representationFor(exchange, route, store.clock).list(deleted, metadata));
}

const PROPAGATIONS = ["Background", "Foreground", "Orphan"] as const;

/** From the body, or else the query. Errors: 422 for an unknown propagation policy. */
export async function deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
  const body = await readBody(exchange, "DeleteOptions");
  return toDeleteOptions(isObject(body) ? body : {}, exchange.query);
}

export function toDeleteOptions(body: MutableObject, query: URLSearchParams): DeleteOptions {
  const grace = body["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds") ?? undefined;
  const policy = body["propagationPolicy"] ?? query.get("propagationPolicy") ?? undefined;
  const orphan = body["orphanDependents"] ?? query.get("orphanDependents") ?? undefined;
  const preconditions = isObject(body["preconditions"]) ? body["preconditions"] : {};
  const { uid, resourceVersion } = preconditions;
  const dryRun = Array.isArray(body["dryRun"]) ? body["dryRun"] : query.getAll("dryRun");
  const named = PROPAGATIONS.find((one) => one === policy);
  if (policy !== undefined && named === undefined) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [
      {
        kind: "unsupported",
        field: "propagationPolicy",
        value: policy,
        detail: 'supported values: "Foreground", "Background", "Orphan", "nil"',
      },
    ]);
  }
  const propagation = named ?? (orphan === undefined ? undefined : textOf(orphan) === "true" ? "Orphan" : "Background");
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
    dryRun: dryRun.includes("All"),
  };
}
