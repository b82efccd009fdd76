/**
 * Watches: a stream of events after a resourceVersion. First what the store remembers since then (or the present state,
 * for a client that names no version), then each commit as it happens. An ERROR event with 410 tells a client that what
 * it asks for is forgotten and it must list again.
 */
import type { KubeObject } from "@openpatio/core/model";
import { type Exchange, isFlag } from "./http-exchange.ts";
import { type Filter, filterFor, parseVersion, tooLargeVersion } from "./http-list.ts";
import type { Representation } from "./http-representation.ts";
import type { ResourceRoute } from "./http-route.ts";
import { ApiError, expired } from "./status.ts";
import type { LoggedEvent, Store } from "./store.ts";

/** The API server sends a bookmark about once a minute; shorter keeps resumed watches cheap. */
const BOOKMARK_MS = 20_000;
/** Between 30 and 60 minutes, as the API server's default. */
const DEFAULT_TIMEOUT_SECONDS = 1800;
/** A client that reads so slowly is cut off rather than buffered for. */
const MAX_BUFFERED_BYTES = 16_000_000;

export function answerWatch(
  store: Store,
  exchange: Exchange,
  route: ResourceRoute,
  representation: Representation,
): void {
  const { query, response } = exchange;
  const filter = filterFor(route, query);
  const version = parseVersion(query.get("resourceVersion"));
  const wantsBookmarks = isFlag(query, "allowWatchBookmarks");
  const wantsInitial = isFlag(query, "sendInitialEvents");
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-cache, private" });
  response.flushHeaders();

  let isFirst = true;
  let sentVersion = store.version();
  const send = (type: string, object: unknown) => {
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
    else response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const sendObject = (type: string, object: KubeObject) => {
    send(type, representation.object(object, isFirst));
    isFirst = false;
  };
  const bookmark = (annotations?: Record<string, string>) => {
    const { definition } = route;
    const group = definition.group === "" ? "" : `${definition.group}/`;
    const metadata = {
      resourceVersion: String(sentVersion),
      ...(annotations === undefined ? {} : { annotations }),
    } as KubeObject["metadata"];
    const marker: KubeObject = { kind: definition.kind, apiVersion: group + route.version, metadata };
    send(
      "BOOKMARK",
      representation.form === "table"
        ? representation.object({ ...marker, metadata: { ...metadata, name: "" } }, false)
        : marker,
    );
  };
  const deliver = (event: LoggedEvent) => {
    sentVersion = event.version;
    if (event.resource !== route.definition.id) return;
    const shown = visible(event, filter);
    if (shown !== undefined) sendObject(shown.type, shown.object);
  };
  const fail = (error: ApiError) => {
    send("ERROR", error.body);
    response.end();
  };

  const isFromNow = version === undefined || version === 0;
  if (!isFromNow && version > store.version()) {
    fail(tooLargeVersion(version, store.version()));
    return;
  }
  if (wantsInitial || isFromNow) {
    for (const object of store.list(
      route.definition.id,
      route.namespace === undefined ? {} : { namespace: route.namespace },
    )) {
      if (filter(object)) sendObject("ADDED", object);
    }
    if (wantsInitial && wantsBookmarks) bookmark({ "k8s.io/initial-events-end": "true" });
  } else {
    const missed = store.eventsSince(version);
    if (missed === undefined) {
      fail(expired(`too old resource version: ${version} (${store.forgottenVersion() + 1})`));
      return;
    }
    for (const event of missed) deliver(event);
  }
  streamOn(store, exchange, deliver, wantsBookmarks ? () => bookmark() : undefined);
}

function streamOn(
  store: Store,
  { query, response }: Exchange,
  deliver: (event: LoggedEvent) => void,
  bookmark?: () => void,
): void {
  const unsubscribe = store.subscribe(deliver);
  const timeoutSeconds = Number(query.get("timeoutSeconds") ?? DEFAULT_TIMEOUT_SECONDS) || DEFAULT_TIMEOUT_SECONDS;
  const end = setTimeout(() => {
    bookmark?.();
    response.end();
  }, timeoutSeconds * 1000);
  const beat = bookmark === undefined ? undefined : setInterval(bookmark, BOOKMARK_MS);
  end.unref();
  beat?.unref();
  response.on("close", () => {
    unsubscribe();
    clearTimeout(end);
    clearInterval(beat);
  });
}

/** An object that starts or stops to match the selectors appears or disappears. */
function visible(event: LoggedEvent, filter: Filter): { type: string; object: KubeObject } | undefined {
  const isNow = event.type !== "DELETED" && filter(event.object);
  const wasBefore = event.previous !== undefined && filter(event.previous);
  if (event.type === "DELETED")
    return wasBefore || filter(event.object) ? { type: "DELETED", object: event.object } : undefined;
  if (isNow) return { type: wasBefore ? "MODIFIED" : "ADDED", object: event.object };
  if (!wasBefore || event.previous === undefined) return undefined;
  const metadata = { ...event.previous.metadata, resourceVersion: String(event.version) };
  return { type: "DELETED", object: { ...event.previous, metadata } };
}
