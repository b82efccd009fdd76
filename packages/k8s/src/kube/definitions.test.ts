import { ANNOTATION, type KubeObject } from "@openpatio/core/model";
import { afterEach, expect, test } from "vitest";
import { ApiConnection, DEFAULT_LIMITS } from "./connection.ts";
import { installDefinitions } from "./definitions.ts";
import { type Exchange, startScriptedServer } from "./testing/scripted-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const definition = (version: number, hash: string, metadata: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: "things.example.com",
    annotations: { [ANNOTATION.schemaVersion]: String(version), [ANNOTATION.contentHash]: hash },
    ...metadata,
  },
  spec: { group: "example.com" },
});
const live = (version: number, hash: string) => definition(version, hash, { uid: "u", resourceVersion: "7" });

/** Installs our version 2 on a server that answers with what is there, and says which writes came. */
async function installed(answer: (exchange: Exchange) => void) {
  const writes: { readonly method: string; readonly body: unknown }[] = [];
  const server = await startScriptedServer((exchange) => {
    if (exchange.method !== "GET") writes.push({ method: exchange.method, body: exchange.body });
    answer(exchange);
  });
  const connection = new ApiConnection({
    kubeconfig: server.kubeconfig,
    limits: DEFAULT_LIMITS,
    nowMs: () => Date.now(),
  });
  closers.push(async () => {
    await connection.close();
    await server.close();
  });
  const refusal = await installDefinitions(connection, [definition(2, "ours")]);
  return { refusal, writes };
}

const found = (object: KubeObject) => (exchange: Exchange) =>
  exchange.json(200, exchange.method === "GET" ? object : exchange.body);

test("a definition that is there as we have it costs no write", async () => {
  expect(await installed(found(live(2, "ours")))).toEqual({ refusal: null, writes: [] });
});

test("one of an older schema is replaced, on condition that nobody changed it since it was read", async () => {
  const { refusal, writes } = await installed(found(live(1, "older")));
  expect(refusal).toBeNull();
  const { annotations } = definition(2, "ours").metadata;
  expect(writes).toEqual([
    {
      method: "PATCH",
      body: { metadata: { uid: "u", resourceVersion: "7", annotations }, spec: { group: "example.com" } },
    },
  ]);
});

test("one that has no schema version, or our version with other content, is replaced", async () => {
  const { annotations: _, ...bare } = live(1, "").metadata;
  expect((await installed(found({ ...live(1, ""), metadata: bare }))).writes).toHaveLength(1);
  expect((await installed(found(live(2, "other")))).writes).toHaveLength(1);
});

test("one of a newer schema is left alone", async () => {
  expect(await installed(found(live(3, "newer")))).toEqual({ refusal: null, writes: [] });
});

test("what may not be written is told as certain, what may not even be read is not", async () => {
  const missing = await installed((exchange) =>
    exchange.method === "GET" ? exchange.status(404, "NotFound", "no") : exchange.status(403, "Forbidden", "no"),
  );
  expect(missing.refusal).toEqual({
    message:
      "The definition things.example.com is missing or outdated, and these credentials may not install it. As an administrator of the cluster, with this console's address: kubectl apply -f http://localhost:3000/crds.yaml.",
    isCertain: true,
  });
  const unseen = await installed((exchange) => exchange.status(403, "Forbidden", "no"));
  expect(unseen.refusal?.isCertain).toBe(false);
});
