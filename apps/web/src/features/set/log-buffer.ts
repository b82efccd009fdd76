/** The newest lines of a log. What was dropped from its beginning is counted, never silently lost. */
export type LogBuffer = {
  readonly lines: readonly string[];
  /** Lines that are missing because the reader was too slow or the buffer is full. */
  readonly skipped: number;
  /** Lines ever received. */
  readonly total: number;
};

export const EMPTY_LOG: LogBuffer = { lines: [], skipped: 0, total: 0 };
export const MAX_LINES = 10_000;

export function appendLines(buffer: LogBuffer, lines: readonly string[], skipped: number): LogBuffer {
  const all = lines.length >= MAX_LINES ? lines.slice(-MAX_LINES) : [...buffer.lines, ...lines];
  const kept = all.length > MAX_LINES ? all.slice(all.length - MAX_LINES) : all;
  return {
    lines: kept,
    skipped: buffer.skipped + skipped + (buffer.lines.length + lines.length - kept.length),
    total: buffer.total + lines.length,
  };
}

/** Lines that contain the text, whatever its case; all of them for "". */
export function matchLines(buffer: LogBuffer, search: string): readonly string[] {
  if (search === "") return buffer.lines;
  const wanted = search.toLowerCase();
  return buffer.lines.filter((line) => line.toLowerCase().includes(wanted));
}
