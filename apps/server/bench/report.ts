export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("there is no median of nothing");
  return (low + high) / 2;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
export const ratio = (ours: number, limit: number): string => `${(ours / limit).toFixed(2)}×`;

/** The middle one, and how far they are apart: that is the noise of the machine. */
export function spread(ratios: readonly number[]): string {
  const text = (value: number): string => value.toFixed(2);
  return `${text(median(ratios))}× (${text(Math.min(...ratios))}–${text(Math.max(...ratios))})`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
