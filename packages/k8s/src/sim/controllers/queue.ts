import type { SimClock } from "../api.ts";

export type Queue = {
  /** Reconcile soon: keys added before the next turn run once. */
  add(key: string): void;
  /** Reconcile at that time, or earlier if something asks for it. */
  addAt(key: string, atMs: number): void;
  readonly stop: () => void;
};

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;
/** Longer waits are taken in pieces: timers of the platform overflow after 24 days. */
const LONGEST_TIMER_MS = 86_400_000;

/**
 * A key-only work queue on the clock, de-duplicated to the earliest due time.
 *
 * `reconcile` may return when the key is due again (epoch milliseconds). When it throws, the key is retried with
 * exponential backoff; what was thrown goes to `onError`.
 */
export function createQueue(
  clock: SimClock,
  reconcile: (key: string) => number | undefined,
  onError: (key: string, error: unknown) => void,
): Queue {
  let ready = new Set<string>();
  let isTurnArmed = false;
  let cancelTurn = (): void => {};
  let isStopped = false;
  const timers = new Map<string, { readonly atMs: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();

  function disarm(key: string): void {
    timers.get(key)?.cancel();
    timers.delete(key);
  }

  function run(key: string): void {
    disarm(key);
    try {
      const dueMs = reconcile(key);
      failures.delete(key);
      if (dueMs !== undefined) addAt(key, dueMs);
    } catch (error) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      addAt(key, clock.nowMs() + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** count));
      onError(key, error);
    }
  }

  function turn(): void {
    isTurnArmed = false;
    const keys = ready;
    ready = new Set();
    for (const key of keys) {
      if (isStopped) return;
      run(key);
    }
  }

  function add(key: string): void {
    if (isStopped) return;
    ready.add(key);
    if (isTurnArmed) return;
    isTurnArmed = true;
    cancelTurn = clock.after(0, turn);
  }

  function addAt(key: string, atMs: number): void {
    if (isStopped) return;
    const nowMs = clock.nowMs();
    if (atMs <= nowMs) {
      add(key);
      return;
    }
    const present = timers.get(key);
    if (present !== undefined && present.atMs <= atMs) return;
    disarm(key);
    const cancel = clock.after(Math.min(atMs - nowMs, LONGEST_TIMER_MS), () => {
      timers.delete(key);
      addAt(key, atMs);
    });
    timers.set(key, { atMs, cancel });
  }

  return {
    add,
    addAt,
    stop() {
      isStopped = true;
      cancelTurn();
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      ready.clear();
    },
  };
}
