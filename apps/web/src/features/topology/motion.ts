import type { PlacedCell } from "./layout.ts";
import type { PodCell } from "./model.ts";

export const FADE_MS = 160;
export const MOVE_MS = 150;
/** Above this many places nothing moves: the eye could not follow it. */
export const MAX_MOVING = 200;

/** How a place looks at one moment of a change. */
export type MotionSample = {
  /** Offset from where the layout puts it, in layout pixels. */
  readonly dx: number;
  readonly dy: number;
  /** What it was, while it fades into what it is; null when it does not. */
  readonly previous: PodCell | null;
  /** 0..1 */
  readonly fade: number;
};

const STILL: MotionSample = { dx: 0, dy: 0, previous: null, fade: 1 };

type Mark = {
  readonly cell: PodCell;
  readonly x: number;
  readonly y: number;
  readonly previous: PodCell | null;
  readonly changedAtMs: number;
  readonly fromX: number;
  readonly fromY: number;
  readonly movedAtMs: number;
};

/**
 * Remembers where each place was and what it showed, so that a change of state fades and a change of place glides.
 * Keys name places, so a pod that takes over the place of a torn-down one fades in instead of jumping.
 */
export class Motion {
  #marks = new Map<string, Mark>();
  #busyUntilMs = 0;

  /** Takes over a new layout. With `isStill` nothing moves: the frame changed, not the cluster. */
  update(cells: readonly PlacedCell[], nowMs: number, isStill: boolean): void {
    const canMove = !isStill && cells.length <= MAX_MOVING;
    const next = new Map<string, Mark>();
    for (const { cell, x, y } of cells) {
      const before = this.#marks.get(cell.key);
      if (before === undefined) {
        next.set(cell.key, { cell, x, y, previous: null, changedAtMs: 0, fromX: x, fromY: y, movedAtMs: 0 });
        continue;
      }
      const isChanged = !isStill && lookOf(before.cell) !== lookOf(cell);
      const isMoved = before.x !== x || before.y !== y;
      next.set(cell.key, {
        cell,
        x,
        y,
        previous: isChanged ? before.cell : isStill ? null : before.previous,
        changedAtMs: isChanged ? nowMs : before.changedAtMs,
        fromX: isMoved && canMove ? before.x : isMoved ? x : before.fromX,
        fromY: isMoved && canMove ? before.y : isMoved ? y : before.fromY,
        movedAtMs: isMoved && canMove ? nowMs : isMoved ? 0 : before.movedAtMs,
      });
      if (isChanged) this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs + FADE_MS);
      if (isMoved && canMove) this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs + MOVE_MS);
    }
    this.#marks = next;
  }

  sample(key: string, nowMs: number): MotionSample {
    if (nowMs >= this.#busyUntilMs) return STILL;
    const mark = this.#marks.get(key);
    if (mark === undefined) return STILL;
    const rest = 1 - ease((nowMs - mark.movedAtMs) / MOVE_MS);
    const fade = ease((nowMs - mark.changedAtMs) / FADE_MS);
    return {
      dx: (mark.fromX - mark.x) * rest,
      dy: (mark.fromY - mark.y) * rest,
      previous: fade < 1 ? mark.previous : null,
      fade,
    };
  }

  isBusy(nowMs: number): boolean {
    return nowMs < this.#busyUntilMs;
  }
}

function lookOf(cell: PodCell): string {
  return `${cell.pod.state} ${cell.isCause}`;
}

/** cubic-bezier(.2, 0, 0, 1) is close to this, and this needs no solver. */
function ease(t: number): number {
  const clamped = Math.max(0, Math.min(1, t));
  return 1 - (1 - clamped) ** 3;
}
