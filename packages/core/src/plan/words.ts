/** Wording of messages that several stages share: plain, short, exact. */

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** What a group says of itself, told of a set, without a second colon in the sentence. */
export function ofGroup(index: number, message: string): string {
  if (!/^[^.]*: /.test(message)) return `Group ${index}: ${message}`;
  const isName = !/^(Wave|No) /.test(message);
  return `Group ${index}, ${isName ? message : message.charAt(0).toLowerCase() + message.slice(1)}`;
}

/** The two largest units of a duration: `45 s`, `8 min 18 s`, `6 h 4 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const units: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const shown = units.filter(([amount]) => amount > 0).slice(0, 2);
  return shown.length === 0 ? "0 s" : shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** `delete 2 StatefulSets`, of those that are not going already; nothing where there are none. */
export function deletionOf(
  workloads: readonly { readonly kind: string; readonly deletionAtMs: number | null }[],
): readonly string[] {
  const kinds = workloads.filter(({ deletionAtMs }) => deletionAtMs === null).map(({ kind }) => kind);
  return kinds.length === 0 ? [] : [`delete ${countedKinds(kinds)}`];
}

/** `3 StatefulSets`, or `2 StatefulSets and 1 Deployment`. */
function countedKinds(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return listed([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => plural(count, kind)));
}
