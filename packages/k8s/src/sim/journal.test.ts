import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "@openpatio/core/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSteppedClock } from "./clock.ts";
import { openJournal } from "./journal.ts";
import { createStore, type Store } from "./store.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(compactBytes?: number): { store: Store; close: () => void } {
  const journal = openJournal(folder, compactBytes === undefined ? {} : { compactBytes });
  const store = createStore({
    clock: createSteppedClock(),
    seed: "s",
    name: "test",
    onCommit: (event) => journal.append(event),
    ...(journal.restored === undefined ? {} : { restored: journal.restored }),
  });
  journal.attach(() => store.state());
  return { store, close: () => journal.close() };
}

function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

test("a cluster that is started again has the same objects, UIDs and versions", () => {
  const first = open();
  first.store.create("configmaps", configMap("a"));
  first.store.create("configmaps", configMap("gone"));
  first.store.delete("configmaps", "default", "gone");
  const before = first.store.state();
  first.close();
  const second = open();
  expect(second.store.version()).toBe(before.version);
  expect(second.store.list("configmaps")).toEqual(first.store.list("configmaps"));
  second.close();
});

test("a new object after a restart gets a UID that was never given before", () => {
  const first = open();
  const { uid } = first.store.create("configmaps", configMap("a")).metadata;
  first.store.delete("configmaps", "default", "a");
  first.close();
  const second = open();
  expect(second.store.create("configmaps", configMap("a")).metadata.uid).not.toBe(uid);
  second.close();
});

test("half a line at the end, as after kill -9, is cut off and does not spoil what follows", () => {
  const first = open();
  first.store.create("configmaps", configMap("a"));
  first.close();
  const log = readdirSync(folder).find((name) => name.endsWith(".jsonl")) ?? "";
  appendFileSync(join(folder, log), '{"v":99,"t":"ADDED","r":"configm');
  const second = open();
  second.store.create("configmaps", configMap("b"));
  second.close();
  const third = open();
  expect(third.store.list("configmaps").map((one) => one.metadata.name)).toEqual(["a", "b"]);
  third.close();
});

test("compaction keeps the state, drops old logs, and a watch resumes over it", () => {
  const first = open(20_000);
  first.store.create("configmaps", configMap("a"));
  for (let index = 0; index < 200; index += 1)
    first.store.patch("configmaps", "default", "a", { data: { n: String(index) } });
  const version = first.store.version();
  first.close();
  expect(readdirSync(folder).filter((name) => name.startsWith("snapshot-"))).toHaveLength(1);
  expect(readdirSync(folder).filter((name) => name.startsWith("log-"))).toHaveLength(2);
  const second = open(20_000);
  expect(second.store.get("configmaps", "default", "a")?.["data"]).toEqual({ n: "199" });
  expect(second.store.eventsSince(version - 3)?.map((event) => event.version)).toEqual([
    version - 2,
    version - 1,
    version,
  ]);
  expect(second.store.eventsSince(1)).toBeUndefined();
  second.close();
});
