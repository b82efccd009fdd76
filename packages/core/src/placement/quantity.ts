import type { ResourceAmounts } from "../model/index.ts";

const FORM = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

/**
 * A Kubernetes quantity (`100m`, `1.5`, `1Gi`, `1e3`) times 10^`scale`, rounded up to a whole number as the scheduler
 * does. Null when the text is not a quantity.
 *
 * `scale` shifts the decimal point before rounding, so that `1.1` cores are exactly 1100 millicores with `scale` 3.
 */
export function parseQuantity(quantity: string | number, scale = 0): number | null {
  const match = FORM.exec(String(quantity).trim());
  if (match === null) return null;
  const [, sign, mantissa = "", suffix, exponent] = match;
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = Number(whole + fraction);
  const binary = suffix === undefined ? undefined : BINARY[suffix];
  const decimal = scale - fraction.length + (exponent === undefined ? (DECIMAL[suffix ?? ""] ?? 0) : Number(exponent));
  const scaled = digits * 1024 ** (binary ?? 0);
  // Dividing by a whole power of ten keeps what is exact exact; multiplying by 10^-n would not.
  const value = Math.ceil(decimal >= 0 ? scaled * 10 ** decimal : scaled / 10 ** -decimal);
  return sign === "-" ? -value : value;
}

/** One resource of a list in the unit of {@link ResourceAmounts}: millicores for cpu, else bytes or a count. */
export function parseResource(resource: string, quantity: unknown): number | null {
  if (typeof quantity !== "string" && typeof quantity !== "number") return null;
  return parseQuantity(quantity, resource === "cpu" ? 3 : 0);
}

/** A resource list (`requests`, `allocatable`) as numbers. What is not a quantity is left out. */
export function parseResources(list: unknown): ResourceAmounts {
  const amounts: Record<string, number> = {};
  if (typeof list !== "object" || list === null) return amounts;
  for (const [resource, quantity] of Object.entries(list)) {
    const amount = parseResource(resource, quantity);
    if (amount !== null) amounts[resource] = amount;
  }
  return amounts;
}
