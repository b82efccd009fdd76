"use client";

import type { LiveEntry } from "@openpatio/core/view";
import { useCallback, useSyncExternalStore } from "react";
import { CONNECTING, type Connection, type EntryOf, LiveStore, type LiveTopic } from "./live-store.ts";
import { apiClient, apiSocket } from "./trpc.tsx";

export type { Connection, LiveTopic } from "./live-store.ts";

const HIDDEN_FRAME_MS = 250;
let store: LiveStore | null = null;

/** The live data of this tab. Browser only. */
function liveStore(): LiveStore {
  if (store !== null) return store;
  const created = new LiveStore({
    watch: (topic, since, on) => {
      // The client sends `since` anew, with the values of then, when its socket has come back.
      const subscription = apiClient().live.watch.subscribe(
        { topics: [topic], since },
        { onData: (event) => on.event(event), onError: () => on.end(), onComplete: () => on.end() },
      );
      return () => subscription.unsubscribe();
    },
    onNextFrame: (run) => {
      if (document.hidden) setTimeout(run, HIDDEN_FRAME_MS);
      else requestAnimationFrame(run);
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    nowMs: () => Date.now(),
  });
  apiSocket().connectionState.subscribe({ next: ({ state }) => created.setOnline(state === "pending") });
  store = created;
  return created;
}

const noop = () => {};

/** One entry; undefined while it is loading or when there is none (see {@link useLiveStatus}). */
export function useLiveEntry<T extends string, K extends string>(topic: T | null, key: K): EntryOf<T, K> | undefined {
  const subscribe = useCallback(
    (listener: () => void) => (topic === null ? noop : liveStore().subscribe(topic, listener)),
    [topic],
  );
  return useSyncExternalStore(
    subscribe,
    () => (topic === null ? undefined : (liveStore().topic(topic).entries.get(key) as EntryOf<T, K> | undefined)),
    () => undefined,
  );
}

/** Entries whose key begins with `prefix` ("" = all); the same array as long as none of them changed. */
export function useLiveEntries<T extends string, P extends string>(
  topic: T | null,
  prefix: P,
): readonly EntryOf<T, `${P}${string}`>[] {
  const subscribe = useCallback(
    (listener: () => void) => (topic === null ? noop : liveStore().subscribe(topic, listener)),
    [topic],
  );
  return useSyncExternalStore(
    subscribe,
    () => (topic === null ? NONE : liveStore().list(topic, prefix)) as readonly EntryOf<T, `${P}${string}`>[],
    () => NONE as readonly EntryOf<T, `${P}${string}`>[],
  );
}

/** loading until the first snapshot, then ready; gone when the topic does not exist (any more). */
export function useLiveStatus(topic: string | null): LiveTopic["status"] {
  const subscribe = useCallback(
    (listener: () => void) => (topic === null ? noop : liveStore().subscribe(topic, listener)),
    [topic],
  );
  return useSyncExternalStore(
    subscribe,
    () => (topic === null ? "loading" : liveStore().topic(topic).status),
    () => "loading",
  );
}

/** Whether what is shown is live. Anything but `live` is drawn hatched and "as of" `lastEventMs`. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    subscribeConnection,
    () => liveStore().connection(),
    () => CONNECTING,
  );
}

const subscribeConnection = (listener: () => void) => liveStore().subscribeConnection(listener);
const NONE: readonly LiveEntry[] = [];
