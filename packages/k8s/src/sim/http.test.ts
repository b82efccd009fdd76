import { connect } from "node:net";
import type { KubeObject } from "@openpatio/core/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSteppedClock, type SteppedClock } from "./clock.ts";
import { type ApiServer, startApiServer } from "./http.ts";
import { createStore, type Store } from "./store.ts";

let clock: SteppedClock;
let store: Store;
let server: ApiServer;

beforeEach(async () => {
  clock = createSteppedClock();
  store = createStore({ clock, seed: "s", name: "test", historyLimit: 20 });
  server = await startApiServer({ store });
});

afterEach(() => server.close());

/** The parts of all the answers that these tests look at. */
type Body = KubeObject & {
  readonly reason: string;
  readonly message: string;
  readonly metadata: KubeObject["metadata"] & { readonly continue?: string; readonly remainingItemCount?: number };
  readonly details: { readonly causes: readonly { readonly field: string }[] };
  readonly items: readonly KubeObject[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly resources: readonly { readonly name: string }[];
};
type Answer = { readonly code: number; readonly body: Body; readonly headers: Headers };
type Event = { readonly type: string; readonly object: Body };

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    code: response.status,
    body: JSON.parse(text.startsWith("{") ? text : "{}") as Body,
    headers: response.headers,
  };
}

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

function addConfigMaps(...names: string[]): void {
  for (const name of names)
    store.create("configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } });
}

/** Reads a watch until it has `count` events or ends. */
async function watch(
  query: string,
  count: number,
  during: () => void = () => {},
  headers: Record<string, string> = {},
): Promise<Event[]> {
  const stop = new AbortController();
  const response = await fetch(`${server.url}${CONFIG_MAPS}?watch=true&${query}`, { signal: stop.signal, headers });
  during();
  const events: Event[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  while (reader !== undefined && events.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(JSON.parse(line) as Event);
  }
  stop.abort();
  return events;
}

const names = (events: readonly Event[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

describe("lists", () => {
  test("pages show one state even when it changes between them", async () => {
    addConfigMaps("a", "b", "c");
    const first = await call("GET", `${CONFIG_MAPS}?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(1);
    store.delete("configmaps", "default", "c");
    addConfigMaps("d");
    const second = await call("GET", `${CONFIG_MAPS}?limit=2&continue=${first.body.metadata.continue}`);
    expect(second.body.items.map((item) => item.metadata.name)).toEqual(["c"]);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  test("a page whose state is forgotten answers 410 and a token to go on without consistency", async () => {
    addConfigMaps("a", "b", "c");
    const first = await call("GET", `${CONFIG_MAPS}?limit=2`);
    for (let index = 0; index < 30; index += 1)
      store.patch("configmaps", "default", "a", { data: { n: String(index) } });
    const second = await call("GET", `${CONFIG_MAPS}?limit=2&continue=${first.body.metadata.continue}`);
    expect([second.code, second.body.reason]).toEqual([410, "Expired"]);
    const third = await call("GET", `${CONFIG_MAPS}?continue=${second.body.metadata.continue}`);
    expect(third.body.items.map((item) => item.metadata.name)).toEqual(["c"]);
  });

  test.each([
    ["labelSelector=app%20in%20(x,y),!gone", ["a", "b"]],
    ["labelSelector=app%3Dx", ["a"]],
    ["labelSelector=app!%3Dx", ["b", "c"]],
    ["labelSelector=app", ["a", "b"]],
    ["fieldSelector=metadata.name%3Dc", ["c"]],
  ])("%s selects %j", async (query, expected) => {
    for (const [name, labels] of [
      ["a", { app: "x" }],
      ["b", { app: "y" }],
      ["c", { gone: "1" }],
    ] as const) {
      store.create("configmaps", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: "default", labels },
      });
    }
    const { body } = await call("GET", `${CONFIG_MAPS}?${query}`);
    expect(body.items.map((item) => item.metadata.name)).toEqual(expected);
  });
});

describe("watches", () => {
  test("without a version: the present state, then what happens", async () => {
    addConfigMaps("a");
    const events = await watch("", 3, () => {
      addConfigMaps("b");
      store.delete("configmaps", "default", "a");
    });
    expect(names(events)).toEqual(["ADDED a", "ADDED b", "DELETED a"]);
  });

  test("from a version: everything after it, nothing twice", async () => {
    addConfigMaps("a");
    const version = store.version();
    addConfigMaps("b");
    expect(names(await watch(`resourceVersion=${version}`, 2, () => addConfigMaps("c")))).toEqual([
      "ADDED b",
      "ADDED c",
    ]);
  });

  test("from a forgotten version: one ERROR event with 410", async () => {
    addConfigMaps("a");
    for (let index = 0; index < 30; index += 1)
      store.patch("configmaps", "default", "a", { data: { n: String(index) } });
    const [event] = await watch("resourceVersion=1", 5);
    expect(event).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    expect(event?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  test("a watched table has the ages of the moment", async () => {
    addConfigMaps("a");
    const later = () => {
      clock.advance(90_000);
      store.update("configmaps", { ...store.get("configmaps", "default", "a"), data: { k: "1" } } as KubeObject);
    };
    const events = await watch("", 2, later, { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(events.map(({ object }) => object.rows[0]?.cells)).toEqual([
      ["a", 0, "0s"],
      ["a", 1, "90s"],
    ]);
  });

  test("an object that stops to match the selector is deleted for the watcher", async () => {
    addConfigMaps("a");
    const label = (app: string) => store.patch("configmaps", "default", "a", { metadata: { labels: { app } } });
    const query = `resourceVersion=${store.version()}&labelSelector=app%3Dx`;
    const events = await watch(query, 3, () => ["x", "y", "x"].map(label));
    expect(names(events)).toEqual(["ADDED a", "DELETED a", "ADDED a"]);
  });

  test("initial events end with an annotated bookmark", async () => {
    addConfigMaps("a");
    const events = await watch("sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan", 2);
    expect(events[1]).toMatchObject({
      type: "BOOKMARK",
      object: {
        metadata: { annotations: { "k8s.io/initial-events-end": "true" }, resourceVersion: String(store.version()) },
      },
    });
  });
});

describe("writes", () => {
  test("unknown fields are dropped with a warning, or refused when validation is strict", async () => {
    const body = { metadata: { name: "a" }, dat: { x: "1" } };
    const warned = await call("POST", `${CONFIG_MAPS}?dryRun=All`, body);
    expect([warned.code, warned.headers.get("warning")]).toEqual([201, '299 - "unknown field \\"dat\\""']);
    const refused = await call("POST", `${CONFIG_MAPS}?fieldValidation=Strict`, body);
    expect(refused.body.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"',
    );
  });

  test("a dry run answers as the write would and stores nothing", async () => {
    const version = store.version();
    expect((await call("POST", `${CONFIG_MAPS}?dryRun=All`, { metadata: { name: "a" } })).code).toBe(201);
    expect(store.version()).toBe(version);
  });

  test("scaling goes through the scale subresource", async () => {
    const spec = {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    };
    await call("POST", "/apis/apps/v1/namespaces/default/statefulsets", { metadata: { name: "w" }, spec });
    const headers = { "Content-Type": "application/merge-patch+json" };
    const scaled = await call(
      "PATCH",
      "/apis/apps/v1/namespaces/default/statefulsets/w/scale",
      { spec: { replicas: 3 } },
      headers,
    );
    expect(scaled.body).toMatchObject({ kind: "Scale", spec: { replicas: 3 }, status: { selector: "a=b" } });
    expect(store.get("statefulsets.apps", "default", "w")?.["spec"]).toMatchObject({ replicas: 3 });
  });

  test("tables have the columns that kubectl shows", async () => {
    addConfigMaps("a");
    clock.advance(65_000);
    const accept = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
    const { body } = await call("GET", CONFIG_MAPS, undefined, accept);
    expect(body.columnDefinitions.map((column) => column.name)).toEqual(["Name", "Data", "Age"]);
    expect(body.rows[0]?.cells).toEqual(["a", 0, "65s"]);
  });
});

describe("custom resources", () => {
  const definition = {
    metadata: { name: "widgets.probe.io" },
    spec: {
      group: "probe.io",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget", shortNames: ["wd"] },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
          },
          additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.replicas" }],
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: {
                  type: "object",
                  required: ["mode"],
                  properties: { mode: { type: "string", enum: ["a", "b"] }, replicas: { type: "integer", default: 2 } },
                },
                status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              },
            },
          },
        },
      ],
    },
  };
  const WIDGETS = "/apis/probe.io/v1/namespaces/default/widgets";

  beforeEach(async () => {
    await call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  });

  test("are served, defaulted, pruned and shown with their printer columns", async () => {
    const widget = {
      apiVersion: "probe.io/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { mode: "a", extra: 1 },
    };
    const created = await call("POST", WIDGETS, widget);
    expect(created.body["spec"]).toEqual({ mode: "a", replicas: 2 });
    const { body } = await call("GET", WIDGETS, undefined, { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(body.rows[0]?.cells).toEqual(["w", 2]);
    const { body: resources } = await call("GET", "/apis/probe.io/v1");
    expect(resources.resources.map((one) => one.name)).toEqual(["widgets", "widgets/scale", "widgets/status"]);
  });

  test("are refused with every field that the schema does not take", async () => {
    const widget = {
      apiVersion: "probe.io/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { mode: "c", replicas: "x" },
    };
    const { code, body } = await call("POST", WIDGETS, widget);
    expect(code).toBe(422);
    expect(body.details.causes.map((cause) => cause.field)).toEqual([
      "spec.mode",
      "spec.replicas",
      ".spec.replicas",
      "<nil>",
    ]);
  });

  test("go with their definition", async () => {
    await call("POST", WIDGETS, {
      apiVersion: "probe.io/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { mode: "a" },
    });
    await call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.probe.io");
    expect((await call("GET", WIDGETS)).code).toBe(404);
  });
});

describe("what is not served", () => {
  test("a request from a web page is refused", async () => {
    expect((await call("GET", "/api/v1/pods", undefined, { Origin: "http://localhost:3000" })).code).toBe(403);
  });

  test("a missing feature is named", async () => {
    store.create("pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "default" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    const { code, body } = await call("POST", "/api/v1/namespaces/default/pods/p/exec");
    expect([code, body.message]).toEqual([501, "the sandbox does not implement the subresource exec of pods"]);
  });
});

describe("faults", () => {
  test("a cluster that is cut off drops its watches and answers nothing until it is back", async () => {
    const open = watch("", 1);
    server.cut(true);
    await expect(open).rejects.toThrow();
    await expect(call("GET", CONFIG_MAPS)).rejects.toThrow();
    server.cut(false);
    expect((await call("GET", CONFIG_MAPS)).code).toBe(200);
  });
});

test("a target that is no path is answered, and the server lives", async () => {
  const { port } = new URL(server.url);
  const head = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(
        "GET // HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n",
      ),
    );
    socket.once("data", (chunk) => resolve(chunk.toString().split("\r\n")[0] ?? ""));
    socket.once("error", reject);
  });
  expect(head).toContain("403");
  expect((await call("GET", "/healthz")).code).toBe(200);
});
