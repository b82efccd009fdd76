/** A count, or a percentage of `whole` such as `25%`, which is rounded. */
export function amountOf(value: number | string, whole: number, round: (count: number) => number): number {
  return typeof value === "number" ? value : round((whole * Number(value.slice(0, -1))) / 100);
}
