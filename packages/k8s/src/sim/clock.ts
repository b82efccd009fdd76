import type { SimClock } from "./api.ts";

/** The wall clock; its timers do not keep the process alive. */
export function realClock(): SimClock {
  return {
    nowMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, Math.max(0, delayMs));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export type SteppedClock = SimClock & {
  /**
   * Moves time forward and runs every timer that falls due, earliest first, equal times in the order they were set;
   * a timer set by a timer runs too if it falls due within the same step.
   */
  advance(ms: number): void;
  /** When the next timer is due, in epoch milliseconds. */
  nextDueMs(): number | undefined;
};

type Timer = { readonly dueMs: number; readonly order: number; run: (() => void) | undefined };

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** Time that moves only by {@link SteppedClock.advance}. */
export function createSteppedClock(startMs = Date.UTC(2026, 0, 1)): SteppedClock {
  let nowMs = startMs;
  let order = 0;
  const timers = createHeap();
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      order += 1;
      const timer: Timer = { dueMs: nowMs + Math.max(0, delayMs), order, run };
      timers.push(timer);
      return () => {
        timer.run = undefined;
      };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let timer = timers.first(); timer !== undefined && timer.dueMs <= untilMs; timer = timers.first()) {
        timers.removeFirst();
        nowMs = timer.dueMs;
        timer.run?.();
      }
      nowMs = untilMs;
    },
    nextDueMs: () => timers.first()?.dueMs,
  };
}

/** A binary heap: simulations of thousands of pods keep thousands of timers. Cancelled timers are skipped. */
function createHeap() {
  const heap: Timer[] = [];

  function removeFirst(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
  }

  return {
    push(timer: Timer): void {
      let index = heap.push(timer) - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(timer, heap[parent] as Timer)) break;
        heap[index] = heap[parent] as Timer;
        index = parent;
      }
      heap[index] = timer;
    },
    removeFirst,
    first(): Timer | undefined {
      while (heap[0] !== undefined && heap[0].run === undefined) removeFirst();
      return heap[0];
    },
  };
}
