import type { LiveEntry, LiveEvent } from "@openpatio/core/view";
import type { LiveService } from "../trpc/services.ts";

/**
 * Live topics: each is a keyed map of entries that the views compute. Data flows one way:
 *
 *   markDirty(topic) → recompute (at most every 100 ms) → diff by JSON text → one numbered delta in a short history
 *                                                              ↓
 *                     each reader pulls what it has not seen: deltas while the history has them, else a snapshot
 *
 * Readers hold no queue: one that is slow (its socket still buffers) is simply not served, and when it is, it gets what
 * changed meanwhile merged into one delta, or a fresh snapshot. Sequences begin at a clock value, so a number that a
 * reader kept from an earlier process is never mistaken for one of ours.
 */

export type Entries = ReadonlyMap<string, LiveEntry>;

/** Null: there is no such topic (any more). */
export type TopicSource = (topic: string) => Entries | null | Promise<Entries | null>;

type Delta = { readonly seq: number; readonly changed: ReadonlySet<string> };

type Topic = {
  readonly name: string;
  seq: number;
  isGone: boolean;
  /** JSON text beside the entry: what the next diff compares with. */
  entries: Map<string, { readonly entry: LiveEntry; readonly text: string }>;
  history: Delta[];
  readers: Set<Reader>;
  isDirty: boolean;
  isComputing: boolean;
  computedAtMs: number;
  idleSinceMs: number;
};

type Reader = { wake: (() => void) | null };

const MIN_INTERVAL_MS = 100;
const HISTORY_LENGTH = 200;
/** A topic without readers is kept this long, so that a reload or a short loss of the connection resumes. */
const KEEP_IDLE_MS = 30_000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const SLOW_READER_POLL_MS = 50;

export type LiveHubOptions = {
  readonly source: TopicSource;
  readonly nowMs: () => number;
  readonly onError: (error: unknown, topic: string) => void;
};

export class LiveHub implements LiveService {
  private readonly options: LiveHubOptions;
  private readonly topics = new Map<string, Topic>();
  private timer: { readonly handle: NodeJS.Timeout; readonly dueMs: number } | null = null;
  private isClosed = false;

  constructor(options: LiveHubOptions) {
    this.options = options;
  }

  get readerCount(): number {
    const readers = new Set<Reader>();
    for (const topic of this.topics.values()) for (const reader of topic.readers) readers.add(reader);
    return readers.size;
  }

  markDirty(name: string): void {
    const topic = this.topics.get(name);
    if (topic === undefined || topic.isDirty) return;
    topic.isDirty = true;
    this.schedule();
  }

  markAllDirty(matches: (topic: string) => boolean = () => true): void {
    for (const name of this.topics.keys()) if (matches(name)) this.markDirty(name);
  }

  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer.handle);
    for (const topic of this.topics.values()) for (const reader of topic.readers) reader.wake?.();
  }

  async *watch(
    names: readonly string[],
    since: Readonly<Record<string, number>>,
    bufferedBytes: () => number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<LiveEvent, void> {
    const reader: Reader = { wake: null };
    const topics = [...new Set(names)].map((name) => this.open(name));
    const seen = new Map<Topic, number | null>(topics.map((topic) => [topic, since[topic.name] ?? null]));
    for (const topic of topics) topic.readers.add(reader);
    const stop = () => reader.wake?.();
    signal?.addEventListener("abort", stop);
    try {
      await Promise.all(topics.map((topic) => this.ready(topic)));
      this.schedule();
      while (!this.isClosed && signal?.aborted !== true) {
        if (bufferedBytes() > MAX_BUFFERED_BYTES) {
          await new Promise((resolve) => setTimeout(resolve, SLOW_READER_POLL_MS));
          continue;
        }
        const topic = topics.find((candidate) => seen.get(candidate) !== candidate.seq);
        if (topic === undefined) {
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
          reader.wake = null;
          continue;
        }
        const event = eventFor(topic, seen.get(topic) ?? null);
        seen.set(topic, topic.seq);
        if (event !== null) yield event;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      for (const topic of topics) {
        topic.readers.delete(reader);
        topic.idleSinceMs = this.options.nowMs();
      }
      this.schedule();
    }
  }

  private open(name: string): Topic {
    const existing = this.topics.get(name);
    if (existing !== undefined) return existing;
    const topic: Topic = {
      name,
      seq: 0,
      isGone: false,
      entries: new Map(),
      history: [],
      readers: new Set(),
      isDirty: true,
      isComputing: false,
      computedAtMs: 0,
      idleSinceMs: this.options.nowMs(),
    };
    this.topics.set(name, topic);
    return topic;
  }

  /** Computes a topic for its first reader at once; later ones find it. */
  private async ready(topic: Topic): Promise<void> {
    if (topic.seq === 0 && !topic.isComputing) await this.compute(topic);
    while (topic.seq === 0 && !this.isClosed) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  private schedule(): void {
    if (this.isClosed) return;
    const nowMs = this.options.nowMs();
    let dueMs = Number.POSITIVE_INFINITY;
    for (const topic of this.topics.values()) {
      if (topic.isComputing) continue;
      if (topic.readers.size === 0) dueMs = Math.min(dueMs, topic.idleSinceMs + KEEP_IDLE_MS);
      else if (topic.isDirty) dueMs = Math.min(dueMs, topic.computedAtMs + MIN_INTERVAL_MS);
    }
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // A timer that waits for an idle topic must not hold back one that changed.
    if (this.timer !== null && this.timer.dueMs <= dueMs) return;
    if (this.timer !== null) clearTimeout(this.timer.handle);
    const handle = setTimeout(
      () => {
        this.timer = null;
        this.flush();
      },
      Math.min(Math.max(0, dueMs - nowMs), KEEP_IDLE_MS),
    );
    handle.unref();
    this.timer = { handle, dueMs };
  }

  private flush(): void {
    const nowMs = this.options.nowMs();
    for (const topic of this.topics.values()) {
      if (topic.isComputing) continue;
      if (topic.readers.size === 0) {
        if (nowMs - topic.idleSinceMs >= KEEP_IDLE_MS) this.topics.delete(topic.name);
      } else if (topic.isDirty && nowMs - topic.computedAtMs >= MIN_INTERVAL_MS) void this.compute(topic);
    }
    this.schedule();
  }

  private async compute(topic: Topic): Promise<void> {
    topic.isComputing = true;
    topic.isDirty = false;
    topic.computedAtMs = this.options.nowMs();
    try {
      const entries = await this.options.source(topic.name);
      if (entries === null) this.setGone(topic);
      else this.setEntries(topic, entries);
    } catch (error) {
      this.options.onError(error, topic.name);
      if (topic.seq === 0) this.setGone(topic);
    } finally {
      topic.isComputing = false;
      if (topic.isDirty) this.schedule();
    }
  }

  private setGone(topic: Topic): void {
    if (topic.isGone) return;
    topic.isGone = true;
    topic.entries = new Map();
    topic.history = [];
    this.advance(topic);
  }

  private setEntries(topic: Topic, entries: Entries): void {
    const next: Topic["entries"] = new Map();
    const changed = new Set<string>();
    for (const [key, entry] of entries) {
      const before = topic.entries.get(key);
      const text = JSON.stringify(entry);
      if (before?.text === text) next.set(key, before);
      else {
        next.set(key, { entry, text });
        changed.add(key);
      }
    }
    for (const key of topic.entries.keys()) if (!next.has(key)) changed.add(key);
    const isFirst = topic.seq === 0 || topic.isGone;
    if (changed.size === 0 && !isFirst) return;
    topic.entries = next;
    topic.isGone = false;
    this.advance(topic);
    topic.history = isFirst ? [] : [...topic.history.slice(1 - HISTORY_LENGTH), { seq: topic.seq, changed }];
  }

  private advance(topic: Topic): void {
    topic.seq = topic.seq === 0 ? this.options.nowMs() * 1000 : topic.seq + 1;
    for (const reader of topic.readers) reader.wake?.();
  }
}

function eventFor(topic: Topic, since: number | null): LiveEvent | null {
  const { name, seq } = topic;
  if (topic.isGone) return { type: "gone", topic: name, seq };
  const missed = since === null ? null : deltasAfter(topic, since);
  if (missed === null) {
    const entries = Object.fromEntries([...topic.entries].map(([key, { entry }]) => [key, entry]));
    return { type: "snapshot", topic: name, seq, entries };
  }
  const changed: Record<string, LiveEntry> = {};
  const removed: string[] = [];
  for (const key of new Set(missed.flatMap((delta) => [...delta.changed]))) {
    const now = topic.entries.get(key);
    if (now === undefined) removed.push(key);
    else changed[key] = now.entry;
  }
  return { type: "delta", topic: name, seq, set: changed, removed };
}

/** Null when the history does not reach back that far. */
function deltasAfter(topic: Topic, since: number): readonly Delta[] | null {
  if (since === topic.seq) return [];
  const first = topic.history[0];
  if (first === undefined || since < first.seq - 1 || since > topic.seq) return null;
  return topic.history.filter((delta) => delta.seq > since);
}
