import type { KubeObject } from "@openpatio/core/model";
import { expect, test } from "vitest";
import { ObjectStore, PENDING_MS } from "./object-store.ts";

type Trimmed = { readonly name: string; readonly uid: string; readonly text: unknown };

function storeOf() {
  let nowMs = 0;
  const changes: string[] = [];
  const words = (value: Trimmed | null): string => (value === null ? "-" : `${value.uid}:${String(value.text)}`);
  const store = new ObjectStore<Trimmed>({
    trim: (object) =>
      object["text"] === "uninteresting"
        ? null
        : { name: object.metadata.name, uid: object.metadata.uid ?? "", text: object["text"] },
    onChange: (before, after) => void changes.push(`${words(before)} → ${words(after)}`),
    nowMs: () => nowMs,
  });
  const text = (): unknown => store.get("ns", "a")?.text ?? null;
  return { store, changes, text, pass: (ms: number) => (nowMs += ms) };
}

/** Object `a` in one of its lives and versions. */
const object = (uid: string, version: string, text: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { namespace: "ns", name: "a", uid, resourceVersion: version },
  text,
});

test("a list is compared with what was there: what is missing in it is gone", () => {
  const { store, changes } = storeOf();
  store.replaceAll([object("u1", "1", "x")], store.beginList());
  store.replaceAll([], store.beginList());
  expect(changes).toEqual(["- → u1:x", "u1:x → -"]);
});

test("says nothing about a change of what is not used, and keeps the identity", () => {
  const { store, changes } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "x"));
  const before = store.get("ns", "a");
  store.applyEvent("MODIFIED", object("u1", "2", "x"));
  expect(store.get("ns", "a")).toBe(before);
  expect(changes).toHaveLength(1);
});

test("an object that becomes uninteresting is gone", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "x"));
  store.applyEvent("MODIFIED", object("u1", "2", "uninteresting"));
  expect(text()).toBeNull();
});

test("shows the answer to a write at once and does not go back when older events arrive", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "old"));
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { object: object("u1", "5", "ours") });
  expect(text()).toBe("ours");
  store.applyEvent("MODIFIED", object("u1", "3", "older"));
  expect(text()).toBe("ours");
  store.applyEvent("MODIFIED", object("u1", "5", "ours"));
  store.applyEvent("MODIFIED", object("u1", "6", "newer"));
  expect(text()).toBe("newer");
});

test("drops an answer that the watch has overtaken", () => {
  const { store, text } = storeOf();
  store.beginWrite("ns", "a");
  store.applyEvent("ADDED", object("u1", "5", "ours"));
  store.applyEvent("MODIFIED", object("u1", "6", "newer"));
  store.endWrite("ns", "a", { object: object("u1", "5", "ours") });
  expect(text()).toBe("newer");
});

test("what was deleted does not come back by a late event, a late answer or an old list", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "x"));
  const oldList = store.beginList();
  store.beginWrite("ns", "a");
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { goneUid: "u1" });
  expect(text()).toBeNull();
  store.applyEvent("MODIFIED", object("u1", "2", "late"));
  store.endWrite("ns", "a", { object: object("u1", "3", "late") });
  store.replaceAll([object("u1", "2", "late")], oldList);
  expect(text()).toBeNull();
});

test("what left the watch because its label was taken off is back when the label is", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "x"));
  store.applyEvent("DELETED", object("u1", "2", "x"));
  expect(text()).toBe(null);
  store.applyEvent("ADDED", object("u1", "3", "y"));
  expect(text()).toBe("y");
  store.applyEvent("MODIFIED", object("u1", "4", "z"));
  expect(text()).toBe("z");
});

test("the next life of a name takes over, and events of the one before do not touch it", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "first"));
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { goneUid: "u1" });
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { object: object("u2", "9", "second") });
  store.applyEvent("MODIFIED", object("u1", "2", "late"));
  store.applyEvent("DELETED", object("u1", "3", "late"));
  expect(text()).toBe("second");
  store.applyEvent("ADDED", object("u2", "9", "second"));
  store.applyEvent("DELETED", object("u2", "12", "second"));
  expect(text()).toBeNull();
});

test("a list that began before an answer does not undo it; one that began after it does", () => {
  const { store, text } = storeOf();
  const before = store.beginList();
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { object: object("u1", "5", "ours") });
  store.replaceAll([], before);
  expect(text()).toBe("ours");
  store.replaceAll([], store.beginList());
  expect(text()).toBeNull();
});

test("an answer that comes after a list is left to the watch, which goes on from that list", () => {
  const { store, text } = storeOf();
  store.beginWrite("ns", "a");
  store.replaceAll([object("u1", "7", "listed")], store.beginList());
  store.endWrite("ns", "a", { object: object("u1", "5", "ours") });
  expect(text()).toBe("listed");
});

test("believes the watch when it never brings the version that a write was answered with", () => {
  const { store, text, pass } = storeOf();
  store.beginWrite("ns", "a");
  store.endWrite("ns", "a", { object: object("u1", "5", "ours") });
  store.applyEvent("MODIFIED", object("u1", "7", "theirs"));
  pass(PENDING_MS - 1);
  store.sweep();
  expect(text()).toBe("ours");
  pass(1);
  store.sweep();
  expect(text()).toBe("theirs");
});

test("a write that answers with the version alone changes what is known, and waits for the watch too", () => {
  const { store, text } = storeOf();
  store.applyEvent("ADDED", object("u1", "1", "1 replica"));
  store.beginWrite("ns", "a");
  store.endWriteWith("ns", "a", "u1", "4", (value) => ({ ...value, text: "3 replicas" }));
  store.applyEvent("MODIFIED", object("u1", "2", "1 replica"));
  expect(text()).toBe("3 replicas");
  store.beginWrite("ns", "a");
  store.endWriteWith("ns", "a", "u0", "5", (value) => ({ ...value, text: "of another life" }));
  expect(text()).toBe("3 replicas");
});
