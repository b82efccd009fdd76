/** scale, log, eviction, binding and the reviews: endpoints that are no stored resource of their own. */
import type { KubeObject } from "@openpatio/core/model";
import type { LogQuery, PodLogs } from "./controllers/index.ts";
import { servedVersion } from "./discovery.ts";
import { contentTypeOf, type Exchange, isFlag, readObjectBody, sendJson, success } from "./http-exchange.ts";
import { patchFunction, read, toDeleteOptions, writeOptions } from "./http-resources.ts";
import type { ResourceRoute } from "./http-route.ts";
import { ApiError, badRequest, conflict, invalid, methodNotAllowed, notFound, notImplemented } from "./status.ts";
import type { Store } from "./store.ts";
import { clone, isObject, type MutableObject, objectsOf, textOf, valueAt } from "./store-json.ts";
import type { ScalePaths } from "./store-resources.ts";
import { selectorText } from "./table-text.ts";

type Named = ResourceRoute & { readonly name: string };

export async function answerScale(store: Store, exchange: Exchange, route: Named): Promise<void> {
  const paths = servedVersion(route.definition, route.version)?.scale;
  if (paths === undefined) throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
  const current = read(store, route);
  if (exchange.method === "GET") {
    sendJson(exchange, 200, scaleOf(current, paths));
    return;
  }
  if (exchange.method !== "PUT" && exchange.method !== "PATCH") throw methodNotAllowed();
  const next = await readScale(exchange, route, scaleOf(current, paths));
  const { uid, resourceVersion } = isObject(next["metadata"]) ? next["metadata"] : {};
  if (typeof uid === "string" && uid !== "" && uid !== current.metadata.uid) {
    const named = { group: route.definition.group, plural: `${route.definition.plural}/scale` };
    throw conflict(
      named,
      route.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  const replicas = Number(valueAt(next, "spec.replicas") ?? 0);
  if (exchange.method === "PUT" && valueAt(next, "metadata.name") === undefined) {
    throw badRequest(`the name of the object (${route.name} based on URL) was undeterminable: name must be provided`);
  }
  // A custom resource's replicas are judged by its definition.
  if (replicas < 0 && route.definition.custom === undefined) {
    const detail = "must be greater than or equal to 0";
    throw invalid({ group: "autoscaling", kind: "Scale" }, route.name, [
      { kind: "invalid", field: "spec.replicas", value: replicas, detail },
    ]);
  }
  const changed = store.modify(
    route.definition.id,
    route.namespace,
    route.name,
    (object) => {
      const copy = clone(object);
      setAt(copy, paths.specReplicasPath, replicas);
      const metadata: MutableObject = { ...(copy["metadata"] as MutableObject) };
      if (typeof resourceVersion === "string") metadata["resourceVersion"] = resourceVersion;
      return { ...copy, metadata };
    },
    { ...writeOptions(exchange, route), subresource: "scale" },
  );
  sendJson(exchange, 200, scaleOf(changed, paths));
}

async function readScale(exchange: Exchange, route: Named, current: MutableObject): Promise<MutableObject> {
  const { definition: _, ...scaleRoute } = route;
  if (exchange.method === "PUT") return readObjectBody(exchange, "Scale");
  // A Scale has no merge keys, so strategic and JSON merge patches of it are the same thing.
  const type = contentTypeOf(exchange.request).replace("strategic-merge", "merge");
  const mutate = await patchFunction(exchange, { ...scaleRoute, definition: route.definition }, type);
  // The replicas of a patch hold whatever version it was read at, unless the patch itself names one.
  const { resourceVersion: _version, ...metadata } = current["metadata"] as MutableObject;
  const patched = mutate({ ...current, metadata });
  return isObject(patched) ? patched : {};
}

function scaleOf(object: KubeObject, paths: ScalePaths): MutableObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = Number(valueAt(object, paths.specReplicasPath) ?? 0);
  const selector =
    paths.labelSelectorPath === undefined
      ? selectorText(valueAt(object, "spec.selector"))
      : valueAt(object, paths.labelSelectorPath);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Zero is Go's empty value, so it is left out.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Number(valueAt(object, paths.statusReplicasPath) ?? 0),
      ...(typeof selector === "string" && selector !== "<none>" ? { selector } : {}),
    },
  };
}

function setAt(object: MutableObject, path: string, value: unknown): void {
  const keys = path.split(".").filter((key) => key !== "");
  const last = keys.pop();
  let at = object;
  for (const key of keys) {
    const child = at[key];
    at[key] = isObject(child) ? child : {};
    at = at[key] as MutableObject;
  }
  if (last !== undefined) at[last] = value;
}

/** Errors: 409 when the pod is bound to another node already. */
export async function answerBinding(store: Store, exchange: Exchange, route: Named): Promise<void> {
  if (exchange.method !== "POST") throw methodNotAllowed();
  const body = await readObjectBody(exchange, "Binding");
  const node = valueAt(body, "target.name");
  if (typeof node !== "string" || node === "") throw badRequest("a binding needs target.name");
  const pod = read(store, route);
  const present = valueAt(pod, "spec.nodeName");
  if (present !== undefined && present !== "") {
    throw conflict(
      { group: "", plural: "pods/binding" },
      route.name,
      `pod ${route.name} is already assigned to node ${JSON.stringify(present)}`,
    );
  }
  store.patch(
    "pods",
    route.namespace,
    route.name,
    { spec: { nodeName: node } },
    writeOptions(exchange, { ...route, subresource: "binding" }) as object,
  );
  sendJson(exchange, 201, success(undefined, 201));
}

/** The sandbox has no disruption budgets, so an eviction is a graceful deletion. */
export async function answerEviction(store: Store, exchange: Exchange, route: Named): Promise<void> {
  if (exchange.method !== "POST") throw methodNotAllowed();
  const body = await readObjectBody(exchange, "Eviction");
  const options = isObject(body["deleteOptions"]) ? body["deleteOptions"] : {};
  store.remove("pods", route.namespace, route.name, toDeleteOptions(options, exchange.query));
  sendJson(exchange, 201, success(undefined, 201));
}

/** Nobody is denied anything here: the sandbox has no users. */
export async function answerReview(exchange: Exchange, kind: string): Promise<void> {
  if (exchange.method !== "POST") throw methodNotAllowed();
  const body = await readObjectBody(exchange, kind);
  const all = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }];
  const status =
    kind === "SelfSubjectAccessReview"
      ? { allowed: true }
      : { resourceRules: all, nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }], incomplete: false };
  sendJson(exchange, 201, {
    kind,
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: body["spec"] ?? {},
    status,
  });
}

/** Errors: what reading the log reports; 400 when the pod has several containers and none is named. */
export function answerLog(store: Store, logs: PodLogs | undefined, exchange: Exchange, route: Named): void {
  if (exchange.method !== "GET") throw methodNotAllowed();
  const pod = store.get("pods", route.namespace, route.name);
  if (pod === undefined) throw notFound(route.definition, route.name);
  if (logs === undefined) throw notImplemented("logs of a cluster without kubelets");
  const { query, response } = exchange;
  const request: LogQuery = {
    namespace: pod.metadata.namespace ?? "",
    pod: route.name,
    container: containerFor(pod, query.get("container")),
    previous: isFlag(query, "previous"),
  };
  if (valueAt(pod, "spec.nodeName") === undefined) {
    response.writeHead(204).end();
    return;
  }
  const lines = logs.read(request);
  response.writeHead(200, { "Content-Type": "text/plain", "Cache-Control": "no-cache, private" });
  const withTime = isFlag(query, "timestamps");
  const write = (some: readonly LogLine[]) => {
    const text = some
      .map((line) => `${withTime ? `${new Date(line.atMs).toISOString()} ` : ""}${line.text}\n`)
      .join("");
    if (text !== "") response.write(text);
  };
  write(selectLines(lines, query, store.clock.nowMs()));
  if (!isFlag(query, "follow")) {
    response.end();
    return;
  }
  response.flushHeaders();
  const sinceMs = lines.at(-1)?.atMs;
  const stop = logs.follow({ ...request, ...(sinceMs === undefined ? {} : { sinceMs }) }, write, () => response.end());
  response.on("close", stop);
}

type LogLine = ReturnType<PodLogs["read"]>[number];

function selectLines(lines: readonly LogLine[], query: URLSearchParams, nowMs: number): readonly LogLine[] {
  const seconds = query.get("sinceSeconds");
  const time = query.get("sinceTime");
  const sinceMs = seconds === null ? (time === null ? 0 : Date.parse(time)) : nowMs - Number(seconds) * 1000;
  const recent = lines.filter((line) => line.atMs >= sinceMs);
  const tail = query.get("tailLines");
  return tail === null ? recent : recent.slice(Math.max(0, recent.length - Number(tail)));
}

/** Errors: 400 when the pod has several containers and none is named, or the named one is not there. */
function containerFor(pod: KubeObject, wanted: string | null): string {
  const names = (path: string) => objectsOf(valueAt(pod, path)).map((one) => textOf(one["name"]));
  const containers = names("spec.containers");
  const init = names("spec.initContainers");
  if (wanted !== null && wanted !== "") {
    if (containers.includes(wanted) || init.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = containers;
  if (containers.length === 1 && only !== undefined) return only;
  const also = init.length === 0 ? "" : ` or one of the init containers: [${init.join(" ")}]`;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${containers.join(" ")}]${also}`,
  );
}
