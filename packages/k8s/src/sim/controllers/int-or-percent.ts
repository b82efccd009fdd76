/** The number that an integer-or-percent value stands for, percentages of `total` rounded as told. */
export function resolveIntOrPercent(
  value: number | string | undefined,
  total: number,
  round: "up" | "down",
  absent: number | string,
): number {
  const given = value ?? absent;
  if (typeof given === "number") return given;
  const share = (Number.parseFloat(given) / 100) * total;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}
