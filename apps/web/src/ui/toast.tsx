import { toFailure } from "#lib/errors.ts";

export type ToastOptions = {
  readonly title: string;
  readonly description?: string;
  /** Takes back what was just done. */
  readonly undo?: () => void;
  /** 0 keeps it until it is closed. */
  readonly timeoutMs?: number;
  readonly kind?: "done" | "error";
};

/** What draws toasts is loaded with the first one; until then they wait here. */
let draw: ((toast: ToastOptions) => void) | null = null;
const waiting: ToastOptions[] = [];
const listeners = new Set<() => void>();
let isWanted = false;

export function showToast(toast: ToastOptions): void {
  if (draw !== null) {
    draw(toast);
    return;
  }
  waiting.push(toast);
  isWanted = true;
  for (const listener of listeners) listener();
}

/** For a failed act that has no place of its own on the page: the server's sentence and the first problem's. */
export function showFailure(title: string, error: unknown): void {
  const failure = toFailure(error);
  const first = failure.problems[0];
  const detail = first === undefined || first.message === failure.message ? "" : ` ${first.message}`;
  showToast({ title, description: `${failure.message}${detail}`, kind: "error", timeoutMs: 15_000 });
}

/** From now on toasts are drawn by this; those that waited come first. */
export function drawToasts(drawOne: (toast: ToastOptions) => void): void {
  draw = drawOne;
  for (const toast of waiting.splice(0)) drawOne(toast);
}

export const areToastsWanted = (): boolean => isWanted;

export function subscribeToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
