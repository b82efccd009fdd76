"use client";

import { useSyncExternalStore } from "react";

/** One 1 Hz clock for everything that counts: all relative times of a page change in the same frame. */
const listeners = new Set<() => void>();
let nowMs = 0;
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      for (const notify of listeners) notify();
    }, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** React asks for it several times per render and must get one answer, so without a running clock it moves in steps. */
function currentMs(): number {
  if (timer === null && Date.now() - nowMs > 1_000) nowMs = Date.now();
  return nowMs;
}

const noSubscription = () => () => {};

/** Now, in epoch milliseconds, renewed every second while `isTicking`; null while rendering on the server. */
export function useNow(isTicking = true): number | null {
  return useSyncExternalStore<number | null>(isTicking ? subscribe : noSubscription, currentMs, () => null);
}
