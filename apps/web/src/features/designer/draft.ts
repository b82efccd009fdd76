/** A definition being edited is kept in this browser until it is applied or discarded. */

export type Draft = { readonly text: string; readonly savedAtMs: number };

const keyOf = (id: string) => `openpatio.draft.${id}`;

export function loadDraft(id: string): Draft | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(id)) ?? "null");
    if (typeof stored !== "object" || stored === null || !("text" in stored) || !("savedAtMs" in stored)) return null;
    return typeof stored.text === "string" && typeof stored.savedAtMs === "number"
      ? { text: stored.text, savedAtMs: stored.savedAtMs }
      : null;
  } catch {
    return null; // storage is off, or holds something of another version
  }
}

/** Returns when it was kept; null when this browser keeps nothing (private mode, full). */
export function saveDraft(id: string, text: string): number | null {
  const savedAtMs = Date.now();
  try {
    localStorage.setItem(keyOf(id), JSON.stringify({ text, savedAtMs } satisfies Draft));
    return savedAtMs;
  } catch {
    return null;
  }
}

export function dropDraft(id: string): void {
  try {
    localStorage.removeItem(keyOf(id));
  } catch {
    // nothing was kept
  }
}
