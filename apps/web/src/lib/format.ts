/** Words for numbers and times. Times are epoch milliseconds in, UTC out. */

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** The two largest units: "47 s", "8 min 18 s", "6 d 4 h". Never negative. */
export function formatDuration(durationMs: number): string {
  let rest = Math.max(0, Math.floor(durationMs / 1_000));
  const first = UNITS.findIndex(([, seconds]) => rest >= seconds);
  if (first === -1) return "0 s";
  return UNITS.slice(first, first + 2)
    .flatMap(([unit, seconds]) => {
      const count = Math.floor(rest / seconds);
      rest -= count * seconds;
      return count > 0 ? [`${count} ${unit}`] : [];
    })
    .join(" ");
}

/** The largest unit alone, for columns: "47 s", "8 min", "6 d". */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const [unit, size] = UNITS.find(([, unitSeconds]) => seconds >= unitSeconds) ?? (["s", 1] as const);
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Time left: "0:47", "12:05", "1:02:05"; "0:00" when it is over. */
export function formatCountdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const pad = (count: number) => String(count).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${pad(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

/** "10:42:18" */
export function formatClock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

/** "10:42" */
export function formatClockMinute(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 16);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** "24 Nov 2025, 10:42:18 UTC" */
export function formatExact(atMs: number): string {
  return `${formatDay(atMs)}, ${formatClock(atMs)} UTC`;
}

/** "24 Nov 2025" */
export function formatDay(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** "1,200" */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** "86 %" of a fraction in 0..1. */
export function formatPercent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** "1 group", "2 groups" */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
