import type { KubeObject } from "@openpatio/core/model";

/**
 * The trimmed objects of one kind, fed by a list+watch and by the answers to our own writes, so that the next plan sees
 * what the last one did without waiting for the watch.
 *
 * Two sources need an order, and resourceVersions may be compared for equality only. So:
 * - While a write is under way, the versions that the watch brings for its object are remembered. An answer whose
 *   version is among them is old news and dropped.
 * - An answer that is taken is *pending* until the watch brings the same version: until then what the watch brings for
 *   this object is older, and is held back.
 * - UIDs do not return: what was seen deleted (by answer or by watch) is buried, and no late event brings it back. But
 *   for one whose label was taken off: a watch by label tells that as a deletion, and as an addition when it is put on
 *   again. A watch keeps its order, so what it adds after it deleted is there.
 * - A list that began before a write was answered says nothing about that object; one that began after it settles it.
 *   A list that lands while a write is under way makes its answer superfluous: the watch goes on from that list.
 * - Nothing is held back for longer than {@link PENDING_MS}: then the watch is right.
 */
export class ObjectStore<T> {
  readonly #trim: (object: KubeObject) => T | null;
  readonly #onChange: (before: T | null, after: T | null) => void;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #pending = new Map<string, Pending>();
  readonly #buried = new Map<string, Buried>();
  #order = 0;

  /** `trim` answers null for what is of no interest. `onChange` hears only of objects whose trimmed form changed. */
  constructor(options: {
    readonly trim: (object: KubeObject) => T | null;
    readonly onChange: (before: T | null, after: T | null) => void;
    readonly nowMs: () => number;
  }) {
    this.#trim = options.trim;
    this.#onChange = options.onChange;
    this.#nowMs = options.nowMs;
  }

  get(namespace: string, name: string): T | null {
    return this.#entries.get(`${namespace}/${name}`)?.value ?? null;
  }

  values(): readonly T[] {
    return [...this.#entries.values()].map(({ value }) => value);
  }

  /** Stamp of a list that is about to be asked for. */
  beginList(): number {
    this.#order += 1;
    return this.#order;
  }

  replaceAll(objects: readonly KubeObject[], beganAt: number): void {
    const listed = new Set<string>();
    for (const [key, pending] of this.#pending) {
      if (pending.order < beganAt) this.#pending.delete(key);
      else listed.add(key);
    }
    for (const object of objects) {
      const key = keyOf(object);
      if (listed.has(key)) continue;
      listed.add(key);
      if (!this.#isGone(uidOf(object), "ADDED")) this.#put(key, object);
      else listed.delete(key);
    }
    for (const key of this.#entries.keys()) {
      if (!listed.has(key)) this.#remove(key);
    }
    for (const writes of this.#underWay.values()) writes.isOvertaken = true;
  }

  applyEvent(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    const key = keyOf(object);
    const uid = uidOf(object);
    this.#underWay.get(key)?.versions.add(versionOf(object));
    const pending = this.#pending.get(key);
    if (type === "DELETED") {
      this.#buried.set(uid, { sinceMs: this.#nowMs(), isWatched: true });
      if (pending?.uid === uid) this.#pending.delete(key);
      if (this.#entries.get(key)?.uid === uid) this.#remove(key);
      return;
    }
    if (this.#isGone(uid, type)) return;
    this.#buried.delete(uid);
    if (pending !== undefined) {
      if (pending.version !== versionOf(object)) {
        pending.heldBack = object;
        return;
      }
      this.#pending.delete(key);
    }
    this.#put(key, object);
  }

  /** To be followed by exactly one {@link endWrite} with the same name. */
  beginWrite(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const writes = this.#underWay.get(key);
    if (writes === undefined) this.#underWay.set(key, { count: 1, versions: new Set(), isOvertaken: false });
    else writes.count += 1;
  }

  /** `answer`: the object that the write left behind, the UID that is gone, or null (failed, or says nothing). */
  endWrite(namespace: string, name: string, answer: WriteAnswer): void {
    const key = `${namespace}/${name}`;
    const writes = this.#underWay.get(key);
    if (writes !== undefined) {
      writes.count -= 1;
      if (writes.count === 0) this.#underWay.delete(key);
    }
    if (answer === null) return;
    if ("goneUid" in answer) {
      this.#bury(key, answer.goneUid);
      return;
    }
    const { object } = answer;
    const uid = uidOf(object);
    const version = versionOf(object);
    const known = this.#entries.get(key);
    const isOldNews = isOvertaken(writes, version) || (known?.uid === uid && known.version === version);
    if (isOldNews || this.#buried.has(uid)) return;
    this.#put(key, object);
    this.#order += 1;
    this.#pending.set(key, { uid, version, order: this.#order, sinceMs: this.#nowMs(), heldBack: null });
  }

  /** A write told only the new version and how the trimmed form changed by it (the scale subresource answers so). */
  endWriteWith(namespace: string, name: string, uid: string, version: string, change: (value: T) => T): void {
    const key = `${namespace}/${name}`;
    const isOldNews = isOvertaken(this.#underWay.get(key), version);
    this.endWrite(namespace, name, null);
    const known = this.#entries.get(key);
    if (isOldNews || known === undefined || known.uid !== uid || known.version === version) return;
    this.#set(key, { uid, version, value: change(known.value) });
    this.#order += 1;
    this.#pending.set(key, { uid, version, order: this.#order, sinceMs: this.#nowMs(), heldBack: null });
  }

  /** To be called every few seconds: lets go of what waited too long. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const [key, pending] of this.#pending) {
      if (nowMs - pending.sinceMs < PENDING_MS) continue;
      this.#pending.delete(key);
      if (pending.heldBack !== null) this.applyEvent("MODIFIED", pending.heldBack);
    }
    for (const [uid, { sinceMs }] of this.#buried) {
      if (nowMs - sinceMs > BURIED_MS) this.#buried.delete(uid);
    }
  }

  /** To what a watch or a list says of it now. */
  #isGone(uid: string, type: "ADDED" | "MODIFIED"): boolean {
    const buried = this.#buried.get(uid);
    return buried !== undefined && !(type === "ADDED" && buried.isWatched);
  }

  #bury(key: string, uid: string): void {
    const isWatched = this.#buried.get(uid)?.isWatched === true;
    this.#buried.set(uid, { sinceMs: this.#nowMs(), isWatched });
    if (this.#pending.get(key)?.uid === uid) this.#pending.delete(key);
    if (this.#entries.get(key)?.uid === uid) this.#remove(key);
  }

  #put(key: string, object: KubeObject): void {
    const value = this.#trim(object);
    if (value === null) this.#remove(key);
    else this.#set(key, { uid: uidOf(object), version: versionOf(object), value });
  }

  #set(key: string, entry: Entry<T>): void {
    const before = this.#entries.get(key);
    // Heartbeats and other people's fields change the version, not what is used: keep the old identity.
    if (before !== undefined && before.uid === entry.uid && isSame(before.value, entry.value)) {
      this.#entries.set(key, { ...entry, value: before.value });
      return;
    }
    this.#entries.set(key, entry);
    this.#onChange(before?.value ?? null, entry.value);
  }

  #remove(key: string): void {
    const before = this.#entries.get(key);
    if (before === undefined) return;
    this.#entries.delete(key);
    this.#onChange(before.value, null);
  }
}

export type WriteAnswer = { readonly object: KubeObject } | { readonly goneUid: string } | null;

/** Watches lag by milliseconds; one that lags by this is broken, and its list will tell. */
export const PENDING_MS = 10_000;
const BURIED_MS = 300_000;

type Entry<T> = { readonly uid: string; readonly version: string; readonly value: T };
/** `isWatched`: the watch itself told the end of it. */
type Buried = { readonly sinceMs: number; readonly isWatched: boolean };
type UnderWay = { count: number; readonly versions: Set<string>; isOvertaken: boolean };
type Pending = {
  readonly uid: string;
  readonly version: string;
  readonly order: number;
  readonly sinceMs: number;
  heldBack: KubeObject | null;
};

const isOvertaken = (writes: UnderWay | undefined, version: string): boolean =>
  writes !== undefined && (writes.isOvertaken || writes.versions.has(version));
const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
const uidOf = (object: KubeObject): string => object.metadata.uid ?? "";
const versionOf = (object: KubeObject): string => object.metadata.resourceVersion ?? "";
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
