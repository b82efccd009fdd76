/** Lists: selectors, pages that stay consistent, and older resourceVersions. */
import type { KubeObject } from "@openpatio/core/model";
import type { Exchange } from "./http-exchange.ts";
import type { Representation } from "./http-representation.ts";
import type { ResourceRoute } from "./http-route.ts";
import { ApiError, badRequest, expired } from "./status.ts";
import type { Store } from "./store.ts";
import { isObject } from "./store-json.ts";
import { parseFieldSelector, parseLabelSelector } from "./store-selectors.ts";

export type Filter = (object: KubeObject) => boolean;

/** What the request's namespace, name and selectors let through. Errors: 400 for a selector that does not parse. */
export function filterFor(route: ResourceRoute, query: URLSearchParams): Filter {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(route.definition.id, query.get("fieldSelector") ?? "");
  return (object) =>
    (route.namespace === undefined || object.metadata.namespace === route.namespace) &&
    labels(object.metadata.labels) &&
    fields(object);
}

/** A version that a client sent; undefined when it sent none. Errors: 400 when it is not a number. */
export function parseVersion(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}

export function tooLargeVersion(version: number, current: number): ApiError {
  return new ApiError(504, "Timeout", `Timeout: Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

const CONTINUE_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

type Continue = { readonly version: number; readonly start: string };

function writeContinue({ version, start }: Continue): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start })).toString("base64url");
}

function readContinue(token: string): Continue {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (isObject(value) && typeof value["rv"] === "number" && typeof value["start"] === "string") {
      return { version: value["rv"], start: value["start"] };
    }
  } catch {
    // Falls through to the one answer for every kind of broken token.
  }
  throw badRequest("invalid continue token: continue key is not valid");
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}\u0000${object.metadata.name}`;
}

/** All objects of a resource as they were at `version`, by undoing what came after; undefined when that is forgotten. */
function objectsAt(store: Store, resource: string, version: number): readonly KubeObject[] | undefined {
  if (version === store.version()) return store.list(resource);
  const later = store.eventsSince(version);
  if (later === undefined) return undefined;
  const objects = new Map(store.list(resource).map((object) => [keyOf(object), object]));
  for (const event of [...later].reverse()) {
    if (event.resource !== resource) continue;
    if (event.previous === undefined) objects.delete(keyOf(event.object));
    else objects.set(keyOf(event.object), event.previous);
  }
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

export function answerList(
  store: Store,
  exchange: Exchange,
  route: ResourceRoute,
  representation: Representation,
): unknown {
  const { query } = exchange;
  const filter = filterFor(route, query);
  const limit = Number(query.get("limit") ?? 0);
  const token = query.get("continue") ?? "";
  const page = token === "" ? firstPage(store, route, query) : nextPage(store, route, readContinue(token));
  const matching = page.objects.filter(filter);
  const items = limit > 0 ? matching.slice(0, limit) : matching;
  const last = items.at(-1);
  const rest = matching.length - items.length;
  const hasSelector = (query.get("labelSelector") ?? "") !== "" || (query.get("fieldSelector") ?? "") !== "";
  return representation.list(items, {
    resourceVersion: String(page.version),
    ...(rest > 0 && last !== undefined
      ? { continue: writeContinue({ version: page.version, start: keyOf(last) }) }
      : {}),
    // With a selector the API server cannot know how many of the rest match.
    ...(rest > 0 && !hasSelector ? { remainingItemCount: rest } : {}),
  });
}

type Page = { readonly objects: readonly KubeObject[]; readonly version: number };

function firstPage(store: Store, route: ResourceRoute, query: URLSearchParams): Page {
  const resource = route.definition.id;
  const version = parseVersion(query.get("resourceVersion"));
  const current = store.version();
  if (version !== undefined && version > current) throw tooLargeVersion(version, current);
  if (query.get("resourceVersionMatch") === "Exact" && version !== undefined) {
    const objects = objectsAt(store, resource, version);
    if (objects === undefined) throw expired("The resourceVersion for the provided list is too old.");
    return { objects, version };
  }
  const { namespace } = route;
  return { objects: store.list(resource, namespace === undefined ? {} : { namespace }), version: current };
}

function nextPage(store: Store, route: ResourceRoute, { version, start }: Continue): Page {
  const resource = route.definition.id;
  // Version -1 marks a token that was given out to go on without consistency.
  const at = version < 0 ? store.version() : version;
  const objects = objectsAt(store, resource, at);
  if (objects === undefined) {
    const error = expired(CONTINUE_EXPIRED);
    Object.assign(error.body.metadata, { continue: writeContinue({ version: -1, start }) });
    throw error;
  }
  return { objects: objects.filter((object) => keyOf(object) > start), version: at };
}
