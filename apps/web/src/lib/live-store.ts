import type {
  AttentionItem,
  ClusterDetail,
  ClusterRow,
  GroupView,
  LiveEntry,
  LiveEvent,
  NodeView,
  PodView,
  SetDetail,
  SetRow,
  TimelineItem,
} from "@openpatio/core/view";

/**
 * The browser's copy of the live topics, outside React. Per topic: a snapshot, then deltas with a rising sequence. A view
 * gets immutable maps whose identity changes only when something in them did.
 *
 * Failures and what happens:
 * 1. The connection drops: topics keep what they had, {@link Connection} says since when. On return each topic resumes
 *    after the last sequence it saw, or gets a new snapshot (also after a restart of the server).
 * 2. A topic's own stream ends or fails: it is asked for again after {@link RETRY_MS}, with the last sequence.
 * 3. A late or repeated delta (sequence not above the last) is dropped.
 * 4. The topic vanishes: status `gone`, what was known stays readable.
 */
export type LiveTopic<E = LiveEntry> = {
  readonly status: "loading" | "ready" | "gone";
  readonly entries: ReadonlyMap<string, E>;
  /** When the last event of this topic came; null before the first. Browser clock. */
  readonly updatedAtMs: number | null;
};

export type Connection = {
  readonly status: "connecting" | "live" | "reconnecting";
  /** Since when it is so; null while rendering on the server. Browser clock. */
  readonly sinceMs: number | null;
  /** When anything of the stream last came; what is shown is "as of" then. */
  readonly lastEventMs: number | null;
};

/** Entry type of a key within a topic. */
export type EntryOf<T extends string, K extends string> = T extends "sets"
  ? SetRow
  : T extends "clusters"
    ? ClusterRow
    : T extends "attention"
      ? AttentionItem
      : T extends "activity" | `timeline/${string}`
        ? TimelineItem
        : K extends "set"
          ? SetDetail
          : K extends "cluster"
            ? ClusterDetail
            : K extends `group/${string}`
              ? GroupView
              : K extends `node/${string}`
                ? NodeView
                : K extends `pod/${string}`
                  ? PodView
                  : LiveEntry;

export type Since = Record<string, number>;

export type WatchTopic = (
  topic: string,
  since: Since,
  on: { readonly event: (event: LiveEvent) => void; readonly end: () => void },
) => () => void;

export type LiveStoreOptions = {
  readonly watch: WatchTopic;
  /** Runs the callback before the next frame; a hidden tab has no frames, so it must fall back to a timer. */
  readonly onNextFrame: (run: () => void) => void;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly nowMs: () => number;
};

/** A topic that nobody looks at any more is kept this long, so that going back shows it at once. */
const KEEP_MS = 15_000;
const RETRY_MS = 1_500;

export const LOADING_TOPIC: LiveTopic<never> = {
  status: "loading",
  entries: new Map<string, never>(),
  updatedAtMs: null,
};
export const CONNECTING: Connection = { status: "connecting", sinceMs: null, lastEventMs: null };

type TopicSlot = {
  value: LiveTopic;
  /** Shared with the running subscription, which sends it again when the connection comes back. */
  readonly since: Since;
  readonly listeners: Set<() => void>;
  readonly lists: Map<string, { readonly of: LiveTopic; readonly list: readonly LiveEntry[] }>;
  pending: LiveEvent[];
  stop: (() => void) | null;
  cancelTimer: (() => void) | null;
};

export class LiveStore {
  readonly #options: LiveStoreOptions;
  readonly #slots = new Map<string, TopicSlot>();
  readonly #dirty = new Set<TopicSlot>();
  readonly #connectionListeners = new Set<() => void>();
  #connection: Connection = CONNECTING;
  #isFlushScheduled = false;

  constructor(options: LiveStoreOptions) {
    this.#options = options;
    this.#connection = { ...CONNECTING, sinceMs: options.nowMs() };
  }

  /** Keeps the topic subscribed until the returned function is called; `listener` runs after it changed. */
  subscribe(topic: string, listener: () => void): () => void {
    const slot = this.#slot(topic);
    slot.listeners.add(listener);
    slot.cancelTimer?.();
    slot.cancelTimer = null;
    if (slot.stop === null) this.#watch(topic, slot);
    return () => {
      slot.listeners.delete(listener);
      if (slot.listeners.size > 0) return;
      slot.cancelTimer?.();
      slot.cancelTimer = this.#options.after(KEEP_MS, () => {
        slot.stop?.();
        this.#slots.delete(topic);
      });
    };
  }

  topic(topic: string): LiveTopic {
    return this.#slots.get(topic)?.value ?? LOADING_TOPIC;
  }

  /** Entries whose key begins with `prefix`, in arrival order; the same array as long as none of them changed. */
  list(topic: string, prefix: string): readonly LiveEntry[] {
    const slot = this.#slots.get(topic);
    if (slot === undefined) return EMPTY;
    const known = slot.lists.get(prefix);
    if (known?.of === slot.value) return known.list;
    const list: LiveEntry[] = [];
    for (const [key, entry] of slot.value.entries) if (key.startsWith(prefix)) list.push(entry);
    const kept = known !== undefined && isSameList(known.list, list) ? known.list : list;
    slot.lists.set(prefix, { of: slot.value, list: kept });
    return kept;
  }

  connection(): Connection {
    return this.#connection;
  }

  subscribeConnection(listener: () => void): () => void {
    this.#connectionListeners.add(listener);
    return () => this.#connectionListeners.delete(listener);
  }

  /** Called by the transport. */
  setOnline(isOnline: boolean): void {
    const { status, lastEventMs } = this.#connection;
    if (isOnline && status !== "live") {
      this.#setConnection({ status: "live", sinceMs: this.#options.nowMs(), lastEventMs });
    } else if (!isOnline && status === "live") {
      this.#setConnection({ status: "reconnecting", sinceMs: this.#options.nowMs(), lastEventMs });
    }
  }

  #slot(topic: string): TopicSlot {
    let slot = this.#slots.get(topic);
    if (slot === undefined) {
      slot = {
        value: LOADING_TOPIC,
        since: {},
        listeners: new Set(),
        lists: new Map(),
        pending: [],
        stop: null,
        cancelTimer: null,
      };
      this.#slots.set(topic, slot);
    }
    return slot;
  }

  #watch(topic: string, slot: TopicSlot): void {
    let isCurrent = true;
    const stop = this.#options.watch(topic, slot.since, {
      event: (event) => {
        if (!isCurrent) return;
        if (event.type === "delta" && event.seq <= (slot.since[topic] ?? -1)) return;
        slot.pending.push(event);
        slot.since[topic] = event.seq;
        this.#connection = { ...this.#connection, lastEventMs: this.#options.nowMs() };
        this.#dirty.add(slot);
        this.#scheduleFlush();
      },
      end: () => {
        if (!isCurrent) return;
        isCurrent = false;
        slot.stop = null;
        this.#options.after(RETRY_MS, () => {
          if (this.#slots.get(topic) === slot && slot.stop === null && slot.listeners.size > 0)
            this.#watch(topic, slot);
        });
      },
    });
    if (isCurrent) {
      slot.stop = () => {
        isCurrent = false;
        slot.stop = null;
        stop();
      };
    }
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#options.onNextFrame(() => {
      this.#isFlushScheduled = false;
      const dirty = [...this.#dirty];
      this.#dirty.clear();
      for (const slot of dirty) {
        const events = slot.pending;
        slot.pending = [];
        slot.value = applyEvents(slot.value, events, this.#options.nowMs());
      }
      for (const slot of dirty) for (const listener of slot.listeners) listener();
    });
  }

  #setConnection(next: Connection): void {
    this.#connection = next;
    for (const listener of this.#connectionListeners) listener();
  }
}

const EMPTY: readonly LiveEntry[] = [];

/** The topic after these events. Unchanged entries keep their identity; so does the map when nothing changed. */
export function applyEvents(topic: LiveTopic, events: readonly LiveEvent[], nowMs: number): LiveTopic {
  let { status } = topic;
  let entries: Map<string, LiveEntry> | null = null;
  for (const event of events) {
    switch (event.type) {
      case "gone":
        status = "gone";
        break;
      case "snapshot":
        status = "ready";
        entries = new Map(Object.entries(event.entries));
        break;
      case "delta":
        status = "ready";
        entries ??= new Map(topic.entries);
        for (const key of event.removed) entries.delete(key);
        for (const [key, entry] of Object.entries(event.set)) entries.set(key, entry);
        break;
    }
  }
  return { status, entries: entries ?? topic.entries, updatedAtMs: nowMs };
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
