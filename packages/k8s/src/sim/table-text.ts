/** Texts of `kubectl get` cells. */
import { textOf } from "./store-json.ts";

/** As duration.HumanDuration of apimachinery: two units where the larger one is small. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? withRest(years, "y", days % 365, "d") : `${years}y`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value}${unit}` : `${value}${unit}${rest}${restUnit}`;
}

export function age(timestamp: unknown, nowMs: number): string {
  const atMs = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(atMs) ? "<unknown>" : humanDuration(nowMs - atMs);
}

export function orNone(text: unknown): string {
  return text === undefined || text === null || text === "" ? "<none>" : textOf(text);
}

/** `key=value,key2=value2`, sorted; `<none>` when empty. */
export function labelsText(labels: unknown): string {
  if (typeof labels !== "object" || labels === null) return "<none>";
  const parts = Object.entries(labels)
    .map(([key, value]) => `${key}=${textOf(value)}`)
    .sort();
  return parts.length === 0 ? "<none>" : parts.join(",");
}

/** A label selector as `metav1.FormatLabelSelector` writes it. */
export function selectorText(selector: unknown): string {
  if (typeof selector !== "object" || selector === null) return "<none>";
  const { matchLabels, matchExpressions } = selector as {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
  };
  const parts = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of matchExpressions ?? []) {
    if (operator === "In") parts.push(`${key} in (${[...values].sort().join(",")})`);
    else if (operator === "NotIn") parts.push(`${key} notin (${[...values].sort().join(",")})`);
    else parts.push(operator === "Exists" ? key : `!${key}`);
  }
  return parts.length === 0 ? "<none>" : parts.sort().join(",");
}
